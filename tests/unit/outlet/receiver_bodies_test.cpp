#include "core/outlet/receiver_bodies.hpp"

#include <gmock/gmock.h>

namespace curfew::outlet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename Parse>
std::string complaint(const Parse& parse, const std::string& text) {
  try {
    (void)parse(text);
    return {};
  } catch (const BodyError& error) {
    return error.what();
  }
}

TEST(StreamBody, TakesWhatReceiversSend) {
  const StreamBody body = parse_stream_body(
      R"({"stream_id":"f67e","iss":"https://curfew.test","aud":["a","b"],"later":{"x":[1]},
          "delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://crm.test/events",
                      "authorization_header":"Bearer x"},
          "events_requested":["urn:a"],"description":"ours"})");
  EXPECT_EQ(body.stream_id, "f67e");
  EXPECT_EQ(body.issuer, "https://curfew.test");
  EXPECT_THAT(body.audiences, ElementsAre("a", "b"));
  ASSERT_TRUE(body.delivery.has_value());
  EXPECT_EQ(body.delivery->method, "urn:ietf:rfc:8935");
  EXPECT_EQ(body.delivery->endpoint, "https://crm.test/events");
  EXPECT_EQ(body.delivery->authorization, "Bearer x");
  EXPECT_THAT(body.requested.value(), ElementsAre("urn:a"));
  EXPECT_EQ(body.description, "ours");
  const StreamBody empty = parse_stream_body("{}");
  EXPECT_FALSE(empty.delivery || empty.requested || empty.description);
  EXPECT_THAT(parse_stream_body(R"({"aud":"a"})").audiences, ElementsAre("a"));
}

TEST(StreamBody, ThatIsWrongIsSaidByName) {
  const auto parse = [](const std::string& text) { return parse_stream_body(text); };
  EXPECT_THAT(complaint(parse, ""), HasSubstr("no JSON"));
  EXPECT_THAT(complaint(parse, "[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(complaint(parse, R"({"delivery":7})"), HasSubstr("'delivery'"));
  EXPECT_THAT(complaint(parse, R"({"delivery":{}})"), HasSubstr("'method' is missing"));
  EXPECT_THAT(complaint(parse, R"({"delivery":{"method":"m","authorization_header":"a\r\nHost: b"}})"),
              HasSubstr("'authorization_header'"));
  EXPECT_THAT(complaint(parse, R"({"events_requested":"urn:a"})"), HasSubstr("'events_requested'"));
  EXPECT_THAT(complaint(parse, R"({"description":"a","description":"b"})"), HasSubstr("twice"));
  EXPECT_THAT(complaint(parse, R"({"stream_id":")" + std::string(3'000, 'a') + "\"}"), HasSubstr("at most"));
  EXPECT_THAT(complaint(parse, R"({"description":"a\u0000"})"), HasSubstr("without NUL"));
  EXPECT_THAT(complaint(parse, R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}"),
              HasSubstr("too deep"));
  std::string many = "{\"events_requested\":[\"a\"";
  for (int i = 0; i < 200; ++i) many += ",\"a\"";
  EXPECT_THAT(complaint(parse, many + "]}"), HasSubstr("more than 100"));
}

TEST(StatusBody, HasOneOfThreeWords) {
  const auto parse = [](const std::string& text) { return parse_status_body(text); };
  const StatusBody body = parse_status_body(R"({"stream_id":"f","status":"paused","reason":"night"})");
  EXPECT_EQ(body.status, StreamStatus::Paused);
  EXPECT_EQ(body.reason, "night");
  EXPECT_THAT(complaint(parse, R"({"stream_id":"f","status":"off"})"),
              HasSubstr("enabled, paused or disabled"));
  EXPECT_THAT(complaint(parse, R"({"status":"paused"})"), HasSubstr("'stream_id' is missing"));
}

TEST(VerificationBody, MayHaveAState) {
  EXPECT_EQ(parse_verification_body(R"({"stream_id":"f","state":"s"})").state, "s");
  EXPECT_FALSE(parse_verification_body(R"({"stream_id":"f"})").state.has_value());
  EXPECT_THROW(
      (void)parse_verification_body(R"({"stream_id":"f","state":")" + std::string(1'100, 'a') + "\"}"),
      BodyError);
}

TEST(PollBody, SaysHowManyAndWhatIsOver) {
  const PollBody body = parse_poll_body(
      R"({"maxEvents":3,"returnImmediately":true,"ack":["a","b"],
          "setErrs":{"c":{"err":"authentication_failed","description":"…"}}})");
  EXPECT_EQ(body.most, 3U);
  EXPECT_TRUE(body.returns_at_once);
  EXPECT_THAT(body.acknowledged, ElementsAre("a", "b"));
  ASSERT_EQ(body.refused.size(), 1U);
  EXPECT_EQ(body.refused[0].id, "c");
  EXPECT_EQ(body.refused[0].code, "authentication_failed");
  const PollBody empty = parse_poll_body("{}");
  EXPECT_EQ(empty.most, most_polled);
  EXPECT_FALSE(empty.returns_at_once);
  EXPECT_THAT(empty.acknowledged, IsEmpty());
  EXPECT_EQ(parse_poll_body(R"({"maxEvents":0})").most, 0U);
  EXPECT_EQ(parse_poll_body(R"({"maxEvents":100000})").most, most_polled);
  for (const char* wrong : {R"({"maxEvents":-1})", R"({"maxEvents":"3"})", R"({"ack":{}})", R"({"ack":[1]})",
                            R"({"setErrs":[]})", R"({"setErrs":{"a":"b"}})", R"({"returnImmediately":1})"})
    EXPECT_THROW((void)parse_poll_body(wrong), BodyError) << wrong;
}

}  // namespace
}  // namespace curfew::outlet
