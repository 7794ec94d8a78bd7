// Events for tests, by the fields that matter.
//
//   Play play;
//   play.logon(at(0), "WS1", "alice", 2, 0x100).logoff(at(60), "WS1", "alice", 2, 0x100);
//   play.run(); play.findings …
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/coverage.hpp"
#include "plugins/windows/pairing.hpp"

namespace curfew::windows {

inline Time at(double seconds) {
  return Time{Duration{1'800'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e6)}};
}

inline std::string hex(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

struct LogonOptions {
  std::uint64_t linked = 0;
  bool elevated = false;
  std::string_view address = "-";
  std::uint8_t version = 2;
  std::string_view sid = "S-1-5-21-1-2-3-1001";
  std::string_view process = "User32 ";
};

class Play final : private PairingSink {
 public:
  using Fields = std::initializer_list<std::pair<Field, std::string_view>>;

  Play& add(Time time, std::string_view computer, std::uint32_t id, Fields fields, std::uint8_t version = 0) {
    WindowsEvent event;
    event.time = time;
    event.computer = computer;
    event.channel = "Security";
    event.provider =
        id >= 1100 && id <= 1102 ? "Microsoft-Windows-Eventlog" : "Microsoft-Windows-Security-Auditing";
    event.event_id = id;
    event.version = version;
    event.record_id = ++record_;
    for (const auto& [field, value] : fields) event.set(field, value);
    events_.push_back(std::move(event));
    return *this;
  }
  Play& logon(Time time, std::string_view computer, std::string_view user, std::uint32_t type,
              std::uint64_t id, LogonOptions options = {}) {
    return add(time, computer, 4624,
               {{Field::TargetUserName, user},
                {Field::TargetDomainName, "CORP"},
                {Field::TargetUserSid, options.sid},
                {Field::TargetLogonId, hex(id)},
                {Field::LogonType, std::to_string(type)},
                {Field::TargetLinkedLogonId, options.version >= 2 ? hex(options.linked) : std::string()},
                {Field::ElevatedToken, options.version >= 2 ? (options.elevated ? "%%1842" : "%%1843") : ""},
                {Field::LogonProcessName, options.process},
                {Field::AuthenticationPackageName, "Negotiate"},
                {Field::IpAddress, options.address}},
               options.version);
  }
  Play& privileges(Time time, std::string_view computer, std::string_view user, std::uint64_t id) {
    return add(time, computer, 4672, {{Field::SubjectUserName, user}, {Field::SubjectLogonId, hex(id)}});
  }
  Play& logoff(Time time, std::string_view computer, std::string_view user, std::uint32_t type,
               std::uint64_t id) {
    return add(time, computer, 4634,
               {{Field::TargetUserName, user},
                {Field::TargetLogonId, hex(id)},
                {Field::LogonType, std::to_string(type)}});
  }
  Play& sign_out(Time time, std::string_view computer, std::string_view user, std::uint64_t id) {
    return add(time, computer, 4647, {{Field::TargetUserName, user}, {Field::TargetLogonId, hex(id)}});
  }
  Play& remote(Time time, std::uint32_t event_id, std::string_view computer, std::string_view user,
               std::uint64_t id, std::string_view address) {
    return add(time, computer, event_id,
               {{Field::AccountName, user},
                {Field::LogonID, hex(id)},
                {Field::SessionName, "RDP-Tcp#3"},
                {Field::ClientName, "LAPTOP"},
                {Field::ClientAddress, address}});
  }

  Play& run(PairingSettings settings = {}) {
    Pairing pairing(settings, *this);
    for (const WindowsEvent& event : events_) pairing.add(WindowsEvent(event));
    pairing.finish();
    live = pairing.live();
    return *this;
  }

  [[nodiscard]] std::vector<Finding> of(plugin::Type type) const {
    std::vector<Finding> some;
    for (const Finding& finding : findings) {
      if (finding.type == type) some.push_back(finding);
    }
    return some;
  }
  [[nodiscard]] std::uint64_t sessions() const { return fates_of(Fate::Session, ""); }
  [[nodiscard]] std::uint64_t joined(std::string_view reason) const { return fates_of(Fate::Joined, reason); }
  [[nodiscard]] std::uint64_t filtered(std::string_view reason) const {
    return fates_of(Fate::Filtered, reason);
  }
  [[nodiscard]] std::uint64_t other(std::string_view reason) const { return fates_of(Fate::Other, reason); }

  std::vector<Finding> findings;
  std::size_t live = 0;

 private:
  void found(Finding&& finding) override { findings.push_back(std::move(finding)); }
  void judged(std::uint32_t, Fate fate, std::string_view reason) override {
    ++fates_[{fate, std::string(reason)}];
  }
  [[nodiscard]] std::uint64_t fates_of(Fate fate, std::string_view reason) const {
    const auto found = fates_.find({fate, std::string(reason)});
    return found == fates_.end() ? 0 : found->second;
  }

  std::vector<WindowsEvent> events_;
  std::map<std::pair<Fate, std::string>, std::uint64_t> fates_;
  std::uint64_t record_ = 0;
};

}  // namespace curfew::windows
