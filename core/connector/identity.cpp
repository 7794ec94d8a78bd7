#include "core/connector/identity.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::connector {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

// An IPv4 address as an IPv4-mapped IPv6 one.
std::optional<Bytes> read_address(std::string_view text) {
  std::array<char, 64> zero_ended{};
  if (text.empty() || text.size() >= zero_ended.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), zero_ended.begin());
  Bytes bytes{};
  if (inet_pton(AF_INET6, zero_ended.data(), bytes.data()) == 1) return bytes;
  if (inet_pton(AF_INET, zero_ended.data(), bytes.data() + 12) == 1) {
    bytes[10] = bytes[11] = 0xFF;
    return bytes;
  }
  return std::nullopt;
}

bool is_mapped(const Bytes& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xFF && bytes[11] == 0xFF;
}

std::string write_address(const Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_mapped(bytes)) {
    inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  return text.data();
}

model::NetworkClass well_known_class(const Bytes& b) {
  using model::NetworkClass;
  if (is_mapped(b)) {
    if (b[12] == 127) return NetworkClass::Local;
    if (b[12] == 0) return NetworkClass::Unknown;  // "this network": no address at all
    if (b[12] == 10 || (b[12] == 172 && (b[13] & 0xF0U) == 16) || (b[12] == 192 && b[13] == 168) ||
        (b[12] == 169 && b[13] == 254)) {
      return NetworkClass::Private;
    }
    return NetworkClass::Public;
  }
  const bool zeros = std::all_of(b.begin(), b.end() - 1, [](std::uint8_t byte) { return byte == 0; });
  if (zeros) return b[15] == 1 ? NetworkClass::Local : NetworkClass::Unknown;
  if ((b[0] & 0xFEU) == 0xFC) return NetworkClass::Private;                  // unique local
  if (b[0] == 0xFE && (b[1] & 0xC0U) == 0x80) return NetworkClass::Private;  // link-local
  return NetworkClass::Public;
}

std::string alias_key(std::string_view name_space, std::string_view value) {
  std::string key(name_space);
  key += ':';
  key += value;
  return key;
}

// "namespace:value"; a value may hold further colons.
model::NamedValue read_name(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw Error(ErrorKind::Configuration,
                "links: '" + text + "' is no identifier; write namespace:value, as in upn:alice@corp.test");
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

constexpr int longest_alias_chain = 8;

}  // namespace

Identity::Identity(const LinkRules& rules, const std::vector<std::string>& private_networks)
    : case_sensitive_(rules.case_sensitive) {
  for (const LinkRules::Domain& domain : rules.domains) {
    if (domain.domain.empty() || domain.upn_suffix.empty()) {
      throw Error(ErrorKind::Configuration, "links.domains: both domain and upn_suffix are needed");
    }
    suffix_of_[base::to_lower_ascii(domain.domain)] = base::to_lower_ascii(domain.upn_suffix);
  }
  std::map<std::string, model::NamedValue, std::less<>> one_step;
  for (const LinkRules::Alias& alias : rules.aliases) {
    const auto from = read_name(alias.from);
    const auto to = read_name(alias.to);
    const auto folded_from = folded(from.name_space, from.value);
    const auto [at, fresh] = one_step.emplace(alias_key(folded_from.name_space, folded_from.value),
                                              folded(to.name_space, to.value));
    if (!fresh) {
      throw Error(ErrorKind::Configuration,
                  "links.aliases: '" + alias.from + "' is the alias of two; keep one of them");
    }
  }
  for (const auto& [from, to] : one_step) {
    model::NamedValue end = to;
    int steps = 0;
    for (auto next = one_step.find(alias_key(end.name_space, end.value)); next != one_step.end();
         next = one_step.find(alias_key(end.name_space, end.value))) {
      if (++steps > longest_alias_chain) {
        throw Error(ErrorKind::Configuration, "links.aliases: '" + from +
                                                  "' leads in a circle, or through more than 8 others; let "
                                                  "each alias name the canonical identifier");
      }
      end = next->second;
    }
    alias_of_.emplace(from, std::move(end));
  }
  for (const std::string& network : private_networks) private_.push_back(read_network(network));
}

