// From an entry of the ledger to the event that a receiver is told: who it is about is looked up when it is
// told, and that it was told is recorded first.
//
//   outlet::EventMaker maker(ground, knowledge, keys, telling, false);
//   if (outlet::proves_sign_out(entry)) …                             // worth a place in the queue
//   const MadeEvent event = maker.make(pending, stream, filter);      // signed
//
// Threads: any. Owns: nothing. Fails: Error(Unavailable) when the database, the engine or the ledger can't
// answer now.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/model/facts.hpp"
#include "core/outlet/ground.hpp"
#include "core/outlet/security_event.hpp"
#include "core/outlet/signing_keys.hpp"
#include "core/outlet/stream_state.hpp"
#include "core/outlet/stream_subjects.hpp"

namespace curfew::outlet {

// What only the running daemon knows.
struct Knowledge {
  // The names that a subject has now; nullopt: no answer in time.
  std::function<std::optional<std::vector<model::Identifier>>(model::Ref subject)> identifiers_of;
  // Durable when it returns; throws Error(Unavailable).
  std::function<void(const std::string& by, const std::string& reason, std::size_t names)> record_access;
};

// Whether this entry says that a sign-out as a whole was proven.
[[nodiscard]] bool proves_sign_out(const model::Entry& entry);
// The `jti` of what an entry means for a stream.
[[nodiscard]] std::string event_id(const ledger::StreamId& ledger, const store::Place& place,
                                   const std::string& stream);

struct MadeEvent {
  std::string token;         // empty: it is not to be sent
  bool is_unwanted = false;  // the receiver wants nothing of this person; else there is nobody to be told of
  std::size_t names = 0;     // personal values in it
};

class EventMaker {
 public:
  EventMaker(const Ground& ground, const Knowledge& knowledge, const SigningKeys& keys, Telling telling,
             bool tells_handle);

  [[nodiscard]] MadeEvent make(const Pending& pending, const std::string& stream,
                               const SubjectFilter& filter) const;

 private:
  [[nodiscard]] Revocation look_up(const Pending& pending) const;

  const Ground& ground_;
  const Knowledge& knowledge_;
  const SigningKeys& keys_;
  const Telling telling_;
  const bool tells_handle_;
};

}  // namespace curfew::outlet
