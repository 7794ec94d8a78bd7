#include "tests/integration/spnego/spnego_site.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <vector>

namespace curfew::spnego_test {
namespace {

namespace fs = std::filesystem;
using support::SambaDomain;

const char* const program = "/usr/sbin/apache2";
const char* const modules = "/usr/lib/apache2/modules/mod_";
const std::string web_account = "svc-web";

// As the preset apache_mod_auth_gssapi reads it.
const char* const log_format =
    R"("%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %a \"%{X-Forwarded-For}i\" \"%u\" \"%{gssapi_session}C\" \"%m %U%q %H\" %>s %B %D \"%{Host}i\" \"%{GSS_NAME}e\" \"%{GSS_SESSION_EXPIRATION}e\" \"%{WWW-Authenticate}o\" \"%{Set-Cookie}o\" %{UNIQUE_ID}e \"%{User-Agent}i\"")";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void must(const support::Outcome& outcome) {
  if (outcome.code != 0) throw std::runtime_error(outcome.output);
}

}  // namespace

fs::path web_keytab(SambaDomain& domain) {
  fs::path keytab = domain.folder() / "web.keytab";
  if (fs::exists(keytab)) return keytab;
  domain.user(web_account);
  domain.change("dn: " + SambaDomain::dn_of(web_account) +
                "\nchangetype: modify\nreplace: msDS-SupportedEncryptionTypes\n"
                "msDS-SupportedEncryptionTypes: 24\n-\nreplace: servicePrincipalName\n"
                "servicePrincipalName: HTTP/" +
                SpnegoSite::host + "\n");
  domain.set_password(web_account, "W3b-Passw0rd");  // keys of these types
  must(domain.tool({"domain", "exportkeytab", keytab.string(), "--principal=HTTP/" + SpnegoSite::host}));
  fs::permissions(keytab, fs::perms(0644));
  return keytab;
}

fs::path SpnegoSite::missing() {
  for (const std::string& needed : {std::string(program), modules + std::string("auth_gssapi.so"),
                                    modules + std::string("authnz_ldap.so"), std::string("/usr/bin/curl")}) {
    if (!fs::exists(needed)) return needed;
  }
  return {};
}

SpnegoSite::SpnegoSite(SambaDomain& domain, fs::path folder, Check check)
    : domain_(domain), folder_(std::move(folder)) {
  make_pages();
  write_configuration(check);
  start();
}

void SpnegoSite::make_pages() const {
  fs::create_directories(folder_ / "htdocs/app");
  fs::create_directories(folder_ / "logs");
  // Without an icon of its own a browser asks for one beside the page.
  const std::string head =
      "<!doctype html><html lang=en><link rel=icon href=\"data:,\"><title>Orders</title>";
  std::ofstream(folder_ / "htdocs/app/index.html")
      << head << "<p>" << marker << "</p><a id=next href=/app/second.html>Next</a> "
      << "<a id=leave href=/app/signed-out.html>Sign out</a>\n";
  std::ofstream(folder_ / "htdocs/app/second.html")
      << head << "<p>" << marker << "</p><a id=next href=/app/index.html>Back to the first</a>\n";
  std::ofstream(folder_ / "htdocs/app/signed-out.html")
      << head << "<p>You are signed out.</p><a id=next href=/app/index.html>Orders</a>\n";
}

void SpnegoSite::write_configuration(Check check) const {
  const std::string at = folder_.string();
  // By default a server takes tickets, and so keeps sessions, for five minutes longer than they hold.
  std::ofstream(folder_ / "krb5.conf") << "[libdefaults]\n  clockskew = 2\n"
                                       << "include " << domain_.krb5_conf() << "\n";
  std::ofstream conf(folder_ / "httpd.conf");
  conf << "ServerRoot " << at << "\nServerName " << host << "\nListen 127.0.0.1:" << port_ << "\nPidFile "
       << at << "/httpd.pid\nDefaultRuntimeDir " << at << "\nMutex file:" << at << "\nErrorLog " << at
       << "/logs/error.log\nLogLevel info auth_gssapi:debug\n";
  if (::geteuid() == 0) conf << "User www-data\nGroup www-data\n";
  for (const char* module :
       {"mpm_event", "authn_core", "authz_core", "authz_user", "dir", "mime", "headers", "unique_id",
        "session", "session_cookie", "session_crypto", "auth_gssapi", "ldap", "authnz_ldap"})
    conf << "LoadModule " << module << "_module " << modules << module << ".so\n";
  conf << "TypesConfig /etc/mime.types\nDirectoryIndex index.html\nDocumentRoot " << at << "/htdocs\n"
       << "LDAPTrustedGlobalCert CA_BASE64 " << domain_.ca() << "\nLDAPCacheEntries 0\nLDAPOpCacheEntries 0\n"
       << "LogFormat " << log_format << " audit\nCustomLog " << log() << " audit\n"
       << "<Directory " << at << "/htdocs>\n  Require all granted\n</Directory>\n"
       << "<Location /app>\n  AuthType GSSAPI\n  AuthName CORP\n  GssapiCredStore keytab:"
       << web_keytab(domain_).string()
       << "\n  GssapiUseSessions On\n  GssapiBasicAuth Off\n  Session On\n"
          "  SessionCookieName gssapi_session path=/;httponly\n";
  if (check == Check::SessionAlone) {
    conf << "  Require valid-user\n";
  } else {
    conf << "  AuthLDAPURL \"" << domain_.ldaps() << "/" << SambaDomain::base
         << "?userPrincipalName?sub?(objectClass=user)\"\n  LDAPReferrals off\n  AuthLDAPBindDN "
         << web_account << "@corp.test\n  AuthLDAPBindPassword W3b-Passw0rd\n  AuthLDAPRemoteUserIsDN off\n"
         << "  <RequireAll>\n    Require valid-user\n"
            "    Require ldap-filter !(userAccountControl:1.2.840.113556.1.4.803:=2)\n  </RequireAll>\n";
  }
  conf << "</Location>\n<Location /app/signed-out.html>\n  AuthType None\n  Session Off\n  AuthMerging Off\n"
          "  Require all granted\n"
          "  Header always set Set-Cookie \"gssapi_session=;path=/;httponly;Max-Age=0\"\n</Location>\n";
}

void SpnegoSite::start() {
  process_ = std::make_unique<support::ServerProcess>(
      std::vector<std::string>{program, "-f", (folder_ / "httpd.conf").string(), "-DFOREGROUND"},
      std::map<std::string, std::string>{{"KRB5_CONFIG", (folder_ / "krb5.conf").string()}},
      folder_ / "logs/out");
  if (!support::wait_for_port(port_) || !support::eventually([&] { return fs::exists(log()); }))
    throw std::runtime_error("Apache does not start: " + errors());
  fs::permissions(log(), fs::perms(0644));
}

std::string SpnegoSite::errors() const {
  return read(folder_ / "logs/out") + read(folder_ / "logs/error.log");
}

nlohmann::json SpnegoSite::connector_settings() const {
  return {{"inputs", {log()}},
          {"preset", "apache_mod_auth_gssapi"},
          {"activity_quantum", "1s"},
          {"arrival_delay", "1s"},
          {"rules",
           {{{"name", "signed out"},
             {"means", "sign_out"},
             {"when", {{"path", "/app/signed-out.html"}, {"session", "presented"}}}}}}};
}

}  // namespace curfew::spnego_test
