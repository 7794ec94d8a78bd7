// Who or what a security event is about: `sub_id`, in the formats of RFC 9493 and of Shared Signals (complex
// subjects, JWTs, SAML assertions, addresses).
//
//   const Subject subject = read_subject(claims["sub_id"], {.issuer = …, .user_namespace = …},
//   SubjectIs::Session);
//
// A format that isn't known is none of a fault: two parties may agree on one of their own. It names nobody
// here. Of aliases, each is a name of the person.
//
// Threads: pure function. Owns: its texts. Fails: RefusedEvent(InvalidRequest) with the member that is wrong.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::shared_signals {

// What a subject that isn't complex, and is no more than an opaque id, stands for: CAEP's session events name
// the session so.
enum class SubjectIs { Person, Session, Stream };

struct Naming {
  std::string issuer;                                           // of whom an opaque id is
  std::string email_namespace = "email";                        // of `email`
  std::function<std::string(std::string_view)> user_namespace;  // of what stands behind acct:
};

struct Subject {
  std::vector<SightingName> names;   // of the person; who it is for good first
  std::string session;               // its id; empty: none is named
  std::string stream;                // SubjectIs::Stream
  std::vector<std::string> tenants;  // ids of the tenant, if one is named
  std::vector<std::string> members;  // of a complex subject: user, session, device, …
};

[[nodiscard]] Subject read_subject(const nlohmann::json& subject, const Naming& naming, SubjectIs kind);

// A text of a claim: there, not empty, clean, at most 512 bytes.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* name);

inline constexpr std::size_t most_aliases = 16;
inline constexpr std::size_t most_members = 16;

}  // namespace curfew::oauth::shared_signals
