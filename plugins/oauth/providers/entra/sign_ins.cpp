#include "plugins/oauth/providers/entra/sign_ins.hpp"

#include <simdjson.h>

#include <algorithm>

#include "plugins/oauth/providers/entra/error_codes.hpp"
#include "plugins/oauth/providers/entra/log_row.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::AuthMethod;
using plugin::Code;
using plugin::Failure;
using plugin::Interactivity;
using plugin::Time;
using plugin::Type;
using simdjson::dom::element;
using namespace std::chrono_literals;

constexpr std::string_view nobody = "00000000-0000-0000-0000-000000000000";
// A step that is older than this was done in another request.
constexpr auto longest_request = 15min;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// What the steps of authentication show: which were done in this request, and which a token from before
// stood for.
struct Steps {
  bool any = false;
  bool given = false;     // a credential, now
  bool only_old = false;  // each that succeeded was done before
  std::uint32_t factors = 0;
};

Steps steps_of(const element& row, Time at) {
  Steps steps;
  simdjson::dom::array list;
  simdjson::dom::parser parser;
  element details;
  if (!unfold(row, "authenticationDetails", parser, details) ||
      details.get_array().get(list) != simdjson::SUCCESS)
    return steps;
  bool first = false, second = false, old = false;
  for (const element step : list) {
    bool succeeded = false;
    if (step.at_key("succeeded").get_bool().get(succeeded) != simdjson::SUCCESS || !succeeded) continue;
    steps.any = true;
    const std::string requirement = lowered(text_in(step, "authenticationStepRequirement"));
    if (has(requirement, "primary")) first = true;
    if (has(requirement, "multi")) second = true;
    const std::string method = lowered(text_in(step, "authenticationMethod"));
    const std::string detail = lowered(text_in(step, "authenticationStepResultDetail"));
    const auto done_at = iso_time(text_in(step, "authenticationStepDateTime"));
    const bool is_of_before = method.empty() || has(method, "satisfied") ||
                              has(detail, "claim in the token") || has(detail, "previously satisfied") ||
                              !done_at || *done_at < at - longest_request;
    (is_of_before ? old : steps.given) = true;
  }
  steps.only_old = old && !steps.given;
  steps.factors = (first ? 1U : 0U) + (second ? 1U : 0U);
  return steps;
}

AuthMethod method_of(const element& row) {
  const std::string_view protocol = text_in(row, "authenticationProtocol");
  if (protocol == "saml20") return AuthMethod::Saml;
  if (protocol == "ropc") return AuthMethod::Password;
  if (protocol == "oAuth2" || protocol == "deviceCode") return AuthMethod::Oidc;
  return AuthMethod::Unknown;
}

// By what the record says it is; v1.0 says it by isInteractive alone.
Who who_is(const element& row) {
  bool interactive = false;
  const bool says = row.at_key("isInteractive").get_bool().get(interactive) == simdjson::SUCCESS;
  simdjson::dom::array types;
  if (row.at_key("signInEventTypes").get_array().get(types) == simdjson::SUCCESS) {
    bool machine = false;
    for (const element type : types) {
      std::string_view text;
      if (type.get_string().get(text) != simdjson::SUCCESS) continue;
      if (text == "interactiveUser") return Who::Person;
      if (text == "nonInteractiveUser") return Who::PersonsClient;
      machine = machine || text == "servicePrincipal" || text == "managedIdentity";
    }
    if (machine) return Who::NoPerson;
  }
  return says && !interactive ? Who::PersonsClient : Who::Person;
}

void take_success(const element& row, const SignInRecord& record, Sighting& seen) {
  const Steps steps = steps_of(row, record.at);
  seen.session = record.session;
  seen.handle = handle_of(seen.subject, record.session);
  if (!record.interactive) {
    // By a client on its own, with a token that it has.
    seen.type = Type::TokenRefreshed;
    seen.interactivity = Interactivity::Silent;
    seen.machine = true;
    return;
  }
  seen.type = Type::SignIn;
  seen.fresh_credentials = steps.given;
  seen.interactivity = steps.only_old ? Interactivity::Silent : Interactivity::Interactive;
  const bool needed_two = text_in(row, "authenticationRequirement") == "multiFactorAuthentication";
  seen.factors = needed_two ? std::max(steps.factors, 2U) : steps.factors;
}

Sighting described(const element& row, const RowFrame& frame, const SignInRecord& record) {
  Sighting seen;
  seen.at = record.at;
  seen.key = record.id;
  const std::string_view user = text_in(row, "userId");
  if (user != nobody && is_object_id(user)) seen.subject = lowered(user);
  // Of somebody who is not known it may be anything but a name.
  const std::string_view name = text_in(row, "userPrincipalName");
  if (has(name, "@")) seen.user_name = clipped(name);
  const std::string_view address = text_in(row, "ipAddress");
  seen.address = clipped(address.empty() ? frame.address : address);
  seen.user_agent = clipped(text_in(row, "userAgent"));
  const std::string_view application = text_in(row, "appDisplayName");
  seen.application = clipped(application.empty() ? text_in(row, "appId") : application);
  simdjson::dom::parser parser;
  element device;
  if (unfold(row, "deviceDetail", parser, device)) seen.device = clipped(text_in(device, "deviceId"));
  seen.auth_method = method_of(row);
  return seen;
}

