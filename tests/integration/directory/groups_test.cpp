// Who is in a group of a real directory: nested, by primary group, in pages; and in the daemon's policies.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>

#include "tests/integration/app/program.hpp"
#include "tests/integration/directory/real_directory.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::directory_test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using windows::GroupMember;
using windows::GroupWatch;

class DirectoryGroups : public RealDirectory {
 protected:
  void group_with(const std::string& name, const std::vector<std::string>& members) {
    std::string ldif =
        "dn: " + dn_of(name) + "\nchangetype: add\nobjectClass: group\nsAMAccountName: " + name + "\n";
    for (const std::string& member : members) ldif += "member: " + member + "\n";
    domain().change(ldif);
  }
  void add_member(const std::string& to, const std::string& name) {
    domain().change("dn: " + dn_of(to) + "\nchangetype: modify\nadd: member\nmember: " + dn_of(name) + "\n");
  }
  // Names without the domain, sorted.
  static std::vector<std::string> names_of(const std::vector<GroupMember>& members) {
    std::vector<std::string> names;
    for (const GroupMember& member : members)
      names.push_back(member.account.substr(member.account.find('\\') + 1));
    std::sort(names.begin(), names.end());
    return names;
  }
  [[nodiscard]] std::vector<GroupMember> members(const std::string& name) const {
    Directory directory(settings({{"groups", {{"it", dn_of(name)}}}}), "corp-ad");
    directory.start();
    const auto found = directory.members();
    EXPECT_EQ(found.at(0).failure, "");
    return found.at(0).members;
  }
};

TEST_F(DirectoryGroups, HaveTheMembersOfGroupsInThemToo) {
  for (const char* name : {"gabi", "gerd", "gitta"}) person(name);
  group_with("inner", {dn_of("gerd")});
  group_with("middle", {dn_of("inner"), dn_of("gitta")});
  group_with("outer", {dn_of("middle"), dn_of("gabi")});
  add_member("inner", "outer");  // a ring is nothing to be lost in
  const auto found = members("outer");
  EXPECT_THAT(names_of(found), ElementsAre("gabi", "gerd", "gitta"));
  EXPECT_THAT(names_of(members("inner")), ElementsAre("gabi", "gerd", "gitta"));
  for (const GroupMember& member : found) {
    EXPECT_THAT(member.sid, testing::StartsWith("S-1-5-21-"));
    EXPECT_THAT(member.account, testing::StartsWith("CORP\\"));
    EXPECT_THAT(member.principals, Contains(testing::EndsWith("@corp.test")));
  }
}

TEST_F(DirectoryGroups, APrimaryGroupCountsThoughMemberOfDoesNotShowIt) {
  person("pete");
  group_with("clerks", {dn_of("pete")});
  const std::string sid = [&] {
    const auto all = domain().run(
        {"samba-tool", "group", "show", "clerks", "--attributes=objectSid", "-s", domain().smb_conf()});
    const std::size_t at = all.output.find("objectSid: ");
    return all.output.substr(at + 11, all.output.find('\n', at) - at - 11);
  }();
  domain().change("dn: " + dn_of("pete") + "\nchangetype: modify\nreplace: primaryGroupID\nprimaryGroupID: " +
                  sid.substr(sid.rfind('-') + 1) + "\n");
  EXPECT_THAT(attribute(dn_of("pete"), "memberOf"), Not(HasSubstr("clerks")));
  EXPECT_THAT(names_of(members("clerks")), ElementsAre("pete"));
}

TEST_F(DirectoryGroups, AreReadInPages) {
  constexpr int crowd = 603;  // two pages
  std::string ldif;
  std::string list = "dn: " + dn_of("many") + "\nobjectClass: group\nsAMAccountName: many\n";
  for (int i = 0; i < crowd; ++i) {
    const std::string name = "crowd" + std::to_string(i);
    ldif += "dn: " + dn_of(name) + "\nobjectClass: user\nsAMAccountName: " + name + "\n\n";
    list += "member: " + dn_of(name) + "\n";
  }
  const auto file = (folder() / "crowd.ldif").string();
  std::ofstream(file) << ldif << list;
  const auto added = domain().run({"ldapadd", "-x", "-H", domain().ldaps(), "-D", SambaDomain::administrator,
                                   "-y", domain().administrator_password_file(), "-f", file});
  ASSERT_EQ(added.code, 0) << added.output.substr(added.output.size() -
                                                  std::min<std::size_t>(added.output.size(), 500));
  EXPECT_EQ(members("many").size(), static_cast<std::size_t>(crowd));
  const DirectorySettings by_password = settings();
  windows::LdapConnection connection(by_password, by_password.servers.front(),
                                     std::make_shared<windows::Attempt>());
  const auto too_many = windows::find_group(connection, windows::domain_of(connection, by_password), "it",
                                            dn_of("many"), crowd - 1);
  EXPECT_EQ(too_many.failure, "it has more than 602 members");
  EXPECT_THAT(too_many.members, IsEmpty()) << "half a membership is none";
}

