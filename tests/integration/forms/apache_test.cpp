// Apache with mod_auth_form and mod_session_dbd on PostgreSQL, as packaged. It is inactivity that ends the
// session here, of which five minutes are the least: the server's clock is six minutes behind while alice
// uses it, and right again when it is started anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/store/server_connection.hpp"
#include "tests/integration/forms/client.hpp"
#include "tests/integration/forms/forms_daemon.hpp"
#include "tests/integration/forms/server_process.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/faulty_proxy.hpp"

namespace curfew::forms_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const fs::path modules = "/usr/lib/apache2/modules";
const fs::path fake_time = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const std::string marker = "Notes that only who is signed in sees";

class Apache : public testing::Test {
 protected:
  void SetUp() override {
    for (const fs::path& needed :
         {fs::path("/usr/sbin/apache2"), modules / "mod_auth_form.so", modules / "mod_session_dbd.so",
          fake_time, fs::path("/usr/lib/x86_64-linux-gnu/apr-util-1/apr_dbd_pgsql-1.so")}) {
      if (!fs::exists(needed)) GTEST_SKIP() << needed << " is not installed";
    }
    make_database();
    make_pages();
  }

  void make_database() {
    database_.emplace(support::Cluster::instance().fresh_database("template1"));
    owner_ = std::make_unique<store::ServerConnection>(database_->owner);
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
      *proxy = std::make_unique<support::FaultyProxy>(support::FaultyProxy::Between{
          .server_path = support::Cluster::instance().server().socket_directory() / ".s.PGSQL.5432",
          .server_port = 0,
          .listen_path = {}});
  }

  void make_pages() {
    const fs::path at = folder();
    for (const char* part : {"htdocs/app", "htdocs/public", "logs"}) fs::create_directories(at / part);
    std::ofstream(at / "htdocs/app/index.html") << "<p>" << marker << "</p>\n";
    std::ofstream(at / "htdocs/public/login.html")
        << "<form method=post action=/dologin><input name=httpd_username><input name=httpd_password "
           "type=password></form>\n";
    const std::string users = (at / "users").string();
    ASSERT_EQ(std::system(("htpasswd -cbs " + users + " alice alice-pw >/dev/null 2>&1 && htpasswd -bs " +
                           users + " bob bob-pw >/dev/null 2>&1")
                              .c_str()),
              0);
    std::ofstream conf(at / "httpd.conf");
    conf << "ServerRoot " << at.string() << "\nServerName form.corp.test\nListen 127.0.0.1:" << port_
         << "\nPidFile " << at.string() << "/httpd.pid\nDefaultRuntimeDir " << at.string()
         << "\nMutex file:" << at.string() << "\nErrorLog " << at.string() << "/logs/error.log\n";
    if (::geteuid() == 0) conf << "User www-data\nGroup www-data\n";
    for (const char* module :
         {"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "dbd", "dir", "alias", "mime",
          "headers", "request", "session", "session_cookie", "session_dbd", "auth_form"})
      conf << "LoadModule " << module << "_module "
           << (modules / ("mod_" + std::string(module) + ".so")).string() << "\n";
    conf << "TypesConfig /etc/mime.types\nDirectoryIndex index.html\nDocumentRoot " << at.string()
         << "/htdocs\nDBDriver pgsql\n"
         << "DBDParams \"host=127.0.0.1 port=" << for_apache_->port()
         << " user=apache password=apache-pw dbname=" << database_->name << "\"\n"
         << R"conf(DBDPrepareSQL "delete from session where key = %s" deletesession
DBDPrepareSQL "update session set value = %s, expiry = %lld, key = %s where key = %s" updatesession
DBDPrepareSQL "insert into session (value, expiry, key) values (%s, %lld, %s)" insertsession
DBDPrepareSQL "select value from session where key = %s and (expiry = 0 or expiry > %lld)" selectsession
DBDPrepareSQL "delete from session where expiry != 0 and expiry < %lld" cleansession
LogFormat "%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %a \"%u\" \"%{session}C\" \"%r\" %>s %B %D \"%{Location}o\" \"%{Set-Cookie}o\" \"%{User-Agent}i\"" audit
)conf"
         << "CustomLog " << log().string() << " audit\n<Directory " << at.string() << R"(/htdocs>
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

  void start(bool six_minutes_behind) {
    apache_.reset();
    std::map<std::string, std::string> environment;
    if (six_minutes_behind)
      environment = {
          {"LD_PRELOAD", fake_time.string()}, {"FAKETIME", "-6m"}, {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
    apache_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"/usr/sbin/apache2", "-f", (folder() / "httpd.conf").string(),
                                 "-DFOREGROUND"},
        environment, folder() / "logs/out");
    ASSERT_TRUE(wait_for_port(port_)) << "Apache does not listen";
    // It listens before it opens its logs.
    ASSERT_TRUE(eventually([&] { return fs::exists(log()); }));
    fs::permissions(log(), fs::perms(0644));
  }

