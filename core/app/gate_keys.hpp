// The keys by which gates verify tokens, as the sources' connectors give them; and those of before a restart
// until they do (gate_key_files.hpp).
//
//   GateKeys keys(data + "/gate-keys", log, {.take = …, .judges = …});
//   keys.has_rules("shop", json);     // its gates judge by these rules now
//   keys.given("shop", jwks);         // by its connector
//   keys.keep_again();                // each hour: they are in use still, and count from here on
//
// Threads: any; one at a time is let in. Owns: what was said last of each source. Fails: given with what
// `take` throws, and nothing is kept then; what can't be kept or found again is logged.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/app/gate_key_files.hpp"

namespace curfew::app {

class Log;

struct GateKeyLinks {
  // To each gate that guards the source.
  std::function<void(std::string_view source, std::string_view jwks)> take;
  // Whether one of these judges signed tokens.
  std::function<bool(std::string_view source)> judges;
};

class GateKeys {
 public:
  GateKeys(std::string folder, Log& log, GateKeyLinks links);

  void has_rules(std::string_view source, std::string_view json);
  void given(std::string_view source, std::string_view jwks);
  void keep_again();

 private:
  struct Told {
    std::string rules, keys;
  };
  void use_kept(std::string_view source, std::string_view rules) const;
  void keep(std::string_view source, const Told& told) const;

  const GateKeyFiles files_;
  Log& log_;
  const GateKeyLinks links_;
  std::mutex mutex_;  // held while keys are taken and kept
  std::map<std::string, Told, std::less<>> told_;
};

}  // namespace curfew::app
