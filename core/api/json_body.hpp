// A request's JSON body, read field by field with every unknown, repeated or mistyped field refused by name.
//
//   JsonBody body(request.body);
//   JsonFields fields(body.object(), {"reason", "refs"});
//   std::string reason = fields.text("reason", 512);
//
// Only for .cpp files: it brings simdjson in.
// Threads: one. Owns: the parsed document. Fails: Problem(400), naming the field.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/api/http.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {

inline constexpr std::size_t max_json_depth = 8;

// Parses `text` into the parser's own memory, which the next call overwrites.
inline simdjson::dom::element parse_json(simdjson::dom::parser& parser, std::string_view text) {
  if (parser.capacity() < text.size() && parser.allocate(text.size(), max_json_depth) != simdjson::SUCCESS) {
    throw Problem(400, "malformed JSON", "the body can't be parsed");
  }
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  if (error == simdjson::DEPTH_ERROR) {
    throw Problem(400, "malformed JSON", "deeper than " + std::to_string(max_json_depth) + " levels");
  }
  if (error != simdjson::SUCCESS) throw Problem(400, "malformed JSON", simdjson::error_message(error));
  return root;
}

class JsonBody {
 public:
  explicit JsonBody(std::string_view text) : root_(parse_json(parser_, text)) {}
  [[nodiscard]] simdjson::dom::element root() const { return root_; }
  [[nodiscard]] simdjson::dom::object object() const {
    simdjson::dom::object object;
    if (root_.get(object) != simdjson::SUCCESS) {
      throw Problem(400, "malformed body", "the body is not a JSON object");
    }
    return object;
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// Fields are usually given and asked for in the order of the list: each search goes on where the last one
// ended.
class JsonFields {
 public:
  JsonFields(simdjson::dom::object object, std::initializer_list<std::string_view> known)
      : count_(known.size()) {
    if (count_ > names_.size()) throw Error(ErrorKind::Internal, "more fields than a body may have");
    std::copy(known.begin(), known.end(), names_.begin());
    for (const auto [key, value] : object) {
      const std::size_t at = find(key);
      if (at == count_) {
        const std::string_view near = base::nearest(key, std::span(names_.data(), count_));
        throw Problem(400, "unknown field",
                      "'" + std::string(key.substr(0, 64)) + "' is not a field here" +
                          (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
      }
      if (given_[at]) throw Problem(400, "repeated field", "'" + std::string(key) + "' is given twice");
      given_[at] = true;
      values_[at] = value;
    }
    next_ = 0;
  }

  [[nodiscard]] std::optional<simdjson::dom::element> value(std::string_view name) const {
    const std::size_t at = find(name);
    if (at == count_ || !given_[at] || values_[at].is_null()) return std::nullopt;
    return values_[at];
  }
  // Empty when absent. Lives as long as the document.
  [[nodiscard]] std::string_view view(std::string_view name, std::size_t most) const {
    const auto element = value(name);
    if (!element) return {};
    std::string_view text;
    if (element->get(text) != simdjson::SUCCESS) bad(name, "must be a text");
    if (text.size() > most) bad(name, "must have at most " + std::to_string(most) + " bytes");
    if (!base::is_clean_utf8(text)) bad(name, "must be UTF-8 without NUL");
    return text;
  }
  [[nodiscard]] std::string text(std::string_view name, std::size_t most) const {
    return std::string(view(name, most));
  }
  [[nodiscard]] std::string required_text(std::string_view name, std::size_t most) const {
    std::string text = this->text(name, most);
    if (text.empty()) bad(name, "is required");
    return text;
  }
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t absent, std::uint64_t most) const {
    const auto element = value(name);
    if (!element) return absent;
    std::uint64_t number = 0;
    if (element->get(number) != simdjson::SUCCESS || number > most) {
      bad(name, "must be a whole number from 0 to " + std::to_string(most));
    }
    return number;
  }
  [[nodiscard]] bool flag(std::string_view name, bool absent) const {
    const auto element = value(name);
    if (!element) return absent;
    bool flag = false;
    if (element->get(flag) != simdjson::SUCCESS) bad(name, "must be true or false");
    return flag;
  }
  [[noreturn]] static void bad(std::string_view name, const std::string& what) {
    throw Problem(400, "bad field", "'" + std::string(name) + "' " + what);
  }

 private:
  // Past the end: no such field.
  [[nodiscard]] std::size_t find(std::string_view name) const {
    for (std::size_t tried = 0; tried < count_; ++tried) {
      const std::size_t at = next_ < count_ ? next_ : 0;
      next_ = at + 1;
      if (names_[at] == name) return at;
    }
    return count_;
  }

  static constexpr std::size_t most_fields = 24;
  std::size_t count_;
  mutable std::size_t next_ = 0;
  std::array<std::string_view, most_fields> names_;
  std::array<simdjson::dom::element, most_fields> values_;
  std::array<bool, most_fields> given_{};
};

}  // namespace curfew::api
