#include "core/api/ingest.hpp"

#include <arpa/inet.h>

#include "core/api/json_body.hpp"
#include "core/base/time.hpp"
#include "core/model/facts.hpp"

namespace curfew::api {
namespace {

// The same bounds as the plugin ABI's CURFEW_MAX_FIELD_BYTES.
constexpr std::size_t max_text = 2048;
constexpr std::size_t max_namespace = 64;

template <typename E>
E read_name(const JsonFields& fields, std::string_view name) {
  if (!fields.value(name)) return E{};
  const std::string_view text = fields.view(name, max_text);
  const auto value = model::parse<E>(text);
  if (!value) {
    const std::string_view near = base::nearest(text, model::Names<E>::all);
    JsonFields::bad(name, "is '" + std::string(text.substr(0, 64)) + "', which is not known here" +
                              (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
  return *value;
}

Time read_time(const JsonFields& fields, std::string_view name) {
  if (!fields.value(name)) return {};
  const std::string_view text = fields.view(name, 64);
  const auto time = base::parse_rfc3339(text);
  if (!time) JsonFields::bad(name, "must be a time with its zone, like 2026-11-21T20:58:00Z");
  if (*time < base::earliest_time || *time > base::latest_time)
    JsonFields::bad(name, "must lie from 1990 to 2200");
  return *time;
}

model::SessionDigest read_session(const JsonFields& fields, std::string_view name,
                                  const DigestSession& digest) {
  const auto element = fields.value(name);
  if (!element) return {};
  simdjson::dom::object object;
  if (element->get(object) != simdjson::SUCCESS) {
    JsonFields::bad(name, "must be an object with 'id' or 'digest'");
  }
  const JsonFields inner(object, {"id", "digest"});
  const std::string_view id = inner.view("id", max_text);
  const std::string_view text = inner.view("digest", 32);
  if (id.empty() == text.empty()) JsonFields::bad(name, "must have exactly one of 'id' and 'digest'");
  if (!id.empty()) return digest(id);
  const auto parsed = model::parse_session_digest(text);
  if (!parsed || !*parsed) JsonFields::bad(name, "'s digest must be 32 lower-case hex digits");
  return *parsed;
}

void read_identifiers(const JsonFields& fields, std::vector<model::NamedValue>& out) {
  const auto element = fields.value("identifiers");
  if (!element) return;
  simdjson::dom::array list;
  if (element->get(list) != simdjson::SUCCESS) JsonFields::bad("identifiers", "must be a list");
  for (const auto item : list) {
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) JsonFields::bad("identifiers", "must hold objects");
    if (out.size() == model::max_identifiers) {
      JsonFields::bad("identifiers", "holds more than " + std::to_string(model::max_identifiers));
    }
    const JsonFields inner(object, {"namespace", "value"});
    out.push_back({inner.required_text("namespace", max_namespace), inner.required_text("value", max_text)});
  }
}

bool is_address(const std::string& text) {
  if (text.find('\0') != std::string::npos) return false;  // where inet_pton would stop
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, text.c_str(), &v4) == 1 || inet_pton(AF_INET6, text.c_str(), &v6) == 1;
}

model::Observation parse_observation(simdjson::dom::object object, const DigestSession& digest) {
  const JsonFields fields(object, {"type",
                                   "occurred_at",
                                   "key",
                                   "session",
                                   "linked_session",
                                   "handle",
                                   "identifiers",
                                   "account_type",
                                   "activity_class",
                                   "auth_method",
                                   "interactivity",
                                   "end_reason",
                                   "end_certainty",
                                   "fresh_credentials",
                                   "privileged",
                                   "factors",
                                   "count",
                                   "expires_at",
                                   "device",
                                   "address",
                                   "user_agent",
                                   "application",
                                   "failure"});
  model::Observation observation;
  if (!fields.value("type")) JsonFields::bad("type", "is required");
  observation.type = read_name<model::ObservationType>(fields, "type");
  if (!fields.value("occurred_at")) JsonFields::bad("occurred_at", "is required");
  observation.occurred_at = read_time(fields, "occurred_at");
  observation.key = fields.required_text("key", max_text);
  observation.session = read_session(fields, "session", digest);
  observation.linked_session = read_session(fields, "linked_session", digest);
  observation.handle = fields.text("handle", max_text);
  read_identifiers(fields, observation.identifiers);
  observation.account_type = read_name<model::AccountType>(fields, "account_type");
  observation.activity_class = read_name<model::ActivityClass>(fields, "activity_class");
  observation.auth_method = read_name<model::AuthMethod>(fields, "auth_method");
  observation.interactivity = read_name<model::Interactivity>(fields, "interactivity");
  observation.end_reason = read_name<model::EndReason>(fields, "end_reason");
  observation.end_certainty = read_name<model::Certainty>(fields, "end_certainty");
  observation.fresh_credentials = fields.flag("fresh_credentials", false);
  observation.privileged = fields.flag("privileged", false);
  observation.factors = static_cast<std::uint8_t>(fields.number("factors", 0, 255));
  observation.count = static_cast<std::uint32_t>(fields.number("count", 1, UINT32_MAX));
  observation.expires_at = read_time(fields, "expires_at");
  observation.device = fields.text("device", max_text);
  observation.address = fields.text("address", 64);
  observation.user_agent = fields.text("user_agent", max_text);
  observation.application = fields.text("application", max_text);
  observation.failure = fields.text("failure", max_text);

  if (observation.count == 0 && observation.type != model::ObservationType::Gap) {
    JsonFields::bad("count", "must be at least 1 (0 means 'unknown', of a gap only)");
  }
  if (!observation.address.empty() && !is_address(observation.address)) {
    JsonFields::bad("address", "must be an IPv4 or IPv6 address without a port");
  }
  if (!model::states_end(observation.type)) {
    if (observation.end_reason != model::EndReason::Unknown)
      JsonFields::bad("end_reason", "belongs to sign_out, expired and revoked only");
    if (observation.end_certainty != model::Certainty::Stated)
      JsonFields::bad("end_certainty", "belongs to sign_out, expired and revoked only");
  }
  if (!observation.failure.empty() && observation.type != model::ObservationType::SignInFailed) {
    JsonFields::bad("failure", "belongs to sign_in_failed only");
  }
  return observation;
}

model::Observation parse_item(simdjson::dom::element item, const DigestSession& digest) {
  simdjson::dom::object object;
  if (item.get(object) != simdjson::SUCCESS)
    throw Problem(400, "malformed observation", "is not a JSON object");
  return parse_observation(object, digest);
}

// Runs `parse` and puts the item's place on whatever it complains of.
template <typename Parse>
void at_index(std::size_t index, const Parse& parse) {
  try {
    parse();
  } catch (Problem& problem) {
    problem.index = static_cast<std::int64_t>(index);
    problem.detail = "observation " + std::to_string(index) + ": " + problem.detail;
    throw;
  }
}

[[noreturn]] void too_many(const IngestLimits& limits) {
  throw Problem(413, "too many observations",
                "at most " + std::to_string(limits.observations) + " in one request; send smaller parts");
}

std::vector<model::Observation> parse_lines(std::string_view body, const DigestSession& digest,
                                            const IngestLimits& limits) {
  std::vector<model::Observation> observations;
  simdjson::dom::parser parser;  // one for all lines: its memory costs more than the parsing
  std::size_t index = 0;
  while (!body.empty()) {
    const std::string_view rest = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), rest.size() + 1));
    const std::string_view line = base::trim(rest);
    if (line.empty()) continue;
    if (index == limits.observations) too_many(limits);
    at_index(index, [&] {
      if (line.size() > limits.observation_bytes) {
        throw Problem(413, "observation too large",
                      "at most " + std::to_string(limits.observation_bytes) + " bytes a line");
      }
      observations.push_back(parse_item(parse_json(parser, line), digest));
    });
    ++index;
  }
  return observations;
}

std::vector<model::Observation> parse_document(std::string_view body, const DigestSession& digest,
                                               const IngestLimits& limits) {
  const JsonBody parsed(body);
  std::vector<model::Observation> observations;
  simdjson::dom::array list;
  if (parsed.root().get(list) != simdjson::SUCCESS) {
    observations.push_back(parse_item(parsed.root(), digest));
    return observations;
  }
  for (const auto item : list) {
    const std::size_t index = observations.size();
    if (index == limits.observations) too_many(limits);
    at_index(index, [&] { observations.push_back(parse_item(item, digest)); });
  }
  return observations;
}

}  // namespace

std::vector<model::Observation> parse_observations(std::string_view body, BodyForm form,
                                                   const DigestSession& digest, const IngestLimits& limits) {
  std::vector<model::Observation> observations =
      form == BodyForm::Lines ? parse_lines(body, digest, limits) : parse_document(body, digest, limits);
  if (observations.empty()) throw Problem(400, "nothing to take", "the body holds no observation");
  return observations;
}

}  // namespace curfew::api
