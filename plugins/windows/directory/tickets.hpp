// Which sessions rest on a Kerberos ticket of which account, through a restart. Digests and SIDs, no names.
//
//   Tickets tickets;
//   tickets.restore(key, value);                       // what the last run remembered
//   tickets.began(digest, "S-1-5-21-…-1104");  …  tickets.find(digest);  …  tickets.ended(digest);
//   for (const auto& [key, value] : tickets.take_changes()) host.remember(key, value, …);
//
// Beyond `most` sessions the oldest are forgotten: of those nothing is known. Threads: any; it locks itself.
// Owns: them. Fails: never; a remembered text that can't be read is left out.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "plugins/windows/directory/ticket_proof.hpp"

namespace curfew::windows {

struct Ticket {
  std::string sid;
  bool differed = false;     // one controller refused the account, and another didn't or couldn't be asked
  plugin::Time closed_at{};  // when all were first seen to refuse it after that
  friend bool operator==(const Ticket&, const Ticket&) = default;
};

class Tickets {
 public:
  explicit Tickets(std::size_t most = 200'000) : most_(most) {}

  void began(const std::string& session, std::string_view sid);
  void ended(const std::string& session);
  [[nodiscard]] std::optional<Ticket> find(const std::string& session) const;
  // What a look at all controllers found; the moment from which tickets count, as ticket_proof takes it.
  plugin::Time looked(const std::string& session, Agreement agreement, plugin::Time now);

  // False: the key is somebody else's.
  bool restore(std::string_view key, std::string_view value);
  // Empty values: forget.
  [[nodiscard]] std::map<std::string, std::string> take_changes();

 private:
  struct Kept {
    Ticket ticket;
    std::list<std::string>::iterator age;
  };
  void add(const std::string& session, Ticket ticket);
  void forget(const std::string& session);

  const std::size_t most_;
  mutable std::mutex mutex_;  // all below
  std::unordered_map<std::string, Kept> tickets_;
  std::list<std::string> by_age_;
  std::map<std::string, std::string> changes_;
};

}  // namespace curfew::windows
