#include "core/ledger/note.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

// The example of the documentation of golang.org/x/mod/sumdb/note.
constexpr const char* example_secret =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr const char* example_key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* example_text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
constexpr const char* example_signature =
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

SigningKey key_of(const std::string& name, std::uint8_t seed) {
  Digest32 bytes{};
  bytes.fill(seed);
  return SigningKey::from_seed(name, bytes);
}

ErrorKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was refused";
  return ErrorKind::Internal;
}

TEST(SignedNote, SignsAndKeysLikeTheGoPackage) {
  const SigningKey key = SigningKey::parse(example_secret);
  EXPECT_EQ(key.verifier().text(), example_key);
  EXPECT_EQ(key.secret_text(), example_secret);
  const std::string note = sign_note(example_text, {&key, 1});
  EXPECT_EQ(note, std::string(example_text) + "\n" + example_signature);
  const VerifierKey known = VerifierKey::parse(example_key);
  const OpenedNote opened = open_note(note, {&known, 1});
  EXPECT_EQ(opened.text, example_text);
  EXPECT_EQ(opened.verified, std::vector<std::string>{"PeterNeumann"});
}

TEST(SignedNote, EveryChangedByteOfTextOrSignatureIsRefused) {
  const SigningKey key = key_of("log", 1);
  const std::string note = sign_note("origin\n3\nroot\n", {&key, 1});
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_THROW((void)open_note(changed, {&key.verifier(), 1}), Error) << "byte " << i;
  }
}

TEST(SignedNote, RotationIsSignedByBothKeysAndEitherOpensIt) {
  const std::vector<SigningKey> keys{key_of("log", 1), key_of("log", 2)};
  const std::string note = sign_note("text\n", keys);
  for (const SigningKey& key : keys) {
    const OpenedNote opened = open_note(note, {&key.verifier(), 1});
    EXPECT_EQ(opened.verified.size(), 1U);
    EXPECT_EQ(opened.unknown, 1U);
  }
}

TEST(SignedNote, UnknownKeysAreIgnoredButOneKnownKeyIsNeeded) {
  const std::vector<SigningKey> keys{key_of("log", 1), key_of("witness", 2)};
  const std::string note = sign_note("text\n", keys);
  EXPECT_EQ(open_note(note, {&keys[0].verifier(), 1}).unknown, 1U);
  const VerifierKey stranger = key_of("log", 3).verifier();
  EXPECT_THROW((void)open_note(note, {&stranger, 1}), Error);
}

TEST(SignedNote, AKnownKeyThatFailsRejectsEvenBesideOneThatHolds) {
  const std::vector<SigningKey> keys{key_of("log", 1), key_of("witness", 2)};
  const std::vector<VerifierKey> known{keys[0].verifier(), keys[1].verifier()};
  const ParsedNote other = parse_note(sign_note("other text\n", {&keys[1], 1}));
  std::string note = sign_note("text\n", {&keys[0], 1});
  const std::string whole = sign_note("other text\n", {&keys[1], 1});
  note += whole.substr(whole.find("\n\n") + 2);
  EXPECT_EQ(parse_note(note).signatures.size(), 2U);
  EXPECT_THROW((void)open_note(note, known), Error);
}

