// What is delivered, and what becomes of it when the other side fails.
#include "core/app/notifier.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/app/configuration.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::app {
namespace {

using model::AnswerCode;
using nlohmann::json;
using support::MailServer;
using support::WebhookReceiver;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Notice notice() {
  Notice notice;
  notice.realm = "main";
  notice.sign_out = 7;
  notice.reason = "idle \"too\" long";
  notice.source = "crm";
  notice.session = 12;
  notice.subject = model::Ref{0xabc};
  notice.names = {{"windows_account", "corp\\alice"}, {"upn", "alice@corp.test"}};
  notice.at = base::parse_rfc3339("2026-11-22T10:00:00Z").value();
  return notice;
}

class Notices : public testing::Test {
 protected:
  Notices() { std::ofstream(file("secret")) << "s3cret\n"; }
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  Delivery deliver(const std::string& yaml, const Notice& what = notice()) {
    const Settings settings = parse_configuration("c.yaml", "notifications:\n  - {name: n, " + yaml + "}\n");
    Notifier notifier(settings, nullptr);
    return notifier.deliver("n", what);
  }
  std::string mail(const MailServer& server, const std::string& more) const {
    return "kind: email, server: localhost, port: " + std::to_string(server.port()) +
           ", from: curfew@corp.test, " + more;
  }
  // A certificate, and its own CA.
  void make_certificate(const std::string& name = "localhost") const {
    const std::string command = "openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=" + name +
                                " -addext "
                                "subjectAltName=DNS:" +
                                name + " -keyout " + file("key") + " -out " + file("pem") +
                                " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  support::TemporaryDirectory folder_;
};

TEST_F(Notices, AWebhookIsPostedWithASignatureThatCoversItsTimeAndBody) {
  WebhookReceiver receiver;
  const Delivery delivery =
      deliver("kind: webhook, url: \"" + receiver.url("/a?b=c") + "\", secret_file: " + file("secret"));
  EXPECT_EQ(delivery.code, AnswerCode::Accepted) << delivery.text;
  EXPECT_EQ(delivery.text, "HTTP 204");
  ASSERT_EQ(receiver.taken().size(), 1U);
  const support::Received received = receiver.taken().front();
  EXPECT_EQ(received.path, "/a?b=c");
  const json body = json::parse(received.body);
  EXPECT_EQ(body["sign_out"], 7);
  EXPECT_EQ(body["reason"], "idle \"too\" long");
  EXPECT_EQ(body["names"][1]["value"], "alice@corp.test");
  const std::string timestamp = received.headers.at("x-curfew-timestamp");
  EXPECT_EQ(received.headers.at("x-curfew-signature"),
            "sha256=" + base::to_hex(base::hmac_sha256("s3cret", timestamp + "." + received.body)));
}

TEST_F(Notices, AWebhooksTemplateIsFilledInAsJson) {
  WebhookReceiver receiver;
  const Delivery delivery = deliver("kind: webhook, url: \"" + receiver.url() +
                                    "\", body: '{\"text\":\"{{name:upn}}: {{reason}} ({{ session }})\"}'");
  EXPECT_EQ(delivery.code, AnswerCode::Accepted);
  EXPECT_EQ(json::parse(receiver.taken().front().body)["text"], "alice@corp.test: idle \"too\" long (12)");
}

TEST_F(Notices, AWebhookThatIsAwayForAMomentIsTriedAgainAndKnowsTheRepeat) {
  WebhookReceiver receiver;
  receiver.then({.status = 503, .body = "alice@corp.test is unknown here"});
  receiver.then({.break_off = true});
  const Delivery delivery = deliver("kind: webhook, url: \"" + receiver.url() + "\", attempts: 3");
  EXPECT_EQ(delivery.code, AnswerCode::Accepted) << delivery.text;
  EXPECT_THAT(delivery.text, HasSubstr("attempt 3"));
  const auto taken = receiver.taken();
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0].headers.at("x-curfew-delivery"), taken[2].headers.at("x-curfew-delivery"));
}

