#include "plugins/windows/xml_reader.hpp"

#include <algorithm>
#include <charconv>

#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

// An event that is longer is damage: the service's own limit is 64 KiB.
constexpr std::size_t longest_event = 4U << 20U;

struct Tag {
  std::string_view name;
  std::string_view attributes;
  bool closes = false;    // </name>
  bool is_empty = false;  // <name/>
};

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// Walks tags; comments, instructions and CDATA are text or nothing.
class Tags {
 public:
  explicit Tags(std::string_view xml) : rest_(xml) {}

  // The text since the last tag is left in `text`.
  bool next(Tag& tag, std::string_view& text, bool& is_cdata) {
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

 private:
  std::string_view rest_;
};

std::string_view attribute(std::string_view attributes, std::string_view name) {
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

// The text itself when nothing in it is escaped; else decoded into `buffer`.
std::string_view decoded(std::string_view text, std::string& buffer) {
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

template <typename T>
bool read_number(std::string_view text, T& value) {
  text = trim(text);
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

std::string kept(std::string_view text) {
  text = trim(text).substr(0, 256);
  return is_clean_utf8(text) ? std::string(text) : to_clean_utf8(text);
}

constexpr std::uint64_t audit_failure_keyword = std::uint64_t{1} << 52U;

}  // namespace

bool parse_xml_event(std::string_view xml, WindowsEvent& event) {
  enum class Section : std::uint8_t { None, System, EventData, UserData, Other };
  Section section = Section::None;
  std::string_view open;  // the element whose text comes next
  std::string_view data_name;
  std::string buffer, name_buffer;
  bool has_id = false, has_time = false;

  Tags tags(xml);
  Tag tag;
  std::string_view text;
  bool is_cdata = false;
  while (tags.next(tag, text, is_cdata)) {
    if (section == Section::None) {
      if (tag.closes || tag.is_empty) continue;
      if (tag.name == "System") {
        section = Section::System;
      } else if (tag.name == "EventData") {
        section = Section::EventData;
      } else if (tag.name == "UserData") {
        section = Section::UserData;
      } else if (tag.name == "RenderingInfo") {
        section = Section::Other;
      }
      continue;
    }
    if (section == Section::Other) {
      if (tag.closes && tag.name == "RenderingInfo") section = Section::None;
      continue;
    }
    if (tag.closes && (tag.name == "System" || tag.name == "EventData" || tag.name == "UserData")) {
      section = Section::None;
      continue;
    }
    if (!tag.closes) {
      open = tag.name;
      if (section == Section::System) {
        if (open == "TimeCreated") {
          if (const auto time = parse_time(attribute(tag.attributes, "SystemTime"))) {
            event.time = *time;
            has_time = true;
          }
        } else if (open == "Provider") {
          event.provider = kept(decoded(attribute(tag.attributes, "Name"), buffer));
        }
      } else if (section == Section::EventData) {
        data_name = attribute(tag.attributes, "Name");
      }
      continue;
    }
    if (tag.name != open) continue;  // closes something that held elements
    open = {};
    const std::string_view value = is_cdata ? text : decoded(text, buffer);
    switch (section) {
      case Section::System:
        if (tag.name == "EventID") {
          has_id = read_number(value, event.event_id);
        } else if (tag.name == "Version") {
          std::uint32_t version = 0;
          if (read_number(value, version)) event.version = static_cast<std::uint8_t>(version & 0xFFU);
        } else if (tag.name == "EventRecordID") {
          static_cast<void>(read_number(value, event.record_id));
        } else if (tag.name == "Channel") {
          event.channel = kept(value);
        } else if (tag.name == "Computer") {
          event.computer = kept(value);
        } else if (tag.name == "Keywords") {
          event.failure = (parse_logon_id(trim(value)) & audit_failure_keyword) != 0;
        }
        break;
      case Section::EventData:
        if (tag.name == "Data" && !data_name.empty()) event.set(decoded(data_name, name_buffer), value);
        break;
      case Section::UserData:
        event.set(tag.name, value);
        break;
      case Section::None:
      case Section::Other:
        break;
    }
  }
  return has_id && has_time;
}

void XmlEventSplitter::take(std::string_view xml) {
  WindowsEvent event;
  if (parse_xml_event(xml, event)) {
    event.position = position_++;
    sink_.event(std::move(event));
  } else {
    sink_.unreadable("byte " + std::to_string(offset_), "an event without an id or a time");
  }
}

void XmlEventSplitter::feed(std::string_view bytes) {
  pending_ += bytes;
  std::string_view rest = pending_;
  const auto drop = [&](std::size_t count) {
    rest.remove_prefix(count);
    offset_ += count;
  };
  while (true) {
    // "<Event " or "<Event>", not "<Events>", "<EventID>"; a prefix as in "<e:Event>" is passed over.
    std::size_t begin = 0;
    while ((begin = rest.find("Event", begin)) != std::string_view::npos) {
      const char after = begin + 5 < rest.size() ? rest[begin + 5] : '\0';
      const auto bracket = rest.rfind('<', begin);
      const bool tag = bracket != std::string_view::npos &&
                       (bracket + 1 == begin || (rest[begin - 1] == ':' && begin - bracket < 20));
      if (tag && (after == ' ' || after == '>' || after == '\t' || after == '\r' || after == '\n')) {
        begin = bracket;
        break;
      }
      ++begin;
    }
    if (begin == std::string_view::npos) {
      // Keep what may be the beginning of a tag.
      const std::size_t keep = std::min<std::size_t>(rest.size(), 32);
      drop(rest.size() - keep);
      break;
    }
    drop(begin);
    std::size_t end = rest.find("Event>", 6);
    while (end != std::string_view::npos &&
           !(rest[end - 1] == '/' || (rest[end - 1] == ':' && rest.rfind("</", end) + 20 > end))) {
      end = rest.find("Event>", end + 6);
    }
    if (end == std::string_view::npos) {
      if (rest.size() > longest_event) {
        sink_.unreadable("byte " + std::to_string(offset_), "an event without an end");
        drop(6);
        continue;
      }
      break;
    }
    const std::string_view xml = rest.substr(0, end + 6);
    // A cut-off event is followed by the next one's beginning: only the last beginning is whole.
    std::size_t last = 0;
    for (std::size_t next = xml.find("<Event ", 1); next != std::string_view::npos;
         next = xml.find("<Event ", next + 1)) {
      last = next;
    }
    if (last != 0) {
      sink_.unreadable("byte " + std::to_string(offset_), "an event without an end");
      drop(last);
      continue;
    }
    take(xml);
    drop(xml.size());
  }
  pending_.erase(0, pending_.size() - rest.size());
}

void XmlEventSplitter::finish() {
  if (pending_.find("<Event ") != std::string::npos || pending_.find("<Event>") != std::string::npos) {
    sink_.unreadable("byte " + std::to_string(offset_), "an event without an end");
  }
  pending_.clear();
}

}  // namespace curfew::windows
