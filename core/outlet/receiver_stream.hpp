// A receiver of Shared Signals, and the one stream that it may have: a follower of the ledger that queues
// what was proven, pushes it or hands it out to polls, and what the receiver manages of it.
//
//   outlet::ReceiverStream stream(ground, knowledge, keys, settings, folder);
//   stream.start(); … stream.poll(body) … stream.stop();
//
// At least once, in the ledger's order, each with the same `jti` whenever it is sent again. What waits is in
// the store with the cursor; beyond most_pending of them the ledger itself is the queue. What the receiver
// added and removed is a row beside it: whom an event is about is known, and asked, when it is sent.
//
// Threads: any. Owns: its follower's thread, cursors and connections. Fails: Error(Unavailable) when the
// database is away: then nothing was changed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/outlet/event_maker.hpp"
#include "core/outlet/event_push.hpp"
#include "core/outlet/follower.hpp"
#include "core/outlet/receiver_bodies.hpp"

namespace curfew::outlet {

struct ReceiverSettings {
  std::string name;
  std::string token;  // name of the API token that it shows; empty: it manages nothing
  Telling telling;
  bool tells_handle = false;
  DefaultSubjects default_subjects = DefaultSubjects::All;  // of a stream that is made
  bool case_sensitive = false;                              // names that differ in case are two people's
  std::optional<Delivery> fixed;     // by the configuration; none: the receiver makes its stream
  std::string push_url;              // of a fixed push
  std::string push_authorization;    // likewise: the header's value
  std::vector<std::string> push_to;  // what the endpoints that the receiver gives must begin with
  std::string ca_file;
};

// What a receiver's request is answered with.
struct Reply {
  int status = 200;
  std::string body;    // JSON
  std::string detail;  // of an error: what is wrong
  std::uint32_t retry_after = 0;
};

class ReceiverStream {
 public:
  ReceiverStream(const Ground& ground, const Knowledge& knowledge, const SigningKeys& keys,
                 ReceiverSettings settings, std::string secrets_folder);
  ~ReceiverStream();
  ReceiverStream(const ReceiverStream&) = delete;
  ReceiverStream& operator=(const ReceiverStream&) = delete;

  [[nodiscard]] const ReceiverSettings& settings() const { return settings_; }
  void start();
  void wake();
  void stop();

  // ---- stream management ----
  Reply create(const StreamBody& body);
  // An empty id: all that there are, in a list.
  Reply read(const std::string& id);
  // Replace: what is not said is as if the stream were new.
  Reply update(const StreamBody& body, bool replace);
  Reply remove(const std::string& id);
  Reply read_status(const std::string& id);
  Reply set_status(const StatusBody& body);
  Reply verify(const VerificationBody& body);
  // Answered the same whether there is such a person or not.
  Reply add_subject(const SubjectBody& body);
  Reply remove_subject(const SubjectBody& body);
  // Waits a while for something, unless it is to return at once.
  Reply poll(const std::string& id, const PollBody& body);

 private:
  // Of the follower's thread.
  [[nodiscard]] Appetite appetite();
  Duration take(const Chunk& chunk);
  void absorb(const Chunk& chunk);
  Duration deliver();
  Duration give_up_for_now(const PushAnswer& answer);

  void change(StreamState next);
  void change_at(store::Place place, StreamState next);
  void note_waiting() const;
  void count(metrics::OutletOutcome outcome, std::size_t how_many = 1) const;
  void record_told(const std::vector<Pending>& told, std::size_t names) const;
  // Of one poll: what it is handed of what waits.
  struct Handout {
    std::size_t looked_at = 0;
    std::string sets;
    bool has_more = false;
  };
  Handout hand_out(const std::string& id, const PollBody& body, std::chrono::steady_clock::time_point until);
  [[nodiscard]] std::vector<Pending> wait_for_some(const std::string& id, const PollBody& body,
                                                   std::chrono::steady_clock::time_point until,
                                                   bool& has_more);

  Reply change_subject(const SubjectBody& body, bool is_added);
  void load_subjects();
  void forget_subjects();
  [[nodiscard]] SubjectFilter filter() const;
  [[nodiscard]] std::optional<Reply> stranger(const std::string& id) const;
  [[nodiscard]] std::optional<Reply> wrong_claims(const StreamBody& body) const;
  std::optional<Reply> apply_delivery(const DeliveryBody& body, StreamState& next);
  [[nodiscard]] std::string configuration_of(const StreamState& state) const;
  [[nodiscard]] PushTarget target_of(const StreamState& state) const;

  const Ground& ground_;
  const Knowledge& knowledge_;
  const ReceiverSettings settings_;
  const std::string secrets_folder_;
  const EventMaker maker_;
  Cursor cursor_;
  Cursor subjects_at_;
  mutable std::mutex mutex_;  // of the state and of each move of the cursor
  std::condition_variable arrived_;
  StreamState state_;
  std::shared_ptr<const SubjectList> subjects_;  // none: nobody was added or removed
  bool stopping_ = false;
  std::uint64_t polls_ = 0;                           // the newest one waits, those before it return
  Duration pause_{0};                                 // between attempts while they fail; 0: they don't
  std::chrono::steady_clock::time_point retry_at_{};  // whatever wakes the follower before
  std::unique_ptr<Follower> follower_;
};

[[nodiscard]] std::string random_id();

// Where the parts of the transmitter are, below its issuer.
inline constexpr std::string_view poll_path = "/signals/poll/";
inline constexpr std::string_view push_method = "urn:ietf:rfc:8935";
inline constexpr std::string_view poll_method = "urn:ietf:rfc:8936";

}  // namespace curfew::outlet
