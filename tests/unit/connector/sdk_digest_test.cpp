#include <gtest/gtest.h>

#include <random>

#include "core/base/digest.hpp"
#include "curfew/plugin/digest.hpp"

namespace curfew::plugin {
namespace {

std::string hex(const Sha256::Bytes& bytes) { return base::to_hex(bytes); }

TEST(SdkDigest, AgreesWithThePublishedVectorsOfSha256) {
  EXPECT_EQ(hex(Sha256().finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(Sha256().update("abc").finish()),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(Sha256().update("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").finish()),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(SdkDigest, AgreesWithOpenSslForEveryLengthAroundABlock) {
  std::mt19937 random(7);
  std::string text;
  for (std::size_t length = 0; length < 300; ++length) {
    EXPECT_EQ(Sha256().update(text).finish(), base::sha256(text)) << "length " << length;
    const std::string key = text.substr(0, text.size() / 2);
    const curfew_session_digest mine = KeyedDigest(key)(text);
    const Digest16 expected = base::keyed_digest(key, text);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), mine.bytes)) << "length " << length;
    text += static_cast<char>(random());
  }
}

}  // namespace
}  // namespace curfew::plugin
