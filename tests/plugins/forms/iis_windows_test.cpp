// Sites on IIS with Windows authentication: logs that are generated here, as IIS writes them; recorded,
// growing, and through restarts.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "plugins/forms/logs/live.hpp"
#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Request {
  seconds at{};
  std::string user = "CORP\\alice", stem = "/orders/list.aspx", status = "200 0 0", address = "10.1.7.23",
              agent = "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)";
};

class IisSite : public testing::Test {
 protected:
  IisSite() {
    std::string pattern = testing::TempDir() + "/curfew-iis-windows-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~IisSite() override { fs::remove_all(folder); }

  // Files of a day each, as IIS names them.
  void write(const Request& request) const {
    const std::string time = files::format_time(begun + request.at);  // 2026-11-23T08:00:00.000000Z
    const std::string path =
        folder + "/u_ex" + time.substr(2, 2) + time.substr(5, 2) + time.substr(8, 2) + ".log";
    const bool is_new = !fs::exists(path);
    std::ofstream out(path, std::ios::app);
    if (is_new)
      out << "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: "
          << time.substr(0, 10) << ' ' << time.substr(11, 8)
          << "\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
             "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n";
    out << time.substr(0, 10) << ' ' << time.substr(11, 8) << " 10.0.0.5 GET " << request.stem << " - 443 "
        << request.user << ' ' << request.address << ' ' << request.agent << " - " << request.status
        << " 46\r\n";
  }
  // What IIS writes before it lets a browser in: the challenge, and the first leg of NTLM.
  void write_asked(seconds at) const {
    write({.at = at, .user = "-", .status = "401 2 5"});
    write({.at = at, .user = "-", .status = "401 1 2148074254"});
  }
  [[nodiscard]] FormsSettings settings(json more = json::object()) const {
    json all{{"preset", "iis_windows"}, {"inputs", {folder}}};
    all.update(more);
    return read_settings(all.dump());
  }

  const files::Time begun = at("2026-11-23T08:00:00Z");
  std::string folder;
};

// The stories of the sessions, by when they began.
std::vector<std::string> stories(const std::vector<Finding>& findings) {
  std::map<std::string, std::vector<Finding>> sessions;
  std::map<std::string, files::Time> begins;
  for (const Finding& finding : findings) {
    const std::string id = plugin::to_hex(finding.session.bytes);
    sessions[id].push_back(finding);
    const auto [first, is_new] = begins.try_emplace(id, finding.at);
    first->second = std::min(first->second, finding.at);
  }
  std::vector<std::pair<files::Time, std::string>> ordered;
  for (const auto& [id, begin] : begins) ordered.emplace_back(begin, story(sessions[id]));
  std::sort(ordered.begin(), ordered.end());
  std::vector<std::string> all;
  for (auto& [begin, text] : ordered) all.push_back(std::move(text));
  return all;
}

TEST_F(IisSite, ADayIsAVisitFromTheFirstClickToTheSilenceAfterTheLast) {
  write_asked(seconds(0));
  write({.at = seconds(1)});
  write({.at = seconds(2), .stem = "/orders/site.css"});
  write({.at = minutes(20)});
  write({.at = hours(2), .user = "CORP\\bob", .address = "10.1.7.99"});
  write({.at = hours(4)});
  const Audited log = audited(settings());
  EXPECT_EQ(log.sum.unreadable, 0U);
  EXPECT_EQ(log.sum.filtered.at("asked to sign in"), 2U);
  EXPECT_EQ(stories(log.findings), (std::vector<std::string>{"sign_in activity machine activity end?",
                                                             "sign_in activity end?", "sign_in activity"}));
  const auto sign_ins = log.of(plugin::Type::SignIn);
  ASSERT_EQ(sign_ins.size(), 3U);
  for (const Finding& one : sign_ins) {
    EXPECT_EQ(one.interactivity, plugin::Interactivity::Silent);
    EXPECT_EQ(one.auth_method, plugin::AuthMethod::Negotiate);
    EXPECT_FALSE(one.fresh_credentials);
  }
  const auto ends = log.of(plugin::Type::Expired);
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends[0].end_reason, plugin::EndReason::Vanished);
  EXPECT_EQ(ends[0].at, begun + minutes(50)) << "until then the next click would have gone on";
}

TEST_F(IisSite, APersonIsTheSameInAnyCaseAndAnotherClientIsAnotherVisit) {
  write({.at = seconds(0)});
  write({.at = seconds(30), .user = "corp\\Alice"});
  write({.at = seconds(31), .address = "10.1.7.24"});
  write({.at = seconds(32), .agent = "Microsoft+Office+Excel"});
  EXPECT_EQ(stories(audited(settings()).findings),
            (std::vector<std::string>{"sign_in activity activity", "sign_in activity", "sign_in activity"}));
}

