// The directory's audit log beside the sign-ins: which changes are told, each once, with a cursor of its own;
// and that it keeps nobody from the sign-ins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/oauth/providers/entra/directory_audits.hpp"
#include "tests/plugins/oauth_entra/entra_maker.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::Type;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const json with_audits{{"entra", {{"audits", true}}}};

class Audits : public testing::Test {
 protected:
  ~Audits() override { EXPECT_THAT(graph_.complaints(), IsEmpty()); }
  // A whole turn: sign-ins and audits, each to its end.
  static Batch turn(const Made& one) {
    Batch all;
    for (;;) {
      Batch batch = one->since(wall_clock() + 4s);
      for (Sighting& seen : batch.sightings) all.sightings.push_back(std::move(seen));
      for (oauth::Advance& move : batch.advances) all.advances.push_back(std::move(move));
      if (!batch.cursor.empty()) all.cursor = batch.cursor;
      if (batch.caught_up && !batch.again) return all;
    }
  }
  Made again(const Batch& last) {
    Made made;
    made.provider = oauth::entra::make_entra(
        oauth::read_settings(settings_for(graph_, with_audits).dump()),
        {.source = "entra",
         .digest = digest_of,
         .now = wall_clock,
         .log = [](plugin::Level, std::string_view) {},
         .cursor = [last](const std::string& name) -> std::optional<std::string> {
           for (auto one = last.advances.rbegin(); one != last.advances.rend(); ++one)
             if (one->name == name) return one->value;
           return std::nullopt;
         }});
    made.provider->resume(last.cursor);
    return made;
  }
  FakeGraph graph_;
};

TEST_F(Audits, TellWhatOthersChange) {
  const std::vector<std::pair<std::string, Type>> cases{
      {"Disable account", Type::AccountDisabled},
      {"Delete user", Type::AccountDisabled},
      {"Enable account", Type::AccountEnabled},
      {"Restore user", Type::AccountEnabled},
      {"Reset user password", Type::CredentialChanged},
      {"Reset password (by admin)", Type::CredentialChanged},
      {"Reset password (self-service)", Type::CredentialChanged},
      {"Change user password", Type::CredentialChanged},
      {"Change password (self-service)", Type::CredentialChanged},
      {"Update StsRefreshTokenValidFrom Timestamp", Type::Revoked},
      {"Revoke user sign-in sessions", Type::Revoked}};
  const Made one = made(graph_, with_audits);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < cases.size(); ++i)
    ids.push_back(graph_.audit({.activity = cases[i].first, .who = "alice", .ago = 40s - i * 1s}));
  const Batch batch = turn(one);
  ASSERT_THAT(batch.sightings, SizeIs(cases.size()));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Sighting& seen = batch.sightings[i];
    EXPECT_EQ(seen.type, cases[i].second) << cases[i].first;
    EXPECT_EQ(seen.key, "audit/" + ids[i]);
    EXPECT_EQ(seen.subject, graph_.people.at("alice").id);
    EXPECT_TRUE(seen.session.empty());
    EXPECT_EQ(seen.account_type,
              seen.user_name.empty() ? plugin::AccountType::Unknown : plugin::AccountType::Human);
    EXPECT_EQ(seen.end_reason,
              seen.type == Type::Revoked ? plugin::EndReason::Forced : plugin::EndReason::Unknown);
  }
  // Deleted: the name is not one any more.
  EXPECT_TRUE(batch.sightings[1].user_name.empty());
  EXPECT_EQ(batch.sightings[0].user_name, "alice@corp.test");
}

TEST_F(Audits, LeaveOutWhatIsNoneOfThatAndWhatIsOurs) {
  const Made one = made(graph_, with_audits);
  (void)graph_.audit({.activity = "Update user", .who = "alice"});
  (void)graph_.audit({.activity = "Disable account", .who = "alice", .result = "failure"});
  (void)graph_.audit({.activity = "Disable account", .who = "alice", .by = "CURFEW", .by_application = true});
  const std::string others =
      graph_.audit({.activity = "Disable account", .who = "bob", .by = "another", .by_application = true});
  const Batch batch = turn(one);
  EXPECT_THAT(keys_in(batch), ElementsAre("audit/" + others));
  ASSERT_THAT(batch.advances, SizeIs(1));
  EXPECT_EQ(batch.advances[0].name, "audits");
  EXPECT_EQ(batch.advances[0].read, 4U);
  EXPECT_EQ(batch.advances[0].filtered, 3U);
  EXPECT_EQ(batch.advances[0].observed_until, plugin::Time{});  // sign-ins come by another way
}

