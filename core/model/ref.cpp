#include "core/model/ref.hpp"

#include <algorithm>

namespace curfew::model {

std::string to_text(Ref ref) {
  if (!ref) return {};
  static constexpr char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[i] = digits[ref.bits >> (60 - 4 * i) & 15];
  return text;
}

std::optional<Ref> parse_ref(std::string_view text) {
  if (text.empty()) return Ref{};
  if (text.size() != 16) return std::nullopt;
  Ref ref;
  for (const char c : text) {
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = 10 + static_cast<std::uint64_t>(c - 'a');
    else
      return std::nullopt;
    ref.bits = ref.bits << 4 | digit;
  }
  return ref;
}

std::string to_text(const SessionDigest& digest) {
  return digest ? base::to_hex(digest.bytes) : std::string{};
}

std::optional<SessionDigest> parse_session_digest(std::string_view text) {
  if (text.empty()) return SessionDigest{};
  const auto bytes = text.size() == 32 ? base::from_hex(text) : std::nullopt;
  if (!bytes) return std::nullopt;
  SessionDigest digest;
  std::transform(bytes->begin(), bytes->end(), digest.bytes.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return digest;
}

}  // namespace curfew::model
