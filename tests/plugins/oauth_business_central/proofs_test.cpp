// Cancelling touches no token: a session counts as dead only when it isn't listed and its person was asked
// for credentials on the way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/plugins/oauth_business_central/maker.hpp"

namespace curfew::business_central_test {
namespace {

using nlohmann::json;
using plugin::Answer;
using plugin::Code;
using plugin::Step;
using support::ProviderUnderTest;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

class Proofs : public testing::Test {
 protected:
  ~Proofs() override { EXPECT_THAT(it_.complaints(), IsEmpty()); }
  Answer cancel(const ProviderUnderTest& one, std::int64_t number) {
    return one.act(Step::CancelSession, it_.handle_of(number), it_.id_of(number));
  }
  std::string proof(const ProviderUnderTest& one, std::int64_t number) {
    return one.proof(it_.handle_of(number), it_.id_of(number));
  }
  // Signed in, seen, cancelled.
  std::int64_t cancelled(const ProviderUnderTest& one, const std::string& user = "ALICE") {
    const std::int64_t number = it_.sign_in(user);
    (void)one.all();
    it_.pass(2s);
    EXPECT_EQ(proof(one, number), "alive");
    EXPECT_EQ(cancel(one, number).code, Code::Ok);
    EXPECT_FALSE(it_.lives(number));
    it_.pass(2s);
    return number;
  }
  FakeBusinessCentral it_;
};

TEST_F(Proofs, CancellingEndsThatServerSessionAndNothingElse) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t other = it_.sign_in("ALICE"), number = it_.sign_in("ALICE");
  const Answer answer = cancel(one, number);
  EXPECT_EQ(answer.code, Code::Ok);
  EXPECT_THAT(answer.text, HasSubstr("no token is touched"));
  EXPECT_FALSE(it_.lives(number));
  EXPECT_TRUE(it_.lives(other));
  EXPECT_TRUE(it_.come_back("ALICE").has_value());
  EXPECT_EQ(cancel(one, number).code, Code::NotFound);
  for (const int status : {202, 204}) {
    it_.set([&] { it_.delete_status = status; });
    EXPECT_EQ(cancel(one, it_.sign_in("BOB")).code, Code::Ok);
  }
}

TEST_F(Proofs, ANumberOfSomebodyElseIsNotCancelled) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = it_.sign_in("ALICE");
  const std::string handle = it_.handle_of(number);
  it_.set([&] { it_.sessions[0].user = "BOB"; });
  EXPECT_EQ(one.act(Step::CancelSession, handle, "x").code, Code::NotFound);
  it_.set([&] {
    it_.sessions[0].user = "ALICE";
    it_.sessions[0].began += 1s;
  });
  EXPECT_EQ(one.act(Step::CancelSession, handle, "x").code, Code::NotFound);
  EXPECT_TRUE(it_.lives(number));
  EXPECT_EQ(it_.asked("DELETE"), 0U);
  EXPECT_EQ(one.act(Step::CancelSession, "", "x").code, Code::NotFound);
}

TEST_F(Proofs, EveryOtherStepIsEntras) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = it_.sign_in("ALICE");
  for (const Step step : {Step::Notify, Step::SignOutSession, Step::RevokeTokens, Step::SignOutSubject,
                          Step::SuspendAccess, Step::BlockSignIn, Step::DisableAccount}) {
    const Answer answer = one.act(step, it_.handle_of(number), "x", 1h);
    EXPECT_EQ(answer.code, Code::Unsupported);
    EXPECT_THAT(answer.text, HasSubstr("acts_through"));
  }
  EXPECT_EQ(one.act(Step::CancelSession, it_.handle_of(number), "x", {}, true).code, Code::Unsupported);
  EXPECT_TRUE(it_.lives(number));
}

TEST_F(Proofs, NotListedIsNotDeadWhileNobodyGaveCredentials) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = cancelled(one);
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(proof(one, number), HasSubstr("until its person signs in with credentials"));
    it_.pass(6h);
  }
}

