// Business Central's telemetry, as Application Insights and Log Analytics keep it. Event ids as published
// under "Telemetry event IDs": those of sign-ins and stopped sessions.
#include <array>

#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::events {
namespace {

constexpr std::array rows{
    // Authorized before the company is opened (RT0003), and signed in when it is.
    EventRow{.name = "RT0001", .means = Means::SignInFailed, .failure = "not_authorized"},
    EventRow{.name = "RT0002", .means = Means::SignInFailed, .failure = "company_not_opened"},
    EventRow{.name = "RT0004", .means = Means::SignIn},
    // StopSession was called on a session: by code, or from the admin center. Who had it isn't said.
    EventRow{.name = "RT0029", .outcome = "True", .means = Means::Revoked, .end = plugin::EndReason::Forced},
};

}  // namespace

const EventTable& business_central_events() {
  static constexpr EventTable table{
      .vendor = "business_central",
      .marks =
          "customDimensions.eventId&customDimensions.component=Dynamics 365 Business Central Server|"
          "Properties.eventId&Properties.component=Dynamics 365 Business Central Server|"
          "eventId&component=Dynamics 365 Business Central Server|"
          "eventId&telemetrySchemaVersion&aadTenantId|"
          "customDimensions.eventId&customDimensions.telemetrySchemaVersion",
      .name = "customDimensions.eventId|Properties.eventId|eventId",
      .outcome = "customDimensions.result|Properties.result|result",
      .time = "timestamp|TimeGenerated|timestamp [UTC]|TimeGenerated [UTC]",
      .id = "itemId|_ItemId",
      .session = "customDimensions.stoppingSessionID|Properties.stoppingSessionID|stoppingSessionID",
      .session_scope = "customDimensions.environmentName|Properties.environmentName|environmentName",
      .subject = "user_Id|UserId",  // a telemetry id, which only the user card resolves
      .application = "customDimensions.clientType|Properties.clientType|clientType",
      .failure = "customDimensions.failureReason|Properties.failureReason|failureReason",
      .subject_namespace = "business_central_telemetry",
      .user_namespace = "business_central_login",
      .shows_not = "who had a stopped session, which session a sign-in began, sign-outs, addresses",
      .rows = rows,
  };
  return table;
}

}  // namespace curfew::oauth::events
