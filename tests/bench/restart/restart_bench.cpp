// How long a start takes, and what a whole daemon takes in:
//
//   bench_restart [ENTRIES=10000000] [SESSIONS=1000000] [FOLDER=/var/tmp] [SNAPSHOT_EVERY=default]
//
// The ledger is made through the pipeline, from NDJSON. Each start is a process of its own, with the
// database's files out of the page cache: after a kill of the daemon just before a snapshot was due, after a
// kill of daemon and server (as a power cut), and after a clean stop. At the end the state of the last start
// is compared with a fold over the whole ledger.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "core/app/database.hpp"
#include "core/base/error.hpp"
#include "tests/support/pushed_ledger.hpp"

namespace {

using namespace curfew;
namespace fs = std::filesystem;

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from_).count();
  }

 private:
  std::chrono::steady_clock::time_point from_ = std::chrono::steady_clock::now();
};

double own_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Place {
  support::PushedWorld world;
  fs::path folder;

  [[nodiscard]] app::PipelineOptions options(const app::Database& database) const {
    return support::options_for(world, folder.string(), database.connection());
  }
  [[nodiscard]] app::Settings settings() const {
    return support::options_for(world, folder.string(), {}).settings;
  }
};

// Runs `work` in a process of its own: with a cold heap, and free to be killed.
void in_process(const std::function<void()>& work, int expected_signal = 0) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 0;
    try {
      work();
    } catch (const Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      code = 1;
    }
    std::fflush(stdout);
    std::_Exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool as_expected = expected_signal == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                                                : WIFSIGNALED(status) && WTERMSIG(status) == expected_signal;
  if (!as_expected) throw Error(ErrorKind::Internal, "a part of the benchmark failed");
}

// What the kernel still holds of the database's files goes: a machine that was switched off has none of it.
void forget_cached(const fs::path& folder) {
  ::sync();
  for (const auto& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
}

// Fills until at least `entries` are durable and a snapshot is nearly due, and is killed.
void fill(const Place& place, std::uint64_t entries, bool kill_server) {
  app::Log log(app::LogLevel::Warning);
  app::Database database = app::open_database(place.settings(), log);
  app::Pipeline pipeline(place.options(database), log);
  const Stopwatch watch;
  pipeline.start();
  const std::uint64_t before = pipeline.writer().size();
  std::uint64_t next = before;  // an observation is an entry, but for what is decided
  const std::uint64_t tail = place.world.snapshot_every - place.world.snapshot_every / 20;
  while (pipeline.writer().size() < entries ||
         pipeline.writer().size() - pipeline.writer().snapshot_at() < tail) {
    support::push(pipeline, place.world, next, next + 20'000);
    next += 20'000;
  }
  support::await_durable(pipeline);
  const std::uint64_t size = pipeline.writer().size();
  std::printf(
      "filled %llu entries, %zu live sessions, %zu violations' subjects; last snapshot at %llu; %.0f "
      "entries/s\n",
      static_cast<unsigned long long>(size), pipeline.view().counts.active, pipeline.view().counts.subjects,
      static_cast<unsigned long long>(pipeline.writer().snapshot_at()),
      static_cast<double>(size - before) / watch.seconds());
  std::fflush(stdout);
  if (kill_server) {
    store::EmbeddedCluster* cluster = database.cluster();
    ::kill(cluster->postmaster(), SIGKILL);
  }
  ::kill(::getpid(), SIGKILL);
}

void start(const Place& place, const char* what, bool clean) {
  app::Log log(app::LogLevel::Warning);
  const Stopwatch all;
  app::Database database = app::open_database(place.settings(), log);
  const double opened = all.seconds();
  app::Pipeline pipeline(place.options(database), log);
  pipeline.start();
  const double ready = all.seconds();
  std::printf("%-42s ready after %6.2f s (%.2f s of the processor); database %.2f s\n", what, ready,
              own_seconds(), opened);
  for (const app::Recovered::Phase& phase : pipeline.phases())
    std::printf("    %-24s %7.2f s  %11llu\n", phase.name, phase.seconds,
                static_cast<unsigned long long>(phase.count));
  std::fflush(stdout);
  if (!clean) {
    ::kill(::getpid(), SIGKILL);
  }
  const Stopwatch stopping;
  pipeline.stop(std::chrono::minutes(5));
  std::printf("    stopped, with a snapshot, in %.2f s\n", stopping.seconds());
  database.stop();
}

void compare(const Place& place) {
  app::Log log(app::LogLevel::Warning);
  app::Database database = app::open_database(place.settings(), log);
  store::Store reader(database.connection(), store::Role::Reader);
  model::Symbols symbols;
  const Time at = base::wall_clock_now() + std::chrono::hours(1);
  const Stopwatch folding;
  engine::Engine folded = support::full_fold(reader, symbols);
  std::printf("full fold: %.1f s\n", folding.seconds());
  const std::string expected = support::state_digest(folded, at);
  folded = engine::Engine(symbols);
  app::PipelineOptions options = place.options(database);
  model::Symbols others;
  connector::Admission admission({}, others);
  for (const app::SourceSettings& source : options.settings.sources)
    admission.add_source(source.name, source.retry_window);
  store::Store writer(database.connection(), store::Role::Writer);
  app::Recovered recovered = app::recover(writer, database.connection(), options.settings, others, admission);
  const bool same = support::state_digest(recovered.engine, at) == expected;
  std::printf("snapshot at %llu and %llu entries after it %s the full fold\n",
              static_cast<unsigned long long>(recovered.snapshot_at),
              static_cast<unsigned long long>(recovered.replayed), same ? "equal" : "DIFFER FROM");
  database.stop();
  if (!same) throw Error(ErrorKind::Corrupt, "the state of a start is not the full fold");
}

void restart(const Place& place, std::uint64_t entries) {
  in_process([&] { fill(place, entries, false); }, SIGKILL);
  in_process([&] { start(place, "daemon killed, server adopted", false); }, SIGKILL);
  in_process([&] { start(place, "daemon killed, server adopted, clean stop", true); });
  forget_cached(place.folder);
  in_process([&] { start(place, "after a clean stop, files not cached", true); });
  in_process([&] { fill(place, entries, true); }, SIGKILL);
  forget_cached(place.folder);
  in_process([&] { start(place, "power cut before a snapshot, not cached", false); }, SIGKILL);
  in_process([&] { compare(place); });
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto number = [&](int index, std::uint64_t otherwise) {
      return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
    };
    Place place;
    const std::uint64_t entries = number(1, 10'000'000);
    place.world.sessions = number(2, 1'000'000);
    place.folder =
        fs::path(argc > 3 ? argv[3] : "/var/tmp") / ("curfew-restart-" + std::to_string(::getpid()));
    place.world.snapshot_every = number(4, app::LedgerSettings{}.snapshot_every);
    fs::create_directories(place.folder);
    fs::permissions(place.folder, fs::perms(0711));
    restart(place, entries);
    fs::remove_all(place.folder);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
