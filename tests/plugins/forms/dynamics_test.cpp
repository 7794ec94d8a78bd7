// Dynamics CRM on premises: IIS logs that are generated here, as IIS writes them.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

using nlohmann::json;

// Writes one day of an IIS site's log.
class IisLog {
 public:
  explicit IisLog(bool logs_answers) : logs_answers_(logs_answers) {
    std::string pattern = testing::TempDir() + "/curfew-iis-XXXXXX";
    folder = mkdtemp(pattern.data());
    path = folder + "/u_ex261121.log";
    heading();
  }
  ~IisLog() { std::filesystem::remove_all(folder); }
  IisLog(const IisLog&) = delete;
  IisLog& operator=(const IisLog&) = delete;

  struct Request {
    std::string time, method = "GET", stem, query = "-", user = "-", cookies = "-", status = "200",
                      location = "-", set_cookie = "-";
  };
  // With +, as IIS writes blanks.
  void write(const Request& request) {
    std::ofstream out(path, std::ios::app);
    out << "2026-11-21 " << request.time << " 10.0.0.5 " << request.method << ' ' << request.stem << ' '
        << request.query << " 443 " << request.user
        << " 10.1.7.23 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36 " << request.cookies
        << " https://crm.corp.test/ crm.corp.test " << request.status << " 0 0 5120 871 46";
    if (logs_answers_) out << ' ' << request.location << ' ' << request.set_cookie;
    out << "\r\n";
  }
  void heading() {
    std::ofstream out(path, std::ios::app);
    out << "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-21 "
           "08:00:00\r\n"
           "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
           "cs(User-Agent) "
           "cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes "
           "time-taken"
        << (logs_answers_ ? " Location Set-Cookie" : "") << "\r\n";
  }
  [[nodiscard]] Audited audit() const {
    return audited(read_settings(json{{"preset", "dynamics_crm_onprem"}, {"inputs", {folder}}}.dump()));
  }

  std::string folder, path;

 private:
  bool logs_answers_;
};

const std::string token = "77u/PD94bWwgdmVyc2lvbj0iMS4w+a1";
const std::string cookies = "ReqClientId=4f2a;+MSISAuth=" + token + ";+MSISAuth1=ZmZmZg==";

TEST(Dynamics, ADayWithAnswersInTheLogIsASessionFromSignInToSignOut) {
  IisLog log(true);
  log.write({.time = "08:00:00",
             .stem = "/main.aspx",
             .status = "302",
             .location = "https://sts.corp.test/adfs/ls/?wa=wsignin1.0&wtrealm=crm"});
  log.write({.time = "08:00:09",
             .method = "POST",
             .stem = "/",
             .status = "302",
             .location = "/main.aspx",
             .set_cookie = "MSISAuth=" + token + ";+path=/;+secure;+HttpOnly,+MSISAuth1=ZmZmZg==;+path=/"});
  log.write({.time = "08:00:10", .stem = "/main.aspx", .user = "CORP\\anna+maria", .cookies = cookies});
  log.write(
      {.time = "08:00:10", .stem = "/_static/css/theme.css", .user = "CORP\\anna+maria", .cookies = cookies});
  log.write({.time = "08:10:00",
             .method = "POST",
             .stem = "/AppWebServices/PresenceService.asmx",
             .cookies = cookies});
  log.write({.time = "08:15:00",
             .stem = "/Main.aspx",
             .query = "etn=account&pagetype=entitylist",
             .cookies = cookies});
  log.write({.time = "08:20:00", .stem = "/", .query = "wa=wsignoutcleanup1.0", .cookies = cookies});
  log.write({.time = "08:20:05",
             .stem = "/main.aspx",
             .cookies = cookies,
             .status = "302",
             .location = "https://sts.corp.test/adfs/ls/?wa=wsignin1.0"});
  const Audited read = log.audit();
  EXPECT_EQ(read.sum.unreadable, 0U) << read.coverage;
  EXPECT_EQ(story(read.of(token)), "sign_in activity machine machine activity sign_out refused end?");
  for (const Finding& finding : read.of(plugin::Type::SignIn)) {
    EXPECT_EQ(finding.at, at("2026-11-21T08:00:09Z")) << "IIS logs in UTC";
    EXPECT_EQ(finding.auth_method, plugin::AuthMethod::Saml);
    EXPECT_EQ(finding.address, "10.1.7.23");
  }
  EXPECT_EQ(read.of(token).at(1).user, "CORP\\anna maria") << "the name is on the lines behind the sign-in";
  EXPECT_EQ(read.uses(token), 2U) << "pages that ask by themselves are no person";
  EXPECT_EQ(read.coverage.find(token), std::string::npos);
}

