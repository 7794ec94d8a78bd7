#include "core/api/server.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerConnection.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>

#include <array>
#include <atomic>
#include <istream>
#include <mutex>
#include <optional>
#include <ostream>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {
namespace {

// The default backlog of 64 stalls bursts for a second.
constexpr int backlog = 1024;

// Poco's stop wakes one of the workers that wait for a connection; the others wait this long. Its default is
// 10 s.
constexpr auto idle_worker_waits = std::chrono::milliseconds(250);
// Poco counts a worker as free before its thread is in the pool again. Without a thread the next connection
// would wait until another one ends.
constexpr int threads_on_their_way_back = 256;

Request request_from(Poco::Net::HTTPServerRequest& from) {
  Request request;
  request.method = from.getMethod();
  request.peer = from.clientAddress().host().toString();
  for (const auto& [name, value] : from) request.headers.emplace_back(base::to_lower_ascii(name), value);
  const std::string& target = from.getURI();
  const std::string_view whole = std::string_view(target).substr(0, target.find('#'));
  const std::size_t question = whole.find('?');
  if (!decode_percent(whole.substr(0, question), request.path, false)) request.path.clear();
  if (question != std::string_view::npos) request.query = whole.substr(question + 1);
  return request;
}

// Two statements of the body's length are how one request is smuggled behind another.
bool length_is_ambiguous(const Poco::Net::HTTPServerRequest& request) {
  int lengths = 0;
  bool encoded = false;
  for (const auto& [name, value] : request) {
    const std::string lower = base::to_lower_ascii(name);
    if (lower == "content-length") ++lengths;
    if (lower == "transfer-encoding") encoded = true;
  }
  return lengths > 1 || (encoded && lengths > 0);
}

bool has_body(const Poco::Net::HTTPServerRequest& request) {
  return request.getChunkedTransferEncoding() ||
         (request.hasContentLength() && request.getContentLength64() > 0);
}

class BodyReader {
 public:
  BodyReader(Poco::Net::HTTPServerRequest& request, ConnectionWatch::Connection& connection,
             std::chrono::seconds within)
      : request_(request), connection_(connection), within_(within) {}

  BodyRead operator()(std::size_t limit, std::string& out) {
    if (!has_body(request_)) {
      whole_ = true;
      return BodyRead::Whole;
    }
    const bool declared = !request_.getChunkedTransferEncoding();
    const auto length = declared ? static_cast<std::size_t>(request_.getContentLength64()) : 0;
    if (length > limit) return BodyRead::TooLarge;
    out.reserve(length);
    connection_.expect(ConnectionWatch::Side::Read, within_);
    std::istream& in = request_.stream();
    std::array<char, 16 * 1024> chunk{};
    while (in.good()) {
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      const auto got = static_cast<std::size_t>(in.gcount());
      if (out.size() + got > limit) return BodyRead::TooLarge;
      out.append(chunk.data(), got);
    }
    connection_.expect_nothing();
    // Poco's streams keep a socket's time-out as the bad bit; a whole body that took too long ends early.
    if (in.bad() || (connection_.was_cut() && (!declared || out.size() != length))) return BodyRead::TimedOut;
    if (declared && out.size() != length) return BodyRead::Broken;
    whole_ = true;
    return BodyRead::Whole;
  }

  // Closing over unread bytes resets the connection, and the client would never see the answer that says why.
  // So they are read and forgotten, for as long as anybody may take over a header.
  void drain(std::chrono::seconds within) {
    connection_.expect(ConnectionWatch::Side::Read, within);
    std::istream& in = request_.stream();
    std::array<char, 16 * 1024> chunk{};
    while (in.good()) in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
  }

  [[nodiscard]] bool whole() const { return whole_; }

 private:
  Poco::Net::HTTPServerRequest& request_;
  ConnectionWatch::Connection& connection_;
  std::chrono::seconds within_;
  bool whole_ = false;
};

// What the connections of a listener share.
struct Shared {
  const Dispatcher& dispatcher;
  const ServerSettings& settings;
  const std::atomic<bool>& stopping;
};

class RequestHandler : public Poco::Net::HTTPRequestHandler {
 public:
  // Made when the header is there, gone when the answer is: what follows is the next header.
  RequestHandler(const Shared& shared, ConnectionWatch::Connection& connection)
      : dispatcher_(shared.dispatcher),
        settings_(shared.settings),
        stopping_(shared.stopping),
        connection_(connection) {
    connection_.expect_nothing();
  }
  ~RequestHandler() override {
    connection_.expect(ConnectionWatch::Side::Read, settings_.keep_alive + settings_.header_within);
  }