TEST_F(DirectoryGroups, AGroupThatIsNotThereIsToldAsUnknownNotAsEmpty) {
  Directory directory(settings({{"groups", {{"it", dn_of("nowhere")}}}}), "corp-ad");
  directory.start();
  std::atomic<int> asked = 0;
  GroupWatch watch(
      std::chrono::seconds(1),
      [&] {
        ++asked;
        return directory.members();
      },
      [] {});
  watch.start();
  std::vector<std::string> complaints;
  ASSERT_TRUE(support::eventually([&] { return !(complaints = watch.take_complaints()).empty(); }));
  ASSERT_EQ(complaints.size(), 1U);
  EXPECT_THAT(complaints[0], HasSubstr("the directory has no group " + dn_of("nowhere")));
  EXPECT_THAT(watch.take(), IsEmpty());
  const int before = asked;
  ASSERT_TRUE(support::eventually([&] { return asked >= before + 2; }));
  EXPECT_THAT(watch.take_complaints(), IsEmpty()) << "the same is said once";
  group_with("nowhere", {});
  std::vector<windows::FoundGroup> told;
  ASSERT_TRUE(support::eventually([&] { return !(told = watch.take()).empty(); }));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0].members, IsEmpty());
  EXPECT_THAT(watch.take_complaints(), Contains(HasSubstr("can be looked up again")));
  watch.stop();
}

// Of three people with an open share one is not in the group; then he comes in too.
TEST_F(DirectoryGroups, DecideWhomAPolicyIsAbout) {
  for (const char* name : {"ines", "otto", "petra"}) person(name);
  group_with("payroll", {dn_of("ines"), dn_of("petra")});
  app_test::ScriptedDaemon daemon;
  std::ofstream(daemon.folder() / "password") << service_password << "\n";
  daemon.script("");
  json directory = setting({{"groups", {{"payroll", dn_of("payroll")}}}, {"groups_every", "1s"}});
  directory["password_file"] = (daemon.folder() / "password").string();
  directory["journal"] = (daemon.folder() / "data" / "corp-ad.journal").string();
  const json settings{{"inputs", {domain().log("auth_json").string()}},
                      {"directory", directory},
                      {"arrival_delay", "1s"},
                      {"settle", "0s"}};
  daemon.configure(
      "  - name: corp-ad\n    connector: windows\n    lateness: 0s\n    tells_groups: [payroll]\n"
      "    settings: " +
      settings.dump() +
      "\npolicies: [{name: short, rule: session_timeout, limit: 1s, scope: {groups: [payroll], "
      "applications: [samba-smb2]}}]\n");
  daemon.start(domain().environment());
  const auto subjects = [&] {
    std::vector<std::string> all;
    const json violations = daemon.get("/api/v1/violations")["violations"];
    for (const json& violation : violations) all.push_back(violation["subject"].get<std::string>());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  };
  for (const char* name : {"ines", "otto", "petra"}) {
    ASSERT_TRUE(lets_in(name));
    const auto seen = domain().run({"smbclient", "//" + SambaDomain::host + "/data", "-I", domain().address(),
                                    "-N", "--use-kerberos=required", "-c", "ls"},
                                   {}, {{"KRB5CCNAME", "FILE:" + (folder() / "cache").string()}});
    ASSERT_EQ(seen.code, 0) << seen.output;
  }
  // Limits come up in their order: when the last one's has, so has that of who came before her.
  ASSERT_TRUE(daemon.until([&] { return subjects().size() >= 2; })) << daemon.log();
  EXPECT_EQ(subjects().size(), 2U) << "who is in no such group is none of its business";
  add_member("payroll", "otto");
  EXPECT_TRUE(daemon.until([&] { return subjects().size() == 3; })) << daemon.log();
  EXPECT_THAT(daemon.log(), Not(HasSubstr(service_password)));
}

}  // namespace
}  // namespace curfew::directory_test
