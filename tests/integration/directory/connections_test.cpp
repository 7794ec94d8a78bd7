// The ways to a directory, and what is said when there is none: within the limits, and nothing done.
#include <gmock/gmock.h>

#include <chrono>
#include <fstream>

#include "tests/integration/directory/odd_server.hpp"
#include "tests/integration/directory/real_directory.hpp"
#include "tests/support/faulty_proxy.hpp"

namespace curfew::directory_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

class Connections : public RealDirectory {
 protected:
  void SetUp() override {
    RealDirectory::SetUp();
    if (IsSkipped()) return;
    static const bool once = [this] {
      person("conny");
      return true;
    }();
    (void)once;
  }
  plugin::Answer disable_with(const nlohmann::json& more,
                              plugin::Duration patience = std::chrono::seconds(30)) {
    Directory directory(settings(more), "corp-ad");
    directory.start();
    return ask(directory, {.names = {{"upn", "conny@corp.test"}}, .patience = patience});
  }
  void enable_with(const nlohmann::json& more) {
    Directory directory(settings(more), "corp-ad");
    directory.start();
    const auto answer = ask(directory, {.names = {{"upn", "conny@corp.test"}}, .revert = true});
    EXPECT_EQ(answer.code, Code::Ok) << answer.text;
  }
  void expect_untouched() { EXPECT_EQ(attribute(dn_of("conny"), "userAccountControl"), "512"); }
};

TEST_F(Connections, LdapsStartTlsAndKerberosEachDoIt) {
  for (const nlohmann::json& way :
       {nlohmann::json::object(), nlohmann::json{{"servers", {domain().ldap()}}}, by_keytab()}) {
    const auto answer = disable_with(way);
    EXPECT_EQ(answer.code, Code::Ok) << way << ": " << answer.text;
    EXPECT_EQ(attribute(dn_of("conny"), "userAccountControl"), "514") << way;
    enable_with(way);
    expect_untouched();
  }
}

TEST_F(Connections, AWrongCertificateIsRefusedBeforeThePasswordIsSent) {
  const support::Authority other;
  for (const std::string& server : {domain().ldaps(), domain().ldap()}) {
    const auto answer = disable_with({{"servers", {server}}, {"ca_file", other.ca()}});
    EXPECT_EQ(answer.code, Code::Unavailable) << answer.text;
    EXPECT_THAT(answer.text, AllOf(HasSubstr(server), HasSubstr("certificate"))) << answer.text;
  }
  expect_untouched();
}

TEST_F(Connections, ACertificateOfAnotherHostIsRefused) {
  // The same controller at an address that its certificate does not bear.
  const support::FaultyProxy elsewhere({.server_port = 636, .server_address = domain().address()});
  const auto answer = disable_with({{"servers", {"ldaps://127.0.0.1:" + std::to_string(elsewhere.port())}}});
  EXPECT_EQ(answer.code, Code::Unavailable) << answer.text;
  EXPECT_THAT(answer.text, HasSubstr("bears the name")) << answer.text;
  expect_untouched();
}

TEST_F(Connections, AWrongPasswordIsTriedOnceAndSaid) {
  std::ofstream(folder() / "wrong") << "Wrong-Passw0rd\n";
  const std::string file = (folder() / "wrong").string();
  const auto answer =
      disable_with({{"servers", {domain().ldaps(), domain().ldap()}}, {"password_file", file}});
  EXPECT_EQ(answer.code, Code::Refused);
  EXPECT_THAT(answer.text,
              AllOf(HasSubstr("Invalid credentials"), HasSubstr("locked"), Not(HasSubstr("Wrong-Passw0rd"))));
  EXPECT_EQ(attribute(SambaDomain::dn_of(service_account), "badPwdCount"), "1");
  expect_untouched();
}

TEST_F(Connections, AChangedPasswordCountsAsSoonAsItIsInTheFile) {
  Directory directory(settings(), "corp-ad");
  directory.start();
  const Order order{.names = {{"upn", "conny@corp.test"}}};
  domain().set_password(service_account, "An0ther-Passw0rd");
  EXPECT_EQ(ask(directory, order).code, Code::Refused);
  expect_untouched();
  std::ofstream(folder() / "password") << "An0ther-Passw0rd\n";
  EXPECT_EQ(ask(directory, order).code, Code::Ok);
  const auto old_keytab = disable_with(by_keytab());
  EXPECT_EQ(old_keytab.code, Code::Refused) << old_keytab.text;
  EXPECT_THAT(old_keytab.text, HasSubstr("keytab"));
  domain().set_password(service_account, service_password);
  std::ofstream(folder() / "password") << service_password << "\n";
  Order undo = order;
  undo.revert = true;
  EXPECT_EQ(ask(directory, undo).code, Code::Ok);
}

