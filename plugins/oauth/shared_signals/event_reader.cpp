#include "plugins/oauth/shared_signals/event_reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "plugins/files/text.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;
using plugin::EndReason;
using plugin::Interactivity;
using plugin::Type;

constexpr std::size_t most_methods = 32;

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string optional_text(const json& payload, const char* name) {
  return payload.contains(name) ? text_of(payload, name) : std::string();
}

// Members that say that not all of the person is meant.
bool is_narrowed(const Subject& subject) {
  return std::any_of(subject.members.begin(), subject.members.end(), [](const std::string& member) {
    return member != "user" && member != "session" && member != "tenant";
  });
}

// Why an event of a good form tells nothing here; empty: it does.
std::string_view obstacle(const SecurityEvent& event, const EventType& type, const ReadingTerms& terms) {
  const Subject& subject = event.subject;
  for (const std::string& member : subject.members) {
    const bool is_understood = member == "user" || (member == "session" && !subject.session.empty()) ||
                               (member == "tenant" && !terms.tenants.empty());
    if (has(terms.critical_members, member) && !is_understood) return "critical_member";
  }
  if (!terms.tenants.empty() && has(subject.members, "tenant") &&
      std::none_of(subject.tenants.begin(), subject.tenants.end(),
                   [&](const std::string& one) { return has(terms.tenants, one); }))
    return "another_tenant";
  const bool ends_or_bars =
      type.type == Type::Revoked || type.type == Type::AccountDisabled || type.type == Type::AccountEnabled;
  if (!subject.session.empty() && type.is_about_session) return {};
  if (subject.names.empty() || has(subject.members, "session")) return "nobody_known";
  if (ends_or_bars && is_narrowed(subject)) return "part_of_a_person";
  return {};
}

// A new authenticator beside those in use leaves the sessions that they opened as they are.
bool only_adds(const json& payload) {
  const std::string change = text_of(payload, "change_type"),
                    credential = text_of(payload, "credential_type");
  constexpr std::array<std::string_view, 4> changes{"create", "revoke", "update", "delete"};
  if (std::find(changes.begin(), changes.end(), change) == changes.end())
    throw RefusedEvent(Refusal::InvalidRequest, "`change_type` is none of create, revoke, update, delete");
  return change == "create" && credential != "password" && credential != "pin";
}

// Authentication methods (RFC 8176) that a person takes part in.
Interactivity interactivity_of(const json& payload) {
  const auto found = payload.find("amr");
  if (found == payload.end()) return Interactivity::Unknown;
  if (!found->is_array() || found->size() > most_methods)
    throw RefusedEvent(Refusal::InvalidRequest, "`amr` is no list of methods");
  constexpr std::array<std::string_view, 14> by_a_person{
      "pwd", "pin", "otp", "sms", "tel", "fpt", "face", "iris", "retina", "vbm", "kba", "mca", "user", "sc"};
  bool is_interactive = false, is_integrated = false;
  for (const json& one : *found) {
    if (!one.is_string()) throw RefusedEvent(Refusal::InvalidRequest, "`amr` is no list of methods");
    const auto& method = one.get_ref<const std::string&>();
    // Another provider asked, or a cookie did: nobody saw it here.
    if (method == "fed") return Interactivity::Unknown;
    is_interactive =
        is_interactive || std::find(by_a_person.begin(), by_a_person.end(), method) != by_a_person.end();
    is_integrated = is_integrated || method == "wia";
  }
  return is_interactive ? Interactivity::Interactive
                        : (is_integrated ? Interactivity::Silent : Interactivity::Unknown);
}

Sighting sighting_of(const SecurityEvent& event, const EventType& type) {
  Sighting seen;
  seen.type = type.type;
  seen.at = event.occurred_at;
  if (type.is_about_session) seen.session = event.subject.session;
  seen.names = event.subject.names;
  seen.account_type = plugin::AccountType::Unknown;
  if (type.type == Type::Revoked) {
    // Told in whole seconds: what began within that one ended within it too.
    if (seen.at.time_since_epoch().count() % 1'000'000 == 0) seen.at += std::chrono::microseconds(999'999);
    seen.end_reason = optional_text(event.payload, "initiating_entity") == "user" ? EndReason::SignedOut
                                                                                  : EndReason::Forced;
  }
  if (type.type == Type::SignIn) seen.interactivity = interactivity_of(event.payload);
  return seen;
}

}  // namespace

Reading read_event(const SecurityEvent& event, const ReadingTerms& terms) {
  Reading out;
  const EventType* type = event_type(event.type);
  if (type == nullptr) return out;
  out.label = type->label;
  out.meaning = type->meaning;
  switch (type->meaning) {
    case Meaning::Counted:
      return out;
    case Meaning::Verification:
      out.stream = event.subject.stream;
      out.state = optional_text(event.payload, "state");
      return out;
    case Meaning::Updated:
      out.stream = event.subject.stream;
      out.status = text_of(event.payload, "status");
      if (out.status != "enabled" && out.status != "paused" && out.status != "disabled")
        throw RefusedEvent(Refusal::InvalidRequest, "`status` is none of enabled, paused, disabled");
      return out;
    case Meaning::Told:
      break;
  }
  SecurityEvent placed = event;
  // What names no session of its own may name the one that it is a part of.
  if ((type->type == Type::SignIn || type->type == Type::Activity) && placed.subject.session.empty() &&
      !has(placed.subject.members, "session"))
    placed.subject.session = optional_text(event.payload, "ext_id");
  const bool is_credential_change = type->label == "caep/credential-change";
  if (is_credential_change && only_adds(event.payload)) {
    out.why = "additional_credential";
  } else {
    out.why = obstacle(placed, *type, terms);
  }
  if (out.why.empty()) {
    out.sighting = sighting_of(placed, *type);
  } else {
    out.meaning = Meaning::Counted;
  }
  return out;
}

}  // namespace curfew::oauth::shared_signals
