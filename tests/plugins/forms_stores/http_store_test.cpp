// Stores behind HTTP, against the small forms application: what its calls do, what its answers prove, and
// what slow, cut, garbled, lying and untrusted ones don't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "plugins/forms/stores/store.hpp"
#include "tests/support/faulty_proxy.hpp"
#include "tests/support/forms_app/forms_app.hpp"

namespace curfew::forms {
namespace {

using forms_app::Fault;
using forms_app::FormsApp;
using forms_app::FormsAppOptions;
using forms_app::Manner;
using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using support::Answers;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

plugin::Time in(plugin::Duration time) {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()) + time;
}

json settings_for(const std::string& url) {
  const json done = {{"status", {200}}, {"json", {{"/done", true}}}};
  const json none = {{"status", {404}}, {"json", {{"/state", "none"}}}};
  return {{"kind", "http"},
          {"url", url},
          {"secret", "token of the test"},
          {"headers", {{"Authorization", "Bearer {secret}"}}},
          {"connect_timeout", "1s"},
          {"statement_timeout", "1s"},
          {"calls",
           {{"list",
             {{"path", "/sessions"},
              {"sessions", "/sessions"},
              {"id", "/id"},
              {"subject", "/user"},
              {"started_at", "/started_at"},
              {"last_activity_at", "/last_activity_at"}}},
            {"cancel_session", {{"path", "/sessions/{session}/cancel"}, {"done", done}, {"not_found", none}}},
            {"sign_out_session",
             {{"method", "DELETE"}, {"path", "/sessions/{session}"}, {"done", done}, {"not_found", none}}},
            {"sign_out_subject",
             {{"method", "DELETE"}, {"path", "/people/{subject}/sessions"}, {"done", {{"status", {200}}}}}},
            {"prove", {{"path", "/sessions/{session}"}, {"alive", {{"status", {200}}}}, {"dead", none}}}}}};
}

class HttpStore : public testing::Test {
 protected:
  HttpStore()
      : app_({.people = {{"alice", "alice-pw"}, {"bob", "bob-pw"}}, .admin_token = "token of the test"}),
        proxy_({.server_path = {}, .server_port = app_.port(), .listen_path = {}}) {}

  std::string url() { return "http://127.0.0.1:" + std::to_string(proxy_.port()) + "/admin"; }
  std::unique_ptr<Store> store() { return make_store(settings_for(url()).dump()); }

  // Signs in through the form and returns the session's id.
  std::string sign_in(const std::string& name) {
    Poco::Net::HTTPClientSession client("127.0.0.1", static_cast<Poco::UInt16>(app_.port()));
    Poco::Net::HTTPRequest request("POST", "/login", Poco::Net::HTTPMessage::HTTP_1_1);
    const std::string body = "user=" + name + "&password=" + name + "-pw";
    request.setContentType("application/x-www-form-urlencoded");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
    client.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    client.receiveResponse(response);
    const std::string cookie = response.get("Set-Cookie");
    return cookie.substr(4, cookie.find(';') - 4);
  }
  // What the application itself says to who comes with this cookie.
  int visit(const std::string& id) {
    Poco::Net::HTTPClientSession client("127.0.0.1", static_cast<Poco::UInt16>(app_.port()));
    Poco::Net::HTTPRequest request("GET", "/app", Poco::Net::HTTPMessage::HTTP_1_1);
    request.set("Cookie", "sid=" + id);
    client.sendRequest(request);
    Poco::Net::HTTPResponse response;
    client.receiveResponse(response);
    return static_cast<int>(response.getStatus());
  }
  static Liveness lives(Store& store, const std::string& id) {
    return store.prove({.id = id, .subject = {}}, in(5s)).liveness;
  }

