// The specifications' own examples, where they are present beside the project: each token signed and pushed,
// as it stands and broken in each way; each other document read by who reads its kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "plugins/oauth/shared_signals/event_reader.hpp"
#include "plugins/oauth/shared_signals/stream_management.hpp"
#include "tests/plugins/shared_signals/fake_transmitter.hpp"
#include "tests/plugins/shared_signals/receiving_desk.hpp"

namespace curfew::shared_signals_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using oauth::Sighting;
using plugin::Type;
using testing::IsEmpty;

fs::path folder() { return fs::path(CURFEW_SOURCE_DIR) / ".." / "shared" / "data" / "ssf-caep"; }

json document(const fs::path& file) {
  std::ifstream in(file);
  return json::parse(in);
}

struct Expected {
  std::string counted;  // the type's label and why, or "" for one that is told
  Type type = Type::Activity;
  std::string session;
  std::vector<std::string> names;
  std::string error;  // what it is refused with
};

const std::string idp = "https://idp.example.com/";

// Every token, by its file. Whose verification nobody asked for is refused as such.
std::map<std::string, Expected> tokens() {
  const std::string c = "openid-caep-1_0-set-", f = "openid-sharedsignals-framework-1_0-set-";
  const auto told = [](Type type, std::string session, std::vector<std::string> names) {
    return Expected{{}, type, std::move(session), std::move(names), {}};
  };
  const auto counted = [](std::string what) { return Expected{std::move(what), {}, {}, {}, {}}; };
  const std::string id = "dMTlD|1600802906337.16|16008.16";
  return {
      {c + "03", told(Type::Revoked, id, {})},
      {c + "04",
       told(Type::Revoked, id, {"oidc_subject:" + idp + "123456789/#99beb27c-c1c2-4955-882a-e0dc4996fcbc"})},
      {c + "05", counted("caep/session-revoked: part_of_a_person")},
      {c + "06", counted("caep/token-claims-change")},
      {c + "07", counted("caep/token-claims-change")},
      {c + "08", counted("caep/token-claims-change")},
      {c + "09", counted("caep/credential-change: additional_credential")},
      {c + "10", counted("caep/assurance-level-change")},
      {c + "11", counted("caep/assurance-level-change")},
      {c + "12", counted("caep/device-compliance-change")},
      {c + "13", told(Type::SignIn, "", {"email:someuser@somedomain.com"})},
      {c + "14", told(Type::Activity, "12345", {"email:someuser@somedomain.com"})},
      {c + "15", counted("caep/risk-level-change")},
      {f + "07", {{}, {}, {}, {}, "invalid_state"}},
      {f + "08", told(Type::AccountEnabled, "", {"email:foo@example.com"})},
      {f + "09", told(Type::AccountDisabled, "", {"phone:+12065550123"})},
      {f + "10", counted("caep/token-claims-change")},
      {f + "11", counted("caep/session-revoked: part_of_a_person")},
      {f + "12", counted("caep/token-claims-change")},
      {f + "13", counted("caep/token-claims-change")},
      {f + "37", {{}, {}, {}, {}, "invalid_state"}},
      {f + "38", counted("ssf/stream-updated")},
  };
}

class Examples : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(folder())) GTEST_SKIP() << "the specifications' examples are not beside the project";
  }
  // Told today, with as much between its times as there was.
  static json of_today(json claims) {
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::seconds>(wall_clock().time_since_epoch()).count();
    const std::int64_t later = now - claims["iat"].get<std::int64_t>();
    claims["iat"] = now;
    json& payload = claims["events"].begin().value();
    // (One example was told in the year 2451.)
    if (payload.contains("event_timestamp") && later > 0)
      payload["event_timestamp"] = payload["event_timestamp"].get<std::int64_t>() + later;
    return claims;
  }
  [[nodiscard]] std::unique_ptr<ReceivingDesk> desk_of(const json& claims) const {
    const json& audience = claims["aud"];
    return std::make_unique<ReceivingDesk>(
        settings_for(claims["iss"], {{"audiences", {audience.is_array() ? audience[0] : audience}},
                                     {"stream", "none"},
                                     {"jwks_uri", idp_.server() + "/keys"}}));
  }

  FakeTransmitter idp_;
};

TEST_F(Examples, EachTokenBecomesWhatItShould) {
  std::size_t seen = 0;
  const auto all = tokens();
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string name = entry.path().stem().string();
    if (name.find("-set-") == std::string::npos) continue;
    SCOPED_TRACE(name);
    ++seen;
    ASSERT_TRUE(all.contains(name)) << "nobody said what becomes of it";
    const Expected& expected = all.at(name);
    const json claims = of_today(document(entry.path()));
    const auto desk = desk_of(claims);
    EXPECT_EQ(desk->error(idp_.sign(claims)), expected.error);
    if (!expected.error.empty()) {
      EXPECT_THAT(desk->kept, IsEmpty());
      continue;
    }
    if (!expected.counted.empty()) {
      EXPECT_THAT(desk->kept, IsEmpty());
      EXPECT_EQ(desk->coverage()["events_only_counted"], (json{{expected.counted, 1}}));
      continue;
    }
    ASSERT_EQ(desk->kept.size(), 1U);
    const Sighting& told = desk->kept[0];
    EXPECT_EQ(told.type, expected.type);
    EXPECT_EQ(told.session, expected.session);
    std::vector<std::string> names;
    for (const oauth::SightingName& one : told.names) names.push_back(one.name_space + ":" + one.value);
    EXPECT_EQ(names, expected.names);
    EXPECT_LE(told.at, desk->now());
  }
  EXPECT_EQ(seen, all.size());
}

