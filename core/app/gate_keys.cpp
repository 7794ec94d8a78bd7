#include "core/app/gate_keys.hpp"

#include <utility>

#include "core/app/log.hpp"
#include "core/base/error.hpp"
#include "core/jose/key_set.hpp"

namespace curfew::app {

GateKeys::GateKeys(std::string folder, Log& log, GateKeyLinks links)
    : files_(std::move(folder)), log_(log), links_(std::move(links)) {}

void GateKeys::has_rules(std::string_view source, std::string_view json) {
  if (!links_.judges(source)) return;
  const std::lock_guard lock(mutex_);
  Told& told = told_[std::string(source)];
  told.rules = json;
  if (told.keys.empty())
    use_kept(source, json);
  else
    keep(source, told);
}

void GateKeys::given(std::string_view source, std::string_view jwks) {
  const std::lock_guard lock(mutex_);
  Told& told = told_[std::string(source)];
  links_.take(source, jwks);
  told.keys = jwks;
  if (!told.rules.empty() && links_.judges(source)) keep(source, told);
}

void GateKeys::keep_again() {
  const std::lock_guard lock(mutex_);
  for (const auto& [source, one] : told_) {
    if (!one.rules.empty() && !one.keys.empty()) keep(source, one);
  }
}

// Those of the last run, until the connector gives some.
void GateKeys::use_kept(std::string_view source, std::string_view rules) const {
  const KeptKeys kept = files_.find(source, rules, base::wall_clock_now());
  if (!kept.why.empty())
    log_.warning("the keys of before the restart can't be used",
                 {{"source", std::string(source)}, {"reason", kept.why}});
  if (kept.jwks.empty()) return;
  try {
    links_.take(source, kept.jwks);
    log_.info("tokens are judged by the keys of before the restart until the issuer answers",
              {{"source", std::string(source)}, {"kept_at", base::format_rfc3339(kept.kept_at)}});
  } catch (const jose::BadToken& bad) {
    log_.warning("the keys of before the restart can't be used",
                 {{"source", std::string(source)}, {"reason", bad.what()}});
  }
}

void GateKeys::keep(std::string_view source, const Told& told) const {
  try {
    files_.keep(source, told.rules, told.keys, base::wall_clock_now());
  } catch (const Error& error) {
    log_.warning("after a restart tokens have to wait for the issuer",
                 {{"source", std::string(source)}, {"reason", error.what()}});
  }
}

}  // namespace curfew::app
