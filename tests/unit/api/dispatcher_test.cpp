#include "core/api/dispatcher.hpp"

#include <gmock/gmock.h>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace curfew::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Dispatching : public ::testing::Test {
 protected:
  static Response named(const Request& request) {
    std::string text;
    for (const auto& [name, value] : request.captures) text += name + "=" + value + ";";
    return json_response(200, text);
  }

  Response ask(const std::string& method, const std::string& path, const std::string& token = {},
               const std::string& body = {}) {
    if (!dispatcher_) {
      dispatcher_.emplace(
          std::move(router_), Tokens({{"viewer", role_bit(Role::Viewer), hash_of("cfw_v"), {}}}),
          RateLimitSettings{}, [this](std::string_view text) { log_.emplace_back(text); },
          [this](std::string_view route, int status, std::chrono::duration<double> took) {
            EXPECT_GE(took.count(), 0);
            answered_.push_back(std::string(route) + " " + std::to_string(status));
          });
    }
    Request request;
    request.method = method;
    const std::size_t question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) request.query = path.substr(question + 1);
    request.headers.emplace_back("content-type", "application/json; charset=utf-8");
    if (!token.empty()) request.headers.emplace_back("authorization", token);
    return dispatcher_->answer(request, [&](std::size_t limit, std::string& out) {
      ++bodies_read_;
      if (body.size() > limit) return BodyRead::TooLarge;
      out = body;
      return BodyRead::Whole;
    });
  }

  Router router_;
  std::optional<Dispatcher> dispatcher_;
  std::vector<std::string> log_;
  std::vector<std::string> answered_;
  int bodies_read_ = 0;
};

// The route as it is written, never the path: that would be a series for each session.
TEST_F(Dispatching, EachAnswerIsToldWithItsRouteAndStatus) {
  router_.add("GET", "/a/{name}", nobody_in_particular, named);
  router_.add("GET", "/secret/{name}", role_bit(Role::Admin), named);
  router_.add("GET", "/broken", nobody_in_particular,
              [](const Request&) -> Response { throw Error(ErrorKind::Internal, "it broke"); });
  EXPECT_EQ(ask("GET", "/a/17").status, 200);
  EXPECT_EQ(ask("GET", "/secret/17").status, 401);
  EXPECT_EQ(ask("GET", "/broken").status, 500);
  EXPECT_EQ(ask("GET", "/nowhere/17").status, 404);
  EXPECT_EQ(ask("POST", "/a/17").status, 405);
  EXPECT_THAT(answered_, ::testing::ElementsAre("/a/{name} 200", "/secret/{name} 401", "/broken 500",
                                                "none 404", "none 405"));
}

TEST_F(Dispatching, ALiteralSegmentWinsOverACapturedOne) {
  router_.add("GET", "/a/{name}", nobody_in_particular, named);
  router_.add("GET", "/a/fixed", nobody_in_particular,
              [](const Request&) { return json_response(200, "fixed"); });
  router_.add("GET", "/a/{name}/rest/{tail...}", nobody_in_particular, named);
  EXPECT_EQ(ask("GET", "/a/fixed").body, "fixed");
  EXPECT_EQ(ask("GET", "/a/other").body, "name=other;");
  EXPECT_EQ(ask("GET", "/a/other/rest/x/y").body, "name=other;tail=x/y;");
  EXPECT_EQ(ask("GET", "/a//").status, 404);
  EXPECT_EQ(ask("GET", "/a").status, 404);
  EXPECT_EQ(ask("GET", "a/fixed").status, 404);
}

TEST_F(Dispatching, HeadIsAnsweredByGet) {
  router_.add("GET", "/a", nobody_in_particular, named);
  EXPECT_EQ(ask("HEAD", "/a").status, 200);
}

TEST_F(Dispatching, TwoEqualRoutesAreADefect) {
  router_.add("GET", "/a", nobody_in_particular, named);
  EXPECT_THROW(router_.add("GET", "/a", nobody_in_particular, named), Error);
}

TEST_F(Dispatching, ABodyIsReadOnlyForWhoMayAsk) {
  router_.add("POST", "/a", role_bit(Role::Viewer), named).accepts = {"application/json"};
  router_.add("POST", "/b", role_bit(Role::Admin), named);
  EXPECT_EQ(ask("POST", "/a").status, 401);
  EXPECT_EQ(ask("POST", "/b", "Bearer cfw_v").status, 403);
  EXPECT_EQ(bodies_read_, 0);
  EXPECT_EQ(ask("POST", "/a", "Bearer cfw_v", "{}").status, 200);
  EXPECT_EQ(ask("POST", "/a", "bearer  cfw_v ", "{}").status, 200);
  EXPECT_EQ(ask("POST", "/a", "Basic cfw_v", "{}").status, 401);
  EXPECT_EQ(ask("POST", "/a", "Bearer cfw_v", std::string(65 * 1024, ' ')).status, 413);
}

