// The C++ side of the plugin ABI: a connector is a class with a few methods. Header-only, C++20, nothing but
// the standard library.
//
//   class Hello {
//    public:
//     static constexpr curfew::plugin::Description description{
//         .name = "hello", .version = "1.0.0", .summary = "One person signs in", .config_schema = "{}",
//         .capabilities = CURFEW_CAN_OBSERVE};
//     Hello(curfew::plugin::Host& host, const curfew::plugin::Settings&) : host_(host) {}
//     void start() {}
//     curfew::plugin::Poll poll(curfew::plugin::Time) {
//       curfew::plugin::Observation seen;
//       seen.type = curfew::plugin::Type::SignIn;
//       seen.occurred_at = host_.now();
//       seen.key = "hello-1";
//       seen.session = host_.digest("session-1");
//       seen.identify("upn", "alice@corp.test");
//       host_.emit(seen);
//       return curfew::plugin::Poll::Finished;
//     }
//     void wake() noexcept {}
//     void stop() {}
//    private:
//     curfew::plugin::Host& host_;
//   };
//   CURFEW_CONNECTOR(Hello)
//
// Required: description, the constructor, start, wake, stop. Optional, each with its capability bits:
//   Poll poll(Time deadline);                     CURFEW_CAN_OBSERVE
//   Answer act(const Action&);                    CURFEW_CAN_NOTIFY … CURFEW_CAN_DISABLE_ACCOUNT
//   Proof prove(const Probe&);                    CURFEW_CAN_PROVE
//   void list_sessions(const SessionList&);       CURFEW_CAN_LIST_SESSIONS
//   HttpAnswer http(const HttpRequest&);          CURFEW_CAN_RECEIVE_HTTP
//   TokenAnswer introspect(const PresentedToken&);      CURFEW_CAN_INTROSPECT
//   Answer revoke_presented(const PresentedToken&);     CURFEW_CAN_REVOKE_PRESENTED
// A bit without its method, or a method without its bit, does not compile.
//
// Threads: one host thread calls constructor, start, poll, stop, destructor. wake, act, prove, list_sessions,
// http, introspect and revoke_presented come from others while poll runs; of one kind never two at once
// unless CURFEW_CAN_CONCURRENT_ACTIONS is declared. Owns: views in arguments are valid for the call only.
// Fails: a method throws Failure (or anything); the text reaches the administrator. No exception crosses.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "curfew/plugin/abi.h"
#include "curfew/plugin/digest.hpp"

// Beside the C struct, where lookup finds it.
[[nodiscard]] inline bool operator==(const curfew_session_digest& a,
                                     const curfew_session_digest& b) noexcept {
  return std::equal(std::begin(a.bytes), std::end(a.bytes), std::begin(b.bytes));
}

