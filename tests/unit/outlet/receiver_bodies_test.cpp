#include "core/outlet/receiver_bodies.hpp"

#include <gmock/gmock.h>

#include "core/outlet/security_event.hpp"

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

std::string subject(const std::string& text) { return R"({"stream_id":"f67e","subject":)" + text + "}"; }

// As `format name_space=value`, in order.
std::vector<std::string> identifiers_in(const std::string& text) {
  std::vector<std::string> all;
  for (const SubjectIdentifier& one : parse_subject_body(subject(text)).identifiers)
    all.push_back(one.format + " " + one.name.name_space + "=" + one.name.value);
  return all;
}

TEST(SubjectBody, NamesAPersonInEachFormatThatEventsHave) {
  EXPECT_EQ(parse_subject_body(subject(R"({"format":"email","email":"a@b"})")).stream_id, "f67e");
  EXPECT_THAT(identifiers_in(R"({"format":"email","email":"A@corp.test"})"),
              ElementsAre("email email=A@corp.test"));
  EXPECT_THAT(identifiers_in(R"({"format":"opaque","id":"00000000000000a1"})"),
              ElementsAre("opaque reference=00000000000000a1"));
  EXPECT_THAT(identifiers_in(R"({"format":"iss_sub","iss":"https://idp.test","sub":"9#9"})"),
              ElementsAre("iss_sub oidc_subject=https://idp.test#9#9"));
  EXPECT_THAT(identifiers_in(R"({"format":"account","uri":"ACCT:a%20b%23@corp.test"})"),
              ElementsAre("account upn=a b#@corp.test"));
  EXPECT_THAT(identifiers_in(R"({"format":"phone_number","phone_number":"+4930123456"})"),
              ElementsAre("phone_number phone=+4930123456"));
  const std::string both =
      R"({"format":"aliases","identifiers":[{"format":"email","email":"a@b"},{"format":"opaque","id":"x"}]})";
  EXPECT_THAT(identifiers_in(both), ElementsAre("email email=a@b", "opaque reference=x"));
  EXPECT_THAT(identifiers_in(R"({"format":"complex","user":)" + both + "}"),
              ElementsAre("email email=a@b", "opaque reference=x"));
}

// What an event says of a person is read back as the name that it was made of.
TEST(SubjectBody, TakesBackWhatEventsTell) {
  const std::vector<model::NamedValue> names{{"upn", "a b#\xC3\xA9%@corp.test"},
                                             {"email", "\"a\"@corp.test"},
                                             {"oidc_subject", "https://idp.test#99#x"},
                                             {"phone", "+4930123456"}};
  const std::vector<std::string> formats(std::begin(subject_formats), std::end(subject_formats));
  const std::vector<std::string> told = subject_identifiers(names, formats);
  ASSERT_EQ(told.size(), names.size());
  for (std::size_t i = 0; i < told.size(); ++i) {
    const auto back = parse_subject_body(subject(told[i])).identifiers;
    ASSERT_EQ(back.size(), 1U);
    EXPECT_EQ(back[0].name.name_space, names[i].name_space);
    EXPECT_EQ(back[0].name.value, names[i].value);
  }
}

TEST(SubjectBody, ThatIsWrongIsSaidByName) {
  const auto parse = [](const std::string& text) { return parse_subject_body(text); };
  EXPECT_THAT(complaint(parse, R"({"subject":{"format":"email","email":"a@b"}})"),
              HasSubstr("'stream_id' is missing"));
  EXPECT_THAT(complaint(parse, R"({"stream_id":"f"})"), HasSubstr("'subject' is missing"));
  EXPECT_THAT(
      complaint(parse, R"({"stream_id":"f","subject":{"format":"email","email":"a@b"},"verified":1})"),
      HasSubstr("'verified'"));
  const std::vector<std::pair<std::string, const char*>> cases{
      {"\"alice@corp.test\"", "'subject' must be an object"},
      {"{}", "'format' is missing"},
      {R"({"format":"did","url":"did:example:1"})", "'subject' must be of the format"},
      {R"({"format":"phone","phone_number":"+4930123456"})", "'subject' must be of the format"},
      {R"({"format":"email"})", "'email' is missing"},
      {R"({"format":"email","email":"alice"})", "'email' must be an address"},
      {R"({"format":"email","email":"a@b","sub":"c"})", "a member that its format does not have"},
      {R"({"format":"email","email":"a@b","email":"c@d"})", "twice"},
      {R"({"format":"email","email":"a@)" + std::string(3'000, 'b') + "\"}", "at most"},
      {R"({"format":"opaque","id":""})", "'id' is missing"},
      {R"({"format":"iss_sub","iss":"https://idp.test"})", "'sub' is missing"},
      {R"({"format":"iss_sub","iss":"https://idp.test#a","sub":"b"})", "no fragment"},
      {R"({"format":"account","uri":"mailto:a@b"})", "an acct: URI"},
      {R"({"format":"account","uri":"acct:"})", "must have an account"},
      {R"({"format":"account","uri":"acct:a%2"})", "hexadecimal"},
      {R"({"format":"account","uri":"acct:a%zz"})", "hexadecimal"},
      {R"({"format":"account","uri":"acct:a%00"})", "in UTF-8"},
      {R"({"format":"aliases","identifiers":[]})", "'identifiers' is empty"},
      {R"({"format":"aliases","identifiers":{}})", "'identifiers' must be a list"},
      {R"({"format":"aliases","identifiers":[7]})", "'identifiers' must be an object"},
      {R"({"format":"aliases","identifiers":[{"format":"aliases","identifiers":[]}]})", "of the format"},
      {R"({"format":"complex"})", "must have a 'user'"},
      {R"({"format":"complex","user":{"format":"complex"}})", "of the format"},
      {R"({"format":"complex","user":{"format":"email","email":"a@b"},"session":{"format":"opaque","id":"s"}})",
       "nothing beside it"}};
  for (const auto& [text, said] : cases) {
    EXPECT_THAT(complaint(parse, subject(text)), HasSubstr(said)) << text;
    EXPECT_EQ(complaint(parse, subject(text)).find("alice"), std::string::npos) << text;
  }
  std::string many = R"({"format":"opaque","id":"0"})";
  for (int i = 1; i < 9; ++i) many += R"(,{"format":"opaque","id":")" + std::to_string(i) + "\"}";
  EXPECT_THAT(complaint(parse, subject(R"({"format":"aliases","identifiers":[)" + many + "]}")),
              HasSubstr("more than 8"));
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
