// What the whole daemon takes in, beside what the database could take at all:
//
//   bench_pipeline [OBSERVATIONS=2000000] [SESSIONS=100000] [FOLDER=/var/tmp]
//
//   ours    NDJSON in memory → parsed, admitted, decided under twelve policies, sealed, stored, durable: all
//           threads as in the daemon, but for HTTP itself
//   raw     one binary COPY of the ledger and personal rows that came of it, from a file that the server
//           reads itself, into identical tables and indexes
//   verify  verify_store of all of it, beside COPY … TO '/dev/null'
//
// On an embedded cluster with fsync on.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "core/app/database.hpp"
#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/verify_store.hpp"
#include "tests/bench/processor.hpp"
#include "tests/support/pushed_ledger.hpp"

namespace {

using namespace curfew;
namespace fs = std::filesystem;

constexpr std::uint64_t lines_a_push = 1'000;

// Prints rows, rate and processor time of `work`; returns its seconds.
template <typename Work>
double measure(const char* what, pid_t postmaster, double limit, const Work& work) {
  const bench::Used used(postmaster);
  const auto begun = std::chrono::steady_clock::now();
  const std::uint64_t rows = work();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::printf("%-34s %8.2f s  %9.0f rows/s", what, took, static_cast<double>(rows) / took);
  if (limit > 0) std::printf("  %.2f of the limit", limit / took);
  std::printf("\n");
  used.print();
  std::fflush(stdout);
  return took;
}

void run(const support::PushedWorld& world, const fs::path& folder) {
  app::Log log(app::LogLevel::Warning);
  app::Settings settings = support::options_for(world, folder.string(), {}).settings;
  app::Database database = app::open_database(settings, log);
  const pid_t postmaster = database.cluster()->postmaster();
  std::vector<std::string> pushes;
  for (std::uint64_t at = 0; at < world.observations; at += lines_a_push)
    pushes.push_back(support::lines_of(world, at, std::min(world.observations, at + lines_a_push)));

  double ours = 0;
  std::uint64_t entries = 0;
  {
    app::Pipeline pipeline(support::options_for(world, folder.string(), database.connection()), log);
    pipeline.start();
    ours = measure("ours, NDJSON to durable", postmaster, 0, [&] {
      for (std::string& push : pushes) {
        support::push(pipeline, push);
        push = {};
      }
      support::await_durable(pipeline);
      return entries = pipeline.writer().size();
    });
    pipeline.stop(std::chrono::minutes(5));
  }

  store::ServerConnection admin(database.owner());
  const std::string files = (folder / "postgres" / "run").string();
  admin.execute("COPY (SELECT * FROM curfew.entry) TO '" + files +
                "/entry' (FORMAT binary); COPY (SELECT * FROM curfew.personal) TO '" + files +
                "/personal' (FORMAT binary); CREATE SCHEMA raw; CREATE TABLE raw.entry (LIKE curfew.entry "
                "INCLUDING ALL); CREATE TABLE raw.personal (LIKE curfew.personal INCLUDING ALL); CHECKPOINT");
  const double raw = measure("raw binary COPY", postmaster, 0, [&] {
    admin.execute("BEGIN; COPY raw.entry FROM '" + files +
                  "/entry' (FORMAT binary); COPY raw.personal FROM '" + files +
                  "/personal' (FORMAT binary); COMMIT");
    return entries;
  });
  std::printf("ours is %.2f of raw COPY\n", raw / ours);
  // Each on its own: VACUUM runs in no transaction.
  for (const char* statement : {"DROP SCHEMA raw CASCADE", "VACUUM ANALYZE curfew.entry",
                                "VACUUM ANALYZE curfew.personal", "CHECKPOINT"})
    admin.execute(statement);

  for (int repeat = 0; repeat < 3; ++repeat) {
    const double out = measure("COPY … TO '/dev/null'", postmaster, 0, [&] {
      admin.execute(
          "COPY (SELECT * FROM curfew.entry) TO '/dev/null'; COPY (SELECT * FROM curfew.personal) TO "
          "'/dev/null'");
      return entries;
    });
    measure("verify_store", postmaster, out, [&] {
      if (!store::verify_store(database.connection(), {}).intact())
        throw Error(ErrorKind::Corrupt, "the ledger does not verify");
      return entries;
    });
  }
  database.stop();
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder =
      fs::path(argc > 3 ? argv[3] : "/var/tmp") / ("curfew-pipeline-" + std::to_string(::getpid()));
  try {
    const auto number = [&](int index, std::uint64_t otherwise) {
      return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
    };
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms(0711));
    run({.sessions = number(2, 100'000), .observations = number(1, 2'000'000)}, folder);
    fs::remove_all(folder);
  } catch (const curfew::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
