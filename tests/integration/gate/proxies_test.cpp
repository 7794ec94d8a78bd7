// The proxy configurations of docs/proxies, as they are shipped but for their addresses, before a real gate
// and a small application.
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include "core/store/process.hpp"
#include "running_gate.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::api {
namespace {

namespace fs = std::filesystem;
namespace net = Poco::Net;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

const std::string marker = "the application's secret";

// Answers everything, and keeps what it was asked.
class Application {
 public:
  Application()
      : server_(new Factory(*this), pool_, net::ServerSocket(net::SocketAddress("127.0.0.1", 0)),
                new net::HTTPServerParams) {
    server_.start();
  }
  ~Application() {
    server_.stopAll(true);
    pool_.joinAll();
  }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::vector<std::string> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  class Handler : public net::HTTPRequestHandler {
   public:
    explicit Handler(Application& application) : application_(application) {}
    void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
      std::string body;
      Poco::StreamCopier::copyToString(request.stream(), body);
      {
        const std::lock_guard lock(application_.mutex_);
        application_.seen_.push_back(request.getMethod() + " " + request.getURI() + " " + body);
      }
      response.set("Cache-Control", "max-age=600");
      if (request.getURI() == "/own-401") {
        response.setStatus(net::HTTPResponse::HTTP_UNAUTHORIZED);
        response.set("WWW-Authenticate", "Basic realm=\"application\"");
      }
      const std::string text = marker + " " + body;
      response.sendBuffer(text.data(), text.size());
    }

   private:
    Application& application_;
  };
  class Factory : public net::HTTPRequestHandlerFactory {
   public:
    explicit Factory(Application& application) : application_(application) {}
    net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
      return new Handler(application_);
    }

   private:
    Application& application_;
  };
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
  Poco::ThreadPool pool_;  // its own, to be joined
  net::HTTPServer server_;
};

struct Proxy {
  const char* name;
  const char* program;
};
std::ostream& operator<<(std::ostream& out, const Proxy& proxy) { return out << proxy.name; }

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(in) << path;
  return text.str();
}

