#include "plugins/forms/logs/presets.hpp"

#include <array>

namespace curfew::forms {
namespace {

// Dynamics CRM (365 Customer Engagement) on premises behind AD FS, on IIS. IIS logs the cookies of requests
// when its field cs(Cookie) is switched on; what an answer sets (Set-Cookie, Location) only when these are
// added to its log as fields of the response. Without them sign-ins have no session, and are counted so.
// A token that is too long for one cookie is in pieces: CrmOwinAuth only says how many, the same for
// everybody, and CrmOwinAuthC1 is the first of them. Where each machine's rule is from:
// docs/connectors/forms.md.
// IIS holds lines back for up to a minute before it writes them.
constexpr std::string_view dynamics_crm_onprem = R"json({
  "format": {"kind": "w3c"},
  "session": {"cookie": ["CrmOwinAuthC1", "CrmOwinAuth", "MSISAuth", "FedAuth"]},
  "auth_method": "saml",
  "arrival_delay": "90s",
  "rules": [
    {"name": "federated sign-out", "means": "sign_out",
      "when": {"query": ["*wa=wsignout1.0*", "*wa=wsignoutcleanup1.0*"], "session": ["presented"]}},
    {"name": "sign-out page", "means": "sign_out",
      "when": {"path": ["*/signout.aspx"], "session": ["presented"]}},
    {"name": "token taken", "means": "sign_in",
      "when": {"method": ["POST"], "path": ["/", "*/", "*/default.aspx"], "status": ["302"]},
      "unless": {"session": ["presented"]}},
    {"name": "session refused", "means": "refused", "ends_session": true,
      "when": {"status": ["401"], "session": ["presented"]}},
    {"name": "sent back to AD FS", "means": "refused", "ends_session": true,
      "when": {"status": ["302"], "location": ["*wa=wsignin1.0*"], "session": ["presented"]}},
    {"name": "files of the pages", "means": "machine_activity",
      "when": {"path": ["/_static/*", "*/_static/*", "/_imgs/*", "*/_imgs/*", "*.css", "*.js", "*.png", "*.gif",
                        "*.jpg", "*.svg", "*.ico", "*.woff", "*.woff2", "*.axd", "*.css.aspx", "*.js.aspx",
                        "*/_common/global.ashx", "*/{*}/webresources/*", "*/%7b*%7d/webresources/*"],
               "session": ["presented"]}},
    {"name": "asked for by the page itself", "means": "machine_activity",
      "when": {"path": ["*/AppWebServices/PresenceService.asmx"], "session": ["presented"]}},
    {"name": "asked for new notifications", "means": "machine_activity",
      "when": {"method": ["GET"], "path": ["*/api/data/v*/appnotifications*"], "session": ["presented"]}},
    {"name": "used", "means": "activity", "when": {"status": ["2xx", "3xx", "404", "500"], "session": ["presented"]}}
  ]
})json";

