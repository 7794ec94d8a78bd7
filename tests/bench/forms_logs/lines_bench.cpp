// Lines a second from an access log's bytes to findings, for each format; one thread. 1,000 sessions work, a
// third of the lines are files that pages fetch.
//
//   build/bench/bin/bench_forms_logs
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include "curfew/plugin/digest.hpp"
#include "plugins/files/line_reader.hpp"
#include "plugins/forms/logs/line_intake.hpp"
#include "plugins/forms/logs/merger.hpp"
#include "plugins/forms/settings.hpp"

namespace {

using namespace curfew::forms;

constexpr int line_count = 100'000;
constexpr const char* agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36";
constexpr const char* rules =
    R"("rules":[{"means":"sign_in","when":{"method":"POST","session":["issued"]}},{"means":"sign_out","when":{"path":"/logout"}},
       {"means":"machine_activity","when":{"path":["*.css","*.js","*.png"]}},{"means":"activity","when":{"session":["presented"]}}]})";

// {t} is the time of day, {s} the session, {p} the path.
std::string log_of(const std::string& heading, const std::string& pattern) {
  std::string log = heading;
  const auto put = [&](int number, std::size_t digits) {
    const std::string text = std::to_string(number);
    log.append(digits - std::min(digits, text.size()), '0');
    log += text;
  };
  for (int i = 0; i < line_count; ++i) {
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      if (pattern[at] != '{' || at + 2 >= pattern.size() || pattern[at + 2] != '}') {
        log += pattern[at];
        continue;
      }
      const char what = pattern[at + 1];
      at += 2;
      if (what == 's') put(i * 7 % 1000, 24);
      if (what == 'p') log += i % 3 == 0 ? "/static/theme.css" : "/app/customers";
      if (what != 't') continue;
      put(i / 7200, 2);
      log += ':';
      put(i / 120 % 60, 2);
      log += ':';
      put(i / 2 % 60, 2);
    }
  }
  return log;
}

void read(benchmark::State& state, const std::string& settings_text, const std::string& log) {
  const FormsSettings settings = read_settings(settings_text);
  const auto log_format = make_format(settings.format);
  const Rules compiled(settings.rules);
  const curfew::plugin::KeyedDigest digest("key");
  std::uint64_t findings = 0;
  for (auto _ : state) {
    Coverage coverage;
    const std::uint32_t input = coverage.add_input("log");
    Merger merger(std::chrono::seconds(10), curfew::files::Duration{}, [&](Finding&& finding) {
      benchmark::DoNotOptimize(finding);
      ++findings;
    });
    const LogReading reading{*log_format, compiled, digest, nullptr};
    LineIntake intake(reading, coverage, input, [&](Mark&& mark) {
      merger.close(mark.time);
      merger.add(std::move(mark));
    });
    curfew::files::LineReader lines(
        longest_line, [&](std::string_view line, std::uint64_t number) { intake.line(line, number, 0); },
        [](std::uint64_t) {});
    lines.feed(log);
    lines.finish();
    merger.finish();
    if (coverage.sum().unreadable != 0) state.SkipWithError("the log that was made can't be read");
  }
  state.SetItemsProcessed(state.iterations() * line_count);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(log.size()));
  state.counters["findings"] = static_cast<double>(findings) / static_cast<double>(state.iterations());
}

void w3c(benchmark::State& state) {
  read(state, std::string(R"({"inputs":["x"],"format":{"kind":"w3c"},"session":{"cookie":"sid"},)") + rules,
       log_of("#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) cs-username sc-status time-taken "
              "cs(Cookie)\r\n",
              "2026-11-21 {t} GET {p} 10.1.1.1 "
              "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) CORP\\alice 200 46 theme=dark;+sid={s}\r\n"));
}

void nginx(benchmark::State& state) {
  read(
      state,
      std::string(
          R"({"inputs":["x"],"format":{"kind":"nginx","log_format":"$time_iso8601 $remote_addr $remote_user )") +
          R"(\"$cookie_sid\" \"$request\" $status $body_bytes_sent \"$http_user_agent\""},"session":{"cookie":"sid"},)" +
          rules,
      log_of("", (std::string("2026-11-21T{t}+00:00 10.1.1.1 alice \"{s}\" \"GET {p} HTTP/1.1\" 200 512 \"") +
                  agent + "\"\n")));
}

void apache(benchmark::State& state) {
  read(state,
       std::string(
           R"({"inputs":["x"],"format":{"kind":"apache","log_format":"%{%Y-%m-%dT%H:%M:%S}t%{%z}t %a %u )") +
           R"(\"%{sid}C\" \"%r\" %>s %B \"%{User-Agent}i\""},"session":{"cookie":"sid"},)" + rules,
       log_of("", (std::string("2026-11-21T{t}+0000 10.1.1.1 alice \"{s}\" \"GET {p} HTTP/1.1\" 200 512 \"") +
                   agent + "\"\n")));
}

void json(benchmark::State& state) {
  read(
      state,
      std::string(
          R"({"inputs":["x"],"format":{"kind":"json","fields":{"time":"t","uri":"u","status":"s","user":"n","user_agent":"a"},)") +
          R"("cookies":{"sid":"c"}},"session":{"cookie":"sid"},)" + rules,
      log_of("",
             (std::string(R"({"t":"2026-11-21T{t}+00:00","c":"{s}","u":"{p}","s":200,"n":"alice","a":")") +
              agent + "\"}\n")));
}

BENCHMARK(w3c)->Unit(benchmark::kMillisecond);
BENCHMARK(nginx)->Unit(benchmark::kMillisecond);
BENCHMARK(apache)->Unit(benchmark::kMillisecond);
BENCHMARK(json)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
