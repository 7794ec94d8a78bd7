#include <nlohmann/json.hpp>

#include "running_server.hpp"

namespace curfew::api {
namespace {

using nlohmann::json;

class Endpoints : public RunningServer {
 protected:
  Endpoints() { start_operator(); }
};

TEST_F(Endpoints, HealthAsksForNoTokenAndNothingElse) {
  backing_.database_away = true;
  backing_.ready = false;
  EXPECT_EQ(get("/healthz", "").status, 200);
}

TEST_F(Endpoints, ReadinessSaysWhatIsMissing) {
  EXPECT_EQ(get("/readyz", "").status, 200);
  backing_.ready = false;
  const Reply reply = get("/readyz", "");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "5");
  EXPECT_EQ(json::parse(reply.body)["checks"][0]["text"], "away");
}

TEST_F(Endpoints, PagesLeadToEverySessionOnce) {
  std::vector<std::uint64_t> numbers;
  std::string path = "/api/v1/sessions?limit=100";
  for (int pages = 0; pages < 10; ++pages) {
    const json page = json::parse(get(path).body);
    for (const auto& row : page["sessions"]) numbers.push_back(row["number"].get<std::uint64_t>());
    if (page["next"].is_null()) break;
    path = "/api/v1/sessions?limit=100&after=" + page["next"].get<std::string>();
  }
  ASSERT_EQ(numbers.size(), 250U);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], i + 1);
}

TEST_F(Endpoints, FiltersReachTheQuery) {
  const json page = json::parse(get("/api/v1/sessions?live=true&source=corp-ad&limit=1000").body);
  ASSERT_FALSE(page["sessions"].empty());
  for (const auto& row : page["sessions"]) {
    EXPECT_EQ(row["source"], "corp-ad");
    EXPECT_NE(row["state"], "ended");
    EXPECT_TRUE(row["ended_at"].is_null());
  }
}

TEST_F(Endpoints, AMisspeltFilterIsRefusedWithTheLikelyRightOne) {
  const Reply reply = get("/api/v1/sessions?sorce=corp-ad");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.header("content-type"), "application/problem+json");
  EXPECT_NE(reply.body.find("did you mean 'source'"), std::string::npos) << reply.body;
}

TEST_F(Endpoints, WrongParametersAreNamed) {
  for (const char* query :
       {"limit=0", "limit=1001", "limit=x", "after=-1", "live=yes", "from=yesterday",
        "from=2026-11-21T20:58:00", "subject=alice", "subject=ABC0000000000001", "live=true&live=true"}) {
    EXPECT_EQ(get(std::string("/api/v1/sessions?") + query).status, 400) << query;
  }
}

TEST_F(Endpoints, AnUnknownNumberIsNotFound) {
  EXPECT_EQ(get("/api/v1/sessions/3").status, 200);
  EXPECT_EQ(get("/api/v1/sessions/999").status, 404);
  EXPECT_EQ(get("/api/v1/sessions/x").status, 404);
  EXPECT_EQ(get("/api/v1/sessions/99999999999999999999").status, 404);
}

TEST_F(Endpoints, WithoutATokenNothingIsShown) {
  const Reply reply = get("/api/v1/sessions", "");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.header("www-authenticate"), "Bearer realm=\"curfew\"");
  EXPECT_EQ(get("/api/v1/sessions", "cfw_guess").status, 401);
}

TEST_F(Endpoints, AnEvidenceBundleIsForWhoMayReadRecords) {
  const std::string bundle = "/api/v1/reports/compliance?format=bundle";
  const Reply all = get(bundle + "&records=all&since=12&reason=audit");
  EXPECT_EQ(all.status, 200);
  EXPECT_TRUE(all.body.starts_with("bundle for root: all since 12 because audit")) << all.body.substr(0, 60);
  EXPECT_GT(all.body.size(), 200'000U);
  EXPECT_TRUE(
      get(bundle + "&names=true&reason=audit").body.starts_with("bundle for root: fitting with names"));
  EXPECT_EQ(get(bundle + "&names=true").status, 400) << "no reason";
  EXPECT_EQ(get(bundle + "&records=none").status, 400);
  EXPECT_EQ(get(bundle + "&since=-1").status, 400);
  EXPECT_EQ(get(bundle, viewer).status, 403);
  EXPECT_EQ(get("/api/v1/reports/compliance", viewer).status, 200);
}

TEST_F(Endpoints, AViewerSeesAndOrdersNothing) {
  EXPECT_EQ(get("/api/v1/sessions", viewer).status, 200);
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"session":1,"reason":"x"})", viewer).status, 403);
  EXPECT_EQ(post("/api/v1/names", R"({"refs":["000000000000abc3"],"reason":"x"})", viewer).status, 403);
  EXPECT_EQ(get("/api/v1/ledger/streams/1/tile/0/000", viewer).status, 403);
  EXPECT_TRUE(backing_.commands.empty());
  EXPECT_TRUE(backing_.accesses.empty());
}

