#include "core/outlet/cursor.hpp"

#include <utility>

namespace curfew::outlet {
namespace {

constexpr std::uint64_t passed_at_most = 10'000;
constexpr Duration unsaved_at_most = std::chrono::seconds(30);

}  // namespace

Cursor::Cursor(const Ground& ground, std::string name) : ground_(ground), name_(std::move(name)) {
  ground_.with_store([&](store::Store& store) { row_ = store.outlet(name_); });
  if (row_) place_ = row_->place;
}

bool Cursor::is_new() const {
  const std::lock_guard lock(mutex_);
  return !row_;
}

store::Place Cursor::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

std::string Cursor::state() const {
  const std::lock_guard lock(mutex_);
  return row_ ? row_->state : std::string{};
}

void Cursor::save(store::Place to, std::string state) {
  if (!store_) store_.emplace(ground_.database, store::Role::Writer);
  store::OutletRow row{.name = name_, .place = to, .state = std::move(state), .moved_at = ground_.now()};
  store_->save_outlet(row);
  row_ = std::move(row);
  place_ = to;
}

void Cursor::move(store::Place to, std::string state) {
  const std::lock_guard lock(mutex_);
  save(to, std::move(state));
}

void Cursor::pass(store::Place to) {
  const std::lock_guard lock(mutex_);
  if (!row_) return;
  const bool is_far = to.stream != row_->place.stream || to.sequence > row_->place.sequence + passed_at_most;
  if (is_far || ground_.now() >= row_->moved_at + unsaved_at_most)
    save(to, row_->state);
  else
    place_ = to;
}

void Cursor::forget() {
  const std::lock_guard lock(mutex_);
  if (!store_) store_.emplace(ground_.database, store::Role::Writer);
  store_->forget_outlet(name_);
  row_.reset();
  place_ = {};
}

store::Place newest_place(const Ground& ground) {
  store::Place newest;
  ground.with_store([&](store::Store& store) {
    for (const store::StreamHead& head : store.streams()) {
      if (head.id.realm == ground.realm) newest = {head.stream, head.size};
    }
  });
  return newest;
}

}  // namespace curfew::outlet
