// A scheduled report is mailed: to whom, and what becomes of it, once each.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/app/report_files.hpp"
#include "core/app/scheduled_reports.hpp"
#include "core/base/digest.hpp"
#include "core/base/kill_point.hpp"
#include "core/metrics/definitions.hpp"
#include "core/report/compliance_formats.hpp"

namespace curfew::app {

using metrics::OutletOutcome;
using nlohmann::json;

namespace {

constexpr Duration longest_pause = std::chrono::hours(4);

}  // namespace

std::vector<std::string> ScheduledReports::recipients_of(const ReportSettings& report) const {
  std::set<std::string> to;
  for (const RecipientList& list : mail_.lists) {
    if (std::find(report.mail_to.begin(), report.mail_to.end(), list.name) != report.mail_to.end())
      to.insert(list.to.begin(), list.to.end());
  }
  return {to.begin(), to.end()};
}

ReportMail ScheduledReports::mail_of(const ReportSettings& report, const ReportState& state) const {
  ReportMail mail;
  mail.from = mail_.from;
  mail.subject = "Curfew report " + report.name + ", " + state.period;
  mail.id = base::to_hex(base::sha256(realm_ + "/" + report.name + "/" + state.period)).substr(0, 32);
  return mail;
}

void ScheduledReports::send(const ReportSettings& report, ReportState& state) {
  if (report.mail_to.empty()) {
    end(report, state, "made");
    return;
  }
  ReportMail mail = mail_of(report, state);
  const std::string folder = report_folder(report, data_);
  mail.text = read_report_file(folder + "/" + report_file(report.name, state.period, report_text_ending));
  std::uint64_t bytes = 0;
  for (const report::ReportFile& file : state.files) bytes += file.bytes;
  const bool attached = bytes <= std::uint64_t{mail_.largest_kib} * 1024;
  if (!attached) {
    mail.text += "\nThe files are too large for a mail. They are here:\n";
    for (const report::ReportFile& file : state.files)
      mail.text += "  " + (mail_.link.empty() ? folder + "/" : mail_.link) + file.name + "\n";
  }
  for (const report::ReportFile& file : state.files) {
    if (!attached) break;
    std::string content = read_report_file(folder + "/" + file.name);
    if (base::to_hex(base::sha256(content)) != file.sha256) {
      end_without_mail(report, state, OutletOutcome::Failed,
                       file.name + " is not what was made any more: it is not mailed");
      return;
    }
    mail.attachments.push_back(
        {file.name, std::string(report::find_format(file.format)->content_type), std::move(content)});
  }
  for (const std::string& address : recipients_of(report)) {
    if (!state.told.contains(state.digest_of(address))) mail.to.push_back(address);
  }
  if (mail.to.empty()) {
    end(report, state, "mailed");
    return;
  }
  ++state.attempts;
  const ReportDelivery delivery = mail_report(server_, mail, [&] {
    ReportState sending = state;
    sending.phase = "sending";
    save(report, sending);
  });
  conclude(report, state, delivery);
}

void ScheduledReports::conclude(const ReportSettings& report, ReportState& state,
                                const ReportDelivery& delivery) {
  for (const std::string& address : delivery.accepted) state.told.insert(state.digest_of(address));
  for (const std::string& address : delivery.refused) state.told.insert(state.digest_of(address));
  if (delivery.end == ReportDelivery::End::Taken) {
    record(report, state, "mailed", [&](std::string& facts) {
      facts += ",\"accepted\":" + std::to_string(delivery.accepted.size()) +
               ",\"refused\":" + std::to_string(delivery.refused.size());
    });
    base::kill_point("report.mail_recorded");
    count(report, OutletOutcome::Delivered);
  } else if (delivery.end == ReportDelivery::End::InDoubt) {
    end_in_doubt(report, state, delivery.text);
    return;
  } else {
    if (ground_.metrics != nullptr)
      ground_.metrics->counter(metrics::outlet_failures, {"report/" + report.name}).add();
    ground_.log->warning("a scheduled report could not be mailed",
                         {{"report", report.name},
                          {"period", state.period},
                          {"attempt", std::to_string(state.attempts)},
                          {"reason", delivery.text}});
  }
  const std::vector<std::string> all = recipients_of(report);
  const bool all_told = std::all_of(all.begin(), all.end(), [&](const std::string& address) {
    return state.told.contains(state.digest_of(address));
  });
  if (all_told && delivery.end == ReportDelivery::End::Taken) {
    end(report, state, "mailed");
  } else if (all_told || delivery.end == ReportDelivery::End::Refused || state.attempts >= mail_.attempts) {
    end_without_mail(report, state, OutletOutcome::Failed, delivery.text);
  } else {
    Duration pause = mail_.retry_after;
    for (std::uint32_t i = 1; i < state.attempts && pause < longest_pause; ++i) pause *= 2;
    state.next = ground_.now() + std::min(pause, longest_pause);
    state.phase = "made";
    save(report, state);
  }
}

// The daemon was ended between the last byte and its answer, or between the answer and this.
void ScheduledReports::settle_doubt(const ReportSettings& report, ReportState& state) {
  for (const std::string& facts : ground_.recorded_since(report.name)) {
    const json said = json::parse(facts, nullptr, false);
    if (said.is_object() && said.value("report", "") == report.name &&
        said.value("period", "") == state.period && said.value("event", "") == "mailed") {
      end(report, state, "mailed");
      return;
    }
  }
  end_in_doubt(report, state, "the daemon was ended while the mail's answer was awaited");
}

void ScheduledReports::end_in_doubt(const ReportSettings& report, ReportState& state,
                                    const std::string& text) {
  end_without_mail(report, state, OutletOutcome::InDoubt,
                   text + "; it is not sent again: look for the message " + mail_of(report, state).id +
                       " in the mail server's log, or forward the files");
}

}  // namespace curfew::app
