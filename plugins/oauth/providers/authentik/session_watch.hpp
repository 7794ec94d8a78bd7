// Which sessions live, out of lists of all of them, joined with the events of the same reading: authentik's
// events don't say of which session they are.
//
//   SessionWatch watch(ground);
//   watch.recall(key, value);                       // what the last run knew
//   watch.take(events, listed, terms, out);         // after each reading of both
//
// A session that is new in a list has signed in: by the event of a sign-in of the same person, address and
// browser that no other session has taken; where none comes by the next reading, it has signed in when it was
// listed first, or, where it is as old as the source, is only told to live. One that no list has any more has
// ended: signed out, where an event of the same person and address says so; else, after it has been missing
// twice and `is_there` says that it is, for a reason that is not known, or as it was to expire (both
// inferred).
//
// Threads: one. Owns: what it knows, `most_sessions` of them. Fails: plugin::Failure where there are more; as
// `is_there`, and then nothing has changed.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/log_and_people/service.hpp"
#include "plugins/oauth/providers/authentik/pages.hpp"

namespace curfew::oauth::authentik {

class SessionWatch {
 public:
  static constexpr std::size_t most_sessions = 50'000;
  // Asked about one by one in each reading; the others wait.
  static constexpr std::size_t most_asked = 20;

  struct Terms {
    plugin::Time at{};      // of the list, by authentik's clock
    bool is_first = false;  // of this source ever: what lives has not just signed in
    std::function<bool(const std::string& session)> is_there;
  };

  explicit SessionWatch(const Ground& ground) : ground_(ground) {}

  void recall(std::string_view key, std::string_view value);
  // Into `out`: the events that can be told, with their sessions, and what the list says; and memories.
  void take(std::vector<Sighting> events, const std::vector<ListedSession>& listed, const Terms& terms,
            Portion& out);

 private:
  struct Known {
    std::string whose;  // digest of person and address
    std::string agent;  // empty: not known (any more)
    std::string address;
    std::string user;  // the same
    plugin::Time expires{};
    plugin::Time first_listed{};
    plugin::Time kept_until{};
    int missing = 0;
    bool is_told = false;
    bool was_there = false;  // before this source was
  };
  using Sessions = std::map<std::string, Known>;
  [[nodiscard]] std::string whose(const std::string& user, const std::string& address) const;
  void update(Sessions& known, const std::vector<ListedSession>& listed, const Terms& terms) const;
  [[nodiscard]] bool assign(Sessions& known, Sighting& event) const;
  static void tell_waiting(Sessions& known, const Terms& terms, std::vector<Sighting>& told);
  static void keep(Sessions& known, const Terms& terms, Portion& out);
  static void tell_gone(Sessions& known, const Terms& terms, std::vector<Sighting>& told);

  const Ground& ground_;
  Sessions known_;
};

}  // namespace curfew::oauth::authentik
