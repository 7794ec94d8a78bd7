// The words of docs/architecture.md as types. Each enumeration has one table of stable names: the names are
// in ledger leaves, configuration, API and metrics, so they are never changed, only appended to.
//
//   model::name_of(EndReason::IdleTimeout) == "idle_timeout"
//   model::parse<EndReason>("idle_timeout") == EndReason::IdleTimeout
//
// Threads: constants and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace curfew::model {

enum class ObservationType : std::uint8_t {
  SignIn,
  SignInFailed,
  Activity,
  TokenRefreshed,
  Reauthenticated,
  Locked,
  Unlocked,
  Disconnected,
  Reconnected,
  Paused,
  Resumed,
  SignOut,
  Expired,
  Revoked,
  CredentialChanged,
  AccountDisabled,
  AccountEnabled,
  Gap,
};

// Observations that end a session, or all sessions of a subject at a source.
[[nodiscard]] constexpr bool states_end(ObservationType type) noexcept {
  return type == ObservationType::SignOut || type == ObservationType::Expired ||
         type == ObservationType::Revoked;
}

enum class SessionState : std::uint8_t { Active, Locked, Paused, Ended };

enum class EndReason : std::uint8_t {
  Unknown,
  SignedOut,
  IdleTimeout,
  AbsoluteTimeout,
  ClosingTime,
  Expired,
  Forced,
  Replaced,
  AccountDisabled,
  CredentialChanged,
  Reboot,
  Vanished,
};

// Stated: the source said so. Inferred: Curfew or the source's connector concluded it, and later activity may
// correct it.
enum class Certainty : std::uint8_t { Stated, Inferred };

enum class AccountType : std::uint8_t { Unknown, Human, Service, Computer, Shared };
enum class ActivityClass : std::uint8_t { Person, Machine };
enum class NetworkClass : std::uint8_t { Unknown, Local, Private, Public };
enum class Interactivity : std::uint8_t { Unknown, Interactive, Silent };

enum class AuthMethod : std::uint8_t {
  Unknown,
  Password,
  Form,
  Kerberos,
  Ntlm,
  Negotiate,
  Certificate,
  Oidc,
  Saml,
  Cached,
  Token,
  Basic,
};

enum class PolicyMode : std::uint8_t { Observe, Enforce };

// The ladder, mildest first.
enum class Action : std::uint8_t {
  Notify,
  CancelSession,
  SignOutSession,
  RevokeTokens,
  SignOutSubject,
  SuspendAccess,
  BlockSignIn,
  DisableAccount,
};

enum class Outcome : std::uint8_t { Pending, Proven, Contained, StillAlive, Unproven, Held, Mistaken };

// What a step's call came back with. An accepted call proves nothing.
enum class AnswerCode : std::uint8_t { Accepted, Refused, NotFound, Failed, TimedOut, Unsupported };
// What a probe says of a session.
enum class Liveness : std::uint8_t { Unknown, Alive, Dead };

template <typename E>
struct Names;  // one specialisation per enumeration, below

template <typename E>
[[nodiscard]] constexpr std::string_view name_of(E value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < Names<E>::all.size() ? Names<E>::all[index] : std::string_view{};
}

template <typename E>
[[nodiscard]] constexpr std::optional<E> parse(std::string_view name) noexcept {
  for (std::size_t i = 0; i < Names<E>::all.size(); ++i) {
    if (Names<E>::all[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

template <>
struct Names<ObservationType> {
  static constexpr std::array<std::string_view, 18> all{
      "sign_in",  "sign_in_failed", "activity",           "token_refreshed",  "reauthenticated", "locked",
      "unlocked", "disconnected",   "reconnected",        "paused",           "resumed",         "sign_out",
      "expired",  "revoked",        "credential_changed", "account_disabled", "account_enabled", "gap"};
};
template <>
struct Names<SessionState> {
  static constexpr std::array<std::string_view, 4> all{"active", "locked", "paused", "ended"};
};
template <>
struct Names<EndReason> {
  static constexpr std::array<std::string_view, 12> all{
      "unknown", "signed_out", "idle_timeout",     "absolute_timeout",   "closing_time", "expired",
      "forced",  "replaced",   "account_disabled", "credential_changed", "reboot",       "vanished"};
};
template <>
struct Names<Certainty> {
  static constexpr std::array<std::string_view, 2> all{"stated", "inferred"};
};
template <>
struct Names<AccountType> {
  static constexpr std::array<std::string_view, 5> all{"unknown", "human", "service", "computer", "shared"};
};
template <>
struct Names<ActivityClass> {
  static constexpr std::array<std::string_view, 2> all{"person", "machine"};
};
template <>
struct Names<NetworkClass> {
  static constexpr std::array<std::string_view, 4> all{"unknown", "local", "private", "public"};
};
template <>
struct Names<Interactivity> {
  static constexpr std::array<std::string_view, 3> all{"unknown", "interactive", "silent"};
};
template <>
struct Names<AuthMethod> {
  static constexpr std::array<std::string_view, 12> all{"unknown", "password",  "form",        "kerberos",
                                                        "ntlm",    "negotiate", "certificate", "oidc",
                                                        "saml",    "cached",    "token",       "basic"};
};
template <>
struct Names<PolicyMode> {
  static constexpr std::array<std::string_view, 2> all{"observe", "enforce"};
};
template <>
struct Names<Action> {
  static constexpr std::array<std::string_view, 8> all{
      "notify",           "cancel_session", "sign_out_session", "revoke_tokens",
      "sign_out_subject", "suspend_access", "block_sign_in",    "disable_account"};
};
template <>
struct Names<Outcome> {
  static constexpr std::array<std::string_view, 7> all{"pending",  "proven", "contained", "still_alive",
                                                       "unproven", "held",   "mistaken"};
};
template <>
struct Names<AnswerCode> {
  static constexpr std::array<std::string_view, 6> all{"accepted", "refused",   "not_found",
                                                       "failed",   "timed_out", "unsupported"};
};
template <>
struct Names<Liveness> {
  static constexpr std::array<std::string_view, 3> all{"unknown", "alive", "dead"};
};

}  // namespace curfew::model
