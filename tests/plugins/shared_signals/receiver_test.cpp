// The provider against a strict transmitter that keeps state: pushed and polled, its stream, its keys, and
// all that goes wrong between the two.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/plugins/shared_signals/fake_transmitter.hpp"
#include "tests/plugins/shared_signals/receiving_desk.hpp"

namespace curfew::shared_signals_test {
namespace {

using nlohmann::json;
using plugin::Failure;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string poll_method = "urn:ietf:rfc:8936", push_method = "urn:ietf:rfc:8935";
const std::string our_url = "https://curfew.test/open/idp/shared-signals";

class Signals : public testing::Test {
 protected:
  [[nodiscard]] json revoked(const std::string& session) {
    return idp.claims(std::string(caep) + "session-revoked", {{"format", "opaque"}, {"id", session}});
  }
  [[nodiscard]] json client(const json& more = json::object()) const {
    json own{{"token_url", idp.server() + "/token"}, {"scope", "ssf.read ssf.manage"}};
    own.update(more);
    return own;
  }
  [[nodiscard]] static json secret() { return {{"client_id", "curfew"}, {"client_secret", "right"}}; }
  ReceivingDesk& pushing(const json& more = json::object()) {
    json own{{"stream", "none"}};
    own.update(more);
    desk.emplace(settings_for(idp.url(), own));
    return *desk;
  }
  ReceivingDesk& managed(const std::string& delivery, const json& more = json::object()) {
    json own = client({{"delivery", delivery}});
    own.update(more);
    desk.emplace(settings_for(idp.url(), own, secret()));
    return *desk;
  }
  [[nodiscard]] std::vector<std::string> sessions() const {
    std::vector<std::string> all;
    for (const oauth::Sighting& one : desk->kept) all.push_back(one.session);
    return all;
  }
  // What since complains of; "" for nothing.
  std::string trouble() {
    try {
      (void)desk->poll();
      return {};
    } catch (const Failure& failure) {
      return failure.what();
    }
  }
  // The transmitter pushes what it holds until that is taken or complained of.
  void deliver() {
    for (const HeldEvent& one : idp.held()) {
      const std::uint32_t status = desk->push(one.token).status;
      if (status == 202 || status == 400) idp.drop(one.id);
    }
  }

