// Calls as the settings write them: what is wrong is said by name, and a value is data wherever it goes.
#include "plugins/oauth/providers/oidc/call_template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace curfew::oauth::oidc {
namespace {

using nlohmann::json;
using testing::HasSubstr;

CallTemplate call_of(const json& setting) {
  return read_call(web::Setting(setting, "call"), {"session", "subject"}, "GET");
}

std::string path_with(const std::string& subject) {
  try {
    return fill(call_of({{"path", "/people/{subject}/sessions?of={subject}"}}), {{"subject", subject}}).path;
  } catch (const plugin::Failure& failure) {
    if (!subject.empty() && subject.size() > 2) {
      EXPECT_EQ(std::string(failure.what()).find(subject), std::string::npos);
    }
    return "refused";
  }
}

TEST(Call, AValueCantLeaveItsPlaceInAPath) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"u-17", "/people/u-17/sessions?of=u-17"},
      {"a/b", "/people/a%2Fb/sessions?of=a%2Fb"},
      {"../admin", "/people/..%2Fadmin/sessions?of=..%2Fadmin"},
      {"a?x=1&y#z", "/people/a%3Fx%3D1%26y%23z/sessions?of=a%3Fx%3D1%26y%23z"},
      {"a%2Fb", "/people/a%252Fb/sessions?of=a%252Fb"},
      {"{session}", "/people/%7Bsession%7D/sessions?of=%7Bsession%7D"},
      {"J\xC3\xB6rg X", "/people/J%C3%B6rg%20X/sessions?of=J%C3%B6rg%20X"},
      {"auth0|5f7c", "/people/auth0%7C5f7c/sessions?of=auth0%7C5f7c"},
      // What no encoding makes safe: servers and proxies resolve it all the same.
      {"..", "refused"},
      {".", "refused"},
      {"", "refused"},
      {"a\r\nHost: x", "refused"},
      {std::string("a\0b", 3), "refused"},
      {std::string(256, 'a'), "refused"},
  };
  for (const auto& [value, path] : cases) EXPECT_EQ(path_with(value), path) << value;
}

TEST(Call, AValueIsTextInABodyAndNothingElse) {
  const CallTemplate call = call_of(
      {{"method", "POST"},
       {"path", "/search"},
       {"body",
        {{"filter", {{{"user", "{subject}"}, {"note", "of {subject}, {session}"}}}}, {"limit", 100}}}});
  const FilledCall filled = fill(call, {{"subject", "a\",\"all\":true,\"x\":\"{session}"}, {"session", "s"}});
  const json body = json::parse(filled.body);
  EXPECT_EQ(body["filter"][0]["user"], "a\",\"all\":true,\"x\":\"{session}");
  EXPECT_EQ(body["filter"][0]["note"], "of a\",\"all\":true,\"x\":\"{session}, s");
  EXPECT_EQ(body["limit"], 100);
  EXPECT_EQ(body.size(), 2U);
  EXPECT_THROW((void)fill(call, {{"subject", "\xff\xfe"}, {"session", "s"}}), plugin::Failure);
}

TEST(Call, WithoutAValueThatItNeedsItIsNotMade) {
  const CallTemplate in_path = call_of({{"path", "/people/{subject}"}});
  const CallTemplate in_body = call_of({{"path", "/people"}, {"body", {{"id", "{subject}"}}}});
  for (const CallTemplate& call : {in_path, in_body}) {
    try {
      (void)fill(call, {{"session", "s"}});
      FAIL() << "it would be a call about everybody";
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::NotFound);
      EXPECT_THAT(failure.what(), HasSubstr("needs the subject"));
    }
  }
  const CallTemplate paged =
      read_call(web::Setting({{"path", "/all?after={page}"}}, "call"), {"page"}, "GET");
  EXPECT_EQ(fill(paged, {}).path, "/all?after=");
  EXPECT_EQ(fill(paged, {{"page", "a b&c"}}).path, "/all?after=a%20b%26c");
}

TEST(Call, ThatIsWrongIsSaidByName) {
  json deep = "x";
  for (int i = 0; i < 12; ++i) deep = json{{"in", deep}};
  const std::vector<std::pair<json, const char*>> cases{
      {json::object(), "call.path is missing"},
      {{{"path", "sessions"}}, "must begin with one /"},
      {{{"path", "//other.test/x"}}, "must begin with one /"},
      {{{"path", "/a/../b"}}, "must not go up"},
      {{{"path", "/a b"}}, "no path has"},
      {{{"path", "/a\r\nX: y"}}, "no path has"},
      {{{"path", "/people/{user}"}}, "{user} has no value here; what has: {session}, {subject}"},
      {{{"path", "/people/{subject"}}, "a { without its }"},
      {{{"path", "/people/subject}"}}, "a } without its {"},
      {{{"path", "/a"}, {"method", "TRACE"}}, "call.method must be"},
      {{{"path", "/a"}, {"body", "x"}}, "call.body must be a mapping"},
      {{{"path", "/a"}, {"body", {{"x", "{page}"}}}}, "{page} has no value here"},
      {{{"path", "/a"}, {"body", deep}}, "nested too deep"},
      {{{"path", "/a"}, {"body", {{"x", std::string(5000, 'x')}}}}, "4 KiB"},
      {{{"path", "/a"}, {"accepted", {500}}}, "call.accepted must be a list of HTTP statuses"},
      {{{"path", "/a"}, {"absent", "404"}}, "call.absent must be a list of HTTP statuses"},
  };
  for (const auto& [setting, said] : cases) {
    try {
      (void)call_of(setting);
      ADD_FAILURE() << setting;
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Invalid);
      EXPECT_THAT(failure.what(), HasSubstr(said));
    }
  }
}

}  // namespace
}  // namespace curfew::oauth::oidc