  void handleRequest(Poco::Net::HTTPServerRequest& from, Poco::Net::HTTPServerResponse& to) override {
    try {
      Request request = request_from(from);
      BodyReader body(from, connection_, settings_.body_within);
      const bool ambiguous = length_is_ambiguous(from);
      Response response;
      if (ambiguous || request.path.empty()) {
        response = problem_response(Problem(400, "malformed request",
                                            ambiguous ? "the body's length is stated twice"
                                                      : "the path is not percent-encoded UTF-8"),
                                    request_id_from(request.header("x-request-id")));
      } else {
        response = dispatcher_.answer(request,
                                      [&](std::size_t limit, std::string& out) { return body(limit, out); });
      }
      // What was not read of a body would be taken for the next request.
      const bool unread = has_body(from) && !body.whole();
      if (ambiguous || unread) to.setKeepAlive(false);
      send(request, response, to);
      if (unread && !ambiguous && response.status != 408) body.drain(settings_.header_within);
    } catch (const Poco::Exception& error) {
      // The client went away: nobody is left to answer.
      to.setKeepAlive(false);
      if (!dynamic_cast<const Poco::Net::NetException*>(&error) &&
          !dynamic_cast<const Poco::TimeoutException*>(&error) &&
          !dynamic_cast<const Poco::IOException*>(&error)) {
        dispatcher_.log(settings_.name + ": " + error.displayText());
      }
    } catch (const std::exception& error) {
      to.setKeepAlive(false);
      dispatcher_.log(settings_.name + ": " + error.what());
    } catch (...) {
      to.setKeepAlive(false);
      dispatcher_.log(settings_.name + ": a request failed with something that is no exception");
    }
  }

 private:
  void send(const Request& request, Response& response, Poco::Net::HTTPServerResponse& to) {
    to.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(response.status));
    if (!response.content_type.empty()) to.setContentType(response.content_type);
    for (const auto& [name, value] : response.headers) to.add(name, value);
    connection_.expect(ConnectionWatch::Side::Both, settings_.answer_within);
    if (!response.stream) {
      to.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
      std::ostream& out = to.send();
      if (request.method != "HEAD")
        out.write(response.body.data(), static_cast<std::streamsize>(response.body.size()));
      out.flush();
      connection_.expect_nothing();
      return;
    }
    to.setKeepAlive(false);
    to.setChunkedTransferEncoding(true);
    std::ostream& out = to.send();
    if (request.method == "HEAD") return;
    connection_.expect_nothing();
    response.stream([&](std::string_view chunk) {
      if (stopping_ || !out.good()) return false;
      if (chunk.empty()) return true;  // an empty chunk would end the stream: this only asks
      connection_.expect(ConnectionWatch::Side::Both, settings_.answer_within);
      out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      out.flush();
      connection_.expect_nothing();
      return out.good() && !stopping_;
    });
  }

  const Dispatcher& dispatcher_;
  const ServerSettings& settings_;
  const std::atomic<bool>& stopping_;
  ConnectionWatch::Connection& connection_;
};

class HandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  HandlerFactory(const Shared& shared, ConnectionWatch::Connection& connection)
      : shared_(shared), connection_(connection) {}
  // Poco takes the handler over and deletes it.
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new RequestHandler(shared_, connection_);
  }

 private:
  const Shared& shared_;
  ConnectionWatch::Connection& connection_;
};

class Connection : public Poco::Net::TCPServerConnection {
 public:
  Connection(const Poco::Net::StreamSocket& socket, const Shared& shared, ConnectionWatch& watch,
             Poco::Net::HTTPServerParams::Ptr parameters)
      : TCPServerConnection(socket), shared_(shared), watch_(watch), parameters_(std::move(parameters)) {}

  void run() override {
    const auto entry = watch_.enter(socket().impl()->sockfd(), socket().peerAddress().host().toString());
    if (!entry) return;
    entry->expect(ConnectionWatch::Side::Read, shared_.settings.header_within);
    Poco::Net::HTTPServerConnection http(socket(), parameters_, new HandlerFactory(shared_, *entry));
    try {
      http.run();
    } catch (const Poco::Net::SSLException& error) {
      watch_.tls_failed(error.displayText());
    }
  }

 private:
  const Shared& shared_;
  ConnectionWatch& watch_;
  Poco::Net::HTTPServerParams::Ptr parameters_;
};

class ConnectionFactory : public Poco::Net::TCPServerConnectionFactory {
 public:
  ConnectionFactory(const Shared& shared, ConnectionWatch& watch, Poco::Net::HTTPServerParams::Ptr parameters)
      : shared_(shared), watch_(watch), parameters_(std::move(parameters)) {}
  // Poco takes the connection over and deletes it.
  Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
    return new Connection(socket, shared_, watch_, parameters_);
  }

 private:
  const Shared& shared_;
  ConnectionWatch& watch_;
  Poco::Net::HTTPServerParams::Ptr parameters_;
};

Poco::Timespan timespan(std::chrono::seconds seconds) { return {static_cast<long>(seconds.count()), 0}; }

}  // namespace

