// scripts/quickstart as scripts/run starts it, with times that are shorter and ports that are free: somebody
// signs in with a browser, and reads the terminal.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/store/process.hpp"
#include "tests/support/forms_app/forms_app.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::quickstart_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::string token = "the-tests-own-token";
const std::string marker = "Only for who is signed in";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool until(const std::function<bool()>& condition, std::chrono::seconds patience = 60s) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(30ms);  // between two looks
  }
  return true;
}

struct Page {
  int status = 0;
  std::multimap<std::string, std::string> headers;
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

using Headers = std::map<std::string, std::string>;

Page ask(int port, const std::string& method, const std::string& path, const Headers& headers,
         const std::string& form = {}) {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
  session.setTimeout(Poco::Timespan(20, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  request.set("User-Agent", "a person's browser");
  for (const auto& [name, value] : headers) request.set(name, value);
  if (method == "POST") {
    request.setContentType("application/x-www-form-urlencoded");
    request.setContentLength(static_cast<std::streamsize>(form.size()));
  }
  session.sendRequest(request) << form;
  Poco::Net::HTTPResponse response;
  Page page;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), page.body);
  page.status = static_cast<int>(response.getStatus());
  for (const auto& [name, value] : response) page.headers.emplace(name, value);
  return page;
}

// Keeps its cookie whatever it is told, so that a test can show it again.
class Browser {
 public:
  explicit Browser(int port) : port_(port) {}
  Page get(const std::string& path, Headers headers = {}) {
    headers["Cookie"] = cookie_;
    return ask(port_, "GET", path, headers);
  }
  Page post(const std::string& path, const std::string& form = {}, Headers headers = {}) {
    headers["Cookie"] = cookie_;
    return ask(port_, "POST", path, headers, form);
  }
  void sign_in(const std::string& name) {
    const Page page = post("/login", "user=" + name + "&password=demo-" + name);
    ASSERT_EQ(page.header("Location"), "/app") << page.body;
    const std::string set = page.header("Set-Cookie");
    cookie_ = set.substr(0, set.find(';'));
    ASSERT_THAT(get("/app").body, HasSubstr(marker));
  }
  [[nodiscard]] std::string session() const { return cookie_.substr(cookie_.find('=') + 1); }

 private:
  int port_;
  std::string cookie_;
};

class QuickstartLive : public testing::Test {
 protected:
  void SetUp() override {
    std::string ports;
    for (int& port : ports_) {
      port = support::free_port();
      ports += std::to_string(port) + " ";
    }
    fs::permissions(folder_.path(), fs::perms(0711));
    ports_text_ = ports;
  }
  void TearDown() override {
    if (process_ > 0) (void)end_by(SIGTERM);
    EXPECT_TRUE(until([&] { return processes().empty(); })) << testing::PrintToString(processes());
    if (HasFailure())
      std::fprintf(stderr, "%s\n%s\n", terminal().c_str(), read(place() / "daemon.log").c_str());
  }

  void start(const std::string& idle, const std::string& warning) {
    process_ = store::start(
        {.arguments = {"/usr/bin/env", "CURFEW_QUICKSTART_PORTS=" + ports_text_,
                       "CURFEW_QUICKSTART_IDLE=" + idle, "CURFEW_QUICKSTART_WARNING=" + warning,
                       "CURFEW_QUICKSTART_TOKEN=" + token,
                       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       CURFEW_SOURCE_DIR "/scripts/quickstart", CURFEW_BINARY_DIR, place().string()},
         .identity = {},
         .output_file = (folder_.path() / "terminal").string(),
         .own_session = true});
    ASSERT_TRUE(shows("What happens from now on"));
  }
  // The exit code; -1: it did not end.
  int end_by(int signal) {
    ::kill(process_, signal);
    return ended();
  }
  int ended() {
    int status = 0;
    const bool over = until([&] { return ::waitpid(process_, &status, WNOHANG) == process_; });
    if (!over) {
      ::kill(-process_, SIGKILL);
      ::waitpid(process_, &status, 0);
    }
    process_ = -1;
    return over && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  [[nodiscard]] fs::path place() const { return folder_.path() / "place"; }
  [[nodiscard]] int port() const { return ports_[3]; }
  [[nodiscard]] std::string terminal() const { return read(folder_.path() / "terminal"); }
  [[nodiscard]] bool shows(const std::string& text) const {
    return until([&] { return terminal().find(text) != std::string::npos; });
  }
  // The process that runs with this among its arguments, and the command lines of all that work in the place.
  [[nodiscard]] pid_t process_of(const std::string& word) const {
    for (const auto& [process, line] : processes()) {
      if (line.find(word) != std::string::npos) return process;
    }
    return -1;
  }
  [[nodiscard]] std::map<pid_t, std::string> processes() const {
    std::map<pid_t, std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::string line = read(entry.path() / "cmdline");
      std::replace(line.begin(), line.end(), '\0', ' ');
      if (line.find(place().string()) != std::string::npos) found[std::stoi(name)] = line;
    }
    return found;
  }
  // What the application itself knows, past the gate.
  [[nodiscard]] std::string sessions_of_the_application() const {
    return ask(port(), "GET", "/admin/sessions", {{"Authorization", "Bearer " + token}}).body;
  }

