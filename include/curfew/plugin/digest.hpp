// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) without a library, so that a connector can turn a session's
// clear id into its digest before it leaves the plugin.
//
//   curfew::plugin::KeyedDigest digest(key);
//   curfew_session_digest session = digest(cookie);
//
// Threads: KeyedDigest is immutable after construction; any thread. Owns: nothing but its state. Fails:
// never. Not for bulk hashing: about 200 MB/s.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "curfew/plugin/abi.h"

namespace curfew::plugin {

// Two small hexadecimal digits for each byte, of a digest for example.
template <typename Bytes>
[[nodiscard]] std::string to_hex(const Bytes& bytes) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += hex[byte >> 4U];
    text += hex[byte & 15U];
  }
  return text;
}

class Sha256 {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  Sha256& update(std::string_view bytes) noexcept {
    total_ += bytes.size();
    while (!bytes.empty()) {
      const std::size_t part = std::min(bytes.size(), block_.size() - filled_);
      std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(part),
                     block_.begin() + static_cast<std::ptrdiff_t>(filled_),
                     [](char c) { return static_cast<std::uint8_t>(c); });
      filled_ += part;
      bytes.remove_prefix(part);
      if (filled_ == block_.size()) compress();
    }
    return *this;
  }

  // The object is spent afterwards.
  Bytes finish() noexcept {
    const std::uint64_t bits = total_ * 8;
    block_[filled_++] = 0x80;
    if (filled_ > 56) {
      std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.end(), std::uint8_t{0});
      compress();
    }
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(filled_), block_.begin() + 56, std::uint8_t{0});
    for (std::size_t i = 0; i < 8; ++i) block_[56 + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
    compress();
    Bytes digest{};
    for (std::size_t i = 0; i < digest.size(); ++i) {
      digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
  }

 private:
  void compress() noexcept {
    static constexpr std::array<std::uint32_t, 64> k{
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 16; ++i) {
      w[i] = static_cast<std::uint32_t>(block_[4 * i]) << 24 |
             static_cast<std::uint32_t>(block_[4 * i + 1]) << 16 |
             static_cast<std::uint32_t>(block_[4 * i + 2]) << 8 | block_[4 * i + 3];
    }
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i];
      const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> add{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += add[i];
    filled_ = 0;
  }

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_{};
  std::size_t filled_ = 0;
  std::uint64_t total_ = 0;
};

// The first 16 bytes of HMAC-SHA-256 under one key. The two key blocks are hashed once.
class KeyedDigest {
 public:
  explicit KeyedDigest(std::string_view key) noexcept {
    std::array<char, 64> block{};
    if (key.size() > block.size()) {
      const Sha256::Bytes short_key = Sha256().update(key).finish();
      std::transform(short_key.begin(), short_key.end(), block.begin(),
                     [](std::uint8_t byte) { return static_cast<char>(byte); });
    } else {
      std::copy(key.begin(), key.end(), block.begin());
    }
    for (char& c : block) c = static_cast<char>(c ^ 0x36);
    inner_.update({block.data(), block.size()});
    for (char& c : block) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
    outer_.update({block.data(), block.size()});
  }

  [[nodiscard]] curfew_session_digest operator()(std::string_view clear_id) const noexcept {
    Sha256 inner = inner_;
    const Sha256::Bytes middle = inner.update(clear_id).finish();
    std::array<char, 32> text{};
    std::transform(middle.begin(), middle.end(), text.begin(),
                   [](std::uint8_t byte) { return static_cast<char>(byte); });
    Sha256 outer = outer_;
    const Sha256::Bytes full = outer.update({text.data(), text.size()}).finish();
    curfew_session_digest digest{};
    std::copy_n(full.begin(), 16, digest.bytes);
    return digest;
  }

 private:
  Sha256 inner_;
  Sha256 outer_;
};

}  // namespace curfew::plugin
