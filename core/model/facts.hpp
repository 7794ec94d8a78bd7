// Facts: an observation after admission. No personal value is left in it, only references, classes and
// digests. This is all that the engine ever sees of the outside world, and it is the text in the ledger's
// leaf: what can't be said here can't influence a decision.
//
//   std::string text = model::to_json(facts, symbols);        // the leaf's bytes
//   Facts same = model::facts_from_json(text, symbols);       // what `curfew replay` starts from
//
// Threads: values and pure functions (Symbols does its own locking).
// Fails: facts_from_json throws Error(Corrupt) naming the field.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/symbol.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

// One name that a source has for the subject: a namespace ("windows_sid", "upn", "corp\\") and the reference
// of the normalised value.
struct Identifier {
  Symbol name_space;
  Ref value;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

inline constexpr std::size_t max_identifiers = 4;

struct Facts {
  ObservationType type = ObservationType::Activity;
  AccountType account_type = AccountType::Unknown;
  ActivityClass activity_class = ActivityClass::Person;
  NetworkClass network = NetworkClass::Unknown;
  Interactivity interactivity = Interactivity::Unknown;
  AuthMethod auth_method = AuthMethod::Unknown;
  EndReason end_reason = EndReason::Unknown;    // of sign_out, expired, revoked
  Certainty end_certainty = Certainty::Stated;  // … Inferred: the source's connector concluded it
  bool fresh_credentials = false;               // the person proved who they are just now
  bool privileged = false;
  std::uint8_t factors = 0;  // how many authentication factors; 0: not known
  std::uint8_t identifier_count = 0;
  Symbol source;
  Symbol application;
  Symbol failure;           // of sign_in_failed: the source's stable code ("bad_password")
  std::uint32_t count = 1;  // merged activities, or missing records of a gap; 0 of a gap: unknown
  Time occurred_at{};
  Time expires_at{};             // a hard expiry that the source stated; epoch: none
  SessionDigest session;         // none: the observation is about the subject or the source
  SessionDigest linked_session;  // another session of the same sign-in
  std::array<Identifier, max_identifiers> identifiers{};
  Ref device;
  Ref address;
  Ref user_agent;

  friend bool operator==(const Facts&, const Facts&) = default;
};

// Fields in a fixed order, absent ones left out. The source is not in the text: it is a leaf field of its
// own, as are occurred-at and the session.
[[nodiscard]] std::string to_json(const Facts& facts, const Symbols& symbols);
// Restores all but source, session and occurred_at, which the caller takes from the leaf's fields.
[[nodiscard]] Facts facts_from_json(std::string_view json, Symbols& symbols);

}  // namespace curfew::model
