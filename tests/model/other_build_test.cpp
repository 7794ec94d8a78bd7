// Ledgers that this build writes are replayed by another build of the engine: other optimisation, other
// assertions, other hash seeds. It must agree on each decision, and say where a changed rule parts from them.
#include <absl/hash/hash.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <regex>

#include "core/engine/record.hpp"
#include "core/ledger/export.hpp"
#include "tests/model/history.hpp"

namespace curfew::model_test {
namespace {

using testing::HasSubstr;

constexpr std::size_t steps = 600;
constexpr std::uint64_t seeds = 12;

struct Ran {
  int code = -1;
  std::string out;
};

Ran run(const std::string& command) {
  Ran result;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  while (const std::size_t length = std::fread(buffer, 1, sizeof buffer, pipe))
    result.out.append(buffer, length);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  return result;
}

class OtherBuild : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A history under policies that act, with restarts, exported as a ledger is.
  std::string write_ledger(std::uint64_t seed) {
    std::string folder = (folder_ / std::to_string(seed)).string();
    ledger::ExportWriter writer(folder);
    writer.stream(1, {"model", "a", 1}, "");
    model::Symbols symbols;
    engine::Engine engine(symbols);
    History history(seed, {.enforce = true, .restarts = true, .steps = steps}, symbols);
    model::Effects effects;
    entries_.clear();
    for (std::size_t step = 0; step < steps; ++step) {
      const model::Input input = history.next();
      engine.apply(input, effects);
      history.tell(effects);
      if (std::holds_alternative<model::TickInput>(input.body) && !effects.fired) continue;
      for (model::Entry& entry : engine::to_entries(input, effects, symbols))
        entries_.push_back(std::move(entry));
      for (const model::Entry& entry : effects.decisions) entries_.push_back(entry);
      decisions_ += effects.decisions.size();
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      ledger::SealedEntry row;
      row.sequence = i;
      row.entry = entries_[i];
      writer.entry(1, row);
    }
    writer.finish();
    return folder;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("curfew-other-build-" + std::to_string(::getpid()));
  std::vector<model::Entry> entries_;
  std::size_t decisions_ = 0;
};

TEST_F(OtherBuild, AgreesOnEachDecision) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    decisions_ = 0;
    const std::string folder = write_ledger(seed);
    EXPECT_GT(decisions_, 20U) << "a history without decisions shows nothing";
    const Ran other = run(std::string(CURFEW_REPLAY_OTHER) + " " + folder);
    EXPECT_EQ(other.code, 0) << other.out;
    EXPECT_THAT(other.out, HasSubstr(" " + std::to_string(decisions_) + " decisions recomputed"));
  }
}

TEST_F(OtherBuild, IsReallyAnother) {
  const Ran other = run(std::string(CURFEW_REPLAY_OTHER) + " " + write_ledger(1));
#ifdef NDEBUG
  EXPECT_THAT(other.out, HasSubstr("built unoptimised with assertions"));
#else
  EXPECT_THAT(other.out, HasSubstr("built optimised without assertions"));
#endif
  const auto here = std::to_string(absl::Hash<std::string_view>{}("curfew"));
  EXPECT_THAT(other.out, HasSubstr("hash of 'curfew' "));
  EXPECT_THAT(other.out, testing::Not(HasSubstr("hash of 'curfew' " + here + "\n")));
}

// The rules in the configuration are others: this build and the other one name the same first difference.
TEST_F(OtherBuild, NamesTheSameFirstDifferenceUnderOtherPolicies) {
  int differing = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string folder = write_ledger(seed);
    model::Symbols symbols;
    std::optional<model::PolicySet> set;
    engine::InputReader reader(symbols);
    for (const model::Entry& entry : entries_) {
      if (set || entry.kind != model::EntryKind::Configuration) continue;
      if (auto input = reader.read(entry)) set = std::get<model::ConfigurationInput>(input->body).set;
    }
    ASSERT_TRUE(set);
    for (model::Policy& policy : set->policies) {
      policy.limit += std::chrono::minutes(1);
      ++policy.most;
    }
    engine::Replayer replayer(engine::Engine(symbols), symbols);
    replayer.substitute_policies(*set);
    std::optional<engine::Difference> expected;
    for (std::size_t i = 0; i < entries_.size() && !expected; ++i) expected = replayer.feed(i, entries_[i]);
    if (!expected) expected = replayer.finish();

    const Ran other = run(std::string(CURFEW_REPLAY_OTHER) + " " + folder + " longer");
    ASSERT_EQ(other.code, expected ? 4 : 0) << other.out;
    if (!expected) continue;
    ++differing;
    EXPECT_THAT(other.out, HasSubstr("first difference at entry " + std::to_string(expected->sequence) +
                                     "\nrecorded: " + expected->recorded +
                                     "\nrecomputed: " + expected->recomputed + "\n"));
  }
  EXPECT_GT(differing, 0);
}

// The rule itself is another, in the program.
TEST_F(OtherBuild, WithAChangedRuleSaysWhereItParts) {
  int differing = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Ran changed = run(std::string(CURFEW_REPLAY_CHANGED) + " " + write_ledger(seed));
    if (changed.code == 0) continue;
    ++differing;
    ASSERT_EQ(changed.code, 4) << changed.out;
    std::smatch place;
    ASSERT_TRUE(std::regex_search(changed.out, place, std::regex("first difference at entry ([0-9]+)")));
    EXPECT_LE(std::stoull(place[1]), entries_.size());
  }
  EXPECT_GT(differing, 0) << "no history shows the changed rule";
}

}  // namespace
}  // namespace curfew::model_test
