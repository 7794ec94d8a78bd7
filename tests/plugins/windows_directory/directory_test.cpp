// What the directory decides without a directory: settings, filters, who is protected, what a ticket's age
// says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "plugins/windows/directory/directory.hpp"
#include "plugins/windows/directory/directory_settings.hpp"
#include "plugins/windows/directory/ldap_text.hpp"
#include "plugins/windows/directory/protected_accounts.hpp"
#include "plugins/windows/directory/ticket_proof.hpp"
#include "plugins/windows/directory/tickets.hpp"
#include "tests/plugins/forms_stores/name_service.hpp"
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

class TicketProofs : public testing::Test {
 protected:
  TicketProofs() { settings.ticket_lifetime = hours(10); }
  using hours = std::chrono::hours;
  using seconds = std::chrono::seconds;

  [[nodiscard]] SeenAt at(const std::string& server, std::uint32_t control) const {
    SeenAt seen{server, person(), {}};
    seen.account->control = control;
    seen.account->control_changed_at = disabled_at;
    return seen;
  }
  static SeenAt away(const std::string& server) { return {server, std::nullopt, server + ": it is down"}; }
  [[nodiscard]] plugin::Proof proof(const std::vector<SeenAt>& seen, plugin::Duration after,
                                    Time closed_at = {}) const {
    return ticket_proof(seen, settings, closed_at, disabled_at + after);
  }

