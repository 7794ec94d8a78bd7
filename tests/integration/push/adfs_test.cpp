// The audits of two AD FS servers, pushed to a whole daemon by Winlogbeat: who signed in where, and what was
// not asked of him when he came back.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "tests/integration/push/pushed_daemon.hpp"

namespace curfew::push_test {
namespace {

using nlohmann::json;

class PushedAudits : public testing::Test {
 protected:
  PushedAudits() {
    std::ofstream(daemon_.program().config(), std::ios::app)
        << "policies:\n  - {name: silent, rule: silent_resign_in, window: 1h, mode: observe}\n";
  }

  // `number`: also its time, so many milliseconds after the first.
  std::string audit(int number, int id, const std::string& activity, const std::string& user,
                    const std::string& server, const std::string& relying_party = "https://crm.corp.test/",
                    const std::string& failure = "None") {
    const auto element = [](const std::string& name, const std::string& value) {
      return "<" + name + ">" + value + "</" + name + ">";
    };
    const std::string xml =
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<AuditBase xmlns:xsi=\"x\" "
        "xsi:type=\"AppTokenAudit\">" +
        element("FailureType", failure) + element("ErrorCode", "N/A") +
        "<ContextComponents><Component xsi:type=\"R\">" + element("RelyingParty", relying_party) +
        element("UserId", user) + "</Component><Component xsi:type=\"N\">" +
        element("PrimaryAuth",
                id == 1200 ? "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" : "N/A") +
        element("MfaPerformed", "true") + "</Component><Component xsi:type=\"Q\">" +
        element("AuthProtocol", "WSFederation") + element("IpAddress", "203.0.113.9") +
        element("UserAgentString", "Firefox/145") + element("Endpoint", "/adfs/ls/") +
        "</Component></ContextComponents></AuditBase>";
    return json{
        {"@timestamp", base::format_rfc3339(begin_ + std::chrono::milliseconds(number))},
        {"winlog",
         {{"event_id", std::to_string(id)},
          {"channel", "Security"},
          {"computer_name", server},
          {"record_id", number},
          {"provider_name", "AD FS Auditing"},
          {"event_data", {{"param1", "0d23868f-2ad0-4ff2-a774-511ef7b36a" + activity}, {"param2", xml}}}}}}
        .dump();
  }
  void push(const std::vector<std::string>& records) {
    std::string body;
    for (const std::string& one : records)
      body += "{\"create\":{\"_index\":\"winlogbeat-8.17.0\"}}\n" + one + "\n";
    const PushReply reply = daemon_.push("POST", "/_bulk", body);
    ASSERT_EQ(reply.status, 200) << reply.body;
    ASSERT_FALSE(json::parse(reply.body)["errors"].get<bool>()) << reply.body;
  }
  [[nodiscard]] json sessions() { return daemon_.program().get("/api/v1/sessions")["sessions"]; }
  // What the references of people stand for.
  [[nodiscard]] std::vector<std::string> known(model::PersonalKind kind) const {
    store::ConnectionInfo info;
    info.conninfo = daemon_.conninfo();
    store::Store store(info, store::Role::Reader);
    std::vector<std::string> values;
    store.read_references([&](model::PersonalValue&& value) {
      if (value.kind == kind) values.push_back(value.value);
    });
    return values;
  }

  PushedDaemon daemon_{cluster().fresh_database(),
                       "arrival_delay: 1s, settle: 1s, adfs: {sso_lifetime: 10h}"};
  const Time begin_ = base::wall_clock_now() - std::chrono::seconds(2);
};

TEST_F(PushedAudits, ShowWhoSignedInWithWhatAndTheSilentReturn) {
  daemon_.start();
  push({audit(1, 1203, "01", "alice@corp.test", "ADFS1.corp.test", "http://fs.corp.test/adfs/services/trust",
              "CredentialValidationError"),
        audit(100, 1202, "02", "alice@corp.test", "ADFS1.corp.test"),
        audit(110, 1200, "02", "CORP\\alice", "ADFS1.corp.test"),
        audit(200, 1200, "03", "CORP\\alice", "ADFS2.corp.test", "urn:corp:wiki"),
        audit(300, 1206, "04", "CORP\\alice", "ADFS2.corp.test", "N/A"),
        audit(400, 1200, "05", "CORP\\alice", "ADFS1.corp.test")});
  ASSERT_TRUE(daemon_.program().until([&] { return sessions().size() == 2; })) << daemon_.program().log();
  ASSERT_TRUE(daemon_.wait_until_judged());
  json begun, returned;
  for (const json& one : sessions()) (one["state"] == "ended" ? begun : returned) = one;
  EXPECT_EQ(begun["application"], "https://crm.corp.test/") << begun;
  EXPECT_EQ(begun["end_reason"], "signed_out") << begun;
  EXPECT_EQ(begun["end_certainty"], "stated") << begun;
  EXPECT_EQ(begun["auth_method"], "form") << begun;
  EXPECT_EQ(begun["interactivity"], "interactive") << begun;
  EXPECT_EQ(begun["factors"], 2) << begun;
  EXPECT_FALSE(begun["address"].is_null()) << begun;
  EXPECT_EQ(returned["interactivity"], "silent") << returned;
  EXPECT_EQ(returned["expires_at"],
            base::format_rfc3339(begin_ + std::chrono::milliseconds(400) + std::chrono::hours(10)))
      << returned;
  EXPECT_THAT(known(model::PersonalKind::Address), testing::Contains("203.0.113.9"));
  EXPECT_THAT(known(model::PersonalKind::UserAgent), testing::Contains("Firefox/145"));
  ASSERT_TRUE(daemon_.program().until(
      [&] { return !daemon_.program().get("/api/v1/violations")["violations"].empty(); }));
  const json violation = daemon_.program().get("/api/v1/violations")["violations"][0];
  EXPECT_EQ(violation["policy"], "silent");
  EXPECT_NE(violation.dump().find("persistent_cookie"), std::string::npos) << violation;
}

// The sign-on is known again after a kill: the sign-out ends it.
TEST_F(PushedAudits, ASignOnOutlivesAKill) {
  daemon_.start();
  push({audit(100, 1202, "02", "CORP\\alice", "ADFS1.corp.test")});
  ASSERT_TRUE(daemon_.program().until([&] { return sessions().size() == 1; })) << daemon_.program().log();
  ASSERT_TRUE(daemon_.wait_until_judged());
  daemon_.kill();
  daemon_.start();
  push({audit(300, 1206, "04", "CORP\\alice", "ADFS2.corp.test", "N/A")});
  EXPECT_TRUE(daemon_.program().until([&] { return sessions()[0]["state"] == "ended"; }));
  EXPECT_EQ(sessions().size(), 1U);
  EXPECT_EQ(sessions()[0]["end_reason"], "signed_out");
}

}  // namespace
}  // namespace curfew::push_test