 private:
  support::TemporaryDirectory folder_;
  int ports_[4] = {};
  std::string ports_text_;
  pid_t process_ = -1;
};

TEST_F(QuickstartLive, WhoIsIdleIsWarnedSignedOutAndTheTerminalShowsTheLadderAndTheProof) {
  start("16s", "8s");
  Browser alex(port());
  alex.sign_in("alex");
  EXPECT_THAT(alex.get("/app").body, HasSubstr("/curfew/curfew-warning.js"));
  EXPECT_EQ(alex.get("/curfew/curfew-warning.js").status, 200);
  ASSERT_TRUE(shows("alex signed in at notes"));

  // The page's own polling neither keeps the session nor hides the warning; work takes it back.
  const auto warned = [&] { return !alex.get("/poll").header("X-Curfew-Warning").empty(); };
  ASSERT_TRUE(until(warned));
  EXPECT_THAT(alex.get("/curfew/status").body, HasSubstr("\"seconds_left\":"));
  EXPECT_EQ(alex.post("/note", "text=milk").status, 302);
  EXPECT_FALSE(warned());
  EXPECT_THAT(alex.get("/app").body, HasSubstr("milk"));
  ASSERT_TRUE(shows("warned by idle-minute: signed out at"));

  ASSERT_TRUE(until(warned));
  ASSERT_TRUE(until([&] { return alex.get("/poll").status == 401; }));
  const Page refused = alex.get("/app");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.body, HasSubstr("you had not been active for a while"));
  EXPECT_THAT(refused.body, Not(HasSubstr(marker)));
  EXPECT_THAT(refused.header("Cache-Control"), HasSubstr("no-store"));

  ASSERT_TRUE(shows("outcome: proven, after"));
  // And the application itself has no such session any more.
  EXPECT_THAT(sessions_of_the_application(), Not(HasSubstr(alex.session())));
  EXPECT_THAT(sessions_of_the_application(), HasSubstr("\"sessions\""));
  const std::string seen = terminal();
  std::size_t from = 0;
  for (const char* line :
       {" of idle-minute: inactivity timeout", "ordered for session",
        "step 1 intent: cancel session at notes", "step 1 answer: accepted", "step 1 verdict: still alive",
        "step 2 intent: sign out session at notes", "step 2 answer: accepted",
        "step 2 verdict: proven (dead after alive)", "outcome: proven"}) {
    const std::size_t at = seen.find(line, from);
    ASSERT_NE(at, std::string::npos) << line;
    from = at;
  }
  EXPECT_THAT(seen, HasSubstr("ended: "));

  // Whoever kept the cookie shows it again; and signs in anew.
  const Page dead = alex.get("/app");
  EXPECT_EQ(dead.status, 401);
  EXPECT_THAT(dead.header("Set-Cookie"), HasSubstr("Max-Age=0"));
  EXPECT_TRUE(shows("came back after its end, refused by notes-gate"));
  EXPECT_EQ(alex.get("/login").status, 200);
  alex.sign_in("alex");
  EXPECT_EQ(end_by(SIGINT), 0);
  EXPECT_THAT(terminal(), HasSubstr("Ending."));
}

TEST_F(QuickstartLive, TheCommandThatItTellsSignsOutAndHeadersOfTheClientPassNoGate) {
  start("1m", "30s");
  Browser alex(port());
  Browser robin(port());
  alex.sign_in("alex");
  robin.sign_in("robin");
  ASSERT_TRUE(shows("alex signed in at notes"));
  ASSERT_TRUE(shows("robin signed in at notes"));
  const std::string seen = terminal();
  const std::size_t begin = seen.find("\n  ", seen.find("By hand")) + 3;
  const std::string command = seen.substr(begin, seen.find('\n', begin) - begin);
  const store::Finished done = store::run(
      {.arguments = {"/bin/sh", "-c", command}, .identity = {}, .output_file = {}, .own_session = false},
      60s);
  EXPECT_EQ(done.status, 0) << command << "\n" << done.output;
  EXPECT_THAT(done.output, HasSubstr("outcome: proven"));
  EXPECT_TRUE(shows("outcome: proven"));
  EXPECT_EQ(alex.get("/app").status, 401);
  EXPECT_EQ(alex.get("/app", {{"X-Original-URI", "/login"}, {"X-Original-Method", "OPTIONS"}}).status, 401);
  EXPECT_THAT(alex.get("/app").body, HasSubstr("by an administrator"));
  EXPECT_THAT(robin.get("/app").body, HasSubstr(marker));
  EXPECT_EQ(robin.get("/curfew/check").status, 404) << "the gate answers the proxy, not its clients";
  EXPECT_EQ(end_by(SIGINT), 0);
}

TEST_F(QuickstartLive, IfTheDaemonEndsAllEndsAndSaysSo) {
  start("1m", "30s");
  const pid_t daemon = process_of("curfew serve --config");
  ASSERT_GT(daemon, 0);
  ::kill(daemon, SIGTERM);
  EXPECT_EQ(ended(), 1);
  EXPECT_THAT(terminal(), HasSubstr("The daemon has ended:"));
}

TEST_F(QuickstartLive, NothingOfItRunsAsRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: only root is left";
  start("1m", "30s");
  for (const char* word : {"curfew serve --config", "curfew-forms-app --port"}) {
    const pid_t process = process_of(word);
    ASSERT_GT(process, 0) << word;
    EXPECT_THAT(read("/proc/" + std::to_string(process) + "/status"),
                testing::ContainsRegex("Uid:\t[1-9][0-9]*\t[1-9][0-9]*\t[1-9][0-9]*\t"))
        << word;
  }
  EXPECT_EQ(end_by(SIGINT), 0);
}

TEST(FormsAppBehindAGate, ThatDoesNotAnswerLetsNobodyIn) {
  const int port = support::free_port();
  const forms_app::FormsApp app(
      {.people = {{"alex", "demo-alex"}}, .gate = "http://127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(ask(app.port(), "GET", "/login", {}).status, 503);
  EXPECT_EQ(ask(app.port(), "POST", "/login", {}, "user=alex&password=demo-alex").status, 503);
}

}  // namespace
}  // namespace curfew::quickstart_test
