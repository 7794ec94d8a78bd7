#include "tests/integration/forms/lemonldap_server.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace curfew::forms_test {

namespace fs = std::filesystem;
using nlohmann::json;
using support::Client;
using support::ServerProcess;

namespace {

const std::string marker = "Text behind the handler";
const std::string app = "app.llng.test";

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string LemonldapServer::why_not() {
  for (const char* needed : {"/usr/sbin/llng-fastcgi-server", "/usr/sbin/nginx", "/usr/bin/openssl",
                             "/usr/share/lemonldap-ng/portal/htdocs/index.psgi"}) {
    if (!fs::exists(needed)) return std::string(needed) + " is not installed";
  }
  if (::geteuid() != 0) return "LemonLDAP::NG's server gives up root's rights, and we have none";
  return {};
}

void LemonldapServer::start() {
  for (const char* part : {"conf", "sessions/lock", "psessions/lock", "run", "cache-portal", "cache-handler",
                           "logs", "tmp", "htdocs"})
    fs::create_directories(at(part));
  ASSERT_EQ(
      std::system(("cd " + at("conf").string() +
                   " && openssl genrsa -out key.pem 2048 2>/dev/null && openssl rsa -in key.pem -pubout "
                   "-out public.pem 2>/dev/null")
                      .c_str()),
      0);
  write_configuration();
  write_nginx();
  std::ofstream(at("htdocs/index.txt")) << marker << "\n";
  ASSERT_EQ(std::system(("cd " + folder_.string() +
                         " && chown -R www-data:www-data run sessions psessions cache-portal cache-handler")
                            .c_str()),
            0);
  // One worker for the handler: what it keeps in its memory is all that is kept.
  portal_ = fastcgi("portal", "2");
  handler_ = fastcgi("handler", "1");
  ASSERT_TRUE(support::eventually(
      [&] { return fs::exists(at("run/portal.sock")) && fs::exists(at("run/handler.sock")); }));
  nginx_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{"/usr/sbin/nginx", "-c", at("nginx.conf").string()},
      std::map<std::string, std::string>{}, at("logs/nginx.out"));
  ASSERT_TRUE(support::wait_for_port(port_));
  ASSERT_TRUE(support::eventually([&] { return fs::exists(log()); }));
  fs::permissions(at("logs"), fs::perms(0755));
  fs::permissions(log(), fs::perms(0644));
  proxy_ = std::make_unique<support::FaultyProxy>(
      support::FaultyProxy::Between{.server_path = {}, .server_port = rest_port_, .listen_path = {}});
}

std::unique_ptr<ServerProcess> LemonldapServer::fastcgi(const std::string& name,
                                                        const std::string& workers) const {
  std::ofstream(at(name + ".ini"))
      << "[all]\nlogger = Lemonldap::NG::Common::Logger::Std\n"
         "userLogger = Lemonldap::NG::Common::Logger::Std\nlogLevel = notice\ncheckTime = 1\n"
         "localSessionStorage = Cache::FileCache\nlocalSessionStorageOptions = { 'cache_depth' => 3, "
         "'cache_root' => '"
      << at("cache-" + name).string()
      << "', 'default_expires_in' => 1, 'directory_umask' => '007', 'namespace' => 'sessions' }\n"
         "[configuration]\ntype = File\ndirName = "
      << at("conf").string() << "\n[portal]\nstaticPrefix = /static\n"
      << "templateDir = /usr/share/lemonldap-ng/portal/templates\nlanguages = en\n"
      << "[handler]\nuseRedirectOnError = 1\n";
  return std::make_unique<ServerProcess>(
      std::vector<std::string>{"/usr/sbin/llng-fastcgi-server", "--foreground", "-u", "www-data", "-g",
                               "www-data", "-n", workers, "-s", at("run/" + name + ".sock").string(), "-p",
                               at("run/" + name + ".pid").string()},
      std::map<std::string, std::string>{{"LLNG_DEFAULTCONFFILE", at(name + ".ini").string()}},
      at("logs/" + name + ".out"));
}

