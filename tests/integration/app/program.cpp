#include "tests/integration/app/program.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "core/base/time.hpp"
#include "tests/support/server_process.hpp"

extern char** environ;

namespace curfew::app_test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool others_may_enter(const fs::path& folder) {
  fs::path walked;
  for (const fs::path& part : folder) {
    walked /= part;
    if ((fs::status(walked).permissions() & fs::perms::others_exec) == fs::perms::none) return false;
  }
  return true;
}

// Where the program is. As root the daemon goes on as a user who may not be able to enter the build's folder:
// then, a copy where that one can.
fs::path program_folder() {
  const fs::path built(CURFEW_BINARY_DIR);
  if (::geteuid() != 0 || others_may_enter(built)) return built;
  static const support::TemporaryDirectory copy;
  if (fs::is_empty(copy.path())) {
    fs::permissions(copy.path(), fs::perms(0755));
    for (const char* part : {"bin", "lib"})
      fs::copy(built / part, copy.path() / part, fs::copy_options::recursive);
  }
  return copy.path();
}

pid_t spawn(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment,
            const fs::path& out, const fs::path& err) {
  std::vector<std::string> words{(program_folder() / "bin" / "curfew").string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  for (char** one = environ; *one != nullptr; ++one) variables.emplace_back(*one);
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  pid_t process = -1;
  // Sockets of the test's own servers are not handed down.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  const int error = posix_spawn(&process, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("curfew can't be started; was it built?");
  return process;
}

void take_status(int status, Ended& ended) {
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

Ended run_curfew(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment) {
  const support::TemporaryDirectory folder;
  const pid_t process = spawn(arguments, environment, folder.path() / "out", folder.path() / "err");
  int status = 0;
  ::waitpid(process, &status, 0);
  Ended ended;
  take_status(status, ended);
  ended.out = read(folder.path() / "out");
  ended.err = read(folder.path() / "err");
  return ended;
}

ScriptedDaemon::ScriptedDaemon()
    : start_time_(base::format_rfc3339(base::wall_clock_now())), port_(support::free_port()) {
  fs::permissions(folder_.path(), fs::perms(0711));
  std::ofstream(folder_.path() / "token") << "cfw_test-token-of-the-integration-tests\n";
  std::ofstream(folder_.path() / "acts").flush();
  fs::permissions(folder_.path() / "acts", fs::perms(0666));  // root's daemon goes on as another user
}

ScriptedDaemon::~ScriptedDaemon() {
  if (process_ > 0) (void)stop(SIGTERM);
}

void ScriptedDaemon::script(const std::string& ndjson) {
  std::ofstream(folder_.path() / "script.ndjson") << ndjson;
}

void ScriptedDaemon::configure(const std::string& yaml, const std::string& settings) {
  const std::string at = folder_.path().string();
  std::ofstream(config())
      << "realm: test\nnode: t\ndata: " << at << "/data\n"
      << "ledger: {outside_checkpoints: " << at << "/outside, batch_time: 5ms}\n"
      << "listeners: {operator: {port: " << port_ << "}}\n"
      << "tokens: [{name: test, role: admin, token_file: " << at << "/token}]\n"
      << "sources:\n  - name: crm\n    connector: replay\n    lateness: 0s\n    settings: {script: " << at
      << "/script.ndjson, acts: " << at << "/acts, start: \"" << start_time_ << "\""
      << (settings.empty() ? "" : ", ") << settings << "}\n"
      << yaml;
}

void ScriptedDaemon::launch(const std::map<std::string, std::string>& environment) {
  process_ =
      spawn({"serve", "--config", config()}, environment, folder_.path() / "out", folder_.path() / "log");
}

bool ScriptedDaemon::try_start(const std::map<std::string, std::string>& environment) {
  launch(environment);
  return until([&] {
    if (has_ended()) return true;
    try {
      return request("GET", "/readyz").status == 200;
    } catch (const Poco::Exception&) {
      return false;  // not listening yet
    }
  });
}

void ScriptedDaemon::start(const std::map<std::string, std::string>& environment) {
  if (!try_start(environment) || process_ < 0)
    throw std::runtime_error("the daemon did not get ready:\n" + log());
}

bool ScriptedDaemon::has_ended() {
  int status = 0;
  if (process_ < 0) return true;
  if (::waitpid(process_, &status, WNOHANG) != process_) return false;
  process_ = -1;
  take_status(status, ended_);
  return true;
}

Ended ScriptedDaemon::stop(int signal) {
  if (process_ > 0) {
    ::kill(process_, signal);
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = -1;
    take_status(status, ended_);
  }
  ended_.err = log();
  return ended_;
}

Reply ScriptedDaemon::request(const std::string& method, const std::string& path,
                              const std::string& body) const {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port_));
  session.setTimeout(Poco::Timespan(20, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  request.set("Authorization", "Bearer cfw_test-token-of-the-integration-tests");
  if (!body.empty()) {
    request.setContentType("application/json");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
  }
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  Reply reply;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), reply.body);
  reply.status = static_cast<int>(response.getStatus());
  reply.retry_after = response.get("Retry-After", "");
  return reply;
}

nlohmann::json ScriptedDaemon::get(const std::string& path) const {
  Reply reply;
  try {
    reply = request("GET", path);
  } catch (const Poco::Exception& error) {
    siginfo_t ended{};
    const bool is_gone =
        ::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid == process_;
    throw std::runtime_error(path + ": " + error.displayText() + "; the daemon " +
                             (is_gone ? "has ended, status " + std::to_string(ended.si_status) : "runs") +
                             "\n" + log());
  }
  if (reply.status != 200)
    throw std::runtime_error(path + " answered " + std::to_string(reply.status) + ": " + reply.body);
  return nlohmann::json::parse(reply.body);
}

bool ScriptedDaemon::until(const std::function<bool()>& condition) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // between two looks at the condition
  }
  return false;
}

std::string ScriptedDaemon::log() const { return read(folder_.path() / "log"); }

}  // namespace curfew::app_test
