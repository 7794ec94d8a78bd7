// Any bytes as a Samba server's log: line by line through the reader of full_audit, then as a whole, with the
// sign-ins among them, through the pairing. A line is told to the sink once or is left to others; a record
// has a time, a process and texts that the host takes.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/windows/coverage.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/pairing.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"

namespace {

using namespace curfew::windows;

void require(bool held) {
  if (!held) std::abort();
}

void check(const WindowsEvent& event) {
  require(event.time > Time{});
  const std::string_view operation = event.get(Field::Service);
  require(operation == "connect" || operation == "disconnect");
  const std::string_view process = event.get(Field::Process);
  std::uint64_t pid = 0;
  const auto read = std::from_chars(process.data(), process.data() + process.size(), pid);
  require(read.ec == std::errc() && read.ptr == process.data() + process.size() && pid != 0);
  require(!clean_address(event.get(Field::IpAddress)).empty());
  for (const Field field : {Field::TargetUserName, Field::TargetDomainName, Field::IpAddress, Field::Service})
    require(is_clean_utf8(event.get(field)) && event.get(field).size() <= 1024);
}

class Told final : public RecordSink {
 public:
  void event(WindowsEvent&& event) override {
    check(event);
    ++events;
  }
  void recovered(WindowsEvent&& /*event*/) override { std::abort(); }
  void recovered_torn() override { std::abort(); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    require(!place.empty() && !why.empty() && records == 1);
    ++others;
  }
  void other_line() override { ++others; }
  int events = 0;
  int others = 0;
};

void by_lines(std::string_view text) {
  FullAuditReader reader;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view trimmed = trim(line);
    Told told;
    const bool taken = reader.line(trimmed, "line", told);
    const bool is_heading = trimmed.starts_with('[');
    require(told.events + told.others <= (taken ? 1 : 0));
    require(!taken || told.events + told.others == 1 || is_heading);
  }
}

class Paired final : public RecordSink, public PairingSink {
 public:
  void event(WindowsEvent&& event) override {
    if (event.provider == full_audit_provider) check(event);
    coverage_.count(0, event);
    earliest_ = std::min(earliest_, event.time);
    if (Pairing::uses(event)) pairing_.add(std::move(event));
  }
  void recovered(WindowsEvent&& /*event*/) override {}
  void recovered_torn() override {}
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    coverage_.count_unreadable(0, place, why, records);
  }
  void other_line() override { coverage_.count_other_line(0); }
  void found(Finding&& finding) override {
    require(!finding.key.empty() && is_clean_utf8(finding.key) && is_clean_utf8(finding.session));
    // Other records than full_audit's may be of any year; what a source may say is the core's to admit.
    require(finding.at >= earliest_);
  }
  void judged(std::uint32_t input, Fate fate, std::string_view reason) override {
    coverage_.judged(input, fate, reason);
  }
  void whole(std::string_view text) {
    coverage_.add_input("fuzz");
    InputLimits limits;
    limits.expanded_bytes = limits.entry_bytes = 1U << 20U;
    limits.entries = 16;
    read_bytes(text, *this, limits);
    pairing_.finish();
    require(!coverage_.to_json().empty());
  }

 private:
  static PairingSettings settings() {
    PairingSettings out;
    out.smb = true;
    return out;
  }
  Coverage coverage_;
  Time earliest_ = Time::max();
  Pairing pairing_{settings(), *this};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  by_lines(text);
  Paired().whole(text);
  return 0;
}
