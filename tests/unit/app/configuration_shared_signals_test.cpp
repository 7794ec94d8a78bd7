// Receivers of Shared Signals as they are configured: what is wrong is said, with its place.
#include <gmock/gmock.h>

#include "core/app/configuration.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

const char* const sha = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string with(const std::string& signals, const std::string& sources_port = "8480") {
  return std::string("listeners: {sources: {port: ") + sources_port +
         "}}\ntokens:\n  - {name: crm, role: receiver, sha256: " + sha +
         "}\n  - {name: boss, role: admin, sha256: 1" + std::string(sha).substr(1) +
         "}\nshared_signals:\n  issuer: https://curfew.test\n" + signals;
}
std::string receiver(const std::string& text) { return "  receivers: [{name: crm, " + text + "}]\n"; }

std::string complaint(const std::string& yaml) {
  try {
    (void)parse_configuration("c.yaml", yaml);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    return error.what();
  }
}

TEST(SharedSignalsConfiguration, IsReadWithItsDefaults) {
  const Settings settings =
      parse_configuration("c.yaml", with(receiver("token: crm, audience: [a], names: [email, iss_sub]")));
  ASSERT_EQ(settings.shared_signals.receivers.size(), 1U);
  const SignalReceiverSettings& one = settings.shared_signals.receivers[0];
  EXPECT_EQ(one.about, "session");
  EXPECT_EQ(one.delivery, "managed");
  EXPECT_FALSE(one.session_handle || one.reason);
  EXPECT_EQ(settings.shared_signals.key_lifetime, Duration(std::chrono::hours(24 * 90)));
  EXPECT_THAT(sentences(settings, {}),
              Contains("Proven sign-outs are told to 'crm' as the end of the session, with names (email "
                       "and iss_sub)."));
}

TEST(SharedSignalsConfiguration, SaysWhomANewStreamIsAbout) {
  const std::string token = receiver("token: crm, audience: [a]");
  EXPECT_EQ(parse_configuration("c.yaml", with(token)).shared_signals.default_subjects, "all");
  const Settings none = parse_configuration("c.yaml", with("  default_subjects: none\n" + token));
  EXPECT_EQ(none.shared_signals.default_subjects, "none");
  EXPECT_THAT(sentences(none, {}), Contains(HasSubstr("with no name, of people whom it added")));
  EXPECT_THAT(complaint(with("  default_subjects: some\n" + token)), HasSubstr("default_subjects"));
  EXPECT_THAT(complaint(with("  default_subjects: none\n" +
                             receiver("audience: [a], delivery: push, push_url: \"https://crm.test/in\""))),
              HasSubstr("would be told nothing"));
}

TEST(SharedSignalsConfiguration, WhatIsWrongIsSaidWithItsPlace) {
  const std::string good = "token: crm, audience: [a]";
  EXPECT_EQ(complaint(with(receiver(good))), "");
  EXPECT_EQ(complaint(with(receiver("audience: [a], delivery: push, push_url: \"https://crm.test/in\""))),
            "");
  const std::vector<std::pair<std::string, const char*>> cases{
      {with(receiver(good), "0"), "listener 'sources', which is off"},
      {"shared_signals: {receivers: [{name: a, audience: [b]}]}", "need an 'issuer'"},
      {"listeners: {sources: {port: 8480}}\nshared_signals: {issuer: \"https://curfew.test/x\"}", "no path"},
      {"listeners: {sources: {port: 8480}}\nshared_signals: {issuer: \"http://curfew.test\"}", "no path"},
      {with(receiver("audience: [a]")), "name its 'token'"},
      {with(receiver("token: boss, audience: [a]")), "no token of role receiver named 'boss'"},
      {with(receiver("token: crm, audience: []")), "give 1 to 16 texts"},
      {with(receiver(good + ", names: [emial]")), "did you mean 'email'?"},
      {with(receiver(good + ", names: [opaque]")), "no format of names"},
      {with(receiver(good + ", about: house")), "about"},
      {with(receiver(good + ", reason_language: \"de_DE!\"")), "language tag"},
      {with(receiver(good + ", delivery: push")), "go together"},
      {with(receiver(good + ", push_url: \"https://crm.test/\"")), "go together"},
      {with(receiver(good + ", delivery: push, push_url: \"http://crm.test/\"")), "must be https"},
      {with(receiver(good + ", push_token_env: X")), "is for 'delivery: push'"},
      {with(receiver(good + ", delivery: poll, push_to: [\"https://crm.test/\"]")), "delivery: managed"},
      {with(receiver(good + ", push_to: [\"https://crm.test\"]")), "its whole host"},
      {with("  receivers: [{name: a, " + good + "}, {name: a, " + good + "}]\n"), "two receivers named 'a'"},
      {with("  receivers: [{name: a, " + good + "}, {name: b, " + good + "}]\n"),
       "another receiver has this token"}};
  for (const auto& [yaml, text] : cases) EXPECT_THAT(complaint(yaml), HasSubstr(text)) << yaml;
}

}  // namespace
}  // namespace curfew::app
