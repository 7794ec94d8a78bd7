#include "plugins/windows/directory/ticket_proof.hpp"

namespace curfew::windows {

TicketProof ticket_proof(const DirectoryAccount& account, const DirectorySettings& settings,
                         plugin::Time now) {
  using plugin::Liveness;
  if (!account.is_disabled()) return {Liveness::Alive, {}};
  if (account.control_changed_at == plugin::Time{})
    return {
        Liveness::Unknown,
        "the service account may not read replPropertyMetaData, so since when the account is disabled is not "
        "known; grant reading"};
  // The directory's time is in whole seconds, cut: the change may be almost a second younger.
  const plugin::Time last =
      account.control_changed_at + std::chrono::seconds(1) + settings.ticket_lifetime + settings.clock_skew;
  return {now >= last ? Liveness::Dead : Liveness::Alive, {}};
}

}  // namespace curfew::windows
