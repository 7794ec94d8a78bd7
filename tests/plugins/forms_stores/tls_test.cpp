// TLS between the stores and real servers: only the right certificate for the right name is trusted, a
// certificate of ours is shown where one is configured, and what is wrong is said without the password.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "plugins/forms/stores/store.hpp"
#include "tests/plugins/forms_stores/databases.hpp"
#include "tests/plugins/forms_stores/mariadb_server.hpp"
#include "tests/plugins/forms_stores/name_service.hpp"
#include "tests/plugins/forms_stores/postgresql_server.hpp"
#include "tests/support/authority.hpp"
#include "tests/support/forms_app/forms_app.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::forms_test {
namespace {

using forms::Found;
using forms::make_store;
using nlohmann::json;
using plugin::Failure;
using plugin::Liveness;
using support::Authority;
using support::Certificate;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* password = "looker's password";
constexpr const char* name = "db.corp.test";

// A server that can be told which certificate to show, and how a store gets there.
class Server {
 public:
  Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  virtual ~Server() = default;
  virtual void serve(const Certificate* certificate) = 0;
  [[nodiscard]] virtual std::string address() const = 0;
  [[nodiscard]] virtual json settings() const = 0;
};

class Postgresql final : public Server {
 public:
  explicit Postgresql(const std::string& client_ca) : server_(client_ca) {}
  void serve(const Certificate* certificate) override { server_.serve(certificate); }
  [[nodiscard]] std::string address() const override { return server_.address(); }
  [[nodiscard]] json settings() const override { return {{"kind", "postgresql"}, {"database", "postgres"}}; }

 private:
  PostgresqlServer server_;
};

class Mariadb final : public Server {
 public:
  explicit Mariadb(std::string client_ca) : client_ca_(std::move(client_ca)) {}
  void serve(const Certificate* certificate) override {
    server_.reset();
    port_ = support::free_port();
    std::vector<std::string> words{"--bind-address=127.0.0.1", "--port=" + std::to_string(port_)};
    if (certificate != nullptr) {
      words.push_back("--ssl-ca=" + client_ca_);
      words.push_back("--ssl-cert=" + certificate->certificate);
      words.push_back("--ssl-key=" + certificate->key);
    }
    server_ = std::make_unique<MariadbServer>(words);
    server_->run(
        "CREATE DATABASE crm; CREATE TABLE crm.app_session (id varchar(9)); "
        "CREATE USER looker IDENTIFIED BY 'looker''s password'; "
        "CREATE USER certified IDENTIFIED BY 'looker''s password' REQUIRE X509; "
        "GRANT SELECT ON crm.* TO looker; GRANT SELECT ON crm.* TO certified");
  }
  [[nodiscard]] std::string address() const override { return "127.0.0.1"; }
  [[nodiscard]] json settings() const override {
    return {{"kind", "mariadb"}, {"database", "crm"}, {"port", port_}};
  }

 private:
  std::string client_ca_;
  int port_ = 0;
  std::unique_ptr<MariadbServer> server_;
};

// Started once for all tests: a server takes its time.
struct Servers {
  Authority servers, clients, strangers;
  std::unique_ptr<Server> postgresql = std::make_unique<Postgresql>(clients.ca());
  std::unique_ptr<Server> mariadb =
      MariadbServer::is_installed() ? std::make_unique<Mariadb>(clients.ca()) : nullptr;
};

class DatabaseOverTls : public testing::TestWithParam<Kind> {
 protected:
  static void TearDownTestSuite() { shared_.reset(); }
  void SetUp() override {
    if (!shared_) shared_ = std::make_unique<Servers>();
    server_ = GetParam() == Kind::Postgresql ? shared_->postgresql.get() : shared_->mariadb.get();
    if (server_ == nullptr) GTEST_SKIP() << "mariadb-server is not installed";
  }
  // As `looker`, trusting `servers_`, unless `more` says otherwise.
  Found ask(const json& more = json::object()) {
    names_.says(name, server_->address());
    json settings = server_->settings();
    settings.update({{"host", name},
                     {"user", "looker"},
                     {"password", password},
                     {"ca_file", shared_->servers.ca()},
                     {"statement_timeout", "5s"},
                     {"prove", "SELECT 1 FROM app_session WHERE id = {session}"}});
    settings.update(more);
    const Found found = make_store(settings.dump())->prove({.id = "gone", .subject = {}}, in(10s));
    EXPECT_THAT(found.text, Not(HasSubstr(password)));
    return found;
  }

