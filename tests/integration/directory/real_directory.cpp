#include "tests/integration/directory/real_directory.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/integration/directory/grants.hpp"

namespace curfew::directory_test {
namespace {

void must(const support::Outcome& outcome) {
  if (outcome.code != 0) throw std::runtime_error(outcome.output);
}

std::unique_ptr<SambaDomain> made() {
  auto domain = std::make_unique<SambaDomain>(CURFEW_DOMAIN_ADDRESS, "  old password allowed period = 0\n");
  // The tickets of this process' own connections.
  ::setenv("KRB5_CONFIG", domain->krb5_conf().c_str(), 1);
  // Wrong passwords are counted only where they can lock an account.
  domain->change("dn: " + SambaDomain::base +
                 "\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 50\n");
  domain->change("dn: OU=People," + SambaDomain::base +
                 "\nchangetype: add\nobjectClass: organizationalUnit\n\n"
                 "dn: CN=crm-users,OU=People," +
                 SambaDomain::base + "\nchangetype: add\nobjectClass: group\nsAMAccountName: crm-users\n");
  domain->user(service_account, service_password);
  domain->change("dn: " + SambaDomain::dn_of(service_account) +
                 "\nchangetype: modify\nreplace: msDS-SupportedEncryptionTypes\n"
                 "msDS-SupportedEncryptionTypes: 24\n");
  domain->set_password(service_account, service_password);  // keys of these types
  const std::string keytab = (domain->folder() / "svc-curfew.keytab").string();
  must(domain->tool({"domain", "exportkeytab", keytab, "--principal=svc-curfew@CORP.TEST"}));
  std::filesystem::permissions(keytab, std::filesystem::perms(0644));
  grant(*domain, service_account, "OU=People," + SambaDomain::base,
        "CN=crm-users,OU=People," + SambaDomain::base);
  return domain;
}

}  // namespace

SambaDomain& RealDirectory::domain() {
  static const std::unique_ptr<SambaDomain> domain = made();
  return *domain;
}

void RealDirectory::SetUp() {
  if (const std::string why = SambaDomain::missing(); !why.empty()) GTEST_SKIP() << why;
  (void)domain();
  std::ofstream(folder() / "password") << service_password << "\n";
}

nlohmann::json RealDirectory::setting(const nlohmann::json& more) const {
  nlohmann::json all{{"servers", {domain().ldaps()}},
                     {"bind", "simple"},
                     {"user", service_account + "@corp.test"},
                     {"password_file", (folder() / "password").string()},
                     {"ca_file", domain().ca()},
                     {"journal", (folder() / "journal").string()},
                     {"suspend_group", group}};
  if (more.is_object()) {
    for (const auto& [key, value] : more.items()) {
      all.erase(key);
      if (!value.is_null()) all[key] = value;
    }
  }
  return all;
}

nlohmann::json RealDirectory::by_keytab() const {
  return {{"servers", {domain().ldap()}},
          {"bind", "gssapi"},
          {"user", service_account + "@" + SambaDomain::realm},
          {"keytab", (domain().folder() / "svc-curfew.keytab").string()},
          {"password_file", nullptr}};
}

DirectorySettings RealDirectory::settings(const nlohmann::json& more) const {
  return windows::read_directory_settings(setting(more).dump());
}

std::string RealDirectory::journal_text() const {
  std::ifstream in(folder() / "journal");
  return {std::istreambuf_iterator<char>(in), {}};
}

void RealDirectory::person(const std::string& name) {
  domain().user(name);
  domain().change("dn: " + SambaDomain::dn_of(name) + "\nchangetype: moddn\nnewrdn: CN=" + name +
                  "\ndeleteoldrdn: 1\nnewsuperior: " + people + "\n");
}

bool RealDirectory::lets_in(const std::string& name) {
  return domain().kinit(name, SambaDomain::password, folder() / "cache").code == 0;
}

std::string RealDirectory::attribute(const std::string& dn, const std::string& name, SambaDomain& at_one) {
  const auto outcome = at_one.run({"ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", at_one.ldaps(),
                                   "-D", SambaDomain::administrator, "-y",
                                   at_one.administrator_password_file(), "-s", "base", "-b", dn, name});
  const std::string wanted = "\n" + name + ": ";
  const std::size_t at = outcome.output.find(wanted);
  if (at == std::string::npos) return {};
  const std::size_t from = at + wanted.size();
  return outcome.output.substr(from, outcome.output.find('\n', from) - from);
}

std::string RealDirectory::sid_of(const std::string& name) {
  const auto shown = domain().tool({"user", "show", name, "--attributes=objectSid", "-H",
                                    (domain().folder() / "private" / "sam.ldb").string()});
  const std::size_t at = shown.output.find("S-1-5-");
  if (at == std::string::npos) throw std::runtime_error(shown.output);
  return shown.output.substr(at, shown.output.find_first_of(" \n", at) - at);
}

void RealDirectory::set_control(const std::string& dn, const std::string& value) {
  domain().change("dn: " + dn +
                  "\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: " + value + "\n");
}

plugin::Answer RealDirectory::ask(Directory& directory, const Order& order) {
  plugin::Action action;
  action.step = order.step;
  action.revert = order.revert;
  for (const auto& [name_space, value] : order.names) action.identifiers.push_back({name_space, value});
  action.session.bytes[0] = order.session;
  action.revert_after = order.revert_after;
  action.deadline =
      std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()) + order.patience;
  return directory.act(action);
}

}  // namespace curfew::directory_test
