// The replay connector: plays scripted observations, and answers ladder steps and probes from a simulated
// world, truthfully or not, as the script says. It is the SDK's tutorial: the parts between [guide:…] and
// [/guide] are shown in docs/plugin-guide.md.
#include "curfew/plugin/connector.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "plugins/replay/acts.hpp"
#include "plugins/replay/config_schema.hpp"
#include "plugins/replay/replies.hpp"
#include "plugins/replay/script.hpp"
#include "plugins/replay/settings.hpp"
#include "plugins/replay/world.hpp"

namespace curfew::replay {
namespace {

using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Time;

constexpr std::array<std::string_view, 8> step_names{"notify",        "cancel_session",   "sign_out_session",
                                                     "revoke_tokens", "sign_out_subject", "suspend_access",
                                                     "block_sign_in", "disable_account"};
constexpr std::size_t events_per_cursor = 256;
constexpr Duration memory_life{std::chrono::hours(24 * 365)};

class Replay {
 public:
  // [guide:description]
  static constexpr plugin::Description description{
      .name = "replay",
      .version = CURFEW_VERSION,
      .summary = "Plays scripted observations, and answers steps and probes as the script says",
      .config_schema = config_schema,
      .config_schema_version = 1,
      .capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_SHOW_ACTIVITY | CURFEW_CAN_LIST_SESSIONS |
                      CURFEW_CAN_PROVE | CURFEW_CAN_RECEIVE_HTTP | CURFEW_CAN_CONCURRENT_ACTIONS |
                      CURFEW_CAN_TELL_GROUPS | plugin::action_capabilities};
  // [/guide]

  // [guide:constructor]
  Replay(plugin::Host& host, const plugin::Settings& settings)
      : host_(host), recorded_(settings.recorded), options_(read_options(settings.config)) {}
  // [/guide]

  // [guide:start]
  void start() {
    if (!options_.gate.empty()) host_.gate_rules(options_.gate);
    give_gate_keys();
    if (!options_.script.empty()) script_ = read_script(options_.script);
    replies_.use(std::move(script_.rules));
    // What "now" was at the first start holds for all later ones: the same events keep their times and keys.
    start_ = read_start(options_.start, host_.now());
    if (const auto remembered = host_.recall("start")) {
      start_ = Time{Duration{std::stoll(*remembered)}};
    } else {
      to_remember_.emplace_back("start", std::to_string(start_.time_since_epoch().count()));
    }
    for (const auto& [key, value] : host_.recall_all()) {
      if (key.starts_with("ended/")) world_.end(key.substr(6));
    }
    for (const std::string& session : acts_.open(options_.acts)) world_.end(session);
    if (const auto cursor = host_.cursor("script")) resume(*cursor);
  }
  // [/guide]

  // [guide:poll]
  plugin::Poll poll(Time deadline) {
    if (!flush_memory()) return plugin::Poll::Idle;
    if (host_.gate_keys_wanted()) give_gate_keys();
    std::size_t since_cursor = 0;
    while (next_ < script_.events.size()) {
      const Event& event = script_.events[next_];
      const Time due = time_of(event);
      if (!recorded_ && (due > host_.now() || host_.now() > deadline)) break;
      if (!play(event, due)) return plugin::Poll::Idle;  // stopping: this event comes again at the next start
      advance();
      if (++since_cursor == events_per_cursor) {
        if (!save_cursor(due, false)) return plugin::Poll::Idle;
        since_cursor = 0;
      }
    }
    if (recorded_) {
      save_cursor(latest_, true);
      report_coverage();
      return plugin::Poll::Finished;
    }
    // Silence up to now is a statement too: nothing else happened.
    const bool behind = next_ < script_.events.size() && time_of(script_.events[next_]) <= host_.now();
    save_cursor(behind ? latest_ : std::max(latest_, host_.now()), !behind);
    if (behind) return plugin::Poll::Ok;
    report_coverage();
    const Time next = next_ < script_.events.size() ? time_of(script_.events[next_]) : Time::max();
    waker_.wait_until(std::min(next, deadline));
    return plugin::Poll::Ok;
  }
  void wake() noexcept { waker_.wake(); }
  // [/guide]

