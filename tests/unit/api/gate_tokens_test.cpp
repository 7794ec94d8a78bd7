// A gate that judges signed tokens: who signed them, for whom, until when (RFC 8725, one test for each way
// in), and who may not pass with a good one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/api/gate_judge.hpp"
#include "tests/support/signing_key.hpp"

namespace curfew::api {
namespace {

using model::GateEntry;
using model::Ref;
using model::Refusal;
using model::SessionDigest;
using model::Standing;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using support::SigningKey;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr Time day{Duration{1'700'000'000'000'000}};
const std::string key(32, 'k');
const std::string issuer = "https://login.corp.test/realms/staff";
constexpr Ref alice{17};

SessionDigest digest(const std::string& id) { return {base::keyed_digest(key, id)}; }
std::int64_t seconds_of(Time time) { return base::to_micros(time) / 1'000'000; }
std::string set_of(const std::vector<json>& keys) { return json{{"keys", keys}}.dump(); }

// Making one takes longest of all.
const SigningKey& rsa() {
  static const SigningKey made = SigningKey::rsa("k1");
  return made;
}
const SigningKey& other_rsa() {
  static const SigningKey made = SigningKey::rsa("k1");
  return made;
}
const SigningKey& curve() {
  static const SigningKey made = SigningKey::curve("e1");
  return made;
}

class TokensAtTheGate : public testing::Test {
 protected:
  TokensAtTheGate() {
    rules = {{"credentials", {{{"in", "bearer"}, {"token", true}}}},
             {"clear_cookies", json::array()},
             {"tokens",
              {{"issuer", issuer},
               {"audiences", {"orders"}},
               {"algorithms", {"RS256", "PS256", "ES256"}},
               {"subject_namespace", "oidc_subject"},
               {"subject_prefix", issuer + "#"}}}};
    settings.name = "orders-gate";
    settings.source = "staff";
    settings.clock = [this] { return GateTime{now, true}; };
    settings.tokens.want_keys = [this] { ++wanted; };
    settings.tokens.person = [this](const std::string& name_space, const std::string& value) {
      return name_space == "oidc_subject" && value == issuer + "#alice" ? person : Ref{};
    };
    GateEntry entry;
    entry.source = "staff";
    entry.session = digest("s1");
    entry.last_person_at = now;
    view.apply({&entry, 1});
  }
  GateJudge& judge() {
    if (!judge_) {
      judge_ = std::make_unique<GateJudge>(settings, view);
      if (!jwks.empty()) judge_->set_keys(jwks);
      judge_->set_rules(rules.dump(), key);
      judge_->loaded(now);
      view.set_loaded();
    }
    return *judge_;
  }
  [[nodiscard]] json claims() const {
    return {{"iss", issuer},
            {"aud", "orders"},
            {"sub", "alice"},
            {"sid", "s1"},
            {"jti", "t1"},
            {"iat", seconds_of(now) - 60},
            {"exp", seconds_of(now) + 240}};
  }
  [[nodiscard]] std::string with(const json& changes, const std::vector<std::string>& without = {}) const {
    json all = claims();
    if (changes.is_object()) all.update(changes);
    for (const std::string& name : without) all.erase(name);
    return rsa().sign({{"alg", "RS256"}, {"kid", "k1"}, {"typ", "at+jwt"}}, all);
  }
  [[nodiscard]] std::string headed(const json& changes, const SigningKey& signer = rsa()) const {
    json header{{"alg", "RS256"}, {"kid", "k1"}, {"typ", "at+jwt"}};
    if (changes.is_object()) header.update(changes);
    return signer.sign(header, claims());
  }
  GateAnswer check(const std::string& token) {
    const std::string value = "Bearer " + token;
    const std::vector<HeaderView> headers{{"Authorization", value}, {"X-Original-URI", "/page"}};
    return judge().answer({.method = "GET", .target = "/check", .peer = "127.0.0.1", .headers = headers});
  }
  [[nodiscard]] bool passes(const std::string& token) {
    const GateAnswer answer = check(token);
    EXPECT_EQ(answer.status == 200, answer.decision == GateDecision::Pass);
    return answer.status == 200;
  }
  [[nodiscard]] bool is_invalid(const std::string& token) {
    const GateAnswer answer = check(token);
    if (answer.status != 401 || answer.decision != GateDecision::InvalidToken) return false;
    EXPECT_THAT(answer.headers, Contains(Pair("WWW-Authenticate", "Bearer error=\"invalid_token\"")));
    EXPECT_THAT(answer.headers, Contains(Pair("Cache-Control", "no-store")));
    EXPECT_THAT(answer.headers, Not(Contains(Pair("Set-Cookie", testing::_))));
    EXPECT_TRUE(taken().empty()) << "nobody's activity";
    return true;
  }
  [[nodiscard]] Refusal refusal_of(const std::string& token) {
    const GateAnswer answer = check(token);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.decision, GateDecision::Refuse);
    EXPECT_THAT(answer.headers, Contains(Pair("WWW-Authenticate", "Bearer error=\"invalid_token\"")));
    for (const auto& [name, value] : answer.headers) {
      if (name == "X-Curfew-Reason") return model::parse<Refusal>(value).value_or(Refusal::None);
    }
    return Refusal::None;
  }
  std::vector<enforcement::GateActivity> taken() {
    std::vector<enforcement::GateActivity> activities;
    (void)view.take_activity(now, Duration{0}, activities);
    return activities;
  }
  void refuse(const std::string& id, Refusal why) {
    GateEntry entry;
    entry.source = "staff";
    entry.session = digest(id);
    entry.standing = Standing::Refused;
    entry.refusal = why;
    view.apply({&entry, 1});
  }
  void deny(Time until, model::OrderNumber order = 1) {
    const model::TokenDenial denial{.source = "staff",
                                    .person = alice,
                                    .order = order,
                                    .issued_until = until,
                                    .refusal = Refusal::Administrator};
    view.apply({&denial, 1});
  }

  enforcement::GateView view{{"staff"}};
  GateSettings settings;
  json rules;
  std::string jwks = set_of({rsa().published(), curve().published()});
  Time now = day;
  Ref person = alice;
  int wanted = 0;

 private:
  std::unique_ptr<GateJudge> judge_;
};

TEST_F(TokensAtTheGate, ATokenOfALiveSessionPassesAndIsItsActivity) {
  EXPECT_TRUE(passes(with({})));
  const auto activities = taken();
  ASSERT_EQ(activities.size(), 1U);
  EXPECT_EQ(activities[0].session, digest("s1"));
  EXPECT_EQ(activities[0].activity_class, model::ActivityClass::Person);
  EXPECT_TRUE(passes(curve().sign({{"alg", "ES256"}, {"kid", "e1"}}, claims()))) << "no typ, a curve";
  EXPECT_TRUE(passes(headed({{"alg", "PS256"}})));
  EXPECT_TRUE(passes(headed({{"typ", "application/at+JWT"}})));
  EXPECT_EQ(wanted, 0);
}

// RFC 8725, 3.1 and 3.2.
TEST_F(TokensAtTheGate, OnlyAlgorithmsThatAreAllowedForTheIssuer) {
  const std::string good = with({});
  const std::string claims_part = good.substr(good.find('.') + 1, good.rfind('.') - good.find('.') - 1);
  for (const char* head : {"eyJhbGciOiJub25lIn0", "eyJhbGciOiJOb25lIn0"}) {  // none, None
    EXPECT_TRUE(is_invalid(std::string(head) + "." + claims_part + "."));
    EXPECT_TRUE(is_invalid(std::string(head) + "." + claims_part + ".AAAA"));
  }
  // The public key taken for a secret that both sides know.
  const std::string shown = rsa().published().dump();
  EXPECT_TRUE(is_invalid(SigningKey::secret("k1", shown).sign({{"alg", "HS256"}, {"kid", "k1"}}, claims())));
  EXPECT_TRUE(is_invalid(headed({{"alg", "RS512"}}))) << "its own key, by another algorithm";
}

TEST_F(TokensAtTheGate, AnAlgorithmOfOneIssuerIsNoneOfAnother) {
  rules["tokens"]["algorithms"] = {"ES256"};
  EXPECT_TRUE(is_invalid(with({})));
  EXPECT_TRUE(passes(curve().sign({{"alg", "ES256"}, {"kid", "e1"}}, claims())));
}

TEST_F(TokensAtTheGate, AKeyThatNamesItsAlgorithmVerifiesNoOther) {
  json bound = rsa().published();
  bound["alg"] = "PS256";
  jwks = set_of({bound});
  EXPECT_TRUE(is_invalid(with({})));
  EXPECT_TRUE(passes(headed({{"alg", "PS256"}})));
}

// RFC 8725, 3.10.
TEST_F(TokensAtTheGate, WhereTheHeaderSaysThatKeysAreIsNotLookedAt) {
  const json own = other_rsa().published();
  EXPECT_TRUE(is_invalid(headed({{"jwk", own}}, other_rsa())));
  EXPECT_TRUE(is_invalid(headed({{"jku", "http://127.0.0.1:1/keys"}}, other_rsa())));
  EXPECT_TRUE(is_invalid(headed({{"x5u", "http://127.0.0.1:1/c"}, {"x5c", {"AAAA"}}}, other_rsa())));
  EXPECT_TRUE(passes(headed({{"jwk", own}, {"jku", "http://127.0.0.1:1/keys"}}))) << "the issuer's own key";
}

TEST_F(TokensAtTheGate, AnExtensionThatMustBeUnderstoodIsRefused) {
  EXPECT_TRUE(is_invalid(headed({{"crit", {"exp"}}})));
}

// RFC 8725, 3.3.
TEST_F(TokensAtTheGate, EachByteIsSigned) {
  std::string token = with({});
  ASSERT_TRUE(passes(token));
  (void)taken();
  const std::size_t middle = token.find('.') + 20;
  token[middle] = token[middle] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(is_invalid(token));
  token = with({});
  token[token.rfind('.') + 20] = token[token.rfind('.') + 20] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(is_invalid(token));
  EXPECT_TRUE(is_invalid(headed({}, other_rsa()))) << "another key with this id";
}

// RFC 8725, 3.8.
TEST_F(TokensAtTheGate, TheIssuerIsTheOneToTheLetter) {
  for (const json& wrong : {json(issuer + "/"), json(issuer.substr(0, issuer.size() - 1)), json(""), json(7),
                            json("https://LOGIN.corp.test/realms/staff"), json({issuer})})
    EXPECT_TRUE(is_invalid(with({{"iss", wrong}}))) << wrong;
  EXPECT_TRUE(is_invalid(with({}, {"iss"})));
}

// RFC 8725, 3.9.
TEST_F(TokensAtTheGate, ItIsForThisApplication) {
  for (const json& wrong : {json("crm"), json("order"), json("orders2"), json::array(), json({"crm", "shop"}),
                            json(nullptr), json({{"orders", true}})})
    EXPECT_TRUE(is_invalid(with({{"aud", wrong}}))) << wrong;
  EXPECT_TRUE(is_invalid(with({}, {"aud"})));
  EXPECT_TRUE(passes(with({{"aud", {"crm", "orders"}}})));
}

// RFC 8725, 3.11 and 3.12.
TEST_F(TokensAtTheGate, TokensOfOtherKindsAreNone) {
  for (const char* type : {"logout+jwt", "secevent+jwt", "dpop+jwt", "JWE"})
    EXPECT_TRUE(is_invalid(headed({{"typ", type}}))) << type;
  EXPECT_TRUE(is_invalid(with({{"events", json::object()}}))) << "a logout token without its type";
  EXPECT_TRUE(is_invalid(with({{"at_hash", "x"}}))) << "an ID token";
}

TEST_F(TokensAtTheGate, AnIssuerThatWritesTypesIsHeldToThem) {
  rules["tokens"]["types"] = {"at+jwt"};
  EXPECT_TRUE(is_invalid(headed({{"typ", "JWT"}})));
  EXPECT_TRUE(is_invalid(curve().sign({{"alg", "ES256"}, {"kid", "e1"}}, claims()))) << "no typ";
  EXPECT_TRUE(passes(with({})));
}

TEST_F(TokensAtTheGate, ItsTimeHasComeAndHasNotPassed) {
  const std::int64_t at = seconds_of(now);
  EXPECT_TRUE(passes(with({{"exp", at - 29}})));
  (void)taken();
  EXPECT_TRUE(is_invalid(with({{"exp", at - 30}})));
  EXPECT_THAT(check(with({{"exp", at - 30}})).headers, Contains(Pair("X-Curfew-Reason", "expired")));
  EXPECT_TRUE(is_invalid(with({}, {"exp"})));
  EXPECT_TRUE(is_invalid(with({{"exp", "soon"}})));
  EXPECT_TRUE(is_invalid(with({{"exp", -1}})));
  EXPECT_TRUE(is_invalid(with({{"exp", 1e300}})));
  EXPECT_TRUE(passes(with({{"nbf", at + 30}})));
  (void)taken();
  EXPECT_TRUE(is_invalid(with({{"nbf", at + 31}})));
  EXPECT_TRUE(is_invalid(with({{"nbf", "now"}})));
  EXPECT_TRUE(is_invalid(with({{"iat", at + 31}})));
  EXPECT_TRUE(is_invalid(with({}, {"iat"}))) << "when it was issued decides who is denied";
}

TEST_F(TokensAtTheGate, AVerifiedTokenPassesNoLongerThanItLives) {
  const std::string token = with({});
  EXPECT_TRUE(passes(token));
  now += seconds(240 + 29);
  EXPECT_TRUE(passes(token));
  (void)taken();
  now += seconds(1);
  EXPECT_TRUE(is_invalid(token));
}

TEST_F(TokensAtTheGate, WhatWouldOutliveTheMemoryOfDenialsIsRefused) {
  const std::int64_t at = seconds_of(now);
  EXPECT_TRUE(passes(with({{"iat", at}, {"exp", at + 3600}})));
  (void)taken();
  EXPECT_TRUE(is_invalid(with({{"iat", at}, {"exp", at + 3601}})));
}

TEST_F(TokensAtTheGate, SizesAndDepthsAreBounded) {
  const GateAnswer answer = check(std::string(enforcement::max_token_bytes + 1, 'a'));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.decision, GateDecision::Malformed);
  EXPECT_TRUE(is_invalid(std::string(enforcement::max_token_bytes, 'a')));
  json deep = 1;
  for (int i = 0; i < 20; ++i) deep = json::array({deep});
  EXPECT_TRUE(is_invalid(with({{"deep", deep}})));
  EXPECT_TRUE(passes(with({{"deep", json::array({json::array({"[[[[[[[[[[[[[[[[[["})})}})));
  (void)taken();
  EXPECT_TRUE(is_invalid(with({{"sid", std::string(513, 's')}})));
  EXPECT_TRUE(is_invalid(with({{"sid", 7}})));
  EXPECT_TRUE(is_invalid(with({{"sub", json::object()}})));
  EXPECT_TRUE(is_invalid(with({{"jti", json::array()}})));
  for (const char* text : {"a", "a.b", "a.b.c", "..", "a.b.c.d", "not base64.$.$"})
    EXPECT_TRUE(is_invalid(text));
  EXPECT_TRUE(is_invalid(rsa().sign({{"alg", "RS256"}, {"kid", "k1"}}, json("not an object"))));
}

TEST_F(TokensAtTheGate, ASignedOutSessionsTokenIsRefusedAtOnceThoughItWasVerified) {
  const std::string token = with({});
  EXPECT_TRUE(passes(token));
  (void)taken();
  refuse("s1", Refusal::Administrator);
  EXPECT_EQ(refusal_of(token), Refusal::Administrator);
  const auto activities = taken();
  ASSERT_EQ(activities.size(), 1U);
  EXPECT_TRUE(activities[0].refused) << "somebody has the token of a session that is over";
}

TEST_F(TokensAtTheGate, ATokenCanBeRefusedByItsOwnId) {
  const std::string token = with({});
  EXPECT_TRUE(passes(token));
  (void)taken();
  refuse("t1", Refusal::Policy);
  EXPECT_EQ(refusal_of(token), Refusal::Policy);
  EXPECT_TRUE(passes(with({{"jti", "t2"}}))) << "the session's other tokens";
}

TEST_F(TokensAtTheGate, APersonsTokensFromBeforeTheSignOutAreRefused) {
  settings.unknown = UnknownSessions::Allow;
  const std::int64_t at = seconds_of(now);
  const std::string before = with({{"iat", at - 60}}, {"sid"});
  EXPECT_EQ(check(before).decision, GateDecision::UnknownPassed);
  EXPECT_TRUE(passes(with({{"iat", at - 60}})));
  (void)taken();
  deny(now - seconds(30));
  EXPECT_EQ(refusal_of(before), Refusal::Administrator);
  EXPECT_EQ(refusal_of(with({{"iat", at - 60}})), Refusal::Administrator)
      << "whatever is known of its session";
  EXPECT_TRUE(taken().empty()) << "a denied token is nobody's activity";
  EXPECT_EQ(check(with({{"sub", "bob"}}, {"sid"})).status, 200) << "others are not meant";
  EXPECT_EQ(refusal_of(with({{"iat", at - 30}})), Refusal::Administrator) << "the same second";
  EXPECT_TRUE(passes(with({{"iat", at - 29}})));
  // Nobody knows its session, and the issuer's clock may be ahead.
  EXPECT_EQ(refusal_of(with({{"iat", at}}, {"sid"})), Refusal::Administrator);
  EXPECT_EQ(check(with({{"iat", at + 1}}, {"sid"})).status, 200);
}

TEST_F(TokensAtTheGate, ADenialIsTakenBackWithItsSignOutAndForgottenWithItsTokens) {
  const std::string token = with({}, {"sid"});
  deny(now, 1);
  deny(now, 2);
  EXPECT_EQ(check(token).status, 401);
  deny(Time{}, 1);
  EXPECT_EQ(check(token).status, 401) << "another sign-out stands";
  deny(Time{}, 2);
  EXPECT_EQ(check(token).status, 200);
  deny(now, 3);
  EXPECT_EQ(judge().token_life(), hours(1) + minutes(1));
  view.forget_denials(now + *judge().token_life(), *judge().token_life());
  EXPECT_EQ(view.counts().denials, 1U);
  view.forget_denials(now + *judge().token_life() + seconds(1), *judge().token_life());
  EXPECT_EQ(view.counts().denials, 0U);
}

// The name is not one that anybody has when the token comes, and is denied when somebody does.
TEST_F(TokensAtTheGate, SomebodyWhoIsSeenLaterIsDeniedByTheTokenThatCameBefore) {
  person = {};
  deny(now);
  const std::string token = with({}, {"sid"});
  EXPECT_EQ(check(token).status, 200);
  person = alice;
  EXPECT_EQ(check(token).status, 401);
}

TEST_F(TokensAtTheGate, ANewKeyIsAskedForAndAStrangersTokensOrderNoCalls) {
  const SigningKey next = SigningKey::curve("e2");
  const std::string token = next.sign({{"alg", "ES256"}, {"kid", "e2"}}, claims());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_invalid(token));
  EXPECT_EQ(wanted, 1);
  now += seconds(4);
  EXPECT_TRUE(is_invalid(token));
  EXPECT_EQ(wanted, 1);
  now += seconds(1);
  EXPECT_TRUE(is_invalid(token));
  EXPECT_EQ(wanted, 2);
  judge().set_keys(set_of({rsa().published(), next.published()}));
  EXPECT_TRUE(passes(token));
}

TEST_F(TokensAtTheGate, AKeyThatReplacesAnotherUnderItsIdVerifiesAndTheOldOneNoMore) {
  const std::string old_token = with({});
  const std::string new_token = headed({}, other_rsa());
  EXPECT_TRUE(passes(old_token));
  (void)taken();
  EXPECT_TRUE(is_invalid(new_token));
  EXPECT_EQ(wanted, 1) << "a wrong signature, too, may be a newer key's";
  judge().set_keys(set_of({other_rsa().published()}));
  EXPECT_TRUE(passes(new_token));
  (void)taken();
  EXPECT_TRUE(is_invalid(old_token)) << "that it was verified is forgotten with its key";
}

TEST_F(TokensAtTheGate, WhatIsWrongBesidesItsKeyAsksForNone) {
  EXPECT_TRUE(is_invalid(with({{"iss", "https://elsewhere.test"}})));
  EXPECT_TRUE(is_invalid(with({{"exp", 1}})));
  EXPECT_TRUE(is_invalid("x.y.z"));
  EXPECT_EQ(wanted, 0);
}

TEST_F(TokensAtTheGate, WithoutKeysTheGateFailsAsItIsToldTo) {
  const std::string good = with({});
  jwks.clear();
  const GateAnswer closed = check(good);
  EXPECT_EQ(closed.status, 403);
  EXPECT_EQ(closed.decision, GateDecision::FailedClosed);
  EXPECT_EQ(wanted, 1);
  judge().set_keys(set_of({rsa().published()}));
  EXPECT_TRUE(passes(good));
}

TEST_F(TokensAtTheGate, WithoutKeysAGateThatFailsOpenLetsPass) {
  jwks.clear();
  settings.fail = FailMode::Open;
  EXPECT_EQ(check(with({})).decision, GateDecision::FailedOpen);
  EXPECT_TRUE(taken().empty()) << "nobody knows whose activity";
}

TEST_F(TokensAtTheGate, RequestsWithoutATokenAreJudgedAsBefore) {
  const std::vector<HeaderView> none{{"X-Original-URI", "/page"}};
  EXPECT_EQ(
      judge().answer({.method = "GET", .target = "/check", .peer = "127.0.0.1", .headers = none}).decision,
      GateDecision::Anonymous);
  const std::vector<HeaderView> basic{{"Authorization", "Basic YTpi"}};
  EXPECT_EQ(
      judge().answer({.method = "GET", .target = "/check", .peer = "127.0.0.1", .headers = basic}).decision,
      GateDecision::Anonymous);
}

TEST_F(TokensAtTheGate, ATokenOfNoSessionOrAnUnknownOneIsAStranger) {
  settings.unknown = UnknownSessions::Deny;
  EXPECT_EQ(check(with({{"sid", "s2"}})).decision, GateDecision::UnknownRefused);
  EXPECT_EQ(check(with({}, {"sid"})).decision, GateDecision::UnknownRefused);
  EXPECT_TRUE(passes(with({})));
}

TEST_F(TokensAtTheGate, TheSourceIsAskedAboutAnUnknownSessionsToken) {
  settings.unknown = UnknownSessions::Ask;
  EXPECT_EQ(check(with({{"sid", "s2"}})).ask, digest("s2"));
  EXPECT_EQ(check(with({}, {"sid"})).decision, GateDecision::UnknownRefused)
      << "there is nothing to ask about";
}

TEST_F(TokensAtTheGate, ACookieCanCarryAToken) {
  rules["credentials"].push_back({{"in", "cookie"}, {"name", "access"}, {"token", true}});
  rules["credentials"].push_back({{"in", "cookie"}, {"name", "_oauth2_proxy"}});
  refuse("opaque", Refusal::SignedOut);
  const auto with_cookie = [&](const std::string& cookie) {
    const std::vector<HeaderView> headers{{"Cookie", cookie}};
    return judge().answer({.method = "GET", .target = "/check", .peer = "127.0.0.1", .headers = headers});
  };
  EXPECT_EQ(with_cookie("access=" + with({})).decision, GateDecision::Pass);
  EXPECT_EQ(with_cookie("access=" + with({{"exp", 1}})).decision, GateDecision::InvalidToken);
  EXPECT_EQ(with_cookie("access=s1").decision, GateDecision::InvalidToken) << "a session's id is no token";
  EXPECT_EQ(with_cookie("access=" + with({}) + "; _oauth2_proxy=opaque").decision, GateDecision::Refuse);
}

TEST(GateTokensKeptInMemory, ASignatureIsVerifiedOnceForEachTokenAndKey) {
  std::string why;
  const auto rules = model::parse_credential_rules(
      R"({"credentials":[{"in":"bearer","token":true}],"tokens":{"issuer":"i","audiences":["a"],)"
      R"("algorithms":["ES256"]}})",
      why);
  ASSERT_TRUE(rules) << why;
  GateTokens tokens(*rules->tokens, key, {});
  tokens.set_keys(set_of({curve().published()}));
  const auto token = [&](int number) {
    return curve().sign({{"alg", "ES256"}, {"kid", "e1"}}, {{"iss", "i"},
                                                            {"aud", "a"},
                                                            {"jti", std::to_string(number)},
                                                            {"iat", seconds_of(day)},
                                                            {"exp", seconds_of(day) + 60}});
  };
  const std::string one = token(1);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(tokens.read(one, day).token);
  EXPECT_EQ(tokens.verified(), 1U);
  EXPECT_TRUE(tokens.read(token(2), day).token);
  EXPECT_EQ(tokens.verified(), 2U);
  tokens.set_keys(set_of({curve().published()}));
  EXPECT_TRUE(tokens.read(one, day).token);
  EXPECT_EQ(tokens.verified(), 2U) << "the same keys again are no new ones";
  tokens.set_keys(set_of({curve().published(), rsa().published()}));
  EXPECT_TRUE(tokens.read(one, day).token);
  EXPECT_EQ(tokens.verified(), 3U);
  EXPECT_FALSE(tokens.read(one, day + seconds(90)).token);
  EXPECT_EQ(tokens.verified(), 3U) << "an expired one needs no signature to be refused";
}

}  // namespace
}  // namespace curfew::api
