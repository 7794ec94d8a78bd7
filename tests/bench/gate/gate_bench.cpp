// What a decision costs, how much a session takes of memory, and, with `--serve`, a gate for others to ask:
// `bench_gate --serve THREADS SESSIONS` prints its port and serves until its input ends.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "core/api/gate_server.hpp"
#include "core/base/digest.hpp"

namespace {

using namespace curfew;

const std::string key(32, 'k');

model::SessionDigest digest(std::uint64_t number) {
  return {base::keyed_digest(key, "session-" + std::to_string(number))};
}

void fill(enforcement::GateView& view, std::uint64_t sessions, Time now) {
  std::vector<model::GateEntry> entries;
  for (std::uint64_t i = 0; i < sessions; ++i) {
    model::GateEntry& entry = entries.emplace_back();
    entry.source = "crm";
    entry.session = digest(i);
    entry.refuse_at = now + std::chrono::hours(8);
    entry.warn_at = now + std::chrono::hours(8) - std::chrono::minutes(5);
    entry.idle_limit = std::chrono::minutes(15);
    entry.idle_warning = std::chrono::minutes(1);
    entry.last_person_at = now;
    if (entries.size() == 10'000 || i + 1 == sessions) {
      view.apply(entries);
      entries.clear();
    }
  }
}

Time wall() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

void memory(benchmark::State& state) {
  const auto sessions = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    ::malloc_trim(0);
    const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    enforcement::GateView view({"crm"});
    const std::size_t empty = ::mallinfo2().uordblks + ::mallinfo2().hblkhd - before;
    fill(view, sessions, wall());
    const std::size_t used = ::mallinfo2().uordblks + ::mallinfo2().hblkhd - before;
    state.counters["bytes_per_session"] = static_cast<double>(used) / static_cast<double>(sessions);
    state.counters["bytes_empty"] = static_cast<double>(empty);
  }
}
BENCHMARK(memory)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

struct Full {
  enforcement::GateView view{{"crm"}};
  std::vector<model::SessionDigest> digests;
  Time now = wall();
  Full() {
    fill(view, 1'000'000, now);
    for (std::uint64_t i = 0; i < 100'000; ++i) digests.push_back(digest(i * 10));
  }
};
Full& full() {
  static Full all;
  return all;
}

void decide(benchmark::State& state) {
  Full& all = full();
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 7919;
  for (auto _ : state) {
    at = (at + 104'729) % all.digests.size();
    benchmark::DoNotOptimize(
        all.view.decide("crm", all.digests[at], all.now, model::ActivityClass::Person).verdict);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(decide)->Threads(1)->Threads(2);

int serve(std::size_t threads, std::uint64_t sessions) {
  enforcement::GateView view({"crm"});
  fill(view, sessions, wall());
  view.set_loaded();
  api::GateSettings settings;
  settings.name = "bench";
  settings.source = "crm";
  settings.public_paths = {"/login", "/static/*"};
  settings.clock = [] { return api::GateTime{wall(), true}; };
  api::GateJudge judge(std::move(settings), view);
  judge.set_rules(R"({"credentials":[{"in":"cookie","name":"sid","transform":["url_decode"]}]})", key);
  judge.loaded(wall());
  api::GateServer server({.threads = threads}, judge);
  server.start();
  std::printf("%u\n", static_cast<unsigned>(server.port()));
  std::fflush(stdout);
  std::cin.get();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4 && std::strcmp(arguments[1], "--serve") == 0)
    return serve(std::stoul(arguments[2]), std::stoull(arguments[3]));
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
