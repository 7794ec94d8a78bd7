// Admission on one core: activities of many sessions, as a busy source gives them. The limit to stand beside
// is the digest of the idempotency key alone, which no admission can do without.
#include <benchmark/benchmark.h>

#include <memory>

#include "core/base/digest.hpp"
#include "core/connector/admission.hpp"

namespace {

using namespace curfew;

const Time start = base::from_micros(1'700'000'000'000'000);

model::Observation observation_of(std::size_t number, std::size_t sessions) {
  const std::size_t session = number * 2'654'435'761U % sessions;
  model::Observation o;
  o.type = model::ObservationType::Activity;
  o.occurred_at = start + std::chrono::milliseconds(number / 10);
  o.key = "security:" + std::to_string(number);
  o.session.bytes[0] = static_cast<std::uint8_t>(session);
  o.session.bytes[1] = static_cast<std::uint8_t>(session >> 8U);
  o.session.bytes[2] = static_cast<std::uint8_t>(session >> 16U);
  o.session.bytes[3] = 1;
  o.identifiers = {{"windows_account", "CORP\\user" + std::to_string(session)}};
  o.device = "WS-" + std::to_string(session % 5'000);
  o.address = "10.1." + std::to_string(session % 250) + ".7";
  o.application = "crm";
  return o;
}

// `state.range(1)`: whether the sessions' values have been met before.
void admit(benchmark::State& state) {
  const auto sessions = static_cast<std::size_t>(state.range(0));
  model::Symbols symbols;
  connector::AdmissionSettings settings;
  settings.links.domains = {{"CORP", "corp.test"}};
  connector::Admission admission(settings, symbols);
  admission.add_source("ad", std::chrono::minutes(10));
  std::size_t number = 0;
  std::vector<model::Observation> batch;
  for (; state.range(1) != 0 && number < sessions; ++number) {
    const auto observation = observation_of(number, sessions);
    benchmark::DoNotOptimize(admission.admit("ad", observation, observation.occurred_at));
  }
  const std::size_t first = number;
  for (auto _ : state) {
    state.PauseTiming();
    batch.clear();
    for (int i = 0; i < 10'000; ++i) batch.push_back(observation_of(number++, sessions));
    state.ResumeTiming();
    for (const auto& observation : batch) {
      benchmark::DoNotOptimize(admission.admit("ad", observation, observation.occurred_at));
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(number - first));
}
BENCHMARK(admit)
    ->ArgNames({"sessions", "known"})
    ->Args({10'000, 1})
    ->Args({200'000, 1})
    ->Args({1'000'000, 0})
    ->Unit(benchmark::kMillisecond);

void key_digest_alone(benchmark::State& state) {
  std::size_t number = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(base::keyed_digest("secret of ad", "security:" + std::to_string(number++)));
  state.SetItemsProcessed(static_cast<std::int64_t>(number));
}
BENCHMARK(key_digest_alone);

}  // namespace

BENCHMARK_MAIN();
