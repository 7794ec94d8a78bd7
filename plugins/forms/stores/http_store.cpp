#include "plugins/forms/stores/http_store.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "plugins/forms/stores/http_template.hpp"

namespace curfew::forms {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Time;
using simdjson::dom::element;

std::string answered(const web::HttpReply& reply) { return "it answered " + std::to_string(reply.status); }

struct Act {
  CallTemplate call;
  AnswerRule done;
  std::optional<AnswerRule> not_found;
};

struct Look {
  CallTemplate call;
  AnswerRule alive;
  AnswerRule dead;
};

struct Listing {
  CallTemplate call;
  std::string sessions, id, subject, started_at, last_activity_at, expires_at;
};

struct Calls {
  std::optional<Listing> list;
  std::optional<Act> cancel, end, end_subject;
  std::optional<Look> prove;
};

std::string text_at(const element& item, const std::string& pointer) {
  if (pointer.empty()) return {};
  element value;
  std::string_view text;
  if (item.at_pointer(pointer).get(value) != simdjson::SUCCESS) return {};
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.is_int64() || value.is_uint64()) return simdjson::minify(value);
  return {};
}

Time time_at(const element& item, const std::string& pointer) {
  element value;
  double seconds = 0;
  constexpr double year_3000 = 32'503'680'000.0;
  if (pointer.empty() || item.at_pointer(pointer).get(value) != simdjson::SUCCESS ||
      value.get_double().get(seconds) != simdjson::SUCCESS || !(seconds >= 0 && seconds <= year_3000))
    return {};
  return Time{plugin::Duration{static_cast<std::int64_t>(seconds * 1e6)}};
}

class HttpStore final : public Store {
 public:
  HttpStore(web::HttpServer server, Calls calls, plugin::Duration settles_after)
      : client_(std::move(server)), calls_(std::move(calls)), settles_after_(settles_after) {}

  [[nodiscard]] Abilities abilities() const noexcept override {
    return {.lists = calls_.list.has_value(),
            .cancels = calls_.cancel.has_value(),
            .ends = calls_.end.has_value(),
            .ends_subjects = calls_.end_subject.has_value(),
            .proves = calls_.prove.has_value()};
  }
  [[nodiscard]] plugin::Duration settles_after() const noexcept override { return settles_after_; }

  void list(const std::function<void(const StoredSession&)>& each, Time deadline) override {
    if (!calls_.list) throw Failure(Code::Unsupported, "no store.calls.list is configured");
    const Listing& listing = *calls_.list;
    const web::HttpReply reply = client_.ask(listing.call.with({}), deadline);
    if (reply.status != 200)
      throw Failure(Code::Unavailable, client_.where() + ": asked for the list, " + answered(reply));
    simdjson::dom::parser parser;
    element document;
    simdjson::dom::array sessions;
    // JSON that ends well is whole, framed or not.
    if (parser.parse(reply.body).get(document) != simdjson::SUCCESS ||
        document.at_pointer(listing.sessions).get_array().get(sessions) != simdjson::SUCCESS)
      throw Failure(Code::Unavailable,
                    client_.where() + ": the list is no JSON with an array at store.calls.list.sessions");
    StoredSession session;
    for (const element item : sessions) {
      session.name.id = text_at(item, listing.id);
      if (session.name.id.empty())
        throw Failure(Code::Failed,
                      client_.where() + ": a session in the list has no text at store.calls.list.id");
      session.name.subject = text_at(item, listing.subject);
      session.started_at = time_at(item, listing.started_at);
      session.last_activity_at = time_at(item, listing.last_activity_at);
      session.expires_at = time_at(item, listing.expires_at);
      each(session);
    }
  }

  Answer cancel(const SessionName& session, Time deadline) override {
    return carry_out(calls_.cancel, "store.calls.cancel_session", session, deadline);
  }
  Answer end(const SessionName& session, Time deadline) override {
    return carry_out(calls_.end, "store.calls.sign_out_session", session, deadline);
  }
  Answer end_subject(const std::string& subject, Time deadline) override {
    return carry_out(calls_.end_subject, "store.calls.sign_out_subject", {.id = {}, .subject = subject},
                     deadline);
  }

  Found prove(const SessionName& session, Time deadline) override {
    if (!calls_.prove) return {Liveness::Unknown, "no store.calls.prove is configured"};
    if (calls_.prove->call.uses_subject() && session.subject.empty())
      return {Liveness::Unknown, "store.calls.prove asks for {subject}, and whose session it is isn't known"};
    try {
      const web::HttpReply reply = client_.ask(calls_.prove->call.with(session), deadline);
      const bool is_alive = calls_.prove->alive.fits(reply);
      const bool is_dead = calls_.prove->dead.fits(reply);
      if (is_alive == is_dead)
        return {Liveness::Unknown,
                client_.where() + ": asked for a session, " + answered(reply) +
                    (is_alive ? ", which is both alive and dead" : ", which is neither alive nor dead") +
                    " by store.calls.prove"};
      if (is_dead && !reply.is_framed)
        return {Liveness::Unknown,
                client_.where() + ": its answer says dead, and not how long it is; it may be cut"};
      return {is_alive ? Liveness::Alive : Liveness::Dead, {}};
    } catch (const Failure& failure) {
      return {Liveness::Unknown, failure.what()};
    }
  }

