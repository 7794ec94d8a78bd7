#include "plugins/oauth/providers/shared_signals/shared_signals.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "plugins/files/text.hpp"
#include "plugins/oauth/shared_signals/event_reader.hpp"
#include "plugins/oauth/shared_signals/options.hpp"
#include "plugins/oauth/shared_signals/poll_answer.hpp"
#include "plugins/oauth/shared_signals/stream_keeper.hpp"
#include "plugins/oauth/tokens/seen_ids.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::HttpAnswer;
using plugin::Level;
using plugin::Time;
using namespace std::chrono_literals;

constexpr const char* nobody_can =
    "a Shared Signals receiver is told of ends and can neither bring one about nor ask after one; "
    "acts_through a "
    "source that can";
constexpr std::string_view push_path = "/shared-signals";
constexpr std::string_view memory_prefix = "set/";
constexpr Duration keys_patience = 5s;
// Of calls that begin in time.
constexpr Duration call_patience = 6s;
constexpr Duration later = 10s;

std::string_view header(const plugin::HttpRequest& request, std::string_view name) {
  for (const plugin::Header& one : request.headers) {
    if (one.name == name) return one.value;
  }
  return {};
}

Refusal refusal_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::Key:
      return Refusal::InvalidKey;
    case TokenFault::Signature:
      return Refusal::AuthenticationFailed;
    case TokenFault::Form:
      break;
  }
  return Refusal::InvalidRequest;
}

// One event that may be believed.
struct Taken {
  SecurityEvent event;
  Reading reading;
  std::string id;  // a digest of issuer and jti
};

class SharedSignals final : public Provider {
 public:
  SharedSignals(const OauthSettings& settings, Ground ground, web::RetryTerms terms)
      : settings_(settings),
        options_(options_of(settings)),
        ground_(std::move(ground)),
        api_(settings.server, options_.access, terms),
        keys_(settings.server, options_.keys, ground_.now),
        stream_(api_, options_.stream, ground_) {}