  // [guide:act]
  plugin::Answer act(const plugin::Action& action) {
    Act act{.at = host_.now(),
            .step = step_names.at(static_cast<std::size_t>(action.step)),
            .revert = action.revert,
            .digest = action.session,
            .session = world_.find(action.session)};
    const Rule rule = replies_.next(act.step, act.session);
    act.answer = name_of(rule.reply);
    replies_.delay(rule);
    if (rule.reply == Reply::Truth) act.ended = world_.carry_out(action);
    acts_.append(act);
    switch (rule.reply) {
      case Reply::Refuse:
        return {Code::Refused, rule.text};
      case Reply::NotFound:
        return {Code::NotFound, rule.text};
      case Reply::Unavailable:
        return {Code::Unavailable, rule.text};
      case Reply::Fail:
        return {Code::Failed, rule.text};
      case Reply::Lie:
        return {Code::Ok, rule.text};
      default:
        break;
    }
    const std::lock_guard lock(mutex_);
    for (const std::string& id : act.ended) {
      to_remember_.emplace_back("ended/" + id, "1");
      if (rule.announce) to_announce_.emplace_back(id, host_.now());
    }
    if (!act.ended.empty()) waker_.wake();
    return {Code::Ok, rule.text};
  }
  // [/guide]

  // [guide:prove]
  plugin::Liveness prove(const plugin::Probe& probe) {
    const std::string session = world_.find(probe.session);
    const Rule rule = replies_.next("prove", session);
    replies_.delay(rule);
    switch (rule.reply) {
      case Reply::Alive:
        return plugin::Liveness::Alive;
      case Reply::Dead:
        return plugin::Liveness::Dead;
      case Reply::Unknown:
        return plugin::Liveness::Unknown;
      case Reply::NotFound:
        throw Failure(Code::NotFound, rule.text);
      case Reply::Unavailable:
        throw Failure(Code::Unavailable, rule.text);
      case Reply::Fail:
        throw Failure(Code::Failed, rule.text);
      default:
        break;
    }
    if (session.empty()) throw Failure(Code::NotFound, "no such session was ever seen");
    return world_.lives(session) ? plugin::Liveness::Alive : plugin::Liveness::Dead;
  }
  // [/guide]

  // [guide:list]
  void list_sessions(const plugin::SessionList& list) {
    for (const auto& [id, session] : world_.living()) {
      std::vector<plugin::Identifier> names;
      for (const auto& [name_space, value] : session.identifiers) names.push_back({name_space, value});
      list.add({.session = session.digest,
                .handle = session.with_handle ? std::string_view(id) : std::string_view{},
                .identifiers = names,
                .started_at = session.started_at,
                .last_activity_at = session.last_activity_at});
    }
  }
  // [/guide]

  // [guide:http]
  // POST /observations: lines as in the script; offsets count from the arrival.
  plugin::HttpAnswer http(const plugin::HttpRequest& request) {
    if (request.method != "POST" || request.path != "/observations") {
      return {404, "application/json", R"({"error":"POST /observations takes lines as in a script"})", {}};
    }
    Script posted;
    std::size_t number = 1;
    for (std::string_view rest = request.body; !rest.empty(); ++number) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      read_line(rest.substr(0, end), number, "body", posted);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const Time now = host_.now();
    std::size_t taken = 0;
    for (const Event& event : posted.events) {
      if (event.key.empty())
        throw Failure(Code::Invalid, "body: each line needs a key, as it may be sent twice");
      if (!emit(event, event.is_absolute ? event.at : now + event.offset, event.key, 0)) break;
      ++taken;
    }
    return {202, "application/json", "{\"taken\":" + std::to_string(taken) + "}", {}};
  }
  // [/guide]

