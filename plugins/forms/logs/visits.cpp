#include "plugins/forms/logs/visits.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

namespace curfew::forms {
namespace {

constexpr std::string_view prefix = "visit/";

template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view take_until(std::string_view& rest, char end) {
  const std::size_t at = std::min(rest.find(end), rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

bool is_end(Meaning means) {
  return means == Meaning::SignOut || means == Meaning::Expired || means == Meaning::Revoked;
}

bool is_of_person(Meaning means) { return means == Meaning::SignIn || means == Meaning::Activity; }

}  // namespace

plugin::SessionDigest Visits::id_of(const Key& key, Time start) const {
  return digest_("visit/" + plugin::to_hex(key) + "/" + std::to_string(start.time_since_epoch().count()));
}

void Visits::add(Mark&& mark) {
  const auto place = std::pair(mark.time, mark.line);
  waiting_.emplace(place, std::move(mark));
  while (waiting_.size() > most_waiting) {
    auto oldest = waiting_.extract(waiting_.begin());
    judge(std::move(oldest.mapped()));
  }
}

void Visits::release(Time up_to) {
  while (!waiting_.empty() && waiting_.begin()->first.first <= up_to) {
    auto oldest = waiting_.extract(waiting_.begin());
    judge(std::move(oldest.mapped()));
  }
}

// Which visit a mark is of:
//   the one in whose time it lies, or that was going on a window before;
//   else the next one, if that begins within a window: its beginning came late;
//   else a new one.
void Visits::judge(Mark&& mark) {
  Key key{};
  std::copy(std::begin(mark.session.bytes), std::end(mark.session.bytes), key.begin());
  if (key == Key{} || mark.means == Meaning::SignInFailed) {
    out_(std::move(mark));
    return;
  }
  const auto found = clients_.find(key);
  if (found != clients_.end()) {
    Client& visits = found->second;
    const auto next = std::find_if(visits.begin(), visits.end(),
                                   [&](const Visit& visit) { return visit.start > mark.time; });
    if (next != visits.begin()) {
      Visit& before = *std::prev(next);
      const bool is_near = mark.time - before.last <= window_;
      if (mark.time <= before.last || (is_near && (!before.signed_out || is_end(mark.means))))
        return tell(key, before, std::move(mark));
      if (is_near && !is_of_person(mark.means)) {
        ++counts_.after_sign_out;
        return;
      }
    }
    if (next != visits.end() && next->start - mark.time <= window_) return tell(key, *next, std::move(mark));
  }
  tell(key, open(key, mark.time), std::move(mark));
}

Visit& Visits::open(const Key& key, Time at) {
  make_room();
  Client& visits = clients_[key];
  if (visits.size() >= most_of_one_client) {
    by_last_.erase({visits.front().last, key});
    if (!visits.front().signed_out && !visits.front().is_over) early_.push_back(visits.front());
    visits.erase(visits.begin());
  }
  Visit visit;
  visit.session = id_of(key, at);
  visit.start = visit.last = at;
  const auto place = std::upper_bound(visits.begin(), visits.end(), at,
                                      [](Time wanted, const Visit& one) { return wanted < one.start; });
  by_last_.emplace(at, key);
  return *visits.insert(place, visit);
}

void Visits::make_room() {
  while (clients_.size() >= most_clients) {
    const Key key = by_last_.begin()->second;
    const auto found = clients_.find(key);
    for (const Visit& visit : found->second) {
      by_last_.erase({visit.last, key});
      if (visit.signed_out || visit.is_over) continue;
      early_.push_back(visit);
      ++counts_.ended_early;
    }
    clients_.erase(found);
    changed_.insert(key);
  }
}

void Visits::touch(const Key& key, Visit& visit, Time at) {
  if (at <= visit.last) return;
  by_last_.erase({visit.last, key});
  visit.last = at;
  by_last_.emplace(at, key);
}

void Visits::tell(const Key& key, Visit& visit, Mark&& mark) {
  changed_.insert(key);
  if (!visit.signed_out) {
    if (mark.time > visit.last) visit.is_over = false;  // the core takes an end that was concluded back
    touch(key, visit, mark.time);
  }
  mark.session = visit.session;
  const bool is_first = !visit.signed_in && (is_of_person(mark.means) || is_end(mark.means));
  if (is_first || mark.means == Meaning::SignIn) {
    Mark sign_in = mark;
    sign_in.means = Meaning::SignIn;
    // Whichever line tells it, it is the visit's one sign-in.
    if (is_first) sign_in.key = digest_("sign-in/" + plugin::to_hex(visit.session.bytes));
    visit.signed_in = true;
    out_(std::move(sign_in));
  }
  if (mark.means == Meaning::SignIn) mark.means = Meaning::Activity;
  visit.signed_out = visit.signed_out || is_end(mark.means);
  out_(std::move(mark));
}

std::vector<Visit> Visits::end_silent(Time horizon) {
  std::vector<Visit> over = std::exchange(early_, {});
  for (const auto& [last, key] : by_last_) {
    if (last + window_ >= horizon) break;
    const auto found = clients_.find(key);
    for (Visit& visit : found->second) {
      if (visit.is_over || visit.last != last) continue;
      visit.is_over = true;
      changed_.insert(key);
      if (!visit.signed_out) over.push_back(visit);
    }
  }
  return over;
}

void Visits::forget(Time up_to) {
  for (auto at = by_last_.begin(); at != by_last_.end() && at->first + window_ < up_to;) {
    const Time last = at->first;
    const auto found = clients_.find(at->second);
    Client& visits = found->second;
    const auto visit =
        std::find_if(visits.begin(), visits.end(), [&](const Visit& one) { return one.last == last; });
    if (!visit->is_over) {
      ++at;
      continue;
    }
    visits.erase(visit);
    changed_.insert(at->second);
    if (visits.empty()) clients_.erase(found);
    at = by_last_.erase(at);
  }
}

std::map<std::string, std::string> Visits::take_changes() {
  std::map<std::string, std::string> changes;
  for (const Key& key : std::exchange(changed_, {})) {
    std::string value;
    if (const auto found = clients_.find(key); found != clients_.end()) {
      for (const Visit& visit : found->second) {
        const int flags = (visit.signed_in ? 1 : 0) + (visit.signed_out ? 2 : 0) + (visit.is_over ? 4 : 0);
        value += std::to_string(visit.start.time_since_epoch().count()) + ' ' +
                 std::to_string((visit.last - visit.start).count()) + ' ' + std::to_string(flags) + ';';
      }
    }
    changes.emplace(std::string(prefix) + plugin::to_hex(key), std::move(value));
  }
  return changes;
}

void Visits::restore(std::string_view key_text, std::string_view value) {
  if (!key_text.starts_with(prefix)) return;
  key_text.remove_prefix(prefix.size());
  Key key{};
  if (key_text.size() != 2 * key.size()) return;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto byte = number_in<std::uint8_t>(key_text.substr(2 * i, 2), 16);
    if (!byte) return;
    key[i] = *byte;
  }
  while (!value.empty() && clients_.size() < most_clients) {
    std::string_view one = take_until(value, ';');
    const auto start = number_in<std::int64_t>(take_until(one, ' '));
    const auto length = number_in<std::int64_t>(take_until(one, ' '));
    const auto flags = number_in<unsigned>(one);
    if (!start || !length || *length < 0 || !flags) continue;
    const auto known = clients_.find(key);
    if (known != clients_.end() && known->second.back().last >= Time{Duration{*start}}) continue;
    Visit& visit = open(key, Time{Duration{*start}});
    touch(key, visit, visit.start + Duration{*length});
    visit.signed_in = (*flags & 1U) != 0;
    visit.signed_out = (*flags & 2U) != 0;
    visit.is_over = (*flags & 4U) != 0;
  }
}

}  // namespace curfew::forms
