// Which sessions and people an order of Curfew's is at work on: what a provider tells of their ends is no
// news, and no proof.
//
//   OrdersAtWork orders(now, digest);
//   orders.resume(cursor.polled);  orders.recall(key, value);   // what the last run knew
//   orders.note("session id");                                   // before the act
//   batch.memories = orders.take_news();                         // to be kept with what was read
//   if (orders.may_have_ended(session, person, at)) …
//
// What was noted is remembered with the next reading. What a process that was killed in between had noted,
// the order's next probe tells again (Probe::ordered_at); until then no end from that time counts as told by
// somebody else. Ids are kept as digests: what is remembered names nobody.
//
// Threads: resume and recall before the others; these from any, at once. Owns: ids, `most` of them. Fails:
// never.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth {

class OrdersAtWork {
 public:
  static constexpr std::size_t most = 20'000;
  // The ladder, and a day of watching.
  static constexpr plugin::Duration lasts = std::chrono::hours(48);
  // A call that a killed process had sent is carried out within this.
  static constexpr plugin::Duration call_lasts = std::chrono::seconds(10);

  using Digest = std::function<plugin::SessionDigest(std::string_view)>;
  OrdersAtWork(std::function<plugin::Time()> now, Digest digest)
      : now_(std::move(now)), digest_(std::move(digest)) {}

  // `read_until`: up to when the last run had read, by the provider's clock; Time{}: there was none.
  void resume(plugin::Time read_until);
  // False: it is no memory of this.
  bool recall(std::string_view key, std::string_view value);

  // `about`: the provider's id of a session or a person.
  void note(const std::string& about);
  [[nodiscard]] std::vector<Memory> take_news();
  [[nodiscard]] bool knows(const std::string& session, const std::string& person) const;
  // Known or not. `at` by the provider's clock, which is ahead of ours by so much.
  [[nodiscard]] bool may_have_ended(const std::string& session, const std::string& person, plugin::Time at,
                                    plugin::Duration ahead = {}) const;

 private:
  [[nodiscard]] std::string name_of(const std::string& about) const;
  [[nodiscard]] bool is_at_work(const std::string& name, plugin::Time now) const;

  std::function<plugin::Time()> now_;
  Digest digest_;
  plugin::Time unknown_from_{}, unknown_until_{};
  mutable std::mutex mutex_;
  std::map<std::string, plugin::Time> until_;
  std::map<std::string, plugin::Time> news_;
};

}  // namespace curfew::oauth
