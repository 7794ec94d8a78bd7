#include "core/policy/failures.hpp"

namespace curfew::policy {

void Failures::add(model::Ref identifier, Time occurred_at, Time now, std::uint32_t count) {
  if (told_.size() >= most_kept) {
    forget_oldest();
    ++dropped_;
  }
  std::vector<Failure>& own = by_identifier_[identifier.bits];
  if (own.size() >= most_of_one) {
    ++dropped_;
    return;
  }
  own.push_back({occurred_at, count});
  told_.push_back({now, identifier});
}

void Failures::forget_oldest() {
  const auto found = by_identifier_.find(told_.front().identifier.bits);
  found->second.erase(found->second.begin());
  if (found->second.empty()) by_identifier_.erase(found);
  told_.pop_front();
}

void Failures::forget_before(Time horizon) {
  while (!told_.empty() && told_.front().at < horizon) forget_oldest();
}

std::uint64_t Failures::count(model::Ref identifier, Time from, Time to) const {
  const auto found = by_identifier_.find(identifier.bits);
  if (found == by_identifier_.end()) return 0;
  std::uint64_t sum = 0;
  for (const Failure& failure : found->second) {
    if (failure.occurred_at >= from && failure.occurred_at <= to) sum += failure.count;
  }
  return sum;
}

void Failures::save(model::StateWriter& writer) const {
  writer.number(dropped_);
  writer.number(told_.size());
  // In the order of telling; each identifier's own list is in that order too.
  absl::flat_hash_map<std::uint64_t, std::size_t> next;
  for (const Told& told : told_) {
    const Failure& failure = by_identifier_.at(told.identifier.bits)[next[told.identifier.bits]++];
    writer.time(told.at);
    writer.ref(told.identifier);
    writer.time(failure.occurred_at);
    writer.number(failure.count);
  }
}

void Failures::load(model::StateReader& reader) {
  dropped_ = reader.number();
  for (std::size_t i = reader.count(); i > 0; --i) {
    const Time at = reader.time();
    const model::Ref identifier = reader.ref();
    const Time occurred_at = reader.time();
    by_identifier_[identifier.bits].push_back({occurred_at, reader.number_as<std::uint32_t>()});
    told_.push_back({at, identifier});
  }
}

}  // namespace curfew::policy