  // [guide:stop]
  void stop() { replies_.stop(); }
  // [/guide]

 private:
  [[nodiscard]] Time time_of(const Event& event) const {
    const Duration shift = loop_ * options_.loop_every;
    if (event.is_absolute) return event.at + shift;
    const auto scaled = static_cast<double>(event.offset.count()) / (recorded_ ? 1.0 : options_.speed);
    return start_ + shift + Duration{static_cast<std::int64_t>(scaled)};
  }

  // A looped session is another one each time.
  static std::string session_in(const Event& event, std::uint64_t loop) {
    return event.session.empty() || loop == 0 ? event.session : event.session + "#" + std::to_string(loop);
  }

  void advance() {
    ++next_;
    if (next_ < script_.events.size() || options_.loop_every == Duration{} || recorded_) return;
    next_ = 0;
    ++loop_;
  }

  // False: the host is stopping, nothing was taken.
  bool play(const Event& event, Time due) {
    switch (event.play) {
      case Play::Fail:
        advance();
        throw Failure(Code::Unavailable, "the script fails here, in line " + std::to_string(event.line));
      case Play::Hang:
        hang();
      case Play::Die:
        std::abort();
      case Play::Group:
        latest_ = std::max(latest_, due);
        return tell_group(event);
      case Play::Observe:
        break;
    }
    const std::string key = std::to_string(start_.time_since_epoch().count()) + "/" + std::to_string(loop_) +
                            "/" + std::to_string(event.line);
    const bool own_key = !event.key.empty() && loop_ == 0;
    const bool happened = world_.happens(session_in(event, loop_));
    if (!emit(event, due, own_key ? event.key : key, loop_)) return false;
    if (!happened) ++filtered_;
    latest_ = std::max(latest_, due);
    return true;
  }

  // [guide:gate_keys]
  // A real connector asks its issuer.
  void give_gate_keys() {
    if (options_.gate_keys.empty()) return;
    std::ifstream in(options_.gate_keys);
    std::ostringstream jwks;
    jwks << in.rdbuf();
    if (in)
      host_.gate_keys(jwks.str());
    else  // an issuer that is away: the gate has its last ones, and says when it wants newer
      host_.log(plugin::Level::Warning, options_.gate_keys + ": can't be read");
  }
  // [/guide]

  // [guide:group]
  // False: the host is stopping.
  bool tell_group(const Event& event) {
    std::vector<plugin::Identifier> members;
    for (const auto& [name_space, value] : event.identifiers) members.push_back({name_space, value});
    return host_.group(event.group, members) != plugin::Emitted::Stopping;
  }
  // [/guide]

  // [guide:emit]
  bool emit(const Event& event, Time at, const std::string& key, std::uint64_t loop) {
    const std::string session = session_in(event, loop);
    plugin::Observation seen;
    seen.type = event.type;
    seen.occurred_at = at;
    seen.key = key;
    if (!session.empty()) seen.session = host_.digest(session);
    Event placed = event;
    placed.session = session;
    switch (world_.apply(placed, seen.session, at)) {
      case World::Happens::NotAtAll:
        return true;
      case World::Happens::SignInIsRefused:
        seen.type = plugin::Type::SignInFailed;
        seen.session = {};
        seen.failure = "blocked";
        break;
      case World::Happens::AsWritten:
        seen.failure = event.failure;
        break;
    }
    if (!event.linked_session.empty()) seen.linked_session = host_.digest(event.linked_session);
    if (event.with_handle) seen.handle = session;
    for (const auto& [name_space, value] : event.identifiers) seen.identify(name_space, value);
    seen.account_type = event.account_type;
    seen.auth_method = event.auth_method;
    seen.interactivity = event.interactivity;
    seen.end_reason = event.end_reason;
    seen.end_inferred = event.end_inferred;
    seen.factors = event.factors;
    seen.count = event.count;
    seen.fresh_credentials = event.fresh_credentials;
    seen.privileged = event.privileged;
    seen.machine = event.machine;
    if (event.expires_after) seen.expires_at = at + *event.expires_after;
    seen.device = event.device;
    seen.address = event.address;
    seen.user_agent = event.user_agent;
    seen.application = event.application;
    return host_.emit(seen) != plugin::Emitted::Stopping;
  }
  // [/guide]

