// W3C extended log files, as IIS writes them: the fields are named by "#Fields:", which may come again.
#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

#include "plugins/forms/logs/line_parser.hpp"

namespace curfew::forms {
namespace {

constexpr std::string_view directive = "#fields:";

struct W3cField {
  std::string name;
  Slot slot = Slot::Field;
};

Slot slot_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Slot>, 20> known{
      {{"date", Slot::Date},
       {"time", Slot::TimeOfDay},
       {"cs-method", Slot::Method},
       {"cs-uri-stem", Slot::Path},
       {"cs-uri-query", Slot::Query},
       {"cs-uri", Slot::Uri},
       {"cs-username", Slot::User},
       {"c-ip", Slot::Address},
       {"cs(user-agent)", Slot::UserAgent},
       {"cs(cookie)", Slot::Cookies},
       {"cs-host", Slot::Host},
       {"cs(host)", Slot::Host},
       {"sc-status", Slot::Status},
       {"sc-bytes", Slot::Bytes},
       {"time-taken", Slot::Milliseconds},
       // Of IIS' enhanced logging, where an answer's headers can be added by their own names.
       {"set-cookie", Slot::SetCookies},
       {"sc(set-cookie)", Slot::SetCookies},
       {"location", Slot::Location},
       {"sc(location)", Slot::Location},
       {"x-host-header", Slot::Host}}};
  for (const auto& [text, slot] : known) {
    if (text == name) return slot;
  }
  return Slot::Field;
}

std::vector<W3cField> read_fields(std::string_view names) {
  std::vector<W3cField> fields;
  while (fields.size() < LogLine::most_fields) {
    const auto begin = names.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) break;
    names.remove_prefix(begin);
    const auto end = std::min(names.find_first_of(" \t\r"), names.size());
    std::string name = files::to_lower(names.substr(0, end));
    names.remove_prefix(end);
    const Slot slot = slot_of(name);
    fields.push_back({std::move(name), slot});
  }
  return fields;
}

// IIS puts "+" for a blank. Where a "+" may be meant itself, it stays.
std::string_view plain(LineBuilder& builder, const W3cField& field, std::string_view value) {
  if (value.find('+') == std::string_view::npos) return value;
  std::string text(value);
  switch (field.slot) {
    case Slot::Cookies:
      // Between two cookies only: a cookie's value holds no blank, but base64's "+".
      for (std::size_t at = text.find(";+"); at != std::string::npos; at = text.find(";+", at + 2))
        text[at + 1] = ' ';
      break;
    case Slot::SetCookies:
      for (std::size_t at = text.find(';'); at < text.size(); ++at) {
        if (text[at] == '+') text[at] = ' ';
      }
      break;
    case Slot::User:
      // CORP\first+last has a blank; first+tag@corp.test has none.
      if (value.find('\\') == std::string_view::npos) return value;
      std::replace(text.begin(), text.end(), '+', ' ');
      break;
    case Slot::UserAgent:
      std::replace(text.begin(), text.end(), '+', ' ');
      break;
    default:
      return value;
  }
  return builder.keep(std::move(text));
}

class W3cParser final : public LineParser {
 public:
  W3cParser(std::vector<W3cField> fields, const LineSettings& settings)
      : fields_(std::move(fields)), settings_(settings) {}

  [[nodiscard]] bool is_heading(std::string_view bytes) const override {
    return bytes.size() >= directive.size() &&
           files::equal_ignoring_case(bytes.substr(0, directive.size()), directive);
  }

  Verdict parse(std::string_view bytes, LogLine& line, std::string& why) override {
    line.clear();
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);
    if (is_heading(bytes)) {
      fields_ = read_fields(bytes.substr(directive.size()));
      return Verdict::Other;
    }
    // IIS lays files out in advance: what a crash leaves is zeros.
    if (files::trim(bytes).empty() || bytes.starts_with('#')) return Verdict::Other;
    if (fields_.empty()) {
      why = "no #Fields before it says what it holds; name them in the setting format.fields";
      return Verdict::Unreadable;
    }
    LineBuilder builder(line, settings_);
    const char separator = bytes.find('\t') != std::string_view::npos ? '\t' : ' ';
    std::size_t count = 0;
    for (std::string_view rest = bytes; count < fields_.size(); ++count) {
      const auto end = std::min(rest.find(separator), rest.size());
      const W3cField& field = fields_[count];
      const bool is_seconds =
          field.name == "time-taken" && rest.substr(0, end).find('.') != std::string_view::npos;
      if (!builder.set(is_seconds ? Slot::Seconds : field.slot, field.name,
                       plain(builder, field, rest.substr(0, end)))) {
        why = field.name + " is not what it should be";
        return Verdict::Unreadable;
      }
      if (end == rest.size()) {
        rest = {};
        ++count;
        break;
      }
      rest.remove_prefix(end + 1);
      if (count + 1 == fields_.size()) {
        why = "it has more values than #Fields names";
        return Verdict::Unreadable;
      }
    }
    if (count != fields_.size()) {
      why = "it has fewer values than #Fields names";
      return Verdict::Unreadable;
    }
    return builder.finish(why) ? Verdict::Line : Verdict::Unreadable;
  }

 private:
  std::vector<W3cField> fields_;
  const LineSettings& settings_;
};

class W3cFormat final : public LogFormat {
 public:
  explicit W3cFormat(const FormatSettings& settings)
      : fields_(read_fields(settings.fields)), settings_(settings.line) {
    settings_.zone_seconds = 0;  // the format is UTC
  }
  [[nodiscard]] std::unique_ptr<LineParser> parser() const override {
    return std::make_unique<W3cParser>(fields_, settings_);
  }

 private:
  std::vector<W3cField> fields_;
  LineSettings settings_;
};

}  // namespace

std::unique_ptr<LogFormat> make_w3c_format(const FormatSettings& settings) {
  return std::make_unique<W3cFormat>(settings);
}

}  // namespace curfew::forms
