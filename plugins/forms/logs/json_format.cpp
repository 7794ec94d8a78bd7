// Lines of JSON: which field is what, the settings say. Nested fields are named with dots.
#include <simdjson.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "plugins/forms/logs/line_parser.hpp"

namespace curfew::forms {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t deepest = 4;

std::optional<Slot> slot_of(std::string_view role) {
  static constexpr std::array<std::pair<std::string_view, Slot>, 17> known{
      {{"time", Slot::TimeAny},
       {"method", Slot::Method},
       {"path", Slot::Path},
       {"query", Slot::Query},
       {"uri", Slot::Uri},
       {"request", Slot::Request},
       {"user", Slot::User},
       {"address", Slot::Address},
       {"user_agent", Slot::UserAgent},
       {"host", Slot::Host},
       {"location", Slot::Location},
       {"cookies", Slot::Cookies},
       {"set_cookies", Slot::SetCookies},
       {"status", Slot::Status},
       {"bytes", Slot::Bytes},
       {"milliseconds", Slot::Milliseconds},
       {"seconds", Slot::Seconds}}};
  for (const auto& [name, slot] : known) {
    if (name == role) return slot;
  }
  return std::nullopt;
}

using Roles = std::map<std::string, Slot, std::less<>>;  // by field

class JsonParser final : public LineParser {
 public:
  JsonParser(const Roles& roles, const LineSettings& settings) : roles_(roles), settings_(settings) {}

  Verdict parse(std::string_view bytes, LogLine& line, std::string& why) override {
    line.clear();
    if (files::trim(bytes).empty()) return Verdict::Other;
    padded_.assign(bytes);
    padded_.append(simdjson::SIMDJSON_PADDING, '\0');
    element root;
    const auto error = parser_.parse(padded_.data(), bytes.size(), false).get(root);
    simdjson::dom::object object;
    if (error != simdjson::SUCCESS || root.get_object().get(object) != simdjson::SUCCESS) {
      why = "it is not a JSON object";
      return Verdict::Unreadable;
    }
    LineBuilder builder(line, settings_);
    wrong_.clear();
    take(object, {}, 0, line, builder);
    if (!wrong_.empty()) {
      why = "the field " + files::to_clean_utf8(wrong_) + " is not what it should be";
      return Verdict::Unreadable;
    }
    return builder.finish(why) ? Verdict::Line : Verdict::Unreadable;
  }

 private:
  void take(const simdjson::dom::object& object, const std::string& prefix, std::size_t depth, LogLine& line,
            LineBuilder& builder) {
    for (const auto& [key, value] : object) {
      std::string name = prefix + std::string(key);
      simdjson::dom::object inner;
      if (value.get_object().get(inner) == simdjson::SUCCESS) {
        if (depth + 1 < deepest) take(inner, name + ".", depth + 1, line, builder);
        continue;
      }
      const auto role = roles_.find(name);
      if (line.fields.size() >= LogLine::most_fields && role == roles_.end()) continue;
      const std::string_view text = text_of(value, line);
      const std::string_view kept = line.keep(std::move(name));
      if (!builder.set(role == roles_.end() ? Slot::Field : role->second, kept, text) && wrong_.empty())
        wrong_ = kept.substr(0, 64);
    }
  }

  static std::string_view text_of(const element& value, LogLine& line) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) return line.keep(std::string(text));
    if (value.is_null()) return {};
    simdjson::dom::array array;
    if (value.get_array().get(array) == simdjson::SUCCESS) {
      std::string joined;
      for (const element one : array) {
        if (one.get_string().get(text) != simdjson::SUCCESS) continue;
        if (!joined.empty()) joined += ", ";
        joined += text;
      }
      return line.keep(std::move(joined));
    }
    double number = 0;
    if (value.type() == element_type::DOUBLE && value.get_double().get(number) == simdjson::SUCCESS) {
      std::array<char, 512> digits{};
      const int size = std::snprintf(digits.data(), digits.size(), "%.6f", number);
      return line.keep(std::string(digits.data(), static_cast<std::size_t>(std::max(size, 0))));
    }
    return line.keep(simdjson::minify(value));
  }

  const Roles& roles_;
  const LineSettings& settings_;
  simdjson::dom::parser parser_;
  std::string padded_;
  std::string wrong_;
};

class JsonFormat final : public LogFormat {
 public:
  explicit JsonFormat(const FormatSettings& settings) : settings_(settings.line) {
    bool has_time = false;
    for (const auto& [role, field] : settings.roles) {
      const auto slot = slot_of(role);
      if (!slot) throw std::invalid_argument("settings: format.fields: '" + role + "' is no role of a field");
      if (!roles_.emplace(field, *slot).second)
        throw std::invalid_argument("settings: format.fields: '" + field + "' has two roles");
      has_time = has_time || role == "time";
    }
    if (!has_time) throw std::invalid_argument("settings: format.fields must say which field is the time");
  }
  [[nodiscard]] std::unique_ptr<LineParser> parser() const override {
    return std::make_unique<JsonParser>(roles_, settings_);
  }

 private:
  Roles roles_;
  LineSettings settings_;
};

}  // namespace

std::unique_ptr<LogFormat> make_json_format(const FormatSettings& settings) {
  return std::make_unique<JsonFormat>(settings);
}

}  // namespace curfew::forms
