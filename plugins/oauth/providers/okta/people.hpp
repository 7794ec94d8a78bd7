// The people of an Okta organization: their sessions, refresh tokens and accounts.
//
//   People people(api);
//   people.session(handle, deadline);            // whether Okta still has it
//   people.end_all(user, deadline);
//
// Threads: any, at once. Owns: nothing. Fails: plugin::Failure.
#pragma once

#include <string>

#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/changes.hpp"
#include "plugins/oauth/providers/okta/log_events.hpp"

namespace curfew::oauth::okta {

class People {
 public:
  explicit People(AdminApi& api) : api_(api) {}

  // False: Okta says that there is none. One of somebody else is a Failure.
  [[nodiscard]] bool has_session(const Handle& handle, plugin::Time deadline);
  // Whether a refresh token of the person lives that was given out by then.
  [[nodiscard]] bool has_refresh_token(const std::string& user, plugin::Time by, plugin::Time deadline);
  // False: there is none, or no such person.
  [[nodiscard]] bool end_session(const std::string& session, plugin::Time deadline);
  [[nodiscard]] bool end_all(const std::string& user, plugin::Time deadline);
  // `user` must live as long as what comes back.
  [[nodiscard]] Switch account(const std::string& user, plugin::Time deadline);

 private:
  [[nodiscard]] bool is_absent(const ApiReply& reply) const;

  AdminApi& api_;
};

}  // namespace curfew::oauth::okta
