// Accounts are disabled and enabled again, and groups left and rejoined: only as they were left, and only
// whose they may be.
#include <gmock/gmock.h>

#include "plugins/windows/directory/directory_changes.hpp"
#include "tests/integration/directory/real_directory.hpp"

namespace curfew::directory_test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(RealDirectory, ADisabledAccountIsLetInAgainWhenItIsUndone) {
  person("ann");
  EXPECT_TRUE(lets_in("ann"));
  Directory directory(settings(), "corp-ad");
  directory.start();
  const auto done = ask(directory, {.names = {{"windows_account", "CORP\\ann"}}});
  EXPECT_EQ(done.code, Code::Ok) << done.text;
  EXPECT_EQ(attribute(dn_of("ann"), "userAccountControl"), "514");
  EXPECT_FALSE(lets_in("ann"));
  EXPECT_THAT(journal_text(), Not(HasSubstr("ann")));

  // Another process, as after a crash.
  Directory later(settings(), "corp-ad");
  later.start();
  const auto undone = ask(later, {.names = {{"windows_account", "CORP\\ann"}}, .revert = true});
  EXPECT_EQ(undone.code, Code::Ok) << undone.text;
  EXPECT_EQ(attribute(dn_of("ann"), "userAccountControl"), "512");
  EXPECT_TRUE(lets_in("ann"));
  const auto again = ask(later, {.names = {{"windows_account", "CORP\\ann"}}, .revert = true});
  EXPECT_EQ(again.code, Code::NotFound) << again.text;
}

TEST_F(RealDirectory, EachKindOfNameLeadsToTheAccountAndNoneIsPartOfAFilter) {
  person("beth");
  person("b(e)th");
  Directory directory(settings(), "corp-ad");
  directory.start();
  const std::string sid = sid_of("beth");
  const std::vector<Names> all{{{"windows_sid", sid}},
                               {{"upn", "beth@corp.test"}},
                               {{"upn", "BETH@CORP.TEST"}},
                               {{"windows_account", "corp\\beth"}},
                               {{"windows_account", "CORP.TEST\\Beth"}},
                               {{"ldap_dn", dn_of("beth")}},
                               {{"windows_account", "OTHER\\root"}, {"windows_sid", sid}}};
  for (const Names& names : all) {
    const auto done = ask(directory, {.names = names});
    EXPECT_EQ(done.code, Code::Ok) << names.back().second << ": " << done.text;
    EXPECT_EQ(attribute(dn_of("beth"), "userAccountControl"), "514") << names.back().second;
    EXPECT_EQ(ask(directory, {.names = names, .revert = true}).code, Code::Ok) << names.back().second;
  }
  for (const Names& names :
       {Names{{"upn", "b*@corp.test"}}, Names{{"windows_account", "CORP\\b*"}},
        Names{{"windows_account", "CORP\\beth)(objectClass=*"}}, Names{{"ldap_dn", "CN=*," + people}},
        Names{{"windows_account", "OTHER\\beth"}}, Names{{"email", "beth@corp.test"}}, Names{}}) {
    const auto none = ask(directory, {.names = names});
    EXPECT_EQ(none.code, Code::NotFound) << none.text;
  }
  const auto two = ask(directory, {.names = {{"upn", "beth@corp.test"}, {"upn", "b(e)th@corp.test"}}});
  EXPECT_EQ(two.code, Code::Failed);
  EXPECT_THAT(two.text, HasSubstr("two different accounts"));
  EXPECT_EQ(attribute(dn_of("beth"), "userAccountControl"), "512");
  EXPECT_EQ(attribute("CN=b(e)th," + people, "userAccountControl"), "512");
}

