#include "plugins/oauth/orders.hpp"

#include <charconv>
#include <utility>

namespace curfew::oauth {
namespace {

using plugin::Duration;
using plugin::Time;

constexpr std::string_view prefix = "order/";
// A probe comes every few seconds: only so often is it news.
constexpr Duration news_every = std::chrono::hours(1);

}  // namespace

void OrdersAtWork::resume(Time read_until) {
  if (read_until == Time{}) return;
  unknown_from_ = read_until;
  unknown_until_ = now_() + call_lasts;
}

bool OrdersAtWork::recall(std::string_view key, std::string_view value) {
  if (!key.starts_with(prefix)) return false;
  std::int64_t until = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), until);
  if (read.ec == std::errc()) until_[std::string(key.substr(prefix.size()))] = Time{Duration{until}};
  return true;
}

std::string OrdersAtWork::name_of(const std::string& about) const {
  return plugin::to_hex(digest_("order\n" + about).bytes);
}

void OrdersAtWork::note(const std::string& about) {
  if (about.empty()) return;
  const std::string name = name_of(about);
  const std::lock_guard lock(mutex_);
  const Time now = now_();
  std::erase_if(until_, [&](const auto& one) { return one.second <= now; });
  const auto found = until_.find(name);
  if (found == until_.end() && until_.size() >= most) return;
  const Time until = now + lasts;
  if (found == until_.end() || until - found->second >= news_every) {
    until_[name] = until;
    news_[name] = until;
  }
}

std::vector<Memory> OrdersAtWork::take_news() {
  std::map<std::string, Time> news;
  {
    const std::lock_guard lock(mutex_);
    news = std::exchange(news_, {});
  }
  std::vector<Memory> memories;
  for (const auto& [about, until] : news)
    memories.push_back({.key = std::string(prefix) + about,
                        .value = std::to_string(until.time_since_epoch().count()),
                        .until = until});
  return memories;
}

bool OrdersAtWork::knows(const std::string& session, const std::string& person) const {
  const std::string of_session = session.empty() ? "" : name_of(session);
  const std::string of_person = person.empty() ? "" : name_of(person);
  const std::lock_guard lock(mutex_);
  const Time now = now_();
  return is_at_work(of_session, now) || is_at_work(of_person, now);
}

bool OrdersAtWork::may_have_ended(const std::string& session, const std::string& person, Time at,
                                  Duration ahead) const {
  return (at >= unknown_from_ && at - ahead < unknown_until_) || knows(session, person);
}

bool OrdersAtWork::is_at_work(const std::string& name, Time now) const {
  const auto found = until_.find(name);
  return found != until_.end() && found->second > now;
}

}  // namespace curfew::oauth