TEST_F(IisSite, WhatRefusedAPersonIsTold) {
  const std::map<std::string, std::string> expected{
      {"1326", "bad_credential"}, {"2148074252", "bad_credential"}, {"1331", "disabled"},
      {"1909", "locked_out"},     {"1330", "password_expired"},     {"2148074276", "clock_skew"}};
  for (const auto& [number, code] : expected) write({.at = seconds(1), .status = "401 1 " + number});
  const Audited log = audited(settings());
  const auto failed = log.of(plugin::Type::SignInFailed);
  ASSERT_EQ(failed.size(), expected.size());
  std::multiset<std::string> codes, wanted;
  for (const Finding& one : failed) {
    codes.insert(one.failure);
    EXPECT_EQ(one.user, "CORP\\alice");
    EXPECT_EQ(one.session, plugin::SessionDigest{});
  }
  for (const auto& [number, code] : expected) wanted.insert(code);
  EXPECT_EQ(codes, wanted);
  EXPECT_EQ(log.findings.size(), failed.size()) << "nobody was let in";
}

TEST_F(IisSite, WhoSignsOutAndComesBackIsAnotherSessionAndSilent) {
  const json sign_out{{"rules", {{{"means", "sign_out"}, {"when", {{"path", "*/signout.aspx"}}}}}}};
  write({.at = seconds(0)});
  write({.at = seconds(60), .stem = "/orders/signout.aspx"});
  write({.at = seconds(60), .stem = "/orders/site.css"});
  write({.at = seconds(61), .stem = "/orders/logo.png"});
  write({.at = seconds(95)});
  const Audited log = audited(settings(sign_out));
  EXPECT_EQ(stories(log.findings),
            (std::vector<std::string>{"sign_in activity sign_out machine", "sign_in activity"}));
  EXPECT_NE(log.coverage.find(R"("machines_after_sign_out":1)"), std::string::npos) << log.coverage;
}

TEST_F(IisSite, SettingsThatContradictTheWindowAreRefused) {
  const auto refused = [&](const json& more) {
    try {
      static_cast<void>(Rules(settings(more).rules));
    } catch (const std::invalid_argument& failure) {
      return std::string(failure.what());
    }
    return std::string("taken");
  };
  EXPECT_NE(refused({{"session", {{"cookie", "sid"}}}}).find("exclude"), std::string::npos);
  EXPECT_NE(refused({{"session", {{"window", "10s"}}}}).find("at least 60s"), std::string::npos);
  EXPECT_NE(refused({{"store", {{"kind", "lemonldap"}}}}).find("exclude"), std::string::npos);
  EXPECT_NE(refused({{"rules", {{{"means", "refused"}, {"when", {{"status", 403}}}}}}}).find("rules[0]"),
            std::string::npos);
  EXPECT_EQ(refused({{"session", {{"window", "4h"}}}}), "taken");
}

// The daemon, as its host sees it: what was emitted, and what is durable with it.
class GrowingSite : public IisSite {
 protected:
  void begin() {
    const FormsSettings all =
        settings({{"rules", {{{"means", "sign_out"}, {"when", {{"path", "*/signout.aspx"}}}}}}});
    rules.emplace(all.rules);
    format = make_format(all.format);
    live.emplace(all.inputs, LogReading{*format, *rules, test_digest, nullptr, all.window}, all.live,
                 [this](const std::string& identity) {
                   const auto found = cursors.find("file:" + identity);
                   return found == cursors.end() ? std::nullopt : std::optional<std::string>(found->second);
                 });
    for (const auto& [key, value] : memory) live->restore(key, value);
    live->open(now);
  }
  void step(seconds later = seconds(0)) {
    now += later;
    while (live->step(now)) hand_over();
    hand_over();
  }
  void hand_over() {
    for (Finding& finding : live->take_findings()) {
      if (keys.insert(finding.key).second) findings.push_back(std::move(finding));
    }
    for (auto& [key, value] : live->take_changes()) {
      if (value.empty()) {
        memory.erase(key);
      } else {
        memory[key] = std::move(value);
      }
    }
    for (const Live::Cursor& cursor : live->take_cursors()) {
      if (cursor.forget) {
        cursors.erase(cursor.name);
      } else {
        cursors[cursor.name] = cursor.value;
      }
    }
  }

  files::Time now = begun;
  std::optional<Rules> rules;
  std::unique_ptr<LogFormat> format;
  std::optional<Live> live;
  std::map<std::string, std::string> cursors, memory;
  std::set<std::string> keys;
  std::vector<Finding> findings;
};

