// The same story with a person's own browser: what Chromium shows, and what it does without being asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/spnego/domain_browser.hpp"
#include "tests/integration/spnego/spnego_daemon.hpp"

namespace curfew::spnego_test {
namespace {

using nlohmann::json;
using support::SmbClient;
using support::Ticket;
using testing::HasSubstr;
using testing::Not;

const std::string& marker = SpnegoSite::marker;

class InTheBrowser : public Spnego {
 protected:
  void SetUp() override {
    if (const auto why = DomainBrowser::missing(); !why.empty())
      GTEST_SKIP() << why << " is missing: no real browser here";
    Spnego::SetUp();
  }
};

TEST_F(InTheBrowser, WhoClicksAgainAfterTheSignOutIsSilentlyBackFoundAndKeptOut) {
  person("signe");
  begin(came_back("1m"), SpnegoSite::Check::Directory);
  const auto tickets = ticket("signe", web_service, "10h");
  SmbClient share(domain(), Ticket{ticket("signe", smb_service, "10h")});
  ASSERT_TRUE(share.sees_files()) << share.output();
  DomainBrowser browser(domain(), tickets, nginx_->port(), folder() / "browser");

  // No form, no dialog: the page itself.
  browser.open("/app/index.html");
  ASSERT_TRUE(browser.comes_to_show(marker)) << browser.address() << browser.text() << site_->errors();
  const std::string first = browser.cookie();
  ASSERT_NE(first, "");
  browser.click("#next");
  ASSERT_TRUE(browser.comes_to_show("Back to the first")) << browser.text();
  browser.click("#next");
  ASSERT_TRUE(browser.comes_to_show("Sign out")) << browser.text();
  ASSERT_TRUE(daemon_.until([&] { return live("web").size() == 1; })) << told();
  ASSERT_TRUE(until_one_person()) << told();

  browser.click("#leave");
  ASSERT_TRUE(browser.comes_to_show("You are signed out.")) << browser.text();
  EXPECT_EQ(browser.cookie(), "");
  ASSERT_TRUE(daemon_.until([&] { return live("web").empty(); })) << told();
  EXPECT_EQ(sign_outs().size(), 0U);
  browser.click("#next");
  ASSERT_TRUE(browser.comes_to_show(marker)) << browser.address() << browser.text() << site_->errors();
  const std::string second = browser.cookie();
  EXPECT_NE(second, first);
  browser.keep_picture("silently-back");

  ASSERT_TRUE(daemon_.until([&] { return is_disabled("signe"); })) << told();
  const json found = daemon_.get("/api/v1/violations")["violations"];
  ASSERT_EQ(found.size(), 1U) << found.dump(1);
  EXPECT_EQ(found[0]["rule"], "silent_resign_in") << found.dump(1);
  EXPECT_EQ(found[0]["evidence"]["cause"], "integrated_sign_in") << found.dump(1);
  // The next click is the gate's.
  browser.click("#next");
  ASSERT_TRUE(browser.comes_to_show("You were signed out by a rule of your organisation."))
      << browser.address() << browser.text() << told();
  EXPECT_THAT(browser.text(), Not(HasSubstr(marker)));
  EXPECT_EQ(browser.cookie(), "") << "the browser was told to forget it";
  browser.keep_picture("refused");
  // The ticket alone does not bring the page back.
  browser.open("/app/index.html");
  EXPECT_THAT(browser.text(), Not(HasSubstr(marker)));
  browser.keep_picture("with-the-ticket-alone");
  EXPECT_TRUE(daemon_.until([&] { return !share.sees_files(); })) << told();
  EXPECT_FALSE(lets_in("signe")) << "a new ticket";
  // Whoever took the cookie comes no further, and the site's refusal is the proof.
  const WebClient thief = browser_with(tickets);
  EXPECT_FALSE(thief.takes(second, nginx_->port()));
  EXPECT_FALSE(thief.takes(second, site_->port())) << site_->errors();
  ASSERT_TRUE(until_outcome("proven")) << told();

  ASSERT_TRUE(daemon_.until([&] { return !is_disabled("signe"); })) << told();
  EXPECT_TRUE(lets_in("signe"));
  EXPECT_TRUE(daemon_.until([&] { return !sign_outs()[0]["reverted_at"].is_null(); })) << told();
  browser.open("/app/index.html");
  EXPECT_TRUE(browser.comes_to_show(marker)) << browser.address() << browser.text() << site_->errors();
  browser.keep_picture("let-in-again");
}

}  // namespace
}  // namespace curfew::spnego_test
