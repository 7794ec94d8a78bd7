#include "plugins/windows/event_sorter.hpp"

#include <string>
#include <string_view>

namespace curfew::windows {
namespace {

// The computer comes before numbers, so it ends in NUL, which no name holds.
std::string encode(const WindowsEvent& event) {
  std::string out;
  out.reserve(320);
  files::put_signed(out, event.time.time_since_epoch().count());
  out += event.computer;
  out += '\0';
  files::put_number(out, event.record_id);
  files::put_number(out, event.event_id);
  files::put_number(out, event.position);
  files::put_number(out, static_cast<std::uint8_t>((event.failure ? 1 : 0) | (event.time_is_arrival ? 2 : 0) |
                                                   (event.origin == Origin::Samba ? 4 : 0)));
  files::put_number(out, event.version);
  files::put_text(out, event.channel);
  files::put_text(out, event.provider);
  std::uint8_t count = 0;
  for (std::size_t i = 0; i < field_count; ++i)
    count = static_cast<std::uint8_t>(count + (event.get(static_cast<Field>(i)).empty() ? 0 : 1));
  files::put_number(out, count);
  for (std::size_t i = 0; i < field_count; ++i) {
    const std::string_view value = event.get(static_cast<Field>(i));
    if (value.empty()) continue;
    files::put_number(out, static_cast<std::uint8_t>(i));
    files::put_text(out, value);
  }
  files::put_number(out, event.input);
  return out;
}

void decode(std::string_view bytes, WindowsEvent& event) {
  event.clear();
  event.time = Time{Duration{files::RecordBytes(bytes).signed_number()}};
  const auto end = bytes.find('\0', 8);
  event.computer = bytes.substr(8, end - 8);
  files::RecordBytes rest(bytes.substr(end + 1));
  event.record_id = rest.number<std::uint64_t>();
  event.event_id = rest.number<std::uint32_t>();
  event.position = rest.number<std::uint64_t>();
  const auto flags = rest.number<std::uint8_t>();
  event.failure = (flags & 1U) != 0;
  event.time_is_arrival = (flags & 2U) != 0;
  event.origin = (flags & 4U) != 0 ? Origin::Samba : Origin::Windows;
  event.version = rest.number<std::uint8_t>();
  event.channel = rest.text();
  event.provider = rest.text();
  for (auto count = rest.number<std::uint8_t>(); count > 0; --count) {
    const auto field = rest.number<std::uint8_t>();
    event.set(static_cast<Field>(field), rest.text());
  }
  event.input = rest.number<std::uint32_t>();
}

}  // namespace

void EventSorter::add(const WindowsEvent& event) { records_.add(encode(event)); }

bool EventSorter::next(WindowsEvent& event) {
  if (!records_.next(bytes_)) return false;
  decode(bytes_, event);
  return true;
}

}  // namespace curfew::windows
