#include "plugins/windows/json_reader.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "plugins/windows/json_unnamed_data.hpp"
#include "plugins/windows/samba_reader.hpp"
#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

constexpr std::size_t deepest = 64;
constexpr std::size_t longest_document = std::size_t{1} << 30U;
constexpr std::int64_t second = 1'000'000;
constexpr std::uint64_t audit_failure_keyword = std::uint64_t{1} << 52U;

// Scalars as text: shapes differ in what they quote.
std::string_view as_text(const Element& value, std::string& buffer) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return value.get_string().value_unsafe();
    case simdjson::dom::element_type::INT64:
      buffer = std::to_string(value.get_int64().value_unsafe());
      return buffer;
    case simdjson::dom::element_type::UINT64:
      buffer = std::to_string(value.get_uint64().value_unsafe());
      return buffer;
    case simdjson::dom::element_type::OBJECT: {
      // {"#text": 4624, "#attributes": {…}}
      Element inner;
      if (value.get_object().value_unsafe().at_key("#text").get(inner) == simdjson::SUCCESS &&
          !inner.is_object())
        return as_text(inner, buffer);
      return {};
    }
    default:
      return {};
  }
}

std::optional<std::uint64_t> as_number(const Element& value) {
  std::string buffer;
  const std::string_view text = trim(as_text(value, buffer));
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

bool means_failure(const Element& keywords) {
  if (keywords.is_array()) {
    // Named, as the loop would outlive what get_array() gives back.
    const simdjson::dom::array list = keywords.get_array().value_unsafe();
    for (const Element keyword : list) {
      std::string_view text;
      if (keyword.get_string().get(text) == simdjson::SUCCESS && equal_ignoring_case(text, "audit failure"))
        return true;
    }
    return false;
  }
  std::int64_t number = 0;
  if (keywords.get_int64().get(number) == simdjson::SUCCESS)
    return (static_cast<std::uint64_t>(number) & audit_failure_keyword) != 0;
  std::string_view text;
  if (keywords.get_string().get(text) != simdjson::SUCCESS) return false;
  return equal_ignoring_case(text, "audit failure") ||
         (text.starts_with("0x") && (parse_logon_id(text) & audit_failure_keyword) != 0);
}

// A local time without a zone, as if it were UTC.
std::optional<Time> parse_zoneless(std::string_view text) {
  if (text.size() < 19) return std::nullopt;
  return parse_time(text, true);
}

// What a record says of its own time, in its various places.
struct Times {
  std::string_view created;   // with a zone
  std::string_view local;     // without
  std::string_view received;  // local too, by the collector
  std::string_view at_timestamp;

  // False when there is none.
  bool resolve(WindowsEvent& event) const {
    if (const auto time = parse_time(created)) {
      event.time = *time;
      return true;
    }
    if (const auto time = parse_time(local)) {
      event.time = *time;
      return true;
    }
    const auto arrival = parse_time(at_timestamp);
    if (!arrival) return false;
    const auto local_time = parse_zoneless(local);
    const auto local_arrival = parse_zoneless(received);
    if (local_time && local_arrival) {
      // Zones are whole quarters of an hour; the rest is the collector's delay between the two stamps.
      constexpr std::int64_t quarter = 900 * second;
      const std::int64_t difference = (*arrival - *local_arrival).count();
      const std::int64_t quarters = (difference + (difference >= 0 ? quarter / 2 : -quarter / 2)) / quarter;
      const std::int64_t rest = difference - quarters * quarter;
      if (std::abs(rest) <= 120 * second && std::abs(quarters) <= 14 * 4) {
        event.time = *local_time + Duration(quarters * quarter);
        return true;
      }
    }
    event.time = *arrival;
    event.time_is_arrival = !local.empty();
    return true;
  }
};

void set_text(std::string& target, const Element& value) {
  std::string buffer;
  const std::string_view text = trim(as_text(value, buffer)).substr(0, 256);
  target = is_clean_utf8(text) ? std::string(text) : to_clean_utf8(text);
}

class Mapper {
 public:
  Mapper(WindowsEvent& event, Times& times, UnnamedData& unnamed)
      : event_(event), times_(times), unnamed_(unnamed) {}

  void data(const Object& object) {
    for (const auto field : object) {
      if (unnamed_.take(field.key, field.value)) continue;
      if (field.value.is_object()) {
        data(field.value.get_object().value_unsafe());  // user_data: one more level, bounded by the parser
      } else {
        event_.set(field.key, as_text(field.value, buffer_));
      }
    }
  }

  // Winlogbeat's own keys, at the top (before 7) or below `winlog`.
  void winlogbeat(const Object& object) {
    for (const auto field : object) {
      const std::string_view key = field.key;
      const Element& value = field.value;
      if (key == "event_data" || key == "user_data") {
        if (value.is_object()) data(value.get_object().value_unsafe());
      } else if (key == "event_id") {
        id(value);
      } else if (key == "channel" || key == "log_name") {
        set_text(event_.channel, value);
      } else if (key == "computer_name") {
        set_text(event_.computer, value);
      } else if (key == "record_id" || key == "record_number") {
        event_.record_id = as_number(value).value_or(0);
      } else if (key == "provider_name" || key == "source_name") {
        set_text(event_.provider, value);
      } else if (key == "version") {
        version(value);
      } else if (key == "keywords") {
        event_.failure = event_.failure || means_failure(value);
      } else if (key == "time_created") {
        time(times_.created, value);
      } else if (key == "@timestamp") {
        time(times_.at_timestamp, value);
      }
    }
  }

  void flat(const Object& object) {
    for (const auto field : object) {
      const std::string_view key = field.key;
      const Element& value = field.value;
      if (key == "EventID" || key == "EventId") {
        id(value);
      } else if (key == "Channel" || key == "LogName") {
        set_text(event_.channel, value);
      } else if (key == "Hostname" || key == "Computer" || key == "ComputerName" || key == "MachineName") {
        set_text(event_.computer, value);
      } else if (key == "RecordNumber" || key == "EventRecordID" || key == "RecordId") {
        event_.record_id = as_number(value).value_or(0);
      } else if (key == "SourceName" || key == "ProviderName") {
        set_text(event_.provider, value);
      } else if (key == "Provider") {
        Element name;
        if (value.is_object() && find(value, "Name", name)) {
          set_text(event_.provider, name);
        } else if (value.is_object() && find(value, "#attributes", name) && find(name, "Name", name)) {
          set_text(event_.provider, name);
        } else {
          set_text(event_.provider, value);
        }
      } else if (key == "Version") {
        version(value);
      } else if (key == "Keywords") {
        event_.failure = event_.failure || means_failure(value);
      } else if (key == "EventType") {
        std::string_view text;
        if (value.get_string().get(text) == simdjson::SUCCESS && text == "AUDIT_FAILURE")
          event_.failure = true;
      } else if (key == "TimeCreated") {
        Element inner;
        if (value.is_object() && (find(value, "SystemTime", inner) ||
                                  (find(value, "#attributes", inner) && find(inner, "SystemTime", inner)))) {
          time(times_.created, inner);
        } else {
          time(times_.created, value);
        }
      } else if (key == "EventTime") {
        time(times_.local, value);
      } else if (key == "EventReceivedTime") {
        time(times_.received, value);
      } else if (key == "@timestamp") {
        time(times_.at_timestamp, value);
      } else if (key == "EventData" || key == "UserData") {
        if (value.is_object()) {
          data(value.get_object().value_unsafe());
        } else if (value.is_array()) {
          unnamed_.take_list(value);
        }
      } else if (key == "Message") {
        unnamed_.take_message(value);
      } else if (!unnamed_.take(key, value)) {
        event_.set(key, as_text(value, buffer_));
      }
    }
  }

  [[nodiscard]] bool has_id() const { return has_id_; }

 private:
  static bool find(const Element& in, std::string_view key, Element& out) {
    Element found;
    if (in.at_key(key).get(found) != simdjson::SUCCESS) return false;
    out = found;
    return true;
  }
  void id(const Element& value) {
    const auto number = as_number(value);
    if (number && *number <= 0xFFFFFFFFU) {
      event_.event_id = static_cast<std::uint32_t>(*number);
      has_id_ = true;
    }
  }
  void version(const Element& value) {
    event_.version = static_cast<std::uint8_t>(as_number(value).value_or(0) & 0xFFU);
  }
  static void time(std::string_view& target, const Element& value) {
    std::string_view text;
    if (value.get_string().get(text) == simdjson::SUCCESS) target = text;
  }

  WindowsEvent& event_;
  Times& times_;
  UnnamedData& unnamed_;
  std::string buffer_;
  bool has_id_ = false;
};

}  // namespace