struct Server::State {
  explicit State(ServerSettings s) : settings(std::move(s)) {}
  ServerSettings settings;
  std::optional<Poco::Net::ServerSocket> socket;
  std::optional<Dispatcher> dispatcher;
  std::atomic<bool> stopping{false};
  std::optional<Shared> shared;
  std::optional<Poco::ThreadPool> pool;
  std::mutex server_mutex;  // the watch looks at it
  std::unique_ptr<Poco::Net::TCPServer> server;
  std::uint64_t refused_before = 0;      // by a server that is gone
  std::optional<ConnectionWatch> watch;  // goes first: it asks the others

  std::uint64_t refused() {
    const std::lock_guard lock(server_mutex);
    return server ? static_cast<std::uint64_t>(server->refusedConnections()) : refused_before;
  }
  std::unique_ptr<Poco::Net::TCPServer> take_server() {
    const std::lock_guard lock(server_mutex);
    refused_before = static_cast<std::uint64_t>(server->refusedConnections());
    return std::move(server);
  }

  ConnectionWatch::Settings watch_settings() {
    ConnectionWatch::Settings watched;
    watched.per_address = settings.per_address;
    watched.log = [this](std::string_view text) {
      dispatcher->log(settings.name + ": " + std::string(text));
    };
    watched.overflowed = [this] { return refused(); };
    if (settings.metrics == nullptr) return watched;
    std::vector<metrics::Counter> counters;
    for (const std::string_view reason : model::Names<ConnectionWatch::Reason>::all)
      counters.push_back(settings.metrics->counter(metrics::connections_closed, {settings.name, reason}));
    watched.closed = [counters](ConnectionWatch::Reason reason, std::uint64_t count) {
      counters[static_cast<std::size_t>(reason)].add(static_cast<double>(count));
    };
    return watched;
  }

  [[noreturn]] void fail(const Poco::Exception& error) const {
    throw Error(ErrorKind::Configuration, "listener '" + settings.name + "': can't listen on " +
                                              settings.address + ": " + error.displayText() +
                                              "; choose another address or stop what uses it");
  }
};

Server::Server(ServerSettings settings) : state_(std::make_unique<State>(std::move(settings))) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() {
  if (state_) stop();
}

void Server::bind() {
  State& state = *state_;
  try {
    if (state.settings.tls != nullptr) {
      // Poco counts references to what it is given.
      state.socket.emplace(
          Poco::Net::SecureServerSocket(Poco::Net::Context::Ptr(&state.settings.tls->context(), true)));
    } else {
      state.socket.emplace();
    }
    // Poco would also set SO_REUSEPORT: two daemons would share one address, each getting half of the
    // requests.
    state.socket->bind(Poco::Net::SocketAddress(state.settings.address), true, false);
  } catch (const Poco::Exception& error) {
    state.socket.reset();
    state.fail(error);
  }
}

void Server::start(Dispatcher dispatcher) {
  State& state = *state_;
  const ServerSettings& settings = state.settings;
  if (!state.socket) bind();
  Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
  parameters->setSoftwareVersion("Curfew");
  parameters->setMaxThreads(settings.workers);
  parameters->setMaxQueued(settings.waiting);
  parameters->setThreadIdleTime(std::chrono::microseconds(idle_worker_waits).count());
  parameters->setTimeout(timespan(settings.timeout));
  parameters->setKeepAlive(true);
  parameters->setKeepAliveTimeout(timespan(settings.keep_alive));
  parameters->setMaxKeepAliveRequests(settings.requests_per_connection);
  state.dispatcher.emplace(std::move(dispatcher));
  state.shared.emplace(Shared{*state.dispatcher, settings, state.stopping});
  state.watch.emplace(state.watch_settings());
  try {
    state.socket->listen(backlog);
    state.pool.emplace(settings.name, 2, settings.workers + threads_on_their_way_back);
    auto server =
        std::make_unique<Poco::Net::TCPServer>(new ConnectionFactory(*state.shared, *state.watch, parameters),
                                               *state.pool, *state.socket, parameters);
    server->start();
    const std::lock_guard lock(state.server_mutex);
    state.server = std::move(server);
  } catch (const Poco::Exception& error) {
    state.fail(error);
  }
}

void Server::stop() {
  State& state = *state_;
  state.stopping = true;
  if (!state.server) return;
  state.server->stop();
  // Idle connections end, and bodies that are still on their way: their senders are told to come again.
  state.watch->end_reading();
  state.pool->joinAll();
  (void)state.take_server();
}

std::uint16_t Server::port() const { return state_->socket ? state_->socket->address().port() : 0; }
const Dispatcher& Server::dispatcher() const { return *state_->dispatcher; }
const ConnectionWatch& Server::connections() const { return *state_->watch; }

}  // namespace curfew::api