namespace curfew::plugin {

// Microseconds, UTC. Time{} is "absent".
using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

enum class Type : std::uint32_t {
  SignIn = CURFEW_SIGN_IN,
  SignInFailed = CURFEW_SIGN_IN_FAILED,
  Activity = CURFEW_ACTIVITY,
  TokenRefreshed = CURFEW_TOKEN_REFRESHED,
  Reauthenticated = CURFEW_REAUTHENTICATED,
  Locked = CURFEW_LOCKED,
  Unlocked = CURFEW_UNLOCKED,
  Disconnected = CURFEW_DISCONNECTED,
  Reconnected = CURFEW_RECONNECTED,
  Paused = CURFEW_PAUSED,
  Resumed = CURFEW_RESUMED,
  SignOut = CURFEW_SIGN_OUT,
  Expired = CURFEW_EXPIRED,
  Revoked = CURFEW_REVOKED,
  CredentialChanged = CURFEW_CREDENTIAL_CHANGED,
  AccountDisabled = CURFEW_ACCOUNT_DISABLED,
  AccountEnabled = CURFEW_ACCOUNT_ENABLED,
  Gap = CURFEW_GAP,
};

enum class EndReason : std::uint32_t {
  Unknown = CURFEW_END_UNKNOWN,
  SignedOut = CURFEW_END_SIGNED_OUT,
  IdleTimeout = CURFEW_END_IDLE_TIMEOUT,
  AbsoluteTimeout = CURFEW_END_ABSOLUTE_TIMEOUT,
  ClosingTime = CURFEW_END_CLOSING_TIME,
  Expired = CURFEW_END_EXPIRED,
  Forced = CURFEW_END_FORCED,
  Replaced = CURFEW_END_REPLACED,
  AccountDisabled = CURFEW_END_ACCOUNT_DISABLED,
  CredentialChanged = CURFEW_END_CREDENTIAL_CHANGED,
  Reboot = CURFEW_END_REBOOT,
  Vanished = CURFEW_END_VANISHED,
};

enum class AccountType : std::uint32_t {
  Unknown = CURFEW_ACCOUNT_UNKNOWN,
  Human = CURFEW_ACCOUNT_HUMAN,
  Service = CURFEW_ACCOUNT_SERVICE,
  Computer = CURFEW_ACCOUNT_COMPUTER,
  Shared = CURFEW_ACCOUNT_SHARED,
};

enum class AuthMethod : std::uint32_t {
  Unknown = CURFEW_METHOD_UNKNOWN,
  Password = CURFEW_METHOD_PASSWORD,
  Form = CURFEW_METHOD_FORM,
  Kerberos = CURFEW_METHOD_KERBEROS,
  Ntlm = CURFEW_METHOD_NTLM,
  Negotiate = CURFEW_METHOD_NEGOTIATE,
  Certificate = CURFEW_METHOD_CERTIFICATE,
  Oidc = CURFEW_METHOD_OIDC,
  Saml = CURFEW_METHOD_SAML,
  Cached = CURFEW_METHOD_CACHED,
  Token = CURFEW_METHOD_TOKEN,
  Basic = CURFEW_METHOD_BASIC,
};

enum class Interactivity : std::uint32_t {
  Unknown = CURFEW_INTERACTIVITY_UNKNOWN,
  Interactive = CURFEW_INTERACTIVE,
  Silent = CURFEW_SILENT,
};

enum class Step : std::uint32_t {
  Notify = CURFEW_ACTION_NOTIFY,
  CancelSession = CURFEW_ACTION_CANCEL_SESSION,
  SignOutSession = CURFEW_ACTION_SIGN_OUT_SESSION,
  RevokeTokens = CURFEW_ACTION_REVOKE_TOKENS,
  SignOutSubject = CURFEW_ACTION_SIGN_OUT_SUBJECT,
  SuspendAccess = CURFEW_ACTION_SUSPEND_ACCESS,
  BlockSignIn = CURFEW_ACTION_BLOCK_SIGN_IN,
  DisableAccount = CURFEW_ACTION_DISABLE_ACCOUNT,
};

enum class Liveness : std::uint32_t {
  Unknown = CURFEW_LIVENESS_UNKNOWN,
  Alive = CURFEW_ALIVE,
  Dead = CURFEW_DEAD,
};

enum class TokenState : std::uint32_t {
  Unknown = CURFEW_TOKEN_UNKNOWN,
  Active = CURFEW_TOKEN_ACTIVE,
  Inactive = CURFEW_TOKEN_INACTIVE,
  NotForUs = CURFEW_TOKEN_NOT_FOR_US,
};

enum class Level : std::uint32_t {
  Debug = CURFEW_LOG_DEBUG,
  Info = CURFEW_LOG_INFO,
  Warning = CURFEW_LOG_WARNING,
  Error = CURFEW_LOG_ERROR,
};

enum class Code : std::int32_t {
  Ok = CURFEW_OK,
  Invalid = CURFEW_INVALID,
  Refused = CURFEW_REFUSED,
  Unavailable = CURFEW_UNAVAILABLE,
  Unsupported = CURFEW_UNSUPPORTED,
  NotFound = CURFEW_NOT_FOUND,
  Failed = CURFEW_FAILED,
};

// Ok: there may be more, poll again at once. Idle: nothing now. Finished: there will be no more (recorded).
enum class Poll : std::int32_t { Ok = CURFEW_OK, Idle = CURFEW_AGAIN, Finished = CURFEW_FINISHED };

// Taken: the host has copied it. Refused: it breaks the contract; dropped, and counted by the host. Stopping:
// not taken; return from poll, the same record will be read again after the next start.
enum class Emitted { Taken, Refused, Stopping };

// What a method throws when it can't do its work. The text is for an administrator: what, where, what to do.
class Failure : public std::runtime_error {
 public:
  Failure(Code code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] Code code() const noexcept { return code_; }

