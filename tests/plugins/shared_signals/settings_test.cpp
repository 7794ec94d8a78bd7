// Settings: what is wrong is said by name; what the schema promises, the code takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/shared_signals/options.hpp"
#include "tests/plugins/shared_signals/receiving_desk.hpp"

namespace curfew::shared_signals_test {
namespace {

using nlohmann::json;
using oauth::shared_signals::options_of;
using testing::HasSubstr;

const json access{{"access_token", "t"}};

std::string complaint(const json& own, const json& more = json::object()) {
  try {
    (void)options_of(oauth::read_settings(settings_for("https://idp.test", own, more).dump()));
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}
std::string with_access(const json& own) {
  json all = access;
  all.update(own);
  return complaint(all);
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(with_access(json::object()), "");
  EXPECT_EQ(complaint({{"stream", "none"}}), "");
  EXPECT_EQ(
      complaint({{"token_url", "https://idp.test/token"}}, {{"client_id", "c"}, {"client_secret", "s"}}), "");
  const std::vector<std::pair<std::string, const char*>> cases{
      {with_access({{"audiences", nullptr}}), "shared_signals.audiences"},
      {with_access({{"delivery", "pigeon"}}), "shared_signals.delivery must be"},
      {with_access({{"stream", "brook"}}), "shared_signals.stream must be"},
      {with_access({{"stream", "create"}}), "shared_signals.push_url is missing"},
      {with_access({{"push_url", "http://curfew.test/x"}}), "shared_signals.push_url must be https"},
      {with_access({{"delivery", "poll"}, {"push_url", "https://curfew.test/x"}}), "push_url is only for"},
      {with_access({{"delivery", "poll"}, {"push_token", "0123456789abcdef"}}), "push_token is only for"},
      {with_access({{"delivery", "poll"}, {"stream", "none"}}), "shared_signals.poll_url is missing"},
      {with_access({{"poll_url", "https://idp.test/poll"}}), "poll_url is only for"},
      {with_access({{"token_url", "https://idp.test/token"}}), "exclude each other"},
      {with_access({{"max_events", 0}}), "shared_signals.max_events must be"},
      {with_access({{"max_age", "1s"}}), "shared_signals.max_age must be"},
      {with_access({{"verify_within", "0s"}}), "shared_signals.verify_within must be"},
      {with_access({{"algorithms", {"none"}}}), "shared_signals.algorithms"},
      {with_access({{"algorithms", {"HS256"}}}), "shared_signals.algorithms"},
      {with_access({{"audience", "curfew"}}), "shared_signals.audience means nothing here"},
      {complaint(json::object()), "token_url"},
      {complaint({{"token_url", "https://idp.test/token"}}), "client_id is missing"},
      {complaint({{"stream", "none"}}, {{"client_id", "c"}, {"client_secret", "s"}}), "token_url is missing"},
      {complaint({{"stream", "none"}}, {{"client_id", "c"}}), "client_secret is missing"},
      {complaint({{"stream", "none"}}, {{"journal", "/x"}}), "journal"},
      {complaint({{"stream", "none"}}, {{"shared_signals", nullptr}}), "shared_signals is missing"}};
  for (const auto& [is, should] : cases) EXPECT_THAT(is, HasSubstr(should));
}

TEST(Settings, OfTheSchemaAreThoseThatAreRead) {
  const json schema = json::parse(oauth::config_schema);
  EXPECT_THAT(schema["x-curfew-open-paths"], testing::Contains("/shared-signals"));
  const json& own = schema["properties"]["shared_signals"];
  for (const auto& [name, property] : own["properties"].items())
    EXPECT_THAT(with_access({{name, json::array()}}), testing::Not(HasSubstr("means nothing here"))) << name;
  // A receiver ends and proves nothing.
  for (const auto& [step, conditions] : schema["x-curfew-capabilities"].items())
    EXPECT_THAT(conditions.dump(), testing::Not(HasSubstr("shared_signals"))) << step;
}

}  // namespace
}  // namespace curfew::shared_signals_test
