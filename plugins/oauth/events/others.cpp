// Vendors whose logs are read by their records alone.
#include <array>

#include "plugins/oauth/events/field.hpp"
#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::events {
namespace {

using plugin::EndReason;

constexpr std::array duo{
    EventRow{.name = "authentication", .outcome = "success", .means = Means::SignIn},
    EventRow{.name = "authentication", .outcome = "SUCCESS", .means = Means::SignIn},
    EventRow{.name = "authentication", .outcome = "denied", .means = Means::SignInFailed},
    EventRow{.name = "authentication", .outcome = "DENIED", .means = Means::SignInFailed},
    EventRow{.name = "authentication", .outcome = "failure", .means = Means::SignInFailed},
    EventRow{.name = "authentication", .outcome = "error", .means = Means::SignInFailed},
    EventRow{.name = "authentication", .outcome = "fraud", .means = Means::SignInFailed, .failure = "fraud"},
    EventRow{.name = "authentication", .outcome = "FRAUD", .means = Means::SignInFailed, .failure = "fraud"},
};

constexpr std::array ping_one{
    EventRow{.name = "USER.ACCESS_ALLOWED", .means = Means::SignIn},
    EventRow{.name = "USER.ACCESS_DENIED", .means = Means::SignInFailed, .failure = "policy"},
    EventRow{.name = "PASSWORD.CHECK_FAILED", .means = Means::SignInFailed, .failure = "bad_password"},
};

constexpr std::array ping_federate{
    EventRow{.name = "SSO", .outcome = "success", .means = Means::SignIn},
    EventRow{.name = "SSO", .outcome = "failure", .means = Means::SignInFailed},
    EventRow{.name = "AUTHN_ATTEMPT", .outcome = "failure", .means = Means::SignInFailed},
};

constexpr std::array google{
    EventRow{.name = "login_success", .means = Means::SignIn},
    EventRow{.name = "login_failure", .means = Means::SignInFailed},
    EventRow{.name = "logout", .means = Means::SignOut, .end = EndReason::SignedOut},
    EventRow{.name = "password_edit", .means = Means::CredentialChanged},
    EventRow{.name = "account_disabled_*", .means = Means::AccountDisabled, .is_of_target = true},
};

// trackingIds go through all records of one session.
constexpr std::array forgerock{
    EventRow{.name = "AM-LOGIN-COMPLETED", .outcome = "SUCCESSFUL", .means = Means::SignIn},
    EventRow{.name = "AM-LOGIN-COMPLETED", .outcome = "FAILED", .means = Means::SignInFailed},
    EventRow{.name = "AM-LOGOUT", .means = Means::SignOut, .end = EndReason::SignedOut},
    EventRow{.name = "AM-SESSION-LOGGED_OUT", .means = Means::SignOut, .end = EndReason::SignedOut},
    EventRow{.name = "AM-SESSION-IDLE_TIMED_OUT", .means = Means::Expired, .end = EndReason::IdleTimeout},
    EventRow{.name = "AM-SESSION-MAX_TIMED_OUT", .means = Means::Expired, .end = EndReason::AbsoluteTimeout},
    EventRow{.name = "AM-SESSION-DESTROYED", .means = Means::Revoked, .end = EndReason::Forced},
    EventRow{.name = "authentication", .outcome = "SUCCESSFUL", .means = Means::SignIn},
    EventRow{.name = "authentication", .outcome = "FAILED", .means = Means::SignInFailed},
};

constexpr std::array salesforce{
    EventRow{.name = "Login", .outcome = "LOGIN_NO_ERROR", .means = Means::SignIn},
    EventRow{.name = "Login", .means = Means::SignInFailed},
    EventRow{.name = "Logout", .outcome = "0", .means = Means::Expired, .end = EndReason::Expired},
    EventRow{.name = "Logout", .means = Means::SignOut, .end = EndReason::SignedOut},
};

constexpr EventRow refused(std::string_view outcome, std::string_view failure = {}) {
  return {.name = outcome, .means = Means::SignInFailed, .failure = failure};
}
// Salesforce's login history has one column for how it went; what isn't a success is a refusal with its
// reason.
constexpr std::array salesforce_logins{
    EventRow{.name = "Success", .means = Means::SignIn},
    refused("Invalid Password", "bad_password"),
    refused("Restricted*", "policy"),
    refused("User is Frozen", "account_disabled"),
    EventRow{.name = "", .means = Means::Nothing},
    refused("*"),
};
constexpr std::array one_password{
    EventRow{.name = "success", .means = Means::SignIn},
    EventRow{.name = "firewall_reported_success", .means = Means::SignIn},
    refused("credentials_failed"),
    refused("mfa_failed", "second_factor_failed"),
    refused("sso_failed"),
    refused("modern_version_failed"),
    refused("firewall_failed", "policy"),
};

// By the message's number. A logon to the vault names no session, one through the session manager does.
constexpr std::array cyberark{
    EventRow{.name = "7", .means = Means::SignIn},
    EventRow{.name = "8", .means = Means::SignOut, .end = EndReason::SignedOut},
    EventRow{.name = "88", .means = Means::CredentialChanged},
    EventRow{.name = "300", .means = Means::SignIn},
    EventRow{.name = "302", .means = Means::SignOut, .end = EndReason::SignedOut},
};

constexpr std::array office{
    EventRow{.name = "UserLoggedIn", .means = Means::SignIn},
    EventRow{.name = "UserLoginFailed", .means = Means::SignInFailed},
};

// Of the directory, in Entra's audit log and in Microsoft 365's; there with a full stop.
constexpr EventRow of_account(std::string_view name, std::string_view outcome, Means means) {
  return {.name = name, .outcome = outcome, .means = means, .is_of_target = true};
}
constexpr std::array directory{
    of_account("Disable account*", "success", Means::AccountDisabled),
    of_account("Disable account*", "Success", Means::AccountDisabled),
    of_account("Enable account*", "success", Means::AccountEnabled),
    of_account("Enable account*", "Success", Means::AccountEnabled),
    of_account("Reset user password*", "success", Means::CredentialChanged),
    of_account("Reset user password*", "Success", Means::CredentialChanged),
    of_account("Change user password*", "success", Means::CredentialChanged),
    of_account("Change user password*", "Success", Means::CredentialChanged),
    EventRow{.name = "Update StsRefreshTokenValidFrom Timestamp*",
             .outcome = "success",
             .means = Means::RevokedOfPerson,
             .end = EndReason::Forced,
             .is_of_target = true},
    EventRow{.name = "Update StsRefreshTokenValidFrom Timestamp*",
             .outcome = "Success",
             .means = Means::RevokedOfPerson,
             .end = EndReason::Forced,
             .is_of_target = true},
};

constexpr std::array<EventTable, 13> tables{{
    {
        .vendor = "entra_audit",
        .marks = "category=AuditLogs&operationName|activityDisplayName&activityDateTime&targetResources|"
                 "OperationName&TargetResources&LoggedByService|"
                 "Workload=AzureActiveDirectory&RecordType=8&Operation",
        .name = "operationName|activityDisplayName|OperationName|Operation",
        .outcome = "properties.result|result|Result|ResultStatus",
        .time = "time|activityDateTime|TimeGenerated|TimeGenerated [UTC]|CreationTime",
        .id = "properties.id|id|Id",
        .target_subject = "properties.targetResources.0.id|targetResources.0.id|TargetResources.0.id",
        .target_user = "properties.targetResources.0.userPrincipalName|targetResources.0.userPrincipalName|"
                       "TargetResources.0.userPrincipalName|ObjectId",
        .subject_namespace = "entra_object",
        .user_namespace = "entra_login",
        .shows_not = "sessions: it is about accounts",
        .rows = directory,
    },
    {
        .vendor = "office365",
        .marks = "Workload&RecordType&Operation&CreationTime",
        .name = "Operation",
        .outcome = "ResultStatus",
        .time = "CreationTime",
        .id = "Id",
        .session = "DeviceProperties[Name=SessionId].Value",
        .subject = "Actor[Type=0].ID",
        .user = "UserId",
        .address = "ActorIpAddress|ClientIP",
        .agent = "ExtendedProperties[Name=UserAgent].Value",
        .application = "ApplicationId",
        .failure = "LogonError",
        .subject_namespace = "entra_object",
        .user_namespace = "office365_login",
        .shows_not = "sign-outs, and the session where DeviceProperties has none",
        .rows = office,
    },
    {
        .vendor = "duo",
        .marks = "txid&event_type&result|txid_g&event_type_s&result_s",
        .name = "event_type|event_type_s",
        .outcome = "result|result_s",
        .time = "isotimestamp|isotimestamp_t [UTC]|timestamp|timestamp_d",
        .id = "txid|txid_g",
        .subject = "user.key|user_key_s",
        .user = "user.name|user_name_s",
        .address = "access_device.ip|access_device_ip_s",
        .application = "application.name|application_name_s",
        .failure = "reason|reason_s",
        .subject_namespace = "duo_user",
        .user_namespace = "duo_login",
        .shows_not = "sessions, sign-outs: a second factor for an application",
        .rows = duo,
    },
    {
        .vendor = "ping_one",
        .marks = "action.type&recordedAt&actors",
        .name = "action.type",
        .time = "recordedAt",
        .id = "id",
        .subject = "actors.user.id",
        .user = "actors.user.name",
        .address = "source.ipAddress",
        .agent = "source.userAgent",
        .application = "actors.client.name",
        .subject_namespace = "ping_one_user",
        .user_namespace = "ping_one_login",
        .shows_not = "sessions, sign-outs",
        .rows = ping_one,
    },
    {
        .vendor = "ping_federate",
        .marks = "DeviceVendor=Ping Identity&DeviceProduct=PingFederate",
        .name = "DeviceEventClassID|Activity",
        .outcome = "Message",
        .time = "ReceiptTime|TimeGenerated|TimeGenerated [UTC]",
        .user = "DestinationUserID|DestinationUserName",
        .address = "SourceIP",
        .application = "DeviceCustomString2",
        .user_namespace = "ping_federate_login",
        .shows_not = "sessions",
        .rows = ping_federate,
    },
    {
        .vendor = "google_workspace",
        .marks = "kind=admin#reports#activity&id.applicationName=login",
        .name = "events.name|event_name",
        .time = "id.time",
        .subject = "actor.profileId",
        .user = "actor.email",
        .address = "ipAddress",
        .failure = "events.parameters[name=login_failure_type].value|login_failure_type",
        .target_user = "events.parameters[name=affected_email_address].value|affected_email_address",
        .subject_namespace = "google_profile",
        .user_namespace = "google_login",
        .sessions = Sessions::OfClient,
        .shows_not = "session ids: one person at one address is one session; sessions that end by themselves",
        .rows = google,
    },
    {
        .vendor = "forgerock",
        .marks = "payload.eventName&payload.timestamp&payload.topic|eventName&topic&transactionId&timestamp",
        .name = "payload.eventName|eventName",
        .outcome = "payload.result|result",
        .time = "payload.timestamp|timestamp",
        .id = "payload._id|_id",
        .session = "payload.trackingIds.0|trackingIds.0",
        .subject = "payload.userId|userId",
        .user = "payload.principal.0|principal.0",
        .address = "payload.client.ip|client.ip|payload.entries.0.info.ipAddress|entries.0.info.ipAddress",
        .subject_namespace = "forgerock_user",
        .user_namespace = "forgerock_login",
        .shows_not = "sessions that AM keeps no audit of",
        .rows = forgerock,
    },
    {
        .vendor = "salesforce",
        .marks = "EVENT_TYPE=Login&USER_ID&LOGIN_KEY|EVENT_TYPE=Logout&USER_ID&LOGIN_KEY",
        .name = "EVENT_TYPE",
        .outcome = "LOGIN_STATUS|USER_INITIATED_LOGOUT",
        .time = "TIMESTAMP_DERIVED",
        .id = "",
        .session = "LOGIN_KEY",  // ties all of one login together
        .subject = "USER_ID_DERIVED|USER_ID",
        .user = "USER_NAME",
        .address = "SOURCE_IP|CLIENT_IP",
        .agent = "BROWSER_TYPE",
        .failure = "LOGIN_STATUS",
        .subject_namespace = "salesforce_user",
        .user_namespace = "salesforce_login",
        .shows_not = "sessions that are ended by others",
        .rows = salesforce,
    },
    {
        .vendor = "salesforce",
        .marks = "LoginTime&LoginType&SourceIp&Status|Login Time&Login Type&Source IP&Status",
        .name = "Status",
        .time = "LoginTime|Login Time",
        .id = "Id",
        .subject = "UserId",
        .user = "Username",
        .address = "SourceIp|Source IP",
        .agent = "Browser",
        .application = "Application",
        .failure = "Status",
        .subject_namespace = "salesforce_user",
        .user_namespace = "salesforce_login",
        .shows_not = "sessions that are ended by others; its login history names no sessions",
        .rows = salesforce_logins,
    },
    {
        .vendor = "1password",
        .marks = "session_uuid&category&target_user&client",
        .name = "category",
        .time = "timestamp",
        .id = "uuid",
        .session = "session_uuid",
        .subject = "target_user.uuid",
        .user = "target_user.email",
        .address = "client.ip_address",
        .application = "client.app_name",
        .failure = "type",
        .subject_namespace = "one_password_user",
        .user_namespace = "one_password_login",
        .shows_not = "sign-outs, sessions that end by themselves",
        .rows = one_password,
    },
    {
        .vendor = "cyberark",
        // As its own JSON, and in the Common Event Format.
        .marks = "syslog.audit_record.MessageID&syslog.audit_record.Product=Vault|"
                 "DeviceVendor=Cyber-Ark&DeviceProduct=Vault",
        .name = "syslog.audit_record.MessageID|DeviceEventClassID",
        .outcome = "syslog.audit_record.Severity",
        .time = "syslog.audit_record.IsoTimestamp|ReceiptTime|TimeGenerated",
        .session = "syslog.audit_record.ExtraDetails.{SessionID}",
        .user = "syslog.audit_record.Issuer|SourceUserName",
        .address = "syslog.audit_record.ExtraDetails.{SrcHost}|syslog.audit_record.Station|SourceIP|"
                   "SourceHostName",
        .application = "syslog.audit_record.ExtraDetails.{ApplicationType}|syslog.audit_record.Product|"
                       "DeviceProduct",
        .user_namespace = "cyberark_login",
        .sessions = Sessions::OfClient,
        .shows_not = "ids of logons to the vault: one person at one address is one session",
        .rows = cyberark,
    },
    {
        .vendor = "aruba_clearpass",
        .marks = "DeviceVendor=Aruba Networks&DeviceProduct=ClearPass",
        .name = "Activity",
        .time = "TimeGenerated|TimeGenerated [UTC]",
        .rows = {},
    },
    {
        .vendor = "defender",  // hunting tables, which say nothing of sign-ins at a provider
        .marks = "Timestamp&ActionType&DeviceName",
        .name = "ActionType",
        .time = "Timestamp",
        .rows = {},
    },
}};

}  // namespace

std::span<const EventTable> other_events() { return tables; }

const EventTable* vendor_of(const simdjson::dom::element& record) {
  for (const EventTable* own :
       {&okta_events(), &auth0_events(), &authentik_events(), &business_central_events()}) {
    if (has_marks(record, own->marks)) return own;
  }
  for (const EventTable& one : tables) {
    if (has_marks(record, one.marks)) return &one;
  }
  return nullptr;
}

}  // namespace curfew::oauth::events
