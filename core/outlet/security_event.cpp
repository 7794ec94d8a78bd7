#include "core/outlet/security_event.hpp"

#include <algorithm>

#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

using report::JsonWriter;

constexpr std::size_t most_identifiers = 8;

std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// What an acct: URI (RFC 7565) can't hold as it is.
std::string account_uri(const std::string& account) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "acct:";
  for (const char c : account) {
    if (plain.find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += digits[byte >> 4];
    uri += digits[byte & 15];
  }
  return uri;
}

// As a subject identifier; empty: the name has no format, or isn't of its form.
std::string identifier_of(const model::NamedValue& name, std::string_view& format) {
  std::string text;
  JsonWriter json(text);
  const auto begin = [&](std::string_view which) {
    format = which;
    json.begin_object().text("format", which);
  };
  if (name.name_space == "oidc_subject") {
    const std::size_t hash = name.value.find('#');
    if (hash == 0 || hash == std::string::npos || hash + 1 == name.value.size()) return {};
    begin("iss_sub");
    json.text("iss", name.value.substr(0, hash)).text("sub", name.value.substr(hash + 1)).end();
  } else if (name.name_space == "email") {
    const std::size_t at = name.value.find('@');
    if (at == 0 || at == std::string::npos || at + 1 == name.value.size()) return {};
    begin("email");
    json.text("email", name.value).end();
  } else if (name.name_space == "upn") {
    begin("account");
    json.text("uri", account_uri(name.value)).end();
  } else if (name.name_space == "phone") {
    begin("phone_number");
    json.text("phone_number", name.value).end();
  }
  return text;
}

struct ToldName {
  model::NamedValue name;
  std::string identifier;
};

std::vector<ToldName> told_of(const std::vector<model::NamedValue>& names,
                              const std::vector<std::string>& formats) {
  std::vector<ToldName> told;
  for (const model::NamedValue& name : names) {
    std::string_view format;
    std::string text = identifier_of(name, format);
    if (text.empty() || std::find(formats.begin(), formats.end(), format) == formats.end() ||
        std::any_of(told.begin(), told.end(), [&](const ToldName& one) { return one.identifier == text; }))
      continue;
    told.push_back({name, std::move(text)});
    if (told.size() == most_identifiers) break;
  }
  return told;
}

void begin_claims(JsonWriter& json, std::string_view id, const Telling& telling, Time now) {
  json.begin_object().text("iss", telling.issuer).text("jti", id).number("iat", seconds_of(now));
  if (telling.audiences.size() == 1)
    json.text("aud", telling.audiences.front());
  else
    json.texts("aud", telling.audiences);
}

std::string user_of(const Revocation& revocation, const Telling& telling) {
  const std::vector<std::string> known = subject_identifiers(revocation.names, telling.formats);
  std::string text;
  JsonWriter json(text);
  if (known.empty()) {
    json.begin_object().text("format", "opaque").text("id", revocation.subject).end();
  } else if (known.size() == 1) {
    return known.front();
  } else {
    json.begin_object().text("format", "aliases").begin_array("identifiers");
    for (const std::string& one : known) json.raw({}, one);
    json.end().end();
  }
  return text;
}

}  // namespace

std::vector<std::string> subject_identifiers(const std::vector<model::NamedValue>& names,
                                             const std::vector<std::string>& formats) {
  std::vector<std::string> identifiers;
  for (ToldName& one : told_of(names, formats)) identifiers.push_back(std::move(one.identifier));
  return identifiers;
}

std::vector<model::NamedValue> names_told(const std::vector<model::NamedValue>& names,
                                          const std::vector<std::string>& formats) {
  std::vector<model::NamedValue> told;
  for (ToldName& one : told_of(names, formats)) told.push_back(std::move(one.name));
  return told;
}

bool can_be_told(const Revocation& revocation, const Telling& telling) {
  return !revocation.subject.empty() || (!telling.of_person && !revocation.session.empty());
}

std::string revocation_claims(const Revocation& revocation, const Telling& telling, Time now) {
  std::string text;
  JsonWriter json(text);
  begin_claims(json, revocation.id, telling, now);
  json.text("txn", revocation.transaction);
  // Complex also for a person alone: an opaque subject by itself would be read as a session.
  json.begin_object("sub_id").text("format", "complex");
  if (!revocation.subject.empty()) json.raw("user", user_of(revocation, telling));
  if (!telling.of_person && !revocation.session.empty())
    json.begin_object("session").text("format", "opaque").text("id", revocation.session).end();
  json.end();
  json.begin_object("events").begin_object(session_revoked_type);
  json.number("event_timestamp", seconds_of(revocation.proven_at));
  json.text("initiating_entity", revocation.by_policy ? "policy" : "admin");
  if (telling.with_reason && !revocation.reason.empty())
    json.begin_object("reason_admin").text(telling.reason_language, revocation.reason).end();
  json.end().end().end();
  return text;
}

std::string verification_claims(std::string_view id, std::string_view stream,
                                const std::optional<std::string>& state, const Telling& telling, Time now) {
  std::string text;
  JsonWriter json(text);
  begin_claims(json, id, telling, now);
  json.begin_object("sub_id").text("format", "opaque").text("id", stream).end();
  json.begin_object("events").begin_object(verification_type);
  if (state) json.text("state", *state);
  json.end().end().end();
  return text;
}

}  // namespace curfew::outlet