TEST_F(RealDirectory, TwoAccountsForOnePrincipalNameAreAnError) {
  // A controller refuses one name twice; of two controllers each may take it, and replication keeps both.
  // That is how the database looks then.
  person("cara");
  person("carb");
  for (const char* name : {"cara", "carb"}) {
    const auto set = domain().run(
        {"ldbmodify", "-H", (domain().folder() / "private" / "sam.ldb.d" / "DC=CORP,DC=TEST.ldb").string()},
        "dn: " + dn_of(name) +
            "\nchangetype: modify\nreplace: userPrincipalName\nuserPrincipalName: twice@corp.test\n");
    ASSERT_EQ(set.code, 0) << set.output;
  }
  Directory directory(settings(), "corp-ad");
  directory.start();
  const auto answer = ask(directory, {.names = {{"upn", "twice@corp.test"}}});
  EXPECT_EQ(answer.code, Code::Failed);
  EXPECT_THAT(answer.text, HasSubstr("more than one account"));
}

TEST_F(RealDirectory, WhatSomebodyElseDidMeanwhileStays) {
  Directory directory(settings(), "corp-ad");
  directory.start();
  person("dora");
  const Names dora{{"upn", "dora@corp.test"}};
  // Disabled by an administrator before: neither ours to disable nor to enable.
  set_control(dn_of("dora"), "514");
  EXPECT_EQ(ask(directory, {.names = dora}).code, Code::NotFound);
  EXPECT_EQ(ask(directory, {.names = dora, .revert = true}).code, Code::NotFound);
  EXPECT_EQ(attribute(dn_of("dora"), "userAccountControl"), "514");
  set_control(dn_of("dora"), "512");

  // Enabled, and disabled again, by an administrator: the value is ours, the change is not.
  EXPECT_EQ(ask(directory, {.names = dora}).code, Code::Ok);
  set_control(dn_of("dora"), "512");
  set_control(dn_of("dora"), "514");
  const auto theirs = ask(directory, {.names = dora, .revert = true});
  EXPECT_EQ(theirs.code, Code::NotFound);
  EXPECT_THAT(theirs.text, HasSubstr("somebody else has changed the account"));
  EXPECT_EQ(attribute(dn_of("dora"), "userAccountControl"), "514");
  set_control(dn_of("dora"), "512");

  // Another bit.
  EXPECT_EQ(ask(directory, {.names = dora}).code, Code::Ok);
  set_control(dn_of("dora"), "66050");
  EXPECT_EQ(ask(directory, {.names = dora, .revert = true}).code, Code::NotFound);
  EXPECT_EQ(attribute(dn_of("dora"), "userAccountControl"), "66050");
  set_control(dn_of("dora"), "512");

  // Enabled by an administrator.
  EXPECT_EQ(ask(directory, {.names = dora}).code, Code::Ok);
  set_control(dn_of("dora"), "512");
  const auto done = ask(directory, {.names = dora, .revert = true});
  EXPECT_EQ(done.code, Code::NotFound);
  EXPECT_THAT(done.text, HasSubstr("enabled the account already"));
}

TEST_F(RealDirectory, AChangeBetweenReadingAndWritingIsNotOverwritten) {
  person("elsa");
  const DirectorySettings all = settings();
  windows::LdapConnection connection(all, all.servers.front(), std::make_shared<windows::Attempt>());
  const auto account =
      windows::find_account(connection, windows::domain_of(connection, all), {{"upn", "elsa@corp.test"}});
  EXPECT_EQ(account.control, 512U);
  EXPECT_GT(account.control_version, 0U);
  set_control(dn_of("elsa"), "66048");
  const auto lost = windows::set_control(connection, account, 514);
  EXPECT_EQ(lost.code, windows::Modified::NoSuchValue) << lost.text;
  EXPECT_EQ(attribute(dn_of("elsa"), "userAccountControl"), "66048");
  // The whole step reads again, and keeps the other's bit.
  Directory directory(settings(), "corp-ad");
  directory.start();
  EXPECT_EQ(ask(directory, {.names = {{"upn", "elsa@corp.test"}}}).code, Code::Ok);
  EXPECT_EQ(attribute(dn_of("elsa"), "userAccountControl"), "66050");
  EXPECT_EQ(ask(directory, {.names = {{"upn", "elsa@corp.test"}}, .revert = true}).code, Code::Ok);
  EXPECT_EQ(attribute(dn_of("elsa"), "userAccountControl"), "66048");
}

