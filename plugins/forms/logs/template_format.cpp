#include "plugins/forms/logs/template_format.hpp"

#include <algorithm>
#include <stdexcept>

namespace curfew::forms {
namespace {

// Values that end by themselves.
bool has_own_end(Slot slot) {
  return slot == Slot::TimeFormat || slot == Slot::TimeClf || slot == Slot::FractionMilliseconds ||
         slot == Slot::FractionMicroseconds;
}

std::size_t own_end(const TemplatePiece& piece, std::string_view rest, LineBuilder& builder) {
  constexpr std::size_t clf = 26;
  std::size_t size = 0;
  switch (piece.slot) {
    case Slot::TimeFormat:
      return builder.take_time(piece.time_format, rest).value_or(std::string_view::npos);
    case Slot::TimeClf:
      size = rest.starts_with('[') ? clf + 2 : clf;
      break;
    case Slot::FractionMilliseconds:
      size = 3;
      break;
    default:
      size = 6;
      break;
  }
  return size <= rest.size() ? size : std::string_view::npos;
}

int hex_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    value *= 16;
    if (c >= '0' && c <= '9') {
      value += c - '0';
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      value += (c | 0x20) - 'a' + 10;
    } else {
      return -1;
    }
  }
  return value;
}

std::size_t closing_quote(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return std::string_view::npos;
}

class TemplateParser final : public LineParser {
 public:
  explicit TemplateParser(const TemplateFormat& format) : format_(format) {}
  Verdict parse(std::string_view bytes, LogLine& line, std::string& why) override {
    return format_.parse(bytes, line, why);
  }

 private:
  const TemplateFormat& format_;
};

}  // namespace

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::uint32_t high = 0;  // the first half of a surrogate pair
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char kind = text[++i];
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 0;
    const int code = digits > 0 && i + digits < text.size() ? hex_of(text.substr(i + 1, digits)) : -1;
    if (code >= 0) {
      i += digits;
      const auto unit = static_cast<std::uint32_t>(code);
      if (kind == 'x') {
        out += static_cast<char>(unit);
      } else if (unit >= 0xD800 && unit < 0xDC00) {
        high = unit;
      } else if (unit >= 0xDC00 && unit < 0xE000 && high != 0) {
        files::append_code_point(out, 0x10000 + ((high - 0xD800) << 10U) + (unit - 0xDC00));
      } else {
        files::append_code_point(out, unit);
      }
      if (unit < 0xD800 || unit >= 0xDC00) high = 0;
      continue;
    }
    static constexpr std::string_view from = "nrtbfv", to = "\n\r\t\b\f\v";
    const auto known = from.find(kind);
    if (known != std::string_view::npos) {
      out += to[known];
    } else if (kind == 'x' || kind == 'u') {
      out += '\\';
      out += kind;
    } else {
      out += kind;
    }
  }
  return out;
}

TemplateFormat::TemplateFormat(std::vector<TemplatePiece> pieces, std::string tail, Escape escape,
                               LineSettings settings)
    : pieces_(std::move(pieces)), tail_(std::move(tail)), escape_(escape), settings_(std::move(settings)) {
  constexpr std::size_t most_pieces = 200;
  if (pieces_.empty()) throw std::invalid_argument("settings: format.log_format has no variable");
  if (pieces_.size() > most_pieces)
    throw std::invalid_argument("settings: format.log_format has more than 200 variables");
  for (std::size_t i = 0; i + 1 < pieces_.size(); ++i) {
    if (pieces_[i + 1].before.empty() && !has_own_end(pieces_[i].slot))
      throw std::invalid_argument("settings: format.log_format: " + pieces_[i].name + " and " +
                                  pieces_[i + 1].name + " stand side by side; put something between them");
  }
  const bool has_time = std::any_of(pieces_.begin(), pieces_.end(),
                                    [](const TemplatePiece& piece) { return piece.slot >= Slot::TimeAny; });
  if (!has_time) throw std::invalid_argument("settings: format.log_format has no time");
}

std::unique_ptr<LineParser> TemplateFormat::parser() const { return std::make_unique<TemplateParser>(*this); }

std::string_view TemplateFormat::text_behind(std::size_t piece) const {
  return piece + 1 < pieces_.size() ? std::string_view(pieces_[piece + 1].before) : std::string_view(tail_);
}

Verdict TemplateFormat::parse(std::string_view bytes, LogLine& line, std::string& why) const {
  line.clear();
  if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  if (files::trim(bytes).empty()) return Verdict::Other;
  LineBuilder builder(line, settings_);
  std::string_view rest = bytes;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const TemplatePiece& piece = pieces_[i];
    const std::string_view behind = text_behind(i);
    if (!rest.starts_with(piece.before)) {
      why = "what stands before " + piece.name + " is not as the format says";
      return Verdict::Unreadable;
    }
    rest.remove_prefix(piece.before.size());
    std::size_t size = std::string_view::npos;
    if (has_own_end(piece.slot)) {
      size = own_end(piece, rest, builder);
    } else if (escape_ == Escape::Backslash && piece.before.ends_with('"') && behind.starts_with('"')) {
      size = closing_quote(rest);
    } else if (i + 1 == pieces_.size()) {
      if (rest.ends_with(behind)) size = rest.size() - behind.size();
    } else {
      size = rest.find(behind);
    }
    if (size == std::string_view::npos) {
      why = piece.name + " doesn't end as the format says";
      return Verdict::Unreadable;
    }
    std::string_view value = rest.substr(0, size);
    rest.remove_prefix(size);
    if (escape_ == Escape::Backslash && value.find('\\') != std::string_view::npos)
      value = builder.keep(unescaped(value));
    if (piece.slot != Slot::TimeFormat && !builder.set(piece.slot, piece.name, value)) {
      why = piece.name + " is not what it should be";
      return Verdict::Unreadable;
    }
  }
  if (rest != tail_) {
    why = "it is longer than the format says";
    return Verdict::Unreadable;
  }
  return builder.finish(why) ? Verdict::Line : Verdict::Unreadable;
}

}  // namespace curfew::forms
