// Security events (RFC 8417) as Shared Signals 1.0 and CAEP 1.0 have them: the claims, not yet signed.
//
//   Telling telling{.issuer = …, .audiences = …, .formats = {"email"}};
//   std::string claims = outlet::revocation_claims(revocation, telling, now);
//
// What a receiver is told of a person is chosen by its configuration alone: without any format it gets the
// subject's reference, which only Curfew can turn into a name.
//
// Threads: values and pure functions. Fails: never.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/observation.hpp"

namespace curfew::outlet {

inline constexpr std::string_view session_revoked_type =
    "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
inline constexpr std::string_view verification_type =
    "https://schemas.openid.net/secevent/ssf/event-type/verification";

// A sign-out that was proven.
struct Revocation {
  std::string id;           // the `jti`: the same whenever it is told
  std::string transaction;  // the `txn`: the same for all that one order led to
  Time proven_at{};
  bool by_policy = true;
  std::string reason;
  std::string subject;                   // reference; empty: nobody known
  std::vector<model::NamedValue> names;  // in the order of their age
  std::string session;                   // its id at its source, or its digest; empty: all of the person
};

// To whom, and what of it.
struct Telling {
  std::string issuer;
  std::vector<std::string> audiences;
  std::vector<std::string> formats;  // of subject identifiers (RFC 9493) that may name a person
  bool of_person = false;            // what ended is told as all sessions of the person
  bool with_reason = false;
  std::string reason_language = "en";
};

// The formats that Curfew has names for.
inline constexpr std::string_view subject_formats[] = {"iss_sub", "email", "account", "phone_number"};

// Those of the names that an event tells: of these formats, in order, at most 8.
[[nodiscard]] std::vector<model::NamedValue> names_told(const std::vector<model::NamedValue>& names,
                                                        const std::vector<std::string>& formats);
// The same as subject identifiers in JSON; none is fitting: empty.
[[nodiscard]] std::vector<std::string> subject_identifiers(const std::vector<model::NamedValue>& names,
                                                           const std::vector<std::string>& formats);
// Whether there is anything that it can be about.
[[nodiscard]] bool can_be_told(const Revocation& revocation, const Telling& telling);
[[nodiscard]] std::string revocation_claims(const Revocation& revocation, const Telling& telling, Time now);
// `state`: what the receiver asked with; none: without.
[[nodiscard]] std::string verification_claims(std::string_view id, std::string_view stream,
                                              const std::optional<std::string>& state, const Telling& telling,
                                              Time now);

}  // namespace curfew::outlet
