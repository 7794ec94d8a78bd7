#include "plugins/oauth/shared_signals/stream_keeper.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "plugins/oauth/shared_signals/event_types.hpp"
#include "plugins/oauth/shared_signals/refusal.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Level;
using plugin::Time;
using namespace std::chrono_literals;

constexpr Duration learnt_for = 1h;
constexpr Duration check_again = 1min;

std::string with_stream(const std::string& url, const std::string& id) {
  if (id.empty()) return url;
  return url + (url.find('?') == std::string::npos ? "?" : "&") + "stream_id=" + web::percent_encoded(id);
}

std::string_view method_of(Delivery delivery) {
  return delivery == Delivery::Push ? push_method : poll_method;
}

}  // namespace

void StreamKeeper::tell(const std::string& trouble) {
  {
    const std::lock_guard lock(mutex_);
    if (trouble_ == trouble) return;
    trouble_ = trouble;
  }
  if (!trouble.empty()) ground_.log(Level::Warning, trouble);
}

std::optional<Stream> StreamKeeper::found(const Metadata& metadata, Time deadline) {
  const ApiReply reply = api_.ask({.url = with_stream(metadata.configuration_endpoint, terms_.stream_id),
                                   .body = {},
                                   .what = "the streams' configuration",
                                   .also = {}},
                                  deadline);
  std::vector<Stream> streams = read_streams(reply.body, terms_.issuer);
  std::erase_if(streams, [&](const Stream& one) {
    if (!terms_.stream_id.empty()) return one.id != terms_.stream_id;
    return one.method != method_of(terms_.delivery) ||
           (terms_.delivery == Delivery::Push && !terms_.push_url.empty() &&
            one.endpoint_url != terms_.push_url);
  });
  if (streams.empty()) return std::nullopt;
  if (streams.size() > 1)
    throw Failure(Code::Refused, terms_.issuer +
                                     " has several streams for this client that could be ours; name one "
                                     "by shared_signals.stream_id");
  return std::move(streams.front());
}

Stream StreamKeeper::created(const Metadata& metadata, Time deadline) {
  json delivery{{"method", method_of(terms_.delivery)}};
  if (terms_.delivery == Delivery::Push) delivery["endpoint_url"] = terms_.push_url;
  if (!terms_.push_token.empty()) delivery["authorization_header"] = "Bearer " + terms_.push_token;
  const json body{{"delivery", std::move(delivery)},
                  {"events_requested", terms_.events},
                  {"description", "Curfew, source " + ground_.source}};
  const ApiReply reply = api_.ask({.method = "POST",
                                   .url = metadata.configuration_endpoint,
                                   .body = body.dump(),
                                   .what = "a new stream",
                                   .also = {201, 409},
                                   .repeat = web::Repeat::Once},
                                  deadline);
  if (reply.status == 409)
    throw Failure(Code::Refused, terms_.issuer +
                                     " has a stream for this client already, with another delivery (409): "
                                     "delete it there, or set delivery and push_url as it has them");
  std::vector<Stream> streams = read_streams(reply.body, terms_.issuer);
  if (streams.size() != 1)
    throw Failure(Code::Unavailable, terms_.issuer + " made a stream and did not say which");
  ground_.log(Level::Info, "a stream was made at " + terms_.issuer);
  return std::move(streams.front());
}

