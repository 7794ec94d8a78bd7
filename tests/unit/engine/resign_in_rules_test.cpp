#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::AuthMethod;
using model::EntryKind;
using model::Interactivity;
using model::ObservationType;
using model::Rule;

model::PolicySet with(model::Policy policy) {
  model::PolicySet set;
  set.safety.most_sign_outs_per_minute = 100;
  set.sources = {source("crm"), source("idp")};
  set.policies = {std::move(policy)};
  return set;
}

model::Policy returns(model::Per per = model::Per::Application) {
  model::Policy p = policy("returns", Rule::SilentResignIn);
  p.window = seconds(600);
  p.per = per;
  return p;
}

struct Person : Machine {
  explicit Person(model::Policy policy) { configure(0, with(std::move(policy))); }
  model::Facts sign_in(std::uint8_t session, double when, AuthMethod method, std::string_view from = "crm") {
    model::Facts what = facts(ObservationType::SignIn, session, when, 7, from);
    what.auth_method = method;
    return what;
  }
  model::Facts typed(std::uint8_t session, double when, std::string_view from = "crm") {
    model::Facts what = sign_in(session, when, AuthMethod::Password, from);
    what.interactivity = Interactivity::Interactive;
    what.fresh_credentials = true;
    return what;
  }
  // Signs in with a password, out at `when`.
  void was_here_until(double when, std::uint8_t session = 1) {
    see(1, typed(session, 1));
    see(when, ObservationType::SignOut, session, when);
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
  [[nodiscard]] std::size_t taken_back() const { return count(EntryKind::ViolationWithdrawn); }
  [[nodiscard]] bool evidence_has(const std::string& text) const {
    return engine.violation(1).evidence.find(text) != std::string::npos;
  }
};

TEST(SilentResignIn, IsABreachWithItsCauseAndWhatWasSignedOut) {
  Person m(returns());
  m.was_here_until(100);
  m.see(104, m.sign_in(2, 104, AuthMethod::Kerberos));
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.violation(1).session, 2U);
  EXPECT_EQ(m.engine.violation(1).breached_at, at(104));
  EXPECT_TRUE(m.evidence_has("\"cause\":\"kerberos_ticket\"")) << m.engine.violation(1).evidence;
  EXPECT_TRUE(m.evidence_has("\"measured\":4000000"));
  EXPECT_TRUE(m.evidence_has("\"end\":\"stated\""));
  EXPECT_TRUE(m.evidence_has("\"sessions\":[1,2]"));
}

TEST(SilentResignIn, NamesTheCauseByTheWayOfSigningIn) {
  const std::vector<std::pair<AuthMethod, std::string>> causes{
      {AuthMethod::Cached, "cached_credentials"}, {AuthMethod::Ntlm, "cached_credentials"},
      {AuthMethod::Token, "persistent_cookie"},   {AuthMethod::Negotiate, "integrated_sign_in"},
      {AuthMethod::Saml, "identity_provider"},    {AuthMethod::Unknown, "unknown"}};
  for (const auto& [method, cause] : causes) {
    Person m(returns());
    m.was_here_until(100);
    auto what = m.sign_in(2, 104, method);
    what.interactivity = Interactivity::Silent;
    m.see(104, what);
    ASSERT_EQ(m.found(), 1U) << cause;
    EXPECT_TRUE(m.evidence_has("\"cause\":\"" + cause + "\"")) << m.engine.violation(1).evidence;
  }
}

TEST(SilentResignIn, WithFreshCredentialsOrOfAWayThatNobodyToldIsNone) {
  Person m(returns());
  m.was_here_until(100);
  m.see(104, m.typed(2, 104));
  m.see(105, m.sign_in(3, 105, AuthMethod::Unknown));
  m.see(106, m.sign_in(4, 106, AuthMethod::Form));
  EXPECT_EQ(m.found(), 0U);
}

TEST(SilentResignIn, CountsWithinItsWindowOnly) {
  Person m(returns());
  m.was_here_until(100);
  m.see(701, m.sign_in(2, 701, AuthMethod::Kerberos));
  EXPECT_EQ(m.found(), 0U);
  m.see(701, m.sign_in(3, 700, AuthMethod::Kerberos));
  EXPECT_EQ(m.found(), 1U);
}

TEST(SilentResignIn, AfterASessionThatRanOutIsNone) {
  Person m(returns());
  m.see(1, m.typed(1, 1));
  m.see(100, ObservationType::Expired, 1, 100);
  m.see(104, m.sign_in(2, 104, AuthMethod::Kerberos));
  EXPECT_EQ(m.found(), 0U);
}

