#include "core/session/session_table.hpp"

#include <algorithm>

namespace curfew::session {

Slot SessionTable::take_slot() {
  if (!free_.empty()) {
    const Slot slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (used_ >> chunk_bits == chunks_.size()) {
    chunks_.push_back(std::make_unique<Session[]>(std::size_t{1} << chunk_bits));
  }
  return used_++;
}

Slot SessionTable::add(model::Symbol source, const model::SessionDigest& digest) {
  Session session;
  session.number = last_number_ + 1;
  session.source = source;
  session.digest = digest;
  return restore(session, true);
}

Slot SessionTable::restore(const Session& session, bool keyed) {
  const Slot slot = take_slot();
  at(slot) = session;
  at(slot).device_next = at(slot).device_previous = no_slot;
  last_number_ = std::max(last_number_, session.number);
  if (keyed) {
    if (const auto old = by_key_.find(Key{session.source, session.digest}); old != by_key_.end())
      by_key_.erase(old);
    by_key_.insert(slot);
  }
  by_number_.insert(slot);
  link_device(slot);
  return slot;
}

void SessionTable::drop(Slot slot) {
  if (is_keyed(slot)) by_key_.erase(slot);
  by_number_.erase(slot);
  unlink_device(slot);
  at(slot) = Session{};
  free_.push_back(slot);
}

void SessionTable::link_device(Slot slot) {
  Session& session = at(slot);
  if (!session.device) return;
  const auto [head, is_new] = devices_.try_emplace(session.device.bits, slot);
  if (is_new || head->second == slot || session.device_previous != no_slot) return;
  session.device_next = head->second;
  at(head->second).device_previous = slot;
  head->second = slot;
}

void SessionTable::unlink_device(Slot slot) {
  Session& session = at(slot);
  if (!session.device) return;
  if (session.device_previous != no_slot) {
    at(session.device_previous).device_next = session.device_next;
  } else if (session.device_next != no_slot) {
    devices_[session.device.bits] = session.device_next;
  } else {
    devices_.erase(session.device.bits);
  }
  if (session.device_next != no_slot) at(session.device_next).device_previous = session.device_previous;
}

std::vector<Slot> SessionTable::in_order() const {
  std::vector<Slot> slots(by_number_.begin(), by_number_.end());
  std::sort(slots.begin(), slots.end(), [this](Slot a, Slot b) { return at(a).number < at(b).number; });
  return slots;
}

}  // namespace curfew::session
