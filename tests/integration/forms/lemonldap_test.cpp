// LemonLDAP::NG: a deleted session works on behind a handler with a cache for some seconds, and nothing is
// proven without its session server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/forms/forms_daemon.hpp"
#include "tests/integration/forms/lemonldap_server.hpp"

namespace curfew::forms_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;

class Lemonldap : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = LemonldapServer::why_not(); !why.empty()) GTEST_SKIP() << why;
    server_.start();
  }

  FormsDaemon curfew_;
  LemonldapServer server_{curfew_.folder()};
};

TEST_F(Lemonldap, ADeletedSessionThatWorksOnInTheHandlersCacheIsAliveUntilItDoesNot) {
  curfew_.begin(
      server_.settings("13s"), "rule: session_timeout\n    limit: 1s",
      "[{action: sign_out_session, prove_within: 6s}, {action: sign_out_subject, prove_within: 40s}]");
  // LemonLDAP::NG answers alike for who is gone and for a storage that is: somebody else has to be there.
  Client other = server_.signed_in("rtyler");
  Client dwho = server_.signed_in("dwho");
  bool worked_after_the_delete = false;
  json row;
  ASSERT_TRUE(curfew_.daemon().until([&] {
    const bool is_deleted = !fs::exists(server_.at("sessions/" + dwho.cookie("lemonldap")));
    const bool is_in = LemonldapServer::sees(dwho);
    worked_after_the_delete |= is_deleted && is_in;
    for (const json& one : curfew_.sign_outs()) {
      if (one["outcome"] == "proven" && !one["concluded_at"].is_null()) row = one;
    }
    return !row.is_null();
  })) << curfew_.sign_outs().dump(2)
      << curfew_.daemon().log();
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive", "proven")) << row.dump(2);
  EXPECT_TRUE(worked_after_the_delete);
  EXPECT_FALSE(LemonldapServer::sees(dwho));
}

TEST_F(Lemonldap, WithItsSessionServerCutOffNothingIsProvenAndTheSessionWorksOn) {
  server_.proxy().answers(support::Answers::Cut, 0);
  curfew_.begin(
      server_.settings("1s"), "rule: session_timeout\n    limit: 1s",
      "[{action: sign_out_session, prove_within: 2s}, {action: sign_out_subject, prove_within: 2s}]");
  Client dwho = server_.signed_in("dwho");
  const json row = curfew_.concluded();
  ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  EXPECT_NE(row["outcome"], "proven");
  EXPECT_TRUE(LemonldapServer::sees(dwho));
}

}  // namespace
}  // namespace curfew::forms_test