  DirectorySettings settings;
  const Time disabled_at{std::chrono::hours(500'000)};
};

TEST_F(TicketProofs, ATicketFromBeforeLivesUntilItsLifetimeIsOver) {
  const auto after = [&](std::uint32_t control, plugin::Duration time) {
    return proof({at("one", control)}, time).liveness;
  };
  EXPECT_EQ(after(512, hours(100)), Liveness::Alive);
  EXPECT_EQ(after(514, seconds(1)), Liveness::Alive);
  EXPECT_EQ(after(514, hours(10)), Liveness::Alive);
  EXPECT_EQ(after(514, hours(10) + std::chrono::minutes(5)), Liveness::Alive);
  EXPECT_EQ(after(514, hours(10) + std::chrono::minutes(5) + seconds(1)), Liveness::Dead);
  SeenAt untold = at("one", 514);
  untold.account->control_changed_at = {};
  EXPECT_EQ(proof({untold}, hours(100)).liveness, Liveness::Unknown);
}

TEST_F(TicketProofs, OneControllerThatStillHasItEnabledGivesTickets) {
  const auto said = proof({at("one", 514), at("two", 512)}, hours(100));
  EXPECT_EQ(said.liveness, Liveness::Alive);
  EXPECT_THAT(said.text, HasSubstr("enabled at two"));
  EXPECT_THAT(said.text, HasSubstr("disabled at one"));
  // Also where another can't be asked.
  EXPECT_EQ(proof({away("one"), at("two", 512)}, hours(100)).liveness, Liveness::Alive);
}

TEST_F(TicketProofs, OneThatCannotBeAskedLeavesItUnknownAndIsNamed) {
  const auto said = proof({at("one", 514), away("two")}, hours(100));
  EXPECT_EQ(said.liveness, Liveness::Unknown);
  EXPECT_THAT(said.text, HasSubstr("two: it is down"));
  EXPECT_EQ(proof({at("one", 514), at("two", 514)}, hours(100)).liveness, Liveness::Dead);
}

TEST_F(TicketProofs, TheLatestOfChangesAndOfTheLookThatFoundAllClosedCounts) {
  SeenAt later = at("two", 514);
  later.account->control_changed_at += hours(1);
  EXPECT_EQ(proof({at("one", 514), later}, hours(11)).liveness, Liveness::Alive);
  EXPECT_EQ(proof({at("one", 514), later}, hours(12)).liveness, Liveness::Dead);
  const std::vector<SeenAt> both{at("one", 514), at("two", 514)};
  EXPECT_EQ(proof(both, hours(12), disabled_at + hours(3)).liveness, Liveness::Alive);
  EXPECT_EQ(proof(both, hours(14), disabled_at + hours(3)).liveness, Liveness::Dead);
}

TEST(Tickets, CountFromTheLookThatFoundAllClosedAfterOneThatDidNot) {
  const auto at = [](int minute) { return Time(std::chrono::hours(500'000) + std::chrono::minutes(minute)); };
  Tickets tickets;
  tickets.began("aa", "S-1-5-21-1-2-3-1104");
  EXPECT_EQ(tickets.looked("aa", Agreement::Enabled, at(1)), Time{});
  EXPECT_EQ(tickets.looked("aa", Agreement::Disabled, at(2)), Time{}) << "the change's own time counts";
  EXPECT_EQ(tickets.looked("aa", Agreement::Differing, at(3)), Time{});
  EXPECT_EQ(tickets.looked("aa", Agreement::Disabled, at(4)), at(4));
  EXPECT_EQ(tickets.looked("aa", Agreement::Disabled, at(5)), at(4));
  EXPECT_EQ(tickets.looked("aa", Agreement::Differing, at(6)), Time{});
  EXPECT_EQ(tickets.looked("aa", Agreement::Disabled, at(7)), at(7));
  EXPECT_EQ(tickets.looked("aa", Agreement::Enabled, at(8)), Time{});
  EXPECT_EQ(tickets.looked("aa", Agreement::Disabled, at(9)), Time{});
}

TEST(Tickets, AreKnownAfterARestartUntilTheirSessionsEnd) {
  const Time now(std::chrono::hours(500'000));
  std::map<std::string, std::string> kept;
  const auto keep = [&](Tickets& tickets) {
    for (const auto& [key, value] : tickets.take_changes()) {
      if (value.empty())
        kept.erase(key);
      else
        kept[key] = value;
    }
  };
  {
    Tickets tickets;
    tickets.began("aa", "S-1-5-21-1-2-3-1104");
    tickets.began("bb", "S-1-5-21-1-2-3-1105");
    tickets.began("cc", "");
    (void)tickets.looked("aa", Agreement::Differing, now);
    (void)tickets.looked("aa", Agreement::Disabled, now);
    tickets.ended("bb");
    keep(tickets);
  }
  EXPECT_EQ(kept.size(), 1U);
  Tickets tickets;
  for (const auto& [key, value] : kept) EXPECT_TRUE(tickets.restore(key, value));
  EXPECT_FALSE(tickets.restore("session/pc/1/2", "x"));
  EXPECT_TRUE(tickets.take_changes().empty()) << "nothing is new";
  ASSERT_TRUE(tickets.find("aa"));
  EXPECT_EQ(*tickets.find("aa"), (Ticket{"S-1-5-21-1-2-3-1104", true, now}));
  EXPECT_FALSE(tickets.find("bb"));
  for (const char* broken : {"", "S-1", "S-1 2 5", "S-1 0 -5", "S-1 0 5x", " 0 5", "S-1 0 "}) {
    EXPECT_TRUE(tickets.restore("ticket/dd", broken));
    EXPECT_FALSE(tickets.find("dd")) << broken;
  }
}

TEST(Tickets, OfTooManyTheOldestAreForgotten) {
  Tickets tickets(2);
  for (const char* session : {"aa", "bb"}) tickets.began(session, "S-1-5-21-1");
  tickets.ended("aa");
  tickets.began("cc", "S-1-5-21-1");
  EXPECT_TRUE(tickets.find("bb")) << "who ended takes no place";
  tickets.began("dd", "S-1-5-21-1");
  EXPECT_FALSE(tickets.find("bb"));
  EXPECT_TRUE(tickets.find("cc"));
  const auto changes = tickets.take_changes();
  EXPECT_EQ(changes.at("ticket/bb"), "");
  EXPECT_NE(changes.at("ticket/dd"), "");
}

// A name that nobody answers for, of a controller whose groups are looked up.
TEST(DirectoryLookups, EndWithTheSourceThoughTheNameServiceHangs) {
  forms_test::NameService names;
  names.hangs("dc1.corp.test");
  const support::TemporaryDirectory folder;
  json all = by_password;
  all["journal"] = (folder.path() / "journal").string();
  all["password_file"] = (folder.path() / "password").string();
  all["timeout"] = "20s";
  all["groups"] = {{"it", "CN=it,DC=corp,DC=test"}};
  std::ofstream(folder.path() / "password") << "x\n";
  Directory directory(read_directory_settings(all.dump()), "corp-ad");
  directory.start();
  GroupWatch watch(
      std::chrono::seconds(1), [&] { return directory.members(); }, [] {});
  watch.start();
  while (names.hanging() == 0) std::this_thread::yield();
  const auto begun = std::chrono::steady_clock::now();
  directory.stop();
  watch.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
  EXPECT_EQ(names.hanging(), 1U) << "it waited for the name service";
}

}  // namespace
}  // namespace curfew::windows