// Its metadata and our stream, by its own word and anew each hour.
void StreamKeeper::learn(Time deadline) {
  const Time now = ground_.now();
  {
    const std::lock_guard lock(mutex_);
    if (stream_ && now - learnt_at_ < learnt_for && now >= learnt_at_) return;
  }
  const ApiReply reply = api_.ask({.url = metadata_url(terms_.issuer),
                                   .body = {},
                                   .what = "its Shared Signals metadata",
                                   .also = {},
                                   .is_public = true},
                                  deadline);
  Metadata metadata = read_metadata(reply.body, terms_.issuer);
  if (metadata.configuration_endpoint.empty())
    throw Failure(Code::Refused, terms_.issuer +
                                     " has no configuration_endpoint: it lets nobody manage streams; say "
                                     "stream: none");
  std::optional<Stream> stream = found(metadata, deadline);
  if (!stream && terms_.use == StreamUse::Create && terms_.stream_id.empty())
    stream = created(metadata, deadline);
  if (!stream)
    throw Failure(Code::Refused, terms_.issuer +
                                     " has no stream for this client with our delivery; make one there, or "
                                     "say stream: create");
  if (stream->method != method_of(terms_.delivery))
    throw Failure(Code::Refused,
                  "the stream at " + terms_.issuer + " has another delivery than the setting says");
  if (terms_.delivery == Delivery::Poll && !is_safe_endpoint(stream->endpoint_url))
    throw Failure(Code::Refused,
                  "the stream at " + terms_.issuer +
                      " has an endpoint_url that is neither https nor on this machine; tokens are not "
                      "sent there");
  const auto is_ours = [&](const std::string& one) {
    return std::find(terms_.audiences.begin(), terms_.audiences.end(), one) != terms_.audiences.end();
  };
  if (!stream->audiences.empty() && std::none_of(stream->audiences.begin(), stream->audiences.end(), is_ours))
    throw Failure(Code::Refused, "the stream at " + terms_.issuer +
                                     " is for another audience: give its `aud` as shared_signals.audiences");
  const std::lock_guard lock(mutex_);
  metadata_ = std::move(metadata);
  stream_ = std::move(stream);
  learnt_at_ = now;
}

void StreamKeeper::keep(Time deadline) {
  if (terms_.use == StreamUse::None) return;
  try {
    learn(deadline);
  } catch (const Failure& failure) {
    notice_silence();
    {
      const std::lock_guard lock(mutex_);
      if (!stream_) throw;
      // What is known still holds; it is asked for again in a while.
      learnt_at_ = ground_.now() - learnt_for + check_again;
    }
    tell(failure.what());
  }
  check_stream(deadline);
  notice_silence();
}

void StreamKeeper::check_stream(Time deadline) {
  const Time now = ground_.now();
  std::string id, status_endpoint;
  {
    const std::lock_guard lock(mutex_);
    if (now < next_check_) return;
    id = stream_->id;
    status_endpoint = metadata_->status_endpoint;
    const Duration pause = terms_.verify_every == Duration{}
                               ? Duration{check_again}
                               : std::max(terms_.verify_every, stream_->least_verification_interval);
    next_check_ = now + pause;
  }
  try {
    if (!status_endpoint.empty()) {
      const ApiReply reply = api_.ask(
          {.url = with_stream(status_endpoint, id), .body = {}, .what = "the stream's status", .also = {}},
          deadline);
      take_status(read_status(reply.body, id), now);
    }
    if (is_verifying()) ask_for_verification(deadline);
    tell("");
  } catch (const Failure& failure) {
    {
      const std::lock_guard lock(mutex_);
      // Deleted there, as some do with streams of which nobody asks: it is looked for, or made, anew.
      if (failure.code() == Code::NotFound) stream_.reset();
      next_check_ = std::min(next_check_, now + check_again);
    }
    tell(failure.what());
  }
}

std::string StreamKeeper::state_of(Time asked_at, const std::string& stream) const {
  const std::string when = std::to_string(asked_at.time_since_epoch().count());
  return when + "." +
         plugin::to_hex(
             ground_.digest("shared signals verification\n" + terms_.issuer + "\n" + stream + "\n" + when)
                 .bytes);
}

void StreamKeeper::ask_for_verification(Time deadline) {
  const Time now = ground_.now();
  std::string id, endpoint;
  {
    const std::lock_guard lock(mutex_);
    id = stream_->id;
    endpoint = metadata_->verification_endpoint;
    // Before the call: the answer may be here before it comes back.
    if (waiting_since_ == Time{}) waiting_since_ = now;
  }
  (void)api_.ask({.method = "POST",
                  .url = endpoint,
                  .body = json{{"stream_id", id}, {"state", state_of(now, id)}}.dump(),
                  .what = "a verification event",
                  .also = {202, 204},
                  .repeat = web::Repeat::Once},
                 deadline);
}

void StreamKeeper::notice_silence() {
  {
    const std::lock_guard lock(mutex_);
    if (is_silent_ || waiting_since_ == Time{} || ground_.now() < waiting_since_ + terms_.verify_within)
      return;
    is_silent_ = true;
  }
  ground_.log(Level::Warning,
              "the stream of " + terms_.issuer +
                  " is silent: a verification event that was asked for did not come. What happens "
                  "there isn't seen until one does");
}

