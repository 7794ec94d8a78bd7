// How long a compliance report over a whole ledger takes, and how much memory, beside a sequential scan of
// the same entries; and how fast the dashboards' queries are on it:
//
//   bench_report [OBSERVATIONS=10000000] [SESSIONS=10000] [FOLDER=/var/tmp] [ROUNDS=3]
//
// The ledger is made through the pipeline, from NDJSON, in an embedded cluster: the last thirty days, in
// which SESSIONS live all the time, and one of twenty observations begins a short one. Scan and reports take
// turns, each in a process of its own, so that its peak memory is its own. The queries are those of the
// dashboards' files, by tests/bench/report/dashboard_queries.py.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "core/app/database.hpp"
#include "core/base/error.hpp"
#include "core/report/compliance_reading.hpp"
#include "tests/support/pushed_ledger.hpp"

namespace {

using namespace curfew;
namespace fs = std::filesystem;

double elapsed(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

struct Place {
  support::PushedWorld world;
  fs::path folder;
  [[nodiscard]] app::PipelineOptions options(const store::ConnectionInfo& database) const {
    return support::options_for(world, folder.string(), database);
  }
};

// Runs `work` in a process of its own, and says what it took.
void in_process(const char* what, const std::function<void()>& work) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 0;
    try {
      const auto begin = std::chrono::steady_clock::now();
      work();
      const double seconds = elapsed(begin);
      rusage used{};
      ::getrusage(RUSAGE_SELF, &used);
      std::printf("%-34s %8.2f s %8.2f s of the processor %8ld MB at most\n", what, seconds,
                  static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                      static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
                  used.ru_maxrss / 1024);
    } catch (const Error& error) {
      std::fprintf(stderr, "%s: %s\n", what, error.what());
      code = 1;
    }
    std::fflush(stdout);
    std::_Exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Error(ErrorKind::Internal, std::string(what) + ": this part of the benchmark failed");
}

void fill(const Place& place) {
  app::Log log(app::LogLevel::Warning);
  app::Database database = app::open_database(place.options({}).settings, log);
  app::Pipeline pipeline(place.options(database.connection()), log);
  pipeline.start();
  for (std::uint64_t next = 0; next < place.world.observations; next += 20'000)
    support::push(pipeline, place.world, next, std::min(next + 20'000, place.world.observations));
  support::await_durable(pipeline);
  std::printf("%llu entries, %zu live sessions, %zu subjects\n",
              static_cast<unsigned long long>(pipeline.writer().size()), pipeline.view().counts.active,
              pipeline.view().counts.subjects);
  pipeline.stop(std::chrono::minutes(5));
  database.stop();
}

void scan(const store::ConnectionInfo& database) {
  store::Store store(database, store::Role::Reader);
  std::uint64_t bytes = 0;
  for (const store::StreamHead& head : store.streams()) {
    store.read_entries(head.stream, 0, head.size, [&](ledger::SealedEntry&& row) {
      bytes += row.entry.facts.size();
      return true;
    });
  }
  if (bytes == 0) throw Error(ErrorKind::Internal, "there was nothing to scan");
}

void make_report(const store::ConnectionInfo& database, const char* framework, Duration period) {
  store::Store store(database, store::Role::Reader);
  report::ComplianceRequest request;
  request.frameworks = report::frameworks_of(framework);
  request.now = base::wall_clock_now();
  if (period != Duration{0}) {
    request.from = request.now - period;
    request.places = false;
  }
  const std::string page = report::to_html(report::read_compliance(store, request));
  if (page.empty()) throw Error(ErrorKind::Internal, "the report is empty");
}

void measure(const store::ConnectionInfo& database, std::uint64_t rounds) {
  for (std::uint64_t i = 0; i < rounds; ++i) {
    in_process("sequential scan", [&] { scan(database); });
    in_process("report, one framework", [&] { make_report(database, "pci-dss", {}); });
    in_process("report, all frameworks", [&] { make_report(database, "all", {}); });
    in_process("status of all controls, a week",
               [&] { make_report(database, "all", std::chrono::hours(24 * 7)); });
  }
  std::fflush(stdout);
  const std::string command =
      "python3 '" CURFEW_SOURCE_DIR "/tests/bench/report/dashboard_queries.py' \"" + database.conninfo + "\"";
  if (std::system(command.c_str()) != 0)  // NOLINT(cert-env33-c): a benchmark of ours, no input of others
    throw Error(ErrorKind::Internal, "the dashboards' queries could not be measured");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto number = [&](int index, std::uint64_t otherwise) {
      return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
    };
    Place place;
    place.world.sessions = number(2, 10'000);
    place.world.short_every = 20;
    place.world.observations = number(1, 10'000'000);
    const Duration time = std::chrono::hours(24 * 30);
    place.world.step = time / static_cast<std::int64_t>(place.world.observations);
    place.world.began -= time;
    // What is told that late has been over a shorter limit until its end is told.
    place.world.limit = time - std::chrono::hours(12);
    place.folder =
        fs::path(argc > 3 ? argv[3] : "/var/tmp") / ("curfew-report-" + std::to_string(::getpid()));
    fs::create_directories(place.folder);
    fs::permissions(place.folder, fs::perms(0711));
    in_process("filled", [&] { fill(place); });
    app::Log log(app::LogLevel::Warning);
    app::Database database = app::open_database(place.options({}).settings, log);
    measure(database.connection(), number(4, 3));
    database.stop();
    fs::remove_all(place.folder);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
