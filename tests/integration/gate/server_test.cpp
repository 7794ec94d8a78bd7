// The gate's server: many connections, odd ones, questions to the source.
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/StreamSocket.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "running_gate.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    open_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  Connection(Connection&& other) noexcept : socket_(std::exchange(other.socket_, -1)), open_(other.open_) {}
  Connection& operator=(Connection&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(open_, other.open_);
    return *this;
  }
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  [[nodiscard]] bool open() const { return open_; }
  void put(const std::string& text) const { (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Up to the end of the headers, or what came until the end or the timeout.
  [[nodiscard]] std::string head() const {
    std::string text;
    char c = 0;
    while (text.find("\r\n\r\n") == std::string::npos && ::recv(socket_, &c, 1, 0) == 1) text += c;
    return text;
  }
  [[nodiscard]] bool ended() const {
    char c = 0;
    return ::recv(socket_, &c, 1, 0) == 0;
  }
  // By now, whether in good order or not.
  [[nodiscard]] bool gone() const {
    char c = 0;
    const ssize_t got = ::recv(socket_, &c, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int socket_;
  bool open_ = false;
};

const std::string check = "GET /check HTTP/1.1\r\nHost: g\r\nCookie: sid=a\r\n\r\n";

TEST(GateServer, AnswersManyRequestsOfOneConnection) {
  RunningGate gate;
  gate.live("a");
  gate.refused("b", model::Refusal::Administrator);
  gate.start();
  Poco::Net::HTTPClientSession session("127.0.0.1", gate.port());
  session.setKeepAlive(true);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(send(session, "GET", "/check", {{"Cookie", "sid=a"}}).status, 200);
    const Got refused = send(session, "GET", "/check", {{"Cookie", "sid=b"}});
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(refused.body, HasSubstr("by an administrator"));
    EXPECT_EQ(refused.headers.count("set-cookie"), 2U);
    EXPECT_TRUE(session.connected());
  }
  EXPECT_EQ(send(session, "HEAD", "/signed-out").body, "");
  EXPECT_EQ(send(session, "POST", "/stay", {{"Cookie", "sid=a"}, {"X-Curfew", "stay"}}, " ").status, 200);
  EXPECT_EQ(get(gate.port(), "/healthz").status, 200);
  EXPECT_EQ(get(gate.port(), "/nothing").status, 404);
}

// Holds connections from a process of its own, as one process may not have both ends of so many open.
class IdleClients {
 public:
  // Before anything has threads.
  explicit IdleClients(std::size_t count) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) != 0) throw std::bad_alloc();
    process_ = ::fork();
    if (process_ != 0) {
      ::close(std::exchange(ends_[1], -1));
      return;
    }
    ::close(ends_[0]);
    std::uint16_t port = 0;
    if (::read(ends_[1], &port, sizeof(port)) != sizeof(port)) ::_exit(1);
    std::vector<Connection> idle;
    idle.reserve(count);
    for (std::size_t i = 0; i < count; ++i) idle.emplace_back(port);
    // Told to, it asks once more on each, and says how many were answered.
    for (char wanted = 0; ::read(ends_[1], &wanted, 1) == 1;) {
      std::size_t answered = 0;
      for (const Connection& one : idle) one.put(check);
      for (const Connection& one : idle) answered += one.head().starts_with("HTTP/1.1 200 OK") ? 1U : 0U;
      if (::write(ends_[1], &answered, sizeof(answered)) != sizeof(answered)) break;
    }
    ::_exit(0);
  }
  ~IdleClients() {
    ::close(ends_[0]);
    ::waitpid(process_, nullptr, 0);
  }
  IdleClients(const IdleClients&) = delete;
  IdleClients& operator=(const IdleClients&) = delete;
  void connect(std::uint16_t port) { ASSERT_EQ(::write(ends_[0], &port, sizeof(port)), 2); }
  // How many of them had an answer to one more request.
  [[nodiscard]] std::size_t ask() const {
    const char once = 1;
    std::size_t answered = 0;
    if (::write(ends_[0], &once, 1) != 1 || ::read(ends_[0], &answered, sizeof(answered)) != sizeof(answered))
      return 0;
    return answered;
  }

 private:
  int ends_[2]{-1, -1};
  pid_t process_ = -1;
};

