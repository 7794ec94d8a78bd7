// What the directory decides without a directory: settings, filters, who is protected, what a ticket's age
// says, and what the journal keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "plugins/windows/directory/directory_journal.hpp"
#include "plugins/windows/directory/directory_settings.hpp"
#include "plugins/windows/directory/ldap_text.hpp"
#include "plugins/windows/directory/protected_accounts.hpp"
#include "plugins/windows/directory/ticket_proof.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::windows {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Time;
using testing::HasSubstr;

const json by_password{{"servers", {"ldaps://dc1.corp.test"}},
                       {"bind", "simple"},
                       {"user", "svc"},
                       {"password_file", "/etc/p"},
                       {"journal", "/var/j"}};
const json by_keytab{
    {"servers", {"ldap://dc1.corp.test"}}, {"bind", "gssapi"}, {"keytab", "/etc/k"}, {"journal", "/var/j"}};

std::string complaint(json settings, const json& more) {
  settings.merge_patch(more);
  try {
    (void)read_directory_settings(settings.dump());
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::Invalid);
    return failure.what();
  }
  return {};
}

TEST(DirectorySettings, AreReadWithTheirDefaults) {
  const DirectorySettings settings = read_directory_settings(by_password.dump());
  EXPECT_TRUE(settings.servers.at(0).is_tls);
  EXPECT_EQ(settings.timeout, std::chrono::seconds(8));
  EXPECT_EQ(settings.ticket_lifetime, plugin::Duration{});
  EXPECT_FALSE(settings.administrators_allowed);
  EXPECT_EQ(complaint(by_keytab, json::object()), "");
}

TEST(DirectorySettings, NameWhatIsWrongAndWhatToDo) {
  EXPECT_THAT(complaint(by_password, {{"servers", {"dc1.corp.test"}}}), HasSubstr("ldaps://dc1.corp.test"));
  EXPECT_THAT(complaint(by_password, {{"servers", {"ldapi://x"}}}), HasSubstr("is no server"));
  EXPECT_THAT(complaint(by_password, {{"servers", {"ldaps://dc1/DC=corp"}}}), HasSubstr("is no server"));
  EXPECT_THAT(complaint(by_password, {{"servers", json::array()}}), HasSubstr("names no domain controller"));
  EXPECT_THAT(complaint(by_password, {{"password_file", nullptr}}),
              HasSubstr("needs user and password_file"));
  EXPECT_THAT(complaint(by_password, {{"keytab", "/k"}}), HasSubstr("of bind: gssapi"));
  EXPECT_THAT(complaint(by_keytab, {{"servers", {"ldaps://dc1"}}}), HasSubstr("write ldap://"));
  EXPECT_THAT(complaint(by_keytab, {{"keytab", nullptr}}), HasSubstr("needs keytab"));
  EXPECT_THAT(complaint(by_password, {{"bind", "digest"}}), HasSubstr("simple or gssapi"));
  EXPECT_THAT(complaint(by_password, {{"timeout", "0s"}}), HasSubstr("timeout"));
  EXPECT_THAT(complaint(by_password, {{"ticket_lifetime", "ten hours"}}), HasSubstr("ticket_lifetime"));
  EXPECT_THAT(complaint(by_password, {{"administrators", "yes"}}), HasSubstr("protected or allowed"));
}

TEST(DirectorySettings, AnEmptyPasswordWouldBeAnAnonymousSignInAndIsRefused) {
  const support::TemporaryDirectory folder;
  const std::string file = (folder.path() / "password").string();
  EXPECT_THROW((void)read_password(file), Failure);
  std::ofstream(file) << "\n";
  EXPECT_THROW((void)read_password(file), Failure);
  std::ofstream(file) << "secret\r\nmore";
  EXPECT_EQ(read_password(file), "secret");
}

TEST(LdapText, NoTextCanBecomePartOfAFilter) {
  EXPECT_EQ(filter_escaped("bob"), "bob");
  EXPECT_EQ(filter_escaped("b*)(o=\\"), "b\\2a\\29\\28o=\\5c");
  EXPECT_EQ(filter_escaped(std::string_view("\0\x7f\xc3\xa9", 4)), "\\00\\7f\\c3\\a9");
}

