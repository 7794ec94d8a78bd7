// A connector's acts, proofs and lists on a store: takes the digests that Curfew knows, finds the clear ids.
//
//   Sessions sessions(make_store(json), [&](std::string_view id) { return host.digest(id); }, "user");
//   sessions.seen("8bf07fc7-…", "carol");              // from the access log, for each line of a session
//   Answer act(const Action& action) { return sessions.act(action); }
//   Liveness prove(const Probe& probe) { return sessions.prove(probe); }
//   void list_sessions(const SessionList& list) { sessions.list(list); }
//
// Clear ids are kept in memory only, the latest `most_ids`; an older one is found again by listing the store.
//
// Threads: any, at once. Owns: the store. Fails: plugin::Failure; unknown liveness is one too (Unavailable,
// or NotFound for an id that nobody can find), as its text says why.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/forms/stores/session_ids.hpp"
#include "plugins/forms/stores/store.hpp"

namespace curfew::forms {

struct SessionsOptions {
  std::size_t most_ids = 200'000;
  // Of a failed act, while its deadline lasts: acts are deletions, and may be repeated.
  int tries = 4;
  plugin::Duration first_pause = std::chrono::milliseconds(200);
};

class Sessions {
 public:
  using Digest = std::function<plugin::SessionDigest(std::string_view)>;

  // `name_space`: of the identifiers that are the application's own names of its people; empty: any.
  Sessions(std::unique_ptr<Store> store, Digest digest, std::string name_space, SessionsOptions options = {});

  // Subject: empty if this line doesn't say. A newer subject of the same id replaces the older.
  void seen(std::string_view id, std::string_view subject);

  [[nodiscard]] plugin::Answer act(const plugin::Action& action);
  [[nodiscard]] plugin::Liveness prove(const plugin::Probe& probe);
  // Only sessions whose person is known, from the store or from `seen`: an application has anonymous ones
  // too.
  void list(const plugin::SessionList& list);
  [[nodiscard]] Abilities abilities() const noexcept;

  // Ends what is waiting between two tries.
  void stop();

 private:
  struct Search {
    std::optional<SessionName> name;
    bool listed_all = false;  // the store showed all that it has
  };
  [[nodiscard]] Search find(const plugin::SessionDigest& digest, plugin::Time deadline);
  [[nodiscard]] plugin::Answer end_subject(const plugin::Action& action);
  [[nodiscard]] std::vector<std::string> names_in(const plugin::Action& action) const;
  [[nodiscard]] plugin::Answer with_retries(plugin::Time deadline,
                                            const std::function<plugin::Answer()>& attempt);

  std::unique_ptr<Store> store_;
  Digest digest_;
  std::string name_space_;
  SessionsOptions options_;
  SessionIds ids_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

}  // namespace curfew::forms
