#include "plugins/forms/logs/merger.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace curfew::forms {
namespace {

using plugin::AuthMethod;
using plugin::EndReason;
using plugin::Interactivity;
using plugin::Type;

constexpr std::size_t most_refused = 100'000;
constexpr Duration forgotten_after = std::chrono::hours(1);

Finding finding_of(Mark&& mark) {
  Finding finding;
  finding.at = mark.time;
  finding.expires_at = mark.expires_at;
  finding.session = mark.session;
  finding.user = std::move(mark.user);
  finding.address = std::move(mark.address);
  finding.user_agent = std::move(mark.user_agent);
  return finding;
}

std::string key_of(std::uint8_t kind, std::int64_t quantum, const plugin::SessionDigest& session) {
  static constexpr std::array<std::string_view, 3> kinds{"person/", "machine/", "refused/"};
  return std::string(kinds[kind]) + plugin::to_hex(session.bytes) + "/" + std::to_string(quantum);
}

std::array<std::uint8_t, 16> bytes_of(const plugin::SessionDigest& digest) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy(std::begin(digest.bytes), std::end(digest.bytes), bytes.begin());
  return bytes;
}

bool asks_nobody(AuthMethod method) {
  return method == AuthMethod::Kerberos || method == AuthMethod::Ntlm || method == AuthMethod::Negotiate ||
         method == AuthMethod::Cached || method == AuthMethod::Token;
}

}  // namespace

std::int64_t Merger::quantum_of(Time time) const {
  const std::int64_t micros = time.time_since_epoch().count();
  const std::int64_t size = quantum_.count();
  return micros >= 0 ? micros / size : (micros - size + 1) / size;
}

void Merger::add(Mark&& mark) {
  if (mark.means == Meaning::Activity || mark.means == Meaning::MachineActivity ||
      mark.means == Meaning::Refused) {
    merge(std::move(mark));
    return;
  }
  if (!refused_since_.empty()) refused_since_.erase(bytes_of(mark.session));
  const std::string key = "line/" + plugin::to_hex(mark.key.bytes);
  const Meaning means = mark.means;
  const AuthMethod method = mark.auth_method;
  std::string failure = std::move(mark.failure);
  Finding finding = finding_of(std::move(mark));
  finding.key = key;
  switch (means) {
    case Meaning::SignIn:
      finding.type = Type::SignIn;
      finding.auth_method = method;
      finding.interactivity = asks_nobody(method) ? Interactivity::Silent : Interactivity::Interactive;
      finding.fresh_credentials = method == AuthMethod::Form || method == AuthMethod::Password;
      break;
    case Meaning::SignInFailed:
      finding.type = Type::SignInFailed;
      finding.auth_method = method;
      finding.failure = std::move(failure);
      break;
    case Meaning::Expired:
      finding.type = Type::Expired;
      finding.end_reason = EndReason::Expired;
      break;
    case Meaning::Revoked:
      finding.type = Type::Revoked;
      finding.end_reason = EndReason::Forced;
      break;
    default:
      finding.type = Type::SignOut;
      finding.end_reason = EndReason::SignedOut;
      break;
  }
  out_(std::move(finding));
}

void Merger::vanish(const plugin::SessionDigest& session, Time at) {
  Finding finding;
  finding.type = Type::Expired;
  finding.end_reason = EndReason::Vanished;
  finding.end_inferred = true;
  finding.at = at;
  finding.session = session;
  finding.key =
      "vanished/" + plugin::to_hex(session.bytes) + "/" + std::to_string(at.time_since_epoch().count());
  out_(std::move(finding));
}

void Merger::put(Finding&& finding, bool ends_session) {
  if (!ends_session) {
    out_(std::move(finding));
    return;
  }
  Finding end = finding;
  out_(std::move(finding));
  // Concluded, not stated: later activity takes it back.
  end.type = Type::Expired;
  end.failure.clear();
  end.end_inferred = true;
  end.count = 1;
  end.key.insert(0, "end/");
  out_(std::move(end));
}

