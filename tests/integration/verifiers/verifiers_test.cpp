#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "core/base/error.hpp"
#include "core/ledger/export.hpp"
#include "core/ledger/proof.hpp"
#include "tests/integration/verifiers/programs.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

namespace curfew::ledger {
namespace {

using testing::HasSubstr;

// Two streams with a hand-over, an erasure that the later one records for the earlier one, and a gap.
struct World {
  LedgerFixture first{805};
  LedgerFixture second{
      300, 77, {"main", "b", 2}, known_head(first.checkpoints.at(501), first.key.verifier().text())};
  std::vector<model::PersonalValue> references;

  World() {
    for (const LedgerFixture* stream : {&first, &second}) {
      for (const SealedEntry& row : stream->rows) {
        if (row.entry.personal.empty() || (stream == &first && row.sequence == 301)) continue;
        for (model::PersonalValue& value : model::personal_values_from_json(row.entry.personal)) {
          if (std::find(references.begin(), references.end(), value) == references.end())
            references.push_back(value);
        }
      }
    }
    // The person of entry 301 is in the second stream's time too only under another reference.
    references.erase(
        std::remove_if(references.begin(), references.end(),
                       [](const model::PersonalValue& v) { return v.value == "user301@corp.test"; }),
        references.end());
    first.rows[301].entry.personal.clear();
    first.rows[301].salt.clear();
    second.add(erasure_entries({{origin_of(first.id), {{301, 301}}}}, LedgerFixture::at(2000)));
    model::Entry gap = LedgerFixture::entry(1);
    gap.facts = R"({"type":"gap","count":12})";
    second.add({gap});
  }

  void write(const std::string& directory) const {
    ExportWriter writer(directory);
    std::int64_t number = 0;
    for (const LedgerFixture* stream : {&first, &second}) {
      writer.stream(++number, stream->id, stream->key.verifier().text());
      for (const SealedEntry& row : stream->rows) writer.entry(number, row);
      for (const auto& [place, bytes] : stream->tiles)
        writer.tile(number, {place.first, place.second, bytes});
      for (const auto& [size, note] : stream->checkpoints) writer.checkpoint(number, {size, note, {}, {}});
    }
    for (const model::PersonalValue& value : references) writer.reference(value);
    writer.finish();
  }
};

class Verifiers : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "curfew_verifiers_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { files::remove_all(folder_); }

  [[nodiscard]] std::string directory() const { return folder_ / "export"; }
  [[nodiscard]] Ran python(const std::string& arguments = {},
                           const std::string& interpreter = "python3") const {
    return run(interpreter + " " + script + " " + arguments + " " + directory());
  }
  [[nodiscard]] Ran go(const std::string& arguments = {}) const {
    return run(go_verifier().path + " " + arguments + " " + directory());
  }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return folder_ / name;
  }
  [[nodiscard]] std::string keys(const World& world) const {
    return "--key '" + world.first.key.verifier().text() + "' --key '" + world.second.key.verifier().text() +
           "'";
  }

  files::path folder_;
};

std::string told(const ExportVerdict& verdict) {
  std::string text;
  for (const Problem& problem : verdict.problems.listed) text += describe(problem) + '\n';
  for (const StreamVerdict& stream : verdict.streams) {
    for (const Problem& problem : stream.problems) text += describe(problem) + '\n';
  }
  return text;
}

TEST_F(Verifiers, AgreeOnAnUntouchedLedger) {
  const World world;
  world.write(directory());
  const ExportVerdict ours = verify_export(directory(), {});
  EXPECT_TRUE(ours.intact()) << told(ours);
  EXPECT_FALSE(ours.complete());
  ASSERT_EQ(ours.streams.size(), 2U);
  EXPECT_EQ(ours.streams[0].erased_values, 1U);
  EXPECT_EQ(ours.streams[1].completeness.sources.at("crm-forms").records_missing, 12U);

  const Ran script_says = python();
  EXPECT_EQ(script_says.code, 0) << script_says.output;
  for (const StreamVerdict& stream : ours.streams) {
    EXPECT_THAT(script_says.output, HasSubstr(origin_of(stream.id) + ": " + std::to_string(stream.size) +
                                              " entries, root " + base::to_hex(stream.root)));
  }
  EXPECT_THAT(script_says.output, HasSubstr("crm-forms: 1 gaps, 12 records missing"));
  EXPECT_THAT(script_says.output, HasSubstr("no outside checkpoint was given"));
}

