// Digests, keyed digests, random bytes and their texts.
//
//   base::Sha256 hash; hash.update("a").update("b"); Digest32 d = hash.finish();
//   base::to_hex(base::sha256("ab"))
//
// Threads: functions may be called from any thread; a Sha256 object belongs to one thread at a time and is
// meant to be reused (a context of its own costs more than hashing a leaf: 4.5M/s against 2.5M/s for 300 B).
// Fails: Error(Internal) when OpenSSL can't work.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace curfew {

using Digest16 = std::array<std::uint8_t, 16>;
using Digest32 = std::array<std::uint8_t, 32>;

namespace base {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(std::string_view bytes);
  Sha256& update(std::span<const std::uint8_t> bytes);
  // The digest of all updates since the last finish; the object is ready for the next message.
  Digest32 finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

[[nodiscard]] Digest32 sha256(std::string_view bytes);
[[nodiscard]] Digest32 hmac_sha256(std::string_view key, std::string_view bytes);
// The first 16 bytes of HMAC-SHA-256: enough against guessing, half the space in a million-session map.
[[nodiscard]] Digest16 keyed_digest(std::string_view key, std::string_view bytes);

// From OpenSSL's private generator.
void fill_random(std::span<std::uint8_t> bytes);
[[nodiscard]] std::uint64_t random_u64();

[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

[[nodiscard]] inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace base
}  // namespace curfew
