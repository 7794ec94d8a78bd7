#include "plugins/windows/text_reader.hpp"

#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

void append_utf16(std::string& out, std::uint32_t unit, std::uint32_t& high) {
  if (unit >= 0xD800 && unit < 0xDC00) {
    high = unit;
    return;
  }
  std::uint32_t code = unit;
  if (unit >= 0xDC00 && unit < 0xE000)
    code = high != 0 ? 0x10000 + ((high - 0xD800) << 10U) + (unit - 0xDC00) : 0xFFFD;
  high = 0;
  if (code == 0xFEFF) return;
  append_code_point(out, code);
}

// A surrogate pair that is cut by a piece's end stays in `bytes` as a whole.
std::string to_utf8(std::string& bytes, bool little) {
  std::string text;
  std::uint32_t high = 0;
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const auto a = static_cast<std::uint8_t>(bytes[i]);
    const auto b = static_cast<std::uint8_t>(bytes[i + 1]);
    const std::uint32_t unit =
        little ? (a | (static_cast<std::uint32_t>(b) << 8U)) : (b | (static_cast<std::uint32_t>(a) << 8U));
    append_utf16(text, unit, high);
    if (high == 0) used = i + 2;
  }
  bytes.erase(0, used);
  return text;
}

}  // namespace

TextReader::TextReader(RecordSink& sink, Format format, TextLimits limits)
    : sink_(sink),
      limits_(limits),
      kind_(format == Format::Xml    ? Kind::Xml
            : format == Format::Json ? Kind::Undecided
                                     : Kind::Lines),
      lines_(
          limits.line_bytes, [this](std::string_view line, std::uint64_t number) { take_line(line, number); },
          [this](std::uint64_t number) {
            sink_.unreadable("line " + std::to_string(number), "a line longer than the limit");
          }),
      json_(sink),
      xml_(sink) {}

void TextReader::feed(std::string_view bytes) {
  if (encoding_ == Encoding::Undecided && !bytes.empty()) {
    encoding_ = bytes.starts_with("\xff\xfe")   ? Encoding::Utf16Little
                : bytes.starts_with("\xfe\xff") ? Encoding::Utf16Big
                                                : Encoding::Utf8;
    if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  }
  if (encoding_ == Encoding::Utf8) {
    feed_utf8(bytes);
    return;
  }
  odd_ += bytes;
  feed_utf8(to_utf8(odd_, encoding_ == Encoding::Utf16Little));
}

void TextReader::feed_utf8(std::string_view bytes) {
  switch (kind_) {
    case Kind::Xml:
      xml_.feed(bytes);
      return;
    case Kind::Lines:
      lines_.feed(bytes);
      return;
    case Kind::Document:
      if (pending_.size() + bytes.size() <= limits_.document_bytes) {
        pending_ += bytes;
      } else if (!is_too_long_) {
        sink_.unreadable("byte " + std::to_string(pending_.size()), "a JSON document longer than the limit");
        is_too_long_ = true;
      }
      return;
    case Kind::Undecided:
      break;
  }
  pending_ += bytes;
  const auto begin = pending_.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return;
  const auto newline = pending_.find('\n', begin);
  if (newline == std::string::npos && pending_.size() < limits_.line_bytes) return;
  // `{` alone on a line begins a document; so does an array. A broken first line that looks whole is still a
  // line: one bad record must not hide the others.
  const std::string_view first = trim(
      std::string_view(pending_).substr(begin, newline == std::string::npos ? newline : newline - begin));
  const bool lines = first.front() == '{' && (first.back() == '}' || json_.is_complete(first));
  kind_ = lines ? Kind::Lines : Kind::Document;
  if (!lines) return;
  lines_.feed(pending_);
  pending_.clear();
}

void TextReader::take_line(std::string_view line, std::uint64_t number) {
  const std::string_view trimmed = trim(line);
  if (trimmed.starts_with('<')) {
    XmlEventSplitter one(sink_);
    one.feed(trimmed);
    one.finish();
    return;
  }
  const std::string place = "line " + std::to_string(number);
  if (!full_audit_.line(trimmed, place, sink_)) json_.line(line, place);
}

void TextReader::finish() {
  switch (kind_) {
    case Kind::Xml:
      xml_.finish();
      return;
    case Kind::Lines:
      lines_.finish();
      return;
    case Kind::Document:
      if (!is_too_long_) json_.document(pending_);
      pending_.clear();
      return;
    case Kind::Undecided:
      // One line without an end, or nothing.
      if (!trim(pending_).empty()) json_.document(pending_);
      pending_.clear();
      return;
  }
}

}  // namespace curfew::windows
