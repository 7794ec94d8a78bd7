// An identity provider that has a log of what happened and an API for its people, as LogAndPeople wants it:
// what is the provider's own. All else (cursor, gaps, clocks, orders at work, proofs in time, accounts that
// are switched off and on) is LogAndPeople's.
//
// Threads: read on the thread of poll; the others from any, at once, meanwhile. Fails: plugin::Failure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/changes.hpp"
#include "plugins/oauth/log_and_people/live_log.hpp"
#include "plugins/oauth/log_cursor.hpp"
#include "plugins/oauth/provider.hpp"

namespace curfew::oauth {

// Calls of the log that begin in time may last so much longer.
inline constexpr plugin::Duration calls_last = std::chrono::seconds(6);

struct ServiceFacts {
  std::string name;   // in settings and coverage: "okta"
  std::string title;  // in sentences: "Okta"
  std::string place;  // "organization", "tenant"
  LiveNames names;
  std::string issuer;  // of tokens; empty: it has more than one
  std::vector<std::string> shows_not;
  std::vector<plugin::Step> ends;  // what end_some does
  plugin::Duration access_token_lifetime{0};
  bool lists_sessions = false;
  // A token says of which session it is: that one lives shows that the session's id is right.
  bool tokens_name_sessions = false;
};

// Some of the log.
struct Portion {
  LogPage page;
  LogCursor next;        // behind it
  bool is_part = false;  // of a reading that is not whole yet: it has nothing, and the cursor stays
  bool caught_up = false;
  plugin::Time at{};  // by the provider's clock, when it was caught up; Time{}: it does not say
  std::string gap;    // why records are missing; empty: none are
  std::vector<Memory> memories;
};

class Service {
 public:
  Service() = default;
  virtual ~Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] virtual const ServiceFacts& facts() const = 0;
  [[nodiscard]] virtual AdminApi& api() = 0;
  // The user is empty where it is none of ours.
  [[nodiscard]] virtual PersonSession read_handle(std::string_view handle) const = 0;

  [[nodiscard]] virtual Portion read(const LogCursor& from, plugin::Time deadline) = 0;
  virtual void recall(std::string_view /*key*/, std::string_view /*value*/) {}

  [[nodiscard]] virtual bool has_session(const PersonSession& about, plugin::Time deadline) = 0;
  // Whether something lives with which tokens of the session are had, that was given out by then (by the
  // provider's clock).
  [[nodiscard]] virtual bool has_tokens(const PersonSession& about, plugin::Time by,
                                        plugin::Time deadline) = 0;
  // Whether it finds another session now: then that this one isn't found says that it is gone.
  [[nodiscard]] virtual bool finds_another(const PersonSession& /*about*/, plugin::Time /*deadline*/) {
    return false;
  }

  // Ends all that the person has.
  [[nodiscard]] virtual plugin::Answer end_all(const std::string& user, plugin::Time deadline) = 0;
  // `user` must live as long as what comes back.
  [[nodiscard]] virtual Switch account(const std::string& user, plugin::Time deadline) = 0;
  // One of facts().ends.
  [[nodiscard]] virtual plugin::Answer end_some(plugin::Step step, const PersonSession& about,
                                                const std::string& user, plugin::Time deadline) = 0;
  // What suspend_access takes away, and the journal's name for it; an empty one: nothing is configured.
  struct Access {
    std::string key;
    Switch change;
  };
  [[nodiscard]] virtual Access access(const std::string& /*user*/, plugin::Time /*deadline*/) { return {}; }
  virtual void list(const std::function<bool(const LiveSession&)>& /*each*/, plugin::Time /*deadline*/) {
    throw plugin::Failure(plugin::Code::Unsupported, facts().title + "'s API lists no sessions");
  }
};

}  // namespace curfew::oauth
