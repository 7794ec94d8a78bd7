// Tokens that an issuer signs, and the logouts among them: everything that is wrong with one, in turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/back_channel/receiver.hpp"
#include "tests/support/openid_issuer.hpp"

namespace curfew::oauth {
namespace {

using nlohmann::json;
using plugin::Time;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using support::OpenIdIssuer;
using support::SigningKey;
using testing::HasSubstr;

std::string hex(std::string_view text) {
  static const plugin::KeyedDigest digest("0123456789abcdef0123456789abcdef");
  std::string out;
  for (const std::uint8_t byte : digest(text).bytes) out += std::to_string(byte) + ".";
  return out;
}

class Logout : public testing::Test {
 protected:
  Logout() { issuer.use({rsa}); }

  [[nodiscard]] json claims(const std::string& id = "1") const {
    return {{"iss", issuer.url()},
            {"aud", "crm"},
            {"iat", seconds_of(now)},
            {"exp", seconds_of(now + minutes(2))},
            {"jti", id},
            {"sub", "u-17"},
            {"sid", "s-4"},
            {"events", {{"http://schemas.openid.net/event/backchannel-logout", json::object()}}}};
  }
  [[nodiscard]] static std::int64_t seconds_of(Time time) {
    return std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
  }
  [[nodiscard]] std::string signed_by(const SigningKey& key, const json& what,
                                      const json& header = {
                                          {"alg", "RS256"}, {"kid", "k1"}, {"typ", "logout+jwt"}}) const {
    return key.sign(header, what);
  }
  plugin::HttpAnswer send(const std::string& token) {
    if (!receiver) begin();
    const std::string body = "x=1&logout_token=" + token;
    return receiver->answer(
        {.method = "POST", .path = "/back-channel-logout", .query = {}, .body = body, .headers = {}},
        [this](const LogoutToken& said, const std::string& id) {
          if (is_stopping) throw plugin::Failure(plugin::Code::Unavailable, "stopping");
          taken.push_back(said);
          ids.emplace_back(id, said.good_until);
        });
  }
  [[nodiscard]] std::string refusal(const std::string& token) {
    const plugin::HttpAnswer answer = send(token);
    if (answer.status == 200) return "taken";
    EXPECT_EQ(answer.status, 400U);
    const json body = json::parse(answer.body);
    EXPECT_EQ(body["error"], "invalid_request");
    return body["error_description"];
  }
  [[nodiscard]] std::string refusal_of(const json& changes, const std::vector<std::string>& without = {}) {
    json all = claims("id-" + std::to_string(++made));
    if (changes.is_object()) all.update(changes);
    for (const std::string& name : without) all.erase(name);
    return refusal(signed_by(rsa, all));
  }
  void begin() {
    keys.emplace(web::HttpServer{.url = issuer.url(), .tls = {}},
                 IssuerKeysSettings{.issuer = issuer.url(), .jwks_uri = {}}, [this] { return now; });
    receiver.emplace(
        LogoutTerms{.issuer = issuer.url(), .audiences = {"crm", "shop"}}, *keys, [this] { return now; },
        hex);
  }

  inline static const SigningKey rsa = SigningKey::rsa("k1");
  OpenIdIssuer issuer;
  Time now{std::chrono::duration_cast<plugin::Duration>(std::chrono::system_clock::now().time_since_epoch())};
  std::optional<IssuerKeys> keys;
  std::optional<Receiver> receiver;
  std::vector<LogoutToken> taken;
  std::vector<std::pair<std::string, Time>> ids;
  bool is_stopping = false;
  int made = 0;
};

TEST_F(Logout, IsTakenOnceAndAnsweredAsTheSpecificationSays) {
  const std::string token = signed_by(rsa, claims());
  const plugin::HttpAnswer answer = send(token);
  EXPECT_EQ(answer.status, 200U) << answer.body;
  EXPECT_EQ(answer.headers,
            (std::vector<std::pair<std::string, std::string>>{{"Cache-Control", "no-store"}}));
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].subject, "u-17");
  EXPECT_EQ(taken[0].session, "s-4");
  EXPECT_EQ(taken[0].audience, "crm");
  EXPECT_THAT(refusal(token), HasSubstr("received before"));
  EXPECT_EQ(taken.size(), 1U);
  EXPECT_EQ(ids[0].first.find("u-17"), std::string::npos);
}

