// What lists of an environment's sessions tell, one after the other: which began, which are gone, and until
// when each was there. It outlives a restart: each session is a memory of the host's.
//
//   SessionWatch watch(ground, {.oldest_start = 1h});
//   Batch batch = watch.take(page, listed_at);           // on the thread of poll
//   watch.seen(page, listed_at);                          // any thread: what a probe's own list showed
//   const auto end = watch.last_listed("4711@1772460000000000");
//
// That a session is listed is no activity of a person. That one is gone says neither why nor that its person
// can't come back, so its end is inferred.
//
// Threads: any. Owns: what it knows. Fails: plugin::Failure where an environment has too many sessions.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/providers/business_central/sessions.hpp"

namespace curfew::oauth::business_central {

class SessionWatch {
 public:
  struct Options {
    plugin::Duration oldest_start{0};  // what began before that is not told as a sign-in any more
    std::string application;
  };
  SessionWatch(const Ground& ground, Options options) : ground_(ground), options_(std::move(options)) {}

  void recall(std::string_view key, std::string_view value);
  [[nodiscard]] Batch take(const SessionPage& page, plugin::Time at);
  void seen(const SessionPage& page, plugin::Time at);

  // Nothing: it was never seen here, or so long ago that it is forgotten.
  [[nodiscard]] std::optional<plugin::Time> last_listed(const std::string& id) const;

  // Without upper and lower case: names are the same in both.
  [[nodiscard]] static std::string lowered(std::string_view user);

 private:
  struct Known {
    plugin::Time listed{};  // the last time
    plugin::Time until{};   // of the host's memory
    bool gone = false;
  };
  void tell(Batch& batch, const ServerSession& session, plugin::Time at, bool is_back) const;
  [[nodiscard]] static Memory memory_of(const std::string& id, const Known& known);

  const Ground& ground_;
  Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace curfew::oauth::business_central
