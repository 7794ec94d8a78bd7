// JSON text with fields in the order in which they are written: what goes into leaves depends on no library.
//
//   std::string out; JsonObject o(out); o.text("rule", "session_timeout"); o.number("limit", 5); o.end();
//
// Threads: a value. Fails: never; texts must be clean UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/text.hpp"
#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  void begin(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }
  void text(std::string_view key, std::string_view value) {
    begin(key);
    base::append_json_string(out_, value);
  }
  void text_unless_empty(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  void ref(std::string_view key, Ref value) { text_unless_empty(key, to_text(value)); }
  template <typename E>
  void name(std::string_view key, E value) {
    text(key, name_of(value));
  }
  template <typename N>
  void number(std::string_view key, N value) {
    begin(key);
    out_ += std::to_string(value);
  }
  void micros(std::string_view key, Duration value) { number(key, value.count()); }
  void time(std::string_view key, Time value) { number(key, base::to_micros(value)); }
  void flag(std::string_view key, bool value) {
    begin(key);
    out_ += value ? "true" : "false";
  }
  void raw(std::string_view key, std::string_view json) {
    begin(key);
    out_ += json;
  }
  // [f(item), …] where f appends one JSON value to the text.
  template <typename List, typename Append>
  void list(std::string_view key, const List& items, Append append) {
    begin(key);
    out_ += '[';
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      append(out_, item);
    }
    out_ += ']';
  }
  template <typename List>
  void texts(std::string_view key, const List& items) {
    list(key, items, [](std::string& out, const auto& item) { base::append_json_string(out, item); });
  }
  template <typename List>
  void names(std::string_view key, const List& items) {
    list(key, items,
         [](std::string& out, const auto& item) { base::append_json_string(out, name_of(item)); });
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace curfew::model