  FakeTransmitter idp;
  std::optional<ReceivingDesk> desk;
};

using Pushed = Signals;
using Polled = Signals;
using Streams = Signals;

TEST_F(Pushed, AreAcceptedWhenKeptAndTakenOnceThroughRestarts) {
  pushing();
  const std::string token = idp.sign(revoked("s1"));
  const plugin::HttpAnswer answer = desk->push(token);
  EXPECT_EQ(answer.status, 202U) << answer.body;
  EXPECT_THAT(answer.body, IsEmpty());
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  EXPECT_EQ(desk->kept[0].application, "curfew");
  EXPECT_EQ(desk->kept[0].key.find("set-"), std::string::npos) << "the id itself leaves nothing";
  EXPECT_EQ(desk->push(token).status, 202U) << "RFC 8935: accepted again";
  desk->crash();
  EXPECT_EQ(desk->push(token).status, 202U);
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  EXPECT_EQ(desk->again, 0);
  EXPECT_EQ(desk->coverage()["repeated"], 1);
}

TEST_F(Pushed, WhatCouldNotBeKeptMayComeAgain) {
  pushing();
  const std::string token = idp.sign(revoked("s1"));
  EXPECT_EQ(desk->push(token, false).status, 503U);
  desk->crash();
  EXPECT_THAT(sessions(), IsEmpty());
  desk->is_stopping = true;
  EXPECT_THROW((void)desk->push(token), Failure);
  desk->is_stopping = false;
  EXPECT_EQ(desk->push(token).status, 202U);
  EXPECT_THAT(sessions(), ElementsAre("s1"));
}

TEST_F(Pushed, ErrorsHaveTheirCodes) {
  pushing();
  const json good = revoked("s1");
  const std::string token = idp.sign(good);
  const plugin::HttpAnswer answer = desk->push("nonsense");
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.content_type, "application/json");
  const json body = json::parse(answer.body);
  EXPECT_EQ(body.size(), 2U);
  EXPECT_EQ(body["err"], "invalid_request");
  EXPECT_THAT(body["description"].get<std::string>(), HasSubstr("three parts"));
  EXPECT_EQ(desk->error(token, {}, "application/json"), "invalid_request");
  EXPECT_EQ(desk->error(token, {}, ""), "invalid_request");
  EXPECT_EQ(desk->error(std::string(20'000, 'a')), "invalid_request");
  EXPECT_EQ(desk->error("eyJhbGciOiJub25lIn0" +
                        token.substr(token.find('.'), token.rfind('.') - token.find('.') + 1)),
            "invalid_request")
      << "alg none has no signature";
  EXPECT_EQ(desk->error(token, {}, "Application/SecEvent+JWT; charset=utf-8"), "");
  // A claim of another issuer costs no question for keys.
  json foreign = good;
  foreign["iss"] = "https://evil.test";
  const int asked = idp.heard().keys;
  desk->ahead += hours(2);
  EXPECT_EQ(desk->error(idp.sign(foreign)), "invalid_issuer");
  EXPECT_EQ(idp.heard().keys, asked);
  EXPECT_FALSE((*desk)->receive({.method = "POST", .path = "/other", .query = {}, .body = {}, .headers = {}},
                                [](const auto&, const auto&) {}));
  EXPECT_FALSE(
      (*desk)->receive({.method = "GET", .path = "/shared-signals", .query = {}, .body = {}, .headers = {}},
                       [](const auto&, const auto&) {}));
}

// RFC 8725: what the header says is not believed.
TEST_F(Pushed, TheHeaderChoosesNeitherKeyNorAlgorithm) {
  pushing();
  const json claims = revoked("s1");
  const support::SigningKey stranger = support::SigningKey::rsa("key-1");
  EXPECT_EQ(desk->error(stranger.sign({{"alg", "RS256"},
                                       {"typ", "secevent+jwt"},
                                       {"kid", "key-1"},
                                       {"jwk", stranger.published()},
                                       {"jku", "http://127.0.0.1:1/keys"},
                                       {"x5u", "http://127.0.0.1:1/cert"}},
                                      claims)),
            "authentication_failed");
  const support::SigningKey confused =
      support::SigningKey::secret("key-1", idp.key().published()["n"].get<std::string>());
  EXPECT_EQ(desk->error(confused.sign({{"alg", "HS256"}, {"kid", "key-1"}, {"typ", "secevent+jwt"}}, claims)),
            "invalid_key");
  EXPECT_THAT(sessions(), IsEmpty());
}

TEST_F(Pushed, ATokenThatWasAgreedOnMustBeShown) {
  const std::string token = "a-long-secret-of-both";
  pushing({{"push_token", token}});
  const std::string event = idp.sign(revoked("s1"));
  for (const std::string& bad :
       {std::string(), "Bearer " + token + "x", std::string("Bearer a-long-secret-of-botH"), "Basic " + token,
        std::string("Bearer "), token})
    EXPECT_EQ(desk->error(event, bad), "authentication_failed") << bad;
  EXPECT_THAT(sessions(), IsEmpty());
  EXPECT_EQ(desk->error(event, "bearer " + token), "");
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  for (const std::string& line : *desk->log) EXPECT_THAT(line, Not(HasSubstr(token)));
}

TEST_F(Pushed, KeysThatRotateAreAskedForAndNothingIsTurnedAwayForAKeyThatIsNew) {
  pushing();
  ASSERT_EQ(desk->error(idp.sign(revoked("s1"))), "");
  idp.rotate();
  // The keys were asked for a moment ago: nobody knows yet whether it is good.
  const std::string next = idp.sign(revoked("s2"));
  EXPECT_EQ(desk->error(next), "503");
  desk->ahead += seconds(6);
  EXPECT_EQ(desk->error(next), "");
  // A key that was replaced under its id.
  idp.use({support::SigningKey::rsa("key-2")});
  const std::string replaced = idp.sign(revoked("s3"));
  desk->ahead += seconds(6);
  EXPECT_EQ(desk->error(replaced), "");
  EXPECT_THAT(sessions(), ElementsAre("s1", "s2", "s3"));
  idp.be_keyless(true);
  desk->ahead += seconds(6);
  EXPECT_EQ(desk->error(support::SigningKey::rsa("key-9").sign(
                {{"alg", "RS256"}, {"kid", "key-9"}, {"typ", "secevent+jwt"}}, revoked("s4"))),
            "503")
      << "may be theirs";
  EXPECT_EQ(desk->error(idp.sign(revoked("s5"))), "") << "kept keys hold while they can't be asked for";
}

TEST_F(Pushed, WithoutKeysNothingIsSaidOfAnEvent) {
  idp.be_keyless(true);
  pushing();
  const std::string token = idp.sign(revoked("s1"));
  const plugin::HttpAnswer answer = desk->push(token);
  EXPECT_EQ(answer.status, 503U);
  EXPECT_THAT(answer.headers, testing::Contains(std::pair<std::string, std::string>("Retry-After", "10")));
  idp.be_keyless(false);
  desk->ahead += seconds(6);
  EXPECT_EQ(desk->error(token), "");
  EXPECT_EQ(desk->coverage()["postponed"], 1);
}

TEST_F(Pushed, WhatIsNotToldIsCountedByType) {
  pushing();
  const json alice{{"format", "email"}, {"email", "alice@corp.test"}};
  for (const char* type : {"risk-level-change", "risk-level-change", "token-claims-change"})
    EXPECT_EQ(desk->error(idp.sign(idp.claims(std::string(caep) + type, alice))), "");
  EXPECT_EQ(desk->error(idp.sign(idp.claims("https://corp.test/lunch", alice))), "");
  EXPECT_EQ(desk->error(idp.sign(idp.claims(std::string(risc) + "account-disabled", alice))), "");
  const json coverage = desk->coverage();
  EXPECT_EQ(coverage["events_only_counted"],
            (json{{"caep/risk-level-change", 2}, {"caep/token-claims-change", 1}, {"other", 1}}));
  EXPECT_EQ(coverage["events_told"], (json{{"risc/account-disabled", 1}}));
  EXPECT_THAT(coverage.dump(), Not(HasSubstr("alice")));
  (void)desk->poll();
  EXPECT_EQ(desk->last.read, 5U);
  EXPECT_EQ(desk->last.filtered, 4U);
}

TEST_F(Pushed, NothingCanBeEndedOrProved) {
  pushing();
  const plugin::Answer answer = (*desk)->act({});
  EXPECT_EQ(answer.code, plugin::Code::Unsupported);
  EXPECT_THAT(answer.text, HasSubstr("acts_through"));
  for (const auto& call :
       {std::function<void()>([&] { (void)(*desk)->prove({}); }),
        std::function<void()>([&] { (*desk)->list([](const auto&) { return true; }, {}); })}) {
    try {
      call();
      ADD_FAILURE();
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Unsupported);
    }
  }
}

TEST_F(Polled, AreAcknowledgedOnlyWhenDurable) {
  idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}});
  idp.hold(revoked("s1"));
  idp.hold(revoked("s2"));
  (void)desk->poll(false);
  (void)desk->poll(false);
  EXPECT_THAT(idp.heard().acknowledged, IsEmpty());
  EXPECT_EQ(idp.held().size(), 2U);
  desk->crash();
  EXPECT_THAT(sessions(), IsEmpty());
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1", "s2"));
  EXPECT_THAT(idp.heard().acknowledged, IsEmpty());
  // Durable, and not acknowledged when the power goes: they come again, and are no news.
  desk->crash();
  (void)desk->poll();
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1", "s2"));
  EXPECT_EQ(desk->again, 0);
  EXPECT_THAT(idp.heard().acknowledged, ElementsAre("set-1", "set-2"));
  EXPECT_THAT(idp.held(), IsEmpty());
  EXPECT_THAT(idp.heard().faults, IsEmpty());
  EXPECT_EQ(idp.heard().scope, "ssf.read%20ssf.manage");
}

