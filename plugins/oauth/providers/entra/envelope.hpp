// What Azure's diagnostic settings send of Entra's logs to an Event Hub: {"records":[…]}, or a record by
// itself, each as diagnostics.hpp reads it.
//
//   const Envelope envelope = read_envelope(body, "our client id");
//   for (const SignInRecord& one : envelope.records) if (one.sighting) …
//
// A record has the id that Graph gives it, so the same sign-in has the same key whichever way it comes.
//
// Threads: a pure function. Owns: nothing. Fails: plugin::Failure(Invalid) when the text is no whole JSON of
// that shape; a record that can't be read is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/providers/entra/sign_ins.hpp"

namespace curfew::oauth::entra {

struct Envelope {
  std::vector<SignInRecord> records;  // as they came; those without a sighting mean nothing here
  std::uint64_t rows = 0;
  std::uint64_t others = 0;  // of services and managed identities, and of other categories
  std::uint64_t unreadable = 0;
};

// `own_client`: what the directory's audit log has of it is left out.
[[nodiscard]] Envelope read_envelope(std::string_view body, const std::string& own_client = {});

}  // namespace curfew::oauth::entra
