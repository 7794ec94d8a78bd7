// Sessions of logs that name none, as a site with Windows authentication writes them: one visit is what one
// person does from one client until nothing was seen for `window`, or until the application said that it is
// over.
//
//   Visits visits(std::chrono::minutes(30), digest, [&](Mark&& mark) { merger.add(std::move(mark)); });
//   visits.add(std::move(mark));          // its session: the client's digest
//   visits.release(closing);              // in order of time, of what was added up to then
//   for (const Visit& over : visits.end_silent(horizon)) merger.vanish(over.session, over.last + window);
//
// The first thing that a person does in a visit is also told as its sign-in. What pages ask for by themselves
// keeps a visit open and opens one too, but signs nobody in; right after a sign-out it belongs to what was
// signed out, and is left out and counted: else each sign-out page would sign in again with its pictures.
//
// A visit that nothing ended is taken to last until its window has passed: until then the next click would
// have gone on without a question.
//
// A visit keeps its id, which is made of its first line's time, whatever comes late or twice: what was told
// can be read again.
//
// Threads: one. Owns: the visits that may still be spoken of, and the marks that wait. Fails: never; a
// remembered text that can't be read is left out.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/forms/logs/mark.hpp"

namespace curfew::forms {

struct Visit {
  plugin::SessionDigest session{};
  Time start{}, last{};
  bool signed_in = false;   // a person was seen
  bool signed_out = false;  // `last` says when
  bool is_over = false;     // told to be
};

class Visits {
 public:
  using Digest = std::function<plugin::SessionDigest(std::string_view)>;
  using Out = std::function<void(Mark&&)>;

  Visits(Duration window, Digest digest, Out out)
      : window_(window), digest_(std::move(digest)), out_(std::move(out)) {}

  void add(Mark&& mark);
  void release(Time up_to);
  // The visits of which nothing was seen for the window, at a time up to which everything was seen.
  [[nodiscard]] std::vector<Visit> end_silent(Time horizon);
  // What is over and older than this is never spoken of again, and forgotten.
  void forget(Time up_to);

  // Key to value; an empty value forgets.
  [[nodiscard]] std::map<std::string, std::string> take_changes();
  void restore(std::string_view key, std::string_view value);

  struct Counts {
    std::uint64_t after_sign_out = 0;  // what a page asked for by itself
    std::uint64_t ended_early = 0;     // for want of room
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

  static constexpr std::size_t most_clients = 200'000;
  static constexpr std::size_t most_waiting = 500'000;
  static constexpr std::size_t most_of_one_client = 16;

 private:
  using Key = std::array<std::uint8_t, 16>;  // of a client
  using Client = std::vector<Visit>;         // by their starts

  void judge(Mark&& mark);
  void tell(const Key& key, Visit& visit, Mark&& mark);
  Visit& open(const Key& key, Time at);
  void touch(const Key& key, Visit& visit, Time at);
  void make_room();
  [[nodiscard]] plugin::SessionDigest id_of(const Key& key, Time start) const;

  Duration window_;
  Digest digest_;
  Out out_;
  std::multimap<std::pair<Time, std::uint64_t>, Mark> waiting_;  // by time and line
  std::map<Key, Client> clients_;
  std::set<std::pair<Time, Key>> by_last_;  // of every visit
  std::vector<Visit> early_;
  std::set<Key> changed_;
  Counts counts_;
};

}  // namespace curfew::forms