TEST_F(Polled, ComeInPagesAndMuchAtOnce) {
  idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}, {"max_events", 10}});
  for (int i = 0; i < 95; ++i) idp.hold(revoked("s" + std::to_string(i)));
  int rounds = 1;
  while (!desk->poll()) ++rounds;
  (void)desk->poll();
  EXPECT_EQ(desk->kept.size(), 95U);
  EXPECT_EQ(rounds, 10);
  EXPECT_EQ(idp.heard().acknowledged.size(), 95U);
  EXPECT_THAT(idp.held(), IsEmpty());
}

TEST_F(Polled, BrokenOnesAreComplainedOfAndTheOthersTaken) {
  idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}});
  idp.hold(revoked("s1"));
  json bad = revoked("s2");
  bad["aud"] = "somebody-else";
  idp.hold(bad);
  json with_sub = revoked("s3");
  with_sub["sub"] = "alice";
  idp.hold(with_sub);
  idp.hold(revoked("s4"), "another-id");
  idp.hold_token("garbage", "no token");
  const json stranger = revoked("s5");
  idp.hold_token(stranger["jti"],
                 support::SigningKey::rsa("key-1").sign(
                     {{"alg", "RS256"}, {"kid", "key-1"}, {"typ", "secevent+jwt"}}, stranger));
  (void)desk->poll();
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  EXPECT_THAT(idp.heard().complaints,
              testing::UnorderedElementsAre(
                  std::pair("set-2", "invalid_audience"), std::pair("set-3", "invalid_request"),
                  std::pair("another-id", "invalid_request"), std::pair("garbage", "invalid_request"),
                  std::pair("set-5", "authentication_failed")));
  EXPECT_THAT(idp.held(), IsEmpty());
  EXPECT_EQ(desk->coverage()["events_refused"]["invalid_request"], 3);
  EXPECT_THAT(idp.heard().faults, IsEmpty());
}

