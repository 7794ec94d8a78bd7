#include <set>

#include "core/api/parameters.hpp"
#include "core/api/routes.hpp"
#include "core/api/sign_out_body.hpp"
#include "core/report/rows_json.hpp"
#include "core/report/sign_out_report.hpp"

namespace curfew::api {
namespace {

using report::JsonWriter;

constexpr Roles readers =
    role_bit(Role::Viewer) | role_bit(Role::Auditor) | role_bit(Role::Operator) | role_bit(Role::Admin);

// A page: {"<name>":[…],"next":"…"}; `next` is null on the last page, else the value for `after`.
template <typename Row, typename Write, typename Place>
Response page(std::string_view name, const std::vector<Row>& rows, std::size_t limit, const Write& write_row,
              const Place& place) {
  std::string out;
  JsonWriter json(out);
  const std::size_t shown = std::min(rows.size(), limit);
  json.begin_object().begin_array(name);
  for (std::size_t i = 0; i < shown; ++i) write_row(json, rows[i]);
  json.end();
  rows.size() > limit ? json.text("next", place(rows[shown - 1])) : json.raw("next", "null");
  json.end();
  return json_response(200, std::move(out));
}

std::string number_place(std::uint64_t number) { return std::to_string(number); }

Response list_sessions(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {"live", "source", "subject", "from", "to", "after", "limit"});
  const std::size_t limit = page_limit(request);
  store::SessionQuery query;
  query.live_only = flag_parameter(request, "live", false);
  query.source = text_parameter(request, "source");
  query.subject = ref_parameter(request, "subject");
  query.from = time_parameter(request, "from");
  query.to = time_parameter(request, "to");
  query.after = number_parameter(request, "after", 0, INT64_MAX);
  query.limit = limit + 1;  // one more tells whether there is another page
  return page(
      "sessions", services.sessions(query), limit,
      [](JsonWriter& json, const model::SessionRow& row) { report::write(json, row); },
      [](const model::SessionRow& row) { return number_place(row.number); });
}

Response list_violations(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {"policy", "subject", "from", "to", "withdrawn", "after", "limit"});
  const std::size_t limit = page_limit(request);
  store::ViolationQuery query;
  query.policy = text_parameter(request, "policy");
  query.subject = ref_parameter(request, "subject");
  query.from = time_parameter(request, "from");
  query.to = time_parameter(request, "to");
  query.include_withdrawn = flag_parameter(request, "withdrawn", true);
  query.after = number_parameter(request, "after", 0, INT64_MAX);
  query.limit = limit + 1;
  return page(
      "violations", services.violations(query), limit,
      [](JsonWriter& json, const model::ViolationRow& row) { report::write(json, row); },
      [](const model::ViolationRow& row) { return number_place(row.number); });
}

Response list_sign_outs(const Services& services, const Request& request) {
  refuse_unknown_parameters(
      request, {"outcome", "policy", "session", "subject", "from", "to", "open", "held", "after", "limit"});
  const std::size_t limit = page_limit(request);
  SignOutQuery query;
  query.outcome = name_parameter<model::Outcome>(request, "outcome");
  query.policy = text_parameter(request, "policy");
  query.session = number_parameter(request, "session", 0, INT64_MAX);
  query.subject = ref_parameter(request, "subject");
  query.from = time_parameter(request, "from");
  query.to = time_parameter(request, "to");
  query.open_only = flag_parameter(request, "open", false);
  query.held_only = flag_parameter(request, "held", false);
  query.after = number_parameter(request, "after", 0, INT64_MAX);
  query.limit = limit + 1;
  return page(
      "sign_outs", services.sign_outs(query), limit,
      [](JsonWriter& json, const model::SignOutRow& row) { report::write(json, row); },
      [](const model::SignOutRow& row) { return number_place(row.number); });
}

// Who they are about, for who may know: recorded, with the reason, before anything is told.
report::Names names_in(const Services& services, const Request& request,
                       const std::vector<model::SignOutRow>& rows) {
  if ((request.token->roles & names_readers) == 0)
    throw Problem(403, "not allowed",
                  "the token '" + request.token->name +
                      "' may not see names: ask without names, or with the role auditor, operator or admin");
  if (!services.resolve) throw Problem(501, "not here", "this server can't resolve names");
  const std::string reason = text_parameter(request, "reason");
  if (reason.empty() || reason.size() > max_reason)
    throw Problem(400, "bad parameter",
                  "reason: names need one, of at most 512 bytes; it goes into the ledger");
  std::set<model::Ref> subjects;
  for (const model::SignOutRow& row : rows) {
    if (row.subject) subjects.insert(row.subject);
  }
  report::Names names;
  if (subjects.empty()) return names;
  for (model::PersonalValue& value :
       services.resolve(request.token->name, reason, {subjects.begin(), subjects.end()}))
    names.emplace(value.ref, std::move(value.value));
  return names;
}

// A report of a bounded number of sign-outs: what is left out is said in it.
Response report_sign_outs(const Services& services, const Request& request) {
  constexpr std::size_t most = 10'000;
  refuse_unknown_parameters(request, {"from", "to", "format", "names", "reason"});
  const bool with_names = flag_parameter(request, "names", false);
  SignOutQuery query;
  query.from = time_parameter(request, "from");
  query.to = time_parameter(request, "to");
  query.limit = most + 1;
  const std::string format = text_parameter(request, "format");
  if (!format.empty() && format != "html" && format != "json")
    throw Problem(400, "bad parameter", "format: must be html or json");
  report::SignOutReport report;
  report.version = CURFEW_VERSION;
  report.generated_at = base::wall_clock_now();
  report.from = query.from;
  report.to = query.to;
  report.rows = services.sign_outs(query);
  report.cut = report.rows.size() > most;
  if (report.cut) report.rows.resize(most);
  if (with_names) report.names = names_in(services, request, report.rows);
  if (format != "html") return json_response(200, report::to_json(report));
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = report::to_html(report);
  return response;
}

