#include "running_server.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>

#include "core/api/metrics_page.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {
namespace {

const Time noon = base::parse_rfc3339("2026-11-20T12:00:00Z").value();

model::SessionRow session_row(model::SessionNumber number) {
  model::SessionRow row;
  row.number = number;
  row.source = number % 2 == 0 ? "crm-forms" : "corp-ad";
  row.session = model::parse_session_digest("000102030405060708090a0b0c0d0e0f").value();
  row.subject = model::Ref{0xabc0 + number};
  row.started_at = noon + std::chrono::minutes(number);
  if (number % 3 == 0) {
    row.state = model::SessionState::Ended;
    row.ended_at = row.started_at + std::chrono::hours(1);
    row.end_reason = model::EndReason::SignedOut;
    row.end_certainty = model::Certainty::Stated;
  }
  return row;
}

Token token(const char* name, Roles roles, const char* clear, std::vector<std::string> sources = {}) {
  return Token{name, roles, hash_of(clear), std::move(sources)};
}

std::shared_ptr<prometheus::Registry> some_metrics() {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("curfew_observations_total")
      .Help("Observations admitted.")
      .Register(*registry)
      .Add({{"source", "corp \"ad\"\\\n"}, {"type", "sign_in"}})
      .Increment(12345678);
  prometheus::BuildGauge()
      .Name("curfew_sessions_active")
      .Help("Sessions that live.")
      .Register(*registry)
      .Add({})
      .Set(3);
  prometheus::BuildHistogram()
      .Name("curfew_ledger_commit_seconds")
      .Help("Time of one commit.")
      .Register(*registry)
      .Add({}, prometheus::Histogram::BucketBoundaries{0.001, 0.01, 0.1})
      .Observe(0.004);
  return registry;
}

template <typename Row>
auto by_number(Backing& backing, const std::vector<Row>& rows) {
  return [&backing, &rows](std::uint64_t number) -> std::optional<Row> {
    const std::lock_guard lock(backing.mutex);
    for (const Row& row : rows) {
      if (row.number == number) return row;
    }
    return std::nullopt;
  };
}

template <typename Row, typename Keep>
std::vector<Row> page_of(const std::vector<Row>& rows, std::uint64_t after, std::size_t limit,
                         const Keep& keep) {
  std::vector<Row> page;
  for (const Row& row : rows) {
    if (row.number > after && page.size() < limit && keep(row)) page.push_back(row);
  }
  return page;
}

void fill(Backing& backing) {
  for (model::SessionNumber n = 1; n <= 250; ++n) backing.sessions.push_back(session_row(n));
  model::ViolationRow violation;
  violation.number = 1;
  violation.policy = "office-day";
  violation.session = 3;
  violation.subject = model::Ref{0xabc3};
  violation.source = "corp-ad";
  violation.breached_at = noon + std::chrono::hours(8);
  violation.detected_at = violation.breached_at;
  violation.evidence = R"({"limit":"8h","measured":"8h0m1s"})";
  violation.controls = {"nist-800-53:ac-12"};
  backing.violations = {violation};
  model::SignOutRow order;
  order.number = 1;
  order.session = 3;
  order.subject = model::Ref{0xabc3};
  order.source = "corp-ad";
  order.reason = "office-day";
  order.ordered_by = "policy";
  order.outcome = model::Outcome::Held;
  order.held_because = "approval";
  order.ordered_at = noon;
  order.trail = "[]";
  backing.sign_outs = {order};
}

void answer_reads(Services& services, Backing& backing) {
  services.sessions = [&backing](const store::SessionQuery& query) {
    const std::lock_guard lock(backing.mutex);
    if (backing.database_away) throw Error(ErrorKind::Unavailable, "the database at secret-host is away");
    return page_of(backing.sessions, query.after, query.limit, [&](const model::SessionRow& row) {
      return (!query.live_only || row.state != model::SessionState::Ended) &&
             (query.source.empty() || row.source == query.source) &&
             (!query.subject || row.subject == query.subject);
    });
  };
  services.session = by_number(backing, backing.sessions);
  services.subjects = [](const SubjectQuery& query) {
    std::vector<SubjectRow> rows;
    for (std::uint64_t bits = 1; bits <= 3; ++bits) {
      if (model::Ref{bits} > query.after && rows.size() < query.limit)
        rows.push_back({.subject = model::Ref{bits}});
    }
    return rows;
  };
  services.presences = [](const store::PresenceQuery& query) {
    std::vector<PresenceRow> rows;
    for (std::uint64_t bits = 1; bits <= 3; ++bits) {
      if (model::Ref{bits} > query.after.subject && rows.size() < query.limit)
        rows.push_back({.subject = model::Ref{bits},
                        .started_at = noon,
                        .sessions = 2,
                        .live_sessions = 1,
                        .sources = {"corp-ad", "crm"},
                        .applications = {"crm"}});
    }
    return rows;
  };
  services.violations = [&backing](const store::ViolationQuery& query) {
    const std::lock_guard lock(backing.mutex);
    return page_of(backing.violations, query.after, query.limit,
                   [&](const auto& row) { return query.policy.empty() || row.policy == query.policy; });
  };
  services.violation = by_number(backing, backing.violations);
  services.sign_outs = [&backing](const SignOutQuery& query) {
    const std::lock_guard lock(backing.mutex);
    return page_of(backing.sign_outs, query.after, query.limit, [&](const auto& row) {
      return (!query.outcome || row.outcome == *query.outcome) &&
             (!query.open_only || row.concluded_at == Time{});
    });
  };
  services.sign_out = by_number(backing, backing.sign_outs);
  services.sources = [] {
    SourceStatus status;
    status.name = "crm-forms";
    status.connector = "forms";
    status.state = "up";
    status.can = {model::Action::SignOutSession};
    status.coverage = R"({"records_total":7})";
    return std::vector<SourceStatus>{status};
  };
  services.scheduled_reports = [] {
    report::ScheduledReport report;
    report.name = "monthly";
    report.frameworks = {"pci-dss"};
    report.every = "month";
    report.time_zone = "Etc/UTC";
    report.formats = {"csv"};
    report.folder = "/srv/reports";
    report.mail_to = {"auditors"};
    report.next_period = "2026-11";
    report.next_due_at = noon;
    std::vector<report::ScheduledReport> reports{report, report};
    reports[1].last_run =
        report::ReportRun{.period = "2026-10",
                          .from = noon,
                          .to = noon,
                          .phase = "done",
                          .outcome = "mailed",
                          .at = noon,
                          .attempts = 1,
                          .next_attempt_at = {},
                          .files = {{"monthly-2026-10.csv", "csv", std::string(64, 'a'), 12}}};
    return reports;
  };
  // Larger than one chunk of an answer.
  services.bundle = [](const BundleOrder& order) {
    return "bundle for " + order.by + ": " + std::string(model::name_of(order.records)) +
           (order.names ? " with names" : "") + " since " + std::to_string(order.since) + " because " +
           order.reason + std::string(200'000, '\0');
  };
  services.compliance = [](const report::ComplianceRequest& request) {
    report::ComplianceReport report;
    report.version = "0.1.0";
    report.frameworks = request.frameworks;
    report.facts.period = {base::parse_rfc3339("2026-11-01T00:00:00Z").value(),
                           base::parse_rfc3339("2026-12-01T00:00:00Z").value()};
    report.facts.scope = request.scope;
    report.facts.generated_at = request.now;
    report.at = request.at;
    model::SessionRow row;
    row.number = 1;
    row.source = "crm-forms";
    row.subject = model::Ref{0xabc3};
    report.on = {row};
    report.on_total = 1;
    for (const report::Framework* framework : request.frameworks) {
      for (const report::Control& control : framework->controls) {
        report::ControlTally tally(*framework, control, report.facts);
        report.results.push_back(tally.conclude());
      }
    }
    return report;
  };
  services.policies = [] {
    return PoliciesView{std::string(64, 'a'), R"({"policies":[]})", {"Nothing is enforced."}};
  };
}

void answer_commands(Services& services, Backing& backing) {
  services.resolve = [&backing](std::string_view by, std::string_view reason,
                                const std::vector<model::Ref>& refs) {
    const std::lock_guard lock(backing.mutex);
    backing.accesses.push_back(std::string(by) + ": " + std::string(reason));
    std::vector<model::PersonalValue> values;
    for (const model::Ref ref : refs) {
      if (ref.bits != 404) values.push_back({ref, model::PersonalKind::Identifier, "upn", "alice@corp.test"});
    }
    return values;
  };
  services.find_subject = [](std::string_view, std::string_view, std::string_view value) {
    return value == "alice@corp.test" ? std::optional(model::Ref{0xabc3}) : std::nullopt;
  };
  services.find_device = [](std::string_view, std::string_view name) {
    return name == "ws-17" ? std::optional(model::Ref{0xd17}) : std::nullopt;
  };
  services.preview = [&backing](const model::CommandInput& command) {
    const std::lock_guard lock(backing.mutex);
    backing.previewed.push_back(command);
    model::Preview preview;
    preview.sessions = preview.people = preview.at_once = 1;
    preview.groups = {{"crm-forms", "sales", 1, 1}};
    preview.also = {{model::Action::SignOutSubject, "corp-ad", "mail", "", 2, 1}};
    preview.held = {{"cap", 1}};
    preview.not_judged = 1;
    preview.not_judged_at = {"crm-forms"};
    preview.listed = {{.number = 3, .source = "crm-forms", .started_at = noon, .held_because = "cap"}};
    return preview;
  };
  services.command = [&backing](const model::CommandInput& command) {
    const std::lock_guard lock(backing.mutex);
    backing.commands.push_back(command);
    if (command.reason == "refuse me") return CommandAnswer{false, "the account is protected", {}};
    return CommandAnswer{true, {}, {command.order != 0 ? command.order : 2}};
  };
  services.ingest = [&backing](
                        std::string_view source,
                        std::vector<model::Observation>&& observations) -> std::optional<IngestAnswer> {
    if (source != "crm-forms") return std::nullopt;
    const std::lock_guard lock(backing.mutex);
    IngestAnswer answer;
    answer.retry_after = std::chrono::milliseconds(2500);
    for (model::Observation& observation : observations) {
      if (!backing.durable) {
        answer.verdicts.push_back(Verdict::NotTaken);
      } else if (observation.key.starts_with("late")) {
        answer.verdicts.push_back(Verdict::TooLate);
      } else if (backing.keys[observation.key]++ > 0) {
        answer.verdicts.push_back(Verdict::Repeat);
      } else {
        backing.pushed.push_back(std::move(observation));
        answer.verdicts.push_back(Verdict::Taken);
      }
    }
    return answer;
  };
  services.digest_session = [](std::string_view source,
                               std::string_view id) -> std::optional<model::SessionDigest> {
    if (source != "crm-forms") return std::nullopt;
    return model::SessionDigest{base::keyed_digest("key", id)};
  };
  services.is_open = [](std::string_view source, std::string_view path) {
    return source == "crm-forms" && (path == "/signed/here" || path == "/some/thing");
  };
  services.source_http = [](std::string_view source, std::string_view method, std::string_view path,
                            std::string_view, std::string_view body,
                            const Fields& headers) -> std::optional<HttpReply> {
    if (source != "crm-forms") return std::nullopt;
    std::string text = std::string(method) + " " + std::string(path) + " " + std::string(body);
    for (const auto& [name, value] : headers) {
      if (name == "authorization") text += " with " + value;
    }
    return HttpReply{200, "text/plain", std::move(text), {}};
  };
}

void answer_ledger(Services& services) {
  services.streams = [] {
    return std::vector<StreamView>{
        {"curfew/main/n1/1", 1, 300, base::sha256("root"), "curfew/main/n1/1\n300\n", "k"}};
  };
  services.tile = [](std::int64_t, std::uint32_t level, std::uint64_t index,
                     std::uint32_t width) -> std::optional<std::string> {
    if (level > 0 || index > 1 || (index == 0) != (width == 256)) return std::nullopt;
    return std::string(std::size_t{width} * 32, 't');
  };
  services.entries = [](std::int64_t, std::uint64_t, std::uint32_t) {
    return std::optional<std::string>("entries");
  };
  services.inclusion = [](std::int64_t, std::uint64_t index, std::uint64_t size) {
    return std::optional(
        InclusionProof{index, size, base::sha256("leaf"), base::sha256("root"), {base::sha256("sibling")}});
  };
}

// What the transmitter itself answers is its own tests' matter: here, answers of the right form.
void answer_signals(Services& services) {
  services.shared_signals = [](const outlet::Question& question) -> outlet::Reply {
    using outlet::Call;
    const std::string stream =
        R"({"stream_id":"stream-1","iss":"https://c","aud":["r"],"delivery":{"method":"m","endpoint_url":"u"},)"
        R"("events_supported":[],"events_delivered":[],"min_verification_interval":10})";
    switch (question.what) {
      case Call::Metadata:
        return {.status = 200,
                .body =
                    R"({"spec_version":"1_0","issuer":"https://c","jwks_uri":"j",)"
                    R"("delivery_methods_supported":[],"configuration_endpoint":"s","status_endpoint":"t",)"
                    R"("verification_endpoint":"v","add_subject_endpoint":"a","remove_subject_endpoint":"d",)"
                    R"("authorization_schemes":[],"default_subjects":"ALL"})",
                .detail = {}};
      case Call::Keys:
        return {.status = 200, .body = R"({"keys":[]})", .detail = {}};
      case Call::AddSubject:
        return {.status = 200, .body = {}, .detail = {}};
      case Call::DeleteStream:
      case Call::RemoveSubject:
      case Call::Verify:
        return {.status = 204, .body = {}, .detail = {}};
      case Call::ReadStatus:
      case Call::SetStatus:
        return {.status = 200, .body = R"({"stream_id":"stream-1","status":"enabled"})", .detail = {}};
      case Call::Poll:
        return {.status = 200, .body = R"({"sets":{},"moreAvailable":false})", .detail = {}};
      case Call::CreateStream:
        return {.status = 201, .body = stream, .detail = {}};
      default:
        return {.status = 200, .body = stream, .detail = {}};
    }
  };
}

}  // namespace

RunningServer::RunningServer() {
  fill(backing_);
  answer_reads(services_, backing_);
  answer_commands(services_, backing_);
  answer_ledger(services_);
  answer_signals(services_);
  services_.ready = [this] {
    return std::vector<ReadyCheck>{{"database", backing_.ready, backing_.ready ? "there" : "away"}};
  };
  services_.metrics = [registry = some_metrics()] { return render_metrics(*registry); };
}

RunningServer::~RunningServer() {
  broadcast_.close();
  if (operator_) operator_->stop();
  if (sources_) sources_->stop();
}

namespace {
Tokens known_tokens() {
  return Tokens({token("root", role_bit(Role::Admin), RunningServer::admin),
                 token("dashboard", role_bit(Role::Viewer), RunningServer::viewer),
                 token("crm", role_bit(Role::Ingest), RunningServer::pusher, {"crm-forms"}),
                 token("receiver", role_bit(Role::Receiver), RunningServer::receiver)});
}
}  // namespace

Server& RunningServer::start_operator(ServerSettings settings, RateLimitSettings rate) {
  settings.address = "127.0.0.1:0";
  operator_ = std::make_unique<Server>(settings);
  operator_->start(
      Dispatcher(operator_routes(services_, broadcast_), known_tokens(), rate, [this](std::string_view text) {
        const std::lock_guard lock(log_mutex_);
        log_.emplace_back(text);
      }));
  return *operator_;
}

Server& RunningServer::start_sources() {
  ServerSettings settings;
  settings.name = "sources";
  settings.address = "127.0.0.1:0";
  sources_ = std::make_unique<Server>(settings);
  sources_->start(Dispatcher(source_routes(services_), known_tokens(), {}, {}));
  return *sources_;
}

Reply RunningServer::ask(const Server& server, const std::string& method, const std::string& path,
                         const std::string& token, const std::string& body, const std::string& content_type,
                         const std::map<std::string, std::string>& headers) {
  Poco::Net::HTTPClientSession session("127.0.0.1", server.port());
  session.setTimeout(Poco::Timespan(20, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  if (!token.empty()) request.set("Authorization", "Bearer " + token);
  for (const auto& [name, value] : headers) request.set(name, value);
  if (method != "GET" && method != "HEAD") {
    request.setContentType(content_type);
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
  }
  std::ostream& out = session.sendRequest(request);
  out << body << std::flush;
  Poco::Net::HTTPResponse response;
  std::istream& in = session.receiveResponse(response);
  Reply reply;
  reply.status = response.getStatus();
  Poco::StreamCopier::copyToString(in, reply.body);
  for (const auto& [name, value] : response) reply.headers[base::to_lower_ascii(name)] = value;
  return reply;
}

}  // namespace curfew::api
