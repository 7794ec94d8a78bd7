// Lists of operators' APIs, in the shapes that such APIs have; and what is no whole list.
#include "plugins/oauth/providers/oidc/listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace curfew::oauth::oidc {
namespace {

using nlohmann::json;
using plugin::Time;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

Listing listing_of(json setting) {
  if (!setting.contains("of_subject")) setting["of_subject"] = {{"path", "/people/{subject}?after={page}"}};
  return read_listing(web::Setting(setting, "oidc.administration.sessions"), true);
}

const json plain{{"rows", "/rows"}, {"session", "/id"}, {"started_at", "/since"}};

TEST(Listing, ReadsRowsWhereTheSettingsSayThatTheyAre) {
  // As Ory Hydra lists consents: an array, the session inside of each row.
  const Listing hydra = listing_of({{"session", "/consent_request/login_session_id"},
                                    {"subject", "/consent_request/subject"},
                                    {"client", "/consent_request/client/client_id"},
                                    {"started_at", "/handled_at"},
                                    {"page_size", 500}});
  const RowPage consents =
      read_page(hydra, true, R"([{"consent_request":{"subject":"u-17","login_session_id":"l-1",
    "client":{"client_id":"crm"}},"handled_at":"2026-03-01T10:00:00.5Z"}])");
  ASSERT_EQ(consents.rows.size(), 1U);
  EXPECT_EQ(consents.rows[0].session, "l-1");
  EXPECT_EQ(consents.rows[0].subject, "u-17");
  EXPECT_EQ(consents.rows[0].client, "crm");
  EXPECT_EQ(consents.rows[0].started_at, Time(1772359200s + 500ms));
  EXPECT_EQ(consents.next, "");
  // As Zitadel answers a search.
  const Listing zitadel = listing_of({{"of_subject",
                                       {{"method", "POST"},
                                        {"path", "/v2/sessions/search"},
                                        {"body", {{"queries", {{{"userIdQuery", {{"id", "{subject}"}}}}}}}}}},
                                      {"rows", "/sessions"},
                                      {"session", "/id"},
                                      {"subject", "/factors/user/id"},
                                      {"user_name", "/factors/user/loginName"},
                                      {"started_at", "/creationDate"},
                                      {"page_size", 100}});
  const RowPage found = read_page(zitadel, true, R"({"details":{"totalResult":"1"},"sessions":[{"id":"3001",
    "creationDate":"2026-03-01T10:00:00Z","factors":{"user":{"id":"7","loginName":"alice@corp.test"}}}]})");
  ASSERT_EQ(found.rows.size(), 1U);
  EXPECT_EQ(found.rows[0].session, "3001");
  EXPECT_EQ(found.rows[0].user_name, "alice@corp.test");
}

TEST(Listing, TakesTimesAndIdsInTheFormsThatApisHave) {
  json setting = plain;
  setting.update({{"client_sessions", "/sids"}, {"next", "/next"}});
  const Listing listing = listing_of(setting);
  const RowPage page = read_page(listing, true, R"({"rows":[
    {"id":17,"since":1772359200,"sids":["a",7,null,{}]},
    {"id":"b","since":1772359200123,"sids":"c"},
    {"id":"c","since":1772359200.25},
    {"id":"d","since":"2026-03-01T11:00:00+01:00"},
    {"id":"e","since":"yesterday"},
    {"id":"f","since":-5},
    {"id":"g","since":1e300},
    {"id":"h"}],"next":5})");
  ASSERT_EQ(page.rows.size(), 8U);
  EXPECT_EQ(page.rows[0].session, "17");
  EXPECT_THAT(page.rows[0].client_sessions, ElementsAre("a", "7"));
  EXPECT_THAT(page.rows[1].client_sessions, ElementsAre("c"));
  EXPECT_EQ(page.rows[0].started_at, Time(1772359200s));
  EXPECT_EQ(page.rows[1].started_at, Time(1772359200s + 123ms));
  EXPECT_EQ(page.rows[2].started_at, Time(1772359200s + 250ms));
  EXPECT_EQ(page.rows[3].started_at, Time(1772359200s));
  for (std::size_t i = 4; i < 8; ++i) EXPECT_EQ(page.rows[i].started_at, Time{}) << i;
  EXPECT_EQ(page.next, "5");
}

