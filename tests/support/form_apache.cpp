#include "tests/support/form_apache.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace curfew::support {
namespace {

namespace fs = std::filesystem;

const char* const program = "/usr/sbin/apache2";
const char* const modules = "/usr/lib/apache2/modules/mod_";

}  // namespace

fs::path FormApache::missing() {
  for (const std::string& needed :
       {std::string(program), modules + std::string("auth_form.so"), modules + std::string("session_dbd.so"),
        std::string("/usr/lib/x86_64-linux-gnu/apr-util-1/apr_dbd_pgsql-1.so")}) {
    if (!fs::exists(needed)) return needed;
  }
  return {};
}

std::string FormApache::credentials(const std::string& name) {
  return "httpd_username=" + name + "&httpd_password=" + name + "-pw";
}

FormApache::FormApache(fs::path folder)
    : folder_(std::move(folder)), database_(Cluster::instance().fresh_database("template1")) {
  make_database();
  make_pages();
  make_users();
  write_configuration();
}

void FormApache::make_database() {
  owner_ = std::make_unique<store::ServerConnection>(database_.owner);
  owner_->execute(
      "CREATE TABLE session (key text PRIMARY KEY, value text, expiry bigint NOT NULL);"
      "DO $$ BEGIN CREATE ROLE apache LOGIN PASSWORD 'apache-pw'; EXCEPTION WHEN duplicate_object THEN "
      "NULL; END $$;"
      "DO $$ BEGIN CREATE ROLE looker LOGIN PASSWORD 'looker-pw'; EXCEPTION WHEN duplicate_object THEN "
      "NULL; END $$;"
      "GRANT ALL ON session TO apache;"
      // The database itself keeps Curfew from the column with the passwords.
      "GRANT SELECT (key, expiry), DELETE ON session TO looker");
  for (auto* proxy : {&for_apache_, &for_curfew_})
    *proxy = std::make_unique<FaultyProxy>(
        FaultyProxy::Between{.server_path = Cluster::instance().server().socket_directory() / ".s.PGSQL.5432",
                             .server_port = 0,
                             .listen_path = {}});
}

void FormApache::write_page(const std::string& path, const std::string& html) const {
  const fs::path at = folder_ / "htdocs" / path;
  fs::create_directories(at.parent_path());
  std::ofstream out(at);
  out << html;
  out.close();
  if (!out) throw std::runtime_error(at.string() + " can't be written");
}

void FormApache::make_pages() const {
  fs::create_directories(folder_ / "logs");
  write_page("app/index.html", "<p>" + marker + "</p>\n");
  write_page("public/login.html",
             "<link rel=icon href=\"data:,\"><form method=post action=/dologin><input "
             "name=httpd_username><input name=httpd_password "
             "type=password><button>Sign in</button></form>\n");
}

void FormApache::make_users() const {
  const std::string users = (folder_ / "users").string();
  const std::string command = "htpasswd -cbs " + users + " alice alice-pw >/dev/null 2>&1 && htpasswd -bs " +
                              users + " bob bob-pw >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("htpasswd fails");
}

void FormApache::write_configuration() const {
  const std::string at = folder_.string();
  const std::string users = (folder_ / "users").string();
  std::ofstream conf(folder_ / "httpd.conf");
  conf << "ServerRoot " << at << "\nServerName form.corp.test\nListen 127.0.0.1:" << port_ << "\nPidFile "
       << at << "/httpd.pid\nDefaultRuntimeDir " << at << "\nMutex file:" << at << "\nErrorLog " << at
       << "/logs/error.log\n";
  if (::geteuid() == 0) conf << "User www-data\nGroup www-data\n";
  for (const char* module :
       {"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "dbd", "dir", "alias", "mime",
        "headers", "request", "session", "session_cookie", "session_dbd", "auth_form"})
    conf << "LoadModule " << module << "_module " << modules << module << ".so\n";
  conf << "TypesConfig /etc/mime.types\nDirectoryIndex index.html\nDocumentRoot " << at
       << "/htdocs\nDBDriver pgsql\n"
       << "DBDParams \"host=127.0.0.1 port=" << for_apache_->port()
       << " user=apache password=apache-pw dbname=" << database_.name << "\"\n"
       << R"conf(DBDPrepareSQL "delete from session where key = %s" deletesession
DBDPrepareSQL "update session set value = %s, expiry = %lld, key = %s where key = %s" updatesession
DBDPrepareSQL "insert into session (value, expiry, key) values (%s, %lld, %s)" insertsession
DBDPrepareSQL "select value from session where key = %s and (expiry = 0 or expiry > %lld)" selectsession
DBDPrepareSQL "delete from session where expiry != 0 and expiry < %lld" cleansession
LogFormat "%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %a \"%u\" \"%{session}C\" \"%r\" %>s %B %D \"%{Location}o\" \"%{Set-Cookie}o\" \"%{User-Agent}i\"" audit
)conf"
       << "CustomLog " << log().string() << " audit\n<Directory " << at << R"(/htdocs>
  Require all granted
</Directory>
Session On
SessionDBDCookieName session path=/;HttpOnly
SessionMaxAge 3600
<Location /app>
  AuthFormProvider file
  AuthType form
  AuthName realm
  AuthUserFile )"
       << users << R"(
  AuthFormLoginRequiredLocation /public/login.html
  Require valid-user
</Location>
<Location /dologin>
  SetHandler form-login-handler
  AuthFormProvider file
  AuthType form
  AuthName realm
  AuthUserFile )"
       << users << R"(
  AuthFormLoginRequiredLocation /public/login.html?failed
  AuthFormLoginSuccessLocation /app/index.html
  Require valid-user
</Location>
)";
}

void FormApache::start(const std::map<std::string, std::string>& environment) {
  process_.reset();
  process_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{program, "-f", (folder_ / "httpd.conf").string(), "-DFOREGROUND"}, environment,
      folder_ / "logs/out");
  // It listens before it opens its logs.
  if (!wait_for_port(port_) || !eventually([&] { return fs::exists(log()); }))
    throw std::runtime_error("Apache does not start; see " + (folder_ / "logs").string());
  fs::permissions(log(), fs::perms(0644));
}

nlohmann::json FormApache::connector_settings() const {
  std::ofstream(folder_ / "db-password") << "looker-pw\n";
  return {{"inputs", {log().string()}},
          {"preset", "apache_mod_auth_form"},
          {"activity_quantum", "1s"},
          {"arrival_delay", "1s"},
          {"store",
           {{"kind", "postgresql"},
            {"preset", "mod_session_dbd"},
            {"host", "127.0.0.1"},
            {"port", for_curfew_->port()},
            {"database", database_.name},
            {"user", "looker"},
            {"password_file", (folder_ / "db-password").string()}}}};
}

std::int64_t FormApache::rows(const std::string& cookie) {
  return owner_->query("SELECT count(*) FROM session WHERE key = '" + cookie + "'", {}).number(0, 0);
}

}  // namespace curfew::support