TEST_F(Notices, AWebhooksRefusalIsFinalAndItsWordsStayOutOfTheAnswer) {
  WebhookReceiver receiver;
  receiver.then({.status = 422, .body = "alice@corp.test is unknown here"});
  const Delivery delivery = deliver("kind: webhook, url: \"" + receiver.url() + "\", attempts: 3");
  EXPECT_EQ(delivery.code, AnswerCode::Refused);
  EXPECT_EQ(delivery.text, "HTTP 422");
  EXPECT_EQ(receiver.taken().size(), 1U);
}

TEST_F(Notices, ARedirectIsNotFollowed) {
  WebhookReceiver elsewhere;
  WebhookReceiver receiver;
  receiver.then({.status = 307, .location = elsewhere.url()});
  EXPECT_EQ(deliver("kind: webhook, url: \"" + receiver.url() + "\"").code, AnswerCode::Refused);
  EXPECT_TRUE(elsewhere.taken().empty());
}

TEST_F(Notices, AWebhookThatNeverAnswersIsGivenUp) {
  WebhookReceiver receiver;
  receiver.then({.hang = true});
  const Delivery delivery =
      deliver("kind: webhook, url: \"" + receiver.url() + "\", attempts: 1, timeout: 300ms");
  EXPECT_EQ(delivery.code, AnswerCode::TimedOut);
  EXPECT_EQ(deliver("kind: webhook, url: \"http://127.0.0.1:1/\", attempts: 2").code, AnswerCode::Failed);
}

TEST_F(Notices, AWebhooksCertificateMustBeBelieved) {
  make_certificate();
  WebhookReceiver receiver(file("pem"), file("key"));
  const Delivery stranger = deliver("kind: webhook, attempts: 1, url: \"" + receiver.url() + "\"");
  EXPECT_EQ(stranger.code, AnswerCode::Failed);
  EXPECT_TRUE(receiver.taken().empty());
  const Delivery known =
      deliver("kind: webhook, attempts: 1, url: \"" + receiver.url() + "\", ca_file: " + file("pem"));
  EXPECT_EQ(known.code, AnswerCode::Accepted) << known.text;
}

TEST_F(Notices, ACertificateForAnotherHostIsNotBelieved) {
  make_certificate("elsewhere.test");
  WebhookReceiver receiver(file("pem"), file("key"));
  EXPECT_EQ(
      deliver("kind: webhook, attempts: 1, url: \"" + receiver.url() + "\", ca_file: " + file("pem")).code,
      AnswerCode::Failed);
  EXPECT_TRUE(receiver.taken().empty());
  MailServer server({file("pem"), file("key"), "", ""});
  EXPECT_EQ(deliver(mail(server, "to: [\"team@corp.test\"], attempts: 1, ca_file: " + file("pem"))).code,
            AnswerCode::Failed);
  EXPECT_TRUE(server.taken().empty());
}

TEST_F(Notices, AMailReachesTheTeamAndThePersonOverStartTls) {
  make_certificate();
  MailServer server({file("pem"), file("key"), "curfew", "s3cret"});
  Notice what = notice();
  what.source = "Käse\r\nBcc: everybody@corp.test";
  const Delivery delivery =
      deliver(mail(server,
                   "to: [\"team@corp.test\", \"{{name:upn}}\", \"{{name:email}}\"], user: curfew, "
                   "password_file: " +
                       file("secret") + ", ca_file: " + file("pem") +
                       ", subject: \"{{source}}\", body: \"Dear {{name:upn}},\\n.\\nbye\""),
              what);
  EXPECT_EQ(delivery.code, AnswerCode::Accepted) << delivery.text;
  ASSERT_EQ(server.taken().size(), 1U);
  const support::TakenMail taken = server.taken().front();
  EXPECT_THAT(taken.to, ElementsAre("team@corp.test", "alice@corp.test"));
  EXPECT_EQ(taken.from, "curfew@corp.test");
  EXPECT_TRUE(taken.over_tls);
  EXPECT_TRUE(taken.signed_in);
  EXPECT_THAT(taken.text, HasSubstr("Dear alice@corp.test,\n.\nbye")) << "a line with a dot does not end it";
  EXPECT_THAT(taken.text, HasSubstr("Subject: =?UTF-8?"));
  EXPECT_THAT(taken.text, Not(HasSubstr("\nBcc:")));
  EXPECT_THAT(taken.text, HasSubstr("Auto-Submitted: auto-generated"));
}