TEST(SignedNote, MalformedNotesAreRefused) {
  const SigningKey key = key_of("log", 1);
  const std::string good = sign_note("text\n", {&key, 1});
  const std::string line = good.substr(good.find("\n\n") + 2);
  std::string many = "text\n\n";
  for (int i = 0; i < 65; ++i) many += line;
  for (const std::string& bad : std::vector<std::string>{
           std::string(), std::string("text\n"), std::string("text\n\n"), good.substr(0, good.size() - 1),
           "text\n\n- log AAAAAAA=\n", "text\n\n\u2014 log\n", "text\n\n\u2014 log !!!!\n",
           "text\n\n\u2014 log AAAA\n", "text\n\n\u2014 lo+g AAAAAAAA\n", "te\txt\n\n" + line,
           "te\xff\n\n" + line, many, std::string(70'000, 'x') + "\n\n" + line})
    EXPECT_EQ(kind_of([&] { (void)parse_note(bad); }), ErrorKind::Input) << bad.substr(0, 80);
}

TEST(SignedNote, TextIsSplitAtTheLastBlankLine) {
  const SigningKey key = key_of("log", 1);
  const std::string note = sign_note("one\n\ntwo\n", {&key, 1});
  EXPECT_EQ(open_note(note, {&key.verifier(), 1}).text, "one\n\ntwo\n");
}

TEST(SignedNote, KeysWithTypingErrorsAreRefused) {
  for (const char* bad : {"", "PeterNeumann", "PeterNeumann+c74f20a3",
                          "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX",
                          "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                          "+c74f20a3+AR", "a+zzzzzzzz+AR"})
    EXPECT_EQ(kind_of([&] { (void)VerifierKey::parse(bad); }), ErrorKind::Configuration) << bad;
  EXPECT_THROW((void)SigningKey::parse(example_key), Error);
}

TEST(Checkpoint, HasThreeLinesAndKeepsExtensions) {
  Checkpoint checkpoint{"curfew/main/a/1", 42, base::sha256("root"), {}};
  const std::string text = format_checkpoint(checkpoint);
  EXPECT_EQ(text, "curfew/main/a/1\n42\n" + base::to_base64(base::as_text(checkpoint.root)) + "\n");
  EXPECT_EQ(parse_checkpoint(text), checkpoint);
  checkpoint.extensions = {"one", "two"};
  EXPECT_EQ(parse_checkpoint(format_checkpoint(checkpoint)), checkpoint);
}

TEST(Checkpoint, MalformedBodiesAreRefused) {
  const std::string root = base::to_base64(base::as_text(base::sha256("root"))) + "\n";
  for (const std::string& bad : std::vector<std::string>{
           std::string(), std::string("o\n"), "o\n1\n", "\n1\n" + root, "o\n01\n" + root, "o\n-1\n" + root,
           "o\n1x\n" + root, "o\n18446744073709551616\n" + root, std::string("o\n1\nAAAA\n"),
           "o\n1\n" + root + "\n", "o\n1\n" + root + "no line feed"})
    EXPECT_EQ(kind_of([&] { (void)parse_checkpoint(bad); }), ErrorKind::Input) << bad;
}

class KeyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "curfew_key_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ / "key"; }
  std::filesystem::path folder_;
};

TEST_F(KeyFile, IsCreatedForItsOwnerAloneAndLoadsAgain) {
  const SigningKey key = create_key_file(path(), "curfew/main/a/1");
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(load_key_file(path(), "curfew/main/a/1").verifier(), key.verifier());
}

TEST_F(KeyFile, IsNeverReplaced) {
  const SigningKey key = create_key_file(path(), "log");
  EXPECT_EQ(kind_of([&] { (void)create_key_file(path(), "log"); }), ErrorKind::Configuration);
  EXPECT_EQ(load_key_file(path(), "log").verifier(), key.verifier());
}

TEST_F(KeyFile, ThatOthersCanReadIsRefused) {
  (void)create_key_file(path(), "log");
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
    EXPECT_EQ(kind_of([&] { (void)load_key_file(path(), "log"); }), ErrorKind::Configuration) << mode;
  }
}

TEST_F(KeyFile, OfAnotherStreamOrDamagedIsRefusedWithItsPath) {
  (void)create_key_file(path(), "log");
  EXPECT_THROW((void)load_key_file(path(), "other"), Error);
  std::ofstream(path(), std::ios::trunc) << "PRIVATE+KEY+log+00000000+AAAA\n";
  try {
    (void)load_key_file(path(), "log");
    FAIL() << "a damaged key was loaded";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(path()), std::string::npos) << error.what();
  }
  EXPECT_THROW((void)load_key_file(path() + ".missing", "log"), Error);
  EXPECT_THROW((void)load_key_file(folder_, "log"), Error);
}

}  // namespace
}  // namespace curfew::ledger
