// A realm's sessions: which live, online and offline, how they are ended, and when nothing of one is left.
//
//   Sessions sessions(api, "/admin/realms/corp");
//   sessions.end("f3067af0-…", deadline);            // both forms
//   sessions.gone_for("f3067af0-…", "ef5e3428-…", deadline);
//
// One session has an online form (the browser's single sign-on) and, with offline_access, an offline one of
// the same id, which outlives it. Access tokens (JWTs) outlive both: whoever checks them without asking
// Keycloak takes them until they expire.
//
// A session's `subject` is Keycloak's id of the person alone.
//
// Threads: any, at once. Owns: since when sessions are gone. Fails: plugin::Failure.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::keycloak {

class Sessions {
 public:
  Sessions(AdminApi& api, std::string path) : api_(api), path_(std::move(path)) {}

  // Of one person, both forms, each id once. A person that Keycloak does not have has none.
  [[nodiscard]] std::vector<LiveSession> of_user(const std::string& user, plugin::Time deadline);
  // Until `each` says false.
  void all(const std::function<bool(const LiveSession&)>& each, plugin::Time deadline);

  // Ok, or NotFound: it was not there (any more).
  [[nodiscard]] plugin::Answer end_online(const std::string& id, plugin::Time deadline);
  [[nodiscard]] plugin::Answer end(const std::string& id, plugin::Time deadline);
  // What was granted to a person until now: Keycloak takes no token that was issued before its not-before of
  // the person. The call that sets it ends the online sessions; offline ones stand in its lists, and renew
  // nothing by what was issued before (to the second).
  [[nodiscard]] plugin::Answer revoke_tokens_of(const std::string& user, plugin::Time deadline);
  // All of a person's, offline ones too.
  [[nodiscard]] plugin::Answer end_all_of(const std::string& user, plugin::Time deadline);

  // How long this process has not found it, this time counted; nothing: it is there.
  [[nodiscard]] std::optional<plugin::Duration> gone_for(const std::string& id, const std::string& user,
                                                         plugin::Time deadline);

 private:
  using Clock = std::chrono::steady_clock;
  using Each = std::function<bool(const LiveSession&)>;
  [[nodiscard]] bool page(const std::string& where, std::size_t first, std::size_t& count, const Each& each,
                          plugin::Time deadline);
  void listed(const std::string& where, const Each& each, plugin::Time deadline);
  [[nodiscard]] std::vector<LiveSession> online_of(const std::string& user, plugin::Time deadline);
  [[nodiscard]] std::vector<LiveSession> offline_of(const std::string& user, plugin::Time deadline);
  [[nodiscard]] bool remove(const std::string& id, bool is_offline, plugin::Time deadline);
  struct LoggedOut {
    bool found = false;
    plugin::Time at{};  // by Keycloak's clock; Time{}: it does not say
  };
  [[nodiscard]] LoggedOut log_out(const std::string& user, plugin::Time deadline);
  [[nodiscard]] plugin::Time not_before_of(const std::string& user, plugin::Time deadline);

  AdminApi& api_;
  std::string path_;
  std::mutex mutex_;
  std::unordered_map<std::string, Clock::time_point> gone_;
  std::list<std::string> gone_order_;
};

}  // namespace curfew::oauth::keycloak