class BehindProxy : public testing::TestWithParam<Proxy> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam().program))
      GTEST_SKIP() << GetParam().program << " is not installed: scripts/install_packages test";
    gate_.live("good");
    gate_.live("warned", seconds(60), seconds(59));
    gate_.refused("bad", model::Refusal::IdleTimeout);
    gate_.start();
    gate_.ahead = 20'000'000;
    port_ = static_cast<std::uint16_t>(support::free_port());
    process_ =
        store::start({.arguments = prepare(GetParam().name), .identity = {}, .output_file = at("log")});
    ASSERT_TRUE(wait_until([&] { return get(port_, "/public/up").status == 200; })) << read(at("log"));
    requests_before_ = application_.seen().size();
  }
  void TearDown() override {
    if (process_ > 0) {
      ::kill(process_, SIGTERM);
      int status = 0;
      if (!wait_until([&] { return ::waitpid(process_, &status, WNOHANG) != 0; })) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, &status, 0);
      }
    }
    if (HasFailure()) std::fprintf(stderr, "%s\n", read(at("log")).c_str());
  }

  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }

  // As shipped; only where things are differs.
  [[nodiscard]] std::string shipped(const std::string& name) const {
    std::string text = read(fs::path(CURFEW_SOURCE_DIR) / "docs/proxies" / name);
    const auto put = [&](const std::string& from, const std::string& to) {
      for (std::size_t place = 0; (place = text.find(from, place)) != std::string::npos; place += to.size())
        text.replace(place, from.size(), to);
    };
    const std::string here = "127.0.0.1:" + std::to_string(port_);
    put("127.0.0.1:8471", "127.0.0.1:" + std::to_string(gate_.port()));
    put("\"127.0.0.1\", 8471", "\"127.0.0.1\", " + std::to_string(gate_.port()));
    put("127.0.0.1:8080", "127.0.0.1:" + std::to_string(application_.port()));
    put("listen 80;", "listen " + here + ";");
    put("bind :80", "bind " + here);
    put("VirtualHost *:80", "VirtualHost " + here);
    put("\n:80 {", "\nhttp://" + here + " {");
    put("/etc/haproxy/", at(""));
    put("/etc/apache2/curfew/", at(""));
    return text;
  }

  std::vector<std::string> prepare(const std::string& proxy) {
    if (proxy == "nginx") {
      write("snippet.conf", shipped("nginx.conf"));
      std::string temporary;
      for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        temporary += std::string(kind) + "_temp_path " + at(kind) + ";\n";
      write("nginx.conf", "daemon off; master_process off; pid " + at("pid") + "; error_log " + at("log") +
                              ";\nevents {}\nhttp { access_log off;\n" + temporary + "include " +
                              at("snippet.conf") + ";\n}\n");
      return {GetParam().program, "-c", at("nginx.conf"), "-p", folder_.path().string()};
    }
    if (proxy == "haproxy") {
      write("haproxy.cfg", shipped("haproxy.cfg"));
      write("curfew_haproxy.lua", shipped("curfew_haproxy.lua"));
      return {GetParam().program, "-db", "-f", at("haproxy.cfg")};
    }
    if (proxy == "apache") {
      std::string modules;
      for (const char* module : {"mpm_event", "authz_core", "lua", "proxy", "proxy_http", "headers"})
        modules +=
            "LoadModule " + std::string(module) + "_module /usr/lib/apache2/modules/mod_" + module + ".so\n";
      if (::geteuid() == 0) modules += "User www-data\nGroup www-data\n";
      fs::permissions(folder_.path(), fs::perms(0755));
      write("curfew.lua", shipped("curfew.lua"));
      write("snippet.conf", shipped("apache.conf"));
      write("httpd.conf", "ServerRoot " + folder_.path().string() +
                              "\nServerName localhost\nListen 127.0.0.1:" + std::to_string(port_) +
                              "\nPidFile " + at("pid") + "\nErrorLog " + at("log") + "\nDefaultRuntimeDir " +
                              folder_.path().string() + "\n" + modules + "Mutex pthread\nInclude " +
                              at("snippet.conf") + "\n");
      return {GetParam().program, "-D", "FOREGROUND", "-f", at("httpd.conf")};
    }
    write("Caddyfile", "{\n\tadmin off\n\tauto_https off\n\tstorage file_system " + at("caddy") + "\n}\n" +
                           shipped("Caddyfile"));
    return {GetParam().program, "run", "--config", at("Caddyfile"), "--adapter", "caddyfile"};
  }

  Got ask(const std::string& target, const std::string& cookie, const Headers& more = {}) const {
    Headers headers{{"Cookie", cookie}};
    headers.insert(headers.end(), more.begin(), more.end());
    return get(port_, target, headers);
  }
  [[nodiscard]] std::vector<std::string> seen() const {
    std::vector<std::string> all = application_.seen();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(requests_before_));
    return all;
  }

  support::TemporaryDirectory folder_;
  RunningGate gate_;
  Application application_;
  std::uint16_t port_ = 0;

 private:
  pid_t process_ = -1;
  std::size_t requests_before_ = 0;
};

TEST_P(BehindProxy, ALiveSessionPassesAndNothingOfItIsCached) {
  const Got got = ask("/page?x=1", "sid=good");
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.body, HasSubstr(marker));
  EXPECT_EQ(got.headers.count("cache-control"), 1U);
  EXPECT_EQ(got.header("cache-control"), "no-store");
  EXPECT_EQ(got.headers.count("x-curfew-warning"), 0U);
  EXPECT_EQ(seen(), std::vector<std::string>{"GET /page?x=1 "});
}

TEST_P(BehindProxy, ABodyReachesTheApplication) {
  net::HTTPClientSession session("127.0.0.1", port_);
  const Got got = send(session, "POST", "/form", {{"Cookie", "sid=good"}}, std::string(20'000, 'b'));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(seen(), std::vector<std::string>{"POST /form " + std::string(20'000, 'b')});
}

