#include <gtest/gtest.h>

#include <stdexcept>

#include "plugins/forms/logs/cookies.hpp"
#include "plugins/forms/logs/template_format.hpp"
#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

TEST(W3c, FieldsAreNamedByTheFileAndMayChangeInIt) {
  OneLine w3c({.kind = "w3c"});
  EXPECT_EQ(w3c.parse("#Software: Microsoft Internet Information Services 10.0\r"), Verdict::Other);
  EXPECT_EQ(w3c.parse("#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) "
                      "cs(Cookie) sc-status sc-bytes time-taken\r"),
            Verdict::Other);
  ASSERT_EQ(w3c.parse("2026-11-21 20:11:03 GET /main.aspx id=7 CORP\\anna+maria 10.0.0.7 "
                      "Mozilla/5.0+(Windows+NT+10.0) MSISAuth=77u/Pz+x==;+other=1 200 512 46\r"),
            Verdict::Line)
      << w3c.why;
  EXPECT_EQ(w3c.line.time, at("2026-11-21T20:11:03Z"));
  EXPECT_EQ(w3c.line.method, "GET");
  EXPECT_EQ(w3c.line.path, "/main.aspx");
  EXPECT_EQ(w3c.line.query, "id=7");
  EXPECT_EQ(w3c.line.user, "CORP\\anna maria");
  EXPECT_EQ(w3c.line.address, "10.0.0.7");
  EXPECT_EQ(w3c.line.user_agent, "Mozilla/5.0 (Windows NT 10.0)");
  EXPECT_EQ(w3c.line.cookies, "MSISAuth=77u/Pz+x==; other=1") << "a cookie's own + stays";
  EXPECT_EQ(cookie_of(w3c.line, "MSISAuth"), "77u/Pz+x==");
  EXPECT_EQ(cookie_of(w3c.line, "other"), "1");
  EXPECT_EQ(w3c.line.status, 200);
  EXPECT_EQ(w3c.line.bytes, 512U);
  EXPECT_EQ(w3c.line.duration, std::chrono::milliseconds(46));
  EXPECT_EQ(w3c.line.field("sc-status"), "200");

  EXPECT_EQ(w3c.parse("#Fields: time date sc-status cs-username cs-uri-stem"), Verdict::Other);
  ASSERT_EQ(w3c.parse("20:11:04 2026-11-21 401 - /main.aspx"), Verdict::Line) << w3c.why;
  EXPECT_EQ(w3c.line.time, at("2026-11-21T20:11:04Z"));
  EXPECT_EQ(w3c.line.status, 401);
  EXPECT_EQ(w3c.line.user, "") << "- is nothing";
}

TEST(W3c, ALineThatDoesNotFitItsFieldsIsUnreadable) {
  OneLine w3c({.kind = "w3c"});
  EXPECT_EQ(w3c.parse("2026-11-21 20:11:03 200"), Verdict::Unreadable) << "nothing said the fields";
  EXPECT_EQ(w3c.parse("#Fields: date time sc-status"), Verdict::Other);
  EXPECT_EQ(w3c.parse("2026-11-21 20:11:03"), Verdict::Unreadable);
  EXPECT_EQ(w3c.parse("2026-11-21 20:11:03 200 7"), Verdict::Unreadable);
  EXPECT_EQ(w3c.parse("2026-11-21 20:11:03 two"), Verdict::Unreadable);
  EXPECT_EQ(w3c.parse("2026-11-31 20:11:03 200"), Verdict::Unreadable) << "no such day";
  EXPECT_EQ(w3c.parse(std::string(100, '\0')), Verdict::Other) << "laid out in advance";
  EXPECT_EQ(w3c.parse("2026-11-21 20:11:03 200"), Verdict::Line) << w3c.why;
}

