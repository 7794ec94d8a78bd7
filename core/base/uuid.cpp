#include "core/base/uuid.hpp"

#include <openssl/evp.h>

#include "core/base/error.hpp"

namespace curfew::base {

std::string uuid_v5(const Digest16& name_space, std::string_view name) {
  std::string bytes(as_text(name_space));
  bytes += name;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha1(), nullptr) != 1 || length < 16)
    throw Error(ErrorKind::Internal, "OpenSSL gives no SHA-1, which UUIDs of version 5 are made of");
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x50);
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);
  const std::string hex = to_hex(std::span<const std::uint8_t>(digest).first(16));
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" +
         hex.substr(20, 12);
}

}  // namespace curfew::base
