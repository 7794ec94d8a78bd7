// Ends SMB sessions at a Samba server, one or all of a person, each by its process, and says whether one is
// there.
//
//   SmbSessions sessions(settings);
//   sessions.know(digest, change);                    // as the pairing tells them
//   sessions.act(action);                             // smbcontrol <process> shutdown; of a subject: of each
//   sessions.prove(probe) == Liveness::Dead           // not in smbstatus any more, and it was there before
//
// A process is asked for anew each time: only one that has the session's own endpoint is ended, and none that
// carries somebody else's session too. Threads: any. Owns: what is known of live sessions, and of the last
// `most_ended` that ended. Fails: prove throws plugin::Failure where nothing can be said.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/accounts.hpp"
#include "plugins/windows/program.hpp"
#include "plugins/windows/smb/listing.hpp"
#include "plugins/windows/smb/smb_settings.hpp"

namespace curfew::windows {

// What the pairing learnt of one.
struct SmbChange {
  std::string session;  // clear id
  std::string endpoint;
  SmbProcess process;
  bool listed = false;  // the server itself has named it
  bool ended = false;
  Account account{};  // whose
};

class SmbSessions {
 public:
  explicit SmbSessions(SmbSettings settings) : settings_(std::move(settings)) {}

  void know(const plugin::SessionDigest& digest, const SmbChange& change);
  [[nodiscard]] bool knows(const plugin::SessionDigest& digest) const;
  // Whether this step is one of those that act() knows.
  [[nodiscard]] static bool carries_out(plugin::Step step) {
    return step == plugin::Step::SignOutSession || step == plugin::Step::SignOutSubject;
  }
  [[nodiscard]] plugin::Answer act(const plugin::Action& action);
  [[nodiscard]] plugin::Liveness prove(const plugin::Probe& probe);
  // Ends what runs.
  void stop() noexcept { stop_.set(); }
  [[nodiscard]] const SmbSettings& settings() const { return settings_; }

 private:
  static constexpr std::size_t most_ended = 20'000;
  struct Known {
    std::string endpoint;
    SmbProcess process;
    bool listed = false;
    bool ended = false;
    Account account{};
  };
  static std::string key_of(const plugin::SessionDigest& digest);
  [[nodiscard]] std::optional<Known> find(const plugin::SessionDigest& digest) const;
  // Live ones of whoever has one of these names, by key.
  [[nodiscard]] std::vector<std::pair<std::string, Known>> sessions_of(
      std::span<const plugin::Identifier> names) const;
  // The session's own line, if it is there; and then known to have been.
  const ListedSmb* place(const SmbListing& listing, const std::string& key, const Known& known);
  // Those that the server still has.
  [[nodiscard]] plugin::Answer end(const std::vector<std::pair<std::string, Known>>& sessions,
                                   plugin::Time deadline);
  [[nodiscard]] plugin::Answer end_process(std::uint64_t process, plugin::Time deadline) const;

  SmbSettings settings_;
  StopSignal stop_;
  mutable std::mutex mutex_;  // known, ended
  std::unordered_map<std::string, Known> known_;
  std::deque<std::string> ended_;
};

}  // namespace curfew::windows