TEST_F(Polled, AKeyThatIsNewCostsNoEvent) {
  idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}});
  idp.hold(revoked("s1"));
  (void)desk->poll();
  idp.rotate();
  for (int i = 2; i < 6; ++i) idp.hold(revoked("s" + std::to_string(i)));
  EXPECT_THAT(trouble(), HasSubstr("can't be asked for anew yet"));
  desk->ahead += seconds(6);
  (void)desk->poll();
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1", "s2", "s3", "s4", "s5"));
  EXPECT_THAT(idp.heard().complaints, IsEmpty());
}

std::string raw(const std::string& status, const std::string& headers, const std::string& body,
                std::optional<std::size_t> length = std::nullopt) {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(length.value_or(body.size())) + "\r\nConnection: close\r\n\r\n" +
         body;
}

TEST_F(Polled, TroubleIsSaidAndLosesNothing) {
  const std::string path = "/ssf/poll/" + idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}});
  idp.hold(revoked("s1"));
  (void)desk->poll(false);
  idp.answer_next(path, raw("403 Forbidden", "", "{}"));
  EXPECT_THAT(trouble(), HasSubstr("403"));
  idp.answer_next(path, raw("200 OK", "", R"({"sets":{"set-1)"));
  EXPECT_THAT(trouble(), HasSubstr("was cut"));
  for (int i = 0; i < 2; ++i) idp.answer_next(path, raw("200 OK", "", R"({"sets":{"set)", 500));
  EXPECT_THAT(trouble(), HasSubstr("middle of its answer"));
  for (int i = 0; i < 2; ++i) idp.answer_next(path, raw("200 OK", "", "", 100'000'000));
  EXPECT_THAT(trouble(), HasSubstr("more than can be taken"));
  idp.answer_next(path, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"sets\":{}}");
  EXPECT_THAT(trouble(), HasSubstr("may be cut"));
  for (int i = 0; i < 2; ++i) idp.answer_next(path, raw("500 Oops", "", "{}"));
  EXPECT_THAT(trouble(), HasSubstr("500"));
  idp.answer_next(path, raw("429 Too Many Requests", "Retry-After: 3600\r\n", "{}"));
  EXPECT_THAT(trouble(), HasSubstr("throttled"));
  EXPECT_EQ(desk->coverage()["throttled"], 1);
  desk->crash();
  (void)desk->poll();
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  EXPECT_THAT(idp.held(), IsEmpty());
}

TEST_F(Polled, ATokenThatExpiredIsFetchedAnewAndAWrongSecretIsSaid) {
  idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}});
  (void)desk->poll();
  idp.expire_tokens();
  idp.hold(revoked("s1"));
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  EXPECT_EQ(idp.heard().tokens, 2);
  json wrong = secret();
  wrong["client_secret"] = "wrong";
  desk.emplace(settings_for(idp.url(), client({{"delivery", "poll"}}), wrong));
  const std::string said = trouble();
  EXPECT_THAT(said, HasSubstr("refuses the client"));
  EXPECT_THAT(said, Not(HasSubstr("wrong")));
  desk.emplace(settings_for(idp.url(), {{"delivery", "poll"}, {"access_token", "stale"}}));
  EXPECT_THAT(trouble(), HasSubstr("401"));
}