std::optional<std::int64_t> code_of(const element& row) {
  element status;
  std::int64_t code = 0;
  if (row.at_key("status").get(status) != simdjson::SUCCESS ||
      status.at_key("errorCode").get_int64().get(code) != simdjson::SUCCESS)
    return std::nullopt;
  return code;
}

}  // namespace

bool read_sign_in(const element& row, const RowFrame& frame, SignInRecord& record) {
  const auto own_time = iso_time(text_in(row, "createdDateTime"));
  const auto at = own_time ? own_time : frame.at;
  const auto own_code = code_of(row);
  const auto said_code = own_code ? own_code : frame.code;
  const std::string_view id = text_in(row, "id");
  if (!at || !said_code || id.empty() || id.size() > longest_id || id.starts_with(audit_prefix)) return false;
  const std::int64_t code = *said_code;
  record.at = *at;
  record.id = id;
  const Who who = frame.who ? *frame.who : who_is(row);
  if (who == Who::NoPerson) return true;
  record.interactive = who == Who::Person;
  const CodeMeaning meaning = meaning_of(code);
  record.succeeded = meaning.kind == CodeKind::Success;
  record.is_interrupt = meaning.kind == CodeKind::Interrupt;
  Sighting seen = described(row, frame, record);
  if (record.succeeded && seen.subject.empty()) return false;
  const std::string_view session = text_in(row, "sessionId");
  record.has_session_id = !session.empty() && session.size() <= longest_id;
  if (record.has_session_id) {
    record.session = session;
  } else {
    std::string_view correlation = text_in(row, "correlationId");
    if (correlation.empty()) correlation = frame.correlation;
    record.session = "sign-in:" + seen.subject + ":" + clipped(text_in(row, "appId")) + ":" +
                     (correlation.empty() ? record.id : clipped(correlation));
  }
  if (record.succeeded) {
    take_success(row, record, seen);
    record.sighting = std::move(seen);
    return true;
  }
  if (meaning.kind != CodeKind::Failure ||
      (seen.subject.empty() && seen.user_name.empty() && seen.address.empty()))
    return true;
  seen.type = Type::SignInFailed;
  seen.failure = failure_text(code);
  seen.machine = !record.interactive;
  seen.interactivity = record.interactive ? Interactivity::Interactive : Interactivity::Silent;
  record.sighting = std::move(seen);
  return true;
}

std::string known_again_by(const element& row) {
  return "?" + std::to_string(std::hash<std::string>{}(simdjson::minify(row)));
}

bool is_object_id(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = lower(text[i]);
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

std::string handle_of(std::string_view user, std::string_view session) {
  return std::string(user) + "/" + std::string(session);
}

Handle read_handle(std::string_view handle) {
  const std::size_t slash = handle.find('/');
  if (slash == std::string_view::npos || !is_object_id(handle.substr(0, slash))) return {};
  return {std::string(handle.substr(0, slash)), std::string(handle.substr(slash + 1))};
}

std::optional<SignInRecord> read_sign_in(std::string_view json) {
  simdjson::dom::parser parser;
  element row;
  SignInRecord record;
  if (parser.parse(json.data(), json.size()).get(row) != simdjson::SUCCESS || !row.is_object() ||
      !read_sign_in(row, {}, record))
    return std::nullopt;
  return record;
}

SignInPage read_log_page(std::string_view body, const char* what, const RowReader& read) {
  simdjson::dom::parser parser;
  element document;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS ||
      document.at_key("value").get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable,
                  std::string("Graph's ") + what + " are no whole JSON object: cut or damaged");
  SignInPage page;
  element next;
  if (document.at_key("@odata.nextLink").get(next) == simdjson::SUCCESS) {
    std::string_view link;
    // The last page has none.
    if (next.get_string().get(link) != simdjson::SUCCESS || link.empty())
      throw Failure(Code::Unavailable,
                    "Graph's @odata.nextLink is no text: where the next page is isn't known");
    page.next = link;
  }
  for (const element row : rows) {
    ++page.rows;
    SignInRecord record;
    if (read(row, record))
      page.records.push_back(std::move(record));
    else
      page.unreadable.push_back(known_again_by(row));
  }
  return page;
}

SignInPage read_sign_ins(std::string_view body) {
  return read_log_page(body, "sign-ins", [](const element& row, SignInRecord& record) {
    return read_sign_in(row, {}, record);
  });
}

}  // namespace curfew::oauth::entra
