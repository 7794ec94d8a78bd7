#include "core/api/server.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <array>
#include <atomic>
#include <istream>
#include <optional>
#include <ostream>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {
namespace {

// The default backlog of 64 stalls bursts for a second.
constexpr int backlog = 1024;

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
  BodyReader(Poco::Net::HTTPServerRequest& request, std::chrono::seconds within)
      : request_(request), within_(within) {}

  BodyRead operator()(std::size_t limit, std::string& out) {
    if (!has_body(request_)) {
      whole_ = true;
      return BodyRead::Whole;
    }
    const bool declared = !request_.getChunkedTransferEncoding();
    const auto length = declared ? static_cast<std::size_t>(request_.getContentLength64()) : 0;
    if (length > limit) return BodyRead::TooLarge;
    out.reserve(length);
    const auto give_up_at = std::chrono::steady_clock::now() + within_;
    std::istream& in = request_.stream();
    std::array<char, 16 * 1024> chunk{};
    while (in.good()) {
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      const auto got = static_cast<std::size_t>(in.gcount());
      if (out.size() + got > limit) return BodyRead::TooLarge;
      out.append(chunk.data(), got);
      if (std::chrono::steady_clock::now() > give_up_at) return BodyRead::TimedOut;
    }
    // Poco's streams keep a socket's time-out as the bad bit.
    if (in.bad()) return BodyRead::TimedOut;
    if (declared && out.size() != length) return BodyRead::Broken;
    whole_ = true;
    return BodyRead::Whole;
  }

  // Closing over unread bytes resets the connection, and the client would never see the answer that says why.
  // So some of it is read and forgotten, as far as patience goes.
  void drain() {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    std::istream& in = request_.stream();
    std::array<char, 16 * 1024> chunk{};
    std::size_t left = std::size_t{16} * 1024 * 1024;
    while (in.good() && left >= chunk.size() && std::chrono::steady_clock::now() < give_up_at) {
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      left -= chunk.size();
    }
  }

  [[nodiscard]] bool whole() const { return whole_; }

 private:
  Poco::Net::HTTPServerRequest& request_;
  std::chrono::seconds within_;
  bool whole_ = false;
};

class RequestHandler : public Poco::Net::HTTPRequestHandler {
 public:
  RequestHandler(const Dispatcher& dispatcher, const ServerSettings& settings,
                 const std::atomic<bool>& stopping)
      : dispatcher_(dispatcher), settings_(settings), stopping_(stopping) {}

  void handleRequest(Poco::Net::HTTPServerRequest& from, Poco::Net::HTTPServerResponse& to) override {
    try {
      Request request = request_from(from);
      BodyReader body(from, settings_.body_within);
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
      if (unread && !ambiguous && response.status != 408) body.drain();
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
    if (!response.stream) {
      to.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
      std::ostream& out = to.send();
      if (request.method != "HEAD")
        out.write(response.body.data(), static_cast<std::streamsize>(response.body.size()));
      out.flush();
      return;
    }
    to.setKeepAlive(false);
    to.setChunkedTransferEncoding(true);
    std::ostream& out = to.send();
    if (request.method == "HEAD") return;
    response.stream([&](std::string_view chunk) {
      if (stopping_ || !out.good()) return false;
      if (chunk.empty()) return true;  // an empty chunk would end the stream: this only asks
      out.write(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      out.flush();
      return out.good() && !stopping_;
    });
  }

  const Dispatcher& dispatcher_;
  const ServerSettings& settings_;
  const std::atomic<bool>& stopping_;
};

class HandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  HandlerFactory(const Dispatcher& dispatcher, const ServerSettings& settings,
                 const std::atomic<bool>& stopping)
      : dispatcher_(dispatcher), settings_(settings), stopping_(stopping) {}
  // Poco takes the handler over and deletes it.
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new RequestHandler(dispatcher_, settings_, stopping_);
  }

 private:
  const Dispatcher& dispatcher_;
  const ServerSettings& settings_;
  const std::atomic<bool>& stopping_;
};

Poco::Timespan timespan(std::chrono::seconds seconds) { return {static_cast<long>(seconds.count()), 0}; }

}  // namespace

struct Server::State {
  State(ServerSettings s, Dispatcher d) : settings(std::move(s)), dispatcher(std::move(d)) {}
  ServerSettings settings;
  Dispatcher dispatcher;
  std::atomic<bool> stopping{false};
  std::optional<Poco::ThreadPool> pool;
  std::unique_ptr<Poco::Net::HTTPServer> server;
};

Server::Server(ServerSettings settings, Dispatcher dispatcher)
    : state_(std::make_unique<State>(std::move(settings), std::move(dispatcher))) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() {
  if (state_) stop();
}

void Server::start() {
  State& state = *state_;
  const ServerSettings& settings = state.settings;
  Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
  parameters->setSoftwareVersion("Curfew");
  parameters->setMaxThreads(settings.workers);
  parameters->setMaxQueued(settings.waiting);
  parameters->setTimeout(timespan(settings.timeout));
  parameters->setKeepAlive(true);
  parameters->setKeepAliveTimeout(timespan(settings.keep_alive));
  parameters->setMaxKeepAliveRequests(settings.requests_per_connection);
  try {
    Poco::Net::ServerSocket socket;
    // Poco would also set SO_REUSEPORT: two daemons would share one address, each getting half of the
    // requests.
    socket.bind(Poco::Net::SocketAddress(settings.address), true, false);
    socket.listen(backlog);
    state.pool.emplace(settings.name, 2, settings.workers + 1);
    state.server = std::make_unique<Poco::Net::HTTPServer>(
        new HandlerFactory(state.dispatcher, settings, state.stopping), *state.pool, socket, parameters);
    state.server->start();
  } catch (const Poco::Exception& error) {
    throw Error(ErrorKind::Configuration, "listener '" + settings.name + "': can't listen on " +
                                              settings.address + ": " + error.displayText() +
                                              "; choose another address or stop what uses it");
  }
}

void Server::stop() {
  State& state = *state_;
  state.stopping = true;
  if (!state.server) return;
  state.server->stopAll(false);
  state.pool->joinAll();
  state.server.reset();
}

std::uint16_t Server::port() const { return state_->server ? state_->server->port() : 0; }
const Dispatcher& Server::dispatcher() const { return state_->dispatcher; }

}  // namespace curfew::api
