// Entra's logs, of sign-ins and of the directory, as batches of sightings with the cursor behind them: each
// record once, in whatever order its pages come, also late ones, also over a restart.
//
//   SignInReader reader(graph, ground, {.tenant = "corp"});
//   reader.resume(cursor);
//   Batch batch = reader.read(deadline);      // a part of a reading has no cursor: call again
//
// It asks for spans of time and takes all pages of one before it hands anything out, so nothing hangs on the
// order of the pages. Each reading begins `arrival_delay` before the end of the one before: so late a record
// may appear. The last `settle` is left for the next: Entra completes a record in its first minutes (the
// steps of authentication are missing, or shown as satisfied before).
//
// Threads: one. Owns: how far it has read. Fails: plugin::Failure; the next call reads the same span again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/oauth/providers/entra/graph_api.hpp"
#include "plugins/oauth/providers/entra/sign_ins.hpp"

namespace curfew::oauth::entra {

// What is known of a reading, as the text that the host keeps.
struct SignInCursor {
  plugin::Time from{};             // where the next reading begins
  plugin::Time polled{};           // Graph's time of the last complete reading
  std::vector<std::string> known;  // ids of records from there on that were handed out, oldest first
};

// Of the ids the newest: the host knows the others again by their keys.
[[nodiscard]] std::string to_text(const SignInCursor& cursor);
[[nodiscard]] SignInCursor read_cursor(const std::string& text);

// Which of Entra's logs, and how it is asked for.
struct GraphLog {
  std::string path;
  std::string time_field;
  std::string filter;  // beside the time; empty: none
  std::string what;    // for errors and messages
  std::string gap_key;
  std::function<SignInPage(std::string_view body)> read;
};
// `all`: those without a person's doing too, and session ids: by beta.
[[nodiscard]] GraphLog sign_in_log(bool all);
[[nodiscard]] GraphLog audit_log(const std::string& own_client);

class SignInReader {
 public:
  struct Options {
    GraphLog log = sign_in_log(false);
    std::size_t page = 500;
    plugin::Duration arrival_delay = std::chrono::minutes(30);
    plugin::Duration settle = std::chrono::minutes(5);
    plugin::Duration history{0};
    plugin::Duration span = std::chrono::hours(1);  // asked for at once
    std::size_t most_kept = 20'000;                 // records of a span; of more it is halved
  };
  SignInReader(GraphApi& api, const Ground& ground, Options options)
      : api_(api), ground_(ground), options_(std::move(options)), span_(options_.span) {}

  void resume(const std::string& cursor);
  [[nodiscard]] Batch read(plugin::Time deadline);

  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  [[nodiscard]] std::uint64_t interrupts() const { return interrupts_; }

  // What a person's records since then say of a session: all of them, or a Failure. For any thread.
  [[nodiscard]] std::vector<SignInRecord> of_person(const std::string& user, plugin::Time since,
                                                    plugin::Time deadline) const;

 private:
  [[nodiscard]] SignInPage page_at(const std::string& path, plugin::Time deadline) const;
  [[nodiscard]] std::string question(plugin::Time from, plugin::Time to) const;
  void begin(plugin::Time deadline);
  void begin_span();
  void take_page(SignInPage page);
  [[nodiscard]] Batch complete_span();
  void tell_gap(Batch& batch);
  void tell_skew();
  [[nodiscard]] bool is_new(const std::string& id, plugin::Time at);
  [[nodiscard]] std::string cursor() const;

  GraphApi& api_;
  const Ground& ground_;
  Options options_;
  bool is_first_ = true;
  bool knows_clock_ = false;
  bool is_reading_ = false;
  bool skew_told_ = false;
  plugin::Time from_{};    // all that is older was shown, late ones too
  plugin::Time polled_{};  // as the cursor's
  plugin::Time missed_{};  // since when nobody read, if that is too long ago
  // A reading: from from_ to end_, span by span.
  plugin::Time began_{};
  plugin::Time end_{};
  plugin::Time at_{};
  plugin::Time to_{};
  plugin::Duration span_;
  std::string next_;
  std::set<std::string> links_;
  std::vector<SignInRecord> kept_;
  std::set<std::string> seen_;  // in this span
  std::set<std::string> unreadable_;
  // Handed out, from from_ on.
  std::deque<std::pair<plugin::Time, std::string>> known_;
  std::set<std::string> known_ids_;
  std::uint64_t gaps_ = 0;
  std::uint64_t interrupts_ = 0;
};

}  // namespace curfew::oauth::entra
