// Replays an exported ledger (its entry.csv) with the engine that this program was built with:
//
//   model_replay_other FOLDER [longer]      longer: each policy's limits are raised on their way in
//
// Prints what it was built as, then what it recomputed. Exit codes as of `curfew replay`: 0, 4; 1 for input
// that can't be read.
#include <absl/hash/hash.h>

#include <cassert>
#include <chrono>
#include <exception>
#include <iostream>
#include <string_view>

#include "core/base/error.hpp"
#include "core/engine/record.hpp"
#include "core/ledger/csv.hpp"

namespace {

using namespace curfew;

model::Entry entry_in(const ledger::CsvReader& row) {
  model::Entry entry;
  const auto kind = model::parse<model::EntryKind>(row.text(2));
  if (!kind) row.refuse("an unknown kind");
  entry.kind = *kind;
  entry.engine_time = base::from_micros(row.number(3));
  entry.occurred_at = base::from_micros(row.number(4));
  entry.source = row.text(5);
  const std::string_view session = row.text(6);
  if (session.size() > 2) {
    const auto digest = model::parse_session_digest(session.substr(2));
    if (!digest) row.refuse("a session that is no digest");
    entry.session = *digest;
  }
  const std::string_view subject = row.text(7);
  if (subject.size() > 2) {
    const auto ref = model::parse_ref(subject.substr(2));
    if (!ref) row.refuse("a subject that is no reference");
    entry.subject = *ref;
  }
  entry.facts = row.text(8);
  return entry;
}

const std::vector<std::string> columns{"stream", "sequence", "kind",    "engine_time", "occurred_at",
                                       "source", "session",  "subject", "facts"};

// The rules of the first configuration, each a little more lenient.
model::PolicySet raised(const std::string& path) {
  model::Symbols symbols;
  engine::InputReader reader(symbols);
  ledger::CsvReader rows(path, columns);
  while (rows.next()) {
    if (rows.text(2) != model::name_of(model::EntryKind::Configuration)) continue;
    auto input = reader.read(entry_in(rows));
    if (!input) continue;
    model::PolicySet set = std::get<model::ConfigurationInput>(input->body).set;
    for (model::Policy& policy : set.policies) {
      policy.limit += std::chrono::minutes(1);
      ++policy.most;
    }
    return set;
  }
  throw Error(ErrorKind::Input, path + ": no configuration in it");
}

bool has_assertions() {
  bool there = false;
  assert((there = true));
  return there;
}

int run(const std::string& folder, bool longer) {
#ifdef __OPTIMIZE__
  constexpr bool optimised = true;
#else
  constexpr bool optimised = false;
#endif
  std::cout << "built " << (optimised ? "optimised" : "unoptimised")
            << (has_assertions() ? " with assertions" : " without assertions") << "; hash of 'curfew' "
            << absl::Hash<std::string_view>{}("curfew") << "\n";
  const std::string path = folder + "/entry.csv";
  model::Symbols symbols;
  engine::Replayer replayer(engine::Engine(symbols), symbols);
  if (longer) replayer.substitute_policies(raised(path));
  ledger::CsvReader rows(path, columns);
  std::optional<engine::Difference> difference;
  while (!difference && rows.next()) difference = replayer.feed(rows.count(1), entry_in(rows));
  if (!difference) difference = replayer.finish();
  std::cout << replayer.inputs() << " inputs, " << replayer.decisions() << " decisions recomputed\n";
  if (!difference) return 0;
  std::cout << "first difference at entry " << difference->sequence << "\nrecorded: " << difference->recorded
            << "\nrecomputed: " << difference->recomputed << "\n";
  return 4;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 1;
  try {
    return run(argv[1], argc > 2 && std::string_view(argv[2]) == "longer");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
