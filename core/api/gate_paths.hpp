// What a gate is configured with in texts: paths of the application, and addresses of its proxies.
//
//   PathSet public_paths({"/login", "/static/*"});
//   if (const auto path = plain_path("/static/a.css?v=1"); path && public_paths.contains(*path)) …
//
// Threads: values and pure functions. Owns: its texts. Fails: Error(Configuration) for a text that is none of
// these.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::api {

// The decoded path of a request's target, without query. None: different servers may understand it
// differently (dot segments, double slashes, escaped escapes, path parameters), so no rule may let it pass.
[[nodiscard]] std::optional<std::string> plain_path(std::string_view target);

// Exact paths, and prefixes that end in '*'.
class PathSet {
 public:
  PathSet() = default;
  explicit PathSet(const std::vector<std::string>& patterns);
  [[nodiscard]] bool contains(std::string_view path) const;

 private:
  std::vector<std::string> exact_;
  std::vector<std::string> prefixes_;
};

// "127.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32".
class AddressSet {
 public:
  AddressSet() = default;
  explicit AddressSet(const std::vector<std::string>& networks);
  [[nodiscard]] bool contains(std::string_view address) const;
  [[nodiscard]] static bool is_address(std::string_view text) { return parse(std::string(text)).has_value(); }

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  struct Network {
    Bytes address{};
    unsigned bits = 128;
  };
  static std::optional<Bytes> parse(const std::string& text);
  std::vector<Network> networks_;
};

}  // namespace curfew::api
