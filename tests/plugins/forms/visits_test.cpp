// Logs that name no session: what is one visit, in any order and through any number of restarts.
#include "plugins/forms/logs/visits.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

class Visiting : public testing::Test {
 protected:
  Visiting() { begin(); }
  void begin() {
    visits = std::make_unique<Visits>(minutes(30), test_digest,
                                      [this](Mark&& mark) { told.push_back(std::move(mark)); });
  }
  void add(const char* who, seconds at, Meaning means = Meaning::Activity) {
    Mark mark;
    mark.time = begun + at;
    mark.line = ++lines;
    mark.means = means;
    mark.user = who;
    mark.auth_method = plugin::AuthMethod::Negotiate;
    mark.session = test_digest(who);
    mark.key = test_digest("line" + std::to_string(lines));
    visits->add(std::move(mark));
  }
  void until(seconds horizon) {
    visits->release(begun + horizon);
    for (const Visit& visit : visits->end_silent(begun + horizon)) over.push_back(visit);
  }
  // "sign_in activity" of each visit, parted by "|", in the order of their first words.
  [[nodiscard]] std::string story() const {
    std::vector<std::pair<std::string, std::string>> visits_told;
    for (const Mark& mark : told) {
      const std::string id = plugin::to_hex(mark.session.bytes);
      auto found = std::find_if(visits_told.begin(), visits_told.end(),
                                [&](const auto& one) { return one.first == id; });
      if (found == visits_told.end()) found = visits_told.insert(found, {id, ""});
      found->second += (found->second.empty() ? "" : " ") + std::string(name_of(mark.means));
    }
    std::string text;
    for (const auto& [id, words] : visits_told) text += (text.empty() ? "" : " | ") + words;
    return text;
  }

  const files::Time begun = at("2026-11-23T08:00:00Z");
  std::unique_ptr<Visits> visits;
  std::vector<Mark> told;
  std::vector<Visit> over;
  std::uint64_t lines = 0;
};

TEST_F(Visiting, GoesOnUntilNothingWasSeenForTheWindow) {
  add("alice", minutes(0));
  add("alice", minutes(29));
  add("alice", minutes(59));  // the window itself is not too long
  add("alice", minutes(90));
  until(minutes(90));
  EXPECT_EQ(story(), "sign_in activity activity activity | sign_in activity");
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].last, begun + minutes(59));
  EXPECT_EQ(visits->clients(), 1U);
}

TEST_F(Visiting, EndsWhenTheSourceWasSeenForLongEnoughAndNotBefore) {
  add("alice", minutes(0));
  until(minutes(30));
  EXPECT_TRUE(over.empty());
  until(minutes(30) + seconds(1));
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].session, told.front().session);
  until(minutes(40));
  EXPECT_EQ(over.size(), 1U) << "told once";
  visits->forget(begun + minutes(40));
  EXPECT_EQ(visits->clients(), 0U);
}

TEST_F(Visiting, ASignOutEndsItAndTheNextClickIsAnotherVisit) {
  add("alice", seconds(0));
  add("alice", seconds(60), Meaning::SignOut);
  add("alice", seconds(61), Meaning::MachineActivity);  // the pictures of the sign-out page
  add("alice", seconds(62), Meaning::SignOut);          // that page once more
  add("alice", seconds(90));
  until(minutes(5));
  EXPECT_EQ(story(), "sign_in activity sign_out sign_out | sign_in activity");
  EXPECT_EQ(visits->counts().after_sign_out, 1U);
  until(minutes(60));
  ASSERT_EQ(over.size(), 1U) << "what was signed out needs no conclusion";
  EXPECT_EQ(over[0].last, begun + seconds(90));
}

TEST_F(Visiting, WhatAPageAsksForByItselfKeepsItOpenAndSignsNobodyIn) {
  add("alice", minutes(0), Meaning::MachineActivity);
  add("alice", minutes(20), Meaning::MachineActivity);
  add("alice", minutes(40));
  until(minutes(41));
  EXPECT_EQ(story(), "machine_activity machine_activity sign_in activity");
}

TEST_F(Visiting, ALineThatComesLateIsOfTheVisitInWhoseTimeItLies) {
  add("alice", minutes(10));
  until(minutes(11));
  add("alice", minutes(5));
  add("alice", minutes(11), Meaning::SignOut);
  until(minutes(12));
  add("alice", minutes(12));
  until(minutes(13));
  add("alice", minutes(10) + seconds(30));
  until(minutes(13));
  EXPECT_EQ(story(), "sign_in activity activity sign_out activity | sign_in activity");
}

TEST_F(Visiting, WaitsForWhatOtherFilesStillHave) {
  add("alice", minutes(50));
  add("alice", minutes(0));
  add("alice", minutes(25));
  until(minutes(60));
  EXPECT_EQ(story(), "sign_in activity activity activity") << "in order of time it is one";
}