struct JsonEvents::State {
  explicit State(RecordSink& records) : sink(records) {}

  // Empty when it was taken, else why not.
  std::string_view take(const Element& element) {
    Object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return "not a JSON object";
    WindowsEvent event;
    Times times;
    UnnamedData unnamed;
    bool has_id = false;
    Element inner, deeper;
    if (element.at_key("winlog").get(inner) == simdjson::SUCCESS && inner.is_object()) {
      Mapper mapper(event, times, unnamed);
      mapper.winlogbeat(inner.get_object().value_unsafe());
      std::string_view text;
      if (element.at_key("@timestamp").get_string().get(text) == simdjson::SUCCESS) times.at_timestamp = text;
      has_id = mapper.has_id();
    } else if (element.at_key("event_id").get(inner) == simdjson::SUCCESS) {
      Mapper mapper(event, times, unnamed);
      mapper.winlogbeat(object);
      has_id = mapper.has_id();
    } else if (element.at_key("Event").get(inner) == simdjson::SUCCESS &&
               inner.at_key("System").get(deeper) == simdjson::SUCCESS && deeper.is_object()) {
      Mapper mapper(event, times, unnamed);
      mapper.flat(deeper.get_object().value_unsafe());
      for (const char* part : {"EventData", "UserData"}) {
        Element fields;
        if (inner.at_key(part).get(fields) != simdjson::SUCCESS) continue;
        if (fields.is_object()) {
          mapper.data(fields.get_object().value_unsafe());
        } else if (fields.is_array()) {
          unnamed.take_list(fields);
        }
      }
      has_id = mapper.has_id();
    } else if (element.at_key("EventID").get(inner) == simdjson::SUCCESS ||
               element.at_key("EventId").get(inner) == simdjson::SUCCESS) {
      Mapper mapper(event, times, unnamed);
      mapper.flat(object);
      has_id = mapper.has_id();
    } else if (is_samba_record(element)) {
      if (!read_samba_record(element, event)) return "a Samba record without a time or a body";
      event.position = position++;
      sink.event(std::move(event));
      return {};
    } else {
      return "no event id: not a Windows event in a known shape";
    }
    if (!has_id) return "an event id that is no number";
    if (!times.resolve(event)) return "an event without a time";
    unnamed.apply(event);
    event.position = position++;
    sink.event(std::move(event));
    return {};
  }