model::NamedValue Identity::folded(std::string_view name_space, std::string_view value) const {
  value = base::trim(value);
  if (value.empty() || value == "-" || value == "\\") return {};
  const auto fold = [&](std::string_view text) {
    return case_sensitive_ ? std::string(text) : base::to_lower_ascii(text);
  };
  if (name_space == "windows_account") {
    const auto slash = value.find('\\');
    if (slash == std::string_view::npos) return {std::string(name_space), fold(value)};
    const std::string domain = base::to_lower_ascii(base::trim(value.substr(0, slash)));
    const std::string_view user = base::trim(value.substr(slash + 1));
    if (user.empty()) return {};
    if (const auto suffix = suffix_of_.find(domain); suffix != suffix_of_.end()) {
      return {"upn", fold(user) + '@' + suffix->second};
    }
    return {std::string(name_space), domain + '\\' + fold(user)};
  }
  if (name_space == "upn" || name_space == "email") {
    const auto at = value.rfind('@');
    if (at == std::string_view::npos) return {std::string(name_space), fold(value)};
    // The part after the @ is a domain name: one whatever its case.
    return {std::string(name_space), fold(value.substr(0, at)) + base::to_lower_ascii(value.substr(at))};
  }
  if (name_space == "windows_sid") {
    std::string sid(value);
    std::transform(sid.begin(), sid.end(), sid.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return {std::string(name_space), std::move(sid)};
  }
  return {std::string(name_space), std::string(value)};
}

model::NamedValue Identity::canonical(std::string_view name_space, std::string_view value) const {
  model::NamedValue name = folded(name_space, value);
  if (alias_of_.empty() || name.value.empty()) return name;
  const auto alias = alias_of_.find(alias_key(name.name_space, name.value));
  return alias == alias_of_.end() ? name : alias->second;
}

Identity::Address Identity::address(std::string_view text) const {
  text = base::trim(text);
  if (text.empty() || text == "-") return {};
  // What Windows writes for the console.
  if (base::to_lower_ascii(text) == "local") return {{}, model::NetworkClass::Local};
  // A zone names an interface of the host that wrote the record: it says nothing about the address.
  const auto bytes = read_address(text.substr(0, text.find('%')));
  if (!bytes) return {std::string(text), model::NetworkClass::Unknown};
  model::NetworkClass network = well_known_class(*bytes);
  if (network == model::NetworkClass::Unknown) return {{}, network};
  if (network == model::NetworkClass::Public &&
      std::any_of(private_.begin(), private_.end(), [&](const Network& n) { return contains(n, *bytes); })) {
    network = model::NetworkClass::Private;
  }
  return {write_address(*bytes), network};
}

std::string Identity::device(std::string_view text) {
  text = base::trim(text);
  if (text == "-") return {};
  while (text.starts_with('\\')) text.remove_prefix(1);  // \\WS01, as some logs write it
  return base::to_lower_ascii(text);
}

Identity::Network Identity::read_network(const std::string& text) {
  const auto fail = [&]() -> Error {
    return {ErrorKind::Configuration,
            "private_networks: '" + text + "' is no network; write 203.0.113.0/24 or 2001:db8::/32"};
  };
  const auto slash = text.find('/');
  const auto bytes = read_address(std::string_view(text).substr(0, slash));
  if (!bytes) throw fail();
  const bool four = is_mapped(*bytes);
  const unsigned longest = four ? 32 : 128;
  unsigned prefix = longest;
  if (slash != std::string::npos) {
    const char* const first = text.data() + slash + 1;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, prefix);
    if (error != std::errc{} || end != last || prefix > longest) throw fail();
  }
  return {*bytes, four ? prefix + 96 : prefix};
}

bool Identity::contains(const Network& network, const Bytes& address) {
  const std::size_t whole = network.prefix / 8;
  if (std::memcmp(network.bytes.data(), address.data(), whole) != 0) return false;
  const unsigned rest = network.prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFFU << (8 - rest));
  return (network.bytes[whole] & mask) == (address[whole] & mask);
}

}  // namespace curfew::connector
