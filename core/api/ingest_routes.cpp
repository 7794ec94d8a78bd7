#include <algorithm>
#include <array>

#include "core/api/ingest.hpp"
#include "core/api/routes.hpp"
#include "core/base/text.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::api {
namespace {

constexpr std::array<std::string_view, 6> verdict_names{"taken",   "repeat",    "too_late",
                                                        "invalid", "too_large", "not_taken"};
std::string_view name_of(Verdict verdict) { return verdict_names[static_cast<std::size_t>(verdict)]; }

std::string no_such_source(std::string_view source) {
  return "no source called '" + std::string(source) +
         "' takes pushes; 'ingest: true' in its configuration allows them";
}

std::string refused_list(const std::vector<Verdict>& verdicts) {
  std::string out;
  report::JsonWriter json(out);
  json.begin_array();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i] == Verdict::Taken || verdicts[i] == Verdict::Repeat) continue;
    json.begin_object().number("index", i).text("reason", name_of(verdicts[i])).end();
  }
  json.end();
  return out;
}

Response answer_for(const IngestAnswer& answer) {
  const auto count = [&](Verdict verdict) {
    return static_cast<std::size_t>(std::count(answer.verdicts.begin(), answer.verdicts.end(), verdict));
  };
  const std::size_t all = answer.verdicts.size();
  const std::size_t taken = count(Verdict::Taken);
  const std::size_t repeated = count(Verdict::Repeat);
  const std::size_t not_taken = count(Verdict::NotTaken);
  if (not_taken > 0) {
    Problem problem(503, "not durable yet",
                    std::to_string(not_taken) + " of " + std::to_string(all) +
                        " observations could not be made durable; send all of them again, what was taken is "
                        "recognised by its key");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(answer.retry_after).count();
    problem.retry_after = static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, 3600));
    throw problem;
  }
  const std::string refused = refused_list(answer.verdicts);
  if (taken + repeated == 0) {
    const bool large = count(Verdict::TooLarge) == all;
    Problem problem(large ? 413 : 422, large ? "observation too large" : "nothing was taken",
                    "each observation was refused; 'refused' says why");
    problem.extension = "\"refused\":" + refused;
    if (all == 1) problem.index = 0;
    throw problem;
  }
  std::string out;
  report::JsonWriter json(out);
  json.begin_object().number("taken", taken).number("repeated", repeated).raw("refused", refused).end();
  return json_response(202, std::move(out));
}

Response ingest(const Services& services, const Request& request, const IngestLimits& limits) {
  const std::string source(request.capture("source"));
  if (!request.token->may_push_to(source)) {
    throw Problem(403, "not allowed",
                  "the token '" + request.token->name + "' may not push to '" + source + "'");
  }
  if (!services.ingest || !services.digest_session)
    throw Problem(501, "not here", "this listener takes no pushes");
  const std::string_view type = request.header("content-type");
  const bool lines = base::to_lower_ascii(type).find("ndjson") != std::string::npos;
  // Before any parsing: a push to nowhere should not cost more than its rejection.
  if (!services.digest_session(source, "")) throw Problem(404, "no such source", no_such_source(source));
  const DigestSession digest = [&](std::string_view id) {
    const auto value = services.digest_session(source, id);
    if (!value) throw Problem(404, "no such source", no_such_source(source));
    return *value;
  };
  const auto answer = services.ingest(
      source, parse_observations(request.body, lines ? BodyForm::Lines : BodyForm::Document, digest, limits));
  if (!answer) throw Problem(404, "no such source", no_such_source(source));
  return answer_for(*answer);
}

// What a batch of log records needs; who sends more is told to send smaller parts.
constexpr std::size_t passage_body_bytes = std::size_t{16} * 1024 * 1024;

// What the sender proves itself with to us is the host's business, not the connector's.
bool is_secret(std::string_view header) {
  static constexpr std::array<std::string_view, 2> secrets{"cookie", "proxy-authorization"};
  return std::find(secrets.begin(), secrets.end(), header) != secrets.end();
}

Response pass_on(const Services& services, const Request& request, const std::string& source,
                 bool with_authorization) {
  if (!services.source_http) throw Problem(501, "not here", "no connector answers HTTP here");
  Fields headers = request.headers;
  std::erase_if(headers, [&](const auto& header) {
    return is_secret(header.first) || (!with_authorization && header.first == "authorization");
  });
  auto reply = services.source_http(source, request.method, "/" + std::string(request.capture("path")),
                                    request.query, request.body, headers);
  if (!reply) throw Problem(404, "no such source", "no source called '" + source + "' takes HTTP requests");
  Response response;
  response.status = static_cast<int>(reply->status);
  response.content_type = std::move(reply->content_type);
  response.body = std::move(reply->body);
  response.headers = std::move(reply->headers);
  return response;
}

Response pass_on_of_pusher(const Services& services, const Request& request) {
  const std::string source(request.capture("source"));
  if (!request.token->may_push_to(source)) {
    throw Problem(403, "not allowed",
                  "the token '" + request.token->name + "' may not push to '" + source + "'");
  }
  return pass_on(services, request, source, false);
}

// Who asks shows us nothing; the connector looks at what it signed, and at the secret that the two agreed on.
// A token of ours that came here by mistake is none of the connector's. Nothing is said of what there is.
Response pass_on_of_anybody(const Services& services, const Request& request) {
  const std::string source(request.capture("source"));
  if (!services.is_open || !services.is_open(source, "/" + std::string(request.capture("path"))))
    throw Problem(404, "no such path", "no source of this name takes requests without a token here");
  return pass_on(services, request, source, !request.shows_own_token);
}

}  // namespace

void add_ingest_routes(Router& router, const Services& services) {
  const IngestLimits limits;
  Route& route =
      router.add("POST", "/api/v1/ingest/{source}", role_bit(Role::Ingest) | role_bit(Role::Admin),
                 [&services, limits](const Request& request) { return ingest(services, request, limits); });
  route.body_limit = limits.body_bytes;
  route.accepts = {"application/json", "application/x-ndjson"};
}

void add_source_passage(Router& router, const Services& services) {
  for (const char* method : {"GET", "POST", "PUT"}) {
    Route& route =
        router.add(method, "/sources/{source}/{path...}", role_bit(Role::Ingest) | role_bit(Role::Admin),
                   [&services](const Request& request) { return pass_on_of_pusher(services, request); });
    route.body_limit = passage_body_bytes;
  }
  router.add("POST", "/open/{source}/{path...}", nobody_in_particular,
             [&services](const Request& request) { return pass_on_of_anybody(services, request); });
}

}  // namespace curfew::api