TEST_F(Connections, TheNextServerServesWhereTheFirstDoesNot) {
  const OddServer silent(OddServer::Manner::Silent);
  const std::string down = "ldaps://127.0.0.1:" + std::to_string(support::free_port());
  const std::string mute = "ldaps://127.0.0.1:" + std::to_string(silent.port());
  const nlohmann::json way{{"servers", {down, mute, domain().ldaps()}}, {"timeout", "3s"}};
  const auto answer = disable_with(way);
  EXPECT_EQ(answer.code, Code::Ok) << answer.text;
  EXPECT_GT(silent.connections(), 0);
  enable_with(way);
}

TEST_F(Connections, ServersThatAreNoGoodCostNoMoreThanTheirTime) {
  const OddServer silent(OddServer::Manner::Silent);
  const OddServer half(OddServer::Manner::HalfAnAnswer);
  const std::string down = std::to_string(support::free_port());
  const auto at = [](const char* scheme, const std::string& port) {
    return std::string(scheme) + "127.0.0.1:" + port;
  };
  for (const std::string& server :
       {at("ldaps://", down), at("ldap://", down), at("ldaps://", std::to_string(silent.port())),
        at("ldap://", std::to_string(silent.port())), at("ldap://", std::to_string(half.port()))}) {
    const auto from = Clock::now();
    const auto answer = disable_with({{"servers", {server}}, {"timeout", "700ms"}}, std::chrono::seconds(4));
    const auto taken = Clock::now() - from;
    EXPECT_EQ(answer.code, Code::Unavailable) << server << ": " << answer.text;
    EXPECT_THAT(answer.text, HasSubstr(server));
    EXPECT_LT(taken, std::chrono::seconds(4)) << server;
  }
  nlohmann::json kerberos = by_keytab();
  kerberos["servers"] = {at("ldap://", std::to_string(half.port()))};
  kerberos["timeout"] = "700ms";
  const auto answer = disable_with(kerberos, std::chrono::seconds(4));
  EXPECT_NE(answer.code, Code::Ok) << answer.text;
  expect_untouched();
}

TEST_F(Connections, AnAnswerThatDoesNotComeToAChangeLeavesItToBeUndone) {
  support::FaultyProxy between({.server_port = 389, .server_address = domain().address()});
  nlohmann::json way = by_keytab();
  // Kerberos knows the controller by its own address; a proxy's needs a name of its own.
  domain().change("dn: CN=DC1,OU=Domain Controllers," + SambaDomain::base +
                  "\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: ldap/127.0.0.1\n");
  way["servers"] = {"ldap://127.0.0.1:" + std::to_string(between.port())};
  way["timeout"] = "2s";
  const auto whole = disable_with(way);
  ASSERT_EQ(whole.code, Code::Ok) << whole.text;
  enable_with(way);
  const std::size_t bytes = between.passed();
  // Cut at each place of the conversation: whatever is answered, an accepted order can be undone, and what
  // was refused has not happened.
  int done = 0, refused = 0;
  for (std::size_t at = bytes / 12; at < bytes / 2 + bytes / 12; at += bytes / 24) {
    between.answers(support::Answers::Cut, at);
    Directory directory(settings(way), "corp-ad");
    directory.start();
    const auto answer =
        ask(directory, {.names = {{"upn", "conny@corp.test"}}, .patience = std::chrono::milliseconds(1200)});
    between.answers(support::Answers::Pass);
    if (answer.code == Code::Ok) {
      ++done;
      const auto undone = ask(directory, {.names = {{"upn", "conny@corp.test"}}, .revert = true});
      EXPECT_TRUE(undone.code == Code::Ok || undone.code == Code::NotFound) << undone.text;
    } else {
      ++refused;
      EXPECT_EQ(answer.code, Code::Unavailable) << at << ": " << answer.text;
    }
    expect_untouched();
  }
  EXPECT_GT(done, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(Connections, WhatTheDirectoryCannotSayProvesNothing) {
  Directory directory(settings({{"ticket_lifetime", "1s"}, {"clock_skew", "0s"}}), "corp-ad");
  directory.start();
  plugin::Probe probe;
  probe.session.bytes[0] = 9;
  EXPECT_THROW((void)directory.prove(probe), plugin::Failure);
  Directory plain(settings({{"journal", (folder() / "plain").string()}}), "corp-ad");
  plain.start();
  EXPECT_THROW((void)plain.prove(probe), plugin::Failure);
}

}  // namespace
}  // namespace curfew::directory_test
