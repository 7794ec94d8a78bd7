// Windows events that are pushed to a daemon as Winlogbeat does, beside what the database could take at all:
//
//   bench_push [EVENTS=200000] [CONNECTIONS=2] [EVENTS_A_REQUEST=1000] [FOLDER=/var/tmp]
//
//   acknowledged  until the last request was answered: each answer says that its events are durable
//   judged        until each of them is a session in the ledger; none waits any more
//   raw           one binary COPY of the ledger and personal rows that came of it, from a file that the
//   server
//                 reads itself, into identical tables and indexes
//   memory        of the daemon (resident), before the first event, with all sessions open, and after a
//   restart
//
// Each event is an interactive logon that stays (4624): a session of its own, of 50,000 people at 20,000
// computers. The server is an embedded cluster with fsync on; the daemon is the real program.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "core/app/database.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/store/server_connection.hpp"
#include "tests/bench/processor.hpp"

namespace {

using namespace curfew;
using nlohmann::json;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const std::string token = "cfw_token-of-the-one-who-pushes";

int free_port() {
  const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
  return socket.address().port();
}

double since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

// As Winlogbeat 8 writes a 4624.
std::string logon(std::uint64_t number, Time at) {
  const std::string hex = "0x" + base::to_hex(base::sha256(std::to_string(number))).substr(0, 12);
  const std::string user = "person" + std::to_string(number % 50'000);
  return json{
      {"@timestamp", base::format_rfc3339(at)},
      {"event", {{"code", "4624"}, {"kind", "event"}, {"outcome", "success"}, {"action", "logged-in"}}},
      {"host", {{"name", "WS" + std::to_string(number % 20'000) + ".corp.test"}}},
      {"log", {{"level", "information"}}},
      {"message", "An account was successfully logged on."},
      {"winlog",
       {{"event_id", "4624"},
        {"channel", "Security"},
        {"computer_name", "WS" + std::to_string(number % 20'000) + ".corp.test"},
        {"record_id", number / 20'000 + 1},
        {"version", 2},
        {"provider_name", "Microsoft-Windows-Security-Auditing"},
        {"provider_guid", "{54849625-5478-4994-a5ba-3e3b0328c30d}"},
        {"process", {{"pid", 780}, {"thread", {{"id", 1244}}}}},
        {"event_data",
         {{"SubjectUserSid", "S-1-5-18"},
          {"SubjectUserName", "WS$"},
          {"SubjectDomainName", "CORP"},
          {"SubjectLogonId", "0x3e7"},
          {"TargetUserSid", "S-1-5-21-1-2-3-" + std::to_string(1'000 + number % 50'000)},
          {"TargetUserName", user},
          {"TargetDomainName", "CORP"},
          {"TargetLogonId", hex},
          {"TargetLinkedLogonId", "0x0"},
          {"LogonType", "2"},
          {"LogonProcessName", "User32 "},
          {"AuthenticationPackageName", "Negotiate"},
          {"WorkstationName", "WS" + std::to_string(number % 20'000)},
          {"IpAddress", "127.0.0.1"},
          {"ElevatedToken", "%%1843"},
          {"ProcessName", "C:\\Windows\\System32\\svchost.exe"}}}}}}
      .dump();
}

class Daemon {
 public:
  Daemon(const fs::path& folder, const store::ConnectionInfo& database)
      : folder_(folder), port_(free_port()), operator_(free_port()) {
    std::ofstream(folder / "curfew.yaml")
        << "realm: bench\nnode: b\ndata: " << (folder / "data").string() << "\ndatabase: {url: \""
        << database.conninfo << "\"}\nlisteners: {operator: {port: " << operator_
        << "}, sources: {port: " << port_
        << "}}\ntokens: [{name: pusher, role: ingest, sources: [corp], sha256: "
        << base::to_hex(base::sha256(token))
        << "}]\nsources:\n  - name: corp\n    connector: windows\n    may_teach: ['*']\n"
           "    settings: {push: true, arrival_delay: 1s, settle: 1s}\n";
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
    if (posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0)
      throw Error(ErrorKind::Unavailable, program + " can't be started");
    posix_spawn_file_actions_destroy(&actions);
    const auto patience = Clock::now() + std::chrono::minutes(1);
    while (status("GET", "/readyz", operator_) != 200) {
      if (Clock::now() > patience || ::waitpid(process_, nullptr, WNOHANG) != 0)
        throw Error(ErrorKind::Unavailable, "the daemon did not get ready; see " + (folder / "log").string());
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  ~Daemon() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  static int status(const std::string& method, const std::string& path, int port) {
    try {
      Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
      Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
      session.sendRequest(request);
      Poco::Net::HTTPResponse response;
      session.receiveResponse(response);
      return static_cast<int>(response.getStatus());
    } catch (const Poco::Exception&) {
      return 0;  // not listening yet
    }
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t process() const { return process_; }
  // Bytes.
  [[nodiscard]] std::uint64_t resident() const {
    std::ifstream in("/proc/" + std::to_string(process_) + "/status");
    std::string word;
    while (in >> word) {
      if (word != "VmRSS:") continue;
      std::uint64_t kibibytes = 0;
      in >> kibibytes;
      return kibibytes * 1024;
    }
    return 0;
  }

 private:
  fs::path folder_;
  int port_, operator_;
  pid_t process_ = -1;
};

// Sends the bodies, whichever is next, over one connection; asks again where there is no room yet.
void send_all(int port, const std::vector<std::string>& bodies, std::atomic<std::size_t>& next,
              std::atomic<std::uint64_t>& refused) {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
  session.setKeepAlive(true);
  session.setTimeout(Poco::Timespan(120, 0));
  while (true) {
    const std::size_t mine = next++;
    if (mine >= bodies.size()) return;
    while (true) {
      Poco::Net::HTTPRequest request("POST", "/sources/corp/_bulk", Poco::Net::HTTPMessage::HTTP_1_1);
      request.set("Authorization", "Bearer " + token);
      request.setContentType("application/json");
      request.setContentLength(static_cast<std::streamsize>(bodies[mine].size()));
      session.sendRequest(request) << bodies[mine];
      Poco::Net::HTTPResponse response;
      std::string answer;
      Poco::StreamCopier::copyToString(session.receiveResponse(response), answer);
      if (response.getStatus() == 200 && answer.find("\"errors\":false") != std::string::npos) break;
      if (response.getStatus() != 429)
        throw Error(ErrorKind::Unavailable, "the daemon answered " + std::to_string(response.getStatus()) +
                                                ": " + answer.substr(0, 300));
      ++refused;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

std::uint64_t rows_of(store::ServerConnection& connection, const std::string& query) {
  return static_cast<std::uint64_t>(connection.query("SELECT count(*) FROM " + query, {}).number(0, 0));
}

void print_memory(const char* when, std::uint64_t bytes, std::uint64_t empty,
                  store::ServerConnection& admin) {
  const std::uint64_t live = rows_of(admin, "curfew.session WHERE ended_at = 0");
  std::printf("memory, %s: %.0f MiB, with no session %.0f MiB: %.0f bytes for each of %llu\n", when,
              static_cast<double>(bytes) / (1U << 20U), static_cast<double>(empty) / (1U << 20U),
              static_cast<double>(bytes - empty) / static_cast<double>(live),
              static_cast<unsigned long long>(live));
}

void run(std::uint64_t events, unsigned connections, std::uint64_t a_request, const fs::path& folder) {
  app::Log log(app::LogLevel::Warning);
  app::Settings settings;
  settings.data = (folder / "cluster").string();
  app::Database database = app::open_database(settings, log);
  const pid_t postmaster = database.cluster()->postmaster();
  store::ServerConnection admin(database.owner());
  double acknowledged = 0, judged = 0;
  std::uint64_t empty_daemon = 0;
  {
    const Daemon daemon(folder, database.connection());
    const std::uint64_t empty = daemon.resident();
    const Time begin = base::wall_clock_now();
    std::vector<std::string> bodies;
    for (std::uint64_t at = 0; at < events; at += a_request) {
      std::string& body = bodies.emplace_back();
      for (std::uint64_t i = at; i < std::min(events, at + a_request); ++i)
        body += "{\"create\":{\"_index\":\"winlogbeat-8.17.0\"}}\n" +
                logon(i, begin + std::chrono::microseconds(i)) + "\n";
    }
    std::printf("%llu events in %zu requests of %.0f KiB, %u connections\n",
                static_cast<unsigned long long>(events), bodies.size(),
                static_cast<double>(bodies[0].size()) / 1024, connections);
    const bench::Used used(postmaster);
    const auto begun = Clock::now();
    std::atomic<std::size_t> next = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::vector<std::thread> senders;
    for (unsigned i = 0; i < connections; ++i)
      senders.emplace_back([&] { send_all(daemon.port(), bodies, next, refused); });
    for (std::thread& sender : senders) sender.join();
    acknowledged = since(begun);
    while (rows_of(admin, "curfew.memory WHERE key LIKE 'pushed/%'") > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
    judged = since(begun);
    std::printf("acknowledged %7.2f s  %8.0f events/s (%llu answers of 429)\n", acknowledged,
                static_cast<double>(events) / acknowledged, static_cast<unsigned long long>(refused));
    std::printf("judged       %7.2f s  %8.0f events/s\n", judged, static_cast<double>(events) / judged);
    used.print();
    print_memory("all open, just judged", daemon.resident(), empty, admin);
    empty_daemon = empty;
  }
  print_memory("all open, after a restart", Daemon(folder, database.connection()).resident(), empty_daemon,
               admin);
  const std::uint64_t entries = rows_of(admin, "curfew.entry");
  const std::string files = (folder / "cluster" / "postgres" / "run").string();
  admin.execute("COPY (SELECT * FROM curfew.entry) TO '" + files +
                "/entry' (FORMAT binary); COPY (SELECT * FROM curfew.personal) TO '" + files +
                "/personal' (FORMAT binary); CREATE SCHEMA raw; CREATE TABLE raw.entry (LIKE curfew.entry "
                "INCLUDING ALL); CREATE TABLE raw.personal (LIKE curfew.personal INCLUDING ALL); CHECKPOINT");
  const auto begun = Clock::now();
  admin.execute("BEGIN; COPY raw.entry FROM '" + files + "/entry' (FORMAT binary); COPY raw.personal FROM '" +
                files + "/personal' (FORMAT binary); COMMIT");
  const double raw = since(begun);
  std::printf(
      "raw COPY     %7.2f s  %8.0f of %llu entries/s\nacknowledged is %.2f of raw COPY, judged %.2f\n", raw,
      static_cast<double>(entries) / raw, static_cast<unsigned long long>(entries), raw / acknowledged,
      raw / judged);
  database.stop();
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index, std::uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  const fs::path folder =
      fs::path(argc > 4 ? argv[4] : "/var/tmp") / ("curfew-push-" + std::to_string(::getpid()));
  try {
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms(0711));
    run(number(1, 200'000), static_cast<unsigned>(number(2, 2)), number(3, 1'000), folder);
    fs::remove_all(folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