TEST(W3c, TheSettingsMayNameTheFieldsOfFilesThatDoNot) {
  OneLine w3c({.kind = "w3c", .fields = "date time s-ip cs-method cs-uri-stem sc-status"});
  ASSERT_EQ(w3c.parse("2018-01-01 08:09:10 127.0.0.1 GET / 200"), Verdict::Line) << w3c.why;
  EXPECT_EQ(w3c.line.field("s-ip"), "127.0.0.1");
}

TEST(Nginx, ReadsTheFormatThatIsGiven) {
  OneLine nginx({.kind = "nginx",
                 .log_format = "$time_iso8601 $msec $remote_addr \"$http_x_forwarded_for\" user=\"$appuser\" "
                               "sess=\"$cookie_appsess\" \"$request\" $status $body_bytes_sent $request_time "
                               "newsess=\"${sent_http_set_cookie}\" \"$http_user_agent\""});
  ASSERT_EQ(
      nginx.parse("2026-11-21T20:10:02+01:00 1795291802.957 127.0.0.1 \"203.0.113.7\" user=\"al\\x22ice\" "
                  "sess=\"ee4b\" \"GET /a%20b?id=7 HTTP/1.1\" 200 12 0.250 "
                  "newsess=\"APPSESS=ab12; Path=/; HttpOnly\" \"Mozilla \\xC3\\xA4\""),
      Verdict::Line)
      << nginx.why;
  EXPECT_EQ(nginx.line.time, at("2026-11-21T20:10:02.957Z")) << "$msec is more precise";
  EXPECT_EQ(nginx.line.address, "127.0.0.1");
  EXPECT_EQ(nginx.line.field("http_x_forwarded_for"), "203.0.113.7");
  EXPECT_EQ(nginx.line.field("appuser"), "al\"ice");
  EXPECT_EQ(cookie_of(nginx.line, "APPSESS"), "ee4b") << "nginx' variables know no case";
  EXPECT_EQ(nginx.line.method, "GET");
  EXPECT_EQ(nginx.line.path, "/a b");
  EXPECT_EQ(nginx.line.query, "id=7");
  EXPECT_EQ(nginx.line.duration, std::chrono::milliseconds(250));
  EXPECT_EQ(nginx.line.user_agent, "Mozilla ä");
  const auto set = set_cookie_of(nginx.line, "APPSESS");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->value, "ab12");
  EXPECT_FALSE(set->is_removed);
}

TEST(Nginx, CombinedIsKnownAndALineThatIsNoRequestIsRead) {
  OneLine nginx({.kind = "nginx"});
  ASSERT_EQ(
      nginx.parse("10.0.0.2, 10.0.0.1 - bob [07/Dec/2016:11:05:07 +0100] \"GET /ocelot HTTP/1.1\" 200 571 "
                  "\"-\" \"Mozilla/5.0\""),
      Verdict::Line)
      << nginx.why;
  EXPECT_EQ(nginx.line.address, "10.0.0.2, 10.0.0.1");
  EXPECT_EQ(nginx.line.user, "bob");
  EXPECT_EQ(nginx.line.time, at("2016-12-07T10:05:07Z"));
  ASSERT_EQ(nginx.parse("127.0.0.1 - - [12/Apr/2018:09:48:40 +0200] \"\\x16\\x03\\x01\" 400 0 \"-\" \"-\""),
            Verdict::Line)
      << nginx.why;
  EXPECT_EQ(nginx.line.path, "");
  EXPECT_EQ(nginx.line.status, 400);
}