// A site on IIS with Windows authentication: its log names the person and no session. A browser that is asked
// is answered 401 once or twice before it is let in; what refuses a person is told by sc-win32-status:
// Win32's own numbers (System Error Codes), or SSPI's (2148074252 is SEC_E_LOGON_DENIED, 2148074276
// SEC_E_TIME_SKEW).
constexpr std::string_view iis_windows = R"json({
  "format": {"kind": "w3c"},
  "session": {"window": "30m"},
  "arrival_delay": "90s",
  "auth_method": "negotiate",
  "service_accounts": ["*$"],
  "rules": [
    {"name": "password refused", "means": "sign_in_failed", "failure": "bad_credential",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1326", "2148074252"]}}},
    {"name": "account restricted", "means": "sign_in_failed", "failure": "account_restriction",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1327"]}}},
    {"name": "outside hours", "means": "sign_in_failed", "failure": "outside_hours",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1328"]}}},
    {"name": "workstation not allowed", "means": "sign_in_failed", "failure": "workstation_not_allowed",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1329"]}}},
    {"name": "password expired", "means": "sign_in_failed", "failure": "password_expired",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1330"]}}},
    {"name": "account disabled", "means": "sign_in_failed", "failure": "disabled",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1331"]}}},
    {"name": "account expired", "means": "sign_in_failed", "failure": "account_expired",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1793"]}}},
    {"name": "password must be changed", "means": "sign_in_failed", "failure": "must_change_password",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1907"]}}},
    {"name": "locked out", "means": "sign_in_failed", "failure": "locked_out",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["1909"]}}},
    {"name": "clocks differ", "means": "sign_in_failed", "failure": "clock_skew",
      "when": {"status": ["401"], "fields": {"sc-win32-status": ["2148074276"]}}},
    {"name": "asked to sign in", "means": "ignore", "when": {"status": ["401"]}},
    {"name": "nobody is signed in", "means": "ignore", "when": {"user": "absent"}},
    {"name": "files of the pages", "means": "machine_activity",
      "when": {"path": ["*.css", "*.js", "*.map", "*.png", "*.gif", "*.jpg", "*.jpeg", "*.svg", "*.ico", "*.woff",
                        "*.woff2", "*.axd"]}},
    {"name": "used", "means": "activity"}
  ]
})json";

// mod_auth_form with mod_session in a cookie of the name `session` that holds the id (mod_session_dbd). The
// module takes its cookie out of the request before it is logged: the id is in the answer, which renews it.
constexpr std::string_view apache_mod_auth_form = R"json({
  "format": {"kind": "apache",
    "log_format": "%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %a \"%u\" \"%{session}C\" \"%r\" %>s %B %D \"%{Location}o\" \"%{Set-Cookie}o\" \"%{User-Agent}i\""},
  "session": {"cookie": "session"},
  "rules": [
    {"name": "sign-in refused", "means": "sign_in_failed",
      "when": {"method": ["POST"], "path": ["*/dologin", "*/dologin.html"], "location": ["*login*"]}},
    {"name": "sign-in refused", "means": "sign_in_failed",
      "when": {"method": ["POST"], "path": ["*/dologin", "*/dologin.html"], "status": ["401", "403"]}},
    {"name": "signed in", "means": "sign_in",
      "when": {"method": ["POST"], "path": ["*/dologin", "*/dologin.html"], "user": "present",
               "status": ["200", "302", "303", "307"]}},
    {"name": "signed out", "means": "sign_out", "when": {"path": ["*/logout", "*/logout.html"]}},
    {"name": "sent back to the form", "means": "refused", "ends_session": true,
      "session_from": [{"cookie": "session"}, {"set_cookie": "session"}],
      "when": {"status": ["302", "303", "307", "401"], "location": ["*login*"], "user": "present"}},
    {"name": "nobody is signed in", "means": "ignore", "when": {"user": "absent"}},
    {"name": "used", "means": "activity",
      "session_from": [{"cookie": "session"}, {"set_cookie": "session"}],
      "when": {"status": ["2xx", "3xx", "404"], "session": ["any"]}}
  ]
})json";

// mod_auth_gssapi with GssapiUseSessions: a sign-in is a request that brought no session and was given one.
// Browsers do that by themselves: it is no sign that anybody typed a password. The session ends with the
// ticket that opened it (the server's clockskew allowed), and the module says when that is.
constexpr std::string_view apache_mod_auth_gssapi = R"json({
  "format": {"kind": "apache",
    "log_format": "%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %a \"%{X-Forwarded-For}i\" \"%u\" \"%{gssapi_session}C\" \"%m %U%q %H\" %>s %B %D \"%{Host}i\" \"%{GSS_NAME}e\" \"%{GSS_SESSION_EXPIRATION}e\" \"%{WWW-Authenticate}o\" \"%{Set-Cookie}o\" %{UNIQUE_ID}e \"%{User-Agent}i\""},
  "session": {"cookie": "gssapi_session"},
  "expires": [{"field": "GSS_SESSION_EXPIRATION"}],
  "auth_method": "negotiate",
  "rules": [
    {"name": "session refused", "means": "refused", "ends_session": true,
      "when": {"status": ["401"], "session": ["presented"]}},
    {"name": "asked to sign in", "means": "ignore", "when": {"status": ["401"]}},
    {"name": "not allowed", "means": "ignore", "when": {"status": ["403"]}},
    {"name": "signed in", "means": "sign_in", "when": {"user": "present", "session": ["issued"]},
      "unless": {"session": ["presented"]}},
    {"name": "used", "means": "activity", "when": {"user": "present", "session": ["presented"]}}
  ]
})json";

// A LemonLDAP::NG portal and the applications behind its handler, all logged by one nginx. That somebody
// asked for a deletion by REST is no end: the handlers' caches take the session for about 15 seconds more,
// and it may have been Curfew that asked.
constexpr std::string_view lemonldap = R"json({
  "format": {"kind": "nginx",
    "log_format": "$time_iso8601 $remote_addr user=\"$lmremote_user\" custom=\"$lmremote_custom\" sess=\"$cookie_lemonldap\" \"$request\" $status $request_time loc=\"$sent_http_location\" setc=\"$sent_http_set_cookie\" ua=\"$http_user_agent\""},
  "session": {"cookie": "lemonldap"},
  "user": {"from": [{"field": "lmremote_user"}]},
  "refusals_settle": "15s",
  "rules": [
    {"name": "asked by REST", "means": "ignore",
      "when": {"path": ["/sessions/*", "/adminSessions/*", "/oauth2/token", "/oauth2/introspect"]}},
    {"name": "signed out", "means": "sign_out", "when": {"query": ["*logout=1*"], "session": ["presented"]}},
    {"name": "signed in", "means": "sign_in", "when": {"method": ["POST"], "session": ["issued"]}},
    {"name": "sign-in refused", "means": "sign_in_failed",
      "when": {"method": ["POST"], "path": ["/"], "status": ["401"]}},
    {"name": "sent to the portal", "means": "refused", "ends_session": true,
      "when": {"status": ["302"], "location": ["*/?url=*"], "session": ["presented"]}},
    {"name": "used", "means": "activity",
      "when": {"status": ["2xx", "3xx", "404"], "session": ["presented"]}}
  ]
})json";

constexpr std::array<LogPreset, 5> all{{{"dynamics_crm_onprem", dynamics_crm_onprem},
                                        {"iis_windows", iis_windows},
                                        {"apache_mod_auth_form", apache_mod_auth_form},
                                        {"apache_mod_auth_gssapi", apache_mod_auth_gssapi},
                                        {"lemonldap", lemonldap}}};

}  // namespace

std::span<const LogPreset> log_presets() { return all; }

std::string_view log_preset(std::string_view name) {
  for (const LogPreset& one : all) {
    if (one.name == name) return one.json;
  }
  return {};
}

}  // namespace curfew::forms
