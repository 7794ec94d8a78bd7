// How many observations a second one core takes, with all sessions alive, random sessions, and twelve
// policies that all apply; and what a session costs in memory. Aims: 1.5M/s at a million sessions, at least
// half of the rate at 10,000, at most 400 bytes a session besides its strings.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstring>
#include <vector>

#include "core/engine/engine.hpp"

namespace curfew {
namespace {

constexpr Time day{Duration{1'700'000'000'000'000}};

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E37'79B9'7F4A'7C15ULL;
  x = (x ^ x >> 30) * 0xBF58'476D'1CE4'E5B9ULL;
  x = (x ^ x >> 27) * 0x94D0'49BB'1331'11EBULL;
  return x ^ x >> 31;
}

model::SessionDigest digest(std::uint64_t number) {
  model::SessionDigest digest;
  const std::uint64_t high = mix(number);
  const std::uint64_t low = mix(high);
  std::memcpy(digest.bytes.data(), &high, 8);
  std::memcpy(digest.bytes.data() + 8, &low, 8);
  return digest;
}

model::PolicySet twelve_policies() {
  model::PolicySet set;
  model::SourcePolicy& source = set.sources.emplace_back();
  source.name = "crm";
  source.may_teach = {"name"};
  for (int i = 0; i < 12; ++i) {
    model::Policy& policy = set.policies.emplace_back();
    policy.name = "policy-" + std::to_string(i);
    policy.rule = static_cast<model::Rule>(i % 5);
    policy.limit = std::chrono::minutes(policy.rule == model::Rule::SessionTimeout ? 1440 + i : 30 + i);
    policy.warn_before = std::chrono::minutes(5);
    policy.most = 3;
    policy.window = std::chrono::minutes(10);
    policy.scope.account_types = {model::AccountType::Human};
  }
  return set;
}

struct World {
  model::Symbols symbols;
  engine::Engine engine{symbols};
  model::Effects effects;
  model::Input input;
  Time now = day;

  void apply(model::InputBody body) {
    input.at = now;
    input.body = std::move(body);
    engine.apply(input, effects);
  }
  model::Facts facts(model::ObservationType type, std::uint64_t session) {
    model::Facts facts;
    facts.type = type;
    facts.source = symbols.intern("crm");
    facts.session = digest(session);
    facts.occurred_at = now;
    facts.account_type = model::AccountType::Human;
    facts.application = symbols.intern("sales");
    facts.identifiers[0] = {symbols.intern("name"), model::Ref{mix(session) | 1}};
    facts.identifier_count = 1;
    facts.device = model::Ref{mix(session + 1'000'000'000) | 1};
    return facts;
  }
};

void activities(benchmark::State& state) {
  const auto sessions = static_cast<std::uint64_t>(state.range(0));
  const bool told_ahead = state.range(1) != 0;
  const auto before = mallinfo2();
  World world;
  world.apply(model::ConfigurationInput{"00", twelve_policies()});
  for (std::uint64_t i = 0; i < sessions; ++i) {
    world.now += Duration{20};
    world.apply(world.facts(model::ObservationType::SignIn, i));
  }
  const auto after = mallinfo2();
  // As the pipeline has them: what arrived waits in a list, and the engine is told a few steps ahead.
  constexpr std::size_t arrived = 1024;
  std::vector<model::Facts> arrivals(arrived, world.facts(model::ObservationType::Activity, 0));
  std::uint64_t n = 0;
  std::size_t next = arrived;
  for (auto _ : state) {
    if (next == arrived) {
      for (model::Facts& facts : arrivals) {
        // A session acts about every five minutes, whatever their number.
        world.now += Duration{static_cast<std::int64_t>(300'000'000 / sessions)};
        ++n;
        const std::uint64_t session = mix(n) % sessions;
        facts.session = digest(session);
        facts.occurred_at = world.now;
        facts.identifiers[0].value = model::Ref{mix(session) | 1};
        facts.device = model::Ref{mix(session + 1'000'000'000) | 1};
      }
      next = 0;
    }
    const auto ahead = [&](std::size_t by) { return next + by < arrived ? &arrivals[next + by] : nullptr; };
    if (told_ahead)
      world.engine.expect(ahead(engine::Engine::expect_next), ahead(engine::Engine::expect_later));
    world.input.at = arrivals[next].occurred_at;
    world.input.body = arrivals[next++];
    world.engine.apply(world.input, world.effects);
    benchmark::DoNotOptimize(world.effects.session);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_session"] =
      static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
      static_cast<double>(sessions);
  state.counters["live"] = static_cast<double>(world.engine.counts().active);
}
BENCHMARK(activities)
    ->ArgsProduct({{10'000, 1'000'000}, {0, 1}})
    ->ArgNames({"sessions", "told_ahead"})
    ->Iterations(4'000'000)
    ->Unit(benchmark::kNanosecond);

}  // namespace
}  // namespace curfew

BENCHMARK_MAIN();
