// UUIDs that follow from what they name (RFC 9562, version 5): the same content has the same one everywhere.
//
//   base::uuid_v5(base::uuid_namespace_url, "https://example.com/a")
//
// Threads: pure functions. Fails: Error(Internal) when OpenSSL can't work.
#pragma once

#include <string>
#include <string_view>

#include "core/base/digest.hpp"

namespace curfew::base {

// RFC 9562, section 6.6: names that are URLs.
inline constexpr Digest16 uuid_namespace_url{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                             0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

// SHA-1 is what version 5 is made of; nothing is protected by it.
[[nodiscard]] std::string uuid_v5(const Digest16& name_space, std::string_view name);

}  // namespace curfew::base
