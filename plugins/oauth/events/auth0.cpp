// Auth0's tenant logs. Codes as published under "Log Event Type Codes".
#include <array>

#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::events {
namespace {

constexpr auto silent = plugin::Interactivity::Silent;

constexpr EventRow failed(std::string_view code, std::string_view failure) {
  return {.name = code, .means = Means::SignInFailed, .failure = failure};
}
// By a client, with what it has.
constexpr EventRow exchanged(std::string_view code) {
  return {.name = code, .means = Means::TokenRefreshed, .interactivity = silent, .machine = true};
}

constexpr std::array rows{
    // With a prompt in which credentials were given to Auth0 itself.
    EventRow{.name = "s",
             .means = Means::SignIn,
             .fresh_if =
                 "data.strategy_type=database&data.details.prompts[name=prompt-authenticate].name|"
                 "data.strategy_type=passwordless&data.details.prompts[name=prompt-authenticate].name|"
                 "strategy_type=database&details.prompts[name=prompt-authenticate].name|"
                 "strategy_type=passwordless&details.prompts[name=prompt-authenticate].name",
             .method = plugin::AuthMethod::Form},
    // The browser came back with its session.
    EventRow{.name = "ssa", .means = Means::Activity, .interactivity = silent, .machine = true},
    exchanged("seacft"),  // a code for a token
    exchanged("sertft"),  // a refresh token for a token
    EventRow{.name = "slo", .means = Means::SignOut, .end = plugin::EndReason::SignedOut},
    failed("f", "other:f"),
    failed("fp", "bad_password:fp"),
    failed("fu", "unknown_user:fu"),
    failed("fcoa", "other:fcoa"),    // from another origin
    failed("fepft", "other:fepft"),  // a password for a token
    failed("pwd_leak", "leaked_password:pwd_leak"),
    failed("limit_wc", "locked:limit_wc"),
    failed("limit_mu", "locked:limit_mu"),
    failed("gd_auth_failed", "second_factor_failed:gd_auth_failed"),
    failed("gd_auth_rejected", "second_factor_failed:gd_auth_rejected"),
    EventRow{.name = "gd_auth_succeed",
             .means = Means::Reauthenticated,
             .interactivity = plugin::Interactivity::Interactive,
             .fresh = true},
    EventRow{.name = "scp", .means = Means::CredentialChanged},
    EventRow{.name = "scpr", .means = Means::CredentialChanged},
    EventRow{.name = "sdu", .means = Means::AccountDisabled},
};

}  // namespace

const EventTable& auth0_events() {
  static constexpr EventTable table{
      .vendor = "auth0",
      .marks = "log_id&data.type&data.date|log_id&type&date",
      .name = "data.type|type",
      .time = "data.date|date",
      .id = "log_id|data.log_id",
      .session = "data.details.session_id|details.session_id",
      .subject = "data.user_id|user_id",
      .user = "data.user_name|user_name",
      .address = "data.ip|ip",
      .agent = "data.user_agent|user_agent",
      .application = "data.client_name|client_name",
      .subject_namespace = "auth0_user",
      .user_namespace = "auth0_login",
      .shows_not = "sessions that end by themselves or by revocation; the session of an exchanged token",
      .rows = rows,
  };
  return table;
}

}  // namespace curfew::oauth::events
