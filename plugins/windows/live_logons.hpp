// The logons and sessions that live, as the pairing knows them; and how they survive a restart.
// Threads: one. Owns: all of them. Fails: never; a remembered text that can't be read is left out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/windows/accounts.hpp"
#include "plugins/windows/event.hpp"
#include "plugins/windows/smb/listing.hpp"

namespace curfew::windows {

struct LiveSession {
  enum class Kind : std::uint8_t { Interactive, Network, Batch, Smb };

  std::string id;  // clear: computer/boot/logon id
  std::string handle;
  std::string computer;  // lower case
  Account account;
  plugin::AccountType account_type = plugin::AccountType::Unknown;
  std::uint32_t logon_type = 0;
  Kind kind = Kind::Interactive;
  Time started{};
  Time last{};
  std::string address;
  std::string application;
  std::vector<std::uint64_t> open;  // logon ids that did not log off yet
  bool has_twin = false;
  bool elevated = false;  // its first token
  bool numbered = true;   // has logon ids, so that logoffs can be seen
  // Of an SMB session that is seen one by one:
  std::string endpoint;
  SmbProcess process;
  bool is_listed = false;      // the server's list had it
  std::uint32_t absences = 0;  // lists without it, one after the other; not kept through a restart
  std::uint32_t shares = 0;    // connected, of those that are audited
  Time left_at{};              // its last share
};

struct LogonKey {
  std::string computer;
  std::uint64_t id = 0;
  friend bool operator==(const LogonKey&, const LogonKey&) = default;
};
struct LogonKeyHash {
  std::size_t operator()(const LogonKey& key) const noexcept {
    return std::hash<std::string>()(key.computer) ^ (key.id * 0x9E3779B97F4A7C15U);
  }
};

struct Logon {
  std::string session;  // empty: of a session that was not seen
  Time at{};
  bool of_unlock = false;  // its logoff ends nothing: of an unlock, or of a session that ended
};

struct Boot {
  Time at{};
  std::uint32_t marker = 0;  // the event id that told
};

class LiveLogons {
 public:
  // A session that begins, or that was found alive without its beginning.
  LiveSession& open(LiveSession session);
  [[nodiscard]] LiveSession* find(const std::string& session_id);
  [[nodiscard]] const Logon* logon(const LogonKey& key) const;
  void add_logon(const LogonKey& key, Logon logon);
  void drop_logon(const LogonKey& key);
  void end(LiveSession& session);
  // The newest of the account's interactive sessions on the computer.
  [[nodiscard]] LiveSession* interactive(const std::string& computer, const std::string& account);
  [[nodiscard]] LiveSession* network(const std::string& computer, const std::string& account,
                                     const std::string& address);
  [[nodiscard]] std::vector<LiveSession*> of_computer(const std::string& computer);
  void forget_computer(const std::string& computer);  // its logon ids: another boot uses them anew

  [[nodiscard]] Boot boot(const std::string& computer) const;
  void set_boot(const std::string& computer, Boot boot);

  void changed(const LiveSession& session);
  [[nodiscard]] std::map<std::string, std::string> take_changes();
  // The session, if it was one.
  LiveSession* restore(std::string_view key, std::string_view value);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  static std::string place(const std::string& computer, const std::string& account,
                           const std::string& address = {});

  std::map<std::string, LiveSession> sessions_;  // by id: ordered, so that what ends together has one order
  std::unordered_map<LogonKey, Logon, LogonKeyHash> logons_;
  std::unordered_map<std::string, std::vector<std::string>> interactive_;
  std::unordered_map<std::string, std::string> network_;
  std::unordered_map<std::string, Boot> boots_;
  std::map<std::string, std::string> changes_;
};

}  // namespace curfew::windows
