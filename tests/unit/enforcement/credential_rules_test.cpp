#include "core/enforcement/credential_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace curfew::enforcement {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Headers = std::multimap<std::string, std::string>;

Candidates find(const std::string& rules, const Headers& headers) {
  std::string why;
  const auto parsed = model::parse_credential_rules(rules, why);
  EXPECT_TRUE(parsed) << why;
  return find_credentials(*parsed, [&](std::string_view name, const auto& take) {
    const auto [first, last] = headers.equal_range(std::string(name));
    for (auto one = first; one != last; ++one) take(one->second);
  });
}

std::vector<std::string> ids(const Candidates& found, bool likely) {
  std::vector<std::string> texts;
  for (const Candidate& one : found.all) {
    if (one.likely == likely) texts.push_back(one.clear_id);
  }
  return texts;
}

const char* const by_cookie = R"({"credentials":[{"in":"cookie","name":"sid"}]})";

TEST(Credentials, AreFoundInCookiesHeadersAndBearerTokens) {
  const char* const rules =
      R"({"credentials":[{"in":"cookie","name":"sid"},{"in":"header","name":"X-Session"},{"in":"bearer"}]})";
  EXPECT_THAT(ids(find(rules, {{"cookie", "a=1; sid=abc; b=2"}}), true), ElementsAre("abc"));
  EXPECT_THAT(ids(find(rules, {{"x-session", " q "}}), true), ElementsAre("q"));
  EXPECT_THAT(ids(find(rules, {{"authorization", "bEaReR  t.o.k"}}), true), ElementsAre("t.o.k"));
  EXPECT_THAT(find(rules, {{"authorization", "Basic dXNlcg=="}, {"cookie", "sid"}, {"host", "x"}}).all,
              IsEmpty());
}

TEST(Credentials, EveryCookieOfTheNameIsACandidate) {
  EXPECT_THAT(ids(find(by_cookie, {{"cookie", "sid=old; sid=new"}, {"cookie", "sid=third;sid=old"}}), true),
              ElementsAre("old", "new", "third"));
}

TEST(Credentials, TransformsApplyInTheirOrder) {
  const char* const express =
      R"({"credentials":[{"in":"cookie","name":"connect.sid","transform":["url_decode","after:s:","before:."]}]})";
  EXPECT_THAT(ids(find(express, {{"cookie", "connect.sid=s%3AaB3.sig%2B"}}), true), ElementsAre("aB3"));
  const char* const quoted =
      R"({"credentials":[{"in":"cookie","name":"s","transform":["unquote","lower"]}]})";
  EXPECT_THAT(ids(find(quoted, {{"cookie", "s=\"ABC\""}}), true), ElementsAre("abc"));
}

TEST(Credentials, AMarkerThatIsNotThereChangesNothing) {
  const char* const rules =
      R"({"credentials":[{"in":"cookie","name":"s","transform":["before:.","after:x:"]}]})";
  EXPECT_THAT(ids(find(rules, {{"cookie", "s=plain"}}), true), ElementsAre("plain"));
}

TEST(Credentials, WhatAnApplicationMightReadMoreLenientlyIsACandidateThatCanOnlyRefuse) {
  const Candidates escaped = find(by_cookie, {{"cookie", "sid=%61bc"}});
  EXPECT_THAT(ids(escaped, true), ElementsAre("%61bc"));
  EXPECT_THAT(ids(escaped, false), ElementsAre("abc"));
  EXPECT_THAT(ids(find(by_cookie, {{"cookie", "sid=\"abc\""}}), false), ElementsAre("abc"));
}

TEST(Credentials, NamesThatFrameworksFoldAreTheSameCookie) {
  EXPECT_TRUE(same_cookie("my.sid", "my_sid"));
  EXPECT_TRUE(same_cookie("MY_SID", "my_sid"));
  EXPECT_TRUE(same_cookie("my%5Fsid", "my_sid"));
  EXPECT_FALSE(same_cookie("mysid", "my_sid"));
  EXPECT_FALSE(same_cookie("my_sid2", "my_sid"));
}

TEST(Credentials, TooManyOrTooLongOnesAreSaidSo) {
  std::string many;
  for (std::size_t i = 0; i <= max_candidates; ++i) many += "sid=" + std::to_string(i) + ";";
  EXPECT_TRUE(find(by_cookie, {{"cookie", many}}).too_many);
  EXPECT_TRUE(find(by_cookie, {{"cookie", "sid=" + std::string(max_credential_bytes + 1, 'a')}}).too_many);
  EXPECT_FALSE(find(by_cookie, {{"cookie", "sid=a"}}).too_many);
}

TEST(Credentials, PercentSignsThatBeginNoEscapeStay) {
  EXPECT_EQ(percent_decoded("%41%4"), "A%4");
  EXPECT_EQ(percent_decoded("%zz%"), "%zz%");
  EXPECT_EQ(percent_decoded("%00").size(), 1U);
}

}  // namespace
}  // namespace curfew::enforcement
