#include "core/policy/binding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace curfew::policy {
namespace {

using model::Bond;

Time at(int second) { return Time{std::chrono::seconds(1'000'000 + second)}; }
constexpr model::Symbol log{1}, gate{2};
const std::vector<Bond> all{Bond::Device, Bond::Network, Bond::Address, Bond::UserAgent};

TEST(Binding, IsToWhatWasSeenFirstInWhateverOrderItIsTold) {
  struct Told {
    std::uint64_t value;
    int second;
  };
  std::array<Told, 5> told{{{7, 1}, {7, 3}, {8, 5}, {7, 6}, {9, 8}}};
  std::array<std::size_t, 5> order{0, 1, 2, 3, 4};
  do {
    Binding binding;
    for (const std::size_t i : order)
      binding.see(Bond::Address, log, told.at(i).value, at(told.at(i).second), false);
    const auto change = binding.first_change(all, Time::max());
    ASSERT_TRUE(change);
    EXPECT_EQ(change->bound, 7U);
    EXPECT_EQ(change->bound_at, at(1));
    EXPECT_EQ(change->is, 8U);
    EXPECT_EQ(change->at, at(5));
    EXPECT_EQ(change->told_by, log);
    EXPECT_EQ(change->bond, Bond::Address);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Binding, OfNothingToldAndOfOneValueChangesNever) {
  Binding binding;
  binding.see(Bond::Device, log, 7, at(1), false);
  binding.see(Bond::Device, log, 0, at(2), false);
  for (int i = 3; i < 100; ++i) binding.see(Bond::Device, log, 7, at(i), false);
  EXPECT_FALSE(binding.varies());
  EXPECT_FALSE(binding.first_change(all, Time::max()));
}

TEST(Binding, IsEachSourcesOwnAndEachBonds) {
  Binding binding;
  binding.see(Bond::Address, log, 7, at(1), false);
  binding.see(Bond::Address, gate, 8, at(2), false);
  binding.see(Bond::Device, log, 9, at(3), false);
  EXPECT_FALSE(binding.varies());
  binding.see(Bond::Address, gate, 7, at(4), false);
  EXPECT_EQ(binding.first_change(std::vector{Bond::Address}, Time::max())->told_by, gate);
  EXPECT_FALSE(binding.first_change(std::vector{Bond::Device}, Time::max()));
  EXPECT_FALSE(binding.first_change(all, at(3))) << "it had ended before";
}

TEST(Binding, IsAnewWithFreshCredentialsAlsoWhenTheyAreToldLate) {
  Binding binding;
  binding.see(Bond::Address, log, 7, at(1), false);
  binding.see(Bond::Address, log, 8, at(10), false);
  binding.see(Bond::Address, log, 8, at(20), false);
  ASSERT_TRUE(binding.varies());
  binding.bind_anew(at(15));
  EXPECT_FALSE(binding.varies()) << "8 was still seen after them";
  binding.see(Bond::Address, log, 9, at(21), false);
  EXPECT_EQ(binding.first_change(all, Time::max())->bound, 8U);
  // What comes with credentials binds, whatever else was seen in that moment.
  Binding other;
  other.see(Bond::Address, log, 3, at(30), false);
  other.bind_anew(at(30));
  other.see(Bond::Address, log, 5, at(30), true);
  const auto change = other.first_change(all, Time::max());
  ASSERT_TRUE(change);
  EXPECT_EQ(change->bound, 5U);
  EXPECT_EQ(change->is, 3U);
}

TEST(Binding, KeepsWhatBindsHoweverOftenItChanges) {
  model::Symbols symbols;
  const model::Symbol crm = symbols.intern("crm");
  Binding binding;
  for (int i = 0; i < 1'000; ++i)
    binding.see(Bond::UserAgent, crm, 1 + static_cast<std::uint64_t>(i) % 3, at(i), false);
  const auto change = binding.first_change(all, Time::max());
  ASSERT_TRUE(change);
  EXPECT_EQ(change->bound_at, at(0));
  EXPECT_EQ(change->at, at(1));
  std::string bytes;
  const std::function<void(std::string_view)> put = [&](std::string_view chunk) { bytes += chunk; };
  model::StateWriter writer(put);
  binding.save(writer, symbols);
  writer.finish();
  EXPECT_LT(bytes.size(), Binding::most_sightings * 20) << "bounded";
}

TEST(Binding, IsReadBackAsItWasSavedAndRefusedWhenItIsTooLong) {
  model::Symbols symbols;
  const model::Symbol crm = symbols.intern("crm");
  Binding binding;
  binding.bind_anew(at(1));
  binding.see(Bond::Address, crm, 7, at(1), true);
  binding.see(Bond::Network, crm, 2, at(2), false);
  binding.see(Bond::Address, crm, 8, at(3), false);
  std::string bytes;
  const std::function<void(std::string_view)> put = [&](std::string_view chunk) { bytes += chunk; };
  model::StateWriter writer(put);
  binding.save(writer, symbols);
  writer.finish();
  Binding same;
  model::StateReader reader(bytes);
  same.load(reader, symbols);
  EXPECT_TRUE(reader.at_end());
  const auto change = same.first_change(all, Time::max());
  ASSERT_TRUE(change);
  EXPECT_EQ(change->bound, 7U);
  EXPECT_EQ(change->at, at(3));
  EXPECT_EQ(symbols.text(change->told_by), "crm");

  std::string broken;
  const std::function<void(std::string_view)> put_broken = [&](std::string_view chunk) { broken += chunk; };
  model::StateWriter too_long(put_broken);
  too_long.number(1);
  too_long.name(Bond::Address);
  too_long.text("crm");
  too_long.number(Binding::most_sightings + 1);
  for (int i = 0; i < 200; ++i) too_long.number(0);
  too_long.finish();
  model::StateReader broken_reader(broken);
  Binding none;
  EXPECT_THROW(none.load(broken_reader, symbols), Error);
}

}  // namespace
}  // namespace curfew::policy