TEST_F(Notices, AServerWithoutStartTlsGetsNothing) {
  MailServer server({"", "", "curfew", "s3cret"});
  const Delivery delivery = deliver(
      mail(server, "to: [\"team@corp.test\"], attempts: 1, user: curfew, password_file: " + file("secret")));
  EXPECT_EQ(delivery.code, AnswerCode::Failed);
  EXPECT_THAT(delivery.text, HasSubstr("does not offer STARTTLS"));
  EXPECT_TRUE(server.taken().empty());
}

TEST_F(Notices, AMailServersCertificateMustBeBelieved) {
  make_certificate();
  MailServer server({file("pem"), file("key"), "", ""});
  EXPECT_EQ(deliver(mail(server, "to: [\"team@corp.test\"], attempts: 1")).code, AnswerCode::Failed);
  EXPECT_TRUE(server.taken().empty());
}

TEST_F(Notices, AMailIsTriedAgainAfterATemporaryFailureAndNotAfterAFinalOne) {
  MailServer server;
  server.fail_next("RCPT", "451 come back later");
  EXPECT_EQ(deliver(mail(server, "tls: none, to: [\"team@corp.test\"]")).code, AnswerCode::Accepted);
  EXPECT_EQ(server.connections(), 2U);
  server.fail_next("RCPT", "550 <team@corp.test> no such user");
  const Delivery refused = deliver(mail(server, "tls: none, to: [\"team@corp.test\"]"));
  EXPECT_EQ(refused.code, AnswerCode::Refused);
  EXPECT_EQ(refused.text, "the mail server answered 550");
  EXPECT_EQ(server.connections(), 3U);
}

TEST_F(Notices, AMailServerThatHangsOrHangsUpIsNoDelivery) {
  {
    MailServer server;
    server.fail_next(".", "");
    EXPECT_EQ(deliver(mail(server, "tls: none, attempts: 1, to: [\"team@corp.test\"]")).code,
              AnswerCode::Failed);
    EXPECT_TRUE(server.taken().empty());
  }
  MailServer server;
  server.fail_next("DATA", "hang");
  EXPECT_EQ(deliver(mail(server, "tls: none, attempts: 1, timeout: 300ms, to: [\"team@corp.test\"]")).code,
            AnswerCode::TimedOut);
}

TEST_F(Notices, AWrongPasswordIsRefusedForGood) {
  make_certificate();
  MailServer server({file("pem"), file("key"), "curfew", "another"});
  const Delivery delivery =
      deliver(mail(server, "to: [\"team@corp.test\"], user: curfew, password_file: " + file("secret") +
                               ", ca_file: " + file("pem")));
  EXPECT_EQ(delivery.code, AnswerCode::Refused) << delivery.text;
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Notices, NobodyToTellIsSaid) {
  MailServer server;
  Notice what = notice();
  what.names.clear();
  const Delivery delivery = deliver(mail(server, "tls: none, to: [\"{{name:upn}}\"]"), what);
  EXPECT_EQ(delivery.code, AnswerCode::Refused);
  EXPECT_THAT(delivery.text, HasSubstr("nobody to send it to"));
  EXPECT_EQ(server.connections(), 0U);
}

}  // namespace
}  // namespace curfew::app