  Client signed_in(const std::string& name) {
    Client client(port_);
    const Page page = client.post("/dologin", "httpd_username=" + name + "&httpd_password=" + name + "-pw");
    EXPECT_THAT(page.location, HasSubstr("/app/index.html"));
    EXPECT_TRUE(client.sees("/app/index.html", marker));
    return client;
  }

  json settings() {
    std::ofstream(folder() / "db-password") << "looker-pw\n";
    return {{"inputs", {log().string()}},
            {"preset", "apache_mod_auth_form"},
            {"activity_quantum", "1s"},
            {"arrival_delay", "1s"},
            {"store",
             {{"kind", "postgresql"},
              {"preset", "mod_session_dbd"},
              {"host", "127.0.0.1"},
              {"port", for_curfew_->port()},
              {"database", database_->name},
              {"user", "looker"},
              {"password_file", (folder() / "db-password").string()}}}};
  }
  std::int64_t rows(const Client& client) {
    return owner_->query("SELECT count(*) FROM session WHERE key = '" + client.cookie("session") + "'", {})
        .number(0, 0);
  }

  [[nodiscard]] fs::path folder() const { return curfew_.folder(); }
  [[nodiscard]] fs::path log() const { return folder() / "logs/access.log"; }

  FormsDaemon curfew_;
  std::optional<support::Database> database_;
  std::unique_ptr<store::ServerConnection> owner_;
  std::unique_ptr<support::FaultyProxy> for_apache_, for_curfew_;
  int port_ = free_port();
  std::unique_ptr<ServerProcess> apache_;
};

const std::string idle = "rule: inactivity_timeout\n    limit: 5m";

TEST_F(Apache, WhoIsIdleTooLongLosesTheRowAndApacheItselfRefusesTheCookie) {
  start(true);
  Client alice = signed_in("alice");
  start(false);
  Client bob = signed_in("bob");
  EXPECT_EQ(rows(alice), 1);
  curfew_.begin(settings(), idle, "[{action: sign_out_session, prove_within: 20s}]");
  const json row = curfew_.first({"proven"});
  ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.sessions().dump(2)
                              << curfew_.daemon().log();
  EXPECT_THAT(verdicts(row), ElementsAre("proven")) << row.dump(2);
  EXPECT_EQ(rows(alice), 0);
  EXPECT_FALSE(alice.sees("/app/index.html", marker));
  EXPECT_TRUE(bob.sees("/app/index.html", marker));
  EXPECT_EQ(curfew_.sign_outs().size(), 1U);
}

TEST_F(Apache, WithTheDatabaseOutOfCurfewsReachNothingIsProvenAndTheCookieWorksOn) {
  start(true);
  Client alice = signed_in("alice");
  start(false);
  Client bob = signed_in("bob");
  for_curfew_->answers(support::Answers::Cut, 0);
  curfew_.begin(
      settings(), idle,
      "[{action: sign_out_session, prove_within: 2s}, {action: sign_out_subject, prove_within: 2s}]");
  const json row = curfew_.concluded();
  ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  EXPECT_NE(row["outcome"], "proven");
  EXPECT_THAT(verdicts(row), testing::Each(testing::Ne("proven"))) << row.dump(2);
  EXPECT_TRUE(alice.sees("/app/index.html", marker));
  EXPECT_TRUE(bob.sees("/app/index.html", marker));
}

TEST_F(Apache, ThePasswordInTheRowReachesNeitherLogNorLedger) {
  start(false);
  Client alice = signed_in("alice");
  EXPECT_EQ(owner_->query("SELECT count(*) FROM session WHERE value LIKE '%alice-pw%'", {}).number(0, 0), 1);
  curfew_.begin(settings(), "rule: session_timeout\n    limit: 1s",
                "[{action: sign_out_session, prove_within: 20s}]");
  Client bob = signed_in("bob");
  ASSERT_FALSE(curfew_.first({"proven"}).is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  (void)curfew_.daemon().stop();
  const std::string cookie = alice.cookie("session");
  ASSERT_FALSE(cookie.empty());
  for (const char* secret : {"alice-pw", cookie.c_str()}) {
    const std::string search = "grep -rqaF -- '" + std::string(secret) + "' " + (folder() / "log").string() +
                               " " + (folder() / "data").string();
    EXPECT_NE(std::system(search.c_str()), 0) << "the password or the cookie is in Curfew's files";
  }
}

}  // namespace
}  // namespace curfew::forms_test