TEST_F(Verifiers, GoPackagesAgreeOnAnUntouchedLedgerItsCheckpointsAndItsProofs) {
  if (go_verifier().path.empty() && go_verifier().why.starts_with("needs")) GTEST_SKIP() << go_verifier().why;
  ASSERT_FALSE(go_verifier().path.empty()) << go_verifier().why;
  const World world;
  world.write(directory());
  Tree tree;
  std::vector<Tile> full;
  std::array<char, 8> subject;
  LeafEncoder encoder(world.first.id);
  for (const SealedEntry& row : world.first.rows) tree.append(encoder.hash(fields_of(row, subject)), full);
  const TileReader tiles = tiles_of(tree, [&](std::uint32_t level, std::uint64_t index, std::uint32_t) {
    return std::optional(world.first.tiles.at({level, index}));
  });
  std::string proofs;
  for (const std::uint64_t index : {0U, 255U, 256U, 511U, 700U, 804U}) {
    const std::string text =
        format_tlog_proof(index, inclusion_proof(index, 805, tiles), world.first.checkpoints.at(805));
    proofs += " -proof " + file("proof" + std::to_string(index), text);
  }
  // As the daemon appends them: one behind the other, with a blank line between.
  std::string kept;
  for (const LedgerFixture* stream : {&world.first, &world.second}) {
    for (const auto& [size, note] : stream->checkpoints) kept += note + '\n';
  }
  const std::string outside = " -checkpoint " + file("outside", kept);
  EXPECT_EQ(python("--checkpoint " + file("outside", kept)).code, 0) << python(outside).output;
  const Ran good = go(keys(world) + proofs + outside);
  EXPECT_EQ(good.code, 0) << good.output;
  EXPECT_THAT(good.output, HasSubstr("curfew/main/a/1: 805 entries, 0 problems"));

  const std::string wrong =
      format_tlog_proof(3, inclusion_proof(4, 805, tiles), world.first.checkpoints.at(805));
  const Ran bad = go("-proof " + file("wrong", wrong));
  EXPECT_EQ(bad.code, 4) << bad.output;
}

TEST_F(Verifiers, PythonScriptNeedsNoPackageBesidesPython) {
  World().write(directory());
  // -S leaves site-packages out, so Ed25519 is computed by the script itself.
  const Ran bare = python({}, "python3 -I -S");
  EXPECT_EQ(bare.code, 0) << bare.output;
  EXPECT_NE(
      python("--key 'curfew/main/a/1+869b7a4f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c'", "python3 -I -S")
          .code,
      0)
      << "the second stream's key is not among those given";
}

struct Change {
  const char* name;
  std::function<void(World&)> before;                       // in the rows …
  std::function<void(const std::string& directory)> after;  // … or in the files
  bool tree = true;                                         // Go's packages look at the tree alone
};

void edit(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = read_file(path);
  const auto place = text.find(from);
  ASSERT_NE(place, std::string::npos) << from;
  write_file(path, text.replace(place, from.size(), to));
}

// The lines of a CSV file without line feeds in its fields.
void edit_lines(const std::string& path, const std::function<void(std::vector<std::string>&)>& change) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  file.close();
  change(lines);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  write_file(path, text);
}

