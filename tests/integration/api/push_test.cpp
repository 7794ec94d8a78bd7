#include <nlohmann/json.hpp>

#include "running_server.hpp"

namespace curfew::api {
namespace {

using nlohmann::json;

class Push : public RunningServer {
 protected:
  Push() { start_operator(); }
  Reply push(const std::string& body, const std::string& type = "application/json") {
    return post("/api/v1/ingest/crm-forms", body, pusher, type);
  }
};

std::string sign_in(const std::string& key) {
  return R"({"type":"sign_in","occurred_at":"2026-11-21T08:00:00Z","key":")" + key +
         R"(","session":{"id":"s1"}})";
}

TEST_F(Push, OneObservationIsAcceptedWhenItIsDurable) {
  const Reply reply = push(sign_in("a"));
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(json::parse(reply.body)["taken"], 1);
  ASSERT_EQ(backing_.pushed.size(), 1U);
  EXPECT_EQ(backing_.pushed[0].session.bytes, base::keyed_digest("key", "s1"));
}

TEST_F(Push, TheSameKeyAgainIsAcceptedAndTakenOnce) {
  EXPECT_EQ(push(sign_in("a")).status, 202);
  const Reply again = push("[" + sign_in("a") + "," + sign_in("b") + "]");
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(json::parse(again.body)["taken"], 1);
  EXPECT_EQ(json::parse(again.body)["repeated"], 1);
  EXPECT_EQ(backing_.pushed.size(), 2U);
}

TEST_F(Push, WhatIsNotDurableIsNotAccepted) {
  backing_.durable = false;
  const Reply reply = push(sign_in("a"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "3");
  EXPECT_TRUE(backing_.pushed.empty());
}

TEST_F(Push, LinesAreABatch) {
  const Reply reply = push(sign_in("a") + "\n\n" + sign_in("b") + "\r\n", "application/x-ndjson");
  EXPECT_EQ(reply.status, 202) << reply.body;
  EXPECT_EQ(json::parse(reply.body)["taken"], 2);
}

TEST_F(Push, AMalformedBatchIsRefusedWholeWithThePlace) {
  const Reply reply =
      push(sign_in("a") + "\n" + R"({"type":"sign_inn","occurred_at":"2026-11-21T08:00:00Z","key":"b"})",
           "application/x-ndjson");
  EXPECT_EQ(reply.status, 400);
  const json problem = json::parse(reply.body);
  EXPECT_EQ(problem["index"], 1);
  EXPECT_NE(problem["detail"].get<std::string>().find("did you mean 'sign_in'"), std::string::npos)
      << reply.body;
  EXPECT_TRUE(backing_.pushed.empty());
}

TEST_F(Push, RefusalsOfAdmissionAreListed) {
  const Reply some = push("[" + sign_in("late") + "," + sign_in("b") + "]");
  EXPECT_EQ(some.status, 202);
  EXPECT_EQ(json::parse(some.body)["refused"], json::parse(R"([{"index":0,"reason":"too_late"}])"));
  EXPECT_EQ(push(sign_in("late")).status, 422);
}

TEST_F(Push, ABodyOverTheLimitIsRefusedUnread) {
  const Reply reply = push(std::string(std::size_t{5} * 1024 * 1024, ' '));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.header("connection"), "Close");
}

TEST_F(Push, ATokenPushesOnlyToItsSources) {
  EXPECT_EQ(post("/api/v1/ingest/corp-ad", sign_in("a"), pusher).status, 403);
  EXPECT_EQ(post("/api/v1/ingest/corp-ad", sign_in("a"), admin).status, 404);
}

TEST_F(Push, AnotherContentTypeIsRefused) { EXPECT_EQ(push(sign_in("a"), "text/csv").status, 415); }

TEST_F(Push, TheSourcesListenerPassesOnToTheConnector) {
  const Server& server = start_sources();
  const Reply reply = ask(server, "POST", "/sources/crm-forms/event/a%20b", pusher, "body");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "POST /event/a b body");
  EXPECT_EQ(ask(server, "GET", "/sources/nobody/x", admin).status, 404);
  EXPECT_EQ(ask(server, "GET", "/sources/crm-forms", pusher).body, "GET / ");
  EXPECT_EQ(ask(server, "GET", "/api/v1/sessions", admin).status, 404);
  EXPECT_EQ(ask(server, "POST", "/api/v1/ingest/crm-forms", pusher, sign_in("z")).status, 202);
}

TEST_F(Push, WhatTheConfigurationOpensNeedsNoTokenAndNothingElseDoes) {
  const Server& server = start_sources();
  EXPECT_EQ(ask(server, "POST", "/open/crm-forms/signed/here", "", "body").body, "POST /signed/here body");
  EXPECT_EQ(ask(server, "POST", "/open/crm-forms/signed/here", "", std::string(65 * 1024, 'x')).status, 413);
  for (const char* path :
       {"/open/crm-forms/signed", "/open/crm-forms/signed/here/", "/open/crm-forms/signed/../signed/here",
        "/open/corp-ad/signed/here", "/open/crm-forms"})
    EXPECT_EQ(ask(server, "POST", path, "", "body").status, 404) << path;
  EXPECT_EQ(ask(server, "GET", "/open/crm-forms/signed/here", "").status, 405);
  EXPECT_EQ(ask(start_operator(), "POST", "/open/crm-forms/signed/here", "", "body").status, 404);
}

TEST_F(Push, WhatTheTwoAgreedOnReachesTheConnectorAndATokenOfOursDoesNot) {
  const Server& server = start_sources();
  EXPECT_EQ(ask(server, "POST", "/open/crm-forms/signed/here", "of-the-two", "body").body,
            "POST /signed/here body with Bearer of-the-two");
  EXPECT_EQ(ask(server, "POST", "/open/crm-forms/signed/here", pusher, "body").body,
            "POST /signed/here body");
  EXPECT_EQ(ask(server, "POST", "/sources/crm-forms/x", pusher, "body").body, "POST /x body");
}

TEST_F(Push, AConnectorsOwnPathsNeedATokenOfTheirSource) {
  const Server& server = start_sources();
  EXPECT_EQ(ask(server, "POST", "/sources/crm-forms/x", "", "body").status, 401);
  EXPECT_EQ(ask(server, "POST", "/sources/crm-forms/x", viewer, "body").status, 403);
  EXPECT_EQ(ask(server, "POST", "/sources/corp-ad/x", pusher, "body").status, 403);
}

}  // namespace
}  // namespace curfew::api
