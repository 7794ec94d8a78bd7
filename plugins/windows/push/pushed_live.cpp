#include "plugins/windows/push/pushed_live.hpp"

#include <algorithm>

#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/adfs/sign_ons.hpp"
#include "plugins/windows/push/event_text.hpp"

namespace curfew::windows {
namespace {

constexpr std::string_view session_prefix = "session/";
constexpr std::string_view boot_prefix = "boot/";
// The servers of a farm keep one sign-on together, so their audits have one clock. No computer is called so.
constexpr std::string_view adfs_clock = "ad fs";
constexpr std::uint32_t pushed_input = 0;
// A batch that a sender repeats may fill a hole.
constexpr Duration gap_patience = std::chrono::minutes(2);

}  // namespace

struct PushedLive::Computer {
  Computer(const PairingSettings& settings, PairingSink& sink) : pairing(settings, sink) {}
  Pairing pairing;
  Time arrived{};  // by the wall clock, the last one
};

PushedLive::PushedLive(PairingSettings pairing, Duration arrival_delay)
    : settings_(pairing), arrival_delay_(arrival_delay) {
  coverage_.set_format(coverage_.add_input("pushed"), "pushed");
}
PushedLive::~PushedLive() = default;

PushedLive::Computer& PushedLive::computer(const std::string& name) {
  auto& place = computers_[name];
  PairingSink& sink = *this;
  if (!place) {
    PairingSettings settings = settings_;
    // One of them may send later than another.
    if (name == adfs_clock) settings.settle += arrival_delay_;
    place = std::make_unique<Computer>(settings, sink);
  }
  return *place;
}

void PushedLive::restore(std::string_view key, std::string_view value) {
  std::string_view rest;
  if (key.starts_with(session_prefix)) {
    rest = key.substr(session_prefix.size());
    rest = rest.substr(0, rest.find('/'));
  } else if (key.starts_with(boot_prefix)) {
    rest = key.substr(boot_prefix.size());
  } else if (key.starts_with(adfs::SignOns::prefix)) {
    rest = adfs_clock;
  } else {
    return;
  }
  computer(std::string(rest)).pairing.restore(key, value);
}

void PushedLive::take_text(const PushIntake::Kept& kept, bool is_restored, Time now) {
  Waiting waiting{kept.key, 0, {}};
  (void)read_events(kept.records, [&](WindowsEvent&& event) {
    event.input = pushed_input;
    event.position = ++position_;
    coverage_.count(pushed_input, event, !is_restored);
    ++counts_.read;
    ++waiting.records;
    Computer& of = computer(adfs::is_audit(event) ? std::string(adfs_clock) : to_lower(event.computer));
    of.arrived = now;
    const auto known = std::find_if(waiting.newest.begin(), waiting.newest.end(),
                                    [&](const auto& one) { return one.first == &of; });
    if (known == waiting.newest.end()) {
      waiting.newest.emplace_back(&of, event.time);
    } else {
      known->second = std::max(known->second, event.time);
    }
    of.pairing.add(std::move(event));
  });
  waiting_.push_back(std::move(waiting));
}

void PushedLive::take(PushIntake::Batch&& batch, Time now) {
  for (const PushIntake::Kept& kept : batch.kept) take_text(kept, batch.is_restored, now);
  for (const WindowsEvent& event : batch.passed_over) {
    coverage_.count(pushed_input, event);
    ++counts_.read;
    ++counts_.filtered;
  }
  count_repeats(coverage_, pushed_input, batch.repeats);
  counts_.read += batch.repeats.size();
  counts_.filtered += batch.repeats.size();
  for (const PushedRecord& record : batch.unreadable) {
    if (record.why.empty()) {
      coverage_.count_other_line(pushed_input);
      continue;
    }
    coverage_.count_unreadable(pushed_input, record.place, record.why);
    ++counts_.read;
    ++counts_.unreadable;
  }
}

void PushedLive::advance(Time now) {
  Time until = now - arrival_delay_ - settings_.settle;
  for (auto& [name, of] : computers_) {
    if (now - of->arrived >= arrival_delay_) of->pairing.advance(now - arrival_delay_);
    until = std::min(until, of->pairing.horizon());
  }
  judged_until_ = std::max(judged_until_, until);
  report_gaps(now);
}

void PushedLive::report_gaps(Time now) {
  if (now - gaps_looked_at_ < gap_patience / 4) return;
  gaps_looked_at_ = now;
  for (const auto& [log, hole] : coverage_.gaps()) {
    Finding gap = finding_of(log, hole);
    if (gaps_told_.contains(gap.key)) continue;
    if (now - gaps_noticed_.try_emplace(gap.key, now).first->second < gap_patience) continue;
    gaps_noticed_.erase(gap.key);
    gaps_told_.insert(gap.key);
    found(std::move(gap));
  }
}

std::vector<Finding> PushedLive::take_findings() { return std::exchange(findings_, {}); }

std::map<std::string, std::string> PushedLive::take_changes() {
  std::map<std::string, std::string> changes;
  for (auto& [name, of] : computers_) changes.merge(of->pairing.take_changes());
  return changes;
}

JudgedTexts PushedLive::take_judged() {
  JudgedTexts judged;
  const auto is_judged = [](const Waiting& waiting) {
    return std::all_of(waiting.newest.begin(), waiting.newest.end(),
                       [](const auto& one) { return one.second <= one.first->pairing.horizon(); });
  };
  std::erase_if(waiting_, [&](Waiting& waiting) {
    if (!is_judged(waiting)) return false;
    judged.keys.push_back(std::move(waiting.key));
    judged.records += waiting.records;
    return true;
  });
  return judged;
}

}  // namespace curfew::windows