TEST_P(BehindProxy, ARefusedSessionIsToldWhyAndClearedAndTheApplicationIsNotAsked) {
  net::HTTPClientSession session("127.0.0.1", port_);
  for (const char* method : {"GET", "POST"}) {
    const Got got = send(session, method, "/page", {{"Cookie", "sid=bad"}},
                         std::string(method) == "POST" ? "field=value" : "");
    EXPECT_EQ(got.status, 401);
    EXPECT_THAT(got.body, HasSubstr("had not been active"));
    EXPECT_THAT(got.body, Not(HasSubstr(marker)));
    EXPECT_EQ(got.header("x-curfew-reason"), "idle_timeout");
    EXPECT_EQ(got.header("cache-control"), "no-store");
    EXPECT_EQ(got.header("clear-site-data"), "\"cache\", \"storage\"");
    EXPECT_EQ(got.headers.count("set-cookie"), 2U);
    EXPECT_THAT(got.header("link"), HasSubstr("/curfew/signed-out?reason=idle_timeout"));
  }
  EXPECT_TRUE(seen().empty());
}

TEST_P(BehindProxy, AnyOfSeveralCredentialsThatIsRefusedRefuses) {
  EXPECT_EQ(ask("/page", "sid=good; sid=bad").status, 401);
  EXPECT_EQ(ask("/page", "sid=bad; sid=good").status, 401);
}

TEST_P(BehindProxy, APublicPathPassesWithItsOwnCaching) {
  const Got got = ask("/public/a.css", "sid=bad");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.header("cache-control"), "max-age=600");
}

TEST_P(BehindProxy, AClientCannotSayWhereItIs) {
  EXPECT_EQ(ask("/page", "sid=bad", {{"X-Original-URI", "/public/a.css"}}).status, 401);
  EXPECT_EQ(ask("/page", "sid=bad", {{"X-Forwarded-Uri", "/public/a.css"}}).status, 401);
  EXPECT_EQ(ask("/public/../page", "sid=bad").status / 100, 4);
  EXPECT_EQ(ask("/public/%2e%2e/page", "sid=bad").status / 100, 4);
  EXPECT_TRUE(seen().empty());
}

TEST_P(BehindProxy, AWarningReachesTheClient) {
  const Got got = ask("/poll", "sid=warned");
  EXPECT_EQ(got.status, 200);
  EXPECT_GT(std::stoi("0" + got.header("x-curfew-warning")), 0);
  EXPECT_EQ(ask("/page", "sid=good", {{"X-Curfew-Warning", "5"}}).headers.count("x-curfew-warning"), 0U);
}

TEST_P(BehindProxy, TheGatesPagesAreServedAndItsQuestionIsNot) {
  const Got page = ask("/curfew/signed-out?reason=session_timeout", "");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("longest duration"));
  EXPECT_EQ(page.header("cache-control"), "no-store");
  EXPECT_THAT(ask("/curfew/curfew-warning.js", "").body, HasSubstr("Stay signed in"));
  EXPECT_THAT(ask("/curfew/status", "sid=bad").body, HasSubstr("\"refused\""));
  EXPECT_THAT(ask("/curfew/status", "sid=warned").body, HasSubstr("\"live\""));
  EXPECT_EQ(ask("/curfew/check", "sid=good").status, 404);
  EXPECT_TRUE(seen().empty());
}

TEST_P(BehindProxy, TheApplicationsOwnRefusalsStayItsOwn) {
  const Got got = ask("/own-401", "sid=good");
  EXPECT_EQ(got.status, 401);
  EXPECT_THAT(got.body, HasSubstr(marker));
  EXPECT_EQ(got.headers.count("set-cookie"), 0U);
}

TEST_P(BehindProxy, WithoutAGateNothingPasses) {
  gate_.stop();
  for (int i = 0; i < 3; ++i) EXPECT_GE(ask("/page", "sid=good").status, 500);
  EXPECT_TRUE(seen().empty());
}

TEST_P(BehindProxy, ManyRequestsOneAfterTheOtherAreEachJudged) {
  net::HTTPClientSession session("127.0.0.1", port_);
  session.setKeepAlive(true);
  for (int i = 0; i < 100; ++i) {
    const bool good = i % 3 != 0;
    EXPECT_EQ(send(session, "GET", "/page", {{"Cookie", good ? "sid=good" : "sid=bad"}}).status,
              good ? 200 : 401);
  }
}

INSTANTIATE_TEST_SUITE_P(Proxies, BehindProxy,
                         testing::Values(Proxy{"nginx", "/usr/sbin/nginx"},
                                         Proxy{"apache", "/usr/sbin/apache2"},
                                         Proxy{"haproxy", "/usr/sbin/haproxy"},
                                         Proxy{"caddy", "/usr/bin/caddy"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace curfew::api
