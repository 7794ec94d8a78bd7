#include "core/app/ledger_check.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/opening.hpp"

namespace curfew::app {
namespace {

std::string origin_in(const std::string& note) {
  return ledger::parse_checkpoint(ledger::parse_note(note).text).origin;
}

// Checkpoints from outside that are of this stream; each is marked as used.
void add_outside_heads(const std::vector<std::string>& notes, const ledger::StreamId& id,
                       ledger::VerifyOptions& options, std::vector<bool>& used, LedgerCheck& check) {
  const std::string origin = ledger::origin_of(id);
  for (std::size_t i = 0; i < notes.size(); ++i) {
    try {
      if (origin_in(notes[i]) != origin) continue;
      used[i] = true;
      options.heads.push_back(ledger::outside_head(notes[i], id, options.keys));
    } catch (const Error& error) {
      used[i] = true;
      check.problems.push_back("outside checkpoint " + std::to_string(i + 1) + ": " + error.what());
    }
  }
}

// What a later stream of the same node says of this one.
void add_successor_head(store::Store& store, const std::vector<store::StreamHead>& heads, std::size_t index,
                        ledger::VerifyOptions& options) {
  for (const store::StreamHead& other : heads) {
    if (other.id.realm != heads[index].id.realm || other.id.epoch <= heads[index].id.epoch || other.size == 0)
      continue;
    store.read_entries(other.stream, 0, 1, [&](ledger::SealedEntry&& row) {
      const auto head = ledger::successor_head(ledger::parse_opening(row.entry.facts), heads[index].id);
      if (head) options.heads.push_back(*head);
      return false;
    });
  }
}

}  // namespace

bool LedgerCheck::intact() const {
  return problems.empty() &&
         std::all_of(streams.begin(), streams.end(),
                     [](const ledger::StreamVerdict& verdict) { return verdict.intact(); });
}

LedgerCheck check_ledger(store::Store& store, const LedgerCheckOptions& options) {
  LedgerCheck check;
  check.heads = store.streams();
  std::uint64_t all = 0;
  for (const store::StreamHead& head : check.heads) all += head.size;
  std::uint64_t done = 0;
  std::vector<bool> used(options.checkpoints.size(), false);
  for (std::size_t i = 0; i < check.heads.size(); ++i) {
    const store::StreamHead& head = check.heads[i];
    ledger::VerifyOptions verify;
    verify.id = head.id;
    verify.keys = {ledger::VerifierKey::parse(head.verifier_key)};
    verify.stored_size = head.size;
    add_outside_heads(options.checkpoints, head.id, verify, used, check);
    add_successor_head(store, check.heads, i, verify);
    std::vector<ledger::StoredCheckpoint> stored;
    if (!head.checkpoint.empty()) stored.push_back({head.size, head.checkpoint});
    std::size_t next = 0;
    ledger::StreamVerifier verifier(
        std::move(verify),
        [&](std::uint32_t level, std::uint64_t index, std::uint32_t) {
          return store.tile(head.stream, level, index);
        },
        [&]() -> std::optional<ledger::StoredCheckpoint> {
          if (next == stored.size()) return std::nullopt;
          return stored[next++];
        });
    store.read_entries(head.stream, 0, head.size, [&](ledger::SealedEntry&& row) {
      verifier.feed(row);
      if (options.see) options.see(head, row);
      if (++done % 100'000 == 0 && options.progress) options.progress(done, all);
      return true;
    });
    check.streams.push_back(verifier.finish());
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i])
      check.problems.push_back("outside checkpoint " + std::to_string(i + 1) +
                               " is of a stream that this database does not have");
  }
  return check;
}

std::vector<std::string> read_checkpoints(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || !text) throw Error(ErrorKind::Input, file + ": can't be read");
  // A note is its text, an empty line, and its signatures ("— name …"); the next one follows after them.
  std::vector<std::string> notes;
  std::istringstream lines(text.str());
  std::string note;
  bool signatures = false;
  for (std::string line; std::getline(lines, line);) {
    const bool is_signature = line.starts_with("\xE2\x80\x94 ");
    if (signatures && !is_signature) {
      notes.push_back(std::move(note));
      note.clear();
      signatures = false;
      if (line.empty()) continue;
    }
    signatures = signatures || is_signature;
    note += line + "\n";
  }
  if (signatures) notes.push_back(std::move(note));
  if (notes.empty()) throw Error(ErrorKind::Input, file + ": holds no signed checkpoint");
  return notes;
}

std::vector<std::string> sentences(const LedgerCheck& check) {
  std::vector<std::string> lines;
  if (check.streams.empty()) lines.emplace_back("There is no ledger in this database.");
  for (const ledger::StreamVerdict& verdict : check.streams) {
    const std::string origin = ledger::origin_of(verdict.id);
    lines.push_back("Stream " + origin + ": " + std::to_string(verdict.size) + " entries, root " +
                    base::to_hex(verdict.root) + ".");
    if (verdict.intact()) {
      lines.push_back("Integrity: intact. " + std::to_string(verdict.checkpoints) + " checkpoints, " +
                      std::to_string(verdict.tiles) + " tiles, " + std::to_string(verdict.personal_values) +
                      " personal values agree with it; " + std::to_string(verdict.erased_values) +
                      " were erased.");
    } else {
      lines.push_back("Integrity: BROKEN, " + std::to_string(verdict.problem_count) + " problems:");
      for (const ledger::Problem& problem : verdict.problems)
        lines.push_back("  " + ledger::describe(problem));
    }
    if (verdict.completeness.complete()) {
      lines.emplace_back("Completeness: no source reported missing records.");
    } else {
      lines.emplace_back("Completeness: not everything was seen:");
      for (const auto& [source, gaps] : verdict.completeness.sources)
        lines.push_back("  " + source + ": " + std::to_string(gaps.gaps) + " gaps, " +
                        std::to_string(gaps.records_missing) + " records missing, " +
                        std::to_string(gaps.outages) + " outages, first at entry " +
                        std::to_string(gaps.first_sequence));
    }
    for (const std::string& line : verdict.not_excluded) lines.push_back("Not excluded: " + line);
  }
  for (const std::string& problem : check.problems) lines.push_back("Problem: " + problem);
  return lines;
}

}  // namespace curfew::app
