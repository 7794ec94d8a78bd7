// The controller that the other tests rely on is a real one: it lets in and refuses as a directory does.
#include <gmock/gmock.h>

#include "tests/integration/samba/controller.hpp"

namespace curfew::samba_test {
namespace {

using support::SambaDomain;
using testing::HasSubstr;

TEST_F(OnController, TicketsFilesAndLdapAreForWhoKnowsThePassword) {
  SambaDomain& domain = controller();
  domain.user("first");
  const auto cache = domain.folder() / "first.cache";
  EXPECT_EQ(domain.kinit("first", SambaDomain::password, cache).code, 0);
  EXPECT_NE(domain.kinit("first", "wrong", domain.folder() / "none").code, 0);

  const std::map<std::string, std::string> with_ticket{{"KRB5CCNAME", "FILE:" + cache.string()}};
  const auto by_ticket = domain.run({"smbclient", "//" + SambaDomain::host + "/data", "-I", domain.address(),
                                     "-N", "--use-kerberos=required", "-c", "ls"},
                                    {}, with_ticket);
  EXPECT_EQ(by_ticket.code, 0) << by_ticket.output;
  EXPECT_THAT(by_ticket.output, HasSubstr("hello.txt"));
  const auto by_password = domain.run({"smbclient", "//" + domain.address() + "/data", "-U",
                                       "CORP\\first%" + SambaDomain::password, "-c", "ls"});
  EXPECT_EQ(by_password.code, 0) << by_password.output;

  const auto by_ldap = domain.run({"ldapsearch", "-LLL", "-Q", "-Y", "GSSAPI", "-N", "-H", domain.ldap(),
                                   "-s", "base", "-b", SambaDomain::dn_of("first"), "userAccountControl"},
                                  {}, with_ticket);
  EXPECT_EQ(by_ldap.code, 0) << by_ldap.output;
  EXPECT_THAT(by_ldap.output, HasSubstr("userAccountControl: 512"));

  domain.set_enabled("first", false);
  EXPECT_NE(domain.kinit("first", SambaDomain::password, domain.folder() / "none").code, 0);
}

TEST_F(OnController, RestartsWithItsUsersAndALineForEachSignIn) {
  SambaDomain& domain = controller();
  domain.user("second");
  domain.stop();
  EXPECT_NE(domain.kinit("second", SambaDomain::password, domain.folder() / "second.cache").code, 0);
  domain.start();
  const auto before = std::filesystem::file_size(domain.log("auth_json"));
  EXPECT_EQ(domain.kinit("second", SambaDomain::password, domain.folder() / "second.cache").code, 0);
  EXPECT_TRUE(
      support::eventually([&] { return std::filesystem::file_size(domain.log("auth_json")) > before; }));
}

}  // namespace
}  // namespace curfew::samba_test