TEST_F(Endpoints, APusherSeesNothing) { EXPECT_EQ(get("/api/v1/sessions", pusher).status, 403); }

TEST_F(Endpoints, AnOrderBecomesACommandInTheTokensName) {
  const Reply reply =
      post("/api/v1/sign-outs",
           R"({"identifier":{"namespace":"upn","value":"alice@corp.test"},"reason":"left the company",
                               "ladder":[{"action":"revoke_tokens","at":"entra","prove_within":"1m"}]})");
  EXPECT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(reply.header("location"), "/api/v1/sign-outs/2");
  ASSERT_EQ(backing_.commands.size(), 1U);
  const model::CommandInput& command = backing_.commands.front();
  EXPECT_EQ(command.verb, model::Verb::SignOut);
  EXPECT_EQ(command.by, "root");
  EXPECT_EQ(command.subject, model::Ref{0xabc3});
  ASSERT_EQ(command.ladder.size(), 1U);
  EXPECT_EQ(command.ladder[0].action, model::Action::RevokeTokens);
  EXPECT_EQ(command.ladder[0].prove_within, std::chrono::minutes(1));
}

TEST_F(Endpoints, AnOrderMustSayWhomAndWhy) {
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"session":1})").status, 400);
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"reason":"x"})").status, 400);
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"reason":"x","session":1,"subject":"000000000000abc3"})").status,
            400);
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"reason":"x","session":1,"ladder":[{"action":"sign_out_sesion"}]})")
                .status,
            400);
  EXPECT_EQ(
      post("/api/v1/sign-outs", R"({"reason":"x","identifier":{"namespace":"upn","value":"nobody"}})").status,
      404);
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"reason":"refuse me","session":1})").status, 409);
  EXPECT_EQ(backing_.commands.size(), 1U);
}

TEST_F(Endpoints, AnOrderMayBeAQuestion) {
  const Reply reply = post("/api/v1/sign-outs",
                           R"({"subject":"000000000000abc3","reason":"end of shift","at_most":40,"select":{
      "sources":["crm-forms"],"applications":["sales"],"device_name":"ws-17","account_types":["human"],
      "networks":["public"],"sign_ins":["interactive"],"auth_methods":["form"],"states":["locked"],
      "idle_over":"1h","older_than":"12h"}})");
  EXPECT_EQ(reply.status, 202) << reply.body;
  ASSERT_EQ(backing_.commands.size(), 1U);
  const model::CommandInput& command = backing_.commands.front();
  EXPECT_EQ(command.subject, model::Ref{0xabc3});
  EXPECT_EQ(command.at_most, 40U);
  const model::Selection wanted{.sources = {"crm-forms"},
                                .applications = {"sales"},
                                .device = model::Ref{0xd17},
                                .account_types = {model::AccountType::Human},
                                .networks = {model::NetworkClass::Public},
                                .sign_ins = {model::Interactivity::Interactive},
                                .auth_methods = {model::AuthMethod::Form},
                                .states = {model::SessionState::Locked},
                                .idle_over = std::chrono::hours(1),
                                .older_than = std::chrono::hours(12)};
  EXPECT_EQ(command.selection, wanted);
}

TEST_F(Endpoints, AQuestionThatWouldMeanEverybodyOrNobodyIsRefused) {
  for (const char* body : {R"({"reason":"x","select":{}})", R"({"reason":"x","select":{"sources":[]}})",
                           R"({"reason":"x","session":1,"select":{"sources":["crm"]}})",
                           R"({"reason":"x","select":{"idle_over":"-1h"}})",
                           R"({"reason":"x","select":{"states":["ended-ish"]}})",
                           R"({"reason":"x","at_most":10001,"session":1})"})
    EXPECT_EQ(post("/api/v1/sign-outs", body).status, 400) << body;
  EXPECT_EQ(post("/api/v1/sign-outs", R"({"reason":"x","select":{"device_name":"nobody"}})").status, 404);
  EXPECT_TRUE(backing_.commands.empty());
}

TEST_F(Endpoints, APreviewOrdersNothing) {
  const Reply reply = post("/api/v1/sign-outs/preview", R"({"select":{"sources":["crm-forms"]}})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_NE(
      reply.body.find("It also signs out of mail: sign_out_subject at corp-ad ends 2 sessions of 1 person"),
      std::string::npos)
      << reply.body;
  EXPECT_TRUE(backing_.commands.empty());
  EXPECT_EQ(backing_.previewed.size(), 1U);
  EXPECT_EQ(post("/api/v1/sign-outs/preview", R"({"session":1})", viewer).status, 403);
}

TEST_F(Endpoints, AllHeldSignOutsOfAPolicyAreDecidedAtOnce) {
  EXPECT_EQ(post("/api/v1/sign-outs/dismiss", R"({"policy":"office-day","reason":"wrong limit"})").status,
            202);
  EXPECT_EQ(post("/api/v1/sign-outs/release", R"({"policy":"office-day","reason":"right"})").status, 202);
  EXPECT_EQ(post("/api/v1/sign-outs/release", R"({"reason":"right"})").status, 400);
  ASSERT_EQ(backing_.commands.size(), 2U);
  EXPECT_EQ(backing_.commands[0].verb, model::Verb::Dismiss);
  EXPECT_EQ(backing_.commands[0].held_of, "office-day");
}

