#include "plugins/windows/push/event_text.hpp"

#include <array>
#include <charconv>
#include <optional>

#include "plugins/windows/record_kinds.hpp"

namespace curfew::windows {
namespace {

// A record is "size:body"; within the body each text is "size:text", each number ends with a blank.
void put(std::string& text, std::int64_t number) {
  text += std::to_string(number);
  text += ' ';
}
void put(std::string& text, std::string_view value) {
  text += std::to_string(value.size());
  text += ':';
  text += value;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::int64_t number() { return until(' '); }
  std::string_view text() {
    const std::int64_t size = until(':');
    if (size < 0 || static_cast<std::uint64_t>(size) > rest_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view value = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(value.size());
    return value;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::int64_t until(char end) {
    std::int64_t number = 0;
    const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (read.ec != std::errc() || read.ptr == rest_.data() + rest_.size() || *read.ptr != end) {
      good_ = false;
      return 0;
    }
    rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()) + 1);
    return number;
  }

  std::string_view rest_;
  bool good_ = true;
};

constexpr std::int64_t is_failure = 1, is_arrival = 2, is_samba = 4;

std::string body_of(const WindowsEvent& event) {
  std::string body;
  put(body, event.time.time_since_epoch().count());
  put(body, static_cast<std::int64_t>(event.record_id));
  put(body, event.event_id);
  put(body, event.version);
  put(body, (event.failure ? is_failure : 0) + (event.time_is_arrival ? is_arrival : 0) +
                (event.origin == Origin::Samba ? is_samba : 0));
  put(body, event.computer);
  put(body, event.channel);
  put(body, event.provider);
  for (std::size_t i = 0; i < field_count; ++i) {
    const std::string_view value = event.get(static_cast<Field>(i));
    if (value.empty()) continue;
    put(body, static_cast<std::int64_t>(i));
    put(body, value);
  }
  return body;
}

std::optional<WindowsEvent> event_in(std::string_view body) {
  Reader in(body);
  WindowsEvent event;
  event.time = Time{Duration{in.number()}};
  event.record_id = static_cast<std::uint64_t>(in.number());
  event.event_id = static_cast<std::uint32_t>(in.number());
  event.version = static_cast<std::uint8_t>(in.number());
  const std::int64_t flags = in.number();
  event.failure = (flags & is_failure) != 0;
  event.time_is_arrival = (flags & is_arrival) != 0;
  event.origin = (flags & is_samba) != 0 ? Origin::Samba : Origin::Windows;
  event.computer = in.text();
  event.channel = in.text();
  event.provider = in.text();
  while (in.good() && !in.at_end()) {
    const std::int64_t field = in.number();
    const std::string_view value = in.text();
    if (!in.good() || field < 0 || field >= static_cast<std::int64_t>(field_count)) return std::nullopt;
    event.set(static_cast<Field>(field), value);
  }
  if (!in.good()) return std::nullopt;
  return event;
}

}  // namespace

void append_event(std::string& text, const WindowsEvent& event) { put(text, body_of(event)); }

bool read_events(std::string_view text, const std::function<void(WindowsEvent&&)>& take) {
  Reader in(text);
  while (!in.at_end()) {
    const std::string_view body = in.text();
    if (!in.good()) return false;
    auto event = event_in(body);
    if (!event) return false;
    take(std::move(*event));
  }
  return true;
}

std::uint64_t identity_of(const WindowsEvent& event) {
  std::string text = to_lower(event.computer) + '\0' + to_lower(event.channel) + '\0';
  put(text, event.time.time_since_epoch().count());
  put(text, event.event_id);
  put(text, static_cast<std::int64_t>(event.record_id));
  if (event.record_id == 0) put(text, static_cast<std::int64_t>(content_of(event)));
  // FNV-1a, and a last mix: the same in every build, as it is kept.
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  hash ^= hash >> 32U;
  hash *= 0xD6E8FEB86659FD93U;
  return hash ^ (hash >> 32U);
}

}  // namespace curfew::windows
