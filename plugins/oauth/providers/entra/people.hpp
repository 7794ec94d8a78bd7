// The people of a tenant as Graph shows and changes them: whether one is external, since when tokens count,
// the account, a group, a licence.
//
//   People people(graph);
//   const Person person = people.find(object_id, deadline);
//   people.revoke(object_id, deadline);
//
// Threads: any, at once. Owns: nothing. Fails: plugin::Failure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/oauth/changes.hpp"
#include "plugins/oauth/providers/entra/graph_api.hpp"

namespace curfew::oauth::entra {

struct Person {
  bool exists = false;
  bool is_external = false;  // signs in at a tenant of their own
  bool enabled = false;
  // Refresh tokens and browser sessions from before it are refused; nothing: none ever were.
  std::optional<plugin::Time> valid_from;
  plugin::Time asked_at{};  // by Graph's clock; Time{}: it does not say
};

class People {
 public:
  explicit People(GraphApi& api) : api_(api) {}

  [[nodiscard]] Person find(const std::string& user, plugin::Time deadline);
  // False: there is no such person.
  [[nodiscard]] bool revoke(const std::string& user, plugin::Time deadline);
  // `user` and `group` must live as long as what comes back.
  [[nodiscard]] Switch account(const std::string& user, plugin::Time deadline);
  [[nodiscard]] Switch membership(const std::string& user, const std::string& group, plugin::Time deadline);
  // `sku`, as long as that too: a licence, with those of its plans that are switched off.
  [[nodiscard]] Switch licence(const std::string& user, const std::string& sku, plugin::Time deadline);

 private:
  [[nodiscard]] Switched look_at_membership(const std::string& user, const std::string& group,
                                            plugin::Time deadline);

  struct Licence {
    bool has_person = false;
    bool is_there = false;
    bool is_direct = false;
    bool is_by_group = false;
    std::vector<std::string> disabled_plans;  // of what is assigned to the person
  };
  [[nodiscard]] Licence look_at_licence(const std::string& user, const std::string& sku,
                                        plugin::Time deadline);

  GraphApi& api_;
};

}  // namespace curfew::oauth::entra
