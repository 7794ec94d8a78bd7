// The people of an Auth0 tenant: their sessions, refresh tokens and accounts.
//
//   People people(api);
//   people.has(handle, deadline);               // whether Auth0 lists anything of the session
//   people.end_all(user, deadline);
//
// Auth0 accepts an end (202) and carries it out afterwards.
//
// Threads: any, at once. Owns: nothing. Fails: plugin::Failure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/changes.hpp"
#include "plugins/oauth/providers/auth0/log_events.hpp"

namespace curfew::oauth::auth0 {

class People {
 public:
  explicit People(AdminApi& api) : api_(api) {}

  [[nodiscard]] bool has_session(const Handle& handle, plugin::Time deadline);
  // Ids of those that came with the session.
  [[nodiscard]] std::vector<std::string> refresh_tokens(const Handle& handle, plugin::Time deadline);

  void end_session(const std::string& session, plugin::Time deadline);
  void revoke(const std::string& refresh_token, plugin::Time deadline);
  void end_all_sessions(const std::string& user, plugin::Time deadline);
  void revoke_all(const std::string& user, plugin::Time deadline);
  // `user` must live as long as what comes back.
  [[nodiscard]] Switch account(const std::string& user, plugin::Time deadline);

 private:
  // All pages of "/api/v2/users/<user>/<what>": the elements of `list`, each as its id and, of a refresh
  // token, its session's. Of somebody who is gone there are none.
  struct Row {
    std::string id;
    std::string session;
  };
  [[nodiscard]] std::vector<Row> rows(const std::string& user, const char* what, const char* list,
                                      const char* scope, plugin::Time deadline);
  void end(const std::string& path, const char* what, const char* scope, plugin::Time deadline);

  AdminApi& api_;
};

}  // namespace curfew::oauth::auth0
