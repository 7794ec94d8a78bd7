#include "core/base/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

#include "core/base/error.hpp"

namespace curfew::base {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw Error(ErrorKind::Internal, std::string("OpenSSL: ") + what + " failed");
}

const EVP_MD* sha256_algorithm() {
  // Fetched once: the implicit fetch of EVP_sha256() on each use halves the rate.
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
  require(algorithm != nullptr, "EVP_MD_fetch(SHA256)");
  return algorithm.get();
}

}  // namespace

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> handle{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(context_->handle != nullptr, "EVP_MD_CTX_new");
  require(EVP_DigestInit_ex2(context_->handle.get(), sha256_algorithm(), nullptr) == 1, "EVP_DigestInit_ex2");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::string_view bytes) {
  require(EVP_DigestUpdate(context_->handle.get(), bytes.data(), bytes.size()) == 1, "EVP_DigestUpdate");
  return *this;
}

Sha256& Sha256::update(std::span<const std::uint8_t> bytes) { return update(as_text(bytes)); }

Digest32 Sha256::finish() {
  Digest32 digest;
  require(EVP_DigestFinal_ex(context_->handle.get(), digest.data(), nullptr) == 1, "EVP_DigestFinal_ex");
  require(EVP_DigestInit_ex2(context_->handle.get(), nullptr, nullptr) == 1, "EVP_DigestInit_ex2");
  return digest;
}

Digest32 sha256(std::string_view bytes) {
  thread_local Sha256 hash;
  return hash.update(bytes).finish();
}

Digest32 hmac_sha256(std::string_view key, std::string_view bytes) {
  // RFC 2104 by hand over the reused context: OpenSSL 3's HMAC() fetches its algorithm on each call.
  constexpr std::size_t block_size = 64;
  std::array<std::uint8_t, block_size> block{};
  if (key.size() > block_size) {
    const Digest32 short_key = sha256(key);
    std::copy(short_key.begin(), short_key.end(), block.begin());
  } else {
    std::transform(key.begin(), key.end(), block.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
  }
  thread_local Sha256 hash;
  for (auto& byte : block) byte ^= 0x36;
  const Digest32 inner = hash.update(block).update(bytes).finish();
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  return hash.update(block).update(inner).finish();
}

Digest16 keyed_digest(std::string_view key, std::string_view bytes) {
  const Digest32 full = hmac_sha256(key, bytes);
  Digest16 half;
  std::copy_n(full.begin(), half.size(), half.begin());
  return half;
}

void fill_random(std::span<std::uint8_t> bytes) {
  require(RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "RAND_priv_bytes");
}

std::uint64_t random_u64() {
  std::array<std::uint8_t, 8> bytes;
  fill_random(bytes);
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8 | byte;
  return value;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto value = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = value(text[i]);
    const int low = value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length));
  // EVP_DecodeBlock counts the padding as bytes.
  if (text.ends_with("=="))
    bytes.resize(bytes.size() - 2);
  else if (text.ends_with("="))
    bytes.resize(bytes.size() - 1);
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace curfew::base
