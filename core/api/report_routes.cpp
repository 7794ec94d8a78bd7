// GET /api/v1/reports/compliance: the compliance report, made for this request.
#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/api/sign_out_body.hpp"
#include "core/base/error.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/compliance_reading.hpp"

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

Response report_compliance(const Services& services, const Request& request) {
  if (!services.compliance) throw Problem(501, "not here", "this server doesn't offer this");
  refuse_unknown_parameters(request, {"framework", "from", "to", "source", "application", "account_type",
                                      "at", "format", "names", "reason"});
  const std::string said = text_parameter(request, "format");
  const report::ComplianceFormat* format = report::find_format(said.empty() ? "json" : said);
  if (format == nullptr) throw Problem(400, "bad parameter", "format: must be " + report::format_names());
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

}  // namespace

void add_report_routes(Router& router, const Services& services) {
  router.add("GET", "/api/v1/reports/compliance", readers,
             [&services](const Request& request) { return report_compliance(services, request); });
}

}  // namespace curfew::api