TEST(Dynamics, WithoutAnswersInTheLogASessionIsKnownFromItsFirstUse) {
  IisLog log(false);
  log.write({.time = "08:00:09", .method = "POST", .stem = "/", .status = "302"});
  log.write({.time = "08:00:10", .stem = "/main.aspx", .user = "anna@corp.test", .cookies = cookies});
  log.write({.time = "09:00:10", .stem = "/main.aspx", .cookies = cookies, .status = "401"});
  const Audited read = log.audit();
  EXPECT_EQ(story(read.of(token)), "activity refused end?");
  EXPECT_EQ(read.sum.filtered.at("without_session"), 1U) << "the sign-in";
}

TEST(Dynamics, ACookieThatIsTooLongForIisIsCountedAndFieldsMayChangeWithinTheDay) {
  IisLog log(false);
  log.write({.time = "08:00:10", .stem = "/main.aspx", .user = "anna@corp.test", .cookies = "..."});
  {
    std::ofstream out(log.path, std::ios::app);
    out << "#Fields: date time cs-uri-stem cs(Cookie) sc-status\r\n2026-11-21 08:30:00 /main.aspx " << cookies
        << " 200\r\n";
  }
  log.heading();
  log.write({.time = "08:31:00", .stem = "/main.aspx", .cookies = cookies});
  const Audited read = log.audit();
  EXPECT_EQ(read.sum.unreadable, 0U);
  EXPECT_EQ(read.sum.filtered.at("no_rule"), 1U) << "dots are no session";
  EXPECT_EQ(read.uses(token), 2U);
}

// Each with its source in docs/connectors/forms.md.
TEST(Dynamics, WhatPagesFetchByThemselvesIsNoPerson) {
  IisLog log(false);
  std::vector<IisLog::Request> machine{
      {.time = "08:00:01", .stem = "/_static/_common/scripts/crminternalutility.js"},
      {.time = "08:00:02", .stem = "/_common/global.ashx", .query = "ver=-1036121454"},
      {.time = "08:00:03", .stem = "/crm/_common/styles/global.css.aspx", .query = "lcid=1033"},
      {.time = "08:00:04", .stem = "/WebResources/ClientGlobalContext.js.aspx"},
      {.time = "08:00:05", .stem = "/{637199221580014143}/webresources/form.html"},
      {.time = "08:00:06", .stem = "/%7B637199221580014143%7D/WebResources/new_/logo"},
      {.time = "08:00:07", .method = "POST", .stem = "/AppWebServices/PresenceService.asmx"},
      {.time = "08:00:08", .stem = "/api/data/v9.1/appnotifications", .query = "$top=20"}};
  std::vector<IisLog::Request> person{
      {.time = "09:00:01", .stem = "/main.aspx", .query = "etn=account"},
      {.time = "09:01:01", .method = "POST", .stem = "/AppWebServices/InlineEditWebService.asmx"},
      {.time = "09:02:01", .method = "POST", .stem = "/AppWebServices/AppGridWebService.ashx"},
      {.time = "09:03:01", .method = "POST", .stem = "/XRMServices/2011/Organization.svc/web"},
      {.time = "09:04:01", .stem = "/api/data/v9.1/accounts", .query = "$select=name"},
      {.time = "09:05:01", .method = "POST", .stem = "/api/data/v9.1/appnotifications", .status = "204"},
      {.time = "09:06:01", .stem = "/WebResources/new_/page.html"}};
  for (auto* all : {&machine, &person}) {
    for (IisLog::Request& request : *all) {
      request.cookies = cookies;
      log.write(request);
    }
  }
  const Audited read = log.audit();
  EXPECT_EQ(read.sum.unreadable, 0U) << read.coverage;
  EXPECT_EQ(read.lines(Meaning::MachineActivity), machine.size());
  EXPECT_EQ(read.lines(Meaning::Activity), person.size());
  EXPECT_EQ(read.uses(token), person.size());
}