  FormsApp app_;
  support::FaultyProxy proxy_;
};

TEST_F(HttpStore, ListsEndsAndProvesAsTheApplicationItselfSees) {
  const std::string alice = sign_in("alice");
  const std::string bob = sign_in("bob");
  const auto sessions = store();
  std::map<std::string, std::string> all;
  sessions->list(
      [&](const StoredSession& session) {
        all[session.name.id] = session.name.subject;
        EXPECT_GT(session.started_at, in(-1min));
      },
      in(5s));
  EXPECT_EQ(all, (std::map<std::string, std::string>{{alice, "alice"}, {bob, "bob"}}));
  EXPECT_EQ(lives(*sessions, alice), Liveness::Alive);
  EXPECT_EQ(sessions->end({.id = alice, .subject = {}}, in(5s)).code, Code::Ok);
  EXPECT_EQ(lives(*sessions, alice), Liveness::Dead);
  EXPECT_EQ(visit(alice), 302);
  EXPECT_EQ(visit(bob), 200);
  EXPECT_EQ(sessions->end({.id = alice, .subject = {}}, in(5s)).code, Code::NotFound);
}

TEST_F(HttpStore, AllOfAPersonsSessionsEndAtOnce) {
  const std::string first = sign_in("alice");
  const std::string second = sign_in("alice");
  const std::string bob = sign_in("bob");
  EXPECT_EQ(store()->end_subject("alice", in(5s)).code, Code::Ok);
  EXPECT_EQ(visit(first), 302);
  EXPECT_EQ(visit(second), 302);
  EXPECT_EQ(visit(bob), 200);
}

TEST_F(HttpStore, ACancelThatOnlyPausesLeavesTheSessionAlive) {
  app_.behave(Manner::CancelPauses);
  const std::string alice = sign_in("alice");
  const auto sessions = store();
  EXPECT_EQ(sessions->cancel({.id = alice, .subject = {}}, in(5s)).code, Code::Ok);
  EXPECT_EQ(lives(*sessions, alice), Liveness::Alive);
  EXPECT_EQ(visit(alice), 200);
}

TEST_F(HttpStore, WhatIsPutIntoACallIsEscaped) {
  const std::string alice = sign_in("alice");
  const auto sessions = store();
  for (const std::string& id :
       std::vector<std::string>{"a?b=c", "a b\r\nX: y", "%2e", "\"}", "a#b", "{subject}"}) {
    EXPECT_EQ(lives(*sessions, id), Liveness::Dead) << id;
    EXPECT_EQ(sessions->end({.id = id, .subject = {}}, in(5s)).code, Code::NotFound) << id;
  }
  EXPECT_EQ(visit(alice), 200);
}

TEST_F(HttpStore, AnIdThatCouldChooseAnotherCallIsNotAskedFor) {
  const std::string alice = sign_in("alice");
  const auto sessions = store();
  for (const std::string& id :
       std::vector<std::string>{"../people/alice/sessions", "a/b", "..", ".", "a\\b", alice + "/cancel"}) {
    const Found found = sessions->prove({.id = id, .subject = {}}, in(5s));
    EXPECT_EQ(found.liveness, Liveness::Unknown) << id;
    EXPECT_THAT(found.text, HasSubstr("use the body"));
    EXPECT_THROW((void)sessions->end({.id = id, .subject = {}}, in(5s)), Failure) << id;
  }
  EXPECT_EQ(app_.admin_calls(), 0U);
  EXPECT_EQ(visit(alice), 200);
}

TEST_F(HttpStore, AnApplicationInTroubleProvesNothing) {
  const auto sessions = store();
  ASSERT_EQ(lives(*sessions, "gone"), Liveness::Dead);
  for (const Fault fault : {Fault::Slow, Fault::Garbage, Fault::Cut}) {
    app_.fail(fault);
    const auto begun = std::chrono::steady_clock::now();
    const Found found = sessions->prove({.id = "gone", .subject = {}}, in(700ms));
    EXPECT_EQ(found.liveness, Liveness::Unknown) << static_cast<int>(fault);
    EXPECT_THAT(found.text, HasSubstr("HTTP at 127.0.0.1"));
    EXPECT_THAT(found.text, Not(HasSubstr("gone")));
    try {
      (void)sessions->end({.id = "gone", .subject = {}}, in(700ms));
      ADD_FAILURE() << "nobody answered";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::Unavailable);
    }
    EXPECT_THROW(sessions->list([](const StoredSession&) {}, in(700ms)), Failure);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
    app_.fail(Fault::None);
  }
  EXPECT_EQ(lives(*sessions, "gone"), Liveness::Dead);
}

TEST_F(HttpStore, AnAnswerCutAnywhereProvesNothing) {
  const std::string alice = sign_in("alice");
  const auto sessions = store();
  proxy_.answers(Answers::Pass);
  ASSERT_EQ(lives(*sessions, "gone"), Liveness::Dead);
  const std::size_t whole = proxy_.passed();
  ASSERT_GT(whole, 50U);
  for (std::size_t bytes = 0; bytes < whole; ++bytes) {
    proxy_.answers(Answers::Cut, bytes);
    EXPECT_EQ(lives(*sessions, "gone"), Liveness::Unknown) << "cut after " << bytes;
    proxy_.answers(Answers::Cut, bytes);
    EXPECT_NE(lives(*sessions, alice), Liveness::Dead) << "cut after " << bytes;
  }
}

TEST_F(HttpStore, AServerThatIsAwayOrSilentProvesNothing) {
  const auto sessions = store();
  proxy_.answers(Answers::Cut, 0);
  EXPECT_EQ(lives(*sessions, "gone"), Liveness::Unknown);
  proxy_.answers(Answers::Slow);
  EXPECT_EQ(sessions->prove({.id = "gone", .subject = {}}, in(300ms)).liveness, Liveness::Unknown);
  auto settings = settings_for("http://127.0.0.1:1/admin");  // nobody listens there
  EXPECT_EQ(lives(*make_store(settings.dump()), "gone"), Liveness::Unknown);
}

TEST_F(HttpStore, ARefusedCallProvesNothing) {
  auto settings = settings_for(url());
  settings["secret"] = "a wrong one";
  const auto sessions = make_store(settings.dump());
  const Found found = sessions->prove({.id = "gone", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("401"));
  EXPECT_EQ(sessions->end({.id = "gone", .subject = {}}, in(5s)).code, Code::Refused);
}

TEST_F(HttpStore, AnAnswerThatIsBothOrNeitherProvesNothing) {
  auto settings = settings_for(url());
  settings["calls"]["prove"]["alive"] = {{"status", {404}}};
  EXPECT_THAT(make_store(settings.dump())->prove({.id = "gone", .subject = {}}, in(5s)).text,
              HasSubstr("both"));
  settings["calls"]["prove"]["alive"] = {{"contains", "xyz"}};
  settings["calls"]["prove"]["dead"] = {{"contains", "zyx"}};
  EXPECT_THAT(make_store(settings.dump())->prove({.id = "gone", .subject = {}}, in(5s)).text,
              HasSubstr("neither"));
}

}  // namespace
}  // namespace curfew::forms