  [[nodiscard]] std::string issuer() const override { return settings_.server.url; }
  void resume(const std::string& /*cursor*/) override {}
  void recall(std::string_view key, std::string_view value) override {
    std::int64_t until = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), until);
    if (!key.starts_with(memory_prefix) || read.ec != std::errc()) return;
    const Time now = ground_.now();
    if (const Time end{Duration{until}}; end > now)
      (void)seen_.take(std::string(key.substr(memory_prefix.size())), end, now);
  }

  [[nodiscard]] Batch since(Time deadline) override {
    Batch batch;
    if (is_push()) {
      keep_stream(deadline + call_patience);
      // Events come without a poll; that none may is the source's own state.
      if (!stream_.is_enabled()) throw not_enabled();
      batch.caught_up = true;
      batch.observed_until = stream_.is_verifying() ? stream_.alive_until() : Time{};
    } else {
      stream_.keep(deadline + call_patience);
      poll(batch, deadline + call_patience);
    }
    batch.cursor = "1";
    const std::lock_guard lock(mutex_);
    batch.read = std::exchange(read_, 0);
    batch.filtered = std::exchange(filtered_, 0);
    batch.unreadable = std::exchange(unreadable_, 0);
    return batch;
  }

  void settled(bool is_taken, bool is_durable) override {
    for (Candidate& one : std::exchange(candidates_, {})) {
      if (!is_taken) continue;  // they come again
      (void)seen_.take(one.digest, one.until, ground_.now());
      pending_.emplace(std::move(one.digest), std::move(one.id));
    }
    if (!is_durable) return;
    for (const auto& [digest, id] : pending_) acknowledged_.insert(id);
    pending_.clear();
  }

  [[nodiscard]] std::optional<HttpAnswer> receive(const plugin::HttpRequest& request,
                                                  const Keep& keep) override {
    if (!is_push() || request.path != push_path || request.method != "POST") return std::nullopt;
    try {
      check_bearer(header(request, "authorization"));
      return pushed(request, keep);
    } catch (const RefusedEvent& refused) {
      note_refusal(refused.refusal(), refused.what());
      HttpAnswer answer = answer_of(400);
      answer.content_type = "application/json";
      answer.headers.emplace_back("Content-Language", "en");
      answer.body = complaint_text({refused.refusal(), refused.what()});
      return answer;
    }
  }

  void complete(Sighting& logout) override {
    if (!logout.subject.empty()) logout.subject = issuer() + "#" + logout.subject;
  }

  [[nodiscard]] std::string coverage() const override {
    json out{{"provider", "shared_signals"},
             {"delivery", is_push() ? "push" : "poll"},
             {"stream", stream_.coverage()},
             {"throttled", api_.throttled()}};
    const std::lock_guard lock(mutex_);
    out["events_told"] = told_;
    out["events_only_counted"] = counted_;
    out["events_refused"] = refused_by_code_;
    out["repeated"] = repeated_;
    out["postponed"] = postponed_;
    out["times_not_believed"] = odd_times_;
    return out.dump();
  }

  [[nodiscard]] plugin::Answer act(const plugin::Action& /*action*/) override {
    return {Code::Unsupported, nobody_can};
  }
  [[nodiscard]] plugin::Liveness prove(const plugin::Probe& /*probe*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void list(const std::function<bool(const LiveSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void stop() override { api_.stop(); }

 private:
  struct Candidate {
    std::string digest;
    std::string id;
    Time until{};
  };

  [[nodiscard]] bool is_push() const { return options_.stream.delivery == Delivery::Push; }

  // Events come without it: that it can't be looked after stops none.
  void keep_stream(Time deadline) {
    std::string trouble;
    try {
      if (ground_.now() < keep_again_at_) return;
      stream_.keep(deadline);
    } catch (const Failure& failure) {
      trouble = failure.what();
      keep_again_at_ = ground_.now() + later;
    }
    if (trouble != stream_trouble_ && !trouble.empty()) ground_.log(Level::Warning, trouble);
    stream_trouble_ = trouble;
  }

  [[nodiscard]] Failure not_enabled() const {
    return {Code::Unavailable, "the transmitter has " + stream_.status() +
                                   " our stream: nothing is delivered. Have it enabled there; Curfew "
                                   "doesn't, as it is theirs to say"};
  }

  // Both as digests, so that how long it takes says nothing of the secret.
  void check_bearer(std::string_view authorization) const {
    if (options_.push_token.empty()) return;
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() ||
        !files::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
      throw RefusedEvent(Refusal::AuthenticationFailed,
                         "it must be brought with the header Authorization: Bearer …");
    const plugin::SessionDigest given = ground_.digest(authorization.substr(scheme.size()));
    const plugin::SessionDigest wanted = ground_.digest(options_.push_token);
    unsigned difference = 0;
    for (std::size_t i = 0; i < sizeof given.bytes; ++i)
      difference |= static_cast<unsigned>(given.bytes[i] ^ wanted.bytes[i]);
    if (difference != 0)
      throw RefusedEvent(Refusal::AuthenticationFailed,
                         "it was brought with another token than the one agreed on");
  }

  // Throws RefusedEvent; Failure while the keys can't be had.
  [[nodiscard]] Taken read(std::string_view compact, Time came_at, Time deadline) {
    try {
      const SignedToken token(compact, keys_.algorithms());
      check_kind(token, options_.events);
      keys_.check(token, came_at, deadline);
      Taken taken;
      taken.event = read_security_event(token.claims(), options_.events, ground_.now());
      ReadingTerms terms = options_.reading;
      terms.critical_members = stream_.critical_members();
      taken.reading = read_event(taken.event, terms);
      taken.id = plugin::to_hex(
          ground_.digest("security event token\n" + options_.events.naming.issuer + "\n" + taken.event.id)
              .bytes);
      return taken;
    } catch (const BadToken& wrong) {
      throw RefusedEvent(refusal_of(wrong.fault()), wrong.what());
    }
  }

  [[nodiscard]] HttpAnswer pushed(const plugin::HttpRequest& request, const Keep& keep) {
    const std::string_view type = header(request, "content-type");
    if (!files::equal_ignoring_case(files::trim(type.substr(0, type.find(';'))), "application/secevent+jwt"))
      throw RefusedEvent(Refusal::InvalidRequest, "its Content-Type must be application/secevent+jwt");
    Taken taken;
    try {
      const Time now = ground_.now();
      taken = read(request.body, now, now + keys_patience);
    } catch (const Failure& failure) {
      {
        const std::lock_guard lock(mutex_);
        ++postponed_;
      }
      ground_.log(Level::Warning,
                  std::string("a security event is asked for again later: ") + failure.what());
      return try_later();
    }
    {
      const std::lock_guard lock(mutex_);
      // The other one may still fail: then this one must come again.
      if (under_way_.contains(taken.id)) return try_later();
      if (!seen_.take(taken.id, taken.event.good_until, ground_.now())) {
        ++repeated_;
        return answer_of(202);
      }
      under_way_.insert(taken.id);
    }
    const auto over = [&] {
      const std::lock_guard lock(mutex_);
      under_way_.erase(taken.id);
    };
    try {
      tell_stream(taken);
      std::vector<Sighting> sightings;
      if (taken.reading.sighting) sightings.push_back(finished(taken));
      keep(sightings, {memory_of(taken)});
    } catch (...) {
      seen_.forget(taken.id);
      over();
      throw;
    }
    over();
    note(taken);
    return answer_of(202);
  }

  static HttpAnswer answer_of(std::uint32_t status) {
    HttpAnswer answer;
    answer.status = status;
    answer.headers = {{"Cache-Control", "no-store"}};
    return answer;
  }
  static HttpAnswer try_later() {
    HttpAnswer answer = answer_of(503);
    answer.headers.emplace_back("Retry-After", "10");
    return answer;
  }

  static Memory memory_of(const Taken& taken) {
    const Time until = taken.event.good_until;
    return {.key = std::string(memory_prefix) + taken.id,
            .value = std::to_string(until.time_since_epoch().count()),
            .until = until};
  }

  // Throws RefusedEvent.
  void tell_stream(const Taken& taken) {
    if (taken.reading.meaning == Meaning::Verification)
      stream_.verified(taken.reading.state, taken.reading.stream, taken.event.issued_at);
    if (taken.reading.meaning == Meaning::Updated)
      stream_.updated(taken.reading.status, taken.reading.stream, taken.event.issued_at);
    if (taken.reading.meaning == Meaning::Told || taken.reading.meaning == Meaning::Counted)
      stream_.delivered(taken.event.issued_at);
  }

  [[nodiscard]] Sighting finished(const Taken& taken) const {
    Sighting seen = *taken.reading.sighting;
    seen.at = std::min(seen.at, ground_.now());
    seen.key = std::string(memory_prefix) + taken.id;
    seen.application = taken.event.audience;
    for (const SightingName& name : seen.names) {
      if (name.name_space != subject_namespace && name.name_space != "ssf_opaque" &&
          seen.account_type == plugin::AccountType::Unknown)
        seen.account_type = account_type_of(settings_, name.value);
    }
    return seen;
  }

  void note(const Taken& taken) {
    const std::lock_guard lock(mutex_);
    ++read_;
    if (taken.event.has_odd_time) ++odd_times_;
    std::string label(taken.reading.label);
    if (taken.reading.sighting) {
      ++told_[label];
      return;
    }
    if (!taken.reading.why.empty()) label += ": " + std::string(taken.reading.why);
    ++counted_[label];
    ++filtered_;
  }

  void note_refusal(Refusal refusal, const std::string& what) {
    {
      const std::lock_guard lock(mutex_);
      ++read_;
      ++unreadable_;
      ++refused_by_code_[std::string(code_of(refusal))];
    }
    ground_.log(Level::Warning,
                "a security event is refused (" + std::string(code_of(refusal)) + "): " + what);
  }

  void poll(Batch& batch, Time deadline) {
    const std::string url = options_.poll_url.empty() ? stream_.poll_url() : options_.poll_url;
    if (url.empty()) return;  // its stream was deleted a moment ago
    const PollQuestion question{.most = options_.most_events,
                                .acknowledged = {acknowledged_.begin(), acknowledged_.end()},
                                .refused = refused_};
    const Time asked_at = ground_.now();
    const ApiReply reply = polled(url, question, deadline);
    const PollAnswer answer = read_poll_answer(reply.body);
    for (const std::string& id : question.acknowledged) acknowledged_.erase(id);
    for (const auto& [id, complaint] : question.refused) refused_.erase(id);
    const Time came_at = ground_.now();
    std::optional<Failure> postponed;
    for (const auto& [id, compact] : answer.sets) {
      try {
        take_polled(id, compact, came_at, deadline, batch);
      } catch (const RefusedEvent& refused) {
        note_refusal(refused.refusal(), refused.what());
        refused_[id] = {refused.refusal(), refused.what()};
      } catch (const Failure& failure) {
        const std::lock_guard lock(mutex_);
        ++postponed_;
        postponed = failure;
      }
    }
    const bool has_news = !candidates_.empty() || !refused_.empty();
    if (postponed && !has_news && acknowledged_.empty() && pending_.empty()) throw *postponed;
    // What came, or is to be acknowledged, goes first.
    if (!stream_.is_enabled() && !has_news && acknowledged_.empty() && pending_.empty() && !answer.has_more)
      throw not_enabled();
    batch.settles = !candidates_.empty() || !pending_.empty();
    // Without anything new, at once would be for ever.
    batch.caught_up = !answer.has_more || !has_news;
    if (answer.has_more || postponed || !stream_.is_enabled()) return;
    batch.observed_until = stream_.is_verifying() ? stream_.alive_until() : asked_at;
  }

  [[nodiscard]] ApiReply polled(const std::string& url, const PollQuestion& question, Time deadline) {
    try {
      return api_.ask(
          {.method = "POST", .url = url, .body = poll_request(question), .what = "new events", .also = {}},
          deadline);
    } catch (const Failure& failure) {
      if (failure.code() == Code::NotFound) stream_.lost();
      throw;
    }
  }

  // Throws RefusedEvent; Failure for what must come again.
  void take_polled(const std::string& id, const std::string& compact, Time came_at, Time deadline,
                   Batch& batch) {
    const Taken taken = read(compact, came_at, deadline);
    if (taken.event.id != id)
      throw RefusedEvent(Refusal::InvalidRequest, "its `jti` is not the one that it was sent under");
    if (seen_.knows(taken.id)) {
      const std::lock_guard lock(mutex_);
      ++repeated_;
      if (!pending_.contains(taken.id)) acknowledged_.insert(id);
      return;
    }
    tell_stream(taken);
    if (taken.reading.sighting) batch.sightings.push_back(finished(taken));
    batch.memories.push_back(memory_of(taken));
    candidates_.push_back({.digest = taken.id, .id = id, .until = taken.event.good_until});
    note(taken);
  }

  OauthSettings settings_;
  Options options_;
  Ground ground_;
  TransmitterApi api_;
  IssuerKeys keys_;
  StreamKeeper stream_;
  SeenIds seen_;
  // Of the thread of poll.
  Time keep_again_at_{};
  std::string stream_trouble_;
  std::vector<Candidate> candidates_;           // of the last batch
  std::map<std::string, std::string> pending_;  // digest: jti; taken, and not durable yet
  std::set<std::string> acknowledged_;          // durable; the transmitter is told next
  std::map<std::string, Complaint> refused_;
  // Of all.
  mutable std::mutex mutex_;
  std::set<std::string> under_way_;
  std::uint64_t read_ = 0, filtered_ = 0, unreadable_ = 0;
  std::map<std::string, std::uint64_t> told_, counted_, refused_by_code_;
  std::uint64_t repeated_ = 0, postponed_ = 0, odd_times_ = 0;
};

}  // namespace

std::unique_ptr<Provider> make_shared_signals(const OauthSettings& settings, Ground ground,
                                              web::RetryTerms terms) {
  return std::make_unique<SharedSignals>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::shared_signals