void StreamKeeper::verified(const std::string& state, const std::string& stream, Time issued_at) {
  bool was_silent = false;
  {
    const std::lock_guard lock(mutex_);
    if (stream_ && !stream.empty() && stream != stream_->id)
      throw RefusedEvent(Refusal::AccessDenied, "it verifies a stream that is not this source's");
    Time asked_at{};
    if (state.empty()) {
      // Of its own accord: it delivers what it sends now.
      asked_at = std::min(issued_at, ground_.now());
    } else {
      std::int64_t when = 0;
      const char* const end = state.data() + std::min(state.find('.'), state.size());
      const auto read = std::from_chars(state.data(), end, when);
      asked_at = Time{Duration{when}};
      // The id that it was asked for is ours; an event that names none, or ours, may carry it.
      const std::string id = stream_ ? stream_->id : stream;
      if (read.ec != std::errc() || read.ptr != end || asked_at > ground_.now() ||
          state != state_of(asked_at, id))
        throw RefusedEvent(Refusal::InvalidState, "its `state` is none that Curfew asked for");
    }
    answered_ = std::max(answered_, asked_at);
    if (waiting_since_ <= answered_) {
      waiting_since_ = {};
      was_silent = std::exchange(is_silent_, false);
    }
  }
  if (was_silent) ground_.log(Level::Info, "the stream of " + terms_.issuer + " delivers again");
}

void StreamKeeper::updated(const std::string& status, const std::string& stream, Time issued_at) {
  {
    const std::lock_guard lock(mutex_);
    if (stream_ && !stream.empty() && stream != stream_->id)
      throw RefusedEvent(Refusal::AccessDenied, "it is about a stream that is not this source's");
    ++updates_[status];
  }
  take_status(status, issued_at);
}

void StreamKeeper::delivered(Time issued_at) {
  {
    const std::lock_guard lock(mutex_);
    if (status_.empty() || status_ == "enabled" || issued_at <= status_at_) return;
  }
  take_status("enabled", issued_at);
}

void StreamKeeper::take_status(const std::string& status, Time as_of) {
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(status_, status);
    status_at_ = as_of;
  }
  if (before == status || (before.empty() && status == "enabled")) return;
  ground_.log(status == "enabled" ? Level::Info : Level::Warning,
              "the transmitter says that our stream is " + status +
                  (status == "enabled" ? "" : ": events are not delivered until it is enabled there"));
}

void StreamKeeper::lost() {
  const std::lock_guard lock(mutex_);
  stream_.reset();
}

std::string StreamKeeper::poll_url() const {
  const std::lock_guard lock(mutex_);
  return stream_ ? stream_->endpoint_url : std::string();
}

std::vector<std::string> StreamKeeper::critical_members() const {
  const std::lock_guard lock(mutex_);
  return metadata_ ? metadata_->critical_members : std::vector<std::string>{};
}

bool StreamKeeper::is_verifying() const {
  const std::lock_guard lock(mutex_);
  return terms_.use != StreamUse::None && terms_.verify_every > Duration{} &&
         (!metadata_ || !metadata_->verification_endpoint.empty());
}

bool StreamKeeper::is_enabled() const {
  const std::lock_guard lock(mutex_);
  return status_.empty() || status_ == "enabled";
}

std::string StreamKeeper::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Time StreamKeeper::alive_until() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

json StreamKeeper::coverage() const {
  const bool verifies = is_verifying();
  const std::lock_guard lock(mutex_);
  json out{{"managed", terms_.use != StreamUse::None},
           {"known", stream_.has_value()},
           {"status", status_.empty() ? "not told" : status_},
           {"updates", updates_},
           {"verifies", verifies},
           {"silent", is_silent_},
           {"verified_seconds_ago",
            answered_ == Time{}
                ? json()
                : json(std::chrono::duration_cast<std::chrono::seconds>(ground_.now() - answered_).count())}};
  if (stream_ && !stream_->delivered.empty()) {
    json missing = json::array();
    for (const std::string& one : terms_.events) {
      if (std::find(stream_->delivered.begin(), stream_->delivered.end(), one) != stream_->delivered.end())
        continue;
      const EventType* const type = event_type(one);
      missing.push_back(type != nullptr ? std::string(type->label) : one);
    }
    out["events_not_delivered"] = std::move(missing);
  }
  if (!trouble_.empty()) out["trouble"] = trouble_;
  return out;
}

}  // namespace curfew::oauth::shared_signals