TEST_F(Proofs, WhoComesBackWithoutCredentialsIsAlive) {
  const ProviderUnderTest one = made(it_);
  for (const bool logged : {true, false}) {
    const std::int64_t number = cancelled(one, logged ? "ALICE" : "BOB");
    const auto again = it_.come_back(logged ? "ALICE" : "BOB", {.logged = logged});
    ASSERT_TRUE(again);
    EXPECT_THAT(proof(one, number), HasSubstr("isn't in Entra's logs yet"));
    it_.pass(11min);
    EXPECT_EQ(proof(one, number), "alive");
    it_.close(*again);
    EXPECT_THAT(proof(one, number), HasSubstr(logged ? "was let in again without credentials"
                                                     : "until its person signs in with credentials"));
  }
}

TEST_F(Proofs, WhoGivesCredentialsIsProvedWhenTheLogsAreComplete) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = cancelled(one);
  it_.pass(1h);
  const std::int64_t next = it_.sign_in("ALICE");
  EXPECT_THAT(proof(one, number), HasSubstr("isn't in Entra's logs yet"));
  it_.pass(3min);
  EXPECT_THAT(proof(one, number), HasSubstr("isn't in Entra's logs yet"));
  it_.pass(8min);
  EXPECT_EQ(proof(one, number), "dead");
  EXPECT_EQ(proof(one, next), "alive");
}

TEST_F(Proofs, SomebodyElsesCredentialsProveNothing) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = cancelled(one);
  (void)it_.sign_in("BOB");
  it_.pass(1h);
  EXPECT_THAT(proof(one, number), HasSubstr("until its person signs in with credentials"));
}

TEST_F(Proofs, ASilentReturnThatComesLateIsStillFound) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = cancelled(one);
  const auto silent = it_.come_back("ALICE", {.late = 9min});
  it_.pass(30s);
  (void)it_.sign_in("ALICE", {.late = 10s});
  it_.pass(1min);
  EXPECT_THAT(proof(one, number), HasSubstr("isn't in Entra's logs yet"));
  it_.pass(11min);
  EXPECT_EQ(proof(one, number), "alive");
  it_.close(*silent);
  EXPECT_EQ(proof(one, number), "dead");
}

// Two windows of one browser: one token.
TEST_F(Proofs, AnotherSessionFromBeforeMayBeTheSameClients) {
  const ProviderUnderTest one = made(it_);
  (void)it_.sign_in("ALICE");
  const auto other = it_.come_back("ALICE");
  it_.pass(1min);
  const std::int64_t number = *it_.come_back("ALICE");
  (void)one.all();
  it_.pass(2s);
  EXPECT_EQ(cancel(one, number).code, Code::Ok);
  (void)it_.sign_in("ALICE");
  it_.pass(11min);
  EXPECT_THAT(proof(one, number), HasSubstr("it may be the same client's"));
  it_.close(*other);
  EXPECT_THAT(proof(one, number), HasSubstr("it may be the same client's"));
  it_.close(number - 2);
  EXPECT_EQ(proof(one, number), "dead");
}

TEST_F(Proofs, OutliveARestart) {
  std::vector<oauth::Memory> memories;
  const std::int64_t number = it_.sign_in("ALICE");
  {
    const ProviderUnderTest one = made(it_);
    memories = one.all().memories;
    EXPECT_EQ(cancel(one, number).code, Code::Ok);
    const oauth::Batch after = one.all();
    memories.insert(memories.end(), after.memories.begin(), after.memories.end());
  }
  it_.pass(2s);
  (void)it_.sign_in("ALICE");
  it_.pass(11min);
  EXPECT_EQ(proof(made(it_, json::object(), memories), number), "dead");
  EXPECT_THAT(proof(made(it_), number), HasSubstr("when it last was isn't known any more"));
}

