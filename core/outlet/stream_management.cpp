// What a receiver may do with its stream (Shared Signals 1.0, section 8.1).
#include <algorithm>

#include "core/outlet/receiver_secret.hpp"
#include "core/outlet/receiver_stream.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

using report::JsonWriter;

// Between two verifications that one may ask for.
constexpr std::chrono::seconds verification_interval{10};

Reply error(int status, std::string detail) {
  return {.status = status, .body = {}, .detail = std::move(detail)};
}

bool begins_with_one_of(const std::string& url, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& beginning) { return url.starts_with(beginning); });
}

std::string status_json(const StreamState& state) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().text("stream_id", state.id).text("status", model::name_of(state.status));
  if (!state.status_reason.empty()) json.text("reason", state.status_reason);
  json.end();
  return text;
}

}  // namespace

// With the lock held: another's stream is not told from one that isn't there.
std::optional<Reply> ReceiverStream::stranger(const std::string& id) const {
  if (!state_.id.empty() && state_.id == id) return std::nullopt;
  return error(404, "this receiver has no stream of this id");
}

std::string ReceiverStream::configuration_of(const StreamState& state) const {
  std::string text;
  JsonWriter json(text);
  json.begin_object().text("stream_id", state.id).text("iss", settings_.telling.issuer);
  json.texts("aud", settings_.telling.audiences);
  json.begin_object("delivery");
  if (state.delivery == Delivery::Push) {
    // The secret that goes with it is told to nobody again.
    json.text("method", push_method)
        .text("endpoint_url", settings_.fixed ? settings_.push_url : state.endpoint);
  } else {
    json.text("method", poll_method)
        .text("endpoint_url", settings_.telling.issuer + std::string(poll_path) + state.id);
  }
  json.end();
  json.begin_array("events_supported").text({}, session_revoked_type).end();
  if (!state.requested.empty()) json.texts("events_requested", state.requested);
  json.begin_array("events_delivered");
  if (state.requested.empty() || std::find(state.requested.begin(), state.requested.end(),
                                           session_revoked_type) != state.requested.end())
    json.text({}, session_revoked_type);
  json.end();
  json.number("min_verification_interval", verification_interval.count());
  if (!state.description.empty()) json.text("description", state.description);
  json.end();
  return text;
}

std::optional<Reply> ReceiverStream::wrong_claims(const StreamBody& body) const {
  if (!body.issuer.empty() && body.issuer != settings_.telling.issuer)
    return error(400, "'iss' is the transmitter's and can't be changed");
  if (!body.audiences.empty() && body.audiences != settings_.telling.audiences)
    return error(400, "'aud' is set in Curfew's configuration");
  return std::nullopt;
}

std::optional<Reply> ReceiverStream::apply_delivery(const DeliveryBody& body, StreamState& next) {
  if (body.method == poll_method) {
    next.delivery = Delivery::Poll;
    next.endpoint.clear();
    next.secret_file.clear();
    return std::nullopt;
  }
  if (body.method != push_method)
    return error(400,
                 "'delivery.method' must be " + std::string(push_method) + " or " + std::string(poll_method));
  if (!is_safe_endpoint(body.endpoint))
    return error(400, "'delivery.endpoint_url' must be an https URL without a user");
  // Curfew sends what it is told to where it is told: only where the operator lets it.
  if (body.endpoint.find("..") != std::string::npos || !begins_with_one_of(body.endpoint, settings_.push_to))
    return error(403,
                 "'delivery.endpoint_url' is none that Curfew's configuration allows for this receiver "
                 "('push_to')");
  next.delivery = Delivery::Push;
  next.endpoint = body.endpoint;
  next.secret_file = body.authorization ? keep_secret(secrets_folder_, *body.authorization) : std::string{};
  return std::nullopt;
}

Reply ReceiverStream::create(const StreamBody& body) {
  const store::Place newest = newest_place(ground_);
  const std::lock_guard lock(mutex_);
  if (!state_.id.empty()) return error(409, "this receiver has a stream already; a receiver may have one");
  if (const auto refusal = wrong_claims(body)) return *refusal;
  StreamState next;
  next.id = random_id();
  next.default_subjects = settings_.default_subjects;
  next.requested = body.requested.value_or(std::vector<std::string>{});
  next.description = body.description.value_or("");
  if (body.delivery) {
    if (auto refusal = apply_delivery(*body.delivery, next)) return *refusal;
  }
  change_at(newest, std::move(next));
  follower_->wake();
  ground_.log(Severity::Info, "the receiver " + settings_.name + " made its stream");
  return {.status = 201, .body = configuration_of(state_), .detail = {}};
}

