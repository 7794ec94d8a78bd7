#include "plugins/windows/adfs/sign_ons.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

#include "plugins/windows/text.hpp"

namespace curfew::windows::adfs {
namespace {

// Each of a person's names leads to the sign-on: one request tells this one, another that.
std::vector<std::string> names_of(const Account& person) {
  std::vector<std::string> names;
  if (!person.sid.empty()) names.push_back(person.sid);
  if (!person.upn.empty()) names.push_back(to_lower(person.upn));
  if (!person.name.empty()) names.push_back(to_lower(person.qualified()));
  return names;
}

constexpr int other_address = 2;

// How well a client fits one that was seen: 0 not at all.
int fit(const Client& known, const Client& told) {
  if (!known.device.empty() && !told.device.empty()) return known.device == told.device ? 4 : 0;
  const bool has_address = !known.address.empty() && known.address == told.address;
  if (known.user_agent.empty() || told.user_agent.empty()) return has_address ? 1 : 0;
  if (known.user_agent != told.user_agent) return 0;
  return has_address ? 3 : other_address;
}

std::string name_of(const Client& client) { return '\x1f' + client.address + '\x1f' + client.user_agent; }

std::vector<std::string> names_of(const SignOn& sign_on) {
  std::vector<std::string> names = names_of(sign_on.person);
  names.push_back(name_of(sign_on.client));
  if (!sign_on.activity.empty()) names.push_back('\x1e' + sign_on.activity);
  return names;
}

void put(std::string& out, std::string_view text) {
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  out += '\x1f';
}
void put(std::string& out, Time time) { put(out, std::to_string(time.time_since_epoch().count())); }

std::optional<std::vector<std::string>> fields_in(std::string_view text, std::size_t count) {
  std::vector<std::string> fields;
  while (!text.empty()) {
    const auto end = text.find('\x1f');
    if (end == std::string_view::npos) return std::nullopt;
    fields.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (fields.size() != count) return std::nullopt;
  return fields;
}

std::optional<Time> time_in(const std::string& text) {
  std::int64_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return Time{Duration{count}};
}

// What the host takes as a value, less some.
constexpr std::size_t longest_value = 4000;

}  // namespace

template <typename Take>
void SignOns::each_of(const Account& person, Time now, Take take) {
  for (const std::string& name : names_of(person)) {
    for (auto it = by_name_.lower_bound({name, {}}); it != by_name_.end() && it->first == name; ++it) {
      SignOn& one = sign_ons_.at(it->second);
      if (one.expires > now) take(one);
    }
  }
}

SignOn* SignOns::only_one_of(const Client& client, bool is_program, Time now) {
  if (client.address.empty()) return nullptr;
  SignOn* only = nullptr;
  const std::string name = name_of(client);
  for (auto it = by_name_.lower_bound({name, {}}); it != by_name_.end() && it->first == name; ++it) {
    SignOn& one = sign_ons_.at(it->second);
    if (one.expires <= now || one.is_program != is_program) continue;
    if (only != nullptr) return nullptr;
    only = &one;
  }
  return only;
}

SignOn* SignOns::find(Wanted wanted, const Account& person, const Client& client, Time now) {
  if (is_nobody(person)) return only_one_of(client, wanted.is_program, now);
  SignOn* best = nullptr;
  int best_fit = 0;
  each_of(person, now, [&](SignOn& one) {
    const int fits = fit(one.client, client);
    if (one.is_program != wanted.is_program || fits == 0 || (wanted.at_its_place && fits == other_address))
      return;
    const bool is_newer = best != nullptr && std::tie(one.last, one.id) > std::tie(best->last, best->id);
    if (fits < best_fit || (fits == best_fit && !is_newer)) return;
    best = &one;
    best_fit = fits;
  });
  return best;
}

SignOn* SignOns::begun_by(std::string_view activity, const Account& person, Time now) {
  if (activity.empty()) return nullptr;
  const std::string name = '\x1e' + std::string(activity);
  for (auto it = by_name_.lower_bound({name, {}}); it != by_name_.end() && it->first == name; ++it) {
    SignOn& one = sign_ons_.at(it->second);
    if (one.expires > now && !is_another(one.person, person)) return &one;
  }
  return nullptr;
}

SignOn* SignOns::newest(const Account& person, Time now) {
  SignOn* newest = nullptr;
  each_of(person, now, [&](SignOn& one) {
    if (!one.is_program &&
        (newest == nullptr || std::tie(one.last, one.id) > std::tie(newest->last, newest->id)))
      newest = &one;
  });
  return newest;
}

void SignOns::name(const SignOn& sign_on) {
  for (std::string& name : names_of(sign_on)) by_name_.emplace(std::move(name), sign_on.id);
}

void SignOns::remember(const SignOn& sign_on) {
  std::string value;
  for (const std::string* text :
       {&sign_on.handle, &sign_on.activity, &sign_on.person.sid, &sign_on.person.name, &sign_on.person.domain,
        &sign_on.person.upn, &sign_on.client.device, &sign_on.client.address, &sign_on.client.user_agent})
    put(value, *text);
  put(value, sign_on.is_program ? "program" : "browser");
  put(value, sign_on.started);
  put(value, sign_on.last);
  put(value, sign_on.expires);
  if (value.size() <= longest_value) changes_.insert_or_assign(sign_on.id, std::move(value));
}

SignOn& SignOns::open(SignOn sign_on) {
  while (sign_ons_.size() >= most) {
    ++given_up_;
    drop(std::string(by_expiry_.begin()->second));
  }
  const std::string id = sign_on.id;
  if (sign_ons_.contains(id)) drop(id);
  SignOn& kept = sign_ons_.emplace(id, std::move(sign_on)).first->second;
  by_expiry_.emplace(kept.expires, id);
  name(kept);
  remember(kept);
  return kept;
}

void SignOns::changed(SignOn& sign_on, const Account& person, Time expires) {
  const auto learn = [](std::string& known, const std::string& told) {
    if (known.empty()) known = told;
  };
  learn(sign_on.person.sid, person.sid);
  learn(sign_on.person.upn, person.upn);
  if (sign_on.person.name.empty()) {
    sign_on.person.name = person.name;
    sign_on.person.domain = person.domain;
  }
  if (expires > sign_on.expires) {
    by_expiry_.erase({sign_on.expires, sign_on.id});
    sign_on.expires = expires;
    by_expiry_.emplace(expires, sign_on.id);
  }
  name(sign_on);
  remember(sign_on);
}

void SignOns::drop(const std::string& id) {
  const auto found = sign_ons_.find(id);
  if (found == sign_ons_.end()) return;
  for (std::string& name : names_of(found->second)) by_name_.erase({std::move(name), id});
  by_expiry_.erase({found->second.expires, id});
  changes_[id].clear();
  sign_ons_.erase(found);
}

void SignOns::end(const SignOn& sign_on) { drop(std::string(sign_on.id)); }

void SignOns::forget_before(Time time) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first < time)
    drop(std::string(by_expiry_.begin()->second));
}

std::map<std::string, std::string> SignOns::take_changes() { return std::exchange(changes_, {}); }

void SignOns::restore(std::string_view key, std::string_view value) {
  const auto fields = fields_in(value, 13);
  if (!key.starts_with(prefix) || !fields) return;
  const std::vector<std::string>& f = *fields;
  const auto started = time_in(f[10]), last = time_in(f[11]), expires = time_in(f[12]);
  if (!started || !last || !expires) return;
  open({std::string(key),
        f[0],
        f[1],
        {f[2], f[3], f[4], f[5]},
        {f[6], f[7], f[8]},
        f[9] == "program",
        *started,
        *last,
        *expires});
  changes_.erase(std::string(key));  // the host has it
}

}  // namespace curfew::windows::adfs