 private:
  Code code_;
};

using SessionDigest = curfew_session_digest;

struct Identifier {
  std::string_view name_space;
  std::string_view value;
};

struct Description {
  std::string_view name;  // [a-z][a-z0-9_-]{0,31}
  std::string_view version;
  std::string_view summary;        // one line
  std::string_view config_schema;  // JSON Schema of the source's `settings`
  std::uint32_t config_schema_version = 1;
  std::uint64_t capabilities = 0;  // CURFEW_CAN_…
};

// What a source saw at one time. The views must live until emit returns.
struct Observation {
  Type type = Type::Activity;
  Time occurred_at{};    // required
  std::string_view key;  // required: the same for the same event whenever it is read again
  SessionDigest session{};
  SessionDigest linked_session{};
  std::string_view handle;  // the session's id in the clear, only if it is no credential
  AccountType account_type = AccountType::Unknown;
  AuthMethod auth_method = AuthMethod::Unknown;
  Interactivity interactivity = Interactivity::Unknown;
  EndReason end_reason = EndReason::Unknown;
  bool end_inferred = false;  // the source did not state this end: the connector concluded it
  std::uint32_t factors = 0;
  std::uint32_t count = 1;  // merged events; of a gap: missing records, 0 unknown
  bool fresh_credentials = false;
  bool privileged = false;
  bool machine = false;
  Time expires_at{};
  std::string_view device;
  std::string_view address;
  std::string_view user_agent;
  std::string_view application;
  std::string_view failure;
  std::array<Identifier, CURFEW_MAX_IDENTIFIERS> identifiers{};
  std::uint32_t identifier_count = 0;