TEST_F(Dispatching, WhatGoesWrongInsideStaysInside) {
  router_.add("GET", "/error", nobody_in_particular,
              [](const Request&) -> Response { throw Error(ErrorKind::Corrupt, "row 7 of secret_table"); });
  router_.add("GET", "/other", nobody_in_particular,
              [](const Request&) -> Response { throw std::bad_alloc(); });
  router_.add("GET", "/strange", nobody_in_particular, [](const Request&) -> Response { throw 7; });
  router_.add("GET", "/input", nobody_in_particular,
              [](const Request&) -> Response { throw Error(ErrorKind::Input, "give a number"); });
  const Response failed = ask("GET", "/error");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.content_type, "application/problem+json");
  EXPECT_THAT(failed.body, Not(HasSubstr("secret_table")));
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_THAT(log_[0], HasSubstr("secret_table"));
  EXPECT_EQ(ask("GET", "/other").status, 500);
  EXPECT_EQ(ask("GET", "/strange").status, 500);
  EXPECT_EQ(log_.size(), 3U);
  EXPECT_EQ(ask("GET", "/input").status, 400);
  EXPECT_THAT(ask("GET", "/input").body, HasSubstr("give a number"));
}

TEST_F(Dispatching, AnAnswerIsNotCachedUnlessItSaysSo) {
  router_.add("GET", "/a", nobody_in_particular, named);
  router_.add("GET", "/tile", nobody_in_particular, [](const Request&) {
    Response response;
    response.headers.emplace_back("Cache-Control", "immutable");
    return response;
  });
  const auto cache_of = [](const Response& response) {
    std::string all;
    for (const auto& [name, value] : response.headers) all += name == "Cache-Control" ? value + ";" : "";
    return all;
  };
  EXPECT_EQ(cache_of(ask("GET", "/a")), "no-store;");
  EXPECT_EQ(cache_of(ask("GET", "/tile")), "immutable;");
}

TEST_F(Dispatching, ABrokenQueryIsRefused) {
  router_.add("GET", "/a", nobody_in_particular, named);
  EXPECT_EQ(ask("GET", "/a?x=%zz").status, 400);
  EXPECT_EQ(ask("GET", "/a?x=%ff").status, 400);
  EXPECT_EQ(ask("GET", "/a?x=%00").status, 400);
  EXPECT_EQ(ask("GET", "/a?x=1&x=2").status, 400);
  EXPECT_EQ(ask("GET", "/a?x=1+2%2B&&y").status, 200);
  std::string many = "/a?";
  for (int i = 0; i < 40; ++i) many += "p" + std::to_string(i) + "=1&";
  EXPECT_EQ(ask("GET", many).status, 400);
}

TEST(Problem, IsValidJsonWhateverItQuotes) {
  const Response response = problem_response(Problem(400, "bad \"title\"", "line\nand \xff byte"), "abc");
  EXPECT_EQ(
      response.body,
      "{\"type\":\"about:blank\",\"title\":\"bad \\\"title\\\"\",\"status\":400,\"detail\":\"line\\u000aand "
      "\xEF\xBF\xBD byte\",\"instance\":\"urn:curfew:request:abc\"}");
}

// What Winlogbeat (api_key, or username and password) and NXLog can send.
TEST_F(Dispatching, BelowSourcesATokenMayComeAsAPasswordOrAnApiKey) {
  router_.add("POST", "/sources/{source}/{path...}", role_bit(Role::Viewer), named);
  router_.add("GET", "/secret", role_bit(Role::Viewer), named);
  const std::string pair = base::to_base64("whoever:cfw_v");
  for (const std::string& scheme : std::vector<std::string>{"Basic ", "ApiKey ", "apikey "})
    EXPECT_EQ(ask("POST", "/sources/corp/_bulk", scheme + pair).status, 200) << scheme;
  EXPECT_EQ(ask("POST", "/sources/corp/_bulk", "Basic " + base::to_base64("cfw_v:")).status, 401);
  EXPECT_EQ(ask("POST", "/sources/corp/_bulk", "Basic %%%").status, 401);
  EXPECT_EQ(ask("POST", "/sources/corp/_bulk", "Digest " + pair).status, 401);
  EXPECT_EQ(ask("GET", "/secret", "Basic " + pair).status, 401) << "a browser sends it by itself";
}

}  // namespace
}  // namespace curfew::api