TEST(GateServer, TenThousandIdleConnectionsAndRequestsAreStillAnswered) {
  std::size_t wanted = 10'000;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted + 1'000) {
    wanted = limit.rlim_max - 1'000;
    std::printf("this machine allows %zu open files: %zu connections in place of 10000\n",
                static_cast<std::size_t>(limit.rlim_max), wanted);
  }
  IdleClients clients(wanted);
  RunningGate gate;
  gate.live("a");
  gate.start();
  clients.connect(gate.port());
  EXPECT_EQ(clients.ask(), wanted);
  EXPECT_GE(gate.server().connections(), wanted * 9 / 10);
  for (int i = 0; i < 20; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=a"}}).status, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(2));
  }
  EXPECT_EQ(clients.ask(), wanted) << "and each of those that idled";
}

TEST(GateServer, BeyondItsBoundNewConnectionsWaitUntilOthersWent) {
  RunningGate gate;
  gate.live("a");
  gate.listener.threads = 1;
  gate.listener.most_connections = 20;
  gate.start();
  std::vector<Connection> held;
  for (int i = 0; i < 40; ++i) {
    held.emplace_back(gate.port());
    held.back().put(check);
  }
  ASSERT_THAT(held.front().head(), HasSubstr("200 OK"));
  EXPECT_TRUE(wait_until([&] { return gate.server().connections() >= 20; }));
  EXPECT_LT(gate.server().connections(), 40U);
  held.erase(held.begin(), held.begin() + 39);
  EXPECT_THAT(held.back().head(), HasSubstr("200 OK")) << "the last of them was taken in the end";
}

TEST(GateServer, ASilentConnectionIsDropped) {
  RunningGate gate;
  gate.listener.silence = seconds(1);
  gate.start();
  const Connection silent(gate.port());
  const Connection half(gate.port());
  half.put("GET /check HTTP/1.1\r\nCook");
  EXPECT_TRUE(silent.ended());
  EXPECT_FALSE(half.head().starts_with("HTTP/1.1 200"));
}

TEST(GateServer, ARequestThatDripsIsCutThoughItIsNeverSilent) {
  RunningGate gate;
  gate.live("a");
  gate.listener.request_within = milliseconds(400);
  gate.start();
  const Connection head(gate.port());
  head.put("GET /check HTTP/1.1\r\nX: ");
  const Connection body(gate.port());
  body.put("POST /check HTTP/1.1\r\nHost: g\r\nCookie: sid=a\r\nContent-Length: 1000\r\n\r\n");
  const Connection busy(gate.port());
  EXPECT_TRUE(wait_until([&] {
    head.put("x");
    body.put("x");
    busy.put(check);
    EXPECT_THAT(busy.head(), HasSubstr("200 OK")) << "many requests are not a slow one";
    return head.gone() && body.gone();
  }));
  EXPECT_FALSE(busy.gone());
}