TEST(Dynamics, ATokenInPiecesTellsItsSessionByTheFirstPiece) {
  IisLog log(true);
  const auto pieces = [](const std::string& who) {
    return "CrmOwinAuth=chunks:2;+CrmOwinAuthC1=" + who + ";+CrmOwinAuthC2=cmVzdA";
  };
  log.write(
      {.time = "08:00:00",
       .method = "POST",
       .stem = "/",
       .status = "302",
       .location = "/main.aspx",
       .set_cookie =
           "CrmOwinAuth=chunks:2;+path=/,+CrmOwinAuthC1=MAAAAEqz;+path=/,+CrmOwinAuthC2=cmVzdA;+path=/"});
  log.write({.time = "08:00:10", .stem = "/main.aspx", .cookies = pieces("MAAAAEqz")});
  log.write({.time = "08:00:20", .stem = "/main.aspx", .cookies = pieces("MAAAADng")});
  log.write({.time = "08:00:30", .stem = "/main.aspx", .cookies = "CrmOwinAuth=MAAAAWhole"});
  const Audited read = log.audit();
  EXPECT_EQ(story(read.of("MAAAAEqz")), "sign_in activity");
  EXPECT_EQ(story(read.of("MAAAADng")), "activity");
  EXPECT_EQ(story(read.of("MAAAAWhole")), "activity");
  EXPECT_TRUE(read.of("chunks:2").empty()) << "it is everybody's";
}

TEST(Dynamics, FieldsThatChangeInTheMiddleOfTheDayAreReadAsTheyThenAre) {
  IisLog log(false);
  log.write({.time = "08:00:10", .stem = "/main.aspx", .user = "anna@corp.test", .cookies = cookies});
  {
    // An administrator adds the answers' headers, and takes others out: IIS begins anew in the same file.
    std::ofstream out(log.path, std::ios::app);
    out << "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-11-21 "
           "08:30:00\r\n#Fields: date time cs(Cookie) cs-uri-stem cs-uri-query sc-status c-ip Location\r\n"
        << "2026-11-21 08:30:00 " << cookies << " /api/data/v9.1/accounts - 200 10.1.7.24 -\r\n"
        << "2026-11-21 08:31:00 " << cookies
        << " /main.aspx - 302 10.1.7.24 https://sts.corp.test/adfs/ls/?wa=wsignin1.0\r\n";
  }
  log.heading();
  log.write({.time = "08:40:00", .stem = "/main.aspx", .cookies = "MSISAuth=another"});
  const Audited read = log.audit();
  EXPECT_EQ(read.sum.unreadable, 0U) << read.coverage;
  EXPECT_EQ(story(read.of(token)), "activity activity refused end?");
  EXPECT_EQ(read.of(token).at(1).address, "10.1.7.24");
  EXPECT_EQ(story(read.of("another")), "activity");
}

TEST(Dynamics, FilesInAnyOrderAndInAnArchiveAreTheSameSessions) {
  IisLog log(true);
  std::vector<std::string> stories;
  for (int minute = 0; minute < 30; ++minute) {
    char time[16];
    std::snprintf(time, sizeof time, "08:%02d:00", minute);
    log.write({.time = time, .stem = "/main.aspx", .cookies = cookies});
  }
  const Audited plain = log.audit();
  // The later half under a name that sorts first; then both packed.
  std::ifstream in(log.path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  const std::string heading = lines[0] + lines[1] + lines[2] + lines[3];
  std::string early = heading, late = heading;
  for (std::size_t i = 4; i < lines.size(); ++i) (i < 20 ? early : late) += lines[i];
  std::filesystem::remove(log.path);
  std::ofstream(log.folder + "/b.log") << early;
  std::ofstream(log.folder + "/a.log") << late;
  const Audited halves = log.audit();
  EXPECT_EQ(story(halves.findings), story(plain.findings));
  ASSERT_EQ(system(("cd " + log.folder + " && tar czf day.tar.gz a.log b.log && rm a.log b.log").c_str()), 0);
  const Audited packed = log.audit();
  EXPECT_EQ(story(packed.findings), story(plain.findings));
  EXPECT_EQ(packed.uses(token), 30U);
}

}  // namespace
}  // namespace curfew::forms
