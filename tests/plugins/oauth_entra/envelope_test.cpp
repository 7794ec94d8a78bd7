// What Azure's diagnostic settings send: the same records as Graph's, under the same keys, in an envelope
// that says some things in many ways.
#include "plugins/oauth/providers/entra/envelope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/timestamps.hpp"
#include "tests/plugins/oauth_entra/entra_maker.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using oauth::iso_time;
using oauth::Sighting;
using oauth::entra::Envelope;
using oauth::entra::read_envelope;
using oauth::events::event_time;
using plugin::Type;
using testing::IsEmpty;
using testing::SizeIs;

json around(const json& record, const std::string& category = "SignInLogs") {
  return {{"time", record.value("createdDateTime", "")},
          {"resourceId", "/tenants/t/providers/Microsoft.aadiam"},
          {"operationName", "Sign-in activity"},
          {"category", category},
          {"tenantId", "t"},
          {"resultType", "0"},
          {"durationMs", "12"},
          {"callerIpAddress", "192.0.2.7"},
          {"properties", record}};
}

std::vector<Sighting> sightings_in(const Envelope& envelope) {
  std::vector<Sighting> all;
  for (const auto& one : envelope.records)
    if (one.sighting) all.push_back(*one.sighting);
  return all;
}

class Envelopes : public testing::Test {
 protected:
  // As a diagnostic setting has it: the kind stands in the category alone.
  [[nodiscard]] json record(std::int64_t code = 0, const FakeGraph::SignIn& how = {}) const {
    json one = graph_.record("alice", code, how);
    one.erase("signInEventTypes");
    return one;
  }
  FakeGraph graph_;
};

TEST_F(Envelopes, HoldTheSameSignInsAsGraph) {
  graph_.set([](FakeGraph& it) { it.order = FakeGraph::Order::Oldest; });
  for (const bool two : {false, true}) (void)graph_.sign_in("alice", {.two_factors = two});
  graph_.fail_sign_in("bob", 50126, {});
  std::vector<json> stored;
  for (const auto& [user, code, two] : std::vector<std::tuple<std::string, int, bool>>{
           {"alice", 0, false}, {"alice", 0, true}, {"bob", 50126, false}})
    stored.push_back(graph_.record(user, code, {.two_factors = two}));
  for (const json& one : stored) {
    graph_.add_record(one);
    const std::vector<Sighting> by_hub = sightings_in(read_envelope(around(one).dump()));
    ASSERT_THAT(by_hub, SizeIs(1));
    Sighting by_graph;
    for (const Sighting& seen : all_of(made(graph_)).sightings)
      if (seen.key == one.at("id")) by_graph = seen;
    EXPECT_EQ(by_hub[0].key, by_graph.key);
    EXPECT_EQ(by_hub[0].at, by_graph.at);
    EXPECT_EQ(by_hub[0].type, by_graph.type);
    EXPECT_EQ(by_hub[0].session, by_graph.session);
    EXPECT_EQ(by_hub[0].handle, by_graph.handle);
    EXPECT_EQ(by_hub[0].subject, by_graph.subject);
    EXPECT_EQ(by_hub[0].user_name, by_graph.user_name);
    EXPECT_EQ(by_hub[0].factors, by_graph.factors);
    EXPECT_EQ(by_hub[0].fresh_credentials, by_graph.fresh_credentials);
    EXPECT_EQ(by_hub[0].interactivity, by_graph.interactivity);
    EXPECT_EQ(by_hub[0].failure, by_graph.failure);
  }
  EXPECT_THAT(graph_.complaints(), IsEmpty());
}