  // Adds a name of the subject. False when there is no room for another, or the value is empty.
  bool identify(std::string_view name_space, std::string_view value) noexcept {
    if (value.empty() || identifier_count >= identifiers.size()) return false;
    identifiers[identifier_count++] = {name_space, value};
    return true;
  }
};

struct Progress {
  std::string_view name;                                 // of the cursor: file identity, partition, page
  std::string_view value;                                // opaque to the host
  std::uint64_t read = 0, filtered = 0, unreadable = 0;  // records since this cursor's last progress
  Time observed_until{};  // everything up to here has been shown; Time{}: no statement
  bool caught_up = false;
  bool forget = false;
};

struct Action {
  Step step = Step::Notify;
  bool revert = false;
  std::vector<Identifier> identifiers;
  SessionDigest session{};
  std::string_view handle;
  std::string_view reason;
  Time deadline{};
  Duration revert_after{};  // zero: for good
};

// Ok: the source accepted the step. That proves nothing yet.
struct Answer {
  Code code = Code::Ok;
  std::string text;
};

struct Probe {
  std::vector<Identifier> identifiers;
  SessionDigest session{};
  std::string_view handle;
  Time deadline{};
  // Since when an order has acted on it; Time{}: none has, and somebody else asks.
  Time ordered_at{};
};

// What was found, and what it rests on, for who reads the record. A Liveness alone is one without words.
struct Proof {
  Proof(Liveness is) : liveness(is) {}
  Proof(Liveness is, std::string why) : liveness(is), text(std::move(why)) {}
  Liveness liveness;
  std::string text;
};

struct ListedSession {
  SessionDigest session{};
  std::string_view handle;
  std::span<const Identifier> identifiers;
  Time started_at{};
  Time last_activity_at{};
};

// Of a request that waits at the gate: for this one question, neither kept nor logged.
struct PresentedToken {
  std::string_view token;
  Time deadline{};
};

// What the issuer says of it. Everything but the state is of Active.
struct TokenAnswer {
  TokenState state = TokenState::Unknown;
  SessionDigest session{};
  SessionDigest id{};  // of its jti
  std::string name_space;
  std::string subject;  // empty: nobody's
  Time issued_at{};
  Time expires_at{};
};

struct Header {
  std::string_view name;
  std::string_view value;
};

struct HttpRequest {
  std::string_view method;
  std::string_view path;  // after /sources/<name>
  std::string_view query;
  std::string_view body;
  std::vector<Header> headers;
};

// Sent when everything emitted within the call is durable.
struct HttpAnswer {
  std::uint32_t status = 204;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Settings {
  std::string source;  // the configured name
  std::string config;  // JSON object, checked against config_schema
  bool recorded = false;
  bool event_time = false;  // judged by event time: tell what there is in its order
  bool trial = false;       // don't act on anything outside
};

namespace detail {

inline curfew_bytes bytes(std::string_view text) noexcept {
  return text.empty() ? curfew_bytes{nullptr, 0} : curfew_bytes{text.data(), text.size()};
}
inline std::string_view view(curfew_bytes bytes) noexcept {
  return bytes.data == nullptr ? std::string_view{} : std::string_view{bytes.data, bytes.size};
}
inline std::int64_t micros(Time time) noexcept { return time.time_since_epoch().count(); }
inline std::vector<Identifier> identifiers(const curfew_identifier* first, std::uint32_t count) {
  std::vector<Identifier> out;
  for (std::uint32_t i = 0; i < count && first != nullptr; ++i) {
    out.push_back({view(first[i].name_space), view(first[i].value)});
  }
  return out;
}

// Cut at the ABI's bound, between characters.
inline void write_error(curfew_error* error, std::string_view text) noexcept {
  if (error == nullptr || error->struct_size < sizeof(curfew_error)) return;
  std::size_t size = std::min<std::size_t>(text.size(), CURFEW_MAX_ERROR_TEXT);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  std::copy_n(text.data(), size, error->text);
  error->text_size = static_cast<std::uint32_t>(size);
}

}  // namespace detail

// What Curfew offers to a connector; lives from the constructor to the destructor.
class Host {
 public:
  Host(const curfew_host& host, std::string_view digest_key) : host_(&host), digest_(digest_key) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Only from poll, or within http. While the pipeline is full it waits here: the host knows, and does not
  // hold the wait against the call's limit.
  Emitted emit(const Observation& seen) {
    std::array<curfew_identifier, CURFEW_MAX_IDENTIFIERS> names;
    const std::uint32_t count = std::min<std::uint32_t>(seen.identifier_count, CURFEW_MAX_IDENTIFIERS);
    for (std::uint32_t i = 0; i < count; ++i) {
      names[i] = {detail::bytes(seen.identifiers[i].name_space), detail::bytes(seen.identifiers[i].value)};
    }
    curfew_observation raw{};
    raw.struct_size = sizeof(raw);
    raw.type = static_cast<std::uint32_t>(seen.type);
    raw.occurred_at = detail::micros(seen.occurred_at);
    raw.key = detail::bytes(seen.key);
    raw.session = seen.session;
    raw.linked_session = seen.linked_session;
    raw.handle = detail::bytes(seen.handle);
    raw.identifiers = count == 0 ? nullptr : names.data();
    raw.identifier_count = count;
    raw.account_type = static_cast<std::uint32_t>(seen.account_type);
    raw.auth_method = static_cast<std::uint32_t>(seen.auth_method);
    raw.interactivity = static_cast<std::uint32_t>(seen.interactivity);
    raw.end_reason = static_cast<std::uint32_t>(seen.end_reason);
    raw.factors = seen.factors;
    raw.flags = (seen.fresh_credentials ? CURFEW_FLAG_FRESH_CREDENTIALS : 0U) |
                (seen.privileged ? CURFEW_FLAG_PRIVILEGED : 0U) | (seen.machine ? CURFEW_FLAG_MACHINE : 0U) |
                (seen.end_inferred ? CURFEW_FLAG_END_INFERRED : 0U);
    raw.count = seen.count;
    raw.expires_at = detail::micros(seen.expires_at);
    raw.device = detail::bytes(seen.device);
    raw.address = detail::bytes(seen.address);
    raw.user_agent = detail::bytes(seen.user_agent);
    raw.application = detail::bytes(seen.application);
    raw.failure = detail::bytes(seen.failure);
    return until_taken([&] { return host_->emit(host_->context, &raw); });
  }

  // Advances a named cursor; committed with what was emitted before it. Same threads as emit.
  Emitted progress(const Progress& at) {
    curfew_progress raw{};
    raw.struct_size = sizeof(raw);
    raw.flags = (at.caught_up ? CURFEW_PROGRESS_CAUGHT_UP : 0U) | (at.forget ? CURFEW_PROGRESS_FORGET : 0U);
    raw.name = detail::bytes(at.name);
    raw.value = detail::bytes(at.value);
    raw.read = at.read;
    raw.filtered = at.filtered;
    raw.unreadable = at.unreadable;
    raw.observed_until = detail::micros(at.observed_until);
    return until_taken([&] { return host_->progress(host_->context, &raw); });
  }

  // Small keyed state with an expiry; an empty value forgets. Same threads as emit.
  Emitted remember(std::string_view key, std::string_view value, Time expires_at) {
    return until_taken([&] {
      return host_->remember(host_->context, detail::bytes(key), detail::bytes(value),
                             detail::micros(expires_at));
    });
  }