TEST_F(Logout, AnotherTokenOfTheSameLogoutIsKnownByItsIdThroughARestart) {
  ASSERT_EQ(refusal(signed_by(rsa, claims("a"))), "taken");
  receiver.reset();
  begin();
  receiver->restore(ids[0].first, ids[0].second);
  EXPECT_THAT(refusal(signed_by(rsa, claims("a"))), HasSubstr("received before"));
  EXPECT_EQ(refusal(signed_by(rsa, claims("b"))), "taken");
}

TEST_F(Logout, OneThatCouldNotBeKeptMayComeAgain) {
  is_stopping = true;
  const std::string token = signed_by(rsa, claims());
  EXPECT_THROW((void)send(token), plugin::Failure);
  is_stopping = false;
  EXPECT_EQ(refusal(token), "taken");
}

TEST_F(Logout, EachClaimIsLookedAt) {
  EXPECT_EQ(refusal_of({{"aud", {"other", "shop"}}}), "taken");
  EXPECT_EQ(refusal_of({}, {"sub"}), "taken");
  EXPECT_EQ(refusal_of({}, {"sid"}), "taken");
  EXPECT_EQ(refusal_of({}, {"exp"}), "taken") << "drafts had none";
  EXPECT_EQ(refusal_of({{"iat", static_cast<double>(seconds_of(now)) + 0.25}}), "taken");
  EXPECT_THAT(refusal_of({{"iss", issuer.url() + "/"}}), HasSubstr("`iss`"));
  EXPECT_THAT(refusal_of({}, {"iss"}), HasSubstr("`iss`"));
  EXPECT_THAT(refusal_of({{"aud", "other"}}), HasSubstr("`aud`"));
  EXPECT_THAT(refusal_of({{"aud", json::array()}}), HasSubstr("`aud`"));
  EXPECT_THAT(refusal_of({}, {"aud"}), HasSubstr("`aud`"));
  EXPECT_THAT(refusal_of({}, {"iat"}), HasSubstr("`iat`"));
  EXPECT_THAT(refusal_of({{"iat", "yesterday"}}), HasSubstr("`iat`"));
  EXPECT_THAT(refusal_of({{"iat", -1}}), HasSubstr("`iat`"));
  EXPECT_THAT(refusal_of({{"iat", 1e300}}), HasSubstr("`iat`"));
  EXPECT_THAT(refusal_of({{"iat", seconds_of(now + minutes(2))}}), HasSubstr("future"));
  EXPECT_THAT(refusal_of({{"exp", seconds_of(now - minutes(2))}}), HasSubstr("expired"));
  EXPECT_THAT(refusal_of({{"exp", seconds_of(now + hours(48))}}), HasSubstr("more than a day"));
  EXPECT_THAT(refusal_of({{"iat", seconds_of(now - minutes(20))}}, {"exp"}), HasSubstr("expired"));
  EXPECT_THAT(refusal_of({}, {"jti"}), HasSubstr("`jti`"));
  EXPECT_THAT(refusal_of({{"jti", ""}}), HasSubstr("`jti`"));
  EXPECT_THAT(refusal_of({{"jti", 7}}), HasSubstr("`jti`"));
  EXPECT_THAT(refusal_of({}, {"events"}), HasSubstr("`events`"));
  EXPECT_THAT(refusal_of({{"events", {{"other", json::object()}}}}), HasSubstr("no back-channel logout"));
  EXPECT_THAT(refusal_of({{"events", {{"http://schemas.openid.net/event/backchannel-logout", true}}}}),
              HasSubstr("no back-channel logout"));
  EXPECT_THAT(refusal_of({{"nonce", "n"}}), HasSubstr("nonce"));
  EXPECT_THAT(refusal_of({}, {"sub", "sid"}), HasSubstr("neither"));
  EXPECT_THAT(refusal_of({{"sub", std::string(600, 'x')}}), HasSubstr("`sub`"));
}

