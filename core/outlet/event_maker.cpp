#include "core/outlet/event_maker.hpp"

#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/model/json_reading.hpp"

namespace curfew::outlet {
namespace {

// Of an outcome's facts.
struct OutcomeFacts {
  std::uint64_t order = 0;
  bool proven = false;
};

OutcomeFacts read_outcome(const std::string& facts) {
  OutcomeFacts outcome;
  simdjson::dom::parser parser;
  for (const auto [key, value] : model::json_object(parser, facts, "outcome_recorded")) {
    if (key == "order") model::read(value, key, outcome.order);
    if (key != "outcome") continue;
    std::string word;
    model::read(value, key, word);
    outcome.proven = word == model::name_of(model::Outcome::Proven);
  }
  return outcome;
}

}  // namespace

bool proves_sign_out(const model::Entry& entry) {
  return entry.kind == model::EntryKind::OutcomeRecorded && read_outcome(entry.facts).proven;
}

std::string event_id(const ledger::StreamId& ledger, const store::Place& place, const std::string& stream) {
  const Digest32 digest =
      base::sha256(ledger::origin_of(ledger) + "\n" + std::to_string(place.sequence) + "\n" + stream);
  return base::to_hex(std::span(digest).first<16>());
}

EventMaker::EventMaker(const Ground& ground, const Knowledge& knowledge, const SigningKeys& keys,
                       Telling telling, bool tells_handle)
    : ground_(ground),
      knowledge_(knowledge),
      keys_(keys),
      telling_(std::move(telling)),
      tells_handle_(tells_handle) {}

Revocation EventMaker::look_up(const Pending& pending) const {
  Revocation revocation;
  revocation.id = pending.id;
  model::Entry entry;
  bool is_there = false;
  ground_.with_store([&](store::Store& store) {
    store.read_entries(pending.place.stream, pending.place.sequence, pending.place.sequence + 1,
                       [&](ledger::SealedEntry&& row) {
                         entry = std::move(row.entry);
                         is_there = true;
                         return true;
                       });
    if (!is_there) return;
    const std::uint64_t order = read_outcome(entry.facts).order;
    const auto rows = store.sign_outs({.after = order - 1, .limit = 1});
    if (rows.empty() || rows.front().number != order)
      throw Error(ErrorKind::Unavailable,
                  "sign-out " + std::to_string(order) + " is not among the sign-outs");
    revocation.by_policy = rows.front().ordered_by == "policy";
    revocation.reason = rows.front().reason;
    revocation.transaction = ground_.realm + "/sign-out/" + std::to_string(order);
    revocation.session = model::to_text(entry.session);
    if (!tells_handle_ || !entry.session) return;
    if (auto handle = store.handle_of(entry.session)) revocation.session = std::move(*handle);
  });
  if (!is_there)
    throw Error(ErrorKind::Unavailable,
                "entry " + std::to_string(pending.place.sequence) + " of the ledger can't be read");
  revocation.proven_at = entry.engine_time;
  revocation.subject = model::to_text(entry.subject);
  if (!entry.subject || telling_.formats.empty()) return revocation;
  const auto identifiers = knowledge_.identifiers_of(entry.subject);
  if (!identifiers) throw Error(ErrorKind::Unavailable, "the engine did not answer in time");
  std::vector<model::Ref> refs;
  for (const model::Identifier& identifier : *identifiers) refs.push_back(identifier.value);
  ground_.with_store([&](store::Store& store) {
    const std::vector<model::PersonalValue> values = store.resolve(refs);
    for (const model::Ref& ref : refs) {
      for (const model::PersonalValue& value : values) {
        if (value.ref == ref && value.kind == model::PersonalKind::Identifier)
          revocation.names.push_back({value.name_space, value.value});
      }
    }
  });
  return revocation;
}

MadeEvent EventMaker::make(const Pending& pending, const std::string& stream,
                           const SubjectFilter& filter) const {
  MadeEvent made;
  if (pending.is_verification()) {
    made.token = keys_.sign("secevent+jwt",
                            verification_claims(pending.id, stream, pending.state, telling_, ground_.now()));
    return made;
  }
  const Revocation revocation = look_up(pending);
  if (!can_be_told(revocation, telling_)) return made;
  const std::vector<model::NamedValue> names = names_told(revocation.names, telling_.formats);
  made.is_unwanted = !filter.wants(revocation.subject, names);
  if (made.is_unwanted) return made;
  made.names = names.size();
  if (tells_handle_ && !telling_.of_person && !revocation.session.empty()) ++made.names;
  made.token = keys_.sign("secevent+jwt", revocation_claims(revocation, telling_, ground_.now()));
  return made;
}

}  // namespace curfew::outlet
