#include "plugins/windows/directory/ldap_text.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace curfew::windows {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t most_sub_authorities = 15;

char lower_of(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string filter_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '*' || c == '(' || c == ')' || c == '\\') {
      out += '\\';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> sid_bytes(std::string_view text) {
  if (text.size() < 2 || lower_of(text[0]) != 's' || text[1] != '-') return std::nullopt;
  text.remove_prefix(2);
  std::vector<std::uint64_t> numbers;
  while (true) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (text.empty()) break;
    if (text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
  }
  if (numbers.size() < 3 || numbers.size() > 2 + most_sub_authorities || numbers[0] != 1 ||
      numbers[1] > 0xffff'ffff'ffffULL)
    return std::nullopt;
  std::string out;
  out += '\1';
  out += static_cast<char>(numbers.size() - 2);
  for (int shift = 40; shift >= 0; shift -= 8) out += static_cast<char>(numbers[1] >> shift & 0xffU);
  for (std::size_t i = 2; i < numbers.size(); ++i) {
    if (numbers[i] > 0xffff'ffffULL) return std::nullopt;
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(numbers[i] >> shift & 0xffU);
  }
  return out;
}

std::string sid_text(std::string_view bytes) {
  if (bytes.size() < 8) return {};
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t count = at(1);
  if (at(0) != 1 || count > most_sub_authorities || bytes.size() != 8 + 4 * count) return {};
  std::uint64_t authority = 0;
  for (std::size_t i = 2; i < 8; ++i) authority = authority << 8U | at(i);
  std::string out = "S-1-" + std::to_string(authority);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t number = 0;
    for (std::size_t k = 4; k > 0; --k) number = number << 8U | at(8 + 4 * i + k - 1);
    out += "-" + std::to_string(number);
  }
  return out;
}

std::uint32_t relative_id(std::string_view sid) {
  const std::size_t at = sid.rfind('-');
  if (at == std::string_view::npos) return 0;
  std::uint32_t number = 0;
  std::from_chars(sid.data() + at + 1, sid.data() + sid.size(), number);
  return number;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_of(x) == lower_of(y); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_of);
  return out;
}

std::string dns_domain(std::string_view naming_context) {
  std::string out;
  while (!naming_context.empty()) {
    const std::string_view part = naming_context.substr(0, naming_context.find(','));
    if (part.size() > 3 && same_text(part.substr(0, 3), "DC=")) {
      if (!out.empty()) out += '.';
      out += part.substr(3);
    }
    naming_context.remove_prefix(std::min(naming_context.size(), part.size() + 1));
  }
  return out;
}

}  // namespace curfew::windows