TEST_F(Polled, WithoutAManagedStreamOnlyTheAddressCounts) {
  const std::string id = idp.add_stream(poll_method);
  desk.emplace(settings_for(
      idp.url(),
      client({{"delivery", "poll"}, {"stream", "none"}, {"poll_url", idp.server() + "/ssf/poll/" + id}}),
      secret()));
  idp.hold(revoked("s1"));
  (void)desk->poll();
  (void)desk->poll();
  EXPECT_THAT(sessions(), ElementsAre("s1"));
  EXPECT_GT(desk->last.observed_until, plugin::Time{});
  EXPECT_EQ(idp.heard().verifications, 0);
}

TEST_F(Streams, AreFoundByTheirDeliveryOrMade) {
  managed("push", {{"push_url", our_url}});
  (void)desk->poll();
  EXPECT_TRUE(desk->logged("no stream for this client")) << "and pushes are taken all the same";
  EXPECT_EQ(desk->error(idp.sign(revoked("s1"))), "");
  managed("poll");
  EXPECT_THAT(trouble(), HasSubstr("stream: create"));
  managed("push", {{"push_url", our_url}, {"stream", "create"}, {"push_token", "a-long-secret-of-both"}});
  (void)desk->poll();
  ASSERT_EQ(idp.heard().created.size(), 1U);
  const json made = idp.heard().created[0];
  EXPECT_EQ(made["delivery"], (json{{"method", push_method},
                                    {"endpoint_url", our_url},
                                    {"authorization_header", "Bearer a-long-secret-of-both"}}));
  EXPECT_THAT(made["events_requested"].dump(), HasSubstr("caep/event-type/session-revoked"));
  EXPECT_THAT(made["events_requested"].dump(), Not(HasSubstr("risk-level-change")));
  desk->crash();
  (void)desk->poll();
  EXPECT_EQ(idp.heard().created.size(), 1U) << "it is there";
  EXPECT_THAT(desk->coverage()["stream"]["events_not_delivered"].dump(), HasSubstr("risc/account-disabled"));
  // Another delivery, where there may only be one stream.
  managed("poll", {{"stream", "create"}});
  EXPECT_THAT(trouble(), HasSubstr("409"));
  idp.remove_streams();
  (void)desk->poll();
  EXPECT_EQ(idp.heard().created.size(), 2U);
  EXPECT_FALSE(idp.heard().created[1]["delivery"].contains("endpoint_url"));
  EXPECT_THAT(idp.heard().faults, IsEmpty());
}

TEST_F(Streams, ThatCouldBeOursOrAreNot) {
  idp.add_stream(push_method, our_url);
  const std::string second = idp.add_stream(push_method, "https://other.test/x");
  managed("push", {{"push_url", our_url}});
  (void)desk->poll();
  EXPECT_EQ(idp.heard().verifications, 1);
  managed("push");
  (void)desk->poll();
  EXPECT_TRUE(desk->logged("several streams"));
  managed("push", {{"stream_id", second}});
  (void)desk->poll();
  EXPECT_TRUE(desk->coverage()["stream"]["known"].get<bool>());
  managed("poll", {{"stream_id", second}});
  EXPECT_THAT(trouble(), HasSubstr("another delivery"));
  managed("poll", {{"stream_id", "nobody"}});
  EXPECT_THAT(trouble(), HasSubstr("404"));
  idp.remove_streams();
  idp.add_stream(poll_method, {}, "somebody-else");
  managed("poll");
  EXPECT_THAT(trouble(), HasSubstr("another audience"));
}

TEST_F(Streams, MetadataOfAnotherIssuerOrInTheClearIsNotBelieved) {
  idp.add_stream(poll_method);
  idp.set_metadata({{"issuer", "https://evil.test"}});
  managed("poll");
  EXPECT_THAT(trouble(), HasSubstr("another issuer"));
  idp.set_metadata({{"verification_endpoint", "http://evil.test/v"}});
  EXPECT_THAT(trouble(), HasSubstr("neither https"));
  idp.set_metadata({{"configuration_endpoint", nullptr}});
  EXPECT_THAT(trouble(), HasSubstr("stream: none"));
  EXPECT_EQ(idp.heard().tokens, 0) << "nobody was shown a token";
}

