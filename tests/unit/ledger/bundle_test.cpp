#include "core/ledger/bundle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "tests/unit/ledger/bundle_changes.hpp"

namespace curfew::ledger {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string told(const BundleVerdict& verdict) {
  std::string text;
  for (const BundleProblem& problem : verdict.problems.listed) text += describe(problem) + '\n';
  return text;
}

BundleOptions known_keys() {
  return {.keys = {LedgerFixture::key_of({"main", "a", 1}, 1).verifier()}, .checkpoints = {}};
}

TEST(Bundle, OfCitedRecordsIsProven) {
  const BundleFixture bundle;
  const BundleVerdict verdict = verify_bundle(bundle.sealed(), known_keys());
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  ASSERT_EQ(verdict.streams.size(), 1U);
  EXPECT_EQ(verdict.streams[0].records, 5U);
  EXPECT_EQ(verdict.cited, 4U);
  EXPECT_EQ(verdict.sealed_by, "curfew/main/a/1");
  EXPECT_EQ(verdict.compared_figures, 0U);
  EXPECT_THAT(verdict.not_excluded, Contains(HasSubstr("only cited records")));
  EXPECT_THAT(verdict.not_excluded, Contains(HasSubstr("no outside checkpoint")));
  EXPECT_THAT(verdict.not_excluded, Contains(HasSubstr("1 findings of the report name no place")));
}

TEST(Bundle, OfAllRecordsHasTheReportsFiguresCountedAgain) {
  const BundleVerdict verdict = verify_bundle(BundleFixture(true).sealed(), known_keys());
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_TRUE(verdict.streams[0].has_run);
  EXPECT_EQ(verdict.streams[0].records, 811U);
  EXPECT_EQ(verdict.compared_figures, 1U);
}

TEST(Bundle, WithNamesHoldsThemToTheirCommitmentsAndErasures) {
  const BundleVerdict verdict = verify_bundle(BundleFixture(true, true).sealed(), known_keys());
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.personal_values, 113U);
  EXPECT_EQ(verdict.erased_values, 1U);
}

TEST(Bundle, IsTheSameForTheSameMembers) { EXPECT_EQ(BundleFixture().sealed(), BundleFixture().sealed()); }

TEST(Bundle, EachChangeIsFoundAtItsPlace) {
  for (const BundleChange& change : bundle_changes()) {
    const BundleVerdict verdict = verify_bundle(change.bytes, known_keys());
    EXPECT_FALSE(verdict.intact()) << change.name;
    EXPECT_THAT(told(verdict), HasSubstr(change.place)) << change.name;
    EXPECT_THAT(to_json(verdict), HasSubstr("\"intact\":false"));
  }
}

TEST(Bundle, EveryByteMatters) {
  const std::string sealed = BundleFixture().sealed();
  for (std::size_t at = 0; at < sealed.size(); at += 97) {
    std::string changed = sealed;
    changed[at] ^= 0x20;
    EXPECT_FALSE(verify_bundle(changed, known_keys()).intact()) << at;
  }
}

TEST(Bundle, MadeAnewWithAnotherKeyIsFoundOnlyByTheKeyThatWasWrittenDown) {
  const std::string sealed = BundleFixture(true, false, 9).sealed();
  const BundleVerdict believed = verify_bundle(sealed, {});
  EXPECT_TRUE(believed.intact()) << told(believed);
  EXPECT_THAT(believed.not_excluded, Contains(HasSubstr("the keys came with the bundle")));
  EXPECT_FALSE(verify_bundle(sealed, known_keys()).intact());
}

TEST(Bundle, MadeAnewWithTheSameKeyIsFoundOnlyAgainstAnOutsideCheckpoint) {
  const BundleFixture before;
  BundleFixture made;
  made.ledger.rows[200].entry.facts = "{}";
  made.ledger.rows[BundleFixture::erased].entry = LedgerFixture::entry(BundleFixture::erased);
  made.ledger.rewrite(made.ledger.key);
  made.member(BundleFixture::checkpoint_name()) = made.ledger.checkpoints.rbegin()->second;
  made.member("report.json") = made.report();
  std::string leaves;
  for (const std::uint64_t i : made.sequences) append_to_bundle(leaves, made.leaf(i));
  made.member(BundleFixture::leaves_name()) = leaves;
  for (BundleMember& member : made.members) {
    if (!member.name.starts_with("streams/1/tile/")) continue;
    const auto path = parse_tile_path(member.name.substr(10));
    member.content = *made.tiles()(path->level, path->index, path->width);
  }
  BundleOptions options = known_keys();
  const BundleVerdict believed = verify_bundle(made.sealed(), options);
  EXPECT_TRUE(believed.intact()) << told(believed);

  options.checkpoints = {before.ledger.checkpoints.at(811)};
  EXPECT_THAT(told(verify_bundle(made.sealed(), options)), HasSubstr("of another history"));
  options.checkpoints = {before.ledger.checkpoints.at(501)};
  EXPECT_THAT(told(verify_bundle(made.sealed(), options)),
              HasSubstr("none of the outside checkpoints can be compared"));
  made.members.push_back({"streams/1/consistency",
                          format_consistency(501, made.consistency(501), made.ledger.checkpoints.at(811))});
  EXPECT_THAT(told(verify_bundle(made.sealed(), options)), HasSubstr("of another history"));
}

