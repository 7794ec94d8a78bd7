// Scheduled reports as they are configured.
#include <algorithm>
#include <set>

#include "core/app/configuration.hpp"
#include "core/app/notice_delivery.hpp"
#include "core/app/report_schedule.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/error.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/compliance_reading.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t most_reports = 64;
constexpr std::size_t most_lists = 64;
constexpr std::size_t most_recipients = 50;

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

bool is_clock(const std::string& text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  return text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4) &&
         text.substr(0, 2) < "24" && text[3] < '6';
}

class Check {
 public:
  explicit Check(const Settings& settings) : settings_(settings) {}

  void mail() {
    const ReportMailSettings& mail = settings_.report_mail;
    if (mail.server.empty()) {
      if (!mail.from.empty() || !mail.user.empty() || !mail.lists.empty())
        fail("report_mail", "mail needs a 'server'");
      return;
    }
    if (!is_mail_address(mail.from)) fail("report_mail.from", "mail needs a 'from' that is an address");
    if (mail.tls == "none" && !is_loopback_host(mail.server))
      fail("report_mail.tls", "reports could be read on the way: without TLS only to this machine");
    const bool has_password = !mail.password_file.empty() || !mail.password_env.empty();
    if (has_password == mail.user.empty()) fail("report_mail.user", "a user and a password go together");
    if (!mail.password_file.empty() && !mail.password_env.empty())
      fail("report_mail.password_env", "give the password by file or by environment variable, not both");
    if (std::any_of(mail.link.begin(), mail.link.end(), [](char c) { return c <= 0x20 || c >= 0x7F; }))
      fail("report_mail.link", "must be a URL without blanks, like https://files.corp.test/curfew/");
    if (mail.lists.size() > most_lists)
      fail("report_mail.lists", "more than " + std::to_string(most_lists) + " lists");
    for (std::size_t i = 0; i < mail.lists.size(); ++i)
      list(mail.lists[i], "report_mail.lists[" + std::to_string(i) + "]");
  }

  void report(std::size_t index) {
    const ReportSettings& report = settings_.reports[index];
    const std::string path = "reports[" + std::to_string(index) + "]";
    if (index == most_reports) fail(path, "more than " + std::to_string(most_reports) + " reports");
    if (!is_name(report.name)) fail(path + ".name", "must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!names_.insert(report.name).second) fail(path + ".name", "'" + report.name + "' is there already");
    if (report.frameworks.empty()) fail(path, "a report needs 'frameworks'");
    for (const std::string& framework : report.frameworks)
      at(path + ".frameworks", [&] { (void)report::frameworks_of(framework); });
    if (!is_clock(report.at))
      fail(path + ".at", "'" + report.at + "' is no time of day: write it like \"06:00\"");
    at(path + ".time_zone", [&] { (void)period_at(report, base::from_micros(0)); });
    if (report.formats.empty()) fail(path, "a report needs 'formats'");
    std::set<std::string> formats;
    for (const std::string& format : report.formats) {
      if (report::find_format(format) == nullptr)
        fail(path + ".formats", "'" + format + "' is none of " + report::format_names());
      if (!formats.insert(format).second) fail(path + ".formats", "'" + format + "' stands there twice");
    }
    if (!report.folder.empty() && report.folder.front() != '/')
      fail(path + ".folder", "must be a path from the root on");
    for (const std::string& name : report.mail_to) {
      if (!lists_.contains(name)) fail(path + ".mail_to", "'" + name + "' is no list of report_mail.lists");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& text) const {
    throw error_at(settings_.marks, path, text);
  }
  template <typename Try>
  void at(const std::string& path, const Try& attempt) const {
    try {
      attempt();
    } catch (const Error& error) {
      fail(path, error.what());
    }
  }
  void list(const RecipientList& list, const std::string& path) {
    if (!is_name(list.name)) fail(path + ".name", "must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!lists_.insert(list.name).second) fail(path + ".name", "'" + list.name + "' is there already");
    if (list.to.empty() || list.to.size() > most_recipients)
      fail(path + ".to", "a list needs 1 to " + std::to_string(most_recipients) + " addresses");
    for (const std::string& address : list.to) {
      if (!is_mail_address(address)) fail(path + ".to", "'" + address + "' is no mail address");
    }
  }

  const Settings& settings_;
  std::set<std::string> names_;
  std::set<std::string> lists_;
};

}  // namespace

void check_reports(const Settings& settings) {
  Check check(settings);
  check.mail();
  for (std::size_t i = 0; i < settings.reports.size(); ++i) check.report(i);
}

}  // namespace curfew::app