TEST(LdapText, SidsGoToBytesAndBack) {
  const std::string sid = "S-1-5-21-789417382-238423861-451159029-1106";
  const auto bytes = sid_bytes(sid);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->size(), 28U);
  EXPECT_EQ(sid_text(*bytes), sid);
  EXPECT_EQ(hex(sid_bytes("S-1-5-32-544").value()), "01020000000000052000000020020000");
  EXPECT_EQ(relative_id(sid), 1106U);
  for (const char* wrong : {"", "S-1", "S-1-5", "S-2-5-1", "S-1-5-4294967296", "S-1-5-x", "S-1-5-21-",
                            "S-1-281474976710656-1", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16"})
    EXPECT_FALSE(sid_bytes(wrong)) << wrong;
  EXPECT_EQ(sid_text("short"), "");
  EXPECT_EQ(sid_text(bytes->substr(1)), "");
  EXPECT_EQ(dns_domain("DC=corp,DC=test"), "corp.test");
}

TEST(ReplicationData, SaysHowOftenAndWhenTheAccountControlWasChanged) {
  const auto number = [](std::uint64_t value, std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
    return out;
  };
  const auto entry = [&](std::uint32_t attribute, std::uint32_t version, std::uint64_t seconds) {
    return number(attribute, 4) + number(version, 4) + number(seconds, 8) + std::string(32, '\0');
  };
  const std::string data = number(1, 4) + number(0, 4) + number(2, 4) + number(0, 4) +
                           entry(0x90001, 3, 13'000'000'000) + entry(0x90008, 7, 13'000'000'001);
  EXPECT_EQ(control_mark(data).version, 7U);
  EXPECT_EQ(control_mark(data).at, Time(std::chrono::seconds(13'000'000'001 - 11'644'473'600)));
  for (std::size_t size = 0; size < data.size(); ++size)
    EXPECT_EQ(control_mark(std::string_view(data).substr(0, size)).version, 0U) << size;
  EXPECT_EQ(control_mark(number(2, 4) + data.substr(4)).version, 0U);
}

DirectoryAccount person() {
  DirectoryAccount account;
  account.sid = "S-1-5-21-1-2-3-1104";
  account.name = "bob";
  account.dn = "CN=bob,DC=corp,DC=test";
  account.control = 512;
  account.groups = {"S-1-5-21-1-2-3-513", "S-1-5-32-545"};
  return account;
}

TEST(ProtectedAccounts, AreToldByWhatTheyAre) {
  const Domain domain{"DC=corp,DC=test", "DC=corp,DC=test", "corp.test", "CORP"};
  const std::vector<std::string> own{"S-1-5-21-1-2-3-1200", "S-1-5-11"};
  DirectorySettings settings;
  const auto why = [&](const std::function<void(DirectoryAccount&)>& change) {
    DirectoryAccount account = person();
    change(account);
    return why_protected(account, domain, settings, own);
  };
  EXPECT_EQ(why([](auto&) {}), "");
  EXPECT_NE(why([](auto& a) { a.sid = "S-1-5-21-1-2-3-500"; }), "");
  EXPECT_NE(why([](auto& a) { a.sid = "S-1-5-21-1-2-3-502"; }), "");
  EXPECT_NE(why([](auto& a) { a.name = "krbtgt_4711"; }), "");
  EXPECT_NE(why([](auto& a) { a.sid = "S-1-5-21-1-2-3-1200"; }), "");
  EXPECT_NE(why([](auto& a) { a.control = 0x82000; }), "");
  EXPECT_NE(why([](auto& a) { a.control = 0x1000; }), "");
  EXPECT_NE(why([](auto& a) { a.critical = true; }), "");
  EXPECT_NE(why([](auto& a) { a.admin_count = true; }), "");
  EXPECT_NE(why([](auto& a) { a.groups = {"S-1-5-21-1-2-3-512"}; }), "");
  EXPECT_NE(why([](auto& a) { a.groups = {"S-1-5-21-9-9-9-519"}; }), "");
  EXPECT_NE(why([](auto& a) { a.groups = {"S-1-5-32-544"}; }), "");
  EXPECT_EQ(why([](auto& a) { a.groups = {"S-1-5-21-9-9-9-512"}; }), "");  // another domain's
  EXPECT_NE(why([](auto& a) { a.groups = std::nullopt; }), "");
  EXPECT_NE(why_protected(person(), domain, settings, {}), "");
  for (const char* name : {"corp\\BOB", "bob@CORP.test", "S-1-5-21-1-2-3-1104", "cn=bob,dc=corp,dc=test"}) {
    settings.protected_accounts = {name};
    EXPECT_NE(why([](auto&) {}), "") << name;
  }
  settings.protected_accounts = {};
  settings.administrators_allowed = true;
  EXPECT_EQ(why([](auto& a) { a.admin_count = true; }), "");
  EXPECT_EQ(why([](auto& a) { a.groups = std::nullopt; }), "");
  EXPECT_NE(why([](auto& a) { a.sid = "S-1-5-21-1-2-3-500"; }), "");
}

TEST(TicketProof, ATicketFromBeforeLivesUntilItsLifetimeIsOver) {
  DirectorySettings settings;
  settings.ticket_lifetime = std::chrono::hours(10);
  DirectoryAccount account = person();
  const Time disabled_at{std::chrono::hours(500'000)};
  account.control_changed_at = disabled_at;
  const auto at = [&](plugin::Duration after) {
    return ticket_proof(account, settings, disabled_at + after).liveness;
  };
  EXPECT_EQ(at(std::chrono::hours(100)), Liveness::Alive);  // it is enabled
  account.control = 514;
  EXPECT_EQ(at(std::chrono::seconds(1)), Liveness::Alive);
  EXPECT_EQ(at(std::chrono::hours(10)), Liveness::Alive);
  EXPECT_EQ(at(std::chrono::hours(10) + std::chrono::minutes(5)), Liveness::Alive);
  EXPECT_EQ(at(std::chrono::hours(10) + std::chrono::minutes(5) + std::chrono::seconds(1)), Liveness::Dead);
  account.control_changed_at = {};
  EXPECT_EQ(at(std::chrono::hours(100)), Liveness::Unknown);
}

TEST(DirectoryJournal, KeepsWhatIsToBeUndoneAcrossACrash) {
  const support::TemporaryDirectory folder;
  const std::string file = (folder.path() / "journal").string();
  const JournalEntry entry{.from = 512,
                           .to = 514,
                           .version = 7,
                           .left = 8,
                           .at = Time(std::chrono::hours(1)),
                           .holders = {{"aa", Time(std::chrono::hours(2))}, {"bb", Time{}}}};
  {
    DirectoryJournal journal(file, "corp-ad");
    journal.put("g1/disabled", entry);
    journal.put("g2/disabled", entry);
    journal.drop("g2/disabled");
  }
  DirectoryJournal journal(file, "corp-ad");
  const auto found = journal.find("g1/disabled");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->to, 514U);
  EXPECT_EQ(found->version, 7U);
  EXPECT_EQ(found->left, 8U);
  EXPECT_EQ(found->at, entry.at);
  EXPECT_EQ(found->holders, entry.holders);
  EXPECT_FALSE(journal.find("g2/disabled"));
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
}

TEST(DirectoryJournal, IsOneSourcesAndNeverGuessedAt) {
  const support::TemporaryDirectory folder;
  const std::string file = (folder.path() / "journal").string();
  { const DirectoryJournal journal(file, "corp-ad"); }
  EXPECT_THROW(DirectoryJournal(file, "other"), Failure);
  std::ofstream(file) << "{\"source\": \"corp-ad\", \"entr";
  EXPECT_THROW(DirectoryJournal(file, "corp-ad"), Failure);
  std::ofstream(file) << R"({"source": "corp-ad", "entries": {"g": {"from": 1}}})";
  EXPECT_THROW(DirectoryJournal(file, "corp-ad"), Failure);
  EXPECT_THROW(DirectoryJournal("/nowhere/journal", "corp-ad"), Failure);
}

}  // namespace
}  // namespace curfew::windows