TEST(Bundle, GrewFromAnOutsideCheckpoint) {
  BundleFixture bundle;
  BundleOptions options = known_keys();
  options.checkpoints = {bundle.ledger.checkpoints.at(401), bundle.ledger.checkpoints.at(811)};
  EXPECT_EQ(verify_bundle(bundle.sealed(), options).streams[0].outside_size, 811U);
  bundle.members.push_back({"streams/1/consistency", format_consistency(401, bundle.consistency(401),
                                                                        bundle.ledger.checkpoints.at(811))});
  options.checkpoints.pop_back();
  const BundleVerdict verdict = verify_bundle(bundle.sealed(), options);
  EXPECT_TRUE(verdict.intact()) << told(verdict);
  EXPECT_EQ(verdict.streams[0].outside_size, 401U);
  options.checkpoints = {LedgerFixture(100, 10, {"main", "c", 1}).checkpoints.begin()->second};
  EXPECT_THAT(told(verify_bundle(bundle.sealed(), options)), HasSubstr("which is not in the bundle"));
}

TEST(Bundle, ItsSealIsNoCheckpointAndACheckpointNoSeal) {
  const BundleFixture bundle;
  const std::string sealed = bundle.sealed();
  const std::string seal(read_archive(sealed).members[0].content);
  const VerifierKey key = bundle.ledger.key.verifier();
  const OpenedNote opened = open_note(seal, {&key, 1});
  EXPECT_THROW((void)parse_checkpoint(opened.text), Error);
  EXPECT_FALSE(parse_origin(opened.text.substr(0, opened.text.find('\n'))));
}

TEST(Bundle, HostileTextReachesNoTerminal) {
  BundleFixture bundle;
  std::string& contents = bundle.member("bundle.json");
  contents.replace(contents.find("curfew/main"), 11, "\\u001b[2Jmain");
  for (const std::string& line : sentences(verify_bundle(bundle.sealed(), {})))
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(Archive, TakesOnlyPlainNames) {
  for (const char* name : {"a", "streams/1/tile/0/x001/234.p/5", "report.oscal.json"})
    EXPECT_TRUE(is_member_name(name));
  for (const char* name :
       {"", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".a", "a/.b", "a b", "a\\b", "\xC3\xA4"})
    EXPECT_FALSE(is_member_name(name)) << name;
  EXPECT_FALSE(is_member_name(std::string(101, 'a')));
  EXPECT_THROW(ArchiveWriter().add("../a", ""), Error);
}

// A header of another kind with a right checksum: a link, a directory, a path that leads out.
TEST(Archive, TakesOnlyPlainFiles) {
  const auto patched = [](std::size_t at, const std::string& with) {
    ArchiveWriter writer;
    writer.add("aaaaaaaa", "content");
    std::string bytes = writer.finish();
    bytes.replace(at, with.size(), with);
    std::fill_n(bytes.begin() + 148, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < archive_block; ++i) sum += static_cast<unsigned char>(bytes[i]);
    char text[9];
    std::snprintf(text, sizeof text, "%06o", sum);
    bytes.replace(148, 8, std::string(text) + '\0' + ' ');
    return bytes;
  };
  EXPECT_TRUE(read_archive(patched(0, "a")).broken.empty());
  for (const auto& [at, with] : std::vector<std::pair<std::size_t, std::string>>{{156, "2"},
                                                                                 {156, "5"},
                                                                                 {156, "x"},
                                                                                 {157, "/etc/passwd"},
                                                                                 {0, "../../aa"},
                                                                                 {0, "/aaaaaaa"},
                                                                                 {100, "0006755"},
                                                                                 {124, "77777777777"},
                                                                                 {124, "00000000x07"},
                                                                                 {345, "prefix"},
                                                                                 {257, "gnu"}}) {
    const std::string bytes = patched(at, with);
    EXPECT_FALSE(read_archive(bytes).broken.empty()) << at << ' ' << with;
  }
  ArchiveWriter twice;
  twice.add("a", "1");
  twice.add("a", "2");
  const std::string bytes = twice.finish();
  EXPECT_THAT(read_archive(bytes).broken, HasSubstr("twice"));
}

}  // namespace
}  // namespace curfew::ledger