void LemonldapServer::write_configuration() const {
  const auto storage = [&](const std::string& name) {
    return json{{"Directory", at(name).string()},
                {"LockDirectory", (at(name) / "lock").string()},
                {"generateModule", "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}};
  };
  const std::string private_key = text_of(at("conf/key.pem")), public_key = text_of(at("conf/public.pem"));
  const json conf = {
      {"cfgNum", 1},
      {"cfgAuthor", "test"},
      {"cfgDate", "1627287638"},
      {"authentication", "Demo"},
      {"userDB", "Same"},
      {"passwordDB", "Null"},
      {"registerDB", "Null"},
      {"cookieName", "lemonldap"},
      {"domain", "llng.test"},
      {"portal", issuer() + "/"},
      {"securedCookie", 0},
      {"requireToken", 0},
      {"key", "key of the test"},
      {"timeout", 72000},
      {"demoExportedVars", {{"cn", "cn"}, {"mail", "mail"}, {"uid", "uid"}}},
      {"macros", {{"_whatToTrace", "$uid"}}},
      {"whatToTrace", "_whatToTrace"},
      {"locationRules", {{app, {{"default", "accept"}}}, {portal_host, {{"default", "accept"}}}}},
      {"exportedHeaders", {{app, {{"Auth-User", "$uid"}}}}},
      {"globalStorage", "Apache::Session::File"},
      {"globalStorageOptions", storage("sessions")},
      {"persistentStorage", "Apache::Session::File"},
      {"persistentStorageOptions", storage("psessions")},
      {"handlerInternalCache", 10},
      {"restSessionServer", 1},
      {"portalDisplayRegister", 0},
      {"issuerDBOpenIDConnectActivation", 1},
      {"oidcServiceAllowAuthorizationCodeFlow", 1},
      {"oidcServiceKeyIdSig", "k1"},
      {"oidcServicePrivateKeySig", private_key},
      {"oidcServicePublicKeySig", public_key},
      {"oidcRPMetaDataExportedVars", {{client_id, {{"preferred_username", "uid"}}}}},
      {"oidcRPMetaDataOptions",
       {{client_id,
         {{"oidcRPMetaDataOptionsClientID", client_id},
          {"oidcRPMetaDataOptionsClientSecret", client_secret},
          {"oidcRPMetaDataOptionsRedirectUris", back},
          {"oidcRPMetaDataOptionsBypassConsent", 1},
          {"oidcRPMetaDataOptionsIDTokenSignAlg", "RS256"},
          {"oidcRPMetaDataOptionsRefreshToken", 1},
          {"oidcRPMetaDataOptionsAllowOffline", 1}}}}},
      {"portalSkin", "bootstrap"}};
  std::ofstream(at("conf/lmConf-1.json")) << conf.dump(1);
}

void LemonldapServer::write_nginx() const {
  const std::string here = folder_.string();
  const std::string tmp = at("tmp").string();
  const std::string listens = "listen 127.0.0.1:" + std::to_string(port_) + "; server_name ";
  const std::string portal_places =
      "root /usr/share/lemonldap-ng/portal/htdocs/; if ($uri !~ "
      "^/((static|javascript|favicon).*|.*\\.psgi)) { rewrite ^/(.*)$ "
      "/index.psgi/$1 break; } location ~ ^(?<sc>/.*\\.psgi)(?:$|/) { include /etc/nginx/fastcgi_params; "
      "fastcgi_pass portal; "
      "fastcgi_param HTTP_HOST $http_host; fastcgi_param LLTYPE psgi; fastcgi_param SCRIPT_FILENAME "
      "$document_root$fastcgi_script_name; fastcgi_split_path_info ^(.*\\.psgi)(/.*)$; fastcgi_param "
      "PATH_INFO $fastcgi_path_info; "
      "fastcgi_buffer_size 32k; fastcgi_buffers 32 32k; }";
  std::ofstream(at("nginx.conf"))
      << "user www-data; pid " << here << "/nginx.pid; error_log " << here
      << "/logs/nginx.log; worker_processes 1; daemon off;\n"
      << "events { worker_connections 256; }\nhttp { include /etc/nginx/mime.types;\nclient_body_temp_path "
      << tmp << "/b; proxy_temp_path " << tmp << "/p; fastcgi_temp_path " << tmp << "/f; uwsgi_temp_path "
      << tmp << "/u; scgi_temp_path " << tmp << "/s;\n"
      << R"conf(log_format llng '$time_iso8601 $remote_addr user="$lmremote_user" custom="$lmremote_custom" sess="$cookie_lemonldap" "$request" $status $request_time loc="$sent_http_location" setc="$sent_http_set_cookie" ua="$http_user_agent"';
map $host $empty { default ""; } map $empty $lmremote_user { default ""; } map $empty $lmremote_custom { default ""; }
)conf"
      << "upstream portal { server unix:" << here
      << "/run/portal.sock; } upstream handler { server unix:" << here << "/run/handler.sock; }\naccess_log "
      << log().string() << " llng;\nserver { " << listens << portal_host << "; " << portal_places << " }\n"
      << "server { listen 127.0.0.1:" << rest_port_ << "; access_log off; " << portal_places << " }\n"
      << "server { " << listens << app
      << "; location = /lmauth { internal; access_log off; include /etc/nginx/fastcgi_params; fastcgi_pass "
         "handler; "
         "fastcgi_pass_request_body off; fastcgi_param CONTENT_LENGTH \"\"; fastcgi_param HOST $http_host; "
         "fastcgi_param "
         "X_ORIGINAL_URI $request_uri; fastcgi_param HTTP_HOST $http_host; }\nlocation / { auth_request "
         "/lmauth; auth_request_set "
         "$lmremote_user $upstream_http_lm_remote_user; auth_request_set $lmlocation "
         "$upstream_http_location; error_page 401 "
         "$lmlocation; default_type text/plain; root "
      << here << "/htdocs; } }\n}\n";
}

Client LemonldapServer::signed_in(const std::string& name) {
  Client client(port_);
  (void)client.post("/", "user=" + name + "&password=" + name, portal_host);
  EXPECT_FALSE(client.cookie("lemonldap").empty()) << "the portal does not let " << name << " in";
  EXPECT_TRUE(sees(client));
  return client;
}

bool LemonldapServer::sees(Client& client) { return client.sees("/index.txt", marker, app); }

json LemonldapServer::settings(const std::string& settles_after) const {
  return {{"inputs", {log().string()}},
          {"preset", "lemonldap"},
          {"activity_quantum", "1s"},
          {"arrival_delay", "1s"},
          {"store",
           {{"kind", "lemonldap"},
            {"url", "http://127.0.0.1:" + std::to_string(proxy_->port())},
            {"headers", {{"Host", portal_host}}},
            {"statement_timeout", "2s"},
            {"settles_after", settles_after}}}};
}

}  // namespace curfew::forms_test