  // [guide:cursor]
  bool save_cursor(Time observed_until, bool caught_up) {
    const std::string value = std::to_string(loop_) + "/" + std::to_string(next_);
    const std::uint64_t read = loop_ * script_.events.size() + next_;
    plugin::Progress progress;
    progress.name = "script";
    progress.value = value;
    progress.read = read - reported_;
    progress.filtered = filtered_;
    progress.observed_until = observed_until;
    progress.caught_up = caught_up;
    if (host_.progress(progress) == plugin::Emitted::Stopping) return false;
    reported_ = read;
    filtered_total_ += std::exchange(filtered_, 0);
    return true;
  }

  void resume(const std::string& cursor) {
    const auto slash = cursor.find('/');
    if (slash == std::string::npos)
      throw Failure(Code::Invalid, "the stored cursor '" + cursor + "' can't be read");
    const std::uint64_t loop = std::stoull(cursor.substr(0, slash));
    const std::uint64_t next = std::stoull(cursor.substr(slash + 1));
    // The world is as the events so far have made it.
    for (loop_ = loop, next_ = 0; next_ < next && next_ < script_.events.size(); ++next_) {
      Event event = script_.events[next_];
      if (event.play != Play::Observe || event.session.empty()) continue;
      event.session = session_in(event, loop_);
      world_.apply(event, host_.digest(event.session), time_of(event));
    }
    reported_ = loop_ * script_.events.size() + next_;
  }
  // [/guide]

  // Steps come on other threads; what they leave behind is told from the thread of poll.
  bool flush_memory() {
    std::vector<std::pair<std::string, std::string>> remember;
    std::vector<std::pair<std::string, Time>> announce;
    {
      const std::lock_guard lock(mutex_);
      remember.swap(to_remember_);
      announce.swap(to_announce_);
    }
    for (const auto& [key, value] : remember) {
      if (host_.remember(key, value, host_.now() + memory_life) == plugin::Emitted::Stopping) return false;
    }
    for (const auto& [id, at] : announce) {
      const std::string key = "announced/" + id;
      plugin::Observation seen;
      seen.type = plugin::Type::Revoked;
      seen.occurred_at = at;
      seen.key = key;
      seen.session = host_.digest(id);
      seen.end_reason = plugin::EndReason::Forced;
      if (host_.emit(seen) == plugin::Emitted::Stopping) return false;
    }
    return true;
  }

  void report_coverage() {
    const std::uint64_t read = loop_ * script_.events.size() + next_;
    if (read == covered_) return;
    covered_ = read;
    host_.coverage(
        nlohmann::json{{"records_total", read}, {"filtered", filtered_total_}, {"unreadable", 0}}.dump());
  }

  plugin::Host& host_;
  const bool recorded_;
  const Options options_;
  Script script_;
  Replies replies_;
  World world_;
  Acts acts_;
  plugin::Waker waker_;
  Time start_{};
  Time latest_{};
  std::uint64_t loop_ = 0;
  std::size_t next_ = 0;
  std::uint64_t reported_ = 0;
  std::uint64_t covered_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t filtered_total_ = 0;

  std::mutex mutex_;  // the two below
  std::vector<std::pair<std::string, std::string>> to_remember_;
  std::vector<std::pair<std::string, Time>> to_announce_;
};

}  // namespace
}  // namespace curfew::replay

// [guide:export]
CURFEW_CONNECTOR(curfew::replay::Replay);
// [/guide]
