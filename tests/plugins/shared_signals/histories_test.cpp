// Random histories of a transmitter and a receiver, with crashes, keys that rotate, servers that are away,
// commits that fail: in the end each good event was told once, each broken one complained of, and nothing is
// held back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/plugins/shared_signals/fake_transmitter.hpp"
#include "tests/plugins/shared_signals/receiving_desk.hpp"

namespace curfew::shared_signals_test {
namespace {

using nlohmann::json;
using testing::IsEmpty;

struct Ledger {
  std::set<std::string> good;                 // sessions
  std::map<std::string, std::string> broken;  // jti: code
};

class History {
 public:
  History(unsigned seed, bool polls) : random_(seed), polls_(polls), desk_(settings(idp_, polls)) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    is_down_ = false;
    idp_.be_down(false);
    idp_.be_keyless(false);
    for (int i = 0; i < 40 && (i < 4 || !idp_.held().empty()); ++i) {
      desk_.ahead += std::chrono::seconds(6);
      exchange(true);
    }
  }
  void check() const {
    std::multiset<std::string> told;
    for (const oauth::Sighting& one : desk_.kept) told.insert(one.session);
    EXPECT_EQ(told, std::multiset<std::string>(ledger_.good.begin(), ledger_.good.end()));
    EXPECT_EQ(polls_ ? idp_.heard().complaints : complaints_, ledger_.broken);
    EXPECT_THAT(idp_.held(), IsEmpty());
    EXPECT_EQ(desk_.again, 0);
    EXPECT_THAT(idp_.heard().faults, IsEmpty());
  }
  [[nodiscard]] std::size_t size() const { return ledger_.good.size() + ledger_.broken.size(); }

 private:
  static json settings(FakeTransmitter& idp, bool polls) {
    if (!polls) return settings_for(idp.url(), {{"stream", "none"}});
    const std::string id = idp.add_stream("urn:ietf:rfc:8936");
    return settings_for(idp.url(), {{"delivery", "poll"},
                                    {"stream", "none"},
                                    {"max_events", 3},
                                    {"poll_url", idp.server() + "/ssf/poll/" + id},
                                    {"access_token", "t0"}});
  }
  bool chance(int percent) { return std::uniform_int_distribution<int>(1, 100)(random_) <= percent; }

  void step() {
    switch (std::uniform_int_distribution<int>(0, 11)(random_)) {
      case 0:
      case 1:
      case 2:
      case 3:
        send();
        break;
      case 4:
        desk_.crash();
        break;
      case 5:
        idp_.rotate(chance(70));
        resign();
        break;
      case 6:
        is_down_ = chance(40);
        idp_.be_down(is_down_);
        break;
      case 7:
        idp_.be_keyless(chance(40));
        break;
      case 8:
        desk_.ahead += std::chrono::seconds(std::uniform_int_distribution<int>(1, 8)(random_));
        break;
      default:
        exchange(chance(70));
    }
  }
  void send() {
    const std::string session = "s" + std::to_string(++number_);
    json claims = idp_.claims(std::string(caep) + "session-revoked", {{"format", "opaque"}, {"id", session}});
    const std::string id = claims["jti"];
    if (chance(20)) {
      const bool is_foreign = chance(50);
      if (is_foreign)
        claims["aud"] = "somebody-else";
      else
        claims["exp"] = claims["iat"];
      ledger_.broken[id] = is_foreign ? "invalid_audience" : "invalid_request";
    } else {
      ledger_.good.insert(session);
    }
    claims_[id] = claims;
    idp_.hold(claims);
  }
  // Whose key is gone signs anew what nobody has taken yet.
  void resign() {
    for (const HeldEvent& one : idp_.held()) {
      idp_.drop(one.id);
      idp_.hold(claims_.at(one.id));
    }
  }
  void exchange(bool is_durable) {
    try {
      if (polls_) {
        (void)desk_.poll(is_durable);
        return;
      }
      if (is_down_) return;
      for (const HeldEvent& one : idp_.held()) {
        const plugin::HttpAnswer answer = desk_.push(one.token, is_durable);
        // The answer may be lost on its way.
        if (answer.status == 503 || chance(20)) continue;
        if (answer.status == 400) complaints_[one.id] = json::parse(answer.body)["err"];
        idp_.drop(one.id);
      }
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Unavailable) << failure.what();
    }
  }

  std::minstd_rand random_;
  bool polls_;
  bool is_down_ = false;
  int number_ = 0;
  FakeTransmitter idp_;
  ReceivingDesk desk_;
  Ledger ledger_;
  std::map<std::string, json> claims_;
  std::map<std::string, std::string> complaints_;
};

class Histories : public testing::TestWithParam<bool> {};

TEST_P(Histories, LoseNothingAndDoubleNothing) {
  const unsigned first = std::random_device{}();
  std::size_t events = 0;
  for (unsigned i = 0; i < 12 && !HasFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(first + i));
    History history(first + i, GetParam());
    history.run(60);
    history.check();
    events += history.size();
  }
  EXPECT_GT(events, 100U);
}

INSTANTIATE_TEST_SUITE_P(Delivered, Histories, testing::Bool(),
                         [](const auto& delivery) { return delivery.param ? "ByPoll" : "ByPush"; });

}  // namespace
}  // namespace curfew::shared_signals_test
