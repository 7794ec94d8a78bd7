#include "plugins/web/retrying_client.hpp"

#include <algorithm>
#include <string>

#include "plugins/web/http_time.hpp"

namespace curfew::web {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

bool asks_to_wait(const HttpReply& reply) { return reply.status == 429 || reply.status == 503; }
bool is_in_trouble(const HttpReply& reply) { return reply.status >= 500 || reply.status == 408; }

}  // namespace

RetryingClient::RetryingClient(HttpServer server, RetryTerms terms)
    : client_(std::move(server)), terms_(terms) {}

HttpReply RetryingClient::ask(const HttpCall& call, Repeat repeat, Time deadline) {
  plugin::Duration pause = terms_.first_pause;
  for (int left = terms_.tries;; --left) {
    wait_for_turn(deadline);
    const auto may_wait = [&](plugin::Duration time) {
      return left > 1 && (deadline == Time{} || wall_clock() + time < deadline);
    };
    const plugin::Duration next = jittered(pause);
    try {
      HttpReply reply = client_.ask(call, deadline);
      if (asks_to_wait(reply)) asked_to_wait(reply);
      const bool again = reply.status == 429 || (repeat == Repeat::Idempotent && is_in_trouble(reply));
      if (!again || !may_wait(next)) return reply;
    } catch (const Failure& failure) {
      if (repeat == Repeat::Once || failure.code() != Code::Unavailable || !may_wait(next)) throw;
    }
    sleep(next);
    pause = std::min(pause * 2, terms_.longest_pause);
  }
}

void RetryingClient::wait_for_turn(Time deadline) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto wait = std::chrono::ceil<plugin::Duration>(not_before_ - Clock::now());
    if (wait <= plugin::Duration{0}) return;
    if (deadline != Time{} && wall_clock() + wait >= deadline)
      throw Failure(Code::Unavailable,
                    where() + " asked for no more calls for " +
                        std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()) +
                        " s (throttled); it is asked again then");
    stopped_.wait_for(lock, wait, [&] { return stopping_; });
  }
  throw Failure(Code::Unavailable, "the source is stopping");
}

void RetryingClient::sleep(plugin::Duration pause) {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, pause, [&] { return stopping_; });
}

plugin::Duration RetryingClient::jittered(plugin::Duration pause) {
  const std::lock_guard lock(mutex_);
  std::uniform_real_distribution<double> part(0.5, 1.5);
  return plugin::Duration(static_cast<std::int64_t>(static_cast<double>(pause.count()) * part(random_)));
}

void RetryingClient::asked_to_wait(const HttpReply& reply) {
  plugin::Duration wait = retry_after(reply, wall_clock());
  // A 503 without a time is trouble, of which each caller's own pauses take care.
  if (wait == plugin::Duration{0} && reply.status == 429) wait = terms_.unsaid_wait;
  const std::lock_guard lock(mutex_);
  if (reply.status == 429 || wait > plugin::Duration{0}) ++throttled_;
  not_before_ = std::max(not_before_, Clock::now() + wait);
}

std::uint64_t RetryingClient::throttled() const {
  const std::lock_guard lock(mutex_);
  return throttled_;
}

void RetryingClient::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
}

}  // namespace curfew::web