  // Who is in a group now, all of them; with CURFEW_CAN_TELL_GROUPS, same threads as emit. Telling the same
  // again costs nothing in the ledger.
  Emitted group(std::string_view name, std::span<const Identifier> members) {
    std::vector<curfew_identifier> names;
    names.reserve(members.size());
    for (const Identifier& one : members)
      names.push_back({detail::bytes(one.name_space), detail::bytes(one.value)});
    curfew_group raw{};
    raw.struct_size = sizeof(raw);
    raw.name_count = static_cast<std::uint32_t>(std::min<std::size_t>(names.size(), UINT32_MAX));
    raw.name = detail::bytes(name);
    raw.names = names.empty() ? nullptr : names.data();
    return until_taken([&] { return host_->group(host_->context, &raw); });
  }

  // Whether all that was emitted, advanced and remembered so far is durable, by then: for a source that is
  // told what was taken and forgets it. Only from poll.
  [[nodiscard]] bool await_durable(Time deadline) {
    return host_->await_durable(host_->context, detail::micros(deadline)) == CURFEW_OK;
  }

  // The three below: only in the constructor and in start. What the last run made durable.
  [[nodiscard]] std::optional<std::string> recall(std::string_view key) {
    return one(
        [&](const curfew_sink* sink) { return host_->recall(host_->context, detail::bytes(key), sink); });
  }
  [[nodiscard]] std::optional<std::string> cursor(std::string_view name) {
    return one(
        [&](const curfew_sink* sink) { return host_->cursor(host_->context, detail::bytes(name), sink); });
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> recall_all() {
    Collected all;
    const curfew_sink sink{&all, &collect};
    host_->recall_all(host_->context, &sink);
    if (all.failed) throw std::bad_alloc();
    std::vector<std::pair<std::string, std::string>> pairs;
    for (std::size_t i = 0; i + 1 < all.parts.size(); i += 2) {
      pairs.emplace_back(std::move(all.parts[i]), std::move(all.parts[i + 1]));
    }
    return pairs;
  }

  // What the source has seen and can't show: one JSON object, which replaces the last one.
  bool coverage(std::string_view json) {
    return host_->coverage(host_->context, detail::bytes(json)) == CURFEW_OK;
  }
  // Where a request carries a session's id: one JSON object for the gate that guards this source, which
  // replaces the last one. Any thread.
  void gate_rules(std::string_view json) {
    if (host_->gate_rules(host_->context, detail::bytes(json)) != CURFEW_OK)
      throw Failure(Code::Invalid, "the gate's rules were refused; the source's log says why");
  }
  // The keys that verify the tokens of its rules' `tokens`, a JWK set that replaces the last one; when they
  // change, and when the gate wants them. Any thread.
  void gate_keys(std::string_view jwks) {
    if (host_->gate_keys(host_->context, detail::bytes(jwks)) == CURFEW_INVALID)
      throw Failure(Code::Invalid, "the gate's keys were refused; the source's log says why");
  }
  // Once true, after a token came that none of the last keys had signed; poll was woken for it.
  [[nodiscard]] bool gate_keys_wanted() { return host_->gate_keys_wanted(host_->context) == CURFEW_OK; }
  // No personal values, no secrets. Any thread.
  void log(Level level, std::string_view text) {
    host_->log(host_->context, static_cast<std::uint32_t>(level), detail::bytes(text));
  }
  [[nodiscard]] Time now() const { return Time{Duration{host_->now(host_->context)}}; }
  // A session's clear id as it may leave the plugin. Any thread.
  [[nodiscard]] SessionDigest digest(std::string_view clear_id) const noexcept { return digest_(clear_id); }

  [[nodiscard]] const curfew_host& raw() const noexcept { return *host_; }

 private:
  struct Collected {
    std::vector<std::string> parts;
    bool failed = false;
  };
  static void collect(void* context, curfew_bytes bytes) {
    auto& all = *static_cast<Collected*>(context);
    try {
      all.parts.emplace_back(detail::view(bytes));
    } catch (...) {
      all.failed = true;
    }
  }

  template <typename Call>
  Emitted until_taken(Call call) {
    auto pause = std::chrono::milliseconds(1);
    for (;;) {
      switch (call()) {
        case CURFEW_OK:
          return Emitted::Taken;
        case CURFEW_AGAIN:
          std::this_thread::sleep_for(pause);
          pause = std::min(pause * 2, std::chrono::milliseconds(32));
          break;
        case CURFEW_STOPPING:
          return Emitted::Stopping;
        default:
          return Emitted::Refused;
      }
    }
  }

  template <typename Call>
  std::optional<std::string> one(Call call) {
    Collected all;
    const curfew_sink sink{&all, &collect};
    const std::int32_t code = call(&sink);
    if (all.failed) throw std::bad_alloc();
    if (code != CURFEW_OK || all.parts.empty()) return std::nullopt;
    return std::move(all.parts.front());
  }

  const curfew_host* host_;
  KeyedDigest digest_;
};

// Takes one call of add for each live session.
class SessionList {
 public:
  explicit SessionList(const curfew_host& host) : host_(&host) {}
  // False: the host wants no more.
  bool add(const ListedSession& session) const {
    std::array<curfew_identifier, CURFEW_MAX_IDENTIFIERS> names;
    const auto count =
        static_cast<std::uint32_t>(std::min<std::size_t>(session.identifiers.size(), CURFEW_MAX_IDENTIFIERS));
    for (std::uint32_t i = 0; i < count; ++i) {
      names[i] = {detail::bytes(session.identifiers[i].name_space),
                  detail::bytes(session.identifiers[i].value)};
    }
    curfew_listed_session raw{};
    raw.struct_size = sizeof(raw);
    raw.identifier_count = count;
    raw.identifiers = count == 0 ? nullptr : names.data();
    raw.session = session.session;
    raw.handle = detail::bytes(session.handle);
    raw.started_at = detail::micros(session.started_at);
    raw.last_activity_at = detail::micros(session.last_activity_at);
    return host_->list(host_->context, &raw) == CURFEW_OK;
  }

