// Evidence bundles as three programs see them that were written apart: ours, the Python script, and the one
// on the Go project's packages. Whatever is done to a bundle, each finds it, and says where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/integration/verifiers/programs.hpp"
#include "tests/unit/ledger/bundle_changes.hpp"

namespace curfew::ledger {
namespace {

using testing::HasSubstr;

class BundleVerifiers : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "curfew_bundles_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { files::remove_all(folder_); }

  [[nodiscard]] std::string file(const std::string& name, const std::string& bytes) const {
    write_file(folder_ / name, bytes);
    return folder_ / name;
  }
  // In an empty directory, without an environment, without site packages: what an auditor's machine has.
  [[nodiscard]] static Ran python(const std::string& bundle, const std::string& options = {}) {
    const std::string empty = bundle + ".empty";
    files::create_directory(empty);
    return run("cd " + empty + " && env -i /usr/bin/python3 -I -S " + script + " " + options + " " + bundle);
  }
  [[nodiscard]] static Ran go(const std::string& bundle, const std::string& options = {}) {
    return run("env -i " + go_verifier().path + " " + options + " " + bundle);
  }
  // What the script says of many bundles, each behind "=== name".
  [[nodiscard]] std::string python_says(const std::string& key) const {
    return run("python3 -I -c 'import glob,sys; sys.path.insert(0, \"" CURFEW_SOURCE_DIR
               "/docs/verify\"); sys.dont_write_bytecode=True\n"
               "import verify_ledger as v\n"
               "for path in sorted(glob.glob(\"" +
               (folder_ / "*.tar").string() +
               "\")):\n"
               "  bundle=v.Bundle(v.read_bundle(path), [v.Key(\"" +
               key +
               "\")], [])\n"
               "  print(\"===\", path.rsplit(\"/\",1)[1], bundle.count)\n"
               "  bundle.tell(False)'")
        .output;
  }

