#include "plugins/windows/pairing.hpp"

#include <algorithm>
#include <array>

#include "plugins/windows/pairing_state.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"

namespace curfew::windows {

Pairing::Pairing(PairingSettings settings, PairingSink& sink)
    : state_(std::make_unique<State>(settings, sink)) {}
Pairing::~Pairing() = default;

bool Pairing::uses(const WindowsEvent& event) {
  if (event.origin == Origin::Samba) return event.event_id != 0 || event.provider == full_audit_provider;
  if (adfs::is_audit(event)) return event.is_security() && adfs::is_used(event.event_id);
  if (starts_up(event) || shuts_down(event)) return true;
  if (!event.is_security()) return false;
  static constexpr std::array<std::uint32_t, 21> ids{1102, 4608, 4624, 4625, 4634, 4647, 4672,
                                                     4722, 4723, 4724, 4725, 4726, 4740, 4767,
                                                     4768, 4771, 4776, 4778, 4779, 4800, 4801};
  return std::binary_search(ids.begin(), ids.end(), event.event_id);
}

void Pairing::add(WindowsEvent&& event) {
  const Time time = event.time;
  state_->add(std::move(event));
  if (time > Time{} + state_->settings.settle) state_->release(state_->newest - state_->settings.settle);
}

void Pairing::advance(Time now) { state_->release(now - state_->settings.settle); }

void Pairing::finish() { state_->release(state_->newest); }

Time Pairing::horizon() const { return state_->horizon; }
std::map<std::string, std::string> Pairing::take_changes() {
  std::map<std::string, std::string> changes = state_->live.take_changes();
  changes.merge(state_->sign_ons.take_changes());
  return changes;
}
void Pairing::add_listing(SmbListing&& listing) { state_->add_listing(std::move(listing)); }

void Pairing::restore(std::string_view key, std::string_view value) {
  if (key.starts_with(adfs::SignOns::prefix)) {
    state_->sign_ons.restore(key, value);
    return;
  }
  const LiveSession* session = state_->live.restore(key, value);
  if (session == nullptr) return;
  // Time goes on for what lived before the restart.
  if (session->kind == LiveSession::Kind::Network) state_->arm(*session);
  if (session->kind == LiveSession::Kind::Smb) state_->adopt_smb(*session);
}

std::vector<SmbChange> Pairing::take_smb_changes() {
  std::vector<SmbChange> all;
  for (auto& [id, change] : std::exchange(state_->smb_changes, {})) all.push_back(std::move(change));
  return all;
}
std::size_t Pairing::live() const { return state_->live.size() + state_->sign_ons.size(); }

}  // namespace curfew::windows