const std::vector<Change> changes{
    {"engine time", [](World& w) { w.first.rows[300].entry.engine_time += Duration(1); }, {}},
    {"occurred at", [](World& w) { w.first.rows[300].entry.occurred_at = Time{}; }, {}},
    {"recorded at", [](World& w) { w.first.rows[300].recorded_at += Duration(1); }, {}},
    {"kind", [](World& w) { w.first.rows[300].entry.kind = model::EntryKind::Alert; }, {}},
    {"source", [](World& w) { w.first.rows[300].entry.source = "corp-ad"; }, {}},
    {"session", [](World& w) { w.first.rows[300].entry.session.bytes[3] ^= 1; }, {}},
    {"subject", [](World& w) { w.first.rows[300].entry.subject.bits ^= 1; }, {}},
    {"facts", [](World& w) { w.first.rows[804].entry.facts = "{}"; }, {}},
    {"commitment", [](World& w) { w.first.rows[308].commitment[5] ^= 1; }, {}},
    {"realm", {}, [](const std::string& d) { edit(d + "/stream.csv", "main", "mail"); }},
    {"epoch", {}, [](const std::string& d) { edit(d + "/stream.csv", "\"b\",2", "\"b\",3"); }},
    {"swapped rows",
     [](World& w) {
       std::swap(w.first.rows[300], w.first.rows[310]);
       std::swap(w.first.rows[300].sequence, w.first.rows[310].sequence);
     },
     {}},
    {"dropped row", [](World& w) { w.first.rows.erase(w.first.rows.begin() + 300); }, {}},
    {"dropped last row", [](World& w) { w.second.rows.pop_back(); }, {}},
    {"appended row",
     [](World& w) {
       w.first.rows.push_back(w.first.rows.back());
       ++w.first.rows.back().sequence;
     },
     {}},
    {"tile",
     [](World& w) {
       w.first.tiles.at({0, 1})[100] ^= 1;
     },
     {}},
    {"dropped tile",
     [](World& w) {
       w.first.tiles.erase({0, 1});
     },
     {}},
    {"extra tile",
     [](World& w) {
       w.first.tiles[{0, 3}] = w.first.tiles.at({0, 2});
     },
     {}},
    {"checkpoint root line",
     {},
     [](const std::string& d) { edit(d + "/checkpoint.csv", "\n501\n", "\n501\nA"); }},
    {"dropped last checkpoint", [](World& w) { w.first.checkpoints.erase(805); }, {}},
    {"checkpoint of another stream",
     [](World& w) { w.first.checkpoints[77] = w.second.checkpoints.begin()->second; },
     {}},
    {"dropped middle checkpoint",
     {},
     [](const std::string& d) { edit(d + "/checkpoint.csv", "1,501,401,", "1,501,400,"); },
     false},
    {"repeated checkpoint",
     {},
     [](const std::string& d) {
       const std::string text = read_file(d + "/checkpoint.csv");
       const auto begin = text.find("1,501,401,");
       const auto end = text.find("1,601,501,");
       ASSERT_TRUE(begin < end && end != std::string::npos);
       edit(d + "/checkpoint.csv", "1,601,501,", text.substr(begin, end - begin) + "1,601,501,");
     }},
    {"checkpoint root column",
     {},
     [](const std::string& d) { edit(d + "/checkpoint.csv", "1,501,401,\\x", "1,501,401,\\x00"); },
     false},
    {"personal value", [](World& w) { w.first.rows[308].entry.personal += ' '; }, {}, false},
    {"salt", [](World& w) { w.first.rows[308].salt[0] ^= 1; }, {}, false},
    {"dropped personal value",
     {},
     [](const std::string& d) {
       edit_lines(d + "/personal.csv", [](auto& lines) { lines.erase(lines.begin() + 20); });
     },
     false},
    {"inserted personal value",
     [](World& w) {
       w.first.rows[300].salt = std::string(16, 'x');
       w.first.rows[300].entry.personal = "[]";
     },
     {},
     false},
    {"personal value of no entry",
     {},
     [](const std::string& d) {
       edit_lines(d + "/personal.csv", [](auto& lines) { lines.push_back("2,100000,\\x00,\"[]\""); });
     },
     false},
    {"reference value", [](World& w) { w.references[7].value = "eve@corp.test"; }, {}, false},
    {"dropped reference", [](World& w) { w.references.pop_back(); }, {}, false},
    {"reference that comes back after the erasure",
     [](World& w) {
       w.references.push_back({model::Ref{44}, model::PersonalKind::Identifier, "upn", "user301@corp.test"});
     },
     {},
     false},
    {"dropped stream",
     {},
     [](const std::string& d) {
       edit_lines(d + "/stream.csv", [](auto& lines) { lines.erase(lines.begin() + 1); });
     }},
};

class Tampered : public Verifiers, public testing::WithParamInterface<std::size_t> {};

