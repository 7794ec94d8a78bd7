// Listeners with TLS: certificates made for the test, real handshakes.
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/X509Certificate.h>
#include <openssl/ssl.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/base/error.hpp"
#include "running_server.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::api {
namespace {

namespace fs = std::filesystem;

class WithTls : public RunningServer {
 protected:
  void TearDown() override {
    if (operator_) operator_->stop();  // before its certificate goes
  }
  // A certificate by `issuer` ("" : by itself), as NAME.pem and NAME.key.
  void make(const std::string& name, const std::string& issuer = {}, const std::string& days = "2") {
    const std::string at = folder_.path().string() + "/";
    const std::string common =
        " -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + at + name + ".key ";
    const std::string quiet = " >/dev/null 2>&1";
    if (issuer.empty()) {
      run("openssl req -x509 -days " + days + common + "-out " + at + name + ".pem" + quiet);
    } else {
      run("openssl req" + common + "-out " + at + name + ".csr" + quiet);
      run("openssl x509 -req -in " + at + name + ".csr -CA " + at + issuer + ".pem -CAkey " + at + issuer +
          ".key -CAcreateserial -days " + days + " -out " + at + name + ".pem" + quiet);
    }
  }
  static void run(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }
  [[nodiscard]] std::string path(const std::string& file) const { return (folder_.path() / file).string(); }
  [[nodiscard]] TlsFiles files(const std::string& name, const std::string& client_ca = {}) const {
    return {.certificate = path(name + ".pem"),
            .key = path(name + ".key"),
            .client_ca = client_ca.empty() ? std::string{} : path(client_ca + ".pem")};
  }
  static Error blame(const std::string& key, const std::string& text) {
    return {ErrorKind::Configuration, key + ": " + text};
  }
  static std::string fault_of(const TlsFiles& files) {
    try {
      const Tls tls(files, blame);
      return "none";
    } catch (const Error& error) {
      return error.what();
    }
  }
  const Server& start_with(const TlsFiles& files) {
    std::signal(SIGPIPE, SIG_IGN);
    tls_.emplace(files, blame);
    ServerSettings settings;
    settings.tls = &*tls_;
    return start_operator(settings);
  }
  // "200", and whose certificate answered; throws when the handshake fails.
  std::string answer(const std::string& ca, const std::string& client = {}, int most = 0) {
    Poco::Net::Context::Params parameters;
    parameters.caLocation = path(ca + ".pem");
    parameters.loadDefaultCAs = false;
    parameters.verificationMode = Poco::Net::Context::VERIFY_STRICT;
    if (!client.empty()) {
      parameters.certificateFile = path(client + ".pem");
      parameters.privateKeyFile = path(client + ".key");
    }
    Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, parameters);
    context->enableExtendedCertificateVerification(false);  // the name: not what is tested
    if (most != 0) SSL_CTX_set_max_proto_version(context->sslContext(), most);
    Poco::Net::HTTPSClientSession session("127.0.0.1", operator_->port(), context);
    session.setTimeout(Poco::Timespan(20, 0));
    Poco::Net::HTTPRequest request("GET", "/healthz", Poco::Net::HTTPMessage::HTTP_1_1);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    session.receiveResponse(response);
    return std::to_string(response.getStatus()) + " " + session.serverCertificate().commonName();
  }
  support::TemporaryDirectory folder_;
  std::optional<Tls> tls_;
};

TEST_F(WithTls, RequestsAreAnsweredAndPlainOnesAreNot) {
  make("server");
  const Server& server = start_with(files("server"));
  EXPECT_EQ(answer("server"), "200 server");
  EXPECT_THROW((void)ask(server, "GET", "/healthz"), Poco::Net::NetException);
  EXPECT_EQ(answer("server"), "200 server") << "a plain client must not harm others";
}

TEST_F(WithTls, NothingOlderThanTls12IsSpoken) {
  make("server");
  start_with(files("server"));
  EXPECT_EQ(answer("server", {}, TLS1_2_VERSION), "200 server");
  EXPECT_THROW(answer("server", {}, TLS1_1_VERSION), Poco::Exception);
}

TEST_F(WithTls, WhereAClientCaIsNamedOnlyItsClientsComeIn) {
  make("server");
  make("ca");
  make("other-ca");
  make("agent", "ca");
  make("stranger", "other-ca");
  const Server& server = start_with(files("server", "ca"));
  EXPECT_EQ(answer("server", "agent"), "200 server");
  EXPECT_THROW(answer("server"), Poco::Exception);
  EXPECT_THROW(answer("server", "stranger"), Poco::Exception);
  // A client hears of its refusal before the server's thread has counted it.
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (server.connections().tls_failures() < 2 && std::chrono::steady_clock::now() < limit)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(server.connections().tls_failures(), 2U);
  EXPECT_EQ(answer("server", "agent"), "200 server");
}

TEST_F(WithTls, ARenewedCertificateIsServedWithoutARestart) {
  make("server");
  make("renewed");
  start_with(files("server"));
  EXPECT_EQ(answer("server"), "200 server");
  fs::copy(path("renewed.pem"), path("server.pem"), fs::copy_options::overwrite_existing);
  fs::copy(path("renewed.key"), path("server.key"), fs::copy_options::overwrite_existing);
  tls_->reload(blame);
  EXPECT_EQ(answer("renewed"), "200 renewed");
  // Half a renewal keeps the old one in use.
  make("third");
  fs::copy(path("third.pem"), path("server.pem"), fs::copy_options::overwrite_existing);
  EXPECT_THROW(tls_->reload(blame), Error);
  EXPECT_EQ(answer("renewed"), "200 renewed");
}

TEST_F(WithTls, WhatIsWrongWithAFileIsSaidOfItsKey) {
  make("server");
  make("other");
  make("ca");
  make("expired", "ca", "-1");
  const auto starts = [](const std::string& text, const std::string& with) {
    EXPECT_EQ(text.substr(0, with.size()), with) << text;
  };
  TlsFiles wrong_key = files("server");
  wrong_key.key = path("other.key");
  starts(fault_of(wrong_key), "tls_key: " + path("other.key") + " is not the key of the certificate in ");
  starts(fault_of(files("expired")), "tls_certificate: " + path("expired.pem") + " expired on ");
  TlsFiles missing = files("server");
  missing.certificate = path("nothing.pem");
  starts(fault_of(missing), "tls_certificate: " + path("nothing.pem") + " can't be read: No such file");
  std::ofstream(path("garbage.pem")) << "no certificate\n";
  starts(fault_of(files("garbage")), "tls_certificate: " + path("garbage.pem") + " holds no PEM certificate");
  TlsFiles swapped = files("server");
  swapped.key = path("server.pem");
  starts(fault_of(swapped), "tls_key: " + path("server.pem") + " holds no private key that can be used");
  run("openssl rsa -aes128 -passout pass:secret -in " + path("server.key") + " -out " + path("locked.key") +
      " >/dev/null 2>&1");
  TlsFiles locked = files("server");
  locked.key = path("locked.key");
  starts(fault_of(locked), "tls_key: " + path("locked.key") + " holds no private key that can be used");
  starts(fault_of(files("server", "garbage")),
         "tls_client_ca: " + path("garbage.pem") + " holds no PEM certificate");
}

}  // namespace
}  // namespace curfew::api
