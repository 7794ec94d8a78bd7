#include "core/policy/account_changes.hpp"

#include <gtest/gtest.h>

namespace curfew::policy {
namespace {

using model::ObservationType;

Time at(int second) { return Time{std::chrono::seconds(1'000'000 + second)}; }
const std::vector<model::Identifier> person{{{}, model::Ref{7}}, {{}, model::Ref{8}}};
constexpr model::Symbol ad{1}, crm{2};

TEST(AccountChanges, HoldUntilTheSameSourceSaysOtherwiseInWhateverOrderTheyAreTold) {
  AccountChanges changes;
  changes.add(model::Ref{7}, {at(20), ObservationType::AccountEnabled, ad});
  changes.add(model::Ref{8}, {at(15), ObservationType::AccountDisabled, ad});
  changes.add(model::Ref{7}, {at(10), ObservationType::AccountDisabled, ad});
  changes.add(model::Ref{7}, {at(12), ObservationType::AccountEnabled, crm});
  EXPECT_FALSE(changes.disabled_since(person, at(9)));
  EXPECT_EQ(changes.disabled_since(person, at(16))->at, at(10));
  EXPECT_FALSE(changes.disabled_since(person, at(20)));
  const std::vector<model::Identifier> other{{{}, model::Ref{9}}};
  EXPECT_FALSE(changes.disabled_since(other, at(16)));
  EXPECT_FALSE(changes.knows(other));
}

TEST(AccountChanges, KeepTheNewestOfOneNameAndCountWhatIsDropped) {
  AccountChanges changes;
  for (int i = 0; i < 100; ++i) changes.add(model::Ref{7}, {at(i), ObservationType::CredentialChanged, ad});
  changes.add(model::Ref{7}, {at(99), ObservationType::CredentialChanged, ad});
  const auto kept = changes.credential_changes(person, at(1000));
  EXPECT_EQ(kept.size(), AccountChanges::most_of_one);
  EXPECT_EQ(kept.back().at, at(99));
  EXPECT_EQ(changes.dropped(), 100 - AccountChanges::most_of_one);
}

}  // namespace
}  // namespace curfew::policy