TEST_F(Logout, WhatIsNoTokenOrNotSignedIsRefused) {
  const std::string good = signed_by(rsa, claims());
  EXPECT_THAT(refusal(""), HasSubstr("three parts"));
  EXPECT_THAT(refusal("ab.cd.ef"), HasSubstr("no JWS"));
  EXPECT_THAT(refusal("a.b.c"), HasSubstr("no base64url"));
  EXPECT_THAT(refusal("ab.c,d.ef"), HasSubstr("no base64url"));
  EXPECT_THAT(refusal(std::string(20'000, 'a')), HasSubstr("longer"));
  EXPECT_THAT(refusal(good.substr(0, good.rfind('.') + 1)), HasSubstr("refused"));
  std::string changed = good;
  changed[good.find('.') + 10] = changed[good.find('.') + 10] == 'A' ? 'B' : 'A';
  EXPECT_NE(refusal(changed), "taken");
  EXPECT_THAT(refusal(signed_by(rsa, "no object")), HasSubstr("no JSON object"));
  // {"alg":"none"}
  EXPECT_THAT(
      refusal("eyJhbGciOiJub25lIn0" + good.substr(good.find('.'), good.rfind('.') - good.find('.') + 1)),
      HasSubstr("empty"));
  EXPECT_THAT(refusal(signed_by(SigningKey::rsa("k1"), claims())), HasSubstr("not of the issuer's keys"));
  EXPECT_THAT(refusal(signed_by(SigningKey::rsa("k9"), claims(), {{"alg", "RS256"}, {"kid", "k9"}})),
              HasSubstr("no key of its kind and id"));
  EXPECT_TRUE(taken.empty());
}

// RFC 8725: what the header says is not believed.
TEST_F(Logout, TheHeaderChoosesNeitherKeyNorAlgorithm) {
  const SigningKey stranger = SigningKey::rsa("s");
  EXPECT_NE(
      refusal(signed_by(stranger, claims(),
                        {{"alg", "RS256"}, {"jwk", stranger.published()}, {"jku", issuer.url() + "/keys"}})),
      "taken");
  // The public key as the secret of a keyed hash.
  const SigningKey confused = SigningKey::secret("k1", rsa.published()["n"].get<std::string>());
  EXPECT_THAT(refusal(signed_by(confused, claims(), {{"alg", "HS256"}, {"kid", "k1"}})),
              HasSubstr("algorithm"));
  EXPECT_THAT(refusal(signed_by(rsa, claims(), {{"alg", "RS512"}, {"kid", "k1"}})), HasSubstr("algorithm"));
  EXPECT_EQ(refusal(signed_by(rsa, claims("p"), {{"alg", "PS256"}, {"kid", "k1"}})), "taken");
  EXPECT_THAT(refusal(signed_by(rsa, claims(), {{"alg", "RS256"}, {"crit", {"b64"}}})), HasSubstr("crit"));
  EXPECT_THAT(refusal(signed_by(rsa, claims(), {{"alg", "RS256"}, {"typ", "at+jwt"}})),
              HasSubstr("another use"));
  EXPECT_EQ(refusal(signed_by(rsa, claims("q"), {{"alg", "RS256"}, {"typ", "application/Logout+JWT"}})),
            "taken");
  EXPECT_EQ(refusal(signed_by(rsa, claims("r"), {{"alg", "RS256"}})), "taken") << "no key id: each may have";
}

TEST_F(Logout, KeysOfOtherKindsUsesAndSizesVerifyNothing) {
  const SigningKey weak = SigningKey::rsa("weak", 1024), curve = SigningKey::curve("ec");
  issuer.use({weak, curve, rsa});
  EXPECT_EQ(refusal(signed_by(curve, claims("1"), {{"alg", "ES256"}, {"kid", "ec"}})), "taken");
  EXPECT_THAT(refusal(signed_by(weak, claims("2"), {{"alg", "RS256"}, {"kid", "weak"}})),
              HasSubstr("no key"));
  json set{{"keys", {rsa.published(), curve.published()}}};
  EXPECT_EQ(KeySet::parse(set.dump()).size(), 2U);
  set["keys"][0]["use"] = "enc";
  set["keys"][1]["crv"] = "secp256k1";
  set["keys"].push_back({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}});
  set["keys"].push_back({{"kty", "oct"}, {"k", "AAAA"}});
  set["keys"].push_back({{"kty", "RSA"}, {"n", 7}});
  json damaged = curve.published();
  damaged["x"] = "Bg8vub9tL,1gHMzV";
  set["keys"].push_back(damaged);
  const KeySet none = KeySet::parse(set.dump());
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none.passed_over(), 6U);
  for (const char* bad : {"", "[]", "{}", R"({"keys":7})", R"({"keys":[7]})", "{\"keys\":[", "\xff"})
    EXPECT_THROW((void)KeySet::parse(bad), BadToken) << bad;
  json many{{"keys", json::array()}};
  for (int i = 0; i < 101; ++i) many["keys"].push_back(json::object());
  EXPECT_THROW((void)KeySet::parse(many.dump()), BadToken);
}

TEST_F(Logout, KeysThatChangeAreAskedForAndStrangersCanNotOrderCalls) {
  ASSERT_EQ(refusal(signed_by(rsa, claims("1"))), "taken");
  EXPECT_EQ(issuer.asked(), 1);
  const SigningKey next = SigningKey::rsa("k2");
  issuer.use({rsa, next});
  const json of_next{{"alg", "RS256"}, {"kid", "k2"}};
  EXPECT_NE(refusal(signed_by(next, claims("2"), of_next)), "taken") << "asked a moment ago";
  EXPECT_EQ(issuer.asked(), 1);
  now += seconds(6);
  EXPECT_EQ(refusal(signed_by(next, claims("2"), of_next)), "taken");
  EXPECT_EQ(issuer.asked(), 2);
  // A key of the same id is another one.
  const SigningKey replaced = SigningKey::rsa("k1");
  issuer.use({replaced, next});
  now += seconds(6);
  EXPECT_EQ(refusal(signed_by(replaced, claims("3"))), "taken");
  EXPECT_NE(refusal(signed_by(rsa, claims("4"))), "taken") << "the old one holds no longer";
  const int asked = issuer.asked();
  for (int i = 0; i < 50; ++i) EXPECT_NE(refusal(signed_by(rsa, claims("x"))), "taken");
  EXPECT_LE(issuer.asked(), asked + 1);
}

TEST_F(Logout, WithoutKeysNothingIsSaidOfATokenAndWithOldOnesItIs) {
  issuer.be_down(true);
  const plugin::HttpAnswer answer = send(signed_by(rsa, claims("1")));
  EXPECT_EQ(answer.status, 503U);
  EXPECT_THAT(answer.body, HasSubstr("temporarily_unavailable"));
  EXPECT_EQ(receiver->counts().postponed, 1U);
  issuer.be_down(false);
  now += seconds(6);
  ASSERT_EQ(refusal(signed_by(rsa, claims("1"))), "taken");
  issuer.be_down(true);
  now += hours(2);
  EXPECT_EQ(refusal(signed_by(rsa, claims("2"))), "taken") << "kept keys hold while the issuer is away";
}

TEST_F(Logout, ADiscoveryDocumentOfAnotherIssuerNamesNoKeys) {
  issuer.set_metadata({{"issuer", "https://evil.test"}, {"jwks_uri", issuer.url() + "/keys"}});
  EXPECT_EQ(send(signed_by(rsa, claims())).status, 503U);
  issuer.set_metadata({{"issuer", issuer.url()}, {"jwks_uri", "http://127.0.0.2:1/keys"}});
  now += seconds(6);
  EXPECT_EQ(send(signed_by(rsa, claims())).status, 503U);
  EXPECT_EQ(issuer.asked(), 0);
}

TEST_F(Logout, TheFormIsReadStrictly) {
  begin();
  const auto status = [&](const std::string& body) {
    return receiver
        ->answer({.method = "POST", .path = "/", .query = {}, .body = body, .headers = {}},
                 [](const LogoutToken&, const std::string&) {})
        .status;
  };
  const std::string good = signed_by(rsa, claims());
  for (const std::string& bad :
       {std::string(), std::string("logout_token"), "logout_token=" + good + "&logout_token=" + good,
        std::string("logout_token=%"), std::string("logout_token=%4"), std::string("logout_token=%zz"),
        "Logout_Token=" + good})
    EXPECT_EQ(status(bad), 400U) << bad.substr(0, 20);
  std::string escaped;
  for (const char c : good) escaped += c == '.' ? std::string("%2E") : std::string(1, c);
  EXPECT_EQ(status("a=b&&logout_token=" + escaped + "&c"), 200U);
}

}  // namespace
}  // namespace curfew::oauth
