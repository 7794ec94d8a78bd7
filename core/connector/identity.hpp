// Names and addresses in their canonical form: two spellings of one account become one value, so that they
// get one reference.
//
//   Identity identity(rules, {"203.0.113.0/24"});
//   identity.canonical({"windows_account", "CORP\\Alice"})    == {"upn", "alice@corp.test"}
//   identity.address("::ffff:10.1.2.3")                       == {"10.1.2.3", NetworkClass::Private}
//
// Threads: immutable after construction. Owns: its rules. Fails: the constructor throws Error(Configuration)
// naming the alias or network that can't be read.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/connector/admission.hpp"
#include "core/model/observation.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::connector {

class Identity {
 public:
  Identity(const LinkRules& rules, const std::vector<std::string>& private_networks);

  // Empty value: it names nobody ("-", blanks).
  [[nodiscard]] model::NamedValue canonical(std::string_view name_space, std::string_view value) const;

  struct Address {
    std::string text;  // canonical; empty: none
    model::NetworkClass network = model::NetworkClass::Unknown;
  };
  [[nodiscard]] Address address(std::string_view text) const;

  // Host names are one whatever their case.
  [[nodiscard]] static std::string device(std::string_view text);

 private:
  struct Network {
    std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
    unsigned prefix = 0;
  };
  [[nodiscard]] model::NamedValue folded(std::string_view name_space, std::string_view value) const;
  [[nodiscard]] static Network read_network(const std::string& text);
  [[nodiscard]] static bool contains(const Network& network, const std::array<std::uint8_t, 16>& address);

  bool case_sensitive_;
  std::map<std::string, std::string, std::less<>> suffix_of_;  // lower-case domain → UPN suffix
  std::map<std::string, model::NamedValue, std::less<>> alias_of_;
  std::vector<Network> private_;
};

}  // namespace curfew::connector
