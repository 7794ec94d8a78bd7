// GET /api/v1/reports/compliance: the compliance report, made for this request. GET
// /api/v1/reports/scheduled: those that the daemon makes by itself.
#include <memory>

#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/api/sign_out_body.hpp"
#include "core/base/error.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/compliance_reading.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::api {
namespace {

constexpr Roles readers =
    role_bit(Role::Viewer) | role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);

report::ComplianceRequest request_of(const Request& request) {
  report::ComplianceRequest asked;
  const std::string framework = text_parameter(request, "framework");
  try {
    asked.frameworks = report::frameworks_of(framework.empty() ? "all" : framework);
  } catch (const Error& error) {
    throw Problem(400, "bad parameter", std::string("framework: ") + error.what());
  }
  asked.from = time_parameter(request, "from");
  asked.to = time_parameter(request, "to");
  asked.at = time_parameter(request, "at");
  if (const std::string source = text_parameter(request, "source"); !source.empty())
    asked.scope.sources = {source};
  if (const std::string application = text_parameter(request, "application"); !application.empty())
    asked.scope.applications = {application};
  if (const auto type = name_parameter<model::AccountType>(request, "account_type"))
    asked.scope.account_types = {*type};
  asked.now = base::wall_clock_now();
  return asked;
}

// Refused before the report is made: it is work.
std::string reason_for_names(const Services& services, const Request& request) {
  if ((request.token->roles & names_readers) == 0)
    throw Problem(403, "not allowed",
                  "the token '" + request.token->name +
                      "' may not see names: ask without names, or with the role auditor, operator or admin");
  if (!services.resolve) throw Problem(501, "not here", "this server can't resolve names");
  const std::string reason = text_parameter(request, "reason");
  if (reason.empty() || reason.size() > max_reason)
    throw Problem(400, "bad parameter",
                  "reason: names need one, of at most 512 bytes; it goes into the ledger");
  return reason;
}

// Records and their proofs leave the house: for who may read the ledger.
constexpr Roles bundle_readers = role_bit(Role::Auditor) | role_bit(Role::Admin);

Response report_bundle(const Services& services, const Request& request) {
  if ((request.token->roles & bundle_readers) == 0)
    throw Problem(403, "not allowed",
                  "the token '" + request.token->name +
                      "' may not read records: an evidence bundle is for the roles auditor and admin");
  if (!services.bundle) throw Problem(501, "not here", "this server makes no evidence bundles");
  BundleOrder order;
  order.request = request_of(request);
  order.records = name_parameter<report::BundleRecords>(request, "records").value_or(order.records);
  order.names = flag_parameter(request, "names", false);
  order.since = number_parameter(request, "since", 0, INT64_MAX);
  order.by = request.token->name;
  order.reason = order.names ? reason_for_names(services, request) : text_parameter(request, "reason");
  if (order.reason.size() > max_reason) throw Problem(400, "bad parameter", "reason: at most 512 bytes");
  const auto bundle = std::make_shared<const std::string>(services.bundle(order));
  Response response;
  response.content_type = "application/x-tar";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"curfew-evidence.tar\"");
  response.stream = [bundle](const WriteChunk& write) {
    constexpr std::size_t chunk = 64U << 10U;
    for (std::size_t at = 0; at < bundle->size(); at += chunk) {
      if (!write(std::string_view(*bundle).substr(at, chunk))) return;
    }
  };
  return response;
}

Response report_compliance(const Services& services, const Request& request) {
  if (!services.compliance) throw Problem(501, "not here", "this server doesn't offer this");
  refuse_unknown_parameters(request, {"framework", "from", "to", "source", "application", "account_type",
                                      "at", "format", "names", "reason", "records", "since"});
  const std::string said = text_parameter(request, "format");
  if (said == "bundle") return report_bundle(services, request);
  const report::ComplianceFormat* format = report::find_format(said.empty() ? "json" : said);
  if (format == nullptr)
    throw Problem(400, "bad parameter", "format: must be bundle, " + report::format_names());
  const report::ComplianceRequest asked = request_of(request);
  const bool with_names = flag_parameter(request, "names", false);
  const std::string reason = with_names ? reason_for_names(services, request) : std::string{};
  report::ComplianceReport report = services.compliance(asked);
  if (with_names) {
    const std::vector<model::Ref> refs = report::references_in(report);
    if (!refs.empty()) {
      for (model::PersonalValue& value : services.resolve(request.token->name, reason, refs))
        report.names.emplace(value.ref, std::move(value.value));
    }
  }
  Response response;
  response.content_type = format->content_type;
  response.body = report::render(report, *format);
  return response;
}

Response list_scheduled_reports(const Services& services, const Request& request) {
  if (!services.scheduled_reports) throw Problem(501, "not here", "this server doesn't offer this");
  refuse_unknown_parameters(request, {});
  std::string out;
  report::JsonWriter json(out);
  json.begin_object().begin_array("reports");
  for (const report::ScheduledReport& one : services.scheduled_reports()) report::write(json, one);
  json.end().end();
  return json_response(200, std::move(out));
}

}  // namespace

void add_report_routes(Router& router, const Services& services) {
  router.add("GET", "/api/v1/reports/compliance", readers,
             [&services](const Request& request) { return report_compliance(services, request); });
  router.add("GET", "/api/v1/reports/scheduled", readers,
             [&services](const Request& request) { return list_scheduled_reports(services, request); });
}

}  // namespace curfew::api
