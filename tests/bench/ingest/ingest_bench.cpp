// Parsing a push, beside its limit: simdjson alone over the same lines.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <string>

#include "core/api/ingest.hpp"

namespace {

constexpr int lines = 1000;

std::string push() {
  std::string body;
  for (int i = 0; i < lines; ++i) {
    const std::string n = std::to_string(i);
    body += R"({"type":"sign_in","occurred_at":"2026-11-21T08:00:00.250Z","key":"event-)" + n +
            R"(","session":{"id":"0123456789abcdef-)" + n +
            R"("},"identifiers":[{"namespace":"upn","value":"user)" + n +
            R"(@corp.test"},{"namespace":"windows_sid","value":"S-1-5-21-1004336348-1177238915-682003330-)" +
            n +
            R"("}],"account_type":"human","auth_method":"form","interactivity":"interactive","device":"WS-)" +
            n + R"(","address":"10.0.0.7","user_agent":"Mozilla/5.0 X11 Linux x86_64 rv:128.0",)" +
            R"("application":"crm"})" + "\n";
  }
  return body;
}

void parse_push(benchmark::State& state) {
  const std::string body = push();
  const auto digest = [](std::string_view id) {
    return curfew::model::SessionDigest{curfew::base::keyed_digest("key", id)};
  };
  for (auto unused : state) {
    benchmark::DoNotOptimize(curfew::api::parse_observations(body, curfew::api::BodyForm::Lines, digest, {}));
  }
  state.SetItemsProcessed(state.iterations() * lines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_push);

void limit_simdjson_alone(benchmark::State& state) {
  const std::string body = push();
  simdjson::dom::parser parser;
  for (auto unused : state) {
    std::size_t from = 0;
    while (from < body.size()) {
      const std::size_t end = body.find('\n', from);
      benchmark::DoNotOptimize(parser.parse(body.data() + from, end - from).error());
      from = end + 1;
    }
  }
  state.SetItemsProcessed(state.iterations() * lines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(limit_simdjson_alone);

}  // namespace

BENCHMARK_MAIN();
