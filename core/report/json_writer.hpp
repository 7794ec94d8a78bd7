// JSON text, field by field, in the order of the calls: stable field order without a document in memory.
//
//   std::string out; report::JsonWriter json(out);
//   json.begin_object().text("name", "crm-forms").number("sessions", 7).end();
//
// Threads: one. Owns: nothing. Fails: never; texts are cleaned to UTF-8, nesting is the caller's.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"
#include "core/base/time.hpp"

namespace curfew::report {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object(std::string_view key = {}) { return open(key, '{', '}'); }
  JsonWriter& begin_array(std::string_view key = {}) { return open(key, '[', ']'); }
  JsonWriter& end() {
    out_ += closers_.back();
    closers_.pop_back();
    first_ = false;
    return *this;
  }
  JsonWriter& text(std::string_view key, std::string_view value) {
    name(key);
    base::append_json_string(out_, base::is_clean_utf8(value) ? value : base::to_clean_utf8(value));
    return *this;
  }
  // Empty becomes null.
  JsonWriter& text_or_null(std::string_view key, std::string_view value) {
    return value.empty() ? raw(key, "null") : text(key, value);
  }
  template <std::integral T>
  JsonWriter& number(std::string_view key, T value) {
    return raw(key, std::to_string(value));
  }
  JsonWriter& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  // The epoch, which stands for "none", becomes null.
  JsonWriter& time(std::string_view key, Time value) {
    return value == Time{} ? raw(key, "null") : text(key, base::format_rfc3339(value));
  }
  // `json` must be one JSON value.
  JsonWriter& raw(std::string_view key, std::string_view json) {
    name(key);
    out_ += json;
    return *this;
  }
  JsonWriter& texts(std::string_view key, const std::vector<std::string>& values) {
    begin_array(key);
    for (const std::string& value : values) text({}, value);
    return end();
  }

 private:
  JsonWriter& open(std::string_view key, char opener, char closer) {
    name(key);
    out_ += opener;
    closers_ += closer;
    first_ = true;
    return *this;
  }
  void name(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    // An element of an array, or the whole document; in an object even an empty key is one.
    if (key.empty() && (closers_.empty() || closers_.back() == ']')) return;
    base::append_json_string(out_, key);
    out_ += ':';
  }

  std::string& out_;
  std::string closers_;
  bool first_ = true;
};

}  // namespace curfew::report
