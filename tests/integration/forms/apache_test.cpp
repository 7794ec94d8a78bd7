// Apache with mod_auth_form and mod_session_dbd on PostgreSQL, as packaged. It is inactivity that ends the
// session here, of which five minutes are the least: the server's clock is six minutes behind while alice
// uses it, and right again when it is started anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/integration/forms/forms_daemon.hpp"
#include "tests/support/form_apache.hpp"
#include "tests/support/movable_clock.hpp"

namespace curfew::forms_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using support::FormApache;
using support::MovableClock;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string& marker = FormApache::marker;

class Apache : public testing::Test {
 protected:
  void SetUp() override {
    if (const fs::path missing = FormApache::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    if (!fs::exists(MovableClock::library())) GTEST_SKIP() << "faketime is not installed";
    apache_.emplace(folder());
    clock_.emplace(folder());
  }

  void start(bool six_minutes_behind) {
    clock_->ahead(std::chrono::minutes(six_minutes_behind ? -6 : 0));
    apache_->start(clock_->environment());
  }

  Client signed_in(const std::string& name) {
    Client client(apache_->port());
    const Page page = client.post("/dologin", FormApache::credentials(name));
    EXPECT_THAT(page.location, HasSubstr("/app/index.html"));
    EXPECT_TRUE(client.sees("/app/index.html", marker));
    return client;
  }

  json settings() { return apache_->connector_settings(); }
  std::int64_t rows(const Client& client) { return apache_->rows(client.cookie("session")); }

  [[nodiscard]] fs::path folder() const { return curfew_.folder(); }

  FormsDaemon curfew_;
  std::optional<FormApache> apache_;
  std::optional<MovableClock> clock_;
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
  apache_->between_curfew_and_database().answers(support::Answers::Cut, 0);
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
  EXPECT_EQ(apache_->database()
                .query("SELECT count(*) FROM session WHERE value LIKE '%alice-pw%'", {})
                .number(0, 0),
            1);
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