TEST_F(Audits, HaveACursorOfTheirOwn) {
  (void)graph_.sign_in("alice", {});
  (void)graph_.audit({.activity = "Disable account", .who = "alice"});
  const Batch first = turn(made(graph_, with_audits));
  EXPECT_THAT(first.sightings, SizeIs(2));
  const std::string late =
      graph_.audit({.activity = "Enable account", .who = "alice", .ago = 20s, .late = 0s});
  (void)graph_.sign_in("bob", {});
  const Batch second = turn(again(first));
  EXPECT_THAT(keys_in(second), testing::UnorderedElementsAre("audit/" + late, graph_.last_record()));
  EXPECT_THAT(turn(again(second)).sightings, IsEmpty());
}

TEST_F(Audits, AreToldOnceHoweverLateAndHoweverPagesShift) {
  const Made one = made(graph_, with_audits);
  std::set<std::string> expected;
  for (int i = 0; i < 25; ++i)
    expected.insert("audit/" +
                    graph_.audit({.activity = "Reset user password", .who = "alice", .ago = 50s - i * 1s}));
  expected.insert("audit/" +
                  graph_.audit({.activity = "Disable account", .who = "bob", .ago = 5s, .late = 20s}));
  graph_.before("9177f2e3_10", [&] {
    for (int i = 0; i < 3; ++i)
      expected.insert("audit/" + graph_.audit({.activity = "Enable account", .who = "bob", .ago = 30s}));
  });
  std::vector<std::string> told = keys_in(turn(one));
  graph_.pass(30s);
  for (int i = 0; i < 2; ++i)
    for (const std::string& key : keys_in(turn(one))) told.push_back(key);
  EXPECT_EQ(told.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), expected);
}

TEST_F(Audits, ThatCantBeReadKeepNoSignInBack) {
  const Made one = made(graph_, with_audits);
  std::string complaint;
  std::vector<std::string> told;
  std::vector<std::string> signed_in;
  for (int i = 0; i < 3; ++i) {
    (void)graph_.sign_in("alice", {});
    signed_in.push_back(graph_.last_record());
    graph_.next_answer({.status = 403,
                        .body = R"({"error":{"code":"Authorization_RequestDenied"}})",
                        .only_for = "directoryAudits"});
    for (int calls = 0; calls < 2; ++calls) {
      try {
        for (const std::string& key : keys_in(one->since(wall_clock() + 4s))) told.push_back(key);
      } catch (const plugin::Failure& failure) {
        complaint = failure.what();
      }
    }
  }
  EXPECT_EQ(told, signed_in);
  EXPECT_THAT(complaint, HasSubstr("asked for the directory's audit logs"));
  EXPECT_THAT(complaint, HasSubstr("grant the application permission AuditLog.Read.All"));
}

TEST_F(Audits, AreNotAskedForWhereTheyAreNotWanted) {
  const Made one = made(graph_);
  (void)turn(one);
  EXPECT_EQ(graph_.asked("directoryAudits"), 0U);
  EXPECT_THAT(one->coverage(), HasSubstr("changes of accounts and passwords"));
}

TEST(AuditRecords, ThatCantBeReadAreCounted) {
  FakeGraph graph;
  json good = graph.audit_record({.activity = "Disable account", .who = "alice"});
  json rows = json::array({good});
  for (const char* key : {"id", "activityDateTime", "activityDisplayName"}) {
    json bad = good;
    bad.erase(key);
    rows.push_back(bad);
  }
  json of_several = good;  // which of them it was is not said
  of_several["id"] = "several";
  of_several["targetResources"].push_back(of_several["targetResources"][0]);
  rows.push_back(of_several);
  json of_none = good;
  of_none["id"] = "none";
  of_none["targetResources"] = nullptr;
  rows.push_back(of_none);
  const auto page = oauth::entra::read_directory_audits(json{{"value", rows}}.dump(), "curfew");
  EXPECT_EQ(page.rows, 6U);
  EXPECT_THAT(page.unreadable, SizeIs(3));
  ASSERT_THAT(page.records, SizeIs(3));
  EXPECT_TRUE(page.records[0].sighting);
  EXPECT_FALSE(page.records[1].sighting);
  EXPECT_FALSE(page.records[2].sighting);
}

}  // namespace
}  // namespace curfew::entra_test