Reply ReceiverStream::read(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (id.empty())
    return {.status = 200,
            .body = "[" + (state_.id.empty() ? std::string{} : configuration_of(state_)) + "]",
            .detail = {}};
  if (const auto refusal = stranger(id)) return *refusal;
  return {.status = 200, .body = configuration_of(state_), .detail = {}};
}

Reply ReceiverStream::update(const StreamBody& body, bool replace) {
  const std::lock_guard lock(mutex_);
  if (const auto refusal = stranger(body.stream_id)) return *refusal;
  if (const auto refusal = wrong_claims(body)) return *refusal;
  if (settings_.fixed && body.delivery)
    return error(403, "'delivery' of this stream is set in Curfew's configuration");
  StreamState next = state_;
  if (body.delivery) {
    if (auto refusal = apply_delivery(*body.delivery, next)) return *refusal;
  } else if (replace && !settings_.fixed) {
    return error(400, "'delivery' is missing: what replaces a stream says all of it");
  }
  if (body.requested || replace) next.requested = body.requested.value_or(std::vector<std::string>{});
  if (body.description || replace) next.description = body.description.value_or("");
  const std::string before = state_.secret_file;
  change(std::move(next));
  if (before != state_.secret_file) drop_secret(secrets_folder_, before);
  pause_ = Duration(0);
  follower_->wake();
  return {.status = 200, .body = configuration_of(state_), .detail = {}};
}

Reply ReceiverStream::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto refusal = stranger(id)) return *refusal;
  if (settings_.fixed) return error(403, "this stream is set in Curfew's configuration");
  cursor_.forget();
  drop_secret(secrets_folder_, state_.secret_file);
  count(metrics::OutletOutcome::Dropped, state_.pending.size());
  state_ = {};
  forget_subjects();
  note_waiting();
  arrived_.notify_all();
  ground_.log(Severity::Info, "the receiver " + settings_.name + " deleted its stream");
  return {.status = 204, .body = {}, .detail = {}};
}

Reply ReceiverStream::read_status(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto refusal = stranger(id)) return *refusal;
  return {.status = 200, .body = status_json(state_), .detail = {}};
}

Reply ReceiverStream::set_status(const StatusBody& body) {
  const store::Place newest = newest_place(ground_);
  const std::lock_guard lock(mutex_);
  if (const auto refusal = stranger(body.stream_id)) return *refusal;
  StreamState next = state_;
  next.status = body.status;
  next.status_reason = body.reason;
  // What a disabled stream does not deliver isn't held for it either.
  const std::size_t dropped = next.status == StreamStatus::Disabled ? next.pending.size() : 0;
  if (dropped > 0) next.pending.clear();
  const bool is_news = next.status != state_.status;
  // Nor is what was proven meanwhile and not looked at yet.
  const bool is_back = state_.status == StreamStatus::Disabled && next.status != StreamStatus::Disabled;
  change_at(is_back ? std::max(cursor_.place(), newest) : cursor_.place(), std::move(next));
  count(metrics::OutletOutcome::Dropped, dropped);
  if (is_news)
    ground_.log(Severity::Info, "the receiver " + settings_.name + " set its stream to " +
                                    std::string(model::name_of(state_.status)));
  follower_->wake();
  arrived_.notify_all();
  return {.status = 200, .body = status_json(state_), .detail = {}};
}

Reply ReceiverStream::verify(const VerificationBody& body) {
  const store::Place newest = newest_place(ground_);
  const std::lock_guard lock(mutex_);
  if (const auto refusal = stranger(body.stream_id)) return *refusal;
  const Time now = ground_.now();
  if (now >= state_.verified_at && now < state_.verified_at + verification_interval) {
    Reply reply = error(429, "verifications are asked for more often than min_verification_interval allows");
    reply.retry_after = static_cast<std::uint32_t>(verification_interval.count());
    return reply;
  }
  StreamState next = state_;
  next.verified_at = now;
  next.asked = AskedVerification{.id = random_id(), .state = body.state, .after = newest};
  change(std::move(next));
  follower_->wake();
  return {.status = 204, .body = {}, .detail = {}};
}

}  // namespace curfew::outlet
