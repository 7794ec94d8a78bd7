// Okta's System Log. Event types as published in Okta's event type catalogue.
#include <array>

#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::events {
namespace {

// Services and machines have sessions of no person.
constexpr std::string_view of_no_user = "actor.type!=User";

constexpr std::array rows{
    // Who signs in elsewhere, or is let in by what their machine holds, gave Okta no credentials. Most
    // records
    // leave open which it was; then the address of the request tells.
    EventRow{
        .name = "user.session.start",
        .outcome = "SUCCESS",
        .means = Means::SignIn,
        .fresh_if = "authenticationContext.credentialType=?|authenticationContext.authenticationProvider=?|"
                    "debugContext.debugData.requestUri=/api/v1/authn*|"
                    "debugContext.debugData.requestUri=/login/do-login*|"
                    "debugContext.debugData.requestUri=/idp/idx/*|"
                    "debugContext.debugData.requestUri=/login/login*",
        .unless = "authenticationContext.credentialType=ASSERTION|authenticationContext.credentialType=IWA|"
                  "authenticationContext.credentialType=JWT|authenticationContext.credentialType=OAuth 2.0|"
                  "authenticationContext.authenticationProvider=FEDERATION|"
                  "authenticationContext.authenticationProvider=SOCIAL",
        .left_out_if = of_no_user,
        .method = plugin::AuthMethod::Form,
        .ticket_if = "authenticationContext.credentialType=IWA"},
    EventRow{.name = "user.session.start",
             .outcome = "FAILURE",
             .means = Means::SignInFailed,
             .left_out_if = of_no_user},
    EventRow{.name = "user.session.end",
             .outcome = "SUCCESS",
             .means = Means::SignOut,
             .end = plugin::EndReason::SignedOut,
             .left_out_if = of_no_user},
    EventRow{.name = "user.session.expire",
             .outcome = "SUCCESS",
             .means = Means::Expired,
             .end = plugin::EndReason::Expired,
             .left_out_if = of_no_user},
    EventRow{.name = "user.session.clear",
             .outcome = "SUCCESS",
             .means = Means::RevokedOfPerson,
             .end = plugin::EndReason::Forced,
             .is_of_target = true},
    // Somebody opens an application with the session that there is.
    EventRow{.name = "user.authentication.sso",
             .outcome = "SUCCESS",
             .means = Means::Activity,
             .left_out_if = of_no_user},
    EventRow{.name = "user.authentication.auth_via_mfa",
             .outcome = "SUCCESS",
             .means = Means::Reauthenticated,
             .interactivity = plugin::Interactivity::Interactive,
             .fresh = true,
             .left_out_if = of_no_user},
    EventRow{.name = "user.authentication.auth_via_mfa",
             .outcome = "FAILURE",
             .means = Means::SignInFailed,
             .failure = "second_factor_failed"},
    EventRow{.name = "user.authentication.verify",
             .outcome = "SUCCESS",
             .means = Means::Reauthenticated,
             .interactivity = plugin::Interactivity::Interactive,
             .fresh = true,
             .left_out_if = of_no_user},
    EventRow{.name = "user.authentication.verify", .outcome = "FAILURE", .means = Means::SignInFailed},
    EventRow{.name = "user.account.update_password",
             .outcome = "SUCCESS",
             .means = Means::CredentialChanged,
             .is_of_target = true},
    EventRow{.name = "user.account.reset_password",
             .outcome = "SUCCESS",
             .means = Means::CredentialChanged,
             .is_of_target = true},
    EventRow{.name = "user.lifecycle.suspend",
             .outcome = "SUCCESS",
             .means = Means::AccountDisabled,
             .is_of_target = true},
    EventRow{.name = "user.lifecycle.deactivate",
             .outcome = "SUCCESS",
             .means = Means::AccountDisabled,
             .is_of_target = true},
    EventRow{.name = "user.lifecycle.delete.initiated",
             .outcome = "SUCCESS",
             .means = Means::AccountDisabled,
             .is_of_target = true},
    EventRow{.name = "user.lifecycle.unsuspend",
             .outcome = "SUCCESS",
             .means = Means::AccountEnabled,
             .is_of_target = true},
    EventRow{.name = "user.lifecycle.activate",
             .outcome = "SUCCESS",
             .means = Means::AccountEnabled,
             .is_of_target = true},
    EventRow{.name = "user.lifecycle.reactivate",
             .outcome = "SUCCESS",
             .means = Means::AccountEnabled,
             .is_of_target = true},
};

}  // namespace

const EventTable& okta_events() {
  static constexpr EventTable table{
      .vendor = "okta",
      .marks = "eventType&published&actor",
      .name = "eventType",
      .outcome = "outcome.result",
      .time = "published",
      .id = "uuid",
      .session = "authenticationContext.externalSessionId",
      .subject = "actor.id",
      .user = "actor.alternateId",
      .address = "client.ipAddress",
      .agent = "client.userAgent.rawUserAgent",
      .application = "target[type=AppInstance].displayName",
      .failure = "outcome.reason",
      .target_subject = "target[type=User].id",
      .target_user = "target[type=User].alternateId",
      .subject_namespace = "okta_user",
      .user_namespace = "okta_login",
      .nobody = "system@okta.com",
      .shows_not = "sessions that end by themselves",
      .rows = rows,
  };
  return table;
}

}  // namespace curfew::oauth::events