TEST_F(Envelopes, AreOfTheirCategoryWhateverTheRecordSays) {
  json one = record();
  one["isInteractive"] = false;  // as some are
  EXPECT_EQ(sightings_in(read_envelope(around(one).dump())).at(0).type, Type::SignIn);
  one["isInteractive"] = true;
  const auto silent = sightings_in(read_envelope(around(one, "NonInteractiveUserSignInLogs").dump())).at(0);
  EXPECT_EQ(silent.type, Type::TokenRefreshed);
  EXPECT_TRUE(silent.machine);
  for (const char* other : {"ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs", "ProvisioningLogs",
                            "RiskyUsers", "MicrosoftGraphActivityLogs"}) {
    const Envelope envelope = read_envelope(around(one, other).dump());
    EXPECT_EQ(envelope.others, 1U) << other;
    EXPECT_THAT(envelope.records, IsEmpty());
  }
  EXPECT_THAT(sightings_in(read_envelope(around(one, "SIGNINLOGS").dump())), SizeIs(1));
}

TEST_F(Envelopes, OfTheDirectorysAuditsAreReadToo) {
  const json audit = graph_.audit_record({.activity = "Disable account", .who = "alice"});
  json outer = around(audit, "AuditLogs");
  const auto seen = sightings_in(read_envelope(outer.dump(), "curfew"));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].type, Type::AccountDisabled);
  EXPECT_EQ(seen[0].key, "audit/" + audit.at("id").get<std::string>());
  outer["properties"]["initiatedBy"] = {{"app", {{"appId", "curfew"}}}};
  EXPECT_THAT(sightings_in(read_envelope(outer.dump(), "curfew")), IsEmpty());
}

TEST_F(Envelopes, ComeInThreeShapes) {
  const json one = around(record());
  EXPECT_EQ(read_envelope(one.dump()).rows, 1U);
  EXPECT_EQ(read_envelope(json::array({one, one}).dump()).rows, 2U);
  EXPECT_EQ(read_envelope(json{{"records", {one, one, one}}}.dump()).rows, 3U);
  EXPECT_EQ(read_envelope(R"({"records":[]})").rows, 0U);
}

TEST_F(Envelopes, SayWhatTheirRecordLeavesOut) {
  json inner = record();
  inner.erase("createdDateTime");
  inner.erase("status");
  json outer = around(inner);
  outer["time"] = "10/18/2019, 9:45:48.072 AM";
  outer["resultType"] = "50126";
  const auto seen = sightings_in(read_envelope(outer.dump()));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].at, iso_time("2019-10-18T09:45:48.072Z"));
  EXPECT_EQ(seen[0].failure, "bad_password:50126");
  outer["resultType"] = 0;
  outer["time"] = 1571391948;
  EXPECT_EQ(sightings_in(read_envelope(outer.dump())).at(0).at, iso_time("2019-10-18T09:45:48Z"));
  outer["resultType"] = "Success";
  EXPECT_EQ(read_envelope(outer.dump()).unreadable, 1U);
}

TEST_F(Envelopes, GiveTheirAddressToARecordWithoutOne) {
  json inner = record();
  inner.erase("ipAddress");
  EXPECT_EQ(sightings_in(read_envelope(around(inner).dump())).at(0).address, "192.0.2.7");
  inner["ipAddress"] = "192.0.2.8";
  EXPECT_EQ(sightings_in(read_envelope(around(inner).dump())).at(0).address, "192.0.2.8");
}

TEST_F(Envelopes, MayHaveTheCodeAndTheDeviceAsText) {
  json inner = record(50126);
  inner["status"] = R"({"errorCode":"50126"})";
  inner["deviceDetail"] = R"({"deviceId":"d-7"})";
  const auto seen = sightings_in(read_envelope(around(inner).dump()));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].failure, "bad_password:50126");
  EXPECT_EQ(seen[0].device, "d-7");
}

// A hub and a log have one reader: what a table's columns say is understood from both.
TEST_F(Envelopes, MayBeColumnsOfATable) {
  const json row{{"Type", "SigninLogs"},
                 {"TimeGenerated", "2026-03-02T11:00:00Z"},
                 {"Id", "la-1"},
                 {"UserId", "26be570a-0000-4000-8000-000000000004"},
                 {"UserPrincipalName", "dave@corp.test"},
                 {"IPAddress", "192.0.2.40"},
                 {"ResultType", "0"}};
  const auto seen = sightings_in(read_envelope(row.dump()));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].user_name, "dave@corp.test");
  EXPECT_EQ(seen[0].address, "192.0.2.40");
  EXPECT_EQ(seen[0].at, iso_time("2026-03-02T11:00:00Z"));
}

