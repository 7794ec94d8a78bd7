#include "plugins/windows/xml_reader.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/text.hpp"
#include "plugins/windows/xml_tags.hpp"

namespace curfew::windows {
namespace {

// An event that is longer is damage: the service's own limit is 64 KiB.
constexpr std::size_t longest_event = 4U << 20U;

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
constexpr std::size_t most_values = 512;

}  // namespace

bool parse_xml_event(std::string_view xml, WindowsEvent& event) {
  enum class Section : std::uint8_t { None, System, EventData, UserData, Other };
  Section section = Section::None;
  std::string_view open;  // the element whose text comes next
  std::string_view data_name;
  std::string buffer, name_buffer;
  std::vector<std::string> values;  // of an AD FS audit, whose data has no names
  bool has_id = false, has_time = false;

  const auto is_audit = [&](const XmlTag& tag, std::string_view name) {
    return tag.name == "Data" && name.empty() && values.size() < most_values && adfs::is_audit(event);
  };
  XmlTags tags(xml);
  XmlTag tag;
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
          if (const auto time = parse_time(xml_attribute(tag.attributes, "SystemTime"))) {
            event.time = *time;
            has_time = true;
          }
        } else if (open == "Provider") {
          event.provider = kept(xml_decoded(xml_attribute(tag.attributes, "Name"), buffer));
        }
      } else if (section == Section::EventData) {
        data_name = xml_attribute(tag.attributes, "Name");
        if (tag.is_empty && is_audit(tag, data_name)) values.emplace_back();
      }
      continue;
    }
    if (tag.name != open) continue;  // closes something that held elements
    open = {};
    const std::string_view value = is_cdata ? text : xml_decoded(text, buffer);
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
        if (is_audit(tag, data_name)) {
          values.emplace_back(value);
        } else if (tag.name == "Data" && !data_name.empty()) {
          event.set(xml_decoded(data_name, name_buffer), value);
        }
        break;
      case Section::UserData:
        event.set(tag.name, value);
        break;
      case Section::None:
      case Section::Other:
        break;
    }
  }
  if (has_id && adfs::is_audit(event)) {
    const std::vector<std::string_view> data(values.begin(), values.end());
    adfs::read_audit_record(event, data);
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