 private:
  const curfew_host* host_;
};

// For poll and wake of a connector that has nothing better to wait on.
//
//   Poll poll(Time deadline) { …; waker_.wait_until(deadline); return Poll::Ok; }
//   void wake() noexcept { waker_.wake(); }
class Waker {
 public:
  // True when woken, false when the deadline came. A wake before the wait counts.
  bool wait_until(Time deadline) {
    std::unique_lock lock(mutex_);
    const bool woken = condition_.wait_until(lock, deadline, [&] { return woken_; });
    woken_ = false;
    return woken;
  }
  void wake() noexcept {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    condition_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool woken_ = false;
};

template <typename C>
concept Observes = requires(C c, Time deadline) {
  { c.poll(deadline) } -> std::same_as<Poll>;
};
template <typename C>
concept Acts = requires(C c, const Action& action) {
  { c.act(action) } -> std::same_as<Answer>;
};
template <typename C>
concept Proves = requires(C c, const Probe& probe) {
  { c.prove(probe) } -> std::convertible_to<Proof>;
};
template <typename C>
concept ListsSessions = requires(C c, const SessionList& list) {
  c.list_sessions(list);
};
template <typename C>
concept ReceivesHttp = requires(C c, const HttpRequest& request) {
  { c.http(request) } -> std::same_as<HttpAnswer>;
};

template <typename C>
concept Introspects = requires(C c, const PresentedToken& token) {
  { c.introspect(token) } -> std::same_as<TokenAnswer>;
};
template <typename C>
concept RevokesPresented = requires(C c, const PresentedToken& token) {
  { c.revoke_presented(token) } -> std::same_as<Answer>;
};

template <typename C>
concept Connector = std::constructible_from<C, Host&, const Settings&> && requires(C c) {
  { C::description } -> std::convertible_to<const Description&>;
  c.start();
  c.wake();
  c.stop();
};

inline constexpr std::uint64_t action_capabilities = UINT64_C(0xFF) << 16;

// The one place where calls come in from C, and where every exception ends.
template <Connector C>
class Trampoline {
  static constexpr std::uint64_t can = C::description.capabilities;
  static_assert(Observes<C> == ((can & CURFEW_CAN_OBSERVE) != 0), "poll and CURFEW_CAN_OBSERVE go together");
  static_assert(Acts<C> == ((can & action_capabilities) != 0),
                "act and the ladder's CURFEW_CAN_ bits go together");
  static_assert(Proves<C> == ((can & CURFEW_CAN_PROVE) != 0), "prove and CURFEW_CAN_PROVE go together");
  static_assert(ListsSessions<C> == ((can & CURFEW_CAN_LIST_SESSIONS) != 0),
                "list_sessions and CURFEW_CAN_LIST_SESSIONS go together");
  static_assert(ReceivesHttp<C> == ((can & CURFEW_CAN_RECEIVE_HTTP) != 0),
                "http and CURFEW_CAN_RECEIVE_HTTP go together");
  static_assert(Introspects<C> == ((can & CURFEW_CAN_INTROSPECT) != 0),
                "introspect and CURFEW_CAN_INTROSPECT go together");
  static_assert(RevokesPresented<C> == ((can & CURFEW_CAN_REVOKE_PRESENTED) != 0),
                "revoke_presented and CURFEW_CAN_REVOKE_PRESENTED go together");