Response list_subjects(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {"live", "after", "limit"});
  const std::size_t limit = page_limit(request);
  SubjectQuery query;
  query.live_only = flag_parameter(request, "live", false);
  query.after = ref_parameter(request, "after");
  query.limit = limit + 1;
  return page(
      "subjects", services.subjects(query), limit,
      [](JsonWriter& json, const SubjectRow& row) { report::write(json, row); },
      [](const SubjectRow& row) { return model::to_text(row.subject); });
}

// "<subject>.<microseconds since 1970>": after it comes the next page.
store::PresencePlace presence_place(const Request& request) {
  const std::string text = text_parameter(request, "after");
  if (text.empty()) return {};
  const std::size_t dot = text.find('.');
  const auto subject = model::parse_ref(std::string_view(text).substr(0, dot));
  const auto micros =
      dot == std::string::npos ? std::nullopt : parse_number(std::string_view(text).substr(dot + 1));
  if (!subject || !micros || *micros > INT64_MAX)
    throw Problem(400, "bad parameter", "after: must be the `next` of the page before");
  return {*subject, base::from_micros(static_cast<std::int64_t>(*micros))};
}

Response list_presences(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {"live", "subject", "from", "to", "after", "limit"});
  const std::size_t limit = page_limit(request);
  store::PresenceQuery query;
  query.live_only = flag_parameter(request, "live", false);
  query.subject = ref_parameter(request, "subject");
  query.from = time_parameter(request, "from");
  query.to = time_parameter(request, "to");
  query.after = presence_place(request);
  query.limit = limit + 1;
  return page(
      "presences", services.presences(query), limit,
      [](JsonWriter& json, const PresenceRow& row) { report::write(json, row); },
      [](const PresenceRow& row) {
        return model::to_text(row.subject) + "." + std::to_string(base::to_micros(row.started_at));
      });
}

Response list_sources(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {});
  std::string out;
  JsonWriter json(out);
  json.begin_object().begin_array("sources");
  for (const SourceStatus& source : services.sources()) report::write(json, source);
  json.end().end();
  return json_response(200, std::move(out));
}

Response show_source(const Services& services, const Request& request) {
  for (const SourceStatus& source : services.sources()) {
    if (source.name != request.capture("source")) continue;
    return json_response(200, report::to_json(source));
  }
  throw Problem(404, "no such source",
                "there is no source called '" + std::string(request.capture("source")) + "'");
}

Response show_policies(const Services& services, const Request& request) {
  refuse_unknown_parameters(request, {});
  const PoliciesView view = services.policies();
  std::string out;
  JsonWriter json(out);
  json.begin_object().text("digest", view.digest).texts("sentences", view.sentences);
  json.raw("policies", report::checked_json(view.json)).end();
  return json_response(200, std::move(out));
}

// One row by its number in the path.
template <typename Find>
Handler show_one(const Find& find, std::string_view what) {
  return [&find, what = std::string(what)](const Request& request) {
    if (!find) throw Problem(501, "not here", "this server doesn't keep any " + what);
    const std::uint64_t number = number_in_path(request, "number");
    const auto row = find(number);
    if (!row) throw Problem(404, "no such " + what, "there is no " + what + " " + std::to_string(number));
    return json_response(200, report::to_json(*row));
  };
}

template <typename Function, typename Handle>
Handler needing(const Function& function, const Services& services, Handle handle) {
  return [&function, &services, handle](const Request& request) {
    if (!function) throw Problem(501, "not here", "this server doesn't offer this");
    return handle(services, request);
  };
}

}  // namespace

void add_reading_routes(Router& router, const Services& services) {
  router.add("GET", "/api/v1/sessions", readers, needing(services.sessions, services, list_sessions));
  router.add("GET", "/api/v1/sessions/{number}", readers, show_one(services.session, "session"));
  router.add("GET", "/api/v1/subjects", readers, needing(services.subjects, services, list_subjects));
  router.add("GET", "/api/v1/presences", readers, needing(services.presences, services, list_presences));
  router.add("GET", "/api/v1/violations", readers, needing(services.violations, services, list_violations));
  router.add("GET", "/api/v1/violations/{number}", readers, show_one(services.violation, "violation"));
  router.add("GET", "/api/v1/sign-outs", readers, needing(services.sign_outs, services, list_sign_outs));
  router.add("GET", "/api/v1/sign-outs/{number}", readers, show_one(services.sign_out, "sign-out"));
  router.add("GET", "/api/v1/reports/sign-outs", readers,
             needing(services.sign_outs, services, report_sign_outs));
  router.add("GET", "/api/v1/sources", readers, needing(services.sources, services, list_sources));
  router.add("GET", "/api/v1/sources/{source}", readers, needing(services.sources, services, show_source));
  router.add("GET", "/api/v1/policies", readers, needing(services.policies, services, show_policies));
}

Router operator_routes(const Services& services, Broadcast& broadcast) {
  Router router;
  add_health_routes(router, services);
  add_metrics_route(router, services);
  add_reading_routes(router, services);
  add_report_routes(router, services);
  add_command_routes(router, services);
  add_ledger_routes(router, services);
  add_ingest_routes(router, services);
  add_stream_route(router, broadcast, services);
  return router;
}

Router source_routes(const Services& services) {
  Router router;
  add_health_routes(router, services);
  add_ingest_routes(router, services);
  add_source_passage(router, services);
  add_signal_routes(router, services);
  return router;
}

}  // namespace curfew::api