 private:
  Answer carry_out(const std::optional<Act>& act, const char* setting, const SessionName& name,
                   Time deadline) {
    if (!act) return {Code::Unsupported, std::string("no ") + setting + " is configured"};
    if (act->call.uses_subject() && name.subject.empty())
      return {Code::Failed,
              std::string(setting) + " asks for {subject}, and whose session it is isn't known"};
    const web::HttpReply reply = client_.ask(act->call.with(name), deadline);
    if (act->done.fits(reply)) return {Code::Ok, answered(reply)};
    if (act->not_found && act->not_found->fits(reply)) return {Code::NotFound, answered(reply)};
    const std::string text = client_.where() + ": asked for " + setting + ", " + answered(reply);
    // Too early, too many, or its own trouble: another try may do. All else it means.
    if (reply.status >= 500 || reply.status == 408 || reply.status == 425 || reply.status == 429)
      throw Failure(Code::Unavailable, text);
    return {Code::Refused, text};
  }

  web::HttpClient client_;
  Calls calls_;
  plugin::Duration settles_after_;
};

Calls calls_of(const web::Setting& setting, const std::string& secret) {
  const auto calls = setting.inner("calls");
  if (!calls) web::invalid(setting.at("calls") + " is missing");
  calls->only({"list", "cancel_session", "sign_out_session", "sign_out_subject", "prove"});
  const auto headers = setting.texts("headers");
  const auto act = [&](const char* key, bool by_session) -> std::optional<Act> {
    const auto call = calls->inner(key);
    if (!call) return std::nullopt;
    call->only({"method", "path", "headers", "body", "content_type", "done", "not_found"});
    const auto done = call->inner("done");
    if (!done) web::invalid(call->at("done") + " is missing: which answer means that it was done?");
    Act one{.call = CallTemplate(*call, "POST", headers, secret), .done = AnswerRule(*done), .not_found = {}};
    if (const auto not_found = call->inner("not_found")) one.not_found.emplace(*not_found);
    if (by_session ? !one.call.uses_session() : !one.call.uses_subject())
      web::invalid(call->path() + (by_session ? " does not say {session}" : " does not say {subject}"));
    return one;
  };
  Calls all{.list = {},
            .cancel = act("cancel_session", true),
            .end = act("sign_out_session", true),
            .end_subject = act("sign_out_subject", false),
            .prove = {}};
  if (const auto call = calls->inner("list")) {
    call->only({"method", "path", "headers", "body", "content_type", "sessions", "id", "subject",
                "started_at", "last_activity_at", "expires_at"});
    all.list.emplace(Listing{.call = CallTemplate(*call, "GET", headers, secret),
                             .sessions = call->text("sessions", ""),
                             .id = call->text("id"),
                             .subject = call->text("subject", ""),
                             .started_at = call->text("started_at", ""),
                             .last_activity_at = call->text("last_activity_at", ""),
                             .expires_at = call->text("expires_at", "")});
  }
  if (const auto call = calls->inner("prove")) {
    call->only({"method", "path", "headers", "body", "content_type", "alive", "dead"});
    const auto alive = call->inner("alive");
    const auto dead = call->inner("dead");
    if (!alive || !dead) web::invalid(call->path() + " must say which answer means alive and which one dead");
    all.prove.emplace(
        Look{CallTemplate(*call, "GET", headers, secret), AnswerRule(*alive), AnswerRule(*dead)});
    if (!all.prove->call.uses_session()) web::invalid(call->path() + " does not say {session}");
    // These are about our call, not about the session.
    for (const int status : all.prove->dead.statuses()) {
      if (status >= 500 || status == 401 || status == 403 || status == 407 || status == 408 || status == 429)
        web::invalid(dead->at("status") + ": " + std::to_string(status) +
                     " says that the call failed, not that the session is dead");
    }
  }
  return all;
}

}  // namespace

std::unique_ptr<Store> make_http_store(const web::Setting& setting) {
  setting.only({"kind", "url", "ca_file", "certificate_file", "key_file", "plain_beyond_loopback", "secret",
                "headers", "calls", "statement_timeout", "connect_timeout", "settles_after"});
  return std::make_unique<HttpStore>(web::http_server_of(setting, "statement_timeout"),
                                     calls_of(setting, setting.text("secret", "")),
                                     setting.duration("settles_after", plugin::Duration{}));
}

}  // namespace curfew::forms
