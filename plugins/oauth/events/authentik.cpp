// authentik's events. Actions as its API's schema lists them (EventActions).
#include <array>

#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::events {
namespace {

constexpr std::array rows{
    EventRow{.name = "login",
             .means = Means::SignIn,
             .fresh_if = "context.auth_method=password",
             .method = plugin::AuthMethod::Form},
    EventRow{.name = "login_failed", .means = Means::SignInFailed, .failure = "refused"},
    EventRow{.name = "logout", .means = Means::SignOut, .end = plugin::EndReason::SignedOut},
    EventRow{.name = "password_set", .means = Means::CredentialChanged},
    // A person opens an application with the session that there is.
    EventRow{.name = "authorize_application", .means = Means::Activity},
    // Neither says whether an account was switched off; whom somebody acts as has no session of their own.
    EventRow{.name = "user_write"},
    EventRow{.name = "suspicious_request"},
    EventRow{.name = "impersonation_started"},
    EventRow{.name = "impersonation_ended"},
};

}  // namespace

const EventTable& authentik_events() {
  static constexpr EventTable table{
      .vendor = "authentik",
      .marks = "pk&action&app&context&created",
      .name = "action",
      .time = "created",
      .id = "pk",
      .subject = "user.pk",
      // Of a failed sign-in the name that was tried; its user is nobody, or who was signed in before.
      .user = "context.username|user.username",
      .address = "client_ip",
      .agent = "context.http_request.user_agent",
      .application = "context.authorized_application.name",
      .subject_namespace = "authentik_user",
      .user_namespace = "authentik_login",
      .sessions = Sessions::OfClient,
      .shows_not = "session ids: one person at one address is one session; sessions that end by themselves",
      .rows = rows,
  };
  return table;
}

}  // namespace curfew::oauth::events
