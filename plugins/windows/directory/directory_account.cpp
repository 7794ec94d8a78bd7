#include "plugins/windows/directory/directory_account.hpp"

#include <charconv>
#include <set>

#include "plugins/windows/directory/ldap_text.hpp"

namespace curfew::windows {
namespace {

using plugin::Code;
using plugin::Failure;

const std::vector<std::string> account_attributes{
    "objectGUID",         "objectSid",  "sAMAccountName",       "userPrincipalName",
    "userAccountControl", "adminCount", "replPropertyMetaData", "isCriticalSystemObject"};
constexpr std::uint32_t control_attribute = 0x00090008;  // userAccountControl, as replication numbers it
constexpr std::int64_t seconds_from_1601_to_1970 = 11'644'473'600;

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = size; i > 0; --i)
    number = number << 8U | static_cast<unsigned char>(bytes[at + i - 1]);
  return number;
}

DirectoryAccount account_of(LdapConnection& connection, const LdapEntry& entry) {
  DirectoryAccount account;
  account.dn = entry.dn;
  account.guid = hex(entry.value("objectGUID"));
  account.sid = sid_text(entry.value("objectSid"));
  account.name = entry.value("sAMAccountName");
  account.principal = entry.value("userPrincipalName");
  account.control_text = entry.value("userAccountControl");
  std::int64_t control = 0;
  const char* const end = account.control_text.data() + account.control_text.size();
  const auto read = std::from_chars(account.control_text.data(), end, control);
  if (account.guid.empty() || account.sid.empty() || read.ec != std::errc() || read.ptr != end)
    throw Failure(
        Code::Failed,
        "the service account may not read the account's objectGUID, objectSid or userAccountControl; "
        "grant reading (docs/connectors/windows.md, rights)");
  account.control = static_cast<std::uint32_t>(control);
  const ChangeMark mark = control_mark(entry.value("replPropertyMetaData"));
  account.control_version = mark.version;
  account.control_changed_at = mark.at;
  const std::string admin = entry.value("adminCount");
  account.admin_count = !admin.empty() && admin != "0";
  account.critical = entry.value("isCriticalSystemObject") == "TRUE";
  // Constructed: told only for a search of the one object.
  for (const LdapEntry& self :
       connection.search(entry.dn, Scope::Base, "(objectClass=*)", {"tokenGroups"}, 1)) {
    const auto found = self.values.find("tokengroups");
    if (found == self.values.end()) continue;
    std::vector<std::string>& groups = account.groups.emplace();
    for (const std::string& group : found->second) groups.push_back(sid_text(group));
  }
  return account;
}

// Empty: a name of another domain, or of a kind that no directory knows.
std::string filter_for(const std::string& name_space, const std::string& value, const Domain& domain) {
  if (name_space == "windows_sid") {
    const auto bytes = sid_bytes(value);
    return bytes ? "(objectSid=" + filter_escaped(*bytes) + ")" : std::string{};
  }
  if (name_space == "upn") {
    std::string explicit_one = "(userPrincipalName=" + filter_escaped(value) + ")";
    const std::size_t at = value.rfind('@');
    if (at == std::string::npos || at == 0) return {};
    // Who has none of their own is called name@domain all the same.
    if (!same_text(std::string_view(value).substr(at + 1), domain.dns)) return explicit_one;
    return "(|" + explicit_one +
           "(&(!(userPrincipalName=*))(sAMAccountName=" + filter_escaped(value.substr(0, at)) + ")))";
  }
  if (name_space == "windows_account") {
    const std::size_t at = value.find('\\');
    if (at == std::string::npos) return {};
    const std::string_view of = std::string_view(value).substr(0, at);
    if (!same_text(of, domain.netbios) && !same_text(of, domain.dns)) return {};
    return "(sAMAccountName=" + filter_escaped(value.substr(at + 1)) + ")";
  }
  return {};
}

}  // namespace

ChangeMark control_mark(std::string_view data) {
  constexpr std::size_t head = 16, each = 48;
  ChangeMark mark;
  if (data.size() < head || little_endian(data, 0, 4) != 1) return mark;
  const std::uint64_t count = little_endian(data, 8, 4);
  if (count > (data.size() - head) / each) return mark;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = head + i * each;
    if (little_endian(data, at, 4) != control_attribute) continue;
    mark.version = static_cast<std::uint32_t>(little_endian(data, at + 4, 4));
    const auto seconds =
        static_cast<std::int64_t>(little_endian(data, at + 8, 8)) - seconds_from_1601_to_1970;
    if (seconds > 0 && seconds < 253'402'300'800)
      mark.at = plugin::Time(std::chrono::duration_cast<plugin::Duration>(std::chrono::seconds(seconds)));
    break;
  }
  return mark;
}

Domain domain_of(LdapConnection& connection, const DirectorySettings& settings) {
  Domain domain;
  const auto root = connection.search("", Scope::Base, "(objectClass=*)",
                                      {"defaultNamingContext", "configurationNamingContext"}, 1);
  if (!root.empty()) domain.context = root.front().value("defaultNamingContext");
  if (domain.context.empty())
    throw Failure(Code::Failed, "the server is no domain controller: it has no defaultNamingContext");
  domain.base = settings.base.empty() ? domain.context : settings.base;
  domain.dns = dns_domain(domain.context);
  const auto references = connection.search(
      "CN=Partitions," + root.front().value("configurationNamingContext"), Scope::OneLevel,
      "(&(objectClass=crossRef)(nCName=" + filter_escaped(domain.context) + "))", {"nETBIOSName"}, 2);
  if (!references.empty()) domain.netbios = references.front().value("nETBIOSName");
  if (domain.netbios.empty())
    throw Failure(
        Code::Failed,
        "the service account may not read the domain's NetBIOS name below CN=Partitions; grant reading");
  return domain;
}

DirectoryAccount find_account(LdapConnection& connection, const Domain& domain, const Names& names) {
  std::optional<LdapEntry> found;
  std::string found_by;
  bool any = false;
  for (const auto& [name_space, value] : names) {
    const bool by_place = name_space == "ldap_dn";
    const std::string filter = filter_for(name_space, value, domain);
    if (filter.empty() && !by_place) continue;
    any = true;
    const std::string person = "(&(objectCategory=person)(objectClass=user)" + filter + ")";
    const auto entries =
        connection.search(by_place ? value : domain.base, by_place ? Scope::Base : Scope::Subtree, person,
                          account_attributes, 2);
    if (entries.size() > 1)
      throw Failure(Code::Failed, "more than one account of the directory has the person's " + name_space +
                                      "; nothing was done");
    if (entries.empty()) continue;
    if (found && found->value("objectGUID") != entries.front().value("objectGUID"))
      throw Failure(Code::Failed,
                    "the person's " + found_by + " and " + name_space +
                        " lead to two different accounts; nothing was done; split the subject, or "
                        "mend the alias that joins them");
    if (!found) {
      found = entries.front();
      found_by = name_space;
    }
  }
  if (!any)
    throw Failure(Code::NotFound,
                  "the person has no name of this directory (windows_sid, upn, windows_account, ldap_dn)");
  if (!found)
    throw Failure(Code::NotFound, "the directory has no account of this person below " + domain.base);
  return account_of(connection, *found);
}

DirectoryAccount read_account(LdapConnection& connection, const std::string& dn) {
  const auto entries = connection.search(dn, Scope::Base, "(objectClass=user)", account_attributes, 1);
  if (entries.empty()) throw Failure(Code::NotFound, "the account is not in the directory any more");
  return account_of(connection, entries.front());
}

}  // namespace curfew::windows
