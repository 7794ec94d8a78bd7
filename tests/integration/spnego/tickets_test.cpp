// What ends a session that rests on a ticket, and what does not: the facts that Curfew's ladders and proofs
// for a domain stand on, each shown by the servers themselves.
#include <gtest/gtest.h>

#include <fstream>

#include "plugins/windows/directory/ldap_connection.hpp"
#include "tests/integration/spnego/spnego_daemon.hpp"

namespace curfew::spnego_test {
namespace {

using support::SambaDomain;
using support::SmbClient;
using support::Ticket;
namespace fs = std::filesystem;

class Tickets : public Spnego {
 protected:
  void begin_site() { site_.emplace(domain(), folder() / "site", SpnegoSite::Check::SessionAlone); }
  [[nodiscard]] bool web_lets_in(const fs::path& tickets) {
    return WebClient(domain(), tickets, site_->port()).sees_marker();
  }
  [[nodiscard]] bool share_lets_in(const fs::path& tickets) {
    return with(tickets, {"smbclient", "//" + SambaDomain::host + "/data", "-I", domain().address(), "-N",
                          "--use-kerberos=required", "-c", "ls"});
  }
  [[nodiscard]] bool ldap_lets_in(const fs::path& tickets) {
    return with(tickets, {"ldapsearch", "-N", "-Q", "-Y", "GSSAPI", "-H", domain().ldap(), "-s", "base", "-b",
                          SambaDomain::base, "dn"});
  }
  [[nodiscard]] bool gets_ticket(const fs::path& tickets, const std::string& service) {
    return with(tickets, {"kvno", service});
  }
  void disable(const std::string& name) { set_control(dn_of(name), "514"); }
  // Tickets to get tickets with, of ten hours.
  [[nodiscard]] fs::path signed_in(const std::string& name) {
    auto cache = folder() / (name + ".tgt");
    EXPECT_EQ(domain().kinit(name, SambaDomain::password, cache).code, 0);
    return cache;
  }

 private:
  bool with(const fs::path& tickets, const std::vector<std::string>& words) {
    return domain().run(words, {}, {{"KRB5CCNAME", "FILE:" + tickets.string()}}).code == 0;
  }
};

TEST_F(Tickets, WhoIsDisabledGetsNoNewOneWithPasswordOrOldTicket) {
  person("vera");
  const auto tickets = signed_in("vera");
  ASSERT_TRUE(gets_ticket(tickets, smb_service));
  (void)web_keytab(domain());
  disable("vera");
  EXPECT_FALSE(lets_in("vera"));
  EXPECT_FALSE(gets_ticket(tickets, web_service));
}

TEST_F(Tickets, OneThatIsHeldOpensEveryDoorThoughDisabledUntilItIsOver) {
  person("wanda");
  begin_site();
  const auto web = ticket("wanda", web_service, "20s");
  const auto smb = ticket("wanda", smb_service, "20s");
  const auto ldap = ticket("wanda", "ldap/" + domain().address(), "20s");
  disable("wanda");
  EXPECT_TRUE(web_lets_in(web)) << site_->errors();
  EXPECT_TRUE(share_lets_in(smb));
  EXPECT_TRUE(ldap_lets_in(ldap));
  EXPECT_TRUE(support::eventually([&] { return !web_lets_in(web); }));
  EXPECT_TRUE(support::eventually([&] { return !share_lets_in(smb); }));
  EXPECT_TRUE(support::eventually([&] { return !ldap_lets_in(ldap); }));
}

TEST_F(Tickets, AnOpenShareAndAnOpenDirectoryConnectionGoOnThoughDisabled) {
  person("xenia");
  SmbClient share(domain(), Ticket{ticket("xenia", smb_service, "10h")});
  ASSERT_TRUE(share.sees_files()) << share.output();
  std::ofstream(folder() / "xenia.password") << SambaDomain::password << "\n";
  const auto theirs =
      settings({{"user", "xenia@corp.test"}, {"password_file", (folder() / "xenia.password").string()}});
  windows::LdapConnection connection(theirs, theirs.servers.front(), std::make_shared<windows::Attempt>());
  const auto search = [&] {
    return connection.search(dn_of("xenia"), windows::Scope::Base, "(objectClass=*)", {"cn"}, 2).size();
  };
  ASSERT_EQ(search(), 1U);
  disable("xenia");
  EXPECT_TRUE(share.sees_files());
  EXPECT_EQ(search(), 1U);
}

TEST_F(Tickets, ANewPasswordTakesNoTicketAway) {
  person("ylva");
  (void)web_keytab(domain());
  const auto tickets = signed_in("ylva");
  domain().set_password_at(dn_of("ylva"), "An0ther-Passw0rd");
  EXPECT_FALSE(lets_in("ylva")) << "the old password";
  EXPECT_TRUE(gets_ticket(tickets, web_service));
  EXPECT_TRUE(gets_ticket(tickets, smb_service));
}

}  // namespace
}  // namespace curfew::spnego_test
