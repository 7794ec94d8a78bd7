// Sign-ins out of an Event Hub into a daemon, beside what Kafka gives at all:
//
//   bench_hub [SIGN_INS=50000] [A_MESSAGE=50] [RUNS=3] [FOLDER=/var/tmp]
//
//   raw      the same messages by the same client, thrown away: the limit
//   read     read into observations, nothing kept
//   durable  by the real daemon, until each sign-in is a session in the database, its cursor with it
//
// The three by turns in each run. The hub is librdkafka's mock cluster within this process, so its work is on
// the same processors, with each of the three; the database is an embedded cluster with fsync on. Each
// sign-in is a session of its own, of 50,000 people.
#include <Poco/Net/ServerSocket.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "core/app/database.hpp"
#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"
#include "plugins/kafka/consumer.hpp"
#include "plugins/oauth/providers/entra/envelope.hpp"
#include "tests/bench/processor.hpp"
#include "tests/plugins/oauth_entra_hub/mock_hub.hpp"

namespace {

using namespace curfew;
using hub_test::MockHub;
using nlohmann::json;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

int free_port() {
  const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
  return socket.address().port();
}

struct Load {
  std::vector<std::vector<std::string>> bodies;  // of each partition
  std::uint64_t sign_ins = 0;
  std::size_t bytes = 0;
};

// The mock keeps 5 MiB of a partition.
Load made(std::uint64_t sign_ins, std::uint64_t a_message, std::uint64_t run) {
  Load load;
  load.sign_ins = sign_ins;
  std::vector<std::string> all;
  for (std::uint64_t at = 0; at < sign_ins; at += a_message) {
    std::vector<json> records;
    for (std::uint64_t i = at; i < std::min(sign_ins, at + a_message); ++i) {
      records.push_back(hub_test::sign_in("run-" + std::to_string(run) + "-" + std::to_string(i),
                                          "person" + std::to_string(i % 50'000)));
      char id[64];
      std::snprintf(id, sizeof(id), "%08d-0000-4000-8000-%012d", 1, static_cast<int>(i % 50'000));
      records.back()["properties"]["userId"] = id;
    }
    all.push_back(hub_test::envelope(records));
    load.bytes += all.back().size();
  }
  load.bodies.resize(load.bytes / (std::size_t{4} << 20U) + 2);
  for (std::size_t i = 0; i < all.size(); ++i)
    load.bodies[i % load.bodies.size()].push_back(std::move(all[i]));
  return load;
}

void fill(MockHub& hub, const Load& load) {
  for (std::size_t i = 0; i < load.bodies.size(); ++i) hub.send_all(static_cast<int>(i), load.bodies[i]);
}

double consumed(const MockHub& hub, const Load& load,
                const std::function<void(const kafka::Message&)>& each) {
  kafka::Consumer consumer({.servers = hub.servers(), .topic = MockHub::topic, .tls = false});
  std::map<std::int32_t, std::int64_t> positions;
  for (const std::int32_t one : consumer.partitions(hub_test::wall_clock() + std::chrono::seconds(10)))
    positions[one] = 0;
  const auto begun = Clock::now();
  consumer.read_from(positions);
  std::map<std::int32_t, std::int64_t> ends;
  while (ends.size() < load.bodies.size()) {
    const kafka::Taken taken = consumer.take({}, hub_test::wall_clock() + std::chrono::seconds(30));
    for (const kafka::Message& one : taken.messages) each(one);
    for (const auto& end : taken.ends) ends.insert(end);
  }
  return since(begun);
}

class Daemon {
 public:
  Daemon(const fs::path& folder, const store::ConnectionInfo& database, const MockHub& hub) {
    const int port = free_port();
    std::ofstream(folder / "curfew.yaml")
        << "realm: bench\nnode: b\ndata: " << (folder / "data").string() << "\ndatabase: {url: \""
        << database.conninfo << "\"}\nlisteners: {operator: {port: " << port
        << "}}\nsources:\n  - name: entra\n    connector: oauth\n    may_teach: ['*']\n    lateness: 1h\n"
           "    settings: {provider: entra, url: \"http://127.0.0.1:1/graph\", client_id: c, client_secret: "
           "s, "
           "poll_every: 1s, entra: {tenant: t, audits: false, authority: \"http://127.0.0.1:1\", event_hub: "
           "{bootstrap: \"plaintext://"
        << hub.servers() << "\", hub: " << MockHub::topic << "}}}\n";
    const std::string program = (fs::read_symlink("/proc/self/exe").parent_path() / "curfew").string();
    std::vector<std::string> words{program, "serve", "--config", (folder / "curfew.yaml").string()};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int stream : {1, 2})
      posix_spawn_file_actions_addopen(&actions, stream, (folder / "log").c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int error = posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw Error(ErrorKind::Unavailable, program + " can't be started");
  }
  ~Daemon() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

 private:
  pid_t process_ = -1;
};

void wait_for(store::ServerConnection& admin, const std::string& what, std::uint64_t count) {
  const auto patience = Clock::now() + std::chrono::minutes(5);
  while (static_cast<std::uint64_t>(admin.query("SELECT count(*) FROM " + what, {}).number(0, 0)) < count) {
    if (Clock::now() > patience) throw Error(ErrorKind::Unavailable, "the daemon does not get on: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// The hub is filled while the daemon is away, so what counts is reading; it begins with the first session.
double durable(const fs::path& folder, const Load& load) {
  app::Log log(app::LogLevel::Warning);
  app::Settings settings;
  settings.data = (folder / "cluster").string();
  app::Database database = app::open_database(settings, log);
  store::ServerConnection admin(database.owner());
  MockHub hub(static_cast<int>(load.bodies.size()));
  double took = 0;
  {
    const Daemon first(folder, database.connection(), hub);
    wait_for(admin, "curfew.cursor WHERE name LIKE 'hub/%'", load.bodies.size() + 1);
  }
  fill(hub, load);
  {
    const Daemon second(folder, database.connection(), hub);
    wait_for(admin, "curfew.session", 1);
    const auto begun = Clock::now();
    const auto before = admin.query("SELECT count(*) FROM curfew.session", {}).number(0, 0);
    if (static_cast<std::uint64_t>(before) * 2 > load.sign_ins)
      throw Error(ErrorKind::Unavailable, "too few sign-ins to measure: half of them came before a look");
    const bench::Used used(database.cluster()->postmaster());
    wait_for(admin, "curfew.session", load.sign_ins);
    took = since(begun) * static_cast<double>(load.sign_ins) /
           (static_cast<double>(load.sign_ins) - static_cast<double>(before));
    used.print();
  }
  database.stop();
  return took;
}

void print(const char* what, double seconds, const Load& load) {
  std::printf("%-8s %7.2f s  %8.0f sign-ins/s  %6.1f MB/s\n", what, seconds,
              static_cast<double>(load.sign_ins) / seconds, static_cast<double>(load.bytes) / seconds / 1e6);
}

void run(const Load& load, const fs::path& folder) {
  double raw = 0, read = 0;
  {
    MockHub hub(static_cast<int>(load.bodies.size()));
    fill(hub, load);
    raw = consumed(hub, load, [](const kafka::Message&) {});
    std::uint64_t seen = 0;
    read = consumed(hub, load, [&](const kafka::Message& one) {
      for (const auto& record : oauth::entra::read_envelope(one.body, "c").records)
        seen += record.sighting ? 1U : 0U;
    });
    if (seen != load.sign_ins)
      throw Error(ErrorKind::Unavailable, "not all was read: is a partition too small?");
  }
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms(0711));
  const double kept = durable(folder, load);
  fs::remove_all(folder);
  print("raw", raw, load);
  print("read", read, load);
  print("durable", kept, load);
  std::printf("durable is %.3f of raw\n", raw / kept);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index, std::uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  const fs::path folder =
      fs::path(argc > 4 ? argv[4] : "/var/tmp") / ("curfew-hub-" + std::to_string(::getpid()));
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    for (std::uint64_t i = 0; i < number(3, 3); ++i) {
      const Load load = made(number(1, 50'000), number(2, 50), i);
      std::printf("run %llu: %llu sign-ins, %.0f MB in %zu partitions\n",
                  static_cast<unsigned long long>(i + 1), static_cast<unsigned long long>(load.sign_ins),
                  static_cast<double>(load.bytes) / 1e6, load.bodies.size());
      run(load, folder);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
