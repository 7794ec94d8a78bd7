#include "core/report/concurrency.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/report/session_judgement.hpp"

namespace curfew::report {
namespace {

using model::Per;

bool meets(const PolicyVersion& version, const Period& period) {
  return version.from < period.to && (version.to == Time{} || version.to > period.from);
}

// What is not certain to have gone on is not counted.
Time seen_until(const model::SessionRow& row, const Period& period) {
  Time end = row.ended_at == Time{} ? period.to : row.ended_at;
  if (row.ended_at != Time{} && !end_is_certain(row))
    end =
        std::min(end, std::max({row.started_at, row.last_person_activity_at, row.last_machine_activity_at}));
  return std::min(end, period.to);
}

}  // namespace

std::uint32_t ConcurrencySweep::number_of(const std::string& name) {
  const auto [place, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return place->second;
}

// One for each policy and limit; versions in which these did not change are one.
void ConcurrencySweep::find_rules() {
  laid_out_ = true;
  for (const PolicyVersion& version : facts_.versions) {
    if (!meets(version, facts_.period)) continue;
    for (const model::Policy& policy : version.set.policies) {
      if (policy.rule != model::Rule::ConcurrentSessions) continue;
      const auto same = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& rule) {
        return std::tie(rule.policy->name, rule.policy->most, rule.policy->per) ==
               std::tie(policy.name, policy.most, policy.per);
      });
      if (same != rules_.end())
        same->versions.push_back(&version);
      else if (rules_.size() < most_limits)
        rules_.push_back({&policy, {&version}});
      else
        cut_ = true;
    }
  }
  if (rules_.empty()) rules_.push_back({});
}

// By what was in force when it began, or when the period did.
bool ConcurrencySweep::is_under(const Rule& rule, const model::SessionRow& row, Time from) const {
  if (rule.policy == nullptr) return membership(row, Population::People) == Membership::In;
  return std::any_of(rule.versions.begin(), rule.versions.end(), [&](const PolicyVersion* version) {
    if (version->from > from || (version->to != Time{} && version->to <= from)) return false;
    return std::any_of(version->set.policies.begin(), version->set.policies.end(), [&](const auto& policy) {
      return policy.name == rule.policy->name &&
             cover_at(policy, row, *version, facts_, from, from + std::chrono::microseconds(1)) == Cover::Yes;
    });
  });
}

void ConcurrencySweep::see(const model::SessionRow& row) {
  if (!laid_out_) find_rules();
  if (!row.subject && !row.device) return;
  Life life;
  life.from = std::max(row.started_at, facts_.period.from);
  life.to = seen_until(row, facts_.period);
  if (life.from >= life.to) return;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (is_under(rules_[i], row, life.from)) life.limits |= 1U << i;
  }
  if (life.limits == 0) return;
  if (lives_.size() >= most_) {
    cut_ = true;
    return;
  }
  life.subject = row.subject;
  life.device = row.device;
  life.source = number_of(row.source);
  life.application = number_of(row.application);
  lives_.push_back(life);
}

ConcurrencyLimit ConcurrencySweep::measure(std::size_t rule, std::vector<ConcurrencyPeak>& peaks) {
  ConcurrencyLimit out;
  out.by_most.resize(ConcurrencyReality::bars);
  if (const model::Policy* policy = rules_[rule].policy; policy != nullptr) {
    out.policy = policy->name;
    out.per = policy->per;
    out.limit = policy->most;
  }
  // Whose, and of what: one group.
  const auto whose = [&](const Life& life) {
    const bool of_device = out.per == Per::Device;
    return std::pair{of_device ? life.device : life.subject, out.per == Per::Application ? life.application
                                                             : out.per == Per::Source    ? life.source
                                                                                         : 0U};
  };
  struct Change {
    std::pair<model::Ref, std::uint32_t> whose;
    Time at{};
    int by = 0;
  };
  std::vector<Change> changes;
  for (const Life& life : lives_) {
    if ((life.limits >> rule & 1U) == 0 || !whose(life).first) continue;
    changes.push_back({whose(life), life.from, 1});
    changes.push_back({whose(life), life.to, -1});
  }
  // One that ends when another begins is not on with it.
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::tie(a.whose, a.at, a.by) < std::tie(b.whose, b.at, b.by);
  });
  for (std::size_t i = 0; i < changes.size();) {
    const auto group = changes[i].whose;
    ConcurrencyPeak peak{.policy = out.policy};
    std::uint32_t now = 0;
    Time above_since{};
    for (; i < changes.size() && changes[i].whose == group; ++i) {
      const std::uint32_t before = now;
      now += static_cast<std::uint32_t>(changes[i].by);
      if (now > peak.most) {
        peak.most = now;
        peak.at = changes[i].at;
      }
      if (out.policy.empty()) continue;
      if (before <= out.limit && now > out.limit) above_since = changes[i].at;
      if (before > out.limit && now <= out.limit) peak.above += changes[i].at - above_since;
    }
    ++out.counted;
    ++out.by_most[std::min<std::size_t>(peak.most, ConcurrencyReality::bars) - 1];
    out.most = std::max(out.most, peak.most);
    if (out.policy.empty() || peak.most <= out.limit) continue;
    ++out.over;
    out.above += peak.above;
    (out.per == Per::Device ? peak.device : peak.subject) = group.first;
    if (out.per == Per::Application || out.per == Per::Source) peak.at_what = names_[group.second];
    peaks.push_back(std::move(peak));
  }
  return out;
}

ConcurrencyReality ConcurrencySweep::conclude() {
  ConcurrencyReality reality;
  if (!laid_out_) find_rules();
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    reality.limits.push_back(measure(i, reality.peaks));
    const std::size_t kept = std::min(reality.peaks.size(), ConcurrencyReality::most_peaks);
    std::partial_sort(reality.peaks.begin(), reality.peaks.begin() + static_cast<std::ptrdiff_t>(kept),
                      reality.peaks.end(), [](const ConcurrencyPeak& a, const ConcurrencyPeak& b) {
                        return std::tie(b.above, b.most, a.at, a.subject) <
                               std::tie(a.above, a.most, b.at, b.subject);
                      });
    reality.peaks.resize(kept);
  }
  reality.cut = cut_;
  return reality;
}

}  // namespace curfew::report
