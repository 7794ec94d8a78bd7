// A person's account in a realm: disabled for a time or for good, and enabled again only by who disabled it.
//
//   Accounts accounts(api, "/admin/realms/corp", "/var/lib/curfew/corp-keycloak.journal", "corp-keycloak");
//   accounts.disable("ef5e3428-…", order, deadline);
//
// What was done stands in the journal before it is sent. Threads: any; one change at a time. Owns: the
// journal. Fails: plugin::Failure.
#pragma once

#include <mutex>
#include <string>

#include "plugins/files/change_journal.hpp"
#include "plugins/oauth/admin_api.hpp"

namespace curfew::oauth::keycloak {

// Who wants it: the session that the order is about, and until when (Time{}: for good).
struct AccountOrder {
  std::string session;
  plugin::Time until{};
};

class Accounts {
 public:
  Accounts(AdminApi& api, std::string path, std::string journal, const std::string& source)
      : api_(api), path_(std::move(path)), journal_(std::move(journal), source) {}

  [[nodiscard]] plugin::Answer disable(const std::string& user, const AccountOrder& order,
                                       plugin::Time deadline);
  [[nodiscard]] plugin::Answer enable(const std::string& user, const AccountOrder& order,
                                      plugin::Time deadline);

 private:
  enum class Found { Enabled, Disabled, Absent };
  [[nodiscard]] Found find(const std::string& user, plugin::Time deadline);
  [[nodiscard]] bool set(const std::string& user, bool enabled, plugin::Time deadline);

  AdminApi& api_;
  std::string path_;
  std::mutex mutex_;
  files::ChangeJournal journal_;
};

}  // namespace curfew::oauth::keycloak
