// The calls that come to a source from other threads: act, prove, list_sessions, http, wake.
#include <algorithm>
#include <cstring>
#include <system_error>

#include "core/base/duration_words.hpp"
#include "core/base/text.hpp"
#include "core/connector/bridge.hpp"
#include "core/connector/source_calls.hpp"

namespace curfew::connector {
namespace {

constexpr std::size_t most_identifiers = 64;

Time wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

// A copy of what a call is about, which lives as long as the call.
struct Target {
  Target(const model::SessionDigest& digest, std::string_view clear,
         const std::vector<model::NamedValue>& given)
      : handle(clear), names(given) {
    if (names.size() > most_identifiers) names.resize(most_identifiers);
    std::copy(digest.bytes.begin(), digest.bytes.end(), session.bytes);
    for (const model::NamedValue& name : names) {
      identifiers.push_back({bridge::bytes_of(name.name_space), bridge::bytes_of(name.value)});
    }
    error.struct_size = sizeof(error);
  }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  curfew_session_digest session{};
  std::string handle;
  std::vector<model::NamedValue> names;
  std::vector<curfew_identifier> identifiers;
  std::string reason;
  curfew_error error{};
  std::int32_t code = CURFEW_FAILED;
};

model::AnswerCode answer_of(std::int32_t code) {
  switch (code) {
    case CURFEW_OK:
      return model::AnswerCode::Accepted;
    case CURFEW_REFUSED:
      return model::AnswerCode::Refused;
    case CURFEW_NOT_FOUND:
      return model::AnswerCode::NotFound;
    case CURFEW_UNSUPPORTED:
      return model::AnswerCode::Unsupported;
    default:
      return model::AnswerCode::Failed;
  }
}

HttpAnswer plain_answer(std::uint32_t status, std::string_view text) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = "{\"error\":";
  base::append_json_string(answer.body, text);
  answer.body += "}";
  if (status == 503) answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

std::uint32_t status_of(std::int32_t code) {
  switch (code) {
    case CURFEW_INVALID:
      return 400;
    case CURFEW_REFUSED:
      return 403;
    case CURFEW_NOT_FOUND:
      return 404;
    case CURFEW_UNAVAILABLE:
    case CURFEW_AGAIN:
    case CURFEW_STOPPING:
      return 503;
    case CURFEW_UNSUPPORTED:
      return 501;
    default:
      return 500;
  }
}

}  // namespace

bool Source::watched(Call call, Duration limit, const std::function<void()>& work) {
  const auto entry = [&] {
    const std::lock_guard lock(mutex_);
    return in_flight_.emplace(in_flight_.end(), call, limit);
  }();
  return inside(entry, work);
}

bool Source::inside(std::list<InFlight>::iterator entry, const std::function<void()>& work) {
  bool escaped = false;
  {
    const Scope scope(this, &*entry);
    const CrashSlot::Call call(&slot_, static_cast<std::uint32_t>(entry->call));
    try {
      work();
    } catch (...) {
      // Nobody knows what it left half done: treated as a call that never came back.
      escaped = true;
    }
  }
  if (escaped) {
    {
      const std::lock_guard lock(mutex_);
      if (entry->abandoned) return false;
      entry->abandoned = true;
      abandoned_ = true;
      usable_ = false;
    }
    quarantine("it let an exception out of " + std::string(name_of(entry->call)) +
               "; a plugin returns a code and a text instead, as the SDK's CURFEW_CONNECTOR does by itself");
    return false;
  }
  const std::lock_guard lock(mutex_);
  const bool abandoned = entry->abandoned;
  // An abandoned call that came back after all stays in the list: nobody may destroy what it ran in.
  if (!abandoned) in_flight_.erase(entry);
  changed_.notify_all();
  return !abandoned;
}

Source::Came Source::aside(Call call, Duration limit, std::function<void()> work, std::string& why) {
  const auto deadline = Clock::now() + limit;
  const std::uint64_t bit = std::uint64_t{1} << static_cast<std::uint32_t>(call);
  const bool alone = (plugin_.info.capabilities & CURFEW_CAN_CONCURRENT_ACTIONS) == 0;
  const auto done = std::make_shared<bool>(false);
  std::unique_lock lock(mutex_);
  if (call != Call::Wake) {
    const auto free = [&] { return !usable_ || !alone || (busy_ & bit) == 0; };
    if (!changed_.wait_until(lock, deadline, free)) {
      why = "another call of " + std::string(name_of(call)) + " is still running";
      return Came::NotRun;
    }
    if (!usable_) {
      why = quarantined_ ? "the source is quarantined" : "the source is not running";
      return Came::NotRun;
    }
    busy_ |= bit;
  } else if (!usable_) {
    return Came::NotRun;  // it ended since: what would be woken may be gone
  }
  const auto entry = in_flight_.emplace(in_flight_.end(), call, limit + settings_.call_limit);
  try {
    std::thread([self = shared_from_this(), entry, bit, done, inner = std::move(work)] {
      self->inside(entry, inner);
      const std::lock_guard inner_lock(self->mutex_);
      self->busy_ &= ~bit;
      *done = true;
      self->changed_.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    in_flight_.erase(entry);
    busy_ &= ~bit;
    changed_.notify_all();
    why = std::string("no thread for it: ") + error.what();
    return Came::NotRun;
  }
  if (changed_.wait_until(lock, deadline, [&] { return *done; })) return Came::Back;
  why = "no answer within " + base::exactly_in_words(limit);
  return Came::Late;
}

Answer Source::act(const model::RunStep& step, std::string_view handle,
                   const std::vector<model::NamedValue>& identifiers) {
  const auto number = static_cast<std::uint32_t>(step.action);
  if ((plugin_.info.capabilities & (CURFEW_CAN_NOTIFY << number)) == 0) {
    return {model::AnswerCode::Unsupported,
            plugin_.info.name + " can't carry out " + std::string(model::name_of(step.action))};
  }
  const auto target = std::make_shared<Target>(step.session, handle, identifiers);
  target->reason = step.reason;
  curfew_action action{};
  action.struct_size = sizeof(action);
  action.action = number;
  action.revert = step.revert ? 1 : 0;
  action.identifier_count = static_cast<std::uint32_t>(target->identifiers.size());
  action.identifiers = target->identifiers.empty() ? nullptr : target->identifiers.data();
  action.session = target->session;
  action.handle = bridge::bytes_of(target->handle);
  action.reason = bridge::bytes_of(target->reason);
  action.deadline = base::to_micros(wall_clock() + step.deadline);
  action.revert_after = step.revert_after.count();
  std::string why;
  const Came came = aside(
      Call::Act, step.deadline,
      [this, target, action] { target->code = plugin_.api->act(instance_, &action, &target->error); }, why);
  if (came == Came::Late) return {model::AnswerCode::TimedOut, why};
  if (came == Came::NotRun) return {model::AnswerCode::Failed, why};
  const std::int32_t code = checked_code(Call::Act, target->code, target->error);
  return {answer_of(code), bridge::read_error(target->error)};
}

model::Liveness Source::prove(const model::SessionDigest& session, std::string_view handle,
                              const std::vector<model::NamedValue>& identifiers, Time ordered_at,
                              Duration limit, std::string& text) {
  if (!plugin_.info.proves) {
    text = plugin_.info.name + " can't tell whether a session lives";
    return model::Liveness::Unknown;
  }
  const auto target = std::make_shared<Target>(session, handle, identifiers);
  const auto liveness = std::make_shared<std::uint32_t>(CURFEW_LIVENESS_UNKNOWN);
  curfew_probe probe{};
  probe.struct_size = sizeof(probe);
  probe.identifier_count = static_cast<std::uint32_t>(target->identifiers.size());
  probe.identifiers = target->identifiers.empty() ? nullptr : target->identifiers.data();
  probe.session = target->session;
  probe.handle = bridge::bytes_of(target->handle);
  probe.deadline = base::to_micros(wall_clock() + limit);
  probe.ordered_at = base::to_micros(ordered_at);
  const Came came = aside(
      Call::Prove, limit,
      [this, target, probe, liveness] {
        target->code = plugin_.api->prove(instance_, &probe, liveness.get(), &target->error);
      },
      text);
  if (came != Came::Back) return model::Liveness::Unknown;
  const std::int32_t code = checked_code(Call::Prove, target->code, target->error);
  text = bridge::read_error(target->error);
  if (code != CURFEW_OK) return model::Liveness::Unknown;
  if (*liveness > CURFEW_DEAD) {
    text = "it answered the liveness " + std::to_string(*liveness) + ", which is none of the contract's";
    invalid("prove", text);
    return model::Liveness::Unknown;
  }
  return static_cast<model::Liveness>(*liveness);
}

// A copy of the token, which is overwritten when nobody needs it any more: the call may outlive the request.
struct Source::Presented {
  explicit Presented(std::string_view given) : text(given) { error.struct_size = sizeof(error); }
  ~Presented() { explicit_bzero(text.data(), text.size()); }
  Presented(const Presented&) = delete;
  Presented& operator=(const Presented&) = delete;

  [[nodiscard]] curfew_presented_token raw(Duration limit) const {
    curfew_presented_token token{};
    token.struct_size = sizeof(token);
    token.token = bridge::bytes_of(text);
    token.deadline = base::to_micros(wall_clock() + limit);
    return token;
  }

  std::string text;
  curfew_error error{};
  std::int32_t code = CURFEW_FAILED;
  unsigned put = 0;
  std::optional<model::IntrospectedToken> answer;
  std::string why;
};

model::IntrospectedToken Source::introspect(std::string_view token, Duration limit, std::string& text) {
  if (!plugin_.info.introspects) {
    text = plugin_.info.name + " can't ask about tokens";
    return {};
  }
  const auto presented = std::make_shared<Presented>(token);
  const curfew_presented_token raw = presented->raw(limit);
  const Came came = aside(
      Call::Introspect, limit,
      [this, presented, raw] {
        const curfew_sink sink{presented.get(), [](void* context, curfew_bytes bytes) {
                                 auto& into = *static_cast<Presented*>(context);
                                 ++into.put;
                                 into.answer = bridge::read_token_answer(bytes, into.why);
                               }};
        presented->code = plugin_.api->introspect(instance_, &raw, &sink, &presented->error);
      },
      text);
  if (came != Came::Back) return {};
  text = bridge::read_error(presented->error);
  if (checked_code(Call::Introspect, presented->code, presented->error) != CURFEW_OK) return {};
  if (presented->put != 1 || !presented->answer) {
    text = presented->put != 1 ? "it put " + std::to_string(presented->put) + " answers instead of one"
                               : presented->why;
    invalid("introspect", text);
    return {};
  }
  return std::move(*presented->answer);
}

Answer Source::revoke_presented(std::string_view token, Duration limit) {
  if (!plugin_.info.revokes_presented)
    return {model::AnswerCode::Unsupported, plugin_.info.name + " can't revoke tokens that were presented"};
  const auto presented = std::make_shared<Presented>(token);
  const curfew_presented_token raw = presented->raw(limit);
  std::string why;
  const Came came = aside(
      Call::RevokePresented, limit,
      [this, presented, raw] {
        presented->code = plugin_.api->revoke_presented(instance_, &raw, &presented->error);
      },
      why);
  if (came == Came::Late) return {model::AnswerCode::TimedOut, why};
  if (came == Came::NotRun) return {model::AnswerCode::Failed, why};
  const std::int32_t code = checked_code(Call::RevokePresented, presented->code, presented->error);
  return {answer_of(code), bridge::read_error(presented->error)};
}

std::optional<std::vector<ListedSession>> Source::list_sessions(Duration limit, std::string& text) {
  if (!plugin_.info.lists) {
    text = plugin_.info.name + " can't list sessions";
    return std::nullopt;
  }
  const auto target = std::make_shared<Target>(model::SessionDigest{}, "", std::vector<model::NamedValue>{});
  const auto listed = std::make_shared<std::vector<ListedSession>>();
  const Came came = aside(
      Call::List, limit,
      [this, target, listed] {
        Scope::current->listed = listed.get();
        target->code = plugin_.api->list_sessions(instance_, &target->error);
      },
      text);
  if (came != Came::Back) return std::nullopt;
  if (checked_code(Call::List, target->code, target->error) != CURFEW_OK) {
    text = bridge::read_error(target->error);
    return std::nullopt;
  }
  return std::move(*listed);
}

std::optional<HttpAnswer> Source::http(std::string_view method, std::string_view path, std::string_view query,
                                       std::string_view body,
                                       const std::vector<std::pair<std::string, std::string>>& headers) {
  if (!plugin_.info.receives_http) return std::nullopt;
  struct Exchange {
    std::string method, path, query, body;
    std::vector<std::pair<std::string, std::string>> headers;
    Source* source = nullptr;
    unsigned put = 0;
    std::optional<HttpAnswer> answer;
    std::string why;
    curfew_error error{};
    std::int32_t code = CURFEW_FAILED;
    bool durable = false;
  };
  const auto exchange = std::make_shared<Exchange>();
  exchange->method = method;
  exchange->path = path;
  exchange->query = query;
  exchange->body = body;
  exchange->headers = headers;
  exchange->error.struct_size = sizeof(curfew_error);
  const auto deadline = Clock::now() + settings_.call_limit;
  std::string why;
  const Came came = aside(
      Call::Http, settings_.call_limit,
      [this, exchange, deadline] {
        std::vector<curfew_header> raw_headers;
        for (const auto& [name, value] : exchange->headers) {
          raw_headers.push_back({bridge::bytes_of(name), bridge::bytes_of(value)});
        }
        curfew_http_request request{};
        request.struct_size = sizeof(request);
        request.header_count = static_cast<std::uint32_t>(raw_headers.size());
        request.method = bridge::bytes_of(exchange->method);
        request.path = bridge::bytes_of(exchange->path);
        request.query = bridge::bytes_of(exchange->query);
        request.body = bridge::bytes_of(exchange->body);
        request.headers = raw_headers.empty() ? nullptr : raw_headers.data();
        const curfew_sink sink{exchange.get(), [](void* context, curfew_bytes bytes) {
                                 auto& into = *static_cast<Exchange*>(context);
                                 ++into.put;
                                 into.answer = bridge::read_answer(bytes, into.why);
                               }};
        Request sums{deadline};
        Scope::current->request = &sums;
        exchange->code = plugin_.api->http(instance_, &request, &sink, &exchange->error);
        if (exchange->code != CURFEW_OK || !sums.complete || !exchange->answer) return;
        // The core at work: a crash here is not the plugin's.
        const CrashSlot::Call nobody(nullptr, 0);
        const auto patience = std::chrono::duration_cast<Duration>(deadline - Clock::now());
        if (patience <= Duration{0} || abandoned_) return;
        try {
          exchange->durable = context_.listener.await_durable(settings_.name, patience);
        } catch (const std::exception& failure) {
          context_.listener.logged(settings_.name, CURFEW_LOG_ERROR,
                                   std::string("a request's records are not durable: ") + failure.what());
        }
      },
      why);
  if (came != Came::Back) return plain_answer(503, why);
  const std::int32_t code = checked_code(Call::Http, exchange->code, exchange->error);
  if (code != CURFEW_OK) {
    // The text is for the administrator, not for whoever sent the request.
    context_.listener.logged(settings_.name, CURFEW_LOG_WARNING,
                             "a request was not taken: " + bridge::read_error(exchange->error));
    return plain_answer(status_of(code), "the source did not take the request");
  }
  if (exchange->put != 1 || !exchange->answer) {
    invalid("http", exchange->put != 1 ? "it put " + std::to_string(exchange->put) + " answers instead of one"
                                       : exchange->why);
    return plain_answer(502, "the source prepared no valid answer");
  }
  if (!exchange->durable) return plain_answer(503, "not recorded yet; send it again");
  return std::move(*exchange->answer);
}

}  // namespace curfew::connector
