#include "plugins/windows/xml_tags.hpp"

#include <charconv>
#include <cstdint>

#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

bool XmlTags::next(XmlTag& tag, std::string_view& text, bool& is_cdata) {
  is_cdata = false;
  text = {};
  while (true) {
    const auto open = rest_.find('<');
    if (open == std::string_view::npos) return false;
    if (!is_cdata) text = rest_.substr(0, open);
    rest_.remove_prefix(open);
    if (rest_.starts_with("<![CDATA[")) {
      const auto end = rest_.find("]]>");
      if (end == std::string_view::npos) return false;
      text = rest_.substr(9, end - 9);
      is_cdata = true;
      rest_.remove_prefix(end + 3);
      continue;
    }
    if (rest_.starts_with("<!--")) {
      const auto end = rest_.find("-->");
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 3);
      continue;
    }
    break;
  }
  // '>' may stand within a quoted attribute.
  std::size_t end = 1;
  char quote = 0;
  for (; end < rest_.size(); ++end) {
    const char c = rest_[end];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      break;
    }
  }
  if (end >= rest_.size()) return false;
  std::string_view inside = rest_.substr(1, end - 1);
  rest_.remove_prefix(end + 1);
  tag.closes = inside.starts_with('/');
  if (tag.closes) inside.remove_prefix(1);
  tag.is_empty = inside.ends_with('/');
  if (tag.is_empty) inside.remove_suffix(1);
  const auto blank = inside.find_first_of(" \t\r\n");
  tag.name = local_name(inside.substr(0, blank));
  tag.attributes = blank == std::string_view::npos ? std::string_view{} : inside.substr(blank);
  return true;
}

std::string_view xml_attribute(std::string_view attributes, std::string_view name) {
  std::size_t at = 0;
  while ((at = attributes.find(name, at)) != std::string_view::npos) {
    const bool begins = at > 0 && (attributes[at - 1] == ' ' || attributes[at - 1] == '\t' ||
                                   attributes[at - 1] == '\n' || attributes[at - 1] == '\r');
    std::size_t equals = at + name.size();
    while (equals < attributes.size() && attributes[equals] == ' ') ++equals;
    if (begins && equals < attributes.size() && attributes[equals] == '=') {
      std::size_t open = equals + 1;
      while (open < attributes.size() && attributes[open] == ' ') ++open;
      if (open < attributes.size() && (attributes[open] == '"' || attributes[open] == '\'')) {
        const auto close = attributes.find(attributes[open], open + 1);
        if (close != std::string_view::npos) return attributes.substr(open + 1, close - open - 1);
      }
      return {};
    }
    at += name.size();
  }
  return {};
}

std::string_view xml_decoded(std::string_view text, std::string& buffer) {
  if (text.find('&') == std::string_view::npos) return text;
  buffer.clear();
  while (!text.empty()) {
    const auto amp = text.find('&');
    buffer += text.substr(0, amp);
    if (amp == std::string_view::npos) break;
    text.remove_prefix(amp);
    const auto end = text.substr(0, 12).find(';');
    if (end == std::string_view::npos) {
      buffer += '&';
      text.remove_prefix(1);
      continue;
    }
    const std::string_view name = text.substr(1, end - 1);
    if (name == "lt") {
      buffer += '<';
    } else if (name == "gt") {
      buffer += '>';
    } else if (name == "amp") {
      buffer += '&';
    } else if (name == "quot") {
      buffer += '"';
    } else if (name == "apos") {
      buffer += '\'';
    } else if (name.starts_with('#')) {
      const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
      const std::string_view digits = name.substr(hex ? 2 : 1);
      std::uint32_t code = 0;
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
      if (read.ec == std::errc()) append_code_point(buffer, code);
    } else {
      buffer += text.substr(0, end + 1);
    }
    text.remove_prefix(end + 1);
  }
  return buffer;
}

}  // namespace curfew::windows