TEST(Nginx, EscapeJsonAndNoneAreRead) {
  OneLine json({.kind = "nginx",
                .log_format = R"({"t":"$msec","user":"$remote_user","u":"$request_uri"})",
                .escape = "json"});
  ASSERT_EQ(json.parse(R"({"t":"1795291802.1","user":"a\"b\u00e4\ud83d\ude00","u":"\/x?y"})"), Verdict::Line)
      << json.why;
  EXPECT_EQ(json.line.user, "a\"bä😀");
  EXPECT_EQ(json.line.path, "/x");
  OneLine none({.kind = "nginx", .log_format = R"($msec "$remote_user" $status)", .escape = "none"});
  ASSERT_EQ(none.parse(R"(1795291802.1 "a\"b" 200)"), Verdict::Line) << none.why;
  EXPECT_EQ(none.line.user, "a\\\"b");
}

TEST(Nginx, ADamagedLineIsUnreadableAndSaysWhere) {
  OneLine nginx({.kind = "nginx"});
  const std::string good =
      "10.0.0.2 - bob [07/Dec/2016:11:05:07 +0100] \"GET / HTTP/1.1\" 200 571 \"-\" \"curl\"";
  ASSERT_EQ(nginx.parse(good), Verdict::Line);
  for (std::size_t size = 1; size < good.size(); ++size)
    EXPECT_EQ(nginx.parse(good.substr(0, size)), Verdict::Unreadable) << good.substr(0, size);
  EXPECT_EQ(nginx.parse(good + good), Verdict::Unreadable);
  EXPECT_EQ(nginx.parse(good + " \"-\""), Verdict::Unreadable);
  EXPECT_NE(nginx.why.find("longer"), std::string::npos);
  EXPECT_EQ(nginx.parse(""), Verdict::Other);
}

TEST(Formats, ThatCanNotBeReadAreRefusedWithTheReason) {
  const auto refused = [](const FormatSettings& settings) {
    try {
      const auto format = make_format(settings);
    } catch (const std::invalid_argument& failure) {
      return std::string(failure.what());
    }
    return std::string("taken");
  };
  EXPECT_NE(refused({.kind = "nginx", .log_format = "$msec $a$b"}).find("side by side"), std::string::npos);
  EXPECT_NE(refused({.kind = "nginx", .log_format = "$request $status"}).find("no time"), std::string::npos);
  EXPECT_NE(refused({.kind = "nginx", .log_format = "${msec"}).find("without its }"), std::string::npos);
  EXPECT_NE(refused({.kind = "apache", .log_format = "%{%Q}t %r"}).find("%Q"), std::string::npos);
  EXPECT_NE(refused({.kind = "apache", .log_format = "%t %y"}).find("%y"), std::string::npos);
  EXPECT_NE(refused({.kind = "json"}).find("time"), std::string::npos);
  EXPECT_NE(refused({.kind = "json", .roles = {{"when", "ts"}}}).find("when"), std::string::npos);
  EXPECT_NE(refused({.kind = "csv"}).find("format.kind"), std::string::npos);
}

TEST(Apache, ReadsTheFormatThatIsGiven) {
  OneLine apache(
      {.kind = "apache",
       .log_format =
           "%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %a \\\"%u\\\" \\\"%{session}C\\\" \\\"%r\\\" %>s %B "
           "%D \\\"%{Location}o\\\" \\\"%{Set-Cookie}o\\\" \\\"%{User-Agent}i\\\""});
  ASSERT_EQ(
      apache.parse(
          "2026-11-21T20:11:03.649392+0100 127.0.0.1 \"carol\" \"8bf0\" \"POST /dologin?x=1 HTTP/1.1\" 302 "
          "239 3671 \"/app/index.html\" \"session=8bf07fc7;Max-Age=3600;path=/;HttpOnly\" \"c\\\"url\""),
      Verdict::Line)
      << apache.why;
  EXPECT_EQ(apache.line.time, at("2026-11-21T19:11:03.649392Z"));
  EXPECT_EQ(apache.line.user, "carol");
  EXPECT_EQ(cookie_of(apache.line, "session"), "8bf0");
  EXPECT_EQ(apache.line.path, "/dologin");
  EXPECT_EQ(apache.line.query, "x=1");
  EXPECT_EQ(apache.line.location, "/app/index.html");
  EXPECT_EQ(apache.line.user_agent, "c\"url");
  EXPECT_EQ(apache.line.duration, std::chrono::microseconds(3671));
  EXPECT_EQ(set_cookie_of(apache.line, "session")->value, "8bf07fc7");
}

TEST(Apache, EachWayToTellTheTimeIsRead) {
  const auto time_of = [](const std::string& format, const std::string& text, int zone = 0) {
    FormatSettings settings{.kind = "apache", .log_format = format + " %>s"};
    settings.line.zone_seconds = zone;
    OneLine apache(settings);
    EXPECT_EQ(apache.parse(text + " 200"), Verdict::Line) << format << ": " << apache.why;
    return apache.line.time;
  };
  const files::Time expected = at("2026-11-21T20:11:03Z");
  EXPECT_EQ(time_of("%t", "[21/Nov/2026:21:11:03 +0100]"), expected);
  EXPECT_EQ(time_of("%{sec}t", "1795291863"), expected);
  EXPECT_EQ(time_of("%{msec}t", "1795291863250"), expected + std::chrono::milliseconds(250));
  EXPECT_EQ(time_of("%{begin:usec}t", "1795291863000250"), expected + std::chrono::microseconds(250));
  EXPECT_EQ(time_of("%{sec}t.%{msec_frac}t", "1795291863.007"), expected + std::chrono::milliseconds(7));
  EXPECT_EQ(time_of("%{%d/%b/%Y %T}t", "21/Nov/2026 21:11:03", 3600), expected) << "the zone of the settings";
  EXPECT_EQ(time_of("%{%e %B %y %I:%M:%S %p %z}t", "21 November 26 08:11:03 PM +0000"), expected);
  EXPECT_EQ(time_of("%{%s}t", "1795291863"), expected);
}

TEST(Apache, DirectivesOfAllKindsAreRead) {
  OneLine apache(
      {.kind = "apache",
       .log_format =
           "%v:%p %h %l %u %t \"%m %U%q %H\" %<s %O %{ms}T %{X-Forwarded-For}i %{Cookie}n %{GSS_NAME}e "
           "%!200,304{Referer}i %%"});
  ASSERT_EQ(
      apache.parse(
          "crm.corp.test:443 10.1.1.1 - bob [21/Nov/2026:21:11:03 +0100] \"GET /a?b=1 HTTP/2.0\" 200 17 "
          "25 203.0.113.9 note bob@CORP.TEST http://x/ %"),
      Verdict::Line)
      << apache.why;
  EXPECT_EQ(apache.line.host, "crm.corp.test");
  EXPECT_EQ(apache.line.path, "/a");
  EXPECT_EQ(apache.line.query, "b=1");
  EXPECT_EQ(apache.line.duration, std::chrono::milliseconds(25));
  EXPECT_EQ(apache.line.field("X-Forwarded-For"), "203.0.113.9");
  EXPECT_EQ(apache.line.field("Cookie"), "note");
  EXPECT_EQ(apache.line.field("GSS_NAME"), "bob@CORP.TEST");
}

TEST(Json, FieldsAreWhatTheSettingsSay) {
  FormatSettings settings{.kind = "json",
                          .roles = {{"time", "http.ts"},
                                    {"user", "user"},
                                    {"uri", "uri"},
                                    {"status", "status"},
                                    {"set_cookies", "set"},
                                    {"seconds", "rt"}}};
  settings.line.cookies["sess"] = "APPSESS";
  OneLine json(settings);
  ASSERT_EQ(
      json.parse(
          R"({"http":{"ts":1795291863.25},"user":"al\"ice","sess":"ee4b","uri":"/a?b=1","status":302,)"
          R"("rt":"0.5","set":["a=1","APPSESS=x2; Path=/"],"none":null,"deep":{"a":{"b":{"c":{"d":1}}}}})"),
      Verdict::Line)
      << json.why;
  EXPECT_EQ(json.line.time, at("2026-11-21T20:11:03.25Z"));
  EXPECT_EQ(json.line.user, "al\"ice");
  EXPECT_EQ(json.line.path, "/a");
  EXPECT_EQ(json.line.status, 302);
  EXPECT_EQ(json.line.duration, std::chrono::milliseconds(500));
  EXPECT_EQ(cookie_of(json.line, "APPSESS"), "ee4b");
  EXPECT_EQ(set_cookie_of(json.line, "APPSESS")->value, "x2");
  for (const char* time : {R"("2026-11-21T20:11:03Z")", "1795291863", "1795291863000", "1795291863000000",
                           R"("1795291863.000")", R"("21/Nov/2026:20:11:03 +0000")"}) {
    ASSERT_EQ(json.parse(std::string(R"({"http":{"ts":)") + time + "}}"), Verdict::Line) << time << json.why;
    EXPECT_EQ(json.line.time, at("2026-11-21T20:11:03Z")) << time;
  }
  EXPECT_EQ(json.parse("{\"http\":"), Verdict::Unreadable);
  EXPECT_EQ(json.parse("[1]"), Verdict::Unreadable);
  EXPECT_EQ(json.parse(R"({"user":"x"})"), Verdict::Unreadable) << "no time";
  EXPECT_EQ(json.parse(R"({"http":{"ts":1},"status":"many"})"), Verdict::Unreadable);
  EXPECT_EQ(json.parse("  "), Verdict::Other);
}