 public:
  static const curfew_connector* descriptor() noexcept {
    static constexpr curfew_connector connector = make();
    return &connector;
  }

 private:
  struct Instance {
    Instance(const curfew_host& raw, const curfew_create_args& args, const Settings& settings)
        : host(raw, detail::view(args.digest_key)), connector(host, settings) {}
    Host host;
    C connector;
  };

  static constexpr curfew_bytes literal(std::string_view text) { return {text.data(), text.size()}; }

  static constexpr curfew_connector make() {
    curfew_connector c{};
    c.struct_size = sizeof(curfew_connector);
    c.abi_version = CURFEW_ABI_VERSION;
    c.observation_schema = CURFEW_OBSERVATION_SCHEMA;
    c.config_schema_version = C::description.config_schema_version;
    c.capabilities = can;
    c.name = literal(C::description.name);
    c.version = literal(C::description.version);
    c.description = literal(C::description.summary);
    c.config_schema = literal(C::description.config_schema);
    c.create = &create;
    c.start = &start;
    if constexpr (Observes<C>) c.poll = &poll;
    c.wake = &wake;
    if constexpr (Acts<C>) c.act = &act;
    if constexpr (Proves<C>) c.prove = &prove;
    if constexpr (ListsSessions<C>) c.list_sessions = &list_sessions;
    if constexpr (ReceivesHttp<C>) c.http = &http;
    c.stop = &stop;
    c.destroy = &destroy;
    if constexpr (Introspects<C>) c.introspect = &introspect;
    if constexpr (RevokesPresented<C>) c.revoke_presented = &revoke_presented;
    return c;
  }

  template <typename Work>
  static std::int32_t guarded(curfew_error* error, Work work) noexcept {
    try {
      return work();
    } catch (const Failure& failure) {
      detail::write_error(error, failure.what());
      const auto code = static_cast<std::int32_t>(failure.code());
      return code == CURFEW_OK ? CURFEW_FAILED : code;
    } catch (const std::exception& exception) {
      detail::write_error(error, exception.what());
    } catch (...) {
      detail::write_error(error, "an exception that is no std::exception");
    }
    return CURFEW_FAILED;
  }

  static C& of(void* instance) noexcept { return static_cast<Instance*>(instance)->connector; }

