#include "plugins/windows/record_kinds.hpp"

namespace curfew::windows {
namespace {

bool is_provider(const WindowsEvent& event, std::string_view name) {
  return equal_ignoring_case(event.provider, name);
}

}  // namespace

bool starts_up(const WindowsEvent& event) {
  switch (event.event_id) {
    case 4608:
      return event.is_security();
    case 6005:
      return is_provider(event, "EventLog");
    case 12:
      return is_provider(event, "Microsoft-Windows-Kernel-General");
    default:
      return false;
  }
}

bool shuts_down(const WindowsEvent& event) {
  switch (event.event_id) {
    case 1100:
      return is_provider(event, "Microsoft-Windows-Eventlog");
    case 6006:
      return is_provider(event, "EventLog");
    case 13:
      return is_provider(event, "Microsoft-Windows-Kernel-General");
    default:
      return false;
  }
}

std::string to_hex(std::uint64_t number) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[number & 15U]);
    number >>= 4U;
  } while (number != 0);
  return "0x" + text;
}

Order order_of(const WindowsEvent& event) {
  return {event.time,     event.computer, event.record_id,
          event.event_id, event.position, event.logon_id(Field::TargetLogonId)};
}

std::uint64_t content_of(const WindowsEvent& event) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  const auto mix = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    hash = (hash ^ 0x1FU) * 0x100000001B3U;
  };
  for (std::size_t i = 0; i < field_count; ++i) mix(event.get(static_cast<Field>(i)));
  return hash;
}

}  // namespace curfew::windows
