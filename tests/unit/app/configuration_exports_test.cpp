// Exports as they are configured: what is wrong is said, with its place.
#include <gmock/gmock.h>

#include "core/app/configuration.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string complaint(const std::string& yaml) {
  try {
    (void)parse_configuration("c.yaml", yaml);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    return error.what();
  }
}
std::string one(const std::string& text) { return "exports: [{name: siem, " + text + "}]\n"; }

TEST(ExportConfiguration, IsReadWithItsDefaults) {
  const Settings settings = parse_configuration("c.yaml", one("kind: file, path: /var/log/events"));
  ASSERT_EQ(settings.exports.size(), 1U);
  const ExportTargetSettings& target = settings.exports[0];
  EXPECT_EQ(target.format, "ndjson");
  EXPECT_EQ(target.start, "beginning");
  EXPECT_EQ(target.mode, "0640");
  EXPECT_FALSE(target.names);
  EXPECT_THAT(
      sentences(settings, {}),
      Contains("Ledger entries are exported to the file /var/log/events ('siem', ndjson), with no name."));
}

TEST(ExportConfiguration, WhatIsWrongIsSaidWithItsPlace) {
  EXPECT_EQ(complaint(one("kind: syslog, host: logs.corp.test, format: cef")), "");
  EXPECT_EQ(
      complaint(one("kind: http, url: \"https://es.corp.test/_bulk\", format: ecs, body: bulk, index: a")),
      "");
  EXPECT_EQ(complaint(one("kind: http, url: \"https://a.test\", user: me, password_env: P, gzip: true")), "");
  EXPECT_EQ(complaint(one("kind: file, path: /a, events: [default, activity, observation.gap]")).substr(0, 9),
            "c.yaml:1:");
  EXPECT_EQ(complaint(one("kind: file, path: /a, events: [default, tick, observation.gap]")), "");
  const std::vector<std::pair<std::string, const char*>> cases{
      {one("kind: file"), "needs a 'path'"},
      {one("kind: file, path: events"), "needs a 'path'"},
      {one("kind: file, path: /a, keep: 3"), "give 'rotate_at' too"},
      {one("kind: file, path: /a, host: b"), "an export by file has no 'host'"},
      {one("kind: file, path: /a, events: [violation_open]"), "did you mean 'violation_opened'?"},
      {one("kind: syslog"), "needs a 'host'"},
      {one("kind: syslog, host: a, url: \"https://b\""), "an export by syslog has no 'url'"},
      {one("kind: syslog, host: logs.corp.test, tls: false"), "could be read on the way"},
      {one("kind: syslog, host: 127.0.0.1, tls: false, ca_file: /a"), "certificates are for 'tls: true'"},
      {one("kind: syslog, host: a, certificate_file: /a"), "go together"},
      {one("kind: syslog, host: a, data_id: curfew"), "a name and an enterprise number"},
      {one("kind: syslog, host: a, data_id: \"a b@1\""), "a name and an enterprise number"},
      {one("kind: syslog, host: a, facility: 24"), "facility"},
      {one("kind: http"), "must be https"},
      {one("kind: http, url: \"http://lake.corp.test/\""), "must be https"},
      {one("kind: http, url: \"https://me@lake.corp.test/\""), "must be https"},
      {one("kind: http, url: \"https://a.test\", user: me"), "go together"},
      {one("kind: http, url: \"https://a.test\", token_file: /a, token_env: B"), "not both"},
      {one("kind: http, url: \"https://a.test\", token_file: /a, user: me, password_env: P"), "not both"},
      {one("kind: http, url: \"https://a.test\", format: cef, body: bulk"), "CEF is no JSON"},
      {one("kind: http, url: \"https://a.test\", index: a"), "is for 'body: bulk'"},
      {one("kind: pipe"), "kind"},
      {"exports: [{name: \"a b\", kind: file, path: /a}]", "an export's name"},
      {"exports: [{name: a, kind: file, path: /a}, {name: a, kind: file, path: /b}]",
       "two exports named 'a'"},
      {"exports: [{name: a, kind: file, path: /a}, {name: b, kind: file, path: /a}]", "writes this file"},
  };
  for (const auto& [yaml, text] : cases) EXPECT_THAT(complaint(yaml), HasSubstr(text)) << yaml;
}

}  // namespace
}  // namespace curfew::app