std::string complaint(const Listing& listing, const std::string& body) {
  try {
    (void)read_page(listing, true, body);
    return "read";
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Unavailable);
    return failure.what();
  }
}

TEST(Listing, ThatIsNotWholeIsNoList) {
  const Listing listing = listing_of(plain);
  EXPECT_EQ(complaint(listing, R"({"rows":[]})"), "read");
  EXPECT_THAT(complaint(listing, R"({"rows":[{"id":"a"},{"i)"), HasSubstr("no whole JSON"));
  EXPECT_THAT(complaint(listing, ""), HasSubstr("no whole JSON"));
  EXPECT_THAT(complaint(listing, "{}"), HasSubstr("no array at the place"));
  EXPECT_THAT(complaint(listing, R"({"rows":{}})"), HasSubstr("no array at the place"));
  EXPECT_THAT(complaint(listing, R"({"rows":null})"), HasSubstr("no array at the place"));
  EXPECT_THAT(complaint(listing, R"({"error":"secret-thing"})"), testing::Not(HasSubstr("secret-thing")));
  EXPECT_THAT(complaint(listing, R"({"rows":["a"]})"), HasSubstr("a row that is no mapping"));
  EXPECT_THAT(complaint(listing, R"({"rows":[{"name":"a"}]})"), HasSubstr("without its id"));
  EXPECT_THAT(complaint(listing, R"({"rows":[{"id":null}]})"), HasSubstr("without its id"));
  EXPECT_THAT(complaint(listing, R"({"rows":[{"id":""}]})"), HasSubstr("1 to 255 characters"));
  EXPECT_THAT(complaint(listing, R"({"rows":[{"id":".."}]})"), HasSubstr("1 to 255 characters"));
  EXPECT_THAT(complaint(listing, R"({"rows":[{"id":{}}]})"), HasSubstr("1 to 255 characters"));
  std::string many = R"({"rows":[{"id":"a"})";
  for (int i = 0; i < 20'000; ++i) many += R"(,{"id":"a"})";
  EXPECT_THAT(complaint(listing, many + "]}"), HasSubstr("more than 20000 rows"));
  json paged = plain;
  paged["next"] = "/next";
  EXPECT_THAT(complaint(listing_of(paged), R"({"rows":[],"next":{}})"), HasSubstr("`next`"));
}

TEST(Listing, AFullPageThatSaysNothingOfWhatFollowsIsNotBelieved) {
  json setting = plain;
  setting["page_size"] = 2;
  const Listing listing = listing_of(setting);
  EXPECT_EQ(complaint(listing, R"({"rows":[{"id":"a"}]})"), "read");
  EXPECT_THAT(complaint(listing, R"({"rows":[{"id":"a"},{"id":"b"}]})"), HasSubstr("as long as `page_size`"));
}

TEST(Listing, ThatIsWrongInTheSettingsIsSaidByName) {
  const std::vector<std::pair<json, const char*>> cases{
      {{{"session", nullptr}}, "sessions.session is missing"},
      {{{"rows", "rows"}}, "sessions.rows must be a JSON Pointer"},
      {{{"next", "/next"}, {"of_subject", {{"path", "/people/{subject}"}}}}, "must say where {page} goes"},
      {{{"all", {{"path", "/sessions"}}}}, "sessions.subject is missing"},
      {{{"all", {{"path", "/sessions/{subject}"}}}, {"subject", "/s"}}, "{subject} has no value here"},
      {{{"page_size", -1}}, "page_size must be"},
      {{{"row", "/x"}}, "sessions.row means nothing here"},
      {{{"of_subject", {{"path", "/x"}, {"accepted", {201}}}}}, "accepted means nothing here"},
  };
  for (const auto& [more, said] : cases) {
    json setting = plain;
    setting.merge_patch(more);
    try {
      (void)listing_of(setting);
      ADD_FAILURE() << more;
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Invalid);
      EXPECT_THAT(failure.what(), HasSubstr(said));
    }
  }
  const web::Setting nobodys(plain, "sessions");
  EXPECT_THROW((void)read_listing(nobodys, true), plugin::Failure);
}

}  // namespace
}  // namespace curfew::oauth::oidc