TEST_F(RealDirectory, TheLastOfSeveralSignOutsEnablesTheAccount) {
  person("fern");
  const Names fern{{"upn", "fern@corp.test"}};
  Directory directory(settings(), "corp-ad");
  directory.start();
  EXPECT_EQ(ask(directory, {.names = fern, .session = 1}).code, Code::Ok);
  EXPECT_EQ(ask(directory, {.names = fern, .session = 2}).code, Code::Ok);
  const auto first = ask(directory, {.names = fern, .revert = true, .session = 1});
  EXPECT_EQ(first.code, Code::Ok);
  EXPECT_THAT(first.text, HasSubstr("another sign-out"));
  EXPECT_EQ(attribute(dn_of("fern"), "userAccountControl"), "514");
  EXPECT_EQ(ask(directory, {.names = fern, .revert = true, .session = 2}).code, Code::Ok);
  EXPECT_EQ(attribute(dn_of("fern"), "userAccountControl"), "512");
}

TEST_F(RealDirectory, BlockSignInIsForATime) {
  person("gina");
  Directory directory(settings(), "corp-ad");
  directory.start();
  const Names gina{{"upn", "gina@corp.test"}};
  EXPECT_EQ(ask(directory, {.step = Step::BlockSignIn, .names = gina, .revert_after = {}}).code,
            Code::Refused);
  EXPECT_TRUE(lets_in("gina"));
  EXPECT_EQ(ask(directory, {.step = Step::BlockSignIn, .names = gina}).code, Code::Ok);
  EXPECT_FALSE(lets_in("gina"));
  EXPECT_EQ(ask(directory, {.step = Step::BlockSignIn, .names = gina, .revert = true}).code, Code::Ok);
  EXPECT_TRUE(lets_in("gina"));
}

TEST_F(RealDirectory, AGroupIsLeftAndRejoined) {
  person("hope");
  const Names hope{{"upn", "hope@corp.test"}};
  Directory directory(settings(), "corp-ad");
  directory.start();
  EXPECT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = hope}).code, Code::NotFound);
  EXPECT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = hope, .revert = true}).code,
            Code::NotFound);
  EXPECT_EQ(attribute(group, "member"), "");
  domain().change("dn: " + group + "\nchangetype: modify\nadd: member\nmember: " + dn_of("hope") + "\n");

  EXPECT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = hope}).code, Code::Ok);
  EXPECT_EQ(attribute(group, "member"), "");
  EXPECT_EQ(attribute(dn_of("hope"), "userAccountControl"), "512");
  const auto back = ask(directory, {.step = Step::SuspendAccess, .names = hope, .revert = true});
  EXPECT_EQ(back.code, Code::Ok) << back.text;
  EXPECT_EQ(attribute(group, "member"), dn_of("hope"));

  // Put back by somebody else.
  EXPECT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = hope}).code, Code::Ok);
  domain().change("dn: " + group + "\nchangetype: modify\nadd: member\nmember: " + dn_of("hope") + "\n");
  EXPECT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = hope, .revert = true}).code,
            Code::NotFound);
  EXPECT_EQ(attribute(group, "member"), dn_of("hope"));

  Directory without(settings({{"suspend_group", nullptr}, {"journal", (folder() / "other").string()}}), "x");
  without.start();
  EXPECT_EQ(ask(without, {.step = Step::SuspendAccess, .names = hope}).code, Code::Unsupported);
}

