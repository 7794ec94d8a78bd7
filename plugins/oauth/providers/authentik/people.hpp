// The people of an authentik installation: their sessions, tokens, accounts and groups.
//
//   People people(api);
//   people.has_session(handle, deadline);            // whether authentik still has it
//   people.end_sessions(user, deadline);
//
// authentik shows a person's tokens to superusers, and else to themselves alone: an empty list is believed
// from a superuser's token only.
//
// Threads: any, at once. Owns: nothing. Fails: plugin::Failure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/changes.hpp"
#include "plugins/oauth/providers/authentik/pages.hpp"

namespace curfew::oauth::authentik {

class People {
 public:
  explicit People(AdminApi& api) : api_(api) {}

  // One page of all sessions; beyond the last one there is none.
  [[nodiscard]] SessionPage sessions(std::size_t number, std::size_t size, AdminApi::Lane lane,
                                     plugin::Time deadline);
  // False: authentik says so to a superuser. One of somebody else is a Failure.
  [[nodiscard]] bool has_session(const PersonSession& about, plugin::Time deadline);
  // The same, whoever's it is.
  [[nodiscard]] bool is_there(const std::string& session, plugin::Time deadline);
  [[nodiscard]] bool has_tokens(const std::string& user, plugin::Time deadline);

  // False: there is none.
  [[nodiscard]] bool end_session(const std::string& session, plugin::Time deadline);
  // False: no such person.
  [[nodiscard]] bool end_sessions(const std::string& user, plugin::Time deadline);
  void end_tokens(const std::string& user, plugin::Time deadline);

  // `user` and `group` must live as long as what comes back.
  [[nodiscard]] Switch account(const std::string& user, plugin::Time deadline);
  [[nodiscard]] Switch membership(const std::string& user, const std::string& group, plugin::Time deadline);

 private:
  struct Person {
    bool exists = false;
    std::string name;
    bool is_active = false;
    std::vector<std::string> groups;
  };
  [[nodiscard]] Person find(const std::string& user, plugin::Time deadline);
  [[nodiscard]] bool is_absent(const ApiReply& reply) const;
  [[nodiscard]] std::optional<ListedSession> look(const std::string& session, plugin::Time deadline);
  void must_be_superuser(plugin::Time deadline);
  [[nodiscard]] TokenPage tokens(const char* kind, const std::string& user, plugin::Time deadline,
                                 std::size_t number);
  void end(const std::string& path, const char* what, plugin::Time deadline);

  AdminApi& api_;
};

}  // namespace curfew::oauth::authentik