TEST(StreamsOfTenants, HaveTheirMetadataBehindTheHost) {
  FakeTransmitter idp("/tenant/7");
  idp.add_stream(poll_method);
  ReceivingDesk desk(settings_for(
      idp.url(), {{"delivery", "poll"}, {"token_url", idp.server() + "/token"}, {"verify_every", "0s"}},
      {{"client_id", "curfew"}, {"client_secret", "right"}}));
  idp.hold(idp.claims(std::string(caep) + "session-revoked", {{"format", "opaque"}, {"id", "s1"}}));
  (void)desk.poll();
  EXPECT_EQ(desk.kept.size(), 1U);
}

TEST_F(Streams, AVerificationThatComesBackShowsThatTheyDeliver) {
  idp.add_stream(push_method, our_url);
  managed("push", {{"push_url", our_url}});
  (void)desk->poll();
  EXPECT_EQ(desk->last.observed_until, plugin::Time{}) << "nothing has shown yet that anything comes";
  const plugin::Time asked = desk->now();
  deliver();
  (void)desk->poll();
  EXPECT_NE(desk->last.observed_until, plugin::Time{});
  EXPECT_LE(desk->last.observed_until, asked);
  EXPECT_FALSE(desk->coverage()["stream"]["silent"].get<bool>());
  EXPECT_THAT(desk->kept, IsEmpty()) << "it is no observation";
  // One that is asked for again, through a restart.
  const plugin::Time before = desk->last.observed_until;
  desk->ahead += minutes(6);
  (void)desk->poll();
  desk->crash();
  deliver();
  (void)desk->poll();
  EXPECT_GE(desk->last.observed_until, before + minutes(5));
  EXPECT_THAT(idp.held(), testing::SizeIs(1)) << "of the new run";
  EXPECT_THAT(idp.heard().faults, IsEmpty());
}

TEST_F(Streams, ThatFallSilentAreTold) {
  idp.add_stream(poll_method);
  managed("poll");
  (void)desk->poll();
  (void)desk->poll();
  const plugin::Time shown = desk->last.observed_until;
  ASSERT_NE(shown, plugin::Time{});
  idp.mute_verification(true);
  desk->ahead += minutes(6);
  (void)desk->poll();
  EXPECT_FALSE(desk->coverage()["stream"]["silent"].get<bool>()) << "it has its time";
  desk->ahead += minutes(3);
  (void)desk->poll();
  EXPECT_TRUE(desk->coverage()["stream"]["silent"].get<bool>());
  EXPECT_TRUE(desk->logged("is silent"));
  EXPECT_EQ(desk->last.observed_until, shown) << "empty answers show nothing";
  idp.mute_verification(false);
  desk->ahead += minutes(6);
  (void)desk->poll();
  (void)desk->poll();
  EXPECT_FALSE(desk->coverage()["stream"]["silent"].get<bool>());
  EXPECT_TRUE(desk->logged("delivers again"));
  EXPECT_GT(desk->last.observed_until, shown);
}

TEST_F(Streams, AVerificationThatNobodyAskedForIsRefused) {
  const std::string id = idp.add_stream(push_method, our_url);
  managed("push", {{"push_url", our_url}});
  (void)desk->poll();
  const auto error_of = [&](const std::string& stream, const json& payload) {
    return desk->error(idp.sign(
        idp.claims(std::string(ssf) + "verification", {{"format", "opaque"}, {"id", stream}}, payload)));
  };
  EXPECT_EQ(error_of(id, {{"state", "made up"}}), "invalid_state");
  EXPECT_EQ(error_of(id, {{"state", "1795000000000000.00112233445566778899aabbccddeeff"}}), "invalid_state");
  EXPECT_EQ(error_of("another", json::object()), "access_denied");
  EXPECT_EQ(
      desk->error(idp.sign(idp.claims(std::string(ssf) + "stream-updated",
                                      {{"format", "opaque"}, {"id", "another"}}, {{"status", "paused"}}))),
      "access_denied");
  (void)desk->poll();
  EXPECT_EQ(desk->last.observed_until, plugin::Time{});
  EXPECT_EQ(error_of(id, json::object()), "") << "of the transmitter's own accord";
  (void)desk->poll();
  EXPECT_NE(desk->last.observed_until, plugin::Time{});
}

