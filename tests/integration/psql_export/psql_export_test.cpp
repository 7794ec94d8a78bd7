#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "core/ledger/export.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/seal.hpp"
#include "core/store/store.hpp"
#include "tests/support/cluster.hpp"

namespace curfew {
namespace {

const ledger::StreamId id{"main", "a", 1};

int run(const std::string& command, std::string& output) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return -1;
  char buffer[4096];
  while (const std::size_t length = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, length);
  const int status = ::pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Facts and values with everything that a CSV file could trip over.
std::vector<model::Entry> awkward_entries(std::uint64_t from, std::uint64_t to) {
  std::vector<model::Entry> entries;
  for (std::uint64_t i = from; i < to; ++i) {
    model::Entry& entry = entries.emplace_back();
    entry.engine_time = base::from_micros(1'763'758'680'000'000 + static_cast<std::int64_t>(i));
    if (i % 3 != 0) entry.occurred_at = entry.engine_time;
    if (i % 4 != 0) entry.source = "crm,\"forms\"";
    if (i % 5 != 0) entry.session.bytes.fill(static_cast<std::uint8_t>(i % 255 + 1));
    if (i % 7 != 0) entry.subject.bits = i;
    entry.facts = R"({"type":"activity","application":"a,\"b\" \\. \u000a zoë"})";
    if (i % 11 == 0) {
      entry.personal = model::to_json({{model::Ref{i + 1}, model::PersonalKind::Device, "host",
                                        "\"q\",\\N " + std::to_string(i) + "\u00eb"}});
    }
  }
  return entries;
}

TEST(PsqlExport, OfAStoredLedgerVerifiesWithTheScriptAndWithUs) {
  const support::Database database = support::Cluster::instance().fresh_database();
  store::Store writer(database.application, store::Role::Writer);
  const ledger::SigningKey key = ledger::SigningKey::generate(ledger::origin_of(id));
  const store::StreamHead head = writer.open_stream(id, key.verifier().text());
  ledger::Sealer sealer(id, {key}, ledger::Tree(), base::fill_random);
  const Time now = base::from_micros(1'763'758'690'000'000);
  std::uint64_t size = 0;
  const auto append = [&](std::vector<model::Entry> entries) {
    const ledger::SealedBatch batch = sealer.seal(std::move(entries), now);
    store::Extras extras;
    for (const ledger::SealedEntry& row : batch.entries) {
      if (row.entry.personal.empty()) continue;
      for (model::PersonalValue& value : model::personal_values_from_json(row.entry.personal))
        extras.references.push_back(std::move(value));
    }
    writer.append(head, batch, extras);
    size = batch.size();
  };
  append({ledger::opening_entry({id, key.verifier().text(), std::nullopt}, now)});
  append(awkward_entries(1, 400));
  append(awkward_entries(400, 700));

  const support::TemporaryDirectory folder;
  std::string output;
  ASSERT_EQ(run("cd '" + folder.path().string() + "' && psql -X -q -v ON_ERROR_STOP=1 -d '" +
                    database.application.conninfo + "' -f " CURFEW_SOURCE_DIR "/docs/verify/export.sql",
                output),
            0)
      << output;

  const ledger::ExportVerdict ours = ledger::verify_export(folder.path(), {{key.verifier()}, {}, 100});
  ASSERT_EQ(ours.streams.size(), 1U);
  for (const ledger::Problem& problem : ours.streams[0].problems) ADD_FAILURE() << ledger::describe(problem);
  for (const ledger::Problem& problem : ours.problems.listed) ADD_FAILURE() << ledger::describe(problem);
  EXPECT_EQ(ours.streams[0].size, size);
  EXPECT_EQ(ours.streams[0].root, sealer.tree().root());

  output.clear();
  EXPECT_EQ(run("python3 " CURFEW_SOURCE_DIR "/docs/verify/verify_ledger.py --key '" + key.verifier().text() +
                    "' '" + folder.path().string() + "'",
                output),
            0)
      << output;
  EXPECT_THAT(output, testing::HasSubstr("700 entries, root " + base::to_hex(sealer.tree().root())));

  // `curfew verify DIR`: the same files, no database.
  const std::string verify = CURFEW_BINARY_DIR "/bin/curfew verify '" + folder.path().string() + "'";
  const std::string key_option = " --key '" + key.verifier().text() + "'";
  const std::string checkpoint = folder.path().string() + "/outside";
  std::ofstream(checkpoint) << writer.streams().at(0).checkpoint << "\n";
  output.clear();
  EXPECT_EQ(run(verify + key_option + " --checkpoint '" + checkpoint + "'", output), 0) << output;
  EXPECT_THAT(output, testing::HasSubstr("700 entries, root " + base::to_hex(sealer.tree().root())));
  EXPECT_THAT(output, testing::HasSubstr("Integrity: intact"));
  output.clear();
  EXPECT_EQ(run(verify + " --json", output), 0) << output;
  EXPECT_THAT(output, testing::StartsWith("{\"intact\":true,"));
  output.clear();
  EXPECT_EQ(run(verify + " --database postgresql://nowhere", output), 2) << output;

  // Its end cut off, and the checkpoint with it: only the one from outside tells.
  const auto keep = [&](const char* name, const std::function<bool(const std::string&)>& keeps) {
    const std::filesystem::path path = folder.path() / name;
    std::ifstream in(path);
    std::string text;
    for (std::string line; std::getline(in, line);) {
      if (keeps(line)) text += line + "\n";
    }
    in.close();
    std::ofstream(path) << text;
  };
  const auto place = [](const std::string& line) {
    const auto comma = line.find(',');
    return line.starts_with("1,") ? std::stoull(line.substr(comma + 1)) : 0ULL;
  };
  keep("entry.csv", [&](const std::string& line) { return place(line) < 400; });
  keep("personal.csv", [&](const std::string& line) { return place(line) < 400; });
  output.clear();
  EXPECT_EQ(run(verify, output), 4) << output;
  EXPECT_THAT(output, testing::HasSubstr("Integrity: BROKEN"));
  output.clear();
  EXPECT_EQ(run(verify + " --json --checkpoint '" + checkpoint + "'", output), 4) << output;
  EXPECT_THAT(output, testing::StartsWith("{\"intact\":false,"));
  EXPECT_THAT(output, testing::HasSubstr("tail_cut"));
  output.clear();
  EXPECT_EQ(run(CURFEW_BINARY_DIR "/bin/curfew verify /nowhere/at/all", output), 1) << output;
  EXPECT_THAT(output, testing::HasSubstr("/nowhere/at/all"));
}

}  // namespace
}  // namespace curfew