TEST(Cookies, TheLastSetCookieOfANameCountsAndADateIsNoOtherCookie) {
  LogLine line;
  line.time = at("2026-11-21T20:11:03Z");
  line.set_cookies =
      "a=1; expires=Wed, 21 Oct 2015 00:00:00 GMT, sid=first; Path=/, b=2; Expires=Fri, 01-Jan-2027 00:00:00 "
      "GMT, "
      "sid=\"second\"; Secure";
  EXPECT_EQ(set_cookie_of(line, "sid")->value, "\"second\"");
  EXPECT_FALSE(set_cookie_of(line, "sid")->is_removed);
  EXPECT_TRUE(set_cookie_of(line, "a")->is_removed) << "expired";
  EXPECT_FALSE(set_cookie_of(line, "b")->is_removed);
  EXPECT_FALSE(set_cookie_of(line, "id"));
  for (const char* removed : {"sid=; Path=/", "sid=x; Max-Age=0",
                              "sid=x; max-age=-1; Expires=Fri, 01 Jan 2027 00:00:00 GMT", "sid=\"\""}) {
    line.set_cookies = removed;
    EXPECT_TRUE(set_cookie_of(line, "sid")->is_removed) << removed;
  }
  line.set_cookies = "sid=x; Max-Age=10; Expires=Wed, 21 Oct 2015 00:00:00 GMT";
  EXPECT_FALSE(set_cookie_of(line, "sid")->is_removed) << "Max-Age counts before the date";
}

TEST(Cookies, TransformsDoWhatTheGateDoes) {
  const auto all = [](const char* value, std::initializer_list<const char*> names) {
    std::vector<Transform> transforms;
    for (const char* name : names) transforms.push_back(parse_transform(name).value());
    return transformed(value, transforms);
  };
  EXPECT_EQ(all("s%3Aabc.mac%3D", {"url_decode", "after:s:", "before:."}), "abc");
  EXPECT_EQ(all("\"AbC\"", {"unquote", "lower"}), "abc");
  EXPECT_EQ(all("plain", {"before:.", "after:s:"}), "plain");
  EXPECT_FALSE(parse_transform("before:"));
  EXPECT_FALSE(parse_transform("upper"));
}

TEST(Escapes, AreReadAndWhatIsNoneStays) {
  EXPECT_EQ(unescaped(R"(a\x41\"\\\n\/)"), "aA\"\\\n/");
  EXPECT_EQ(unescaped(R"(\xZZ\u12)"), R"(\xZZ\u12)");
  EXPECT_EQ(unescaped("end\\"), "end\\");
}

}  // namespace
}  // namespace curfew::forms
