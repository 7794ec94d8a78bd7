#include "core/app/ledger_check.hpp"

#include <algorithm>

#include <fstream>
#include <sstream>

#include "core/base/error.hpp"

namespace curfew::app {
namespace {

void add_stream(std::vector<std::string>& lines, const ledger::StreamVerdict& verdict) {
  lines.push_back("Stream " + ledger::origin_of(verdict.id) + ": " + std::to_string(verdict.size) +
                  " entries, root " + base::to_hex(verdict.root) + ".");
  if (verdict.intact()) {
    lines.push_back("Integrity: intact. " + std::to_string(verdict.checkpoints) + " checkpoints, " +
                    std::to_string(verdict.tiles) + " tiles and " + std::to_string(verdict.personal_values) +
                    " personal values agree; " + std::to_string(verdict.erased_values) +
                    " values were erased.");
  } else {
    lines.push_back("Integrity: BROKEN, " + std::to_string(verdict.problem_count) + " problems:");
    for (const ledger::Problem& problem : verdict.problems) lines.push_back("  " + ledger::describe(problem));
  }
  if (verdict.completeness.complete()) {
    lines.emplace_back("Completeness: no source reported missing records.");
  } else {
    lines.emplace_back("Completeness: not everything was seen:");
    for (const auto& [source, gaps] : verdict.completeness.sources)
      lines.push_back("  " + source + ": " + std::to_string(gaps.gaps) + " gaps, " +
                      std::to_string(gaps.records_missing) + " records missing, " +
                      std::to_string(gaps.outages) + " outages, the first at entry " +
                      std::to_string(gaps.first_sequence));
  }
  for (const std::string& line : verdict.not_excluded) lines.push_back("Not excluded: " + line);
}

void add_problems(std::vector<std::string>& lines, const ledger::Problems& problems) {
  if (problems.count == 0) return;
  lines.push_back("Beside the streams: " + std::to_string(problems.count) + " problems:");
  for (const ledger::Problem& problem : problems.listed) lines.push_back("  " + ledger::describe(problem));
}

}  // namespace

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

std::vector<std::string> sentences(const store::StoreVerdict& verdict) {
  std::vector<std::string> lines;
  if (verdict.streams.empty()) lines.emplace_back("There is no ledger in this database.");
  for (const ledger::StreamVerdict& stream : verdict.streams) add_stream(lines, stream);
  add_problems(lines, verdict.references);
  add_problems(lines, verdict.tables);
  for (const std::string& line : verdict.not_covered) lines.push_back("Not covered: " + line);
  return lines;
}

std::vector<std::string> sentences(const ledger::ExportVerdict& verdict) {
  std::vector<std::string> lines;
  if (verdict.streams.empty()) lines.emplace_back("There is no ledger in this export.");
  for (const ledger::StreamVerdict& stream : verdict.streams) add_stream(lines, stream);
  add_problems(lines, verdict.problems);
  return lines;
}

report::LedgerFinding finding_of(const store::StoreVerdict& verdict) {
  report::LedgerFinding finding;
  finding.intact = verdict.intact() && !verdict.streams.empty();
  std::uint64_t entries = 0;
  std::uint64_t checkpoints = 0;
  for (const ledger::StreamVerdict& stream : verdict.streams) {
    entries += stream.size;
    checkpoints += stream.checkpoints;
    for (const std::string& sentence : stream.not_excluded) {
      if (std::find(finding.not_excluded.begin(), finding.not_excluded.end(), sentence) ==
          finding.not_excluded.end())
        finding.not_excluded.push_back(sentence);
    }
  }
  if (finding.intact) {
    finding.sentence = "What the ledger holds agrees: " + std::to_string(entries) + " entries, " +
                       std::to_string(checkpoints) + (checkpoints == 1 ? " checkpoint." : " checkpoints.");
  } else {
    for (const std::string& line : sentences(verdict))
      finding.sentence += (finding.sentence.empty() ? "" : " ") + line;
  }
  return finding;
}

}  // namespace curfew::app