TEST_F(RealDirectory, ProtectedAccountsAreUntouchedWhateverTheRights) {
  // As an administrator, who may do everything.
  const nlohmann::json mighty{{"user", SambaDomain::administrator},
                              {"password_file", domain().administrator_password_file()},
                              {"protected", {"CORP\\iris"}}};
  Directory directory(settings(mighty), "corp-ad");
  directory.start();
  person("iris");
  person("judy");
  person("kate");
  domain().change("dn: CN=nested,OU=People," + SambaDomain::base +
                  "\nchangetype: add\nobjectClass: group\nsAMAccountName: nested\nmember: " + dn_of("judy") +
                  "\n\ndn: CN=Account Operators,CN=Builtin," + SambaDomain::base +
                  "\nchangetype: modify\nadd: member\nmember: CN=nested,OU=People," + SambaDomain::base +
                  "\n\ndn: " + dn_of("kate") + "\nchangetype: modify\nreplace: adminCount\nadminCount: 1\n");
  for (const auto& [name, why] :
       std::map<std::string, std::string>{{"CORP\\Administrator", "every domain has"},
                                          {"CORP\\krbtgt", "every domain has"},
                                          {"CORP\\Guest", "every domain has"},
                                          {"CORP\\iris", "directory.protected"},
                                          {"CORP\\judy", "administrative group"},
                                          {"CORP\\kate", "adminCount"}}) {
    const auto refused = ask(directory, {.names = {{"windows_account", name}}});
    EXPECT_EQ(refused.code, Code::Refused) << name << ": " << refused.text;
    EXPECT_THAT(refused.text, HasSubstr(why));
    EXPECT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = {{"windows_account", name}}}).code,
              Code::Refused)
        << name;
  }
  // A controller is no person; nothing finds it.
  EXPECT_THAT(ask(directory, {.names = {{"windows_account", "CORP\\DC1$"}}}).code,
              AnyOf(Code::NotFound, Code::Refused));
  for (const char* name : {"iris", "judy", "kate"})
    EXPECT_EQ(attribute(dn_of(name), "userAccountControl"), "512") << name;

  Directory own(settings({{"journal", (folder() / "own").string()}}), "corp-ad");
  own.start();
  const auto self = ask(own, {.names = {{"windows_account", "CORP\\" + service_account}}});
  EXPECT_EQ(self.code, Code::Refused);
  EXPECT_THAT(self.text, HasSubstr("Curfew's own"));

  nlohmann::json bold = mighty;
  bold["administrators"] = "allowed";
  bold["journal"] = (folder() / "bold").string();
  Directory daring(settings(bold), "corp-ad");
  daring.start();
  EXPECT_EQ(ask(daring, {.names = {{"windows_account", "CORP\\judy"}}}).code, Code::Ok);
  EXPECT_EQ(ask(daring, {.names = {{"windows_account", "CORP\\Administrator"}}}).code, Code::Refused);
}

TEST_F(RealDirectory, TheDocumentedRightsAreEnoughAndAllowNothingElse) {
  person("lena");
  Directory directory(settings(), "corp-ad");
  directory.start();
  EXPECT_EQ(ask(directory, {.names = {{"upn", "lena@corp.test"}}}).code, Code::Ok);
  EXPECT_EQ(ask(directory, {.names = {{"upn", "lena@corp.test"}}, .revert = true}).code, Code::Ok);

  domain().user("outside");
  const auto elsewhere = ask(directory, {.names = {{"upn", "outside@corp.test"}}});
  EXPECT_EQ(elsewhere.code, Code::Failed);
  EXPECT_THAT(elsewhere.text, HasSubstr("may not write userAccountControl"));
  EXPECT_EQ(attribute(SambaDomain::dn_of("outside"), "userAccountControl"), "512");

  const auto as_service = [&](const std::string& ldif) {
    return domain()
        .run({"ldapmodify", "-x", "-H", domain().ldaps(), "-D", service_account + "@corp.test", "-w",
              service_password},
             ldif)
        .code;
  };
  const std::string of_lena = "dn: " + dn_of("lena") + "\nchangetype: ";
  EXPECT_EQ(as_service(of_lena + "modify\nreplace: description\ndescription: x\n"), 50);
  EXPECT_EQ(as_service(of_lena + "modify\nreplace: sAMAccountName\nsAMAccountName: x\n"), 50);
  EXPECT_EQ(as_service(of_lena + "modify\nreplace: unicodePwd\nunicodePwd:: IgBYADEAeAAyAHgAMwB4ADQAIgA=\n"),
            50);
  EXPECT_EQ(as_service(of_lena + "delete\n"), 50);
  EXPECT_EQ(as_service("dn: CN=Domain Admins,CN=Users," + SambaDomain::base +
                       "\nchangetype: modify\nadd: member\nmember: " + dn_of("lena") + "\n"),
            50);
}

}  // namespace
}  // namespace curfew::directory_test