bool Merger::is_settled(const Place& place, Time time) {
  if (refusals_settle_ == Duration{}) return true;
  if (place.kind != 2) {
    if (!refused_since_.empty()) refused_since_.erase(place.session);
    return true;
  }
  if (refused_since_.size() >= most_refused) {
    std::erase_if(refused_since_, [&](const auto& one) { return time - one.second > forgotten_after; });
    if (refused_since_.size() >= most_refused) refused_since_.erase(refused_since_.begin());
  }
  const auto [since, is_new] = refused_since_.try_emplace(place.session, time);
  if (time - since->second >= refusals_settle_) return true;
  ++unsettled_;
  return false;
}

void Merger::merge(Mark&& mark) {
  Place place;
  place.quantum = quantum_of(mark.time);
  place.session = bytes_of(mark.session);
  place.kind = mark.means == Meaning::Activity ? 0 : mark.means == Meaning::MachineActivity ? 1 : 2;
  if (!is_settled(place, mark.time)) return;
  const std::string line_key = "line/" + plugin::to_hex(mark.key.bytes);
  const bool ends_session = mark.ends_session;
  std::string failure = std::move(mark.failure);
  Finding finding = finding_of(std::move(mark));
  finding.machine = place.kind == 1;
  if (place.kind == 2) {
    // Nobody failed to sign in here, so nobody's name goes with it: it would count as a guess.
    finding.type = Type::SignInFailed;
    finding.failure = std::move(failure);
    finding.user.clear();
  }
  const bool is_late = closed_ != Time::min() && place.quantum < quantum_of(closed_);
  if (is_late) {
    finding.key = line_key;
    put(std::move(finding), ends_session);
    return;
  }
  const auto [at, is_new] = quanta_.try_emplace(place);
  Merged& merged = at->second;
  if (is_new) {
    Place before = place;
    --before.quantum;
    if (!quanta_.contains(before)) {
      Finding first = finding;
      first.key = key_of(place.kind, place.quantum, finding.session) + "/first";
      merged.rest = std::move(finding);
      put(std::move(first), ends_session);
      return;
    }
  }
  ++merged.count;
  merged.ends_session = merged.ends_session || ends_session;
  if (merged.count == 1 || finding.at >= merged.rest.at) {
    // A line may lack what another one has.
    if (finding.user.empty()) finding.user = std::move(merged.rest.user);
    if (finding.address.empty()) finding.address = std::move(merged.rest.address);
    if (finding.user_agent.empty()) finding.user_agent = std::move(merged.rest.user_agent);
    merged.rest = std::move(finding);
  } else if (merged.rest.user.empty()) {
    merged.rest.user = std::move(finding.user);
  }
  if (quanta_.size() > most_quanta) {
    const auto oldest = quanta_.begin();
    tell(oldest->first, oldest->second);
    quanta_.erase(oldest);
  }
}

void Merger::tell(const Place& place, Merged& merged) {
  if (std::exchange(merged.is_closed, true) || merged.count == 0) return;
  Finding rest = std::move(merged.rest);
  rest.count = merged.count;
  rest.key = key_of(place.kind, place.quantum, rest.session) + "/rest";
  put(std::move(rest), merged.ends_session);
}

void Merger::close(Time up_to) {
  if (up_to <= closed_) return;
  closed_ = up_to;
  const std::int64_t open = quantum_of(up_to);  // quanta before this one have ended
  for (auto at = quanta_.begin(); at != quanta_.end() && at->first.quantum < open;) {
    tell(at->first, at->second);
    // One more is kept: whether the next one follows it.
    at = at->first.quantum + 1 < open ? quanta_.erase(at) : std::next(at);
  }
}

void Merger::finish() {
  for (auto& [place, merged] : quanta_) tell(place, merged);
  quanta_.clear();
}

bool Merger::has_told(Time time) const {
  return closed_ != Time::min() && quantum_of(time) < quantum_of(closed_);
}

}  // namespace curfew::forms