TEST_F(Endpoints, AHeldSignOutIsReleasedOrDismissed) {
  EXPECT_EQ(post("/api/v1/sign-outs/1/release", R"({"reason":"approved by phone"})").status, 202);
  EXPECT_EQ(post("/api/v1/sign-outs/1/dismiss", R"({"reason":"wrong person"})").status, 202);
  EXPECT_EQ(post("/api/v1/sign-outs/77/release", R"({"reason":"x"})").status, 404);
  ASSERT_EQ(backing_.commands.size(), 2U);
  EXPECT_EQ(backing_.commands[0].verb, model::Verb::Release);
  EXPECT_EQ(backing_.commands[1].verb, model::Verb::Dismiss);
}

TEST_F(Endpoints, TheReportOnSignOutsNamesPeopleForWhoMayKnowAndRecordsIt) {
  const std::string report = "/api/v1/reports/sign-outs?names=true&reason=ticket%2012";
  for (const char* format : {"&format=html", "&format=json"}) {
    const Reply reply = get(report + format);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_NE(reply.body.find("alice@corp.test"), std::string::npos) << reply.body;
  }
  EXPECT_EQ(backing_.accesses, (std::vector<std::string>{"root: ticket 12", "root: ticket 12"}));
  EXPECT_EQ(get(report, viewer).status, 403);
  EXPECT_EQ(get("/api/v1/reports/sign-outs?names=true").status, 400) << "no reason";
  const Reply without = get("/api/v1/reports/sign-outs?format=html", viewer);
  EXPECT_EQ(without.status, 200);
  EXPECT_EQ(without.body.find("alice"), std::string::npos);
  EXPECT_NE(without.body.find("000000000000abc3"), std::string::npos);
  EXPECT_EQ(backing_.accesses.size(), 2U);
}

TEST_F(Endpoints, NamesAreResolvedWithAReasonAndErasedOnesLeftOut) {
  const Reply reply =
      post("/api/v1/names", R"({"refs":["000000000000abc3","0000000000000194"],"reason":"ticket 12"})");
  EXPECT_EQ(reply.status, 200);
  const json names = json::parse(reply.body)["names"];
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0]["value"], "alice@corp.test");
  EXPECT_EQ(backing_.accesses, std::vector<std::string>{"root: ticket 12"});
  EXPECT_EQ(post("/api/v1/names", R"({"refs":["000000000000abc3"]})").status, 400);
}

TEST_F(Endpoints, TilesAreServedByTheirC2spPaths) {
  const Reply full = get("/api/v1/ledger/streams/1/tile/0/000");
  EXPECT_EQ(full.status, 200);
  EXPECT_EQ(full.body.size(), 8192U);
  EXPECT_NE(full.header("cache-control").find("immutable"), std::string::npos);
  const Reply partial = get("/api/v1/ledger/streams/1/tile/0/001.p/44");
  EXPECT_EQ(partial.body.size(), 44U * 32U);
  EXPECT_EQ(partial.header("cache-control"), "no-store");
  EXPECT_EQ(get("/api/v1/ledger/streams/1/tile/0/002").status, 404);
  EXPECT_EQ(get("/api/v1/ledger/streams/1/tile/0/../1").status, 404);
  EXPECT_EQ(get("/api/v1/ledger/streams/9/tile/0/000").status, 404);
}

TEST_F(Endpoints, AProofBeyondTheTreeIsNotFound) {
  EXPECT_EQ(get("/api/v1/ledger/streams/1/proof?index=299").status, 200);
  EXPECT_EQ(get("/api/v1/ledger/streams/1/proof?index=300").status, 404);
  EXPECT_EQ(get("/api/v1/ledger/streams/1/proof?index=5&size=5").status, 404);
  EXPECT_EQ(get("/api/v1/ledger/streams/1/proof?index=5&size=301").status, 404);
  EXPECT_EQ(get("/api/v1/ledger/streams/1/proof").status, 400);
}

TEST_F(Endpoints, ALostDatabaseIsSaidWithoutItsAddress) {
  backing_.database_away = true;
  const Reply reply = get("/api/v1/sessions");
  EXPECT_EQ(reply.status, 503);
  EXPECT_FALSE(reply.header("retry-after").empty());
  EXPECT_EQ(reply.body.find("secret-host"), std::string::npos);
  const std::lock_guard lock(log_mutex_);
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_NE(log_[0].find("secret-host"), std::string::npos);
  EXPECT_NE(log_[0].find(reply.header("x-request-id")), std::string::npos);
}

TEST_F(Endpoints, AnEndpointWithoutServiceSaysSo) {
  services_.policies = nullptr;
  EXPECT_EQ(get("/api/v1/policies").status, 501);
}

}  // namespace
}  // namespace curfew::api