  files::path folder_;
};

void needs_go() {
  if (go_verifier().path.empty() && go_verifier().why.starts_with("needs")) GTEST_SKIP() << go_verifier().why;
  ASSERT_FALSE(go_verifier().path.empty()) << go_verifier().why;
}

TEST_F(BundleVerifiers, AgreeOnGenuineOnes) {
  for (const bool all : {false, true}) {
    for (const bool names : {false, true}) {
      BundleFixture bundle(all, names);
      bundle.members.push_back(
          {"streams/1/consistency",
           format_consistency(401, bundle.consistency(401), bundle.ledger.checkpoints.at(811))});
      const std::string path = file("genuine.tar", bundle.sealed());
      const std::string known =
          "--key '" + bundle.key() + "' --checkpoint " +
          file("kept", bundle.ledger.checkpoints.at(401) + '\n' + bundle.ledger.checkpoints.at(501));
      EXPECT_TRUE(verify_bundle(bundle.sealed(), {}).intact());
      EXPECT_EQ(python(path).code, 0) << python(path).output;
      EXPECT_EQ(python(path, known).code, 0) << python(path, known).output;
      files::remove_all(path + ".empty");
      const std::string fingerprint = fingerprint_of(bundle.ledger.key.verifier());
      EXPECT_THAT(run("python3 -I " + script + " --json " + path).output, HasSubstr(fingerprint));
    }
  }
}

TEST_F(BundleVerifiers, GoPackagesAgreeOnGenuineOnes) {
  needs_go();
  if (go_verifier().path.empty()) return;
  for (const bool all : {false, true}) {
    BundleFixture bundle(all, all);
    bundle.members.push_back(
        {"streams/1/consistency",
         format_consistency(401, bundle.consistency(401), bundle.ledger.checkpoints.at(811))});
    const std::string path = file("genuine.tar", bundle.sealed());
    const std::string known =
        "--key '" + bundle.key() + "' --checkpoint " + file("kept", bundle.ledger.checkpoints.at(401));
    EXPECT_EQ(go(path).code, 0) << go(path).output;
    EXPECT_EQ(go(path, known).code, 0) << go(path, known).output;
    EXPECT_THAT(go(path).output, HasSubstr(fingerprint_of(bundle.ledger.key.verifier())));
  }
}

TEST_F(BundleVerifiers, FindEachChangeAtItsPlace) {
  const std::vector<BundleChange> changes = bundle_changes();
  const std::string key = BundleFixture().key();
  const auto name_of = [](std::size_t i) { return "change" + std::to_string(1000 + i) + ".tar"; };
  for (std::size_t i = 0; i < changes.size(); ++i) (void)file(name_of(i), changes[i].bytes);
  const std::string script_says = python_says(key);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::string heading = "=== " + name_of(i) + ' ';
    const auto from = script_says.find(heading);
    ASSERT_NE(from, std::string::npos) << changes[i].name << '\n' << script_says.substr(0, 2'000);
    const std::string told = script_says.substr(from, script_says.find("===", from + 3) - from);
    EXPECT_THAT(told, HasSubstr("PROBLEM")) << changes[i].name;
    EXPECT_THAT(told, HasSubstr(changes[i].place)) << changes[i].name;
    if (!changes[i].tree || go_verifier().path.empty()) continue;  // that it can't be built is told above
    const Ran go_says = go(folder_ / name_of(i), "-key '" + key + "'");
    EXPECT_EQ(go_says.code, 4) << changes[i].name << '\n' << go_says.output;
    EXPECT_THAT(go_says.output, HasSubstr(changes[i].place)) << changes[i].name;
  }
}

TEST_F(BundleVerifiers, FindAnotherHistoryByAnOutsideCheckpoint) {
  const BundleFixture bundle;
  BundleFixture other;
  other.ledger.rewrite(other.ledger.key);
  other.ledger.add({LedgerFixture::entry(5)});
  const std::string path = file("bundle.tar", bundle.sealed());
  const std::string newer = " --checkpoint " + file("newer", other.ledger.checkpoints.at(812));
  const std::string stale = " --checkpoint " + file("stale", bundle.ledger.checkpoints.at(401));
  LedgerFixture rewritten(805);
  rewritten.rows[7].entry.facts = "{}";
  rewritten.rewrite(rewritten.key);
  BundleFixture grown;
  grown.members.push_back({"streams/1/consistency", format_consistency(401, grown.consistency(401),
                                                                       grown.ledger.checkpoints.at(811))});
  const std::string grown_path = file("grown.tar", grown.sealed());
  const std::string forged = " --checkpoint " + file("forged", rewritten.checkpoints.at(401));
  for (const auto& [of, options, says] : std::vector<std::array<std::string, 3>>{
           {path, newer, "can be compared"}, {path, stale, "can be compared"}, {grown_path, forged, ""}}) {
    const Ran script_says = python(of, options);
    EXPECT_EQ(script_says.code, 4) << script_says.output;
    EXPECT_THAT(script_says.output, HasSubstr(says));
    files::remove_all(of + ".empty");
    if (go_verifier().path.empty()) continue;
    const Ran go_says = go(of, options);
    EXPECT_EQ(go_says.code, 4) << go_says.output;
    EXPECT_THAT(go_says.output, HasSubstr(says));
  }
}

// An archive like any other: by tar, and by Python's own reader.
TEST_F(BundleVerifiers, AnyTarOpensIt) {
  BundleFixture bundle(false, true);
  const std::string path = file("bundle.tar", bundle.sealed());
  const std::string into = folder_ / "opened";
  files::create_directory(into);
  const Ran opened = run("tar -xf " + path + " -C " + into + " && cd " + into +
                         " && awk '{print $1 \"  \" $3}' manifest | sha256sum --check --quiet");
  EXPECT_EQ(opened.code, 0) << opened.output;
  EXPECT_EQ(opened.output, "");
  EXPECT_EQ(read_file(into + "/streams/1/checkpoint"), bundle.ledger.checkpoints.rbegin()->second);
  const Ran listed =
      run("python3 -c \"import tarfile; print(len(tarfile.open('" + path + "').getnames()))\"");
  EXPECT_EQ(listed.output, std::to_string(bundle.members.size() + 2) + "\n");
}

}  // namespace
}  // namespace curfew::ledger