TEST(SilentResignIn, CredentialsThatThePersonGaveElsewhereSinceThenExcuseItAlsoWhenTheyAreToldLate) {
  {
    Person m(returns());
    m.was_here_until(100);
    m.see(103, m.typed(5, 103, "idp"));
    m.see(104, m.sign_in(2, 104, AuthMethod::Kerberos));
    EXPECT_EQ(m.found(), 0U);
  }
  Person m(returns());
  m.was_here_until(100);
  m.see(104, m.sign_in(2, 104, AuthMethod::Kerberos));
  ASSERT_EQ(m.found(), 1U);
  m.see(106, m.typed(5, 103, "idp"));
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(SilentResignIn, ASignOutThatTurnsOutToBeEarlierTakesItBackOneThatComesLateFindsIt) {
  Person m(returns());
  m.was_here_until(2000);
  m.see(2001, m.sign_in(2, 2001, AuthMethod::Kerberos));
  ASSERT_EQ(m.found(), 1U);
  m.see(2002, ObservationType::SignOut, 1, 1000);
  EXPECT_EQ(m.taken_back(), 1U);
  m.see(2010, m.sign_in(3, 1990, AuthMethod::Password));
  m.see(2011, ObservationType::SignOut, 3, 1995);
  EXPECT_EQ(m.found(), 2U);
}

TEST(SilentResignIn, LooksAtTheSameApplicationUnlessThePolicySaysOtherwise) {
  for (const auto& [per, found] : {std::pair{model::Per::Application, 0U}, std::pair{model::Per::Source, 1U},
                                   std::pair{model::Per::Subject, 1U}, std::pair{model::Per::Device, 0U}}) {
    Person m(returns(per));
    auto first = m.typed(1, 1);
    first.application = m.symbols.intern("sales");
    m.see(1, first);
    m.see(100, ObservationType::SignOut, 1, 100);
    auto second = m.sign_in(2, 104, AuthMethod::Kerberos);
    second.application = m.symbols.intern("wiki");
    m.see(104, second);
    EXPECT_EQ(m.found(), found) << name_of(per);
  }
}

TEST(SilentResignIn, OnAnotherDeviceOrInAnotherBrowserIsAnotherMatter) {
  Person m(returns());
  auto first = m.typed(1, 1);
  first.user_agent = ref(60);
  m.see(1, first);
  m.see(100, ObservationType::SignOut, 1, 100);
  auto second = m.sign_in(2, 104, AuthMethod::Kerberos);
  second.user_agent = ref(61);
  m.see(104, second);
  EXPECT_EQ(m.found(), 0U);
  auto third = m.sign_in(3, 105, AuthMethod::Kerberos);
  third.user_agent = ref(60);
  m.see(105, third);
  EXPECT_EQ(m.found(), 1U);
}

model::Policy enforced(model::Policy p) {
  p.mode = model::PolicyMode::Enforce;
  model::LadderStep step;
  step.action = model::Action::SignOutSession;
  p.ladder = {step};
  return p;
}

TEST(SilentResignIn, IsSignedOutAgainAndWaitsForApprovalIfOnlyALinkShowsIt) {
  {
    Person m(enforced(returns()));
    m.was_here_until(100);
    m.see(104, m.sign_in(2, 104, AuthMethod::Kerberos));
    EXPECT_EQ(m.engine.sign_out(1).session, 2U);
    EXPECT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Pending);
  }
  Person m(enforced(returns()));
  m.was_here_until(100);
  auto by_sid = m.sign_in(2, 104, AuthMethod::Kerberos);
  by_sid.identifiers[0] = {m.symbols.intern("sid"), ref(8)};
  by_sid.identifiers[1] = {m.symbols.intern("name"), ref(7)};
  by_sid.identifier_count = 2;
  m.see(104, by_sid);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.engine.sign_out(1).outcome, model::Outcome::Held);
  EXPECT_EQ(m.engine.sign_out(1).held_because, "link");
}

TEST(SilentResignIn, AfterASignOutOfOursIsFoundToo) {
  Machine m;
  model::PolicySet set = with(returns());
  model::Policy longest = enforced(policy("longest", Rule::SessionTimeout));
  longest.limit = seconds(50);
  set.policies.push_back(longest);
  m.configure(0, set);
  auto first = m.facts(ObservationType::SignIn, 1, 1, 7);
  first.fresh_credentials = true;
  m.see(1, first);
  m.tick(60);
  m.apply(at(61), model::AnswerInput{1, 0, model::AnswerCode::Accepted, ""});
  m.apply(at(62), model::ProbeInput{1, 0, 1, model::Liveness::Dead, model::Liveness::Alive});
  ASSERT_EQ(m.session(1).end_reason, model::EndReason::Forced);
  auto back = m.facts(ObservationType::SignIn, 2, 64, 7);
  back.auth_method = AuthMethod::Kerberos;
  m.see(64, back);
  ASSERT_EQ(m.count(EntryKind::ViolationOpened), 2U);
  EXPECT_NE(m.engine.violation(2).evidence.find("\"end\":\"proven\""), std::string::npos);
}

}  // namespace
}  // namespace curfew::engine::testing
