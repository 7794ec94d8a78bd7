#include "plugins/windows/directory/ticket_proof.hpp"

#include <algorithm>
#include <chrono>

namespace curfew::windows {
namespace {

using plugin::Liveness;
using plugin::Time;

bool has_enabled(const SeenAt& one) { return one.account && !one.account->is_disabled(); }
bool has_disabled(const SeenAt& one) { return one.account && one.account->is_disabled(); }

template <typename Which>
std::string servers_of(const std::vector<SeenAt>& seen, Which which) {
  std::string all;
  for (const SeenAt& one : seen) {
    if (!which(one)) continue;
    if (!all.empty()) all += ", ";
    all += one.server;
  }
  return all;
}

std::string failures_of(const std::vector<SeenAt>& seen) {
  std::string all;
  for (const SeenAt& one : seen) {
    if (!one.account) all += one.failure + ". ";
  }
  return all;
}

}  // namespace

Agreement agreement_of(const std::vector<SeenAt>& seen) {
  if (std::all_of(seen.begin(), seen.end(), has_enabled)) return Agreement::Enabled;
  return std::all_of(seen.begin(), seen.end(), has_disabled) ? Agreement::Disabled : Agreement::Differing;
}

plugin::Proof ticket_proof(const std::vector<SeenAt>& seen, const DirectorySettings& settings, Time closed_at,
                           Time now) {
  const std::string enabled = servers_of(seen, has_enabled);
  const std::string disabled = servers_of(seen, has_disabled);
  if (!enabled.empty()) {
    std::string text = "the account is enabled at " + enabled + ", which gives it tickets";
    if (!disabled.empty()) text += "; it is disabled at " + disabled + ", and that was not replicated yet";
    return {Liveness::Alive, std::move(text)};
  }
  if (agreement_of(seen) != Agreement::Disabled) {
    std::string text = failures_of(seen);
    if (!disabled.empty())
      text += "The account is disabled at " + disabled +
              ", but a controller that can't be asked may still let it in";
    return {Liveness::Unknown, std::move(text)};
  }
  Time last = closed_at;
  for (const SeenAt& one : seen) {
    if (one.account->control_changed_at == Time{})
      return {Liveness::Unknown, one.server +
                                     ": the service account may not read replPropertyMetaData, so since when "
                                     "the account is disabled is not known; grant reading"};
    // The directory's time is in whole seconds, cut: the change may be almost a second younger.
    last = std::max(last, one.account->control_changed_at + std::chrono::seconds(1));
  }
  last += settings.ticket_lifetime + settings.clock_skew;
  const std::string text = "the account is disabled at " + disabled;
  if (now >= last) return {Liveness::Dead, text + ", and no ticket from before can be left"};
  const auto rest = std::chrono::duration_cast<std::chrono::seconds>(last - now) + std::chrono::seconds(1);
  return {Liveness::Alive,
          text + "; a ticket from before may be accepted for another " + std::to_string(rest.count()) + " s"};
}

}  // namespace curfew::windows
