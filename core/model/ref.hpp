// References: how facts speak of people, devices and addresses without naming them.
//
// A Ref is 64 random bits that admission drew for one personal value the first time it was seen. The pairing
// of value and Ref is a personal value itself (salted commitment in the leaf, erasable in the store): once it
// is erased, nobody can get from the Ref to the person or back. See docs/ledger-format.md.
//
// Threads: values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/digest.hpp"

namespace curfew::model {

struct Ref {
  std::uint64_t bits = 0;  // 0: none

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return bits != 0; }
  friend constexpr auto operator<=>(const Ref&, const Ref&) = default;
};

// 16 lower-case hex digits; empty for none.
[[nodiscard]] std::string to_text(Ref ref);
[[nodiscard]] std::optional<Ref> parse_ref(std::string_view text);

// A session's id at its source, as the keyed digest that leaves the plugin. All zero: none.
struct SessionDigest {
  Digest16 bytes{};

  [[nodiscard]] explicit operator bool() const noexcept { return bytes != Digest16{}; }
  friend auto operator<=>(const SessionDigest&, const SessionDigest&) = default;
};

// 32 lower-case hex digits; empty for none.
[[nodiscard]] std::string to_text(const SessionDigest& digest);
[[nodiscard]] std::optional<SessionDigest> parse_session_digest(std::string_view text);

}  // namespace curfew::model