TEST_F(Envelopes, MayHaveTheStepsAsText) {
  json one = record(0, {.two_factors = true});
  one["authenticationDetails"] = one["authenticationDetails"].dump();
  const auto seen = sightings_in(read_envelope(around(one).dump()));
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_TRUE(seen[0].fresh_credentials);
  EXPECT_EQ(seen[0].factors, 2U);
}

TEST_F(Envelopes, ThatAreNoneAreRefusedAndRecordsThatAreNoneCounted) {
  for (const char* none : {"", "{", "7", "\"records\"", R"({"records":{}})", R"({"records":7})", "null"})
    EXPECT_THROW((void)read_envelope(none), plugin::Failure) << none;
  const json good = around(record());
  json rows = json::array({good, 7, nullptr, json::object(), json{{"category", "SignInLogs"}}});
  json no_id = good;
  no_id["properties"].erase("id");
  rows.push_back(no_id);
  const Envelope envelope = read_envelope(json{{"records", rows}}.dump());
  EXPECT_EQ(envelope.rows, 6U);
  EXPECT_EQ(envelope.unreadable, 5U);
  EXPECT_THAT(envelope.records, SizeIs(1));
}

TEST(AzureTimes, AreReadInTheirManyForms) {
  const auto expected = iso_time("2022-01-22T18:15:02.516Z");
  for (const char* form :
       {"2022-01-22T18:15:02.5160000Z", "2022-01-22T18:15:02.516+00:00", "2022-01-22T20:15:02.516+02:00",
        "2022-01-22T18:15:02.516", "2022-01-22 18:15:02.516", "2022-01-22 18:15:02.516Z",
        "1/22/2022 6:15:02.516 PM", "1/22/2022, 6:15:02.516 PM", "01/22/2022 18:15:02.516",
        "1/22/2022 6:15:02.516 PM +00:00", "1/22/2022, 8:15:02.516 PM +02:00", "1642875302516"})
    EXPECT_EQ(event_time(form), expected) << form;
  EXPECT_EQ(event_time("1642875302"), iso_time("2022-01-22T18:15:02Z"));
  EXPECT_EQ(event_time("1/22/2022 12:00:00 AM"), iso_time("2022-01-22T00:00:00Z"));
  EXPECT_EQ(event_time("1/22/2022 12:00:00 PM"), iso_time("2022-01-22T12:00:00Z"));
  for (const char* none :
       {"", "soon", "13/22/2022 6:15:02 PM", "1/22/2022", "1/22/2022 13:15:02 PM", "1/32/2022 6:15:02 PM",
        "2/30/2022 6:15:02 PM", "1/22/22 6:15:02 PM", "2022-01-22", "16428753", "99999999999999",
        "1/22/2022 6:15", "///////////////////////", "1//2022 6:15:02 PM"})
    EXPECT_FALSE(event_time(none)) << none;
}

// Others' recordings, where they are at hand: each line is read.
TEST(AzureRecordings, AreRead) {
  const std::filesystem::path folder = CURFEW_SOURCE_DIR "/../shared/data/vendor-logs/azure";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "../shared/data is absent: recordings by others were not read";
  std::size_t rows = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".log") continue;
    std::ifstream in(file.path());
    for (std::string line; std::getline(in, line);) {
      if (line.find_first_not_of(" \r") == std::string::npos) continue;
      const Envelope envelope = read_envelope(line);
      rows += envelope.rows;
      EXPECT_EQ(envelope.unreadable, 0U) << file.path();
    }
  }
  EXPECT_GT(rows, 30U);
}

}  // namespace
}  // namespace curfew::entra_test