TEST_P(Tampered, LedgerIsRefusedByAll) {
  const Change& change = changes[GetParam()];
  SCOPED_TRACE(change.name);
  World world;
  const std::string known = keys(world);
  if (change.before) change.before(world);
  world.write(directory());
  if (change.after) change.after(directory());

  ExportOptions options;
  options.keys = {world.first.key.verifier(), world.second.key.verifier()};
  const ExportVerdict ours = verify_export(directory(), options);
  EXPECT_FALSE(ours.intact());
  const Ran script_says = python(known);
  EXPECT_EQ(script_says.code, 4) << script_says.output;
  if (!change.tree || go_verifier().path.empty()) return;  // that it can't be built is told by the test above
  const Ran go_says = go(known);
  EXPECT_EQ(go_says.code, 4) << go_says.output;
}
INSTANTIATE_TEST_SUITE_P(Each, Tampered, testing::Range(std::size_t{0}, changes.size()),
                         [](const auto& test) {
                           std::string name = changes[test.param].name;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST_F(Verifiers, FindARewriteWithTheSameKeyOnlyAgainstAnOutsideCheckpoint) {
  World world;
  const std::string outside = file("outside", world.first.checkpoints.at(501));
  const std::string known = keys(world);
  LedgerFixture& first = world.first;
  first.rows[300].entry.facts = "{}";
  // An erased value is sealed again without its commitment, so nothing is missing; the second stream, which
  // names the first one's head, goes.
  first.rewrite(first.key);
  ExportWriter writer(directory());
  writer.stream(1, first.id, first.key.verifier().text());
  for (const SealedEntry& row : first.rows) writer.entry(1, row);
  for (const auto& [place, bytes] : first.tiles) writer.tile(1, {place.first, place.second, bytes});
  for (const auto& [size, note] : first.checkpoints) writer.checkpoint(1, {size, note, {}, {}});
  for (std::uint64_t i = 7; i < 805; i += 7) {
    if (i != 301) writer.reference(LedgerFixture::person(i).front());
  }
  writer.finish();

  ExportOptions options;
  options.keys = {first.key.verifier()};
  EXPECT_TRUE(verify_export(directory(), options).intact()) << told(verify_export(directory(), options));
  EXPECT_EQ(python(known).code, 0) << python(known).output;
  options.checkpoints = {read_file(outside)};
  const ExportVerdict ours = verify_export(directory(), options);
  EXPECT_TRUE(ours.streams.at(0).by_kind.contains(ProblemKind::HeadDiffers)) << told(ours);
  const Ran script_says = python(known + " --checkpoint " + outside);
  EXPECT_EQ(script_says.code, 4);
  EXPECT_THAT(script_says.output, HasSubstr("another root at size 501"));
  if (go_verifier().path.empty()) return;
  EXPECT_EQ(go(known).code, 0);
  EXPECT_EQ(go(known + " -checkpoint " + outside).code, 4);
}

TEST_F(Verifiers, TakeAnExportAsNdjsonToo) {
  World().write(directory());
  const Ran converted = run(
      "python3 -c \"import csv,json,sys\ncsv.field_size_limit(1<<20)\nd='" + directory() +
      "/'\nfor t in ('stream','entry','personal','reference','tile','checkpoint'):\n"
      "  with open(d+t+'.csv',newline='') as f, open(d+t+'.ndjson','w') as o:\n"
      "    for r in csv.DictReader(f):\n"
      "      o.write(json.dumps({k: int(v) if v.lstrip('-').isdigit() else v for k,v in r.items()})+'\\n')\n"
      "  import os; os.remove(d+t+'.csv')\"");
  ASSERT_EQ(converted.code, 0) << converted.output;
  const Ran script_says = python("--json");
  EXPECT_EQ(script_says.code, 0) << script_says.output;
  EXPECT_THAT(script_says.output, HasSubstr("\"intact\": true"));
}

TEST_F(Verifiers, SayWhereAnUnreadableExportIsBroken) {
  World().write(directory());
  edit(directory() + "/entry.csv", "\n1,5,", "\n1,five,");
  const Ran script_says = python();
  EXPECT_EQ(script_says.code, 2);
  EXPECT_THAT(script_says.output, HasSubstr("entry.csv: row 6"));
  try {
    (void)verify_export(directory(), {});
    FAIL() << "a row without a sequence was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Input);
    EXPECT_THAT(error.what(), HasSubstr("entry.csv: row 6"));
  }
  files::remove(directory() + "/entry.csv");
  EXPECT_EQ(python().code, 2);
  EXPECT_THROW((void)verify_export(directory(), {}), Error);
}

TEST_F(Verifiers, AnExportIsNeverWrittenOverAnother) {
  World().write(directory());
  EXPECT_THROW(World().write(directory()), Error);
}

}  // namespace
}  // namespace curfew::ledger