TEST(GateServer, HeadersBeyondTheirBoundAndMethodsThatItDoesNotHaveAreRefused) {
  RunningGate gate;
  gate.live("a");
  gate.listener.header_bytes = 4'096;
  gate.start();
  const Connection greedy(gate.port());
  greedy.put("GET /check HTTP/1.1\r\nCookie: sid=a\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  EXPECT_FALSE(greedy.head().starts_with("HTTP/1.1 200"));
  const Connection odd(gate.port());
  odd.put("DELETE /check HTTP/1.1\r\nHost: g\r\nCookie: sid=a\r\n\r\n");
  EXPECT_FALSE(odd.head().starts_with("HTTP/1.1 200"));
  const Connection garbage(gate.port());
  garbage.put("\x16\x03\x01 what is this\r\n\r\n");
  EXPECT_FALSE(garbage.head().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=a"}}).status, 200) << "and the others are served";
}

// A source that answers when the test says so.
struct Source {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_answer = false;
  std::map<model::SessionDigest, model::Liveness> says;
  std::atomic<int> asked{0};

  model::Liveness operator()(const model::SessionDigest& session, Duration limit) {
    ++asked;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, limit, [&] { return may_answer; });
    const auto found = says.find(session);
    return !may_answer || found == says.end() ? model::Liveness::Unknown : found->second;
  }
  void answer() {
    const std::lock_guard lock(mutex);
    may_answer = true;
    changed.notify_all();
  }
};

class AskingGate : public testing::Test {
 protected:
  void start(Duration within = seconds(10)) {
    gate.settings.unknown = UnknownSessions::Ask;
    gate.listener.questions.ask = [this](const model::SessionDigest& session, Duration limit) {
      return source(session, limit);
    };
    gate.listener.questions.ask_within = within;
    source.says[{base::keyed_digest(RunningGate::key(), "alive")}] = model::Liveness::Alive;
    source.says[{base::keyed_digest(RunningGate::key(), "dead")}] = model::Liveness::Dead;
    gate.live("a");
    gate.start();
  }
  Source source;
  RunningGate gate;
};

TEST_F(AskingGate, AQuestionHoldsUpItsOwnRequestOnly) {
  gate.listener.threads = 1;
  start();
  const Connection asking(gate.port());
  asking.put("GET /check HTTP/1.1\r\nHost: g\r\nCookie: sid=alive\r\n\r\n");
  const Connection same(gate.port());
  same.put("GET /check HTTP/1.1\r\nHost: g\r\nCookie: sid=alive\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return source.asked == 1; }));
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=a"}}).status, 200);
  source.answer();
  EXPECT_THAT(asking.head(), HasSubstr("200 OK"));
  EXPECT_THAT(same.head(), HasSubstr("200 OK"));
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=dead"}}).status, 401);
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=alive"}}).status, 200);
  EXPECT_EQ(source.asked, 2) << "what was said is kept";
}

TEST_F(AskingGate, AClientThatGoesMeanwhileIsForgotten) {
  gate.listener.threads = 1;
  start();
  {
    const Connection asking(gate.port());
    asking.put("GET /check HTTP/1.1\r\nHost: g\r\nCookie: sid=alive\r\n\r\n");
    ASSERT_TRUE(wait_until([&] { return source.asked == 1; }));
  }
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=a"}}).status, 200);
  source.answer();
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=alive"}}).status, 200);
}

TEST_F(AskingGate, ASourceThatDoesNotAnswerInTimeLetsNobodyPass) {
  start(milliseconds(50));
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=alive"}}).status, 401);
}

TEST_F(AskingGate, StopsWithQuestionsOpen) {
  start();
  const Connection asking(gate.port());
  asking.put("GET /check HTTP/1.1\r\nHost: g\r\nCookie: sid=alive\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return source.asked == 1; }));
  std::thread stopping([&] { gate.stop(); });
  source.answer();
  stopping.join();
  EXPECT_FALSE(asking.head().starts_with("HTTP/1.1 401"));
}

TEST(GateServer, SpeaksTls) {
  const support::TemporaryDirectory folder;
  const std::string at = folder.path().string() + "/";
  ASSERT_EQ(std::system(("openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout " +
                         at + "key.pem -out " + at + "cert.pem >/dev/null 2>&1")
                            .c_str()),
            0);
  const Tls tls({.certificate = at + "cert.pem", .key = at + "key.pem", .client_ca = {}},
                [](const std::string& key, const std::string& text) {
                  return Error(ErrorKind::Configuration, key + ": " + text);
                });
  RunningGate gate;
  gate.live("a");
  gate.listener.tls = &tls;
  std::atomic<int> failed{0};
  gate.listener.tls_failed = [&] { ++failed; };
  gate.start();
  Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, at + "cert.pem");
  context->enableExtendedCertificateVerification(false);
  Poco::Net::HTTPSClientSession session("127.0.0.1", gate.port(), context);
  session.setKeepAlive(true);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send(session, "GET", "/check", {{"Cookie", "sid=a"}}).status, 200);
  EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=a"}}).status, 0) << "without TLS";
  EXPECT_EQ(send(session, "GET", "/check", {{"Cookie", "sid=a"}}).status, 200);
  EXPECT_TRUE(wait_until([&] { return failed == 1; })) << "the plain one, and none of the others: " << failed;
  gate.stop();
  EXPECT_EQ(failed, 1);
}

TEST(GateServer, AnAddressThatIsTakenIsRefused) {
  RunningGate gate;
  gate.start();
  RunningGate second;
  second.listener.port = gate.port();
  EXPECT_THROW(second.start(), Error);
}

}  // namespace
}  // namespace curfew::api
