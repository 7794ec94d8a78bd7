// Records a second from EVTX to events and to findings, beside libevtx turning the same records into XML. For
// the `evtx` crate see evtx_crate/.
//
//   CURFEW_BENCH_EVTX=Security.evtx build/bench/bin/bench_windows
//
// Both in one run, because figures of a shared machine compare only within one.
#include <benchmark/benchmark.h>
#include <libevtx.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/evtx_reader.hpp"
#include "plugins/windows/recorded.hpp"

namespace {

std::string evtx_file() {
  const char* name = std::getenv("CURFEW_BENCH_EVTX");
  return name != nullptr ? name : "";
}

// As libevtx's manual does it: ask for the size, then for the text.
void libevtx_alone(benchmark::State& state) {
  const std::string path = evtx_file();
  std::int64_t records = 0;
  for (auto _ : state) {
    libevtx_file_t* file = nullptr;
    if (libevtx_file_initialize(&file, nullptr) != 1 ||
        libevtx_file_open(file, path.c_str(), LIBEVTX_OPEN_READ, nullptr) != 1) {
      state.SkipWithError("set CURFEW_BENCH_EVTX to an EVTX file");
      return;
    }
    int count = 0;
    libevtx_file_get_number_of_records(file, &count, nullptr);
    std::vector<std::uint8_t> text;
    for (int i = 0; i < count; ++i) {
      libevtx_record_t* record = nullptr;
      if (libevtx_file_get_record_by_index(file, i, &record, nullptr) != 1) continue;
      std::size_t size = 0;
      if (libevtx_record_get_utf8_xml_string_size(record, &size, nullptr) == 1) {
        text.resize(size);
        libevtx_record_get_utf8_xml_string(record, text.data(), size, nullptr);
        benchmark::DoNotOptimize(text.data());
        ++records;
      }
      libevtx_record_free(&record, nullptr);
    }
    libevtx_file_close(file, nullptr);
    libevtx_file_free(&file, nullptr);
  }
  state.SetItemsProcessed(records);
}

// The same with one rendering of each record, into a buffer that is large enough: the fastest that it can do.
void libevtx_alone_once(benchmark::State& state) {
  const std::string path = evtx_file();
  std::int64_t records = 0;
  std::vector<std::uint8_t> text(std::size_t{1} << 18U);
  for (auto _ : state) {
    libevtx_file_t* file = nullptr;
    if (libevtx_file_initialize(&file, nullptr) != 1 ||
        libevtx_file_open(file, path.c_str(), LIBEVTX_OPEN_READ, nullptr) != 1) {
      state.SkipWithError("set CURFEW_BENCH_EVTX to an EVTX file");
      return;
    }
    int count = 0;
    libevtx_file_get_number_of_records(file, &count, nullptr);
    for (int i = 0; i < count; ++i) {
      libevtx_record_t* record = nullptr;
      if (libevtx_file_get_record_by_index(file, i, &record, nullptr) != 1) continue;
      if (libevtx_record_get_utf8_xml_string(record, text.data(), text.size(), nullptr) == 1) ++records;
      libevtx_record_free(&record, nullptr);
    }
    libevtx_file_close(file, nullptr);
    libevtx_file_free(&file, nullptr);
  }
  state.SetItemsProcessed(records);
}

class Counted final : public curfew::windows::RecordSink {
 public:
  void event(curfew::windows::WindowsEvent&& event) override {
    benchmark::DoNotOptimize(event);
    ++events;
  }
  void recovered(curfew::windows::WindowsEvent&&) override {}
  void recovered_torn() override {}
  void unreadable(std::string_view, std::string_view, std::uint64_t) override {}
  void other_line() override {}
  std::int64_t events = 0;
};

// Records in the slack are searched for too, and checksums compared, as always.
void evtx_to_events(benchmark::State& state) {
  const std::string path = evtx_file();
  Counted counted;
  for (auto _ : state) curfew::windows::read_evtx(path, counted);
  state.SetItemsProcessed(counted.events);
}

void evtx_to_findings(benchmark::State& state) {
  const std::string path = evtx_file();
  std::int64_t records = 0;
  for (auto _ : state) {
    curfew::windows::Recorded recorded({path}, {});
    try {
      recorded.read();
    } catch (const std::runtime_error& failure) {
      state.SkipWithError(failure.what());
      return;
    }
    std::vector<curfew::windows::Finding> findings;
    while (recorded.next(findings)) findings.clear();
    records += static_cast<std::int64_t>(recorded.records_read());
  }
  state.SetItemsProcessed(records);
}

BENCHMARK(libevtx_alone)->Unit(benchmark::kMillisecond);
BENCHMARK(libevtx_alone_once)->Unit(benchmark::kMillisecond);
BENCHMARK(evtx_to_events)->Unit(benchmark::kMillisecond);
BENCHMARK(evtx_to_findings)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