  static inline std::unique_ptr<Servers> shared_;
  NameService names_;
  Server* server_ = nullptr;
};

TEST_P(DatabaseOverTls, TheRightCertificateForTheRightNameIsTrusted) {
  const Certificate right = shared_->servers.issue(std::string("DNS:") + name);
  server_->serve(&right);
  const Found found = ask();
  EXPECT_EQ(found.liveness, Liveness::Dead) << found.text;
  // And on this machine too, where it is asked for; the certificate says nothing of the address.
  const Found near = ask({{"host", server_->address()}, {"tls", "verify"}});
  EXPECT_EQ(near.liveness, Liveness::Unknown);
  EXPECT_THAT(near.text, AnyOf(HasSubstr("does not match host name"), HasSubstr("ertificate"))) << near.text;

  const Found stranger = ask({{"ca_file", shared_->strangers.ca()}});
  EXPECT_EQ(stranger.liveness, Liveness::Unknown);
  EXPECT_THAT(stranger.text, HasSubstr("certificate")) << stranger.text;
  EXPECT_THAT(stranger.text, HasSubstr("TLS"));

  // The system's CAs know nothing of the test's.
  json without = {{"ca_file", ""}};
  EXPECT_EQ(ask(without).liveness, Liveness::Unknown);
}

TEST_P(DatabaseOverTls, AnotherHostsCertificateIsRefused) {
  const Certificate other = shared_->servers.issue("DNS:other.corp.test");
  server_->serve(&other);
  const Found found = ask();
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, AnyOf(HasSubstr("does not match host name"), HasSubstr("ertificate")))
      << found.text;
}

TEST_P(DatabaseOverTls, AServerWithoutTlsIsRefused) {
  server_->serve(nullptr);
  const Found found = ask();
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, AnyOf(HasSubstr("SSL"), HasSubstr("TLS"))) << found.text;
  // It is there, and lets in who asks for no TLS.
  const Found plain = ask({{"tls", "off"}, {"plain_beyond_loopback", true}, {"ca_file", ""}});
  EXPECT_EQ(plain.liveness, Liveness::Dead) << plain.text;
}

TEST_P(DatabaseOverTls, ACertificateOfOursIsShownWhereOneIsConfigured) {
  const Certificate right = shared_->servers.issue(std::string("DNS:") + name);
  server_->serve(&right);
  const Certificate ours = shared_->clients.issue("DNS:curfew.corp.test");
  const Certificate foreign = shared_->strangers.issue("DNS:curfew.corp.test");
  const auto shown = [](const Certificate& one) {
    return json{{"user", "certified"}, {"certificate_file", one.certificate}, {"key_file", one.key}};
  };
  const Found found = ask(shown(ours));
  EXPECT_EQ(found.liveness, Liveness::Dead) << found.text;
  EXPECT_EQ(ask({{"user", "certified"}}).liveness, Liveness::Unknown);
  EXPECT_EQ(ask(shown(foreign)).liveness, Liveness::Unknown);
}

INSTANTIATE_TEST_SUITE_P(Databases, DatabaseOverTls, testing::Values(Kind::Postgresql, Kind::Mariadb),
                         [](const auto& one) {
                           return one.param == Kind::Postgresql ? "Postgresql" : "Mariadb";
                         });

