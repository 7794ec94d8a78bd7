// A client that shows who it is by a certificate: what it signs, and what is wrong with which file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "plugins/oauth/client_assertion.hpp"
#include "tests/plugins/oauth_entra/entra_maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

class Certificates : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  // By the program openssl; `how`: of the key.
  void make(const std::string& name, const std::string& how = "rsa:2048",
            const std::string& more = "-days 2") const {
    const std::string command = "openssl req -x509 -newkey " + how + " -nodes -subj /CN=curfew -keyout '" +
                                at(name + ".key") + "' -out '" + at(name + ".pem") + "' " + more +
                                " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream in(at(name));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  [[nodiscard]] json settings(const std::string& name) const {
    return {{"client_secret", nullptr},
            {"client_certificate_file", at(name + ".pem")},
            {"client_key_file", at(name + ".key")}};
  }
  [[nodiscard]] std::string complaint_of(const std::string& certificate, const std::string& key,
                                         plugin::Duration later = 0s) const {
    try {
      const oauth::ClientCertificate one(at(certificate), at(key), wall_clock() + later);
      return {};
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Refused);
      return failure.what();
    }
  }
  support::TemporaryDirectory folder_;
  FakeGraph graph_;
};

TEST_F(Certificates, StandForTheSecret) {
  make("right");
  graph_.set([&](FakeGraph& it) { it.certificate = text_of("right.pem"); });
  (void)graph_.sign_in("alice", {});
  const Made one = made(graph_, settings("right"));
  EXPECT_THAT(all_of(one).sightings, SizeIs(1));
  graph_.revoke_tokens();  // another assertion, with another jti
  (void)graph_.sign_in("bob", {});
  EXPECT_THAT(all_of(one).sightings, SizeIs(1));
  EXPECT_THAT(graph_.complaints(), IsEmpty());
  EXPECT_GE(graph_.asked("/oauth2/v2.0/token"), 2U);
}

TEST_F(Certificates, MayHaveTheirKeyInTheSameFile) {
  make("right");
  graph_.set([&](FakeGraph& it) { it.certificate = text_of("right.pem"); });
  std::ofstream(at("both.pem")) << text_of("right.key") << text_of("right.pem");
  json only = settings("both");
  only.erase("client_key_file");
  (void)graph_.sign_in("alice", {});
  EXPECT_THAT(all_of(made(graph_, only)).sightings, SizeIs(1));
  EXPECT_THAT(graph_.complaints(), IsEmpty());
}

TEST_F(Certificates, ThatAreRenewedAreTakenWithoutARestart) {
  make("used");
  graph_.set([&](FakeGraph& it) { it.certificate = text_of("used.pem"); });
  const Made one = made(graph_, settings("used"));
  (void)all_of(one);
  make("used");
  graph_.set([&](FakeGraph& it) { it.certificate = text_of("used.pem"); });
  graph_.revoke_tokens();
  (void)graph_.sign_in("alice", {});
  EXPECT_THAT(all_of(one).sightings, SizeIs(1));
  EXPECT_THAT(graph_.complaints(), IsEmpty());
}

TEST_F(Certificates, ThatAreNotTheApplicationsAreRefused) {
  make("right");
  make("wrong");
  graph_.set([&](FakeGraph& it) { it.certificate = text_of("right.pem"); });
  const std::string said = complaint(made(graph_, settings("wrong")));
  EXPECT_THAT(said, HasSubstr("invalid_client, AADSTS700027"));
  EXPECT_THAT(said, HasSubstr("is the certificate the application's"));
}

TEST_F(Certificates, AreSaidByFileWhenSomethingIsWrong) {
  make("right");
  make("other");
  make("short", "rsa:1024");
  make("curve", "ec -pkeyopt ec_paramgen_curve:prime256v1");
  std::ofstream(at("empty.pem")) << "nothing\n";
  ASSERT_EQ(std::system(("openssl rsa -aes256 -passout pass:x -in '" + at("right.key") + "' -out '" +
                         at("locked.key") + "' >/dev/null 2>&1")
                            .c_str()),
            0);
  EXPECT_EQ(complaint_of("right.pem", "right.key"), "");
  EXPECT_THAT(complaint_of("none.pem", "right.key"), HasSubstr("none.pem can't be read"));
  EXPECT_THAT(complaint_of("right.pem", "none.key"), HasSubstr("none.key can't be read"));
  EXPECT_THAT(complaint_of("empty.pem", "right.key"), HasSubstr("holds no certificate in PEM"));
  EXPECT_THAT(complaint_of("right.pem", "empty.pem"), HasSubstr("holds no key in PEM"));
  EXPECT_THAT(complaint_of("right.pem", "locked.key"), HasSubstr("without a passphrase"));
  EXPECT_THAT(complaint_of("right.pem", "other.key"), HasSubstr("is not the key of the certificate in"));
  EXPECT_THAT(complaint_of("short.pem", "short.key"), HasSubstr("2048 bits or more"));
  EXPECT_THAT(complaint_of("curve.pem", "curve.key"), HasSubstr("must be an RSA key"));
  EXPECT_THAT(complaint_of("right.pem", "right.key", 72h), HasSubstr("has expired"));
  EXPECT_THAT(complaint_of("right.pem", "right.key", -72h), HasSubstr("is not valid yet"));
}

TEST_F(Certificates, LeaveNothingOfTheKeyInAnyText) {
  make("right");
  graph_.set([&](FakeGraph& it) { it.certificate = "-----BEGIN CERTIFICATE-----\n"; });
  make("wrong");
  graph_.set([&](FakeGraph& it) { it.certificate = text_of("wrong.pem"); });
  const std::string said = complaint(made(graph_, settings("right")));
  EXPECT_THAT(said, Not(HasSubstr("PRIVATE KEY")));
  EXPECT_THAT(said, Not(HasSubstr("client_assertion")));
}

}  // namespace
}  // namespace curfew::entra_test
