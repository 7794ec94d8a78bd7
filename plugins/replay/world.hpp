// The simulated auth system behind a replayed script: which sessions live, whose they are, who is blocked.
// Probes and steps are answered from it, so that a proof found here means something.
//
// Threads: any; it locks itself. Owns: its sessions. Fails: never.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/replay/script.hpp"

namespace curfew::replay {

class World {
 public:
  struct Session {
    plugin::SessionDigest digest{};
    std::set<std::pair<std::string, std::string>> identifiers;
    plugin::Time started_at{};
    plugin::Time last_activity_at{};
    bool lives = false;
    bool ended_by_us = false;  // by a ladder step: the script's rest of it does not happen
    bool with_handle = false;
  };

  // What an event of the script comes to.
  enum class Happens { AsWritten, NotAtAll, SignInIsRefused };
  Happens apply(const Event& event, const plugin::SessionDigest& digest, plugin::Time at);

  // False: a step has ended it, the script's rest of it does not happen.
  [[nodiscard]] bool happens(const std::string& session) const;

  // Carries a step out; the clear ids of the sessions that it ended.
  std::vector<std::string> carry_out(const plugin::Action& action);
  void end(const std::string& session);

  // The clear id behind a digest; empty: never seen.
  [[nodiscard]] std::string find(const plugin::SessionDigest& digest) const;
  [[nodiscard]] bool lives(const std::string& session) const;
  [[nodiscard]] std::vector<std::pair<std::string, Session>> living() const;

 private:
  [[nodiscard]] static bool shares_a_name(const Session& session,
                                          const std::set<std::pair<std::string, std::string>>& names);
  [[nodiscard]] std::set<std::pair<std::string, std::string>> names_of(const plugin::Action& action) const;

  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;
  std::set<std::pair<std::string, std::string>> blocked_;
};

}  // namespace curfew::replay
