// A provider's own administrative API as the settings describe it: what of a session is left there, how it is
// ended, and which relying parties have not taken its logout.
//
//   const Plan plan = read_plan(setting);
//   Administration administration(plan, api);
//   const Remains left = administration.remains_of("s-1", "u-17", deadline);
//   if (left.nothing()) …
//   plugin::Answer answer = administration.carry_out(plugin::Step::SignOutSession, "s-1", "u-17", deadline);
//
// Threads: any, at once. Owns: the plan. Fails: plugin::Failure; read_plan: Invalid with the setting. No text
// holds a session, a person, a path or a body; names of clients are the provider's own, and cut.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/oauth/providers/oidc/listing.hpp"
#include "plugins/oauth/providers/oidc/operator_api.hpp"

namespace curfew::oauth::oidc {

struct Plan {
  std::string url;
  OperatorAccess access;  // without its client
  std::string scope;
  plugin::Duration access_token_lifespan{0};
  std::optional<Listing> sessions;
  std::optional<Listing> grants;
  std::optional<Listing> undelivered;
  std::map<plugin::Step, std::vector<CallTemplate>> steps;
  std::vector<CallTemplate> send_again;
};

[[nodiscard]] Plan read_plan(const web::Setting& setting);

// What of a session the provider still has.
struct Remains {
  bool session = false;
  bool grant = false;
  std::vector<std::string> undelivered;  // clients, each once
  [[nodiscard]] bool nothing() const { return !session && !grant && undelivered.empty(); }
};

// The first few by name.
[[nodiscard]] std::string named(const std::vector<std::string>& clients);

class Administration {
 public:
  Administration(const Plan& plan, OperatorApi& api) : plan_(plan), api_(api) {}

  [[nodiscard]] Remains remains_of(const std::string& session, const std::string& subject,
                                   plugin::Time deadline);
  // All pages of one list about one person.
  [[nodiscard]] std::vector<Row> of_subject(const Listing& listing, const std::string& subject,
                                            plugin::Time deadline);
  // One page of everybody's; `page` is what the last one said, at first empty.
  [[nodiscard]] RowPage page_of_all(const Listing& listing, const std::string& page, plugin::Time deadline);

  [[nodiscard]] plugin::Answer carry_out(plugin::Step step, const std::string& session,
                                         const std::string& subject, plugin::Time deadline);
  // False: the settings don't say how.
  bool send_again(const std::string& session, const std::string& subject, plugin::Time deadline);

 private:
  [[nodiscard]] RowPage page(const Listing& listing, const CallTemplate& call, const std::string& subject,
                             const std::string& page, plugin::Time deadline);
  // How many found something to do.
  [[nodiscard]] std::size_t run(const std::vector<CallTemplate>& calls, const std::string& what,
                                const std::string& session, const std::string& subject,
                                plugin::Time deadline);

  const Plan& plan_;
  OperatorApi& api_;
};

}  // namespace curfew::oauth::oidc
