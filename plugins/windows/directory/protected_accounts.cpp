#include "plugins/windows/directory/protected_accounts.hpp"

#include <algorithm>
#include <array>

#include "plugins/windows/directory/ldap_text.hpp"

namespace curfew::windows {
namespace {

constexpr std::uint32_t first_own_relative_id = 1000;  // below: what every domain is made with

// Domain, schema and enterprise administrators, controllers, key administrators.
constexpr std::array<std::uint32_t, 7> domain_groups{512, 516, 518, 519, 521, 526, 527};
// Administrators; account, server, print and backup operators; replicator.
constexpr std::array<std::uint32_t, 6> builtin_groups{544, 548, 549, 550, 551, 552};

bool is_administrative(const std::string& group, std::string_view domain_sid) {
  const std::uint32_t relative = relative_id(group);
  const std::string_view parent = std::string_view(group).substr(0, group.rfind('-'));
  if (parent == "S-1-5-32")
    return std::find(builtin_groups.begin(), builtin_groups.end(), relative) != builtin_groups.end();
  // Schema and enterprise administrators are of the forest's first domain, maybe another one.
  return (parent == domain_sid || relative == 518 || relative == 519) &&
         std::find(domain_groups.begin(), domain_groups.end(), relative) != domain_groups.end();
}

bool is_named(const DirectoryAccount& account, const Domain& domain, const std::string& name) {
  return same_text(name, account.sid) || same_text(name, account.dn) ||
         same_text(name, domain.netbios + "\\" + account.name) ||
         same_text(name, account.name + "@" + domain.dns) ||
         (!account.principal.empty() && same_text(name, account.principal));
}

}  // namespace

std::string why_protected(const DirectoryAccount& account, const Domain& domain,
                          const DirectorySettings& settings, const std::vector<std::string>& own) {
  if (relative_id(account.sid) < first_own_relative_id)
    return "it is one of those that every domain has (relative id below 1000)";
  if (same_text(std::string_view(account.name).substr(0, 6), "krbtgt")) return "it is a KDC's";
  if (account.critical) return "the directory calls it critical";
  if ((account.control & machine_trusts) != 0) return "it is a computer's or a domain's";
  if (own.empty()) return "the server does not say which account is Curfew's own";
  if (std::find(own.begin(), own.end(), account.sid) != own.end()) return "it is Curfew's own";
  for (const std::string& name : settings.protected_accounts) {
    if (is_named(account, domain, name)) return "it is listed in directory.protected";
  }
  if (settings.administrators_allowed) return {};
  const std::string remedy = "; 'administrators: allowed' lifts that";
  if (account.admin_count) return "it is an administrator's (adminCount)" + remedy;
  if (!account.groups)
    return "the service account can't read its groups (tokenGroups), so it may be an administrator's" +
           remedy;
  const std::string_view domain_sid = std::string_view(account.sid).substr(0, account.sid.rfind('-'));
  if (std::any_of(account.groups->begin(), account.groups->end(),
                  [&](const std::string& group) { return is_administrative(group, domain_sid); }))
    return "it is an administrator's (member of an administrative group)" + remedy;
  return {};
}

}  // namespace curfew::windows
