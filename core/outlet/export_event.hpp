// An entry of the ledger as it is exported: what every format needs of it, read once.
//
//   EventReader reader;
//   const ExportEvent& event = reader.read(stream_id, sealed_entry);     // until the next read
//   std::string line = render(Format::Ocsf, event, names, context);      // export_formats.hpp
//
// Threads: an EventReader belongs to one. Owns: copies; the sealed entry must live as long as the event is
// used. Fails: never; facts that are no JSON object are exported as the text that they are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/stream.hpp"
#include "core/outlet/export_table.hpp"

namespace curfew::outlet {

// One field of an entry's facts.
struct ExportFact {
  std::string key;
  std::string raw;   // JSON without line breaks
  std::string text;  // of a text: what it says
};

struct ExportEvent {
  const ledger::SealedEntry* sealed = nullptr;
  const ExportRow* row = nullptr;
  std::string origin;
  std::string realm;
  std::string node;
  std::string id;  // "<origin>/<sequence>": the same whenever it is exported
  std::vector<ExportFact> facts;
  std::string broken_facts;                                     // what should have been an object
  std::vector<std::pair<std::string, model::Ref>> identifiers;  // of an observation, with their namespaces

  [[nodiscard]] const model::Entry& entry() const { return sealed->entry; }
  // When it happened; of what has no such time, when it was decided or recorded.
  [[nodiscard]] Time at() const;
  [[nodiscard]] std::string_view text(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const;
  [[nodiscard]] model::Ref ref(std::string_view key) const;
  // The facts as one JSON object on one line.
  [[nodiscard]] std::string facts_json() const;
  // success, failure, unknown; empty: nothing that could succeed.
  [[nodiscard]] std::string_view outcome() const;
  [[nodiscard]] ExportSeverity severity() const;
  // What brought it about, or why it failed; empty: not said.
  [[nodiscard]] std::string_view reason() const;
  // "<realm>/sign-out/<n>", or "<realm>/violation/<n>": what belongs together; empty: nothing.
  [[nodiscard]] std::string correlation() const;
  // The application, else the source.
  [[nodiscard]] std::string_view service() const;
  // One sentence, without a personal value.
  [[nodiscard]] std::string message() const;
  // Whom it is about: the subject, else the first identifier.
  [[nodiscard]] model::Ref person() const;
  // Every reference in it.
  [[nodiscard]] std::vector<model::Ref> references() const;
};

// Names that may be shown; what is not in it stays a reference.
using ExportNames = std::map<model::Ref, model::PersonalValue>;

class EventReader {
 public:
  EventReader();
  ~EventReader();
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  const ExportEvent& read(const ledger::StreamId& id, const ledger::SealedEntry& sealed);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  ExportEvent event_;
  ledger::StreamId id_;
};

// The id's stream and sequence; nullopt when it isn't one of ours.
struct ExportPosition {
  ledger::StreamId stream;
  std::uint64_t sequence = 0;
};
[[nodiscard]] std::optional<ExportPosition> parse_event_id(std::string_view id);

}  // namespace curfew::outlet
