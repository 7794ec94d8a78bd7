#include "plugins/windows/smb/full_audit_reader.hpp"

#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

namespace curfew::windows {
namespace {

enum Part : std::uint8_t { User, Domain, Address, Machine, Share, Process, Operation, Result, part_count };
using Parts = std::array<std::string_view, part_count>;

// What follows the result may hold anything.
std::optional<Parts> split(std::string_view line) {
  Parts parts;
  for (std::size_t i = 0; i < part_count; ++i) {
    const auto bar = line.find('|');
    if (bar == std::string_view::npos && i + 1 < part_count) return std::nullopt;
    parts[i] = line.substr(0, bar);
    line = bar == std::string_view::npos ? std::string_view{} : line.substr(bar + 1);
  }
  return parts;
}

// One that a process can have: 0 stands for "not known yet", and would fit any.
bool is_process(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && number != 0;
}

// "[2026/11/22 10:08:52.748975,  1] …"
Time time_of(std::string_view heading) {
  const auto number = [&](std::size_t at, std::size_t size) -> int {
    int value = -1;
    if (heading.size() < at + size) return -1;
    const char* const first = heading.data() + at;
    const auto read = std::from_chars(first, first + size, value);
    return read.ec == std::errc() && read.ptr == first + size ? value : -1;
  };
  std::tm local{};
  local.tm_year = number(1, 4) - 1900;
  local.tm_mon = number(6, 2) - 1;
  local.tm_mday = number(9, 2);
  local.tm_hour = number(12, 2);
  local.tm_min = number(15, 2);
  local.tm_sec = number(18, 2);
  local.tm_isdst = -1;
  if (local.tm_year < 70 || local.tm_mon < 0 || local.tm_mday < 1 || local.tm_hour < 0 || local.tm_min < 0 ||
      local.tm_sec < 0)
    return {};
  const std::time_t seconds = std::mktime(&local);
  if (seconds <= 0) return {};
  const int micros = heading.size() > 20 && heading[20] == '.' ? number(21, 6) : 0;
  return Time{std::chrono::seconds(seconds) + Duration(micros < 0 ? 0 : micros)};
}

}  // namespace

bool FullAuditReader::line(std::string_view line, std::string_view place, RecordSink& sink) {
  if (line.size() > 1 && line.front() == '[' && line[1] >= '0' && line[1] <= '9') {
    const bool ours = line.find(full_audit_source) != std::string_view::npos;
    heading_ = ours ? time_of(line) : Time{};
    return ours;
  }
  const Time time = std::exchange(heading_, Time{});
  const auto parts = split(line);
  const bool told = parts && ((*parts)[Operation] == "connect" || (*parts)[Operation] == "disconnect") &&
                    is_process((*parts)[Process]) && !clean_address((*parts)[Address]).empty();
  if (!told) {
    if (time == Time{}) return false;
    // Other operations may be audited as well; they say nothing of a session.
    if (parts && is_process((*parts)[Process])) {
      sink.other_line();
    } else {
      sink.unreadable(place, "a full_audit record whose prefix is not %u|%D|%I|%m|%S|%d");
    }
    return true;
  }
  if (time == Time{}) {
    sink.unreadable(place, "a full_audit record without its heading, so without a time");
    return true;
  }
  WindowsEvent event;
  event.time = time;
  event.origin = Origin::Samba;
  event.channel = "samba-shares";
  event.provider = full_audit_provider;
  event.computer = "samba";
  event.failure = !(*parts)[Result].starts_with("ok");
  const std::string_view user = (*parts)[User];
  const auto slash = user.find('\\');
  event.set(Field::TargetUserName, slash == std::string_view::npos ? user : user.substr(slash + 1));
  event.set(Field::TargetDomainName, (*parts)[Domain]);
  event.set(Field::IpAddress, (*parts)[Address]);
  event.set(Field::Service, (*parts)[Operation]);
  event.set(Field::Process, (*parts)[Process]);
  sink.event(std::move(event));
  return true;
}

}  // namespace curfew::windows