  static std::int32_t create(const curfew_host* host, const curfew_create_args* args, void** instance,
                             curfew_error* error) noexcept {
    return guarded(error, [&] {
      if (host->struct_size < sizeof(curfew_host) || args->struct_size < sizeof(curfew_create_args) ||
          host->abi_version != CURFEW_ABI_VERSION) {
        throw Failure(Code::Unsupported, "this plugin was built for another version of Curfew; rebuild it");
      }
      Settings settings;
      settings.source = detail::view(args->source);
      settings.config = detail::view(args->config);
      settings.recorded = (args->flags & CURFEW_CREATE_RECORDED) != 0;
      settings.event_time = (args->flags & CURFEW_CREATE_EVENT_TIME) != 0;
      settings.trial = (args->flags & CURFEW_CREATE_TRIAL) != 0;
      *instance = std::make_unique<Instance>(*host, *args, settings).release();
      return CURFEW_OK;
    });
  }
  static std::int32_t start(void* instance, curfew_error* error) noexcept {
    return guarded(error, [&] {
      of(instance).start();
      return CURFEW_OK;
    });
  }
  static std::int32_t poll(void* instance, std::int64_t deadline, curfew_error* error) noexcept {
    return guarded(error,
                   [&] { return static_cast<std::int32_t>(of(instance).poll(Time{Duration{deadline}})); });
  }
  static void wake(void* instance) noexcept {
    guarded(nullptr, [&] {
      of(instance).wake();
      return CURFEW_OK;
    });
  }
  static std::int32_t act(void* instance, const curfew_action* raw, curfew_error* error) noexcept {
    return guarded(error, [&] {
      Action action;
      action.step = static_cast<Step>(raw->action);
      action.revert = raw->revert != 0;
      action.identifiers = detail::identifiers(raw->identifiers, raw->identifier_count);
      action.session = raw->session;
      action.handle = detail::view(raw->handle);
      action.reason = detail::view(raw->reason);
      action.deadline = Time{Duration{raw->deadline}};
      action.revert_after = Duration{raw->revert_after};
      const Answer answer = of(instance).act(action);
      detail::write_error(error, answer.text);
      return static_cast<std::int32_t>(answer.code);
    });
  }
  static std::int32_t prove(void* instance, const curfew_probe* raw, std::uint32_t* liveness,
                            curfew_error* error) noexcept {
    return guarded(error, [&] {
      Probe probe;
      probe.identifiers = detail::identifiers(raw->identifiers, raw->identifier_count);
      probe.session = raw->session;
      probe.handle = detail::view(raw->handle);
      probe.deadline = Time{Duration{raw->deadline}};
      if (raw->struct_size >= sizeof(curfew_probe)) probe.ordered_at = Time{Duration{raw->ordered_at}};
      const Proof proof = of(instance).prove(probe);
      *liveness = static_cast<std::uint32_t>(proof.liveness);
      detail::write_error(error, proof.text);
      return CURFEW_OK;
    });
  }
  static std::int32_t list_sessions(void* instance, curfew_error* error) noexcept {
    return guarded(error, [&] {
      const SessionList list(static_cast<Instance*>(instance)->host.raw());
      of(instance).list_sessions(list);
      return CURFEW_OK;
    });
  }
  static std::int32_t http(void* instance, const curfew_http_request* raw, const curfew_sink* sink,
                           curfew_error* error) noexcept {
    return guarded(error, [&] {
      HttpRequest request{detail::view(raw->method),
                          detail::view(raw->path),
                          detail::view(raw->query),
                          detail::view(raw->body),
                          {}};
      for (std::uint32_t i = 0; i < raw->header_count; ++i) {
        request.headers.push_back({detail::view(raw->headers[i].name), detail::view(raw->headers[i].value)});
      }
      const HttpAnswer answer = of(instance).http(request);
      std::vector<curfew_header> headers;
      for (const auto& [name, value] : answer.headers) {
        headers.push_back({detail::bytes(name), detail::bytes(value)});
      }
      curfew_http_answer out{};
      out.struct_size = sizeof(out);
      out.status = answer.status;
      out.content_type = detail::bytes(answer.content_type);
      out.body = detail::bytes(answer.body);
      out.headers = headers.empty() ? nullptr : headers.data();
      out.header_count = static_cast<std::uint32_t>(headers.size());
      sink->put(sink->context, {reinterpret_cast<const char*>(&out), sizeof(out)});
      return CURFEW_OK;
    });
  }
  static std::int32_t stop(void* instance, curfew_error* error) noexcept {
    return guarded(error, [&] {
      of(instance).stop();
      return CURFEW_OK;
    });
  }
  static PresentedToken presented(const curfew_presented_token& raw) {
    return {.token = detail::view(raw.token), .deadline = Time{Duration{raw.deadline}}};
  }
  static std::int32_t introspect(void* instance, const curfew_presented_token* raw, const curfew_sink* sink,
                                 curfew_error* error) noexcept {
    return guarded(error, [&] {
      const TokenAnswer answer = of(instance).introspect(presented(*raw));
      curfew_token_answer out{};
      out.struct_size = sizeof(out);
      out.state = static_cast<std::uint32_t>(answer.state);
      out.session = answer.session;
      out.id = answer.id;
      if (!answer.subject.empty())
        out.subject = {detail::bytes(answer.name_space), detail::bytes(answer.subject)};
      out.issued_at = detail::micros(answer.issued_at);
      out.expires_at = detail::micros(answer.expires_at);
      sink->put(sink->context, {reinterpret_cast<const char*>(&out), sizeof(out)});
      return CURFEW_OK;
    });
  }
  static std::int32_t revoke_presented(void* instance, const curfew_presented_token* raw,
                                       curfew_error* error) noexcept {
    return guarded(error, [&] {
      const Answer answer = of(instance).revoke_presented(presented(*raw));
      detail::write_error(error, answer.text);
      return static_cast<std::int32_t>(answer.code);
    });
  }
  static void destroy(void* instance) noexcept { delete static_cast<Instance*>(instance); }
};

}  // namespace curfew::plugin

// Exports the plugin's one symbol. Once in a plugin, outside of any namespace.
#define CURFEW_CONNECTOR(Class)                                                                         \
  extern "C" __attribute__((visibility("default"))) const curfew_connector* curfew_connector_v0(void) { \
    return curfew::plugin::Trampoline<Class>::descriptor();                                             \
  }                                                                                                     \
  static_assert(true, "")
