// What a real domain controller's log says of sign-ins that fail and that succeed, as the connector reads it.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "plugins/windows/recorded.hpp"
#include "tests/integration/samba/samba_daemon.hpp"
#include "tests/support/smb_client.hpp"

namespace curfew::samba_test {
namespace {

using plugin::Type;
using support::SambaDomain;
using support::SmbClient;

// Of one person, by the whole log so far.
std::vector<windows::Finding> findings_of(const std::string& name) {
  windows::Recorded recorded({controller().log("auth_json").string(), controller().log("dsdb_json").string(),
                              controller().log("dsdb_password_json").string()},
                             {});
  recorded.read();
  std::vector<windows::Finding> all;
  while (recorded.next(all)) {
  }
  std::erase_if(all, [&](const windows::Finding& finding) {
    return (finding.account + finding.upn + finding.distinguished_name).find(name) == std::string::npos;
  });
  return all;
}

std::multiset<std::string> failures_of(const std::string& name) {
  std::multiset<std::string> all;
  for (const windows::Finding& finding : findings_of(name)) {
    if (finding.type == Type::SignInFailed) all.insert(finding.failure);
  }
  return all;
}

bool told(const std::string& name, Type type) {
  for (const windows::Finding& finding : findings_of(name)) {
    if (finding.type == type) return true;
  }
  return false;
}

support::Outcome knock(const std::string& name, const std::string& password) {
  return controller().run({"smbclient", "//" + SambaDomain::host + "/data", "-I", controller().address(),
                           "-U", "CORP\\" + name + "%" + password, "-c", "ls"});
}

class SignIns : public OnController {};

TEST_F(SignIns, EachRefusalHasItsReason) {
  SambaDomain& domain = controller();
  const auto cache = domain.folder() / "refused.cache";
  domain.user("frida");
  for (int i = 0; i < 3; ++i) EXPECT_NE(domain.kinit("frida", "wrong", cache).code, 0);
  EXPECT_NE(knock("frida", "wrong").code, 0);
  EXPECT_NE(knock("nobody-here", "wrong").code, 0);
  domain.user("greta");
  domain.set_enabled("greta", false);
  EXPECT_NE(knock("greta", SambaDomain::password).code, 0);
  EXPECT_TRUE(support::eventually([] { return failures_of("frida").count("bad_password") >= 4; }));
  EXPECT_TRUE(support::eventually([] { return failures_of("nobody-here").count("no_such_user") == 1; }));
  EXPECT_TRUE(support::eventually([] { return failures_of("greta").count("disabled") == 1; }));
  EXPECT_TRUE(support::eventually([] { return told("greta", Type::AccountDisabled); }));
}

TEST_F(SignIns, TooManyWrongPasswordsLockAndAResetIsTold) {
  SambaDomain& domain = controller();
  const std::string threshold =
      "dn: " + SambaDomain::base + "\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: ";
  domain.change(threshold + "2\n");
  domain.user("hedda");
  for (int i = 0; i < 2; ++i) EXPECT_NE(knock("hedda", "wrong").code, 0);
  EXPECT_NE(knock("hedda", SambaDomain::password).code, 0);
  EXPECT_TRUE(support::eventually([] { return failures_of("hedda").count("locked_out") >= 1; }));
  domain.change(threshold + "0\n");
  domain.user("inga");
  domain.set_password("inga", "An0ther-Passw0rd");
  EXPECT_TRUE(support::eventually([] { return told("inga", Type::CredentialChanged); }));
  EXPECT_EQ(knock("inga", "An0ther-Passw0rd").code, 0);
  EXPECT_TRUE(support::eventually([] { return told("inga", Type::SignIn); }));
}

// By NTLM and by Kerberos, of one person and of another who only mistyped. A failure has no SID: the link
// alone says that CORP's karla is karla@CORP.TEST.
TEST_F(SignIns, GuessesBeforeASuccessAreFoundByTheDaemon) {
  SambaDomain& domain = controller();
  const auto cache = domain.folder() / "guesses.cache";
  for (const char* name : {"karla", "lore"}) domain.user(name);
  SambaDaemon daemon;
  daemon.begin(
      "  - {name: guesses, mode: observe, rule: failed_sign_ins, most: 3, window: 10m}\n"
      "links: {domains: [{domain: CORP, upn_suffix: corp.test}]}\n");
  for (int i = 0; i < 2; ++i) EXPECT_NE(domain.kinit("karla", "wrong", cache).code, 0);
  for (int i = 0; i < 2; ++i) EXPECT_NE(knock("karla", "wrong").code, 0);
  EXPECT_NE(knock("lore", "wrong").code, 0);
  EXPECT_NE(knock("nobody-there", "wrong").code, 0);
  const SmbClient karla(domain, "karla");
  const SmbClient lore(domain, "lore");
  ASSERT_TRUE(daemon.until_live(2)) << daemon.told();
  const auto violations = [&] { return daemon.daemon().get("/api/v1/violations")["violations"]; };
  ASSERT_TRUE(daemon.daemon().until([&] { return !violations().empty(); })) << daemon.told();
  const nlohmann::json found = violations();
  ASSERT_EQ(found.size(), 1U) << found.dump(2);
  EXPECT_EQ(found[0]["rule"], "failed_sign_ins");
  EXPECT_GE(found[0]["evidence"]["measured"], 4) << found[0].dump(2);
}

// KDC workers go on in the renamed log; whoever comes later writes to the new one.
TEST_F(SignIns, ARotatedLogIsReadOnBesideTheNewOne) {
  SambaDomain& domain = controller();
  domain.user("jana");
  const auto cache = domain.folder() / "jana.cache";
  SambaDaemon daemon;
  daemon.begin(
      "  - {name: long, mode: observe, rule: session_timeout, limit: 12h, scope: {sources: [dc]}}\n");
  const SmbClient before(domain, "jana");
  ASSERT_TRUE(daemon.until_live(1)) << daemon.told();
  const auto log = domain.log("auth_json");
  const auto renamed = log.string() + ".1";
  std::filesystem::rename(log, renamed);
  const auto size = std::filesystem::file_size(renamed);
  const SmbClient after(domain, "jana");
  EXPECT_EQ(domain.kinit("jana", SambaDomain::password, cache).code, 0);
  const SmbClient by_ticket(domain, support::Ticket{cache});
  ASSERT_TRUE(daemon.until_live(3)) << daemon.told();
  // Both were written to, else this showed nothing.
  EXPECT_GT(std::filesystem::file_size(renamed), size);
  EXPECT_TRUE(std::filesystem::exists(log));
}

}  // namespace
}  // namespace curfew::samba_test