class HttpOverTls : public testing::Test {
 protected:
  // Both kinds, at a server that shows `certificate`; they agree.
  Found ask(const Certificate& certificate, const std::string& ca) {
    const forms_app::FormsApp app({.people = {{"alice", "pw"}},
                                   .admin_token = "token of the test",
                                   .certificate = certificate.certificate,
                                   .key = certificate.key});
    names_.says(name, "127.0.0.1");
    json settings = {{"kind", "http"},
                     {"url", "https://" + std::string(name) + ":" + std::to_string(app.port()) + "/admin"},
                     {"secret", "token of the test"},
                     {"headers", {{"Authorization", "Bearer {secret}"}}}};
    if (!ca.empty()) settings["ca_file"] = ca;
    json lemonldap = settings;
    lemonldap["kind"] = "lemonldap";
    lemonldap["settles_after"] = "15s";
    settings["calls"]["prove"] = {{"path", "/sessions/{session}"},
                                  {"alive", {{"json", {{"/state", "active"}}}}},
                                  {"dead", {{"json", {{"/state", "none"}}}}}};
    const Found found = make_store(settings.dump())->prove({.id = "gone", .subject = {}}, in(5s));
    EXPECT_THAT(found.text, Not(HasSubstr("token of the test")));
    const std::uint64_t calls = app.admin_calls();
    EXPECT_EQ(calls, found.liveness == Liveness::Dead ? 1U : 0U) << "no call goes to who isn't trusted";
    const Found portal = make_store(lemonldap.dump())->prove({.id = "abcd", .subject = {}}, in(5s));
    EXPECT_EQ(portal.liveness, Liveness::Unknown);
    EXPECT_THAT(portal.text, Not(HasSubstr("token of the test")));
    EXPECT_EQ(app.admin_calls() > calls, calls > 0) << portal.text;
    if (calls == 0) {
      EXPECT_THAT(portal.text, HasSubstr("TLS"));
    }
    return found;
  }

  Authority servers_, strangers_;
  NameService names_;
};

TEST_F(HttpOverTls, OnlyTheRightCertificateForTheRightNameIsHeard) {
  const Certificate right = servers_.issue("DNS:db.corp.test");
  EXPECT_EQ(ask(right, servers_.ca()).liveness, Liveness::Dead);
  const Found system = ask(right, "");
  EXPECT_EQ(system.liveness, Liveness::Unknown);
  EXPECT_THAT(system.text, HasSubstr("check ca_file and the name"));
  EXPECT_THAT(ask(right, strangers_.ca()).text, HasSubstr("no TLS that can be trusted"));
  EXPECT_THAT(ask(servers_.issue("DNS:other.corp.test"), servers_.ca()).text,
              HasSubstr("no TLS that can be trusted"));
}

TEST_F(HttpOverTls, AServerThatSpeaksNoTlsIsNotAskedInTheClear) {
  const forms_app::FormsApp app({.people = {{"alice", "pw"}}, .admin_token = "token of the test"});
  names_.says(name, "127.0.0.1");
  const json settings = {
      {"kind", "http"},
      {"url", "https://" + std::string(name) + ":" + std::to_string(app.port()) + "/admin"},
      {"ca_file", servers_.ca()},
      {"calls",
       {{"prove",
         {{"path", "/sessions/{session}"},
          {"alive", {{"json", {{"/state", "active"}}}}},
          {"dead", {{"json", {{"/state", "none"}}}}}}}}}};
  const Found found = make_store(settings.dump())->prove({.id = "gone", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, Not(testing::IsEmpty()));
  EXPECT_EQ(app.admin_calls(), 0U);
}

TEST(TlsSettings, FilesThatAreNotThereAreToldBeforeAnybodyConnects) {
  const Authority authority;
  const Certificate ours = authority.issue("DNS:curfew.corp.test");
  const auto wrong = [](const json& more, const std::string& host) -> std::string {
    json settings = {{"kind", "postgresql"},
                     {"host", host},
                     {"database", "crm"},
                     {"user", "curfew"},
                     {"preset", "django"}};
    settings.update(more);
    try {
      (void)make_store(settings.dump());
      return "nothing";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Invalid);
      return failure.what();
    }
  };
  EXPECT_EQ(wrong({{"certificate_file", ours.certificate}, {"key_file", ours.key}}, name), "nothing");
  EXPECT_THAT(wrong({{"ca_file", "/nowhere.pem"}}, name),
              HasSubstr("store.ca_file: /nowhere.pem can't be read"));
  EXPECT_THAT(wrong({{"certificate_file", ours.certificate}}, name), HasSubstr("store.key_file is missing"));
  EXPECT_THAT(wrong({{"key_file", ours.key}}, name), HasSubstr("store.certificate_file is missing"));
  EXPECT_THAT(wrong({{"certificate_file", "/nowhere.pem"}, {"key_file", ours.key}}, name),
              HasSubstr("store.certificate_file: /nowhere.pem"));
  EXPECT_THAT(wrong({{"ca_file", authority.ca()}}, "127.0.0.1"), HasSubstr("say tls: verify"));
}

}  // namespace
}  // namespace curfew::forms_test