TEST_F(Examples, EachTokenBrokenInAnyWayIsRefusedWithTheRightCode) {
  const support::SigningKey stranger = support::SigningKey::rsa("key-1"),
                            unknown = support::SigningKey::rsa("x");
  for (const auto& [name, expected] : tokens()) {
    SCOPED_TRACE(name);
    const json good = of_today(document(folder() / (name + ".json")));
    const auto desk = desk_of(good);
    const json header{{"alg", "RS256"}, {"kid", "key-1"}, {"typ", "secevent+jwt"}};
    const auto error_of = [&](const json& changes, const std::vector<std::string>& without = {}) {
      json claims = good;
      claims.merge_patch(changes);
      for (const std::string& one : without) claims.erase(one);
      return desk->error(idp_.sign(claims));
    };
    for (const char* missing : {"jti", "iat", "aud", "sub_id", "events"})
      EXPECT_EQ(error_of(json::object(), {missing}), "invalid_request") << missing;
    EXPECT_EQ(error_of(json::object(), {"iss"}), "invalid_request");
    EXPECT_EQ(error_of({{"iss", "https://other.example.com"}}), "invalid_issuer");
    EXPECT_EQ(error_of({{"aud", "somebody-else"}}), "invalid_audience");
    EXPECT_EQ(error_of({{"sub", "u"}}), "invalid_request");
    EXPECT_EQ(error_of({{"exp", good["iat"].get<std::int64_t>() + 60}}), "invalid_request");
    EXPECT_EQ(error_of({{"iat", good["iat"].get<std::int64_t>() + 3600}}), "invalid_request");
    EXPECT_EQ(error_of({{"events", {{"urn:another", json::object()}}}}), "invalid_request");
    EXPECT_EQ(error_of({{"sub_id", {{"format", nullptr}}}}), "invalid_request");
    EXPECT_EQ(desk->error(idp_.sign({{"alg", "RS256"}, {"kid", "key-1"}, {"typ", "JWT"}}, good)),
              "invalid_request");
    // Keys were asked for a moment ago, and these might be newer: not before they may be asked for again.
    desk->ahead += std::chrono::seconds(6);
    EXPECT_EQ(desk->error(stranger.sign(header, good)), "authentication_failed");
    desk->ahead += std::chrono::seconds(6);
    EXPECT_EQ(desk->error(unknown.sign({{"alg", "RS256"}, {"kid", "x"}, {"typ", "secevent+jwt"}}, good)),
              "invalid_key");
    EXPECT_EQ(desk->error(idp_.sign({{"alg", "RS512"}, {"kid", "key-1"}, {"typ", "secevent+jwt"}}, good)),
              "invalid_key");
    EXPECT_EQ(desk->error("x"), "invalid_request");
    EXPECT_THAT(desk->kept, IsEmpty());
  }
}

TEST_F(Examples, EachOtherDocumentIsReadByWhoReadsItsKind) {
  using namespace oauth::shared_signals;
  const std::string issuer = "https://tr.example.com";
  const Naming naming{.issuer = issuer, .user_namespace = [](std::string_view) { return "upn"; }};
  std::map<std::string, int> kinds;
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().stem().string().find("-msg-") == std::string::npos) continue;
    SCOPED_TRACE(entry.path().filename().string());
    json one = document(entry.path());
    if (one.contains("configuration_endpoint")) {
      ++kinds["metadata"];
      EXPECT_EQ(read_metadata(one.dump(), issuer).critical_members,
                (std::vector<std::string>{"tenant", "user"}));
    } else if (one.contains("events_delivered")) {
      ++kinds["stream"];
      const Stream stream = read_streams(one.dump(), issuer).at(0);
      EXPECT_EQ(stream.id, one["stream_id"]);
      EXPECT_EQ(stream.method, push_method);
      EXPECT_EQ(stream.audiences.size(), 2U);
      EXPECT_EQ(stream.delivered.size(), 2U);
    } else if (one.contains("status")) {
      ++kinds["status"];
      EXPECT_EQ(read_status(one.dump(), one["stream_id"]), one["status"]);
    } else if (one.contains("subject") || one.contains("format")) {
      ++kinds["subject"];
      if (one.contains("subject")) one = one["subject"];
      // A group that a did names is one; as the example has it, a did is no more than its url.
      EXPECT_NO_THROW((void)read_subject(one, naming, SubjectIs::Person)) << one;
    } else if (one.contains("reason_admin") || one.contains("reason_user")) {
      ++kinds["reason"];  // for people: it is in the token, and nothing of it is told
    } else if (one.contains("events_requested") || one.contains("state") || one.contains("spec_version") ||
               one.contains("spec_urn") || one.contains("typ")) {
      ++kinds["sent or part"];  // by a receiver, or a part of what stands elsewhere in whole
    } else {
      ADD_FAILURE() << "nobody reads " << one;
    }
  }
  EXPECT_EQ(kinds["metadata"], 1);
  EXPECT_EQ(kinds["stream"], 4);
  EXPECT_EQ(kinds["status"], 4);
  EXPECT_GE(kinds["subject"], 13);
}

}  // namespace
}  // namespace curfew::shared_signals_test