  // Events of an array, or of {"events": […]}, or the element itself.
  void take_all(const Element& element, std::string_view place) {
    simdjson::dom::array array;
    Element inner;
    bool is_array = element.get_array().get(array) == simdjson::SUCCESS;
    if (!is_array && element.at_key("events").get(inner) == simdjson::SUCCESS)
      is_array = inner.get_array().get(array) == simdjson::SUCCESS;
    if (!is_array) {
      if (const auto why = take(element); !why.empty()) sink.unreadable(place, why);
      return;
    }
    std::size_t index = 0;
    for (const Element item : array) {
      if (const auto why = take(item); !why.empty())
        sink.unreadable(std::string(place) + "element " + std::to_string(index), why);
      ++index;
    }
  }

  simdjson::error_code parse(std::string_view text, Element& element) {
    if (parser.max_depth() != deepest || parser.capacity() < text.size()) {
      const auto error = parser.allocate(std::max<std::size_t>(text.size(), 1U << 16U), deepest);
      if (error) return error;
    }
    return parser.parse(text.data(), text.size(), true).get(element);
  }

  RecordSink& sink;
  simdjson::dom::parser parser{longest_document};
  std::uint64_t position = 0;
};

JsonEvents::JsonEvents(RecordSink& sink) : state_(std::make_unique<State>(sink)) {}
JsonEvents::~JsonEvents() = default;

void JsonEvents::line(std::string_view text, std::string_view place) {
  text = trim(text);
  if (text.empty()) return;
  // Samba's log puts a word before the object; what has no object is another program's line.
  const bool is_array = text.front() == '[' && text.find_first_not_of(" \t", 1) == text.find('{', 1);
  const auto open = is_array ? std::size_t{0} : text.find('{');
  if (open == std::string_view::npos) {
    state_->sink.other_line();
    return;
  }
  Element element;
  if (const auto error = state_->parse(text.substr(open), element)) {
    if (open != 0) {  // "session setup {0}": a brace within another program's line
      state_->sink.other_line();
    } else {
      state_->sink.unreadable(place, simdjson::error_message(error));
    }
    return;
  }
  state_->take_all(element, place);
}

void JsonEvents::document(std::string_view text) {
  Element element;
  if (const auto error = state_->parse(text, element)) {
    state_->sink.unreadable("document", simdjson::error_message(error));
    return;
  }
  state_->take_all(element, "");
}

bool JsonEvents::is_complete(std::string_view text) {
  Element element;
  return state_->parse(text, element) == simdjson::SUCCESS;
}

}  // namespace curfew::windows
