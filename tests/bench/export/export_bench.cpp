// What exports cost beside reading the same ledger in order:
//
//   bench_export [ROWS=500000] [FOLDER=/var/tmp]
//
//   read      read_entries alone: the limit
//   command   the same with each event rendered and written, as `curfew export` does
//   outlet    the daemon's way to a file: chunks, fsync, and the cursor's commit for each
//
// On an embedded cluster with fsync on; half of the entries are sign-ins, half are activities.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "core/base/error.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/seal.hpp"
#include "core/outlet/export_outlet.hpp"
#include "core/store/embedded_cluster.hpp"
#include "core/store/migrations.hpp"
#include "tests/bench/processor.hpp"

namespace {

using namespace curfew;
using namespace std::chrono_literals;

constexpr std::uint64_t batch_rows = 20'000;
const ledger::StreamId stream_id{"bench", "a", 1};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

model::Entry entry_of(std::uint64_t number) {
  model::Entry entry;
  entry.engine_time = base::from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 100);
  entry.occurred_at = entry.engine_time - 1s;
  entry.source = "corp-ad";
  const std::uint64_t session = number * 0x9E3779B97F4A7C15U;
  for (std::size_t i = 0; i < 16; ++i) entry.session.bytes[i] = static_cast<std::uint8_t>(session >> (i * 4));
  entry.subject = {session | 1};
  entry.facts = std::string(R"({"type":")") + (number % 2 == 0 ? "sign_in" : "activity") +
                R"(","ids":[["upn","00000000000000a1"]],"account_type":"human","application":"crm-frontend",)"
                R"("device":"a91f3c5e77d20b64","address":"5be0c1d2a3f49687","network":"private",)"
                R"("user_agent":"0f1e2d3c4b5a6978","auth_method":"kerberos","factors":2})";
  return entry;
}

void fill(const store::ConnectionInfo& database, std::uint64_t rows) {
  const auto key = ledger::SigningKey::generate(ledger::origin_of(stream_id));
  store::Store writer(database, store::Role::Writer);
  const store::StreamHead head = writer.open_stream(stream_id, key.verifier().text());
  ledger::Sealer sealer(stream_id, {key}, {}, base::fill_random);
  for (std::uint64_t from = 0; from < rows; from += batch_rows) {
    std::vector<model::Entry> entries;
    for (std::uint64_t i = from; i < std::min(rows, from + batch_rows); ++i)
      entries.push_back(i == 0
                            ? ledger::opening_entry({stream_id, key.verifier().text(), std::nullopt}, Time{})
                            : entry_of(i));
    writer.append(head, sealer.seal(std::move(entries), base::wall_clock_now()), {});
  }
}

void print(const std::string& what, std::uint64_t rows, double took, double limit) {
  std::printf("%-24s %8.2f s  %9.0f events/s", what.c_str(), took, static_cast<double>(rows) / took);
  if (limit > 0) std::printf("  %.2f of the limit", limit / took);
  std::printf("\n");
  std::fflush(stdout);
}

double read_all(const store::ConnectionInfo& database,
                const std::function<void(const ledger::SealedEntry&)>& take) {
  store::Store reader(database, store::Role::Reader);
  const auto start = std::chrono::steady_clock::now();
  reader.read_entries(1, 0, ~std::uint64_t{0}, [&](ledger::SealedEntry&& sealed) {
    take(sealed);
    return true;
  });
  return seconds_since(start);
}

double through_outlet(const store::ConnectionInfo& database, const std::string& path,
                      outlet::ExportFormat format, std::uint64_t rows) {
  outlet::Ground ground;
  ground.realm = stream_id.realm;
  ground.database = database;
  store::Store reader(database, store::Role::Reader);
  ground.with_store = [&](const std::function<void(store::Store&)>& read) { read(reader); };
  ground.now = base::wall_clock_now;
  ground.log = [](outlet::Severity, const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); };
  metrics::Registry metrics;
  ground.metrics = &metrics;
  const auto start = std::chrono::steady_clock::now();
  outlet::ExportSettings settings{.name = "bench",
                                  .format = format,
                                  .kinds = {"all"},
                                  .from_beginning = true,
                                  .names = false,
                                  .most_entries = 5'000};
  outlet::ExportOutlet exporting(
      ground, settings,
      [&](const std::string& state, std::function<void(const std::string&)> save) {
        return outlet::make_file_sink({.path = path,
                                       .rotate_bytes = 0,
                                       .keep = 0,
                                       .mode = 0600,
                                       .warn = [](const std::string&) {},
                                       .save = std::move(save)},
                                      state);
      },
      [](const std::string&, const std::string&, std::size_t) {});
  exporting.start();
  store::Store watch(database, store::Role::Reader);
  for (auto row = watch.outlet("export/bench"); !row || row->place.sequence < rows;
       row = watch.outlet("export/bench"))
    std::this_thread::sleep_for(20ms);
  const double took = seconds_since(start);
  exporting.stop();
  outlet::Cursor(ground, "export/bench").forget();
  return took;
}

void run(std::uint64_t rows, const std::filesystem::path& under) {
  const std::filesystem::path folder = under / ("curfew-bench-export-" + std::to_string(getpid()));
  store::EmbeddedCluster cluster(
      {.data_directory = folder, .throwaway = false, .grace = 0s, .start_patience = 60s});
  store::migrate(cluster.owner());
  fill(cluster.application(), rows);
  const std::string path = under / ("curfew-bench-export-" + std::to_string(getpid()) + ".out");
  double limit = 0;
  {
    const bench::Used used(cluster.postmaster());
    limit = read_all(cluster.application(), [](const ledger::SealedEntry&) {});
    print("read_entries", rows, limit, 0);
    used.print();
  }
  for (const std::string_view name : model::Names<outlet::ExportFormat>::all) {
    const outlet::ExportFormat format = *model::parse<outlet::ExportFormat>(name);
    {
      const bench::Used used(cluster.postmaster());
      std::FILE* file = std::fopen(path.c_str(), "wbe");
      if (file == nullptr) throw Error(ErrorKind::Input, path + ": can't be written");
      outlet::EventReader reader;
      const double took = read_all(cluster.application(), [&](const ledger::SealedEntry& sealed) {
        const std::string line = outlet::render(format, reader.read(stream_id, sealed), {}) + "\n";
        if (std::fwrite(line.data(), 1, line.size(), file) != line.size())
          throw Error(ErrorKind::Input, path + ": can't be written");
      });
      std::fclose(file);
      print("command, " + std::string(name), rows, took, limit);
      used.print();
    }
    std::filesystem::remove(path);
    const bench::Used used(cluster.postmaster());
    print("outlet, " + std::string(name), rows, through_outlet(cluster.application(), path, format, rows),
          limit);
    used.print();
    std::filesystem::remove(path);
  }
  cluster.stop();
  std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500'000, argc > 2 ? argv[2] : "/var/tmp");
  } catch (const curfew::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