TEST_F(Proofs, WithoutSignInsThereIsNone) {
  const ProviderUnderTest one = made(it_, {{"business_central", {{"sign_ins", nullptr}}}});
  const std::int64_t number = cancelled(one);
  (void)it_.sign_in("ALICE");
  it_.pass(1h);
  EXPECT_THAT(proof(one, number), HasSubstr("give business_central.sign_ins"));
  EXPECT_EQ(it_.asked("/graph/"), 0U);
}

TEST_F(Proofs, WhoseNameIsNoneOfEntrasHaveNone) {
  const ProviderUnderTest one = made(it_, {{"business_central", {{"user_suffix", nullptr}}}});
  const std::int64_t number = cancelled(one);
  EXPECT_THAT(proof(one, number), HasSubstr("give business_central.user_suffix"));
  const std::int64_t other = cancelled(one, "Bob@Corp.test");
  (void)it_.sign_in("Bob@Corp.test");
  it_.pass(11min);
  EXPECT_EQ(proof(one, other), "dead");
}

// Whatever is no whole answer says nothing about a session.
TEST_F(Proofs, AnAnswerThatIsNotWholeProvesNothing) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t number = cancelled(one);
  (void)it_.sign_in("ALICE");
  it_.pass(11min);
  const std::vector<support::FakeApi::Answer> answers{{.status = 200, .body = R"({"value":[{"ses)"},
                                                      {.status = 200, .body = "{}"},
                                                      {.status = 404, .body = "<html>"},
                                                      {.status = 403, .body = "{}"},
                                                      {.status = 302, .body = "x"},
                                                      {.status = 204, .body = {}}};
  for (const char* path : {"/sessions", "/auditLogs"}) {
    for (support::FakeApi::Answer wrong : answers) {
      wrong.only_for = path;
      it_.next_answer(wrong);
      EXPECT_THAT(proof(one, number), testing::Not(testing::AnyOf("dead", "alive"))) << path << wrong.body;
    }
  }
  it_.set([&] { it_.rows = {json{{"sessionId", 1}}}; });
  EXPECT_THAT(proof(one, number), HasSubstr("can't be read"));
  it_.set([&] {
    it_.rows.clear();
    it_.may_read_logs = false;
  });
  EXPECT_THAT(proof(one, number), HasSubstr("AuditLog.Read.All"));
  it_.set([&] { it_.may_read_logs = true; });
  EXPECT_EQ(proof(one, number), "dead");
}

// Against what the fake itself knows: what is called dead goes on nowhere.
TEST_F(Proofs, OfARandomHistoryAreTrue) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const ProviderUnderTest one = made(it_);
  std::vector<std::int64_t> known;
  for (int i = 0; i < 250; ++i) {
    const std::string user = up_to(1) == 0 ? "ALICE" : "BOB";
    switch (up_to(5)) {
      case 0:
        known.push_back(it_.sign_in(user, {.late = std::chrono::seconds(up_to(500))}));
        break;
      case 1:
        if (const auto again =
                it_.come_back(user, {.logged = up_to(1) == 0, .late = std::chrono::seconds(up_to(500))}))
          known.push_back(*again);
        break;
      case 2:
      case 3:
        if (!known.empty()) {
          // One of those that are looked at below.
          const std::size_t back = static_cast<std::size_t>(up_to(4)) % known.size();
          const std::int64_t number = known[known.size() - 1 - back];
          (void)cancel(one, number);
        }
        break;
      default:
        it_.pass(std::chrono::seconds(up_to(1500)));
    }
    it_.pass(2s);
    (void)one.all();
    for (std::size_t k = known.size() - std::min<std::size_t>(known.size(), 5); k < known.size(); ++k) {
      if (proof(one, known[k]) != "dead") continue;
      ASSERT_FALSE(it_.continues(known[k])) << "step " << i;
    }
  }
  // Whatever came before: what is cancelled now, and signed in with credentials, is proved.
  const std::int64_t number = cancelled(one, "CAROL");
  (void)it_.sign_in("CAROL");
  it_.pass(11min);
  EXPECT_EQ(proof(one, number), "dead");
}

}  // namespace
}  // namespace curfew::business_central_test
