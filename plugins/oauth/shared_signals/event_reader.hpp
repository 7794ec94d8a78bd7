// What becomes of a security event: an observation, news of the stream, or a count.
//
//   const Reading reading = read_event(event, {.tenants = {…}});
//   if (reading.sighting) emit(*reading.sighting);
//
// A session that is named is that session. A revocation that names a person alone ends all that the person
// has at this source; one that names less than that (this person's sessions on a device, in an application,
// of a group) can't be told here without ending too much, and is counted. A further authenticator that is
// enrolled changes no credential in use, and is counted.
//
// Threads: pure function. Owns: its texts. Fails: RefusedEvent for an event that isn't as its type wants it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/oauth/shared_signals/event_types.hpp"
#include "plugins/oauth/shared_signals/security_event.hpp"

namespace curfew::oauth::shared_signals {

struct ReadingTerms {
  std::vector<std::string> tenants;           // ours; empty: any
  std::vector<std::string> critical_members;  // what the transmitter wants to be understood, or discarded
};

struct Reading {
  std::string_view label = "other";  // of the type
  Meaning meaning = Meaning::Counted;
  std::optional<Sighting> sighting;  // without its key
  std::string_view why;              // it is only counted; empty: its type is none that is told
  std::string state;                 // Verification; empty: the transmitter sent it of its own accord
  std::string status;                // Updated
  std::string stream;                // Verification, Updated: of which
};

[[nodiscard]] Reading read_event(const SecurityEvent& event, const ReadingTerms& terms);

}  // namespace curfew::oauth::shared_signals
