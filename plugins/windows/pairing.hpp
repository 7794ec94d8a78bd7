// Which records are one session: logons and logoffs paired, UAC's twins joined, unlocks and reconnects told
// from sign-ins, noise left out. Pure: no clock, no I/O.
//
//   Pairing pairing(settings, sink);
//   pairing.add(event); …            // times may run backwards by up to `settle`
//   pairing.finish();
//
// The rules, in the order in which a logon (4624) meets them, are in docs/connectors/windows.md. Each logon
// has one fate: it opens a session, is joined to one for a reason, or is left out for a reason; the sink is
// told each, so the sums agree to the last one.
//
// Events wait for `settle` of event time, sorted, before they are judged: the record that decides what a
// logon is (4672, its twin, the RDP logon after its network leg) comes shortly after it.
//
// Threads: one. Owns: live logons. Fails: never.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/adfs/adfs_settings.hpp"
#include "plugins/windows/event.hpp"
#include "plugins/windows/smb/smb_sessions.hpp"

namespace curfew::windows {

// An observation to be, with its texts.
struct Finding {
  plugin::Type type = plugin::Type::Activity;
  Time at{};
  std::string key;
  std::string session;  // clear id: "computer/boot/logon id"
  std::string handle;   // "COMPUTER/0x3e8a1"
  std::string sid, account, upn, distinguished_name;
  plugin::AccountType account_type = plugin::AccountType::Unknown;
  plugin::AuthMethod method = plugin::AuthMethod::Unknown;
  plugin::Interactivity interactivity = plugin::Interactivity::Unknown;
  plugin::EndReason end_reason = plugin::EndReason::Unknown;
  bool end_inferred = false;  // no record states this end
  std::uint32_t count = 1;
  bool fresh = false;
  bool privileged = false;
  std::uint8_t factors = 0;  // that were asked for; 0: not told
  Time expires{};
  std::string device, address, user_agent, application, failure;
};

enum class Fate : std::uint8_t {
  Session,   // a logon that opened a session
  Joined,    // a logon that belongs to a session
  Filtered,  // a logon that is nobody's session
  Other,     // a record besides logons that says nothing of a session, and why
  Adfs,      // an audit of AD FS, and what it was
};

class PairingSink {
 public:
  virtual ~PairingSink() = default;
  virtual void found(Finding&& finding) = 0;
  // `input` of the record, and what became of it.
  virtual void judged(std::uint32_t input, Fate fate, std::string_view reason) = 0;
};

struct PairingSettings {
  Duration settle = std::chrono::seconds(5);
  Duration network_window = std::chrono::minutes(5);
  // A stated end is dated back to the last record before a crash, at most so far.
  Duration furthest_back = std::chrono::hours(24 * 366);
  bool keep_machines = false;  // computer and service accounts are sessions too
  bool smb = false;            // SMB sessions of a Samba server one by one, by its listings
  adfs::AdfsSettings adfs;
};

class Pairing {
 public:
  Pairing(PairingSettings settings, PairingSink& sink);
  ~Pairing();

  // Whether records of this id say anything to the pairing.
  [[nodiscard]] static bool uses(const WindowsEvent& event);

  void add(WindowsEvent&& event);
  // What the Samba server says that it has; judged when event time has come past it.
  void add_listing(SmbListing&& listing);
  // Event time has come to `now`: what waited long enough is judged.
  void advance(Time now);
  void finish();
  // Up to here everything was judged.
  [[nodiscard]] Time horizon() const;

  // What lives, for a restart: keys and values that `restore` takes back. `dirty` are those that changed
  // since the last call; an empty value means gone.
  [[nodiscard]] std::map<std::string, std::string> take_changes();
  void restore(std::string_view key, std::string_view value);
  // SMB sessions of which something is new since the last call.
  [[nodiscard]] std::vector<SmbChange> take_smb_changes();
  [[nodiscard]] std::size_t live() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::windows