TEST_F(Visiting, AFailedSignInIsOfNoVisit) {
  Mark mark;
  mark.time = begun;
  mark.means = Meaning::SignInFailed;
  visits->add(std::move(mark));
  until(minutes(1));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(visits->clients(), 0U);
}

TEST_F(Visiting, MoreClientsThanThereIsRoomForEndTheOldestEarly) {
  for (std::size_t i = 0; i < Visits::most_clients + 1; ++i)
    add(("p" + std::to_string(i)).c_str(), seconds(i == 0 ? 0 : 1));
  until(seconds(2));
  EXPECT_EQ(visits->clients(), Visits::most_clients);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].last, begun);
  EXPECT_EQ(visits->counts().ended_early, 1U);
}

TEST_F(Visiting, WhatIsRememberedIsUnderstoodAndWhatIsDamagedIsLeftOut) {
  add("alice", minutes(0));
  add("alice", minutes(1), Meaning::SignOut);
  add("alice", minutes(2));
  until(minutes(2));
  auto kept = visits->take_changes();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_TRUE(visits->take_changes().empty());
  const std::string key = kept.begin()->first, value = kept.begin()->second;
  EXPECT_EQ(key.find("alice"), std::string::npos);
  begin();
  for (const char* bad : {"", ";", "1", "1 2", "x 2 3;", "1 -2 3;", "99999999999999999999 1 1;"})
    visits->restore(key, bad);
  visits->restore("visit/zz", value);
  visits->restore("other/" + key, value);
  EXPECT_EQ(visits->clients(), 0U);
  visits->restore(key, value);
  visits->restore(key, value);
  told.clear();
  add("alice", minutes(3));
  until(minutes(40));
  EXPECT_EQ(story(), "activity");
  EXPECT_EQ(over.size(), 1U);
}

// A random day of some people: each kind of line, some of one moment.
struct Day {
  explicit Day(unsigned seed) {
    std::mt19937 random(seed);
    const auto upto = [&](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
    int at = 0;
    for (int i = 0; i < 120; ++i) {
      at += upto(8) == 0 ? upto(3000) : upto(60);
      const int kind = upto(12);
      lines.push_back({std::string(1, static_cast<char>('a' + upto(3))), seconds(at),
                       kind == 0   ? Meaning::SignOut
                       : kind <= 3 ? Meaning::MachineActivity
                                   : Meaning::Activity});
    }
  }
  struct Line {
    std::string who;
    seconds at;
    Meaning means;
  };
  std::vector<Line> lines;
};

// What is told of a line is the same, however often the reading begins anew in its midst.
TEST(Visits, RestartsAtAnyPlaceChangeNothing) {
  const files::Time begun = at("2026-11-23T08:00:00Z");
  for (unsigned seed = 0; seed < 60; ++seed) {
    const Day day(seed);
    std::mt19937 random(seed + 1000);
    const auto run = [&](bool with_restarts) {
      std::set<std::string> told;
      std::map<std::string, std::string> memory;
      std::optional<Visits> visits;
      const auto begin = [&] {
        visits.emplace(minutes(10), test_digest, [&](Mark&& mark) {
          told.insert(plugin::to_hex(mark.session.bytes) + " " + std::string(name_of(mark.means)) + " " +
                      plugin::to_hex(mark.key.bytes));
        });
        for (const auto& [key, value] : memory) visits->restore(key, value);
      };
      begin();
      std::size_t safe = 0;  // what was read before this place is never read again
      for (std::size_t i = 0; i < day.lines.size(); ++i) {
        const Day::Line& line = day.lines[i];
        Mark mark;
        mark.time = begun + line.at;
        mark.line = i;
        mark.means = line.means;
        mark.session = test_digest(line.who);
        mark.key = test_digest(std::to_string(i));
        visits->add(std::move(mark));
        visits->release(begun + line.at);
        for (const Visit& over : visits->end_silent(begun + line.at))
          told.insert("over " + plugin::to_hex(over.session.bytes) +
                      std::to_string(over.last.time_since_epoch().count()));
        visits->forget(begun + day.lines[safe].at);
        if (!with_restarts) {
          safe = i;
          continue;
        }
        if (random() % 8 == 0) {
          for (auto& [key, value] : visits->take_changes()) memory[key] = std::move(value);
          std::erase_if(memory, [](const auto& one) { return one.second.empty(); });
          safe = i + 1 - random() % (i + 1 - safe + 1);  // the cursor lags
          if (safe > i) safe = i;
        }
        if (random() % 16 == 0) {
          begin();
          i = safe == 0 ? static_cast<std::size_t>(-1) : safe - 1;  // the next is `safe`
        }
      }
      return told;
    };
    EXPECT_EQ(run(true), run(false)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace curfew::forms
