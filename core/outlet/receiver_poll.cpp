// Polls of a stream (RFC 8936): what is over is settled, and what waits is handed out, again until it is.
#include <algorithm>
#include <utility>

#include "core/outlet/receiver_stream.hpp"

namespace curfew::outlet {

using metrics::OutletOutcome;

std::vector<Pending> ReceiverStream::wait_for_some(const std::string& id, const PollBody& body,
                                                   std::chrono::steady_clock::time_point until,
                                                   bool& has_more) {
  std::unique_lock lock(mutex_);
  const auto has_some = [&] { return !state_.pending.empty() && state_.status == StreamStatus::Enabled; };
  if (!body.returns_at_once && body.most > 0 && !has_some()) {
    const std::uint64_t mine = ++polls_;
    arrived_.notify_all();
    arrived_.wait_until(lock, until, [&] { return stopping_ || polls_ != mine || has_some(); });
  }
  std::vector<Pending> given;
  if (!has_some() || state_.id != id) return given;
  for (const Pending& one : state_.pending) {
    if (given.size() == body.most) break;
    given.push_back(one);
  }
  has_more = given.size() < state_.pending.size();
  return given;
}

ReceiverStream::Handout ReceiverStream::hand_out(const std::string& id, const PollBody& body,
                                                 std::chrono::steady_clock::time_point until) {
  Handout handout;
  const std::vector<Pending> given = wait_for_some(id, body, until, handout.has_more);
  handout.looked_at = given.size();
  if (given.empty()) return handout;
  std::optional<SubjectFilter> wanted;
  {
    const std::lock_guard lock(mutex_);
    wanted = filter();
  }
  std::size_t names = 0;
  std::vector<Pending> told;
  std::vector<std::string> nobody;
  std::vector<std::string> unwanted;
  for (const Pending& one : given) {
    const MadeEvent event = maker_.make(one, id, *wanted);
    if (event.token.empty()) {
      (event.is_unwanted ? unwanted : nobody).push_back(one.id);
      continue;
    }
    if (!one.disclosed && event.names > 0) {
      told.push_back(one);
      names += event.names;
    }
    // Ids and tokens are plain ASCII without anything to escape.
    handout.sets += (handout.sets.empty() ? "\"" : ",\"") + one.id + "\":\"" + event.token + "\"";
  }
  record_told(told, names);
  if (!told.empty() || !nobody.empty() || !unwanted.empty()) {
    const std::lock_guard lock(mutex_);
    StreamState next = state_;
    for (Pending& one : next.pending) {
      if (std::find(told.begin(), told.end(), one) != told.end()) one.disclosed = true;
    }
    const std::size_t not_told = settle(next, nobody);
    const std::size_t not_wanted = settle(next, unwanted);
    if (!state_.id.empty()) change(std::move(next));
    count(OutletOutcome::NotTold, not_told);
    count(OutletOutcome::NotWanted, not_wanted);
    follower_->wake();  // there may be room again
  }
  return handout;
}

Reply ReceiverStream::poll(const std::string& id, const PollBody& body) {
  constexpr auto longest_wait = std::chrono::seconds(10);
  const auto until = std::chrono::steady_clock::now() + longest_wait;
  {
    const std::lock_guard lock(mutex_);
    if (const auto refusal = stranger(id)) return *refusal;
    if (state_.delivery != Delivery::Poll)
      return {.status = 404, .body = {}, .detail = "this stream is pushed"};
    StreamState next = state_;
    std::vector<std::string> refused;
    for (const Complaint& complaint : body.refused) refused.push_back(complaint.id);
    const std::size_t taken = settle(next, body.acknowledged);
    const std::size_t not_taken = settle(next, refused);
    if (taken + not_taken > 0) {
      change(std::move(next));
      count(OutletOutcome::Delivered, taken);
      count(OutletOutcome::Refused, not_taken);
      follower_->wake();  // there is room again
    }
    if (not_taken > 0)
      ground_.log(Severity::Warning, "the receiver " + settings_.name + " refused " +
                                         std::to_string(not_taken) + " polled events for good");
  }
  Handout handout = hand_out(id, body, until);
  // What nobody is told of is no answer to who waits: on to what comes behind it.
  while (handout.sets.empty() && handout.looked_at > 0 && (handout.has_more || !body.returns_at_once) &&
         std::chrono::steady_clock::now() < until)
    handout = hand_out(id, body, until);
  return {.status = 200,
          .body = "{\"sets\":{" + handout.sets +
                  "},\"moreAvailable\":" + (handout.has_more ? "true" : "false") + "}",
          .detail = {}};
}

}  // namespace curfew::outlet