TEST_F(Streams, ThatArePausedOrDisabledAreTold) {
  const std::string id = idp.add_stream(poll_method);
  managed("poll", {{"verify_every", "0s"}});
  idp.hold(idp.claims(std::string(ssf) + "stream-updated", {{"format", "opaque"}, {"id", id}},
                      {{"status", "paused"}, {"reason", "maintenance"}}));
  (void)desk->poll();
  EXPECT_TRUE(desk->logged("our stream is paused"));
  EXPECT_EQ(desk->coverage()["stream"]["status"], "paused");
  EXPECT_EQ(desk->last.observed_until, plugin::Time{});
  desk->ahead += minutes(2);
  (void)desk->poll();
  EXPECT_TRUE(desk->logged("our stream is enabled")) << "by its status endpoint";
  EXPECT_NE(desk->last.observed_until, plugin::Time{});
  idp.set_status("disabled");
  desk->ahead += minutes(2);
  EXPECT_THAT(trouble(), HasSubstr("the transmitter has disabled our stream"));
  EXPECT_TRUE(desk->logged("our stream is disabled"));
}

// Nothing is delivered: the source fails with that reason until something shows that it is again.
TEST_F(Streams, ThatArePausedFailTheSourceUntilTheyAreEnabledOrDeliver) {
  const std::string id = idp.add_stream(push_method, our_url);
  managed("push", {{"push_url", our_url}, {"verify_every", "0s"}});
  EXPECT_EQ(trouble(), "");
  const auto update = [&](const char* status) {
    return desk
        ->push(idp.sign(idp.claims(std::string(ssf) + "stream-updated", {{"format", "opaque"}, {"id", id}},
                                   {{"status", status}})))
        .status;
  };
  EXPECT_EQ(update("paused"), 202U);
  EXPECT_THAT(trouble(), HasSubstr("the transmitter has paused our stream"));
  EXPECT_EQ(desk->coverage()["stream"]["updates"], (json{{"paused", 1}}));
  EXPECT_EQ(update("enabled"), 202U);
  EXPECT_EQ(trouble(), "");
  EXPECT_EQ(update("disabled"), 202U);
  EXPECT_THAT(trouble(), HasSubstr("the transmitter has disabled our stream"));
  json event = idp.claims(std::string(caep) + "session-revoked", {{"format", "opaque"}, {"id", "s1"}});
  event["iat"] = event["iat"].get<std::int64_t>() - 60;
  EXPECT_EQ(desk->push(idp.sign(event)).status, 202U) << "one that was on its way";
  EXPECT_THAT(trouble(), HasSubstr("disabled"));
  event = idp.claims(std::string(caep) + "session-revoked", {{"format", "opaque"}, {"id", "s2"}});
  event["iat"] = event["iat"].get<std::int64_t>() + 5;
  EXPECT_EQ(desk->push(idp.sign(event)).status, 202U);
  EXPECT_EQ(trouble(), "") << "who is disabled tells nothing that happened later";
  EXPECT_THAT(sessions(), ElementsAre("s1", "s2"));
}

TEST_F(Streams, AreVerifiedNoMoreOftenThanTheyAllow) {
  idp.add_stream(poll_method);
  idp.least_interval(3600);
  managed("poll", {{"verify_every", "1m"}});
  for (int i = 0; i < 10; ++i) {
    (void)desk->poll();
    desk->ahead += minutes(5);
  }
  EXPECT_EQ(idp.heard().verifications, 1);
  EXPECT_THAT(idp.heard().faults, IsEmpty());
}

TEST_F(Streams, ThatTheTransmitterDeletesAreMadeAnew) {
  managed("poll", {{"stream", "create"}});
  (void)desk->poll();
  ASSERT_EQ(idp.heard().created.size(), 1U);
  idp.remove_streams();
  EXPECT_THAT(trouble(), HasSubstr("404"));
  (void)desk->poll();
  EXPECT_EQ(idp.heard().created.size(), 2U);
  idp.hold(revoked("s1"));
  (void)desk->poll();
  EXPECT_THAT(sessions(), testing::Contains("s1"));
}

}  // namespace
}  // namespace curfew::shared_signals_test
