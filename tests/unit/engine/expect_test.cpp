#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::ObservationType;

std::string snapshot_of(const Engine& engine) {
  std::string bytes;
  engine.save([&](std::string_view chunk) { bytes += chunk; });
  return bytes;
}

TEST(Expecting, AnInputChangesAndDecidesNothing) {
  Machine m;
  model::PolicySet set;
  set.sources = {source("crm")};
  m.engine.expect(nullptr, nullptr);
  const model::Facts early = m.facts(ObservationType::Activity, 1, 1, 7);
  m.engine.expect(&early, &early);
  m.configure(0, set);
  for (std::uint8_t i = 1; i < 200; ++i) m.see(i, ObservationType::SignIn, i, i, i);
  const std::string before = snapshot_of(m.engine);
  for (std::uint8_t i = 0; i < 255; ++i) {
    const model::Facts known = m.facts(ObservationType::Activity, i, 300, i);
    const model::Facts elsewhere = m.facts(ObservationType::Activity, i, 300, i, "never heard of");
    m.engine.expect(&known, &elsewhere);
    m.engine.expect(&elsewhere, &known);
  }
  EXPECT_EQ(snapshot_of(m.engine), before);
}

}  // namespace
}  // namespace curfew::engine::testing
