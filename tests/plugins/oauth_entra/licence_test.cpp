// A licence that is taken for a time, and given back as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/oauth/providers/entra/sign_ins.hpp"
#include "tests/plugins/oauth_entra/entra_maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using plugin::Action;
using plugin::Answer;
using plugin::Code;
using plugin::Step;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const std::set<std::string> plans{"88888888-0000-0000-0000-000000000001",
                                  "88888888-0000-0000-0000-000000000002"};

class Licence : public testing::Test {
 protected:
  Licence() {
    graph_.set([](FakeGraph& it) {
      it.people["alice"].licenses = {
          {.sku = FakeGraph::license, .disabled_plans = plans, .by_group = {}},
          {.sku = "77777777-0000-0000-0000-000000000001", .disabled_plans = {}, .by_group = {}}};
    });
  }
  ~Licence() override { EXPECT_THAT(graph_.complaints(), IsEmpty()); }
  Made maker() {
    return made(graph_, {{"journal", (folder_.path() / "journal").string()},
                         {"entra", {{"suspend_access", {{"licence", FakeGraph::license}}}}}});
  }
  Action order(bool revert = false, const std::string& session = "a session") {
    handle_ = oauth::entra::handle_of(graph_.people.at("alice").id, session);
    Action action;
    action.step = Step::SuspendAccess;
    action.revert = revert;
    action.session = digest_of(session);
    action.handle = handle_;
    action.deadline = wall_clock() + 10s;
    action.revert_after = 1h;
    return action;
  }
  std::vector<FakeGraph::License> licences() {
    std::vector<FakeGraph::License> all;
    graph_.set([&](FakeGraph& it) { all = it.people["alice"].licenses; });
    return all;
  }
  bool has_it_as_it_was() {
    for (const FakeGraph::License& one : licences())
      if (one.sku == FakeGraph::license) return one.disabled_plans == plans;
    return false;
  }
  FakeGraph graph_;
  support::TemporaryDirectory folder_;
  std::string handle_;
};

TEST_F(Licence, IsTakenAndGivenBackWithItsPlansAsTheyWere) {
  EXPECT_EQ(maker()->act(order()).code, Code::Ok);
  ASSERT_THAT(licences(), SizeIs(1));
  EXPECT_NE(licences()[0].sku, FakeGraph::license);
  const Made later = maker();  // the journal knows the plans
  const Answer back = later->act(order(true));
  EXPECT_EQ(back.code, Code::Ok);
  EXPECT_THAT(back.text, HasSubstr("with its plans as they were"));
  EXPECT_TRUE(has_it_as_it_was());
  EXPECT_EQ(later->act(order(true)).code, Code::NotFound);
}

TEST_F(Licence, ThatComesThroughAGroupIsLeftWithTheReason) {
  for (const bool is_direct_too : {false, true}) {
    graph_.set([&](FakeGraph& it) {
      auto& all = it.people["alice"].licenses;
      all = {{.sku = FakeGraph::license, .disabled_plans = {}, .by_group = FakeGraph::group}};
      if (is_direct_too) all.push_back({.sku = FakeGraph::license, .disabled_plans = plans, .by_group = {}});
    });
    const Made one = maker();
    const Answer answer = one->act(order());
    EXPECT_EQ(answer.code, Code::Refused);
    EXPECT_THAT(answer.text, HasSubstr("through a group"));
    EXPECT_THAT(answer.text, HasSubstr("entra.suspend_access.group"));
    EXPECT_EQ(one->act(order(true)).code, Code::NotFound);  // nothing to give back
  }
  EXPECT_EQ(graph_.asked("assignLicense"), 0U);
}

TEST_F(Licence, ThatThePersonHasNotIsNotGivenThem) {
  graph_.set([](FakeGraph& it) { it.people["alice"].licenses.clear(); });
  const Made one = maker();
  EXPECT_EQ(one->act(order()).code, Code::NotFound);
  EXPECT_EQ(one->act(order(true)).code, Code::NotFound);
  EXPECT_THAT(licences(), IsEmpty());
}

TEST_F(Licence, ThatSomebodyGaveBackStaysAsTheyGaveIt) {
  const Made one = maker();
  EXPECT_EQ(one->act(order()).code, Code::Ok);
  graph_.set([](FakeGraph& it) {
    it.people["alice"].licenses.push_back({.sku = FakeGraph::license, .disabled_plans = {}, .by_group = {}});
  });
  EXPECT_THAT(one->act(order(true)).text, HasSubstr("somebody has undone it already"));
  EXPECT_EQ(graph_.asked("assignLicense"), 1U);
}

TEST_F(Licence, OfWhichNoneIsFreeIsGivenBackLater) {
  const Made one = maker();
  EXPECT_EQ(one->act(order()).code, Code::Ok);
  graph_.set([](FakeGraph& it) { it.free_licenses = 0; });
  const Answer answer = one->act(order(true));
  EXPECT_EQ(answer.code, Code::Failed);
  EXPECT_THAT(answer.text, HasSubstr("is one of them free"));
  graph_.set([](FakeGraph& it) { it.free_licenses = 1; });
  EXPECT_EQ(maker()->act(order(true)).code, Code::Ok);
  EXPECT_TRUE(has_it_as_it_was());
}

TEST_F(Licence, IsGivenBackWhenTheLastOfTwoOrdersIsOver) {
  const Made one = maker();
  EXPECT_EQ(one->act(order(false, "first")).code, Code::Ok);
  EXPECT_EQ(one->act(order(false, "second")).code, Code::Ok);
  EXPECT_EQ(one->act(order(true, "first")).code, Code::Ok);
  EXPECT_FALSE(has_it_as_it_was());
  EXPECT_EQ(one->act(order(true, "second")).code, Code::Ok);
  EXPECT_TRUE(has_it_as_it_was());
}

// Of a call without an answer nobody knows whether it was carried out: the journal does.
TEST_F(Licence, IsGivenBackAfterACallWithoutAnAnswer) {
  {
    const Made one = maker();
    for (int i = 0; i < 3; ++i) graph_.next_answer({.only_for = "assignLicense", .lost = true});
    (void)one->act(order());
    EXPECT_FALSE(has_it_as_it_was());
  }
  EXPECT_EQ(maker()->act(order(true)).code, Code::Ok);
  EXPECT_TRUE(has_it_as_it_was());
}

TEST_F(Licence, NeedsItsPermission) {
  graph_.set([](FakeGraph& it) { it.permissions.erase("LicenseAssignment.ReadWrite.All"); });
  const Made one = maker();
  const Answer answer = one->act(order());
  EXPECT_EQ(answer.code, Code::Refused);
  EXPECT_THAT(answer.text, HasSubstr("LicenseAssignment.ReadWrite.All"));
  EXPECT_TRUE(has_it_as_it_was());
}

}  // namespace
}  // namespace curfew::entra_test