TEST_F(GrowingSite, AVisitGoesOnBehindARestartAndEndsOnceItsLogWasSilent) {
  write({.at = seconds(0)});
  begin();
  step(seconds(1));
  step(seconds(60));
  EXPECT_EQ(memory.size(), 1U);
  begin();
  step(seconds(1));
  write({.at = minutes(10)});
  step(minutes(9));
  EXPECT_EQ(stories(findings), (std::vector<std::string>{"sign_in activity activity"}));
  step(minutes(30));
  EXPECT_EQ(stories(findings), (std::vector<std::string>{"sign_in activity activity"}))
      << "lines may be late";
  step(minutes(2));
  EXPECT_EQ(stories(findings), (std::vector<std::string>{"sign_in activity activity end?"}));
  write({.at = minutes(45)});
  step(minutes(4));
  step(minutes(2));
  EXPECT_EQ(stories(findings),
            (std::vector<std::string>{"sign_in activity activity end?", "sign_in activity"}));
}

TEST_F(GrowingSite, ALogThatIsGoneShowsNobodysSilence) {
  write({.at = seconds(0)});
  begin();
  step(seconds(1));
  fs::rename(folder, folder + ".away");
  step(hours(2));
  EXPECT_EQ(stories(findings), (std::vector<std::string>{"sign_in activity"}));
  fs::rename(folder + ".away", folder);
  write({.at = minutes(20)});
  step(seconds(2));
  EXPECT_EQ(stories(findings), (std::vector<std::string>{"sign_in activity activity end?"}))
      << "it was there all the time";
}

// Random days of several people, read as they grow, with restarts anywhere, against the audit of the whole.
TEST_F(GrowingSite, WhatIsToldAsItGrowsIsWhatTheAuditFinds) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    fs::remove_all(folder);
    fs::create_directory(folder);
    cursors.clear(), memory.clear(), keys.clear(), findings.clear();
    std::mt19937 random(seed);
    const auto upto = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
    now = begun;
    seconds at{};
    const bool is_backlog = seed % 4 == 3;
    if (!is_backlog) begin();
    for (int i = 0; i < 150; ++i) {
      at += seconds(upto(6) == 0 ? upto(4 * 3600) : upto(90));
      Request request{.at = at, .user = std::string("CORP\\p") + static_cast<char>('a' + upto(3))};
      const int kind = upto(15);
      if (kind == 0) request.stem = "/orders/signout.aspx";
      if (kind == 1) request.stem = "/orders/site.css";
      if (kind == 2) request.status = "401 1 1326";
      write(request);
      if (is_backlog) continue;
      // As time goes by, and not only when a line comes.
      while (now < begun + at + seconds(1))
        step(std::min(seconds(600), seconds(1) + std::chrono::duration_cast<seconds>(begun + at - now)));
      if (upto(10) == 0) begin();
    }
    if (is_backlog) {
      now = begun + at;
      begin();
    }
    step(seconds(5));
    for (int i = 0; i < 3; ++i) step(seconds(30));

    // An end by silence at the very end is seen by who waits, and not by who has only the lines.
    const auto told = [](const std::vector<Finding>& all) {
      std::map<std::string, std::map<std::string, std::uint64_t>> sessions;
      for (const Finding& one : all) {
        if (one.end_reason == plugin::EndReason::Vanished) continue;
        auto& session = sessions[plugin::to_hex(one.session.bytes)];
        if (one.type == plugin::Type::Activity) {
          session[one.machine ? "machine" : "activity"] += one.count;
        } else {
          session[story({one}) + "@" + std::to_string(one.at.time_since_epoch().count())] += 1;
        }
      }
      return sessions;
    };
    const auto grown = told(findings),
               recorded = told(
                   audited(settings({{"rules",
                                      {{{"means", "sign_out"}, {"when", {{"path", "*/signout.aspx"}}}}}}}))
                       .findings);
    ASSERT_EQ(grown.size(), recorded.size()) << "seed " << seed;
    for (const auto& [session, facts] : recorded) {
      ASSERT_TRUE(grown.contains(session)) << "seed " << seed;
      // Where reading begins anew in the midst of steady activity, its first line may be told once more.
      for (const auto& [fact, count] : facts)
        EXPECT_GE(grown.at(session).at(fact), count) << seed << ' ' << fact;
      EXPECT_EQ(grown.at(session).size(), facts.size()) << "seed " << seed;
    }
  }
}

TEST_F(GrowingSite, ABacklogOfManyDaysIsReadInOrderOfItsTime) {
  for (int day = 0; day < 30; ++day) {
    for (int i = 0; i < 40; ++i) write({.at = hours(24) * day + minutes(20) * i});
  }
  now = begun + hours(24) * 30;
  begin();
  step();
  step(minutes(1));
  std::size_t sign_ins = 0, ends = 0;
  for (const Finding& one : findings) {
    sign_ins += one.type == plugin::Type::SignIn ? 1 : 0;
    ends += one.end_reason == plugin::EndReason::Vanished ? 1 : 0;
  }
  EXPECT_EQ(sign_ins, 30U);
  EXPECT_EQ(ends, 30U);
}

}  // namespace
}  // namespace curfew::forms
