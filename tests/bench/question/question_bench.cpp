// "Everyone idle over an hour at crm", asked of a million live sessions: what a preview and an order take of
// the engine's time, during which nothing else is decided. One session in `one_in` is idle for so long; half
// of all are at another source.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <stdexcept>

#include "core/engine/engine.hpp"

namespace curfew {
namespace {

constexpr Time day{Duration{1'700'000'000'000'000}};
constexpr std::uint64_t live = 1'000'000;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E37'79B9'7F4A'7C15ULL;
  x = (x ^ x >> 30) * 0xBF58'476D'1CE4'E5B9ULL;
  x = (x ^ x >> 27) * 0x94D0'49BB'1331'11EBULL;
  return x ^ x >> 31;
}

class World {
 public:
  explicit World(std::uint64_t one_in) {
    model::PolicySet set;
    for (const char* name : {"crm", "mail"}) {
      model::SourcePolicy& source = set.sources.emplace_back();
      source.name = name;
      source.stale_after = Duration{0};
      source.can = {model::Action::SignOutSession};
    }
    apply(model::ConfigurationInput{"00", set});
    for (std::uint64_t i = 0; i < live; ++i) {
      model::Facts facts;
      facts.type = model::ObservationType::SignIn;
      facts.source = symbols_.intern(i % 2 == 0 ? "crm" : "mail");
      const std::uint64_t random = mix(i);
      std::memcpy(facts.session.bytes.data(), &i, sizeof(i));
      std::memcpy(facts.session.bytes.data() + sizeof(i), &random, sizeof(random));
      facts.identifiers[0] = {symbols_.intern("name"), model::Ref{random | 1}};
      facts.identifier_count = 1;
      facts.account_type = model::AccountType::Human;
      facts.application = symbols_.intern(i % 4 < 2 ? "sales" : "stock");
      const bool idle = random % one_in == 0;
      expected_ += idle && i % 2 == 0;
      facts.occurred_at =
          day + std::chrono::minutes(idle ? 10 : 115) + Duration{static_cast<std::int64_t>(i)};
      apply(facts);
    }
    now_ = day + std::chrono::hours(2);
    for (const char* name : {"crm", "mail"})
      apply(model::ProgressInput{.source = name, .observed_until = now_, .caught_up = true, .closed = false});
  }

  [[nodiscard]] static model::CommandInput question() {
    model::CommandInput command;
    command.by = "ops";
    command.reason = "end of shift";
    command.selection.sources = {"crm"};
    command.selection.idle_over = std::chrono::hours(1);
    command.ladder.emplace_back();
    return command;
  }
  const model::Effects& apply(model::InputBody body) {
    input_.at = now_;
    input_.body = std::move(body);
    engine_.apply(input_, effects_);
    return effects_;
  }
  [[nodiscard]] std::uint64_t expected() const { return expected_; }
  [[nodiscard]] const engine::Engine& engine() const { return engine_; }

 private:
  model::Symbols symbols_;
  engine::Engine engine_{symbols_};
  model::Effects effects_;
  model::Input input_;
  Time now_ = day + std::chrono::hours(1);
  std::uint64_t expected_ = 0;
};

// A figure of a question that is answered wrongly is none.
void require(std::uint64_t got, std::uint64_t wanted) {
  if (got != wanted)
    throw std::logic_error("it hits " + std::to_string(got) + " sessions, not " + std::to_string(wanted));
}

void preview(benchmark::State& state) {
  const World world(static_cast<std::uint64_t>(state.range(0)));
  const model::CommandInput question = World::question();
  for (auto _ : state) {
    const model::Preview preview = world.engine().preview(question);
    require(preview.sessions, world.expected());
  }
  state.counters["hit"] = static_cast<double>(world.expected());
}
BENCHMARK(preview)
    ->Arg(10)
    ->Arg(100)
    ->Arg(1'000)
    ->ArgName("one_in")
    ->Unit(benchmark::kMillisecond)
    ->Iterations(20);

// Each time another world, as an order changes it: the first order is what is measured.
void order(benchmark::State& state) {
  std::uint64_t hit = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto world = std::make_unique<World>(static_cast<std::uint64_t>(state.range(0)));
    state.ResumeTiming();
    const model::Effects& effects = world->apply(World::question());
    state.PauseTiming();
    require(effects.commanded.size(), world->expected());
    hit = world->expected();
    world.reset();
    state.ResumeTiming();
  }
  state.counters["hit"] = static_cast<double>(hit);
}
BENCHMARK(order)->Arg(100)->Arg(1'000)->ArgName("one_in")->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace curfew

BENCHMARK_MAIN();
