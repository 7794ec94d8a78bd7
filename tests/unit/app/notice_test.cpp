#include <gmock/gmock.h>

#include "core/app/configuration.hpp"
#include "core/app/notice_delivery.hpp"
#include "core/app/notifier.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& text) {
  try {
    (void)parse_configuration("c.yaml", text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
std::string of(const std::string& channel) {
  return error_of("notifications:\n  - {name: n, " + channel + "}\n");
}

TEST(NoticeTemplate, FillsInWhatItKnows) {
  Notice notice;
  notice.sign_out = 3;
  notice.subject = model::Ref{0xab};
  EXPECT_EQ(NoticeTemplate("{a} {{sign_out}} {{ name }}{{session}}{{name:upn}}.")
                .render(notice, NoticeTemplate::Escape::None),
            "{a} 3 00000000000000ab.");
  notice.names = {{"upn", "a@b"}, {"sid", "S-1"}};
  EXPECT_EQ(NoticeTemplate("{{name}}|{{name:sid}}").render(notice, NoticeTemplate::Escape::None),
            "a@b, S-1|S-1");
}

TEST(NoticeTemplate, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"{{sesion}}", "{{}}", "{{name:}}", "{{session:upn}}", "{{open"})
    EXPECT_THROW(NoticeTemplate{text}, Error) << text;
}

TEST(NoticeTemplate, LetsNothingFromOutsideBeginAHeaderOrEndAText) {
  Notice notice;
  notice.reason = "a\r\nBcc: b \"c\"";
  EXPECT_EQ(NoticeTemplate("{{reason}}").render(notice, NoticeTemplate::Escape::Line), "a  Bcc: b \"c\"");
  EXPECT_EQ(NoticeTemplate("{{reason}}").render(notice, NoticeTemplate::Escape::Json),
            R"(a\u000d\u000aBcc: b \"c\")");
}

TEST(MailAddress, IsOnePrintableAddress) {
  EXPECT_TRUE(is_mail_address("alice@corp.test"));
  for (const char* text : {"", "alice", "@corp.test", "alice@", "a@b@c", "a b@c", "a@b>,<c@d", "a@b\r\nX: y"})
    EXPECT_FALSE(is_mail_address(text)) << text;
}

TEST(Notifications, AreCheckedWithTheirPlace) {
  EXPECT_EQ(of("kind: webhook, url: \"https://chat.corp.test/hook\""), "no error");
  EXPECT_EQ(of("kind: email, server: mail.corp.test, from: a@b.test, to: [\"{{name:upn}}\"]"), "no error");
  EXPECT_THAT(of("kind: webhook"), HasSubstr("needs a 'url'"));
  EXPECT_THAT(of("kind: webhook, url: \"http://chat.corp.test/\""), HasSubstr("could be read on the way"));
  EXPECT_THAT(of("kind: webhook, url: \"https://a:b@chat.corp.test/\""), HasSubstr("no password"));
  EXPECT_THAT(of("kind: webhook, url: \"https://x.test\", server: y"), HasSubstr("has no 'server'"));
  EXPECT_THAT(of("kind: webhook, url: \"https://x.test\", body: '{\"a\":{{name}}}'"),
              HasSubstr("is no JSON"));
  EXPECT_THAT(of("kind: webhook, url: \"https://x.test\", warning_body: '{{name}}'"),
              HasSubstr("is no JSON"));
  EXPECT_THAT(of("kind: webhook, url: \"https://x.test\", warning_subject: x"),
              HasSubstr("has no 'warning_subject'"));
  EXPECT_THAT(of("kind: email, server: m, from: a@b, to: [a@b], warning_body: \"{{deadlin}}\""),
              HasSubstr("did you mean '{{deadline}}'?"));
  EXPECT_THAT(of("kind: email, server: m, from: a@b, to: [nobody]"),
              HasSubstr("'nobody' is no mail address"));
  EXPECT_THAT(of("kind: email, server: m, from: a@b, to: [a@b], user: u"), HasSubstr("go together"));
  EXPECT_THAT(of("kind: email, server: m, tls: none, from: a@b, to: [a@b]"),
              HasSubstr("plain_beyond_loopback"));
  EXPECT_THAT(of("kind: email, server: m, from: a@b, to: [a@b], subject: \"{{sesion}}\""),
              HasSubstr("c.yaml:2:70: unknown placeholder '{{sesion}}'; did you mean '{{session}}'?"));
}

TEST(Notifications, OfAWarningHaveATextOfTheirOwn) {
  const auto channel = [](const std::string& yaml) {
    const Settings settings = parse_configuration("c.yaml", "notifications:\n  - {name: n, " + yaml + "}\n");
    return channel_of(settings, 0, false);
  };
  Notice warning;
  warning.kind = warning_kind;
  warning.reason = "idle";
  warning.source = "crm";
  warning.deadline = base::parse_rfc3339("2026-11-22T10:00:00Z").value();
  const NoticeChannel mail = channel("kind: email, server: m, from: a@b, to: [a@b], body: \"you are out\"");
  EXPECT_THAT(mail.warning_body.render(warning, NoticeTemplate::Escape::None),
              HasSubstr("at crm (session ) ends at 2026-11-22T10:00:00.000000Z."));
  EXPECT_THAT(mail.warning_subject.render(warning, NoticeTemplate::Escape::Line), HasSubstr("ends soon"));
  const NoticeChannel hook = channel("kind: webhook, url: \"https://x.test\", body: '{\"a\":\"{{kind}}\"}'");
  EXPECT_EQ(hook.warning_body.render(warning, NoticeTemplate::Escape::Json), R"({"a":"warning"})");
  const NoticeChannel own = channel(
      "kind: webhook, url: \"https://x.test\", body: '{}', warning_body: '{\"until\":\"{{deadline}}\"}'");
  EXPECT_THAT(own.warning_body.render(warning, NoticeTemplate::Escape::Json), HasSubstr("10:00:00"));
  EXPECT_EQ(own.body.render(warning, NoticeTemplate::Escape::Json), "{}");
}

TEST(Tokens, AreNotNamedAsPoliciesSignTheirOrders) {
  EXPECT_THAT(error_of("tokens: [{name: policy, role: operator, token_env: X}]\n"),
              HasSubstr("'policy' is who policies' orders are by"));
}

TEST(Notifications, HaveNamesOfTheirOwnAndOnlyNotify) {
  const std::string channel = "notifications: [{name: crm, kind: webhook, url: \"https://x.test\"}]\n";
  EXPECT_THAT(error_of("sources: [{name: crm, ingest: true}]\n" + channel), HasSubstr("a source or a gate"));
  EXPECT_THAT(error_of(channel + "policies: [{name: p, rule: session_timeout, limit: 1h, ladder: [{action: "
                                 "sign_out_session, at: crm}]}]\n"),
              HasSubstr("'crm' is a notification: it can 'notify' and nothing else"));
  EXPECT_EQ(
      error_of(channel + "policies: [{name: p, rule: session_timeout, limit: 1h, ladder: [{action: notify, "
                         "at: crm}]}]\n"),
      "no error");
}

}  // namespace
}  // namespace curfew::app
