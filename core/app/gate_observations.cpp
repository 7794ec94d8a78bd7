#include "core/app/gate_observations.hpp"

#include <string>

#include "core/api/gate_paths.hpp"
#include "core/base/text.hpp"

namespace curfew::app {

model::Observation observation_of(const enforcement::GateActivity& activity) {
  model::Observation seen;
  seen.type = activity.refused ? model::ObservationType::SignInFailed : model::ObservationType::Activity;
  if (activity.refused) seen.failure = "refused_by_gate";
  if (api::AddressSet::is_address(activity.address)) seen.address = activity.address;
  seen.user_agent = base::to_clean_utf8(activity.user_agent);
  seen.activity_class = activity.activity_class;
  seen.count = activity.count;
  seen.occurred_at = activity.last_at;
  seen.session = activity.session;
  // Two clients may present one session at the same time; the key itself is never stored in the clear.
  seen.key = model::to_text(activity.session) + "/" +
             std::string(activity.refused ? "refused" : model::name_of(activity.activity_class)) + "/" +
             std::to_string(base::to_micros(activity.last_at)) + "/" + seen.address + "/" + seen.user_agent;
  return seen;
}

model::Observation revocation_of(const model::SessionDigest& token, const model::SessionDigest& session,
                                 Time at) {
  model::Observation intent;
  intent.type = model::ObservationType::SignInFailed;
  intent.failure = "token_revocation_ordered";
  intent.activity_class = model::ActivityClass::Machine;
  intent.count = 1;
  intent.occurred_at = at;
  intent.session = session;
  intent.key = "revoke/" + model::to_text(token) + "/" + std::to_string(base::to_micros(at));
  return intent;
}

}  // namespace curfew::app
