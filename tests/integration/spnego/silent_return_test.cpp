// Why this program exists: somebody signs out, and the browser signs in again without asking anybody.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/integration/spnego/spnego_daemon.hpp"

namespace curfew::spnego_test {
namespace {

using nlohmann::json;
using support::SmbClient;
using support::Ticket;

// Nobody stays for longer than a second.
const char* const limit =
    "  - name: limit\n    mode: enforce\n    rule: session_timeout\n    limit: 1s\n"
    "    scope: {sources: [web]}\n    accept: [unenforceable]\n"
    "    ladder: [{action: disable_account, at: corp-ad, revert_after: 20s, prove_within: 5s}]\n";

TEST_F(Spnego, WhoReturnsSilentlyIsKeptOutOfEveryDoorProvenAndLetInAgain) {
  person("sven");
  begin(came_back("30s"), SpnegoSite::Check::Directory);
  const WebClient browser = browser_with(ticket("sven", web_service, "10h"));
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();
  SmbClient share(domain(), Ticket{ticket("sven", smb_service, "10h")});
  ASSERT_TRUE(share.sees_files()) << share.output();
  const std::string first = browser.cookie();
  // The file server knows a SID, the site a name of the KDC's: one person, who is there once.
  EXPECT_TRUE(until_one_person()) << daemon_.get("/api/v1/presences").dump(1) << told();

  browser.sign_out();
  ASSERT_TRUE(daemon_.until([&] { return live("web").empty(); })) << told();
  EXPECT_EQ(sign_outs().size(), 0U);
  // Nobody is asked for anything.
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();
  const std::string second = browser.cookie();
  EXPECT_NE(second, first);

  ASSERT_TRUE(daemon_.until([&] { return is_disabled("sven"); })) << told();
  const json found = daemon_.get("/api/v1/violations")["violations"];
  ASSERT_EQ(found.size(), 1U) << found.dump(1);
  EXPECT_EQ(found[0]["rule"], "silent_resign_in") << found.dump(1);
  EXPECT_EQ(found[0]["evidence"]["cause"], "integrated_sign_in") << found.dump(1);
  // Each door by itself, as the person's own programs find it.
  EXPECT_FALSE(lets_in("sven")) << "a new ticket";
  EXPECT_TRUE(daemon_.until([&] { return !share.sees_files(); })) << told();
  EXPECT_TRUE(daemon_.until([&] { return !browser.takes(second, nginx_->port()); })) << told();
  ASSERT_TRUE(until_answered(2)) << told();
  EXPECT_FALSE(browser.takes(second, site_->port())) << site_->errors();
  ASSERT_TRUE(until_outcome("proven")) << told();

  ASSERT_TRUE(daemon_.until([&] { return !is_disabled("sven"); })) << told();
  EXPECT_TRUE(lets_in("sven"));
  EXPECT_TRUE(daemon_.until([&] { return !sign_outs()[0]["reverted_at"].is_null(); })) << told();
  EXPECT_EQ(sign_outs().size(), 1U) << told();
}

// The site tells of its users at once, the domain of a share only much later.
TEST_F(Spnego, AShareThatIsToldAfterTheOrderIsClosedToo) {
  person("tara");
  begin(came_back("2m"), SpnegoSite::Check::Directory, "20s");
  const WebClient browser = browser_with(ticket("tara", web_service, "10h"));
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();
  SmbClient share(domain(), Ticket{ticket("tara", smb_service, "10h")});
  browser.sign_out();
  ASSERT_TRUE(daemon_.until([&] { return live("web").empty(); })) << told();
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();

  const std::string cookie = browser.cookie();
  ASSERT_TRUE(daemon_.until([&] { return is_disabled("tara"); })) << told();
  ASSERT_TRUE(until_answered(2)) << told();
  EXPECT_FALSE(browser.takes(cookie, site_->port())) << "the site's refusal is the first one's proof";
  ASSERT_TRUE(daemon_.until([&] { return sign_outs().size() == 2; })) << told();
  ASSERT_TRUE(daemon_.until([&] { return !share.sees_files(); })) << told();
  ASSERT_TRUE(daemon_.until([&] {
    const json all = sign_outs();
    return std::all_of(all.begin(), all.end(), [](const json& one) { return one["outcome"] == "proven"; });
  })) << told();
  const json all = sign_outs();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const json& one) {
    return one["reason"] == "late: came-back" && one["source"] == "corp-ad";
  })) << told();
}

// A site with cookies of its own takes them whatever the directory says.
TEST_F(Spnego, WhatTheSiteStillTakesIsStillAliveThoughDisabledAndRefusedByTheGate) {
  person("tove");
  begin(limit);
  const WebClient browser = browser_with(ticket("tove", web_service, "10h"));
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();
  const std::string cookie = browser.cookie();
  ASSERT_TRUE(daemon_.until([&] { return is_disabled("tove"); })) << told();
  EXPECT_TRUE(daemon_.until([&] { return !browser.takes(cookie, nginx_->port()); })) << told();
  ASSERT_TRUE(browser.takes(cookie, site_->port())) << site_->errors();
  ASSERT_TRUE(until_outcome("still_alive")) << told();
}

// mod_auth_gssapi keeps a session for five minutes at least, however short the ticket.
TEST_F(Spnego, ASessionThatNobodyUsesAgainIsProvenByItsStatedEnd) {
  if (std::getenv("CURFEW_FULL") == nullptr) GTEST_SKIP() << "it waits six minutes: scripts/test --full";
  person("tilda");
  begin(limit);
  const WebClient browser = browser_with(ticket("tilda", web_service, "60s"));
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();
  const std::string cookie = browser.cookie();
  ASSERT_TRUE(until_outcome("contained")) << told();
  EXPECT_FALSE(browser.takes(cookie, nginx_->port()));
  // Its end, and a minute for clocks.
  bool proven = false;
  for (int minute = 0; minute < 8 && !proven; ++minute) proven = until_outcome("proven");
  ASSERT_TRUE(proven) << told();
  EXPECT_FALSE(browser.takes(cookie, site_->port()));
  EXPECT_EQ(live("web").size(), 0U);
}

// A site that asks the directory with each request needs nobody to tell it.
TEST_F(Spnego, ASiteThatAsksTheDirectoryProvesItWithTheNextRequest) {
  person("ulla");
  begin(limit, SpnegoSite::Check::Directory);
  const WebClient browser = browser_with(ticket("ulla", web_service, "10h"));
  ASSERT_TRUE(browser.sees_marker()) << site_->errors();
  const std::string cookie = browser.cookie();
  ASSERT_TRUE(daemon_.until([&] { return is_disabled("ulla"); })) << told();
  ASSERT_TRUE(until_answered(1)) << told();
  EXPECT_FALSE(browser.takes(cookie, site_->port()));
  ASSERT_TRUE(until_outcome("proven")) << told();
}

}  // namespace
}  // namespace curfew::spnego_test
