// Signed in, idle, warned, signed out: what a person sees of it in a real browser over HTTPS, and what is
// left of the session in the application, for Curfew and for somebody who took the cookie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/integration/browser/stack.hpp"

namespace curfew::browser_test {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using support::FormApache;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string& marker = FormApache::marker;
const std::string why_idle = "You were signed out because you had not been active for a while.";
const std::string bar = "You will be signed out in ";

const std::string idle = "rule: inactivity_timeout\n    limit: 5m\n    warn_before: 2m";
const std::string longest = "rule: session_timeout\n    limit: 10m\n    warn_before: 5m";

class InTheBrowser : public testing::Test {
 protected:
  explicit InTheBrowser(const std::string& rule = idle) : rule_(rule) {}
  void SetUp() override {
    if (const auto missing = Stack::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    stack_.emplace(rule_);
    browser_ = stack_->browser();
    stack_->sign_in(*browser_);
    ASSERT_TRUE(browser_->comes_to_show(marker)) << browser_->address() << "\n" << browser_->dom();
    cookie_ = browser_->cookie("session");
    ASSERT_EQ(stack_->rows(cookie_), 1);
    // Of other people: somebody's session has to be there for a proof that one isn't.
    ASSERT_TRUE(stack_->curfew().until_live(1)) << stack_->curfew().daemon().log();
  }

  void TearDown() override {
    if (HasFailure() && stack_) std::fprintf(stderr, "%s\n", stack_->logs().c_str());
  }

  // Minutes go by in which nobody touches anything, until Curfew says so.
  void be_idle() {
    stack_->pass(minutes(6));
    ASSERT_FALSE(stack_->curfew().first({"proven"}).is_null())
        << stack_->curfew().sign_outs().dump(2) << stack_->curfew().sessions().dump(2)
        << stack_->curfew().daemon().log();
  }

  void expect_nothing_of_it(const std::string& when) {
    EXPECT_THAT(browser_->text(), Not(HasSubstr(marker))) << when;
    EXPECT_TRUE(browser_->comes_to_show_other_than(marker)) << when;
    EXPECT_THAT(browser_->dom(), Not(HasSubstr(marker))) << when;
  }

  // Wherever one goes from here in the tab's history, and back again.
  void expect_nothing_in_the_history(int steps) {
    for (int i = 1; i <= steps; ++i) {
      browser_->back();
      expect_nothing_of_it("Back " + std::to_string(i) + " to " + browser_->address());
    }
    for (int i = 1; i <= steps; ++i) {
      browser_->forward();
      expect_nothing_of_it("Forward " + std::to_string(i) + " to " + browser_->address());
    }
    browser_->refresh();
    expect_nothing_of_it("Refresh of " + browser_->address());
  }

  void restart_browser() {
    browser_.reset();
    browser_ = stack_->browser(true);
  }

  const std::string rule_;
  std::optional<Stack> stack_;
  std::unique_ptr<Browser> browser_;
  std::string cookie_;
};

TEST_F(InTheBrowser, WhoStaysIsWarnedAndWorksOn) {
  stack_->pass(seconds(210));
  ASSERT_TRUE(browser_->comes_to_show(bar)) << browser_->text();
  EXPECT_THAT(browser_->text(), HasSubstr(marker)) << "the page is still there";
  const std::string first = browser_->text();
  EXPECT_TRUE(browser_->comes_to_hide(first)) << "it counts down";
  Stack::keep_picture(*browser_, "warning");
  browser_->resize(360, 640);
  Stack::keep_picture(*browser_, "warning-narrow");
  browser_->click("#curfew-warning button");
  EXPECT_TRUE(browser_->comes_to_hide(bar)) << browser_->text();
  // Seven minutes after the last page: only the button kept the session.
  stack_->pass(seconds(210));
  ASSERT_TRUE(browser_->comes_to_show(bar)) << browser_->text();
  browser_->click("#next");
  EXPECT_TRUE(browser_->comes_to_show(marker));
  EXPECT_THAT(browser_->address(), HasSubstr("/app/second.html"));
  EXPECT_TRUE(stack_->curfew().sign_outs().empty()) << stack_->curfew().sign_outs().dump(2);
}

class AtTheLongestDuration : public InTheBrowser {
 protected:
  AtTheLongestDuration() : InTheBrowser(longest) {}
};

TEST_F(AtTheLongestDuration, TheBarSaysThatNoClickHelps) {
  stack_->pass(minutes(7));
  ASSERT_TRUE(browser_->comes_to_show(bar)) << browser_->text();
  browser_->click("#curfew-warning button");
  EXPECT_TRUE(browser_->comes_to_show("You can't stay longer: save your work now.")) << browser_->text();
  EXPECT_THAT(browser_->text(), HasSubstr(bar));
  EXPECT_THAT(browser_->text(), HasSubstr(marker));
  browser_->resize(360, 640);
  Stack::keep_picture(*browser_, "no-stay-narrow");
  stack_->pass(minutes(4));
  EXPECT_TRUE(browser_->comes_to_show("your session had reached its longest duration")) << browser_->text();
  expect_nothing_of_it("signed out");
}

TEST_F(InTheBrowser, WhoDoesNothingIsSignedOutAndNothingShowsThePageAgain) {
  browser_->click("#next");
  ASSERT_TRUE(browser_->comes_to_show("Back to the first"));
  stack_->pass(seconds(210));
  ASSERT_TRUE(browser_->comes_to_show(bar)) << browser_->text();
  stack_->pass(seconds(150));
  // Nobody touches anything, and it leads there.
  ASSERT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  EXPECT_EQ(browser_->address(), stack_->url("/curfew/signed-out?reason=idle_timeout"));
  expect_nothing_of_it("signed out");
  Stack::keep_picture(*browser_, "signed-out");
  browser_->resize(360, 640);
  Stack::keep_picture(*browser_, "signed-out-narrow");

  const json row = stack_->curfew().first({"proven"});
  ASSERT_FALSE(row.is_null()) << stack_->curfew().sign_outs().dump(2) << stack_->curfew().daemon().log();
  EXPECT_THAT(forms_test::verdicts(row), ElementsAre("proven")) << row.dump(2);
  EXPECT_EQ(stack_->rows(cookie_), 0);
  EXPECT_FALSE(stack_->application_shows_marker_to(cookie_)) << "Apache itself takes the cookie";
  // Now that it is decided, not only due.
  browser_->refresh();
  EXPECT_EQ(browser_->cookie("session"), "") << "the browser was told to forget it";

  expect_nothing_in_the_history(1);
  restart_browser();
  EXPECT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  expect_nothing_of_it("a restored tab");
  expect_nothing_in_the_history(1);
}

TEST_F(InTheBrowser, ATabThatWasClosedBeforeTheSignOutComesBackEmpty) {
  browser_->click("#next");
  ASSERT_TRUE(browser_->comes_to_show("Back to the first"));
  browser_.reset();
  be_idle();
  browser_ = stack_->browser(true);
  EXPECT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  EXPECT_EQ(browser_->address(), stack_->url("/app/second.html")) << "it was restored";
  expect_nothing_of_it("a restored tab");
  expect_nothing_in_the_history(1);
}

TEST_F(InTheBrowser, WithoutTheScriptThePageStaysUntilTheNextClick) {
  browser_->open(stack_->url("/app/plain.html"));
  browser_->click("#next");
  ASSERT_THAT(browser_->address(), HasSubstr("/app/other.html"));
  be_idle();
  EXPECT_THAT(browser_->text(), HasSubstr(marker)) << "nothing on it asks anybody";
  browser_->click("#next");
  EXPECT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  EXPECT_THAT(browser_->address(), HasSubstr("/app/plain.html"));
  expect_nothing_of_it("the next click");
  EXPECT_EQ(browser_->cookie("session"), "");
  Stack::keep_picture(*browser_, "refused");
  expect_nothing_in_the_history(3);
  restart_browser();
  expect_nothing_of_it("a restored tab");
}

TEST_F(InTheBrowser, BackWithoutAClickIsRefusedToo) {
  browser_->open(stack_->url("/app/plain.html"));
  browser_->click("#next");
  be_idle();
  browser_->back();
  EXPECT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  expect_nothing_of_it("Back");
  browser_->forward();
  expect_nothing_of_it("Forward");
}

TEST_F(InTheBrowser, AllTabsAreToldWhenOneIs) {
  const std::string first = browser_->tabs().front();
  browser_->new_tab();
  browser_->open(stack_->url("/app/second.html"));
  ASSERT_TRUE(browser_->comes_to_show(marker));
  stack_->pass(minutes(6));
  EXPECT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  browser_->show_tab(first);
  EXPECT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  expect_nothing_of_it("the other tab");
}

TEST_F(InTheBrowser, ACookieThatAnotherClientReplaysIsRefusedAndFoundWithItsCause) {
  stack_->pass(minutes(6));
  ASSERT_TRUE(browser_->comes_to_show(why_idle)) << browser_->address() << browser_->text();
  const json row = stack_->curfew().first({"proven"});
  ASSERT_FALSE(row.is_null()) << stack_->curfew().sign_outs().dump(2) << stack_->curfew().daemon().log();
  const auto after_end = [&] {
    return stack_->curfew().daemon().get("/api/v1/violations?policy=after-end")["violations"];
  };
  EXPECT_TRUE(after_end().empty()) << "the browser itself did nothing wrong: " << after_end().dump(2);

  const Stack::Answer answer = stack_->ask("/app/index.html", cookie_, "somebody else's program");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.reason, "idle_timeout");
  EXPECT_THAT(answer.body, Not(HasSubstr(marker)));
  ASSERT_TRUE(stack_->curfew().daemon().until([&] { return !after_end().empty(); }))
      << stack_->curfew().daemon().log();
  const json violation = after_end()[0];
  EXPECT_EQ(violation["rule"], "activity_after_end") << violation.dump(2);
  EXPECT_EQ(violation["evidence"]["cause"], "another_client") << violation.dump(2);
  EXPECT_EQ(violation["evidence"]["refused"], true) << violation.dump(2);
  EXPECT_EQ(violation["evidence"]["end"], "proven") << violation.dump(2);
  // The verdict is the client's own next request, not a record of ours.
  EXPECT_EQ(stack_->ask("/app/second.html", cookie_, "somebody else's program").status, 401);
  EXPECT_FALSE(stack_->application_shows_marker_to(cookie_));
  EXPECT_EQ(stack_->curfew().sign_outs().size(), 1U);

  // And the person signs in again, by the page's own link.
  browser_->click("a");
  Stack::fill_form(*browser_);
  EXPECT_TRUE(browser_->comes_to_show(marker)) << browser_->address() << browser_->text();
  EXPECT_NE(browser_->cookie("session"), cookie_);
  EXPECT_TRUE(stack_->curfew().until_live(1)) << stack_->curfew().sessions().dump(2);
}

}  // namespace
}  // namespace curfew::browser_test
