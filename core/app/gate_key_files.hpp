// The issuers' keys that the gates had last, on disk, so that a restart while an issuer can't be asked
// doesn't leave its tokens without anybody who can judge them.
//
//   GateKeyFiles files("/var/lib/curfew/gate-keys");
//   files.keep("shop", rules, jwks, now);
//   if (const KeptKeys kept = files.find("shop", rules, now); !kept.jwks.empty()) judge.set_keys(kept.jwks);
//
// Keys count for the rules that they were kept with, to the letter: another issuer's never verify. They count
// for `longest_kept` after a gate used them last; a key that the issuer withdrew meanwhile is believed for
// that long at most, as it is by a gate whose issuer can't be reached.
//
// Threads: any; one source's keys are kept by one at a time. Owns: nothing but the folder's path. Fails: keep
// throws Error(Unavailable); find says why in `why`.
#pragma once

#include <string>
#include <string_view>

#include "core/base/time.hpp"

namespace curfew::app {

struct KeptKeys {
  std::string jwks;  // empty: there are none
  Time kept_at{};
  std::string why;  // what was there and can't be used, with what to do; empty: nothing was
};

class GateKeyFiles {
 public:
  static constexpr Duration longest_kept{std::chrono::hours(24)};
  static constexpr std::size_t most_bytes = std::size_t{1} << 20U;

  explicit GateKeyFiles(std::string folder) : folder_(std::move(folder)) {}

  void keep(std::string_view source, std::string_view rules, std::string_view jwks, Time now) const;
  [[nodiscard]] KeptKeys find(std::string_view source, std::string_view rules, Time now) const;

 private:
  [[nodiscard]] std::string path_of(std::string_view source) const;
  std::string folder_;
};

}  // namespace curfew::app
