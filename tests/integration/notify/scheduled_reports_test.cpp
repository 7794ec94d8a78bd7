// Scheduled reports: what is made when, that it is made and mailed once, and what becomes of mail that fails.
#include "core/app/scheduled_reports.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/app/configuration.hpp"
#include "core/app/report_listing.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/report/rows_json.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;
using support::MailServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Time at(const char* text) { return base::parse_rfc3339(text).value(); }

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A ledger and a store that outlive the scheduler, as they do a restart.
class Reports : public testing::Test {
 protected:
  void configure(const std::string& report, const std::string& mail = {}) {
    settings_ = parse_configuration("c.yaml", "data: " + folder_.path().string() +
                                                  "\nreports:\n  - {name: monthly, frameworks: [pci-dss], " +
                                                  report + "}\n" + mail);
  }
  [[nodiscard]] static std::string mail(const MailServer& server, const std::string& more = {}) {
    return "report_mail: {server: 127.0.0.1, tls: none, from: curfew@corp.test, port: " +
           std::to_string(server.port()) + ", lists: [{name: auditors, to: [ann@corp.test, bob@corp.test]}]" +
           more + "}\n";
  }
  ReportGround ground() {
    ReportGround ground;
    ground.now = [this] { return now_; };
    ground.state = [this](const std::string& name) { return states_[name]; };
    ground.save = [this](const std::string& name, const std::string& state) {
      states_[name] = state;
      saved_at_[name] = entries_.size();
    };
    ground.make = [this](const report::ComplianceRequest& request) {
      ++made_;
      if (request.from < recorded_from_) throw Error(ErrorKind::Input, "nothing is recorded in this period");
      report::ComplianceReport report;
      report.version = "0.1.0";
      report.frameworks = request.frameworks;
      report.facts.period = {request.from, request.to};
      report.facts.recorded_until = request.to;
      report.streams = {
          {1, "curfew/hq/one/1", 40, std::string(64, 'a'), "curfew/hq/one/1\n40\nqqo=\n", "key"}};
      return report;
    };
    ground.record = [this](model::Entry entry) {
      EXPECT_EQ(entry.kind, model::EntryKind::Notified);
      entries_.push_back(std::move(entry.facts));
      return true;
    };
    ground.recorded_since = [this](const std::string& name) {
      return std::vector<std::string>(entries_.begin() + static_cast<std::ptrdiff_t>(saved_at_[name]),
                                      entries_.end());
    };
    ground.log = &log_;
    return ground;
  }
  // A daemon that is started, looks some times, and ends.
  void look(int times = 1) {
    ScheduledReports reports(ground(), settings_);
    for (int i = 0; i < times; ++i) reports.look();
  }
  [[nodiscard]] json state() { return json::parse(states_["monthly"]); }
  [[nodiscard]] std::vector<std::string> events() const {
    std::vector<std::string> out;
    for (const std::string& facts : entries_) {
      const json said = json::parse(facts);
      out.push_back(said["period"].get<std::string>() + " " + said["event"].get<std::string>());
    }
    return out;
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const {
    return folder_.path() / "reports" / "monthly" / name;
  }

  support::TemporaryDirectory folder_;
  Settings settings_;
  Log log_{LogLevel::Error};
  Time now_ = at("2026-10-15T12:00:00Z");
  Time recorded_from_{};
  std::map<std::string, std::string> states_;
  std::map<std::string, std::size_t> saved_at_;
  std::vector<std::string> entries_;
  int made_ = 0;
};

TEST_F(Reports, IsMadeOnceForItsPeriodAndNotBeforeItIsDue) {
  configure(R"(formats: [json, csv], day: 2, at: "06:00")");
  look();
  EXPECT_EQ(made_, 0) << "its first period is the one in which it was configured";
  now_ = at("2026-11-02T05:59:59Z");
  look(2);
  EXPECT_EQ(made_, 0);
  now_ = at("2026-11-02T06:00:00Z");
  look(3);
  look(3);
  EXPECT_EQ(made_, 1);
  EXPECT_THAT(events(), ElementsAre("2026-10 made"));
  EXPECT_EQ(json::parse(content(file("monthly-2026-10.json")))["report"]["period"]["from"],
            "2026-10-01T00:00:00.000000Z");
  const json made = json::parse(entries_[0]);
  EXPECT_EQ(made["files"][0]["sha256"], base::to_hex(base::sha256(content(file("monthly-2026-10.json")))));
  EXPECT_FALSE(std::filesystem::exists(file("monthly-2026-10.json.part")));
  EXPECT_EQ(state()["outcome"], "made");
}

TEST_F(Reports, WhatWasMissedIsMadeForItsOwnPeriod) {
  configure("formats: [csv]");
  look();
  now_ = at("2027-01-20T00:00:00Z");
  look(5);
  EXPECT_THAT(events(), ElementsAre("2026-10 made", "2026-11 made", "2026-12 made"));
}

TEST_F(Reports, OfVeryManyMissedOnesTheOldestAreLeftOutAndSaid) {
  configure("formats: [csv], period: day");
  look();
  now_ = at("2026-12-31T12:00:00Z");
  look(40);
  ASSERT_EQ(events().size(), 32U);
  EXPECT_EQ(events()[0], "2026-11-30 left_out");
  EXPECT_EQ(json::parse(entries_[0])["periods"], 46);
  EXPECT_EQ(events().back(), "2026-12-30 made");
}

TEST_F(Reports, APeriodWithoutRecordsIsSaidAndPassed) {
  configure("formats: [csv]");
  look();
  recorded_from_ = at("2026-11-01T00:00:00Z");
  now_ = at("2026-12-05T00:00:00Z");
  look(4);
  EXPECT_THAT(events(), ElementsAre("2026-10 nothing", "2026-11 made"));
}

TEST_F(Reports, AClockThatJumpsAheadMakesNothingUntilItHasSettled) {
  configure("formats: [csv]");
  look();
  ScheduledReports reports(ground(), settings_);
  reports.look();
  now_ = at("2030-01-01T12:00:00Z");
  reports.look();
  reports.look();
  EXPECT_EQ(made_, 0);
  now_ = at("2026-10-15T12:00:01Z");  // and back
  reports.look();
  EXPECT_EQ(state()["period"], "2026-09");
}

TEST_F(Reports, WhatTheLedgerHoldsAlreadyIsNotMadeAgain) {
  configure("formats: [csv]");
  look();
  now_ = at("2026-11-05T00:00:00Z");
  std::string killed_at;
  {
    ReportGround dies = ground();
    // The entry is durable, and the daemon is killed before it can say so.
    dies.save = [&](const std::string& name, const std::string& state) {
      if (json::parse(state)["phase"] != "making") throw Error(ErrorKind::Unavailable, "killed");
      states_[name] = state;
      saved_at_[name] = entries_.size();
    };
    ScheduledReports(std::move(dies), settings_).look();
  }
  EXPECT_EQ(state()["phase"], "making");
  look(2);
  EXPECT_THAT(events(), ElementsAre("2026-10 made"));
  EXPECT_EQ(made_, 1);
}

TEST_F(Reports, IsMailedOnceWithItsFilesAndTheLedgerNamesTheListAlone) {
  MailServer server;
  configure("formats: [pdf, csv], mail_to: [auditors]", mail(server));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  look(3);
  look(3);
  ASSERT_EQ(server.taken().size(), 1U);
  EXPECT_THAT(server.taken()[0].to, ElementsAre("ann@corp.test", "bob@corp.test"));
  for (const char* part : {"Subject: Curfew report monthly, 2026-10", "filename=monthly-2026-10.pdf",
                           "filename=monthly-2026-10.csv", "Content-Type: application/pdf"})
    EXPECT_THAT(server.taken()[0].text, HasSubstr(part));
  EXPECT_THAT(events(), ElementsAre("2026-10 made", "2026-10 mailed"));
  EXPECT_EQ(json::parse(entries_[1])["accepted"], 2);
  EXPECT_EQ(json::parse(entries_[1])["lists"], json::array({"auditors"}));
  EXPECT_THAT(entries_[0] + entries_[1], Not(HasSubstr("corp.test")));
}

// As the API and the command line show it, by what is stored alone.
TEST_F(Reports, IsListedWithWhatIsDueAndWhatBecameOfTheLast) {
  MailServer server;
  configure("formats: [csv], mail_to: [auditors], day: 2", mail(server, ", retry_after: 1m"));
  const auto listed_now = [&] {
    std::optional<store::OutletRow> row;
    if (states_.contains("monthly"))
      row = store::OutletRow{.name = {}, .place = {}, .state = states_["monthly"], .moved_at = now_};
    return json::parse(report::to_json(listed(settings_.reports[0], settings_.data, row, now_)));
  };
  json one = listed_now();
  EXPECT_EQ(one["next_period"], "2026-10");
  look();
  EXPECT_EQ(listed_now(), one) << "it was looked at, and nothing is begun";
  EXPECT_EQ(one["next_due_at"], "2026-11-02T06:00:00.000000Z");
  EXPECT_TRUE(one["last_run"].is_null());
  EXPECT_EQ(one["mail_to"], json::array({"auditors"}));
  now_ = at("2026-11-02T07:00:00Z");
  server.fail_next("MAIL", "421 later");
  look();
  one = listed_now();
  EXPECT_EQ(one["last_run"]["phase"], "made");
  EXPECT_TRUE(one["last_run"]["outcome"].is_null());
  EXPECT_EQ(one["last_run"]["attempts"], 1);
  EXPECT_EQ(one["last_run"]["next_attempt_at"], "2026-11-02T07:01:00.000000Z");
  now_ += std::chrono::minutes(1);
  look();
  one = listed_now();
  EXPECT_EQ(one["next_period"], "2026-11");
  EXPECT_EQ(one["next_due_at"], "2026-12-02T06:00:00.000000Z");
  const json& run = one["last_run"];
  EXPECT_EQ(run["period"], "2026-10");
  EXPECT_EQ(run["outcome"], "mailed");
  EXPECT_EQ(run["at"], "2026-11-02T07:01:00.000000Z");
  EXPECT_TRUE(run["next_attempt_at"].is_null());
  const std::string name = run["files"][0]["name"];
  EXPECT_EQ(
      base::to_hex(base::sha256(content(std::filesystem::path(one["folder"].get<std::string>()) / name))),
      run["files"][0]["sha256"]);
  EXPECT_THAT(one.dump(), Not(HasSubstr("corp.test")));
}

TEST_F(Reports, AServerThatFailsForNowIsAskedAgainLater) {
  MailServer server;
  configure("formats: [csv], mail_to: [auditors]", mail(server, ", retry_after: 1m"));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  server.fail_next("DATA", "451 not now");
  look(4);
  EXPECT_TRUE(server.taken().empty());
  EXPECT_EQ(server.connections(), 1U) << "not before the pause is over";
  now_ += std::chrono::minutes(1);
  server.fail_next(".", "452 no room");
  look(2);
  now_ += std::chrono::minutes(1);
  look(2);
  EXPECT_EQ(server.connections(), 2U) << "each pause is twice as long";
  now_ += std::chrono::minutes(1);
  look(2);
  EXPECT_EQ(server.taken().size(), 1U);
  EXPECT_EQ(events().back(), "2026-10 mailed");
}

TEST_F(Reports, OneRecipientWhoIsTakenLaterGetsItLaterAndTheOtherOnce) {
  MailServer server;
  configure("formats: [csv], mail_to: [auditors]", mail(server, ", retry_after: 1m"));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  server.fail_next("RCPT", "450 greylisted");
  look();
  ASSERT_EQ(server.taken().size(), 1U);
  EXPECT_THAT(server.taken()[0].to, ElementsAre("bob@corp.test"));
  now_ += std::chrono::minutes(2);
  look();
  ASSERT_EQ(server.taken().size(), 2U);
  EXPECT_THAT(server.taken()[1].to, ElementsAre("ann@corp.test"));
}

TEST_F(Reports, ARefusalForGoodAndTooManyAttemptsEndIt) {
  MailServer server;
  configure("formats: [csv], mail_to: [auditors]", mail(server, ", attempts: 2, retry_after: 1m"));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  server.fail_next("MAIL", "550 ann@corp.test may not");
  look(3);
  EXPECT_EQ(events().back(), "2026-10 failed");
  EXPECT_THAT(entries_.back(), HasSubstr("the mail server answered 550"));
  EXPECT_THAT(entries_.back(), Not(HasSubstr("ann@")));
  now_ = at("2026-12-05T00:00:00Z");
  for (int i = 0; i < 3; ++i) {
    server.fail_next("MAIL", "421 later");
    look(2);
    now_ += std::chrono::hours(5);
  }
  EXPECT_EQ(events().back(), "2026-11 failed");
  EXPECT_EQ(server.connections(), 3U);
}

TEST_F(Reports, AMailWithoutAnAnswerIsInDoubtAndNotSentAgain) {
  MailServer server;
  configure("formats: [csv], mail_to: [auditors]", mail(server));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  server.fail_next(".", "");
  look(3);
  now_ += std::chrono::hours(24);
  look(3);
  EXPECT_THAT(events(), ElementsAre("2026-10 made", "2026-10 in_doubt"));
  EXPECT_EQ(server.connections(), 1U);
  // By what it can be found in the server's log.
  EXPECT_THAT(entries_.back(),
              HasSubstr(base::to_hex(base::sha256("default/monthly/2026-10")).substr(0, 32)));
}

TEST_F(Reports, ADaemonThatIsKilledWhileItSendsIsInDoubtUnlessTheLedgerSaysMore) {
  MailServer server;
  configure("formats: [csv], mail_to: [auditors]", mail(server));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  ReportGround dies = ground();
  dies.record = [this](model::Entry entry) {
    if (entry.facts.find("\"mailed\"") != std::string::npos) return false;
    entries_.push_back(std::move(entry.facts));
    return true;
  };
  ScheduledReports(std::move(dies), settings_).look();
  EXPECT_EQ(server.taken().size(), 1U);
  EXPECT_EQ(state()["phase"], "sending");
  const auto kept = std::make_tuple(states_, saved_at_, entries_);
  look(2);
  EXPECT_EQ(events().back(), "2026-10 in_doubt");
  std::tie(states_, saved_at_, entries_) = kept;
  entries_.emplace_back(R"({"report":"monthly","event":"mailed","period":"2026-10"})");
  look(2);
  EXPECT_EQ(state()["outcome"], "mailed");
  EXPECT_EQ(server.taken().size(), 1U);
}

TEST_F(Reports, FilesThatAreTooLargeAreLinkedAndChangedOnesAreNotMailed) {
  MailServer server;
  configure("formats: [pdf], mail_to: [auditors]",
            mail(server, ", largest_kib: 64, link: \"https://files.corp.test/curfew/\""));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  look();
  ASSERT_EQ(server.taken().size(), 1U);
  EXPECT_THAT(server.taken()[0].text, HasSubstr("https://files.corp.test/curfew/monthly-2026-10.pdf"));
  EXPECT_THAT(server.taken()[0].text, Not(HasSubstr("application/pdf")));
  configure("formats: [csv], mail_to: [auditors]", mail(server, ", retry_after: 1m"));
  now_ = at("2026-12-05T00:00:00Z");
  server.fail_next("MAIL", "421 later");
  look();
  std::ofstream(file("monthly-2026-11.csv")) << "all is well\n";
  now_ += std::chrono::minutes(2);
  look();
  EXPECT_EQ(server.taken().size(), 1U);
  EXPECT_EQ(events().back(), "2026-11 failed");
}

TEST_F(Reports, ARealServerTakesThemOverTlsFromWhoSignsIn) {
  if (std::system("/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null") != 0)  // NOLINT(concurrency-mt-unsafe)
    GTEST_SKIP() << "python3-aiosmtpd is not installed";
  const std::string folder = folder_.path().string();
  const std::string made = "cd " + folder +
                           " && openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=localhost "
                           "-addext subjectAltName=DNS:localhost -keyout key -out pem >/dev/null 2>&1 && "
                           "openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=other -keyout key2 "
                           "-out pem2 >/dev/null 2>&1 && echo s3cret >password";
  ASSERT_EQ(std::system(made.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
  const std::string command =
      std::string("/usr/bin/python3 " CURFEW_SOURCE_DIR "/tests/integration/notify/smtp_server.py ") +
      folder + "/pem " + folder + "/key curfew s3cret " + folder + " 2>" + folder + "/smtp.log";
  FILE* server = popen(command.c_str(), "w");
  ASSERT_NE(server, nullptr);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!std::filesystem::exists(folder + "/port") && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // between two looks at the condition
  const auto mail = [&](const std::string& ca) {
    return "report_mail: {server: localhost, from: curfew@corp.test, user: curfew, password_file: " + folder +
           "/password, retry_after: 1m, ca_file: " + folder + "/" + ca +
           ", port: " + content(folder + "/port") + ", lists: [{name: auditors, to: [ann@corp.test]}]}\n";
  };
  configure("formats: [pdf], mail_to: [auditors]", mail("pem2"));
  look();
  now_ = at("2026-11-05T00:00:00Z");
  look();
  EXPECT_FALSE(std::filesystem::exists(folder + "/1.eml")) << "its certificate is not believed";
  configure("formats: [pdf], mail_to: [auditors]", mail("pem"));
  now_ += std::chrono::minutes(2);
  look();
  pclose(server);
  const std::string taken = content(folder + "/1.eml");
  EXPECT_THAT(taken, HasSubstr("X-To: ann@corp.test\nX-TLS: True")) << content(folder + "/smtp.log");
  EXPECT_THAT(taken, HasSubstr("monthly-2026-10.pdf"));
  EXPECT_FALSE(std::filesystem::exists(folder + "/2.eml"));
  EXPECT_EQ(events().back(), "2026-10 mailed");
}

TEST(ReportSchedule, FollowsTheCalendarOfItsZone) {
  struct Row {
    const char* period;
    const char* now;
    const char* label;
    const char* from;
    const char* to;
    const char* due;
  };
  for (const Row& row :
       std::vector<Row>{{"day", "2026-11-22T23:30:00Z", "2026-11-23", "2026-11-22T23:00:00Z",
                         "2026-11-23T23:00:00Z", "2026-11-24T05:00:00Z"},
                        {"day", "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-28T23:00:00Z",
                         "2026-03-29T22:00:00Z", "2026-03-30T04:00:00Z"},
                        {"week", "2027-01-03T12:00:00Z", "2026-W53", "2026-12-27T23:00:00Z",
                         "2027-01-03T23:00:00Z", "2027-01-04T05:00:00Z"},
                        {"month", "2026-10-31T22:59:59Z", "2026-10", "2026-09-30T22:00:00Z",
                         "2026-10-31T23:00:00Z", "2026-11-01T05:00:00Z"},
                        {"quarter", "2026-12-31T22:59:59Z", "2026-Q4", "2026-09-30T22:00:00Z",
                         "2026-12-31T23:00:00Z", "2027-01-01T05:00:00Z"}}) {
    ReportSettings settings;
    settings.period = row.period;
    settings.time_zone = "Europe/Berlin";
    const ReportPeriod period = period_at(settings, at(row.now));
    EXPECT_EQ(period.label, row.label);
    EXPECT_EQ(period.from, at(row.from)) << row.label;
    EXPECT_EQ(period.to, at(row.to)) << row.label;
    EXPECT_EQ(period.due, at(row.due)) << row.label;
  }
}

TEST(ReportConfiguration, SaysWhatIsWrongAndWhere) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      (void)parse_configuration("c.yaml", text);
      return "";
    } catch (const Error& wrong) {
      return wrong.what();
    }
  };
  const auto report = [&](const std::string& more) {
    return error("reports:\n  - {name: r, frameworks: [pci-dss], formats: [csv], " + more + "}\n");
  };
  EXPECT_EQ(report("period: week"), "");
  EXPECT_THAT(report("at: \"25:00\""), HasSubstr("c.yaml:2:"));
  EXPECT_THAT(report("at: \"25:00\""), HasSubstr("is no time of day"));
  EXPECT_THAT(report("time_zone: Mars/One"), HasSubstr("'Mars/One' is not known"));
  EXPECT_THAT(report("mail_to: [nobody]"), HasSubstr("is no list"));
  EXPECT_THAT(report("day: 29"), HasSubstr("28"));
  EXPECT_THAT(report("folder: reports"), HasSubstr("from the root on"));
  EXPECT_THAT(error("reports:\n  - {name: r, frameworks: [pci], formats: [csv]}\n"), HasSubstr("pci-dss"));
  EXPECT_THAT(error("reports:\n  - {name: r, frameworks: [all], formats: [docx]}\n"), HasSubstr("docx"));
  EXPECT_THAT(error("reports:\n  - {name: \"a\\nBcc: x@y\", frameworks: [all], formats: [csv]}\n"),
              HasSubstr("letters, digits"));
  const auto mail = [&](const std::string& more) { return error("report_mail: {" + more + "}\n"); };
  EXPECT_THAT(mail("from: a@b.test"), HasSubstr("needs a 'server'"));
  EXPECT_THAT(mail("server: mail.corp.test, from: a@b.test, tls: none"), HasSubstr("only to this machine"));
  EXPECT_THAT(mail("server: localhost, from: \"a@b.test\\r\\nBcc: c@d.test\""), HasSubstr("'from'"));
  EXPECT_THAT(mail("server: localhost, from: a@b.test, lists: [{name: l, to: [\"x@y.test> z\"]}]"),
              HasSubstr("is no mail address"));
  EXPECT_THAT(mail("server: localhost, from: a@b.test, user: u"), HasSubstr("go together"));
}

}  // namespace
}  // namespace curfew::app
