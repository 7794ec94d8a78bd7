#include "core/api/gate_paths.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/error.hpp"
#include "core/enforcement/credential_rules.hpp"

namespace curfew::api {

std::optional<std::string> plain_path(std::string_view target) {
  std::string path = enforcement::percent_decoded(target.substr(0, target.find_first_of("?#")));
  if (path.empty() || path.front() != '/') return std::nullopt;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '%' || c == '\\' || c == ';' || c == '?' || c == '#')
      return std::nullopt;
  }
  for (const char* odd : {"//", "/./", "/../"}) {
    if (path.find(odd) != std::string::npos) return std::nullopt;
  }
  if (path.ends_with("/.") || path.ends_with("/..")) return std::nullopt;
  return path;
}

PathSet::PathSet(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    const bool is_prefix = pattern.ends_with('*');
    std::string text = pattern.substr(0, pattern.size() - (is_prefix ? 1 : 0));
    if (text.find('*') != std::string::npos || plain_path(text) != text)
      throw Error(ErrorKind::Configuration,
                  "'" + pattern + "' is no path: write /login, or /static/* for all below it");
    (is_prefix ? prefixes_ : exact_).push_back(std::move(text));
  }
}

bool PathSet::contains(std::string_view path) const {
  return std::any_of(exact_.begin(), exact_.end(), [&](const auto& one) { return path == one; }) ||
         std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const auto& prefix) { return path.starts_with(prefix); });
}

std::optional<AddressSet::Bytes> AddressSet::parse(const std::string& text) {
  if (text.find('\0') != std::string::npos) return std::nullopt;  // where inet_pton would stop
  Bytes bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  // IPv4 as IPv6 has it: ::ffff:192.0.2.1.
  bytes = {};
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

AddressSet::AddressSet(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) {
    const std::size_t slash = text.find('/');
    const auto address = parse(text.substr(0, slash));
    const unsigned most = text.find(':') == std::string::npos ? 32 : 128;
    unsigned bits = most;
    bool good = address.has_value();
    if (good && slash != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
      good = error == std::errc{} && stop == end && bits <= most;
    }
    if (!good)
      throw Error(ErrorKind::Configuration,
                  "'" + text + "' is neither an address nor a network such as 10.0.0.0/8");
    networks_.push_back({*address, bits + (128 - most)});
  }
}

bool AddressSet::contains(std::string_view text) const {
  const auto address = parse(std::string(text));
  if (!address) return false;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    const std::size_t whole = network.bits / 8;
    if (std::memcmp(address->data(), network.address.data(), whole) != 0) return false;
    const unsigned rest = network.bits % 8;
    if (rest == 0) return true;
    const unsigned mask = 0xffU << (8 - rest) & 0xffU;
    return ((*address)[whole] & mask) == (network.address[whole] & mask);
  });
}

}  // namespace curfew::api
