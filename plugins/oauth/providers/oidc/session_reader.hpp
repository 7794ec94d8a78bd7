// Sessions that begin and end, out of lists of all that live: an API that tells no events is asked again and
// again.
//
//   SessionReader reader(plan, administration, ground, terms);
//   reader.resume(cursor);
//   Batch batch = reader.read(deadline);        // some pages; `caught_up` when a reading is whole
//
// A session that is new in a reading has signed in, at the time that its row says; one that was there before
// Curfew was, or before its restart, is only told to live. One that no list has any more, twice in a row, has
// ended: when and why is not known (inferred, vanished). Nothing is told of a reading that is not whole.
//
// Threads: resume and read on the thread of poll; session_of and size from any. Owns: what it knows,
// `most_sessions` of them. Fails: plugin::Failure; what may pass (Unavailable) is asked for again at the same
// page, else the reading begins anew.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/providers/oidc/administration.hpp"

namespace curfew::oauth::oidc {

struct ReadingTerms {
  std::string prefix;  // of a subject: the issuer and #
  plugin::Duration history{0};
  plugin::Duration arrival_delay{0};
  // Whether an order of Curfew's is at work on the session, or on the person.
  std::function<bool(const std::string& session, const std::string& subject)> is_ordered;
};

class SessionReader {
 public:
  static constexpr std::size_t most_sessions = 500'000;

  SessionReader(const Plan& plan, Administration& administration, Ground ground, ReadingTerms terms)
      : plan_(plan), administration_(administration), ground_(std::move(ground)), terms_(std::move(terms)) {}

  void resume(const std::string& cursor);
  // When the newest whole reading began, of an earlier run too; Time{}: there was none.
  [[nodiscard]] plugin::Time last_reading() const { return last_reading_; }
  [[nodiscard]] Batch read(plugin::Time deadline);

  // The session that one of its clients knows as `sid`; also for minutes after it was listed last, as the
  // provider may take it off its list before it sends its logouts.
  [[nodiscard]] std::optional<std::string> session_of(const std::string& sid) const;
  [[nodiscard]] std::size_t size() const;
  // Whether all that keeps a session alive is listed.
  [[nodiscard]] bool tells_ends() const;

 private:
  struct Known {
    std::string subject;
    int missed = 0;
  };
  void fetch(plugin::Time deadline, Batch& batch);
  void begin_anew();
  void compare(Batch& batch);
  void tell_new(const Row& row, bool is_grant, Batch& batch);
  void tell_gone(Batch& batch);

  const Plan& plan_;
  Administration& administration_;
  Ground ground_;
  ReadingTerms terms_;
  plugin::Time last_reading_{};  // of an earlier run too; Time{}: none
  bool is_first_ = true;         // of this run

  // A reading under way.
  plugin::Time began_at_{};
  std::vector<Row> sessions_, grants_;
  std::string page_;
  bool has_sessions_ = false;
  bool is_whole_ = false;

  std::unordered_map<std::string, Known> known_;
  mutable std::mutex mutex_;
  struct ClientSession {
    std::string session;
    plugin::Time listed_at{};
  };
  std::unordered_map<std::string, ClientSession> by_client_session_;
  std::size_t size_ = 0;
};

// What comes back with orders and probes: the session, and whose it is.
struct SessionHandle {
  std::string session;
  std::string subject;
};
[[nodiscard]] std::string to_text(const SessionHandle& handle);
// Both empty: it was erased, or is none.
[[nodiscard]] SessionHandle read_handle(std::string_view text);

}  // namespace curfew::oauth::oidc
