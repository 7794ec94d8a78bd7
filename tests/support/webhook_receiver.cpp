#include "tests/support/webhook_receiver.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "core/base/text.hpp"

namespace curfew::support {

struct WebhookReceiver::State {
  mutable std::mutex mutex;
  std::condition_variable ended;
  bool ending = false;
  bool secure = false;
  std::deque<Answer> answers;
  std::vector<Received> taken;
  Poco::ThreadPool pool;  // its own, to be joined
  std::unique_ptr<Poco::Net::HTTPServer> server;
};

namespace {

template <typename State>
class Handler : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Handler(State& state) : state_(state) {}
  void handleRequest(Poco::Net::HTTPServerRequest& request,
                     Poco::Net::HTTPServerResponse& response) override {
    Received received;
    received.path = request.getURI();
    for (const auto& [name, value] : request) received.headers[base::to_lower_ascii(name)] = value;
    Poco::StreamCopier::copyToString(request.stream(), received.body);
    WebhookReceiver::Answer answer;
    {
      std::unique_lock lock(state_.mutex);
      state_.taken.push_back(std::move(received));
      if (!state_.answers.empty()) {
        answer = state_.answers.front();
        state_.answers.pop_front();
      }
      if (answer.hang) state_.ended.wait(lock, [this] { return state_.ending; });
    }
    if (answer.break_off || answer.hang) {
      static_cast<Poco::Net::HTTPServerRequestImpl&>(request).detachSocket().close();
      return;
    }
    response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
    if (!answer.location.empty()) response.set("Location", answer.location);
    if (!answer.retry_after.empty()) response.set("Retry-After", answer.retry_after);
    response.setContentLength(static_cast<std::streamsize>(answer.body.size()));
    response.send() << answer.body;
  }

 private:
  State& state_;
};

template <typename State>
class Factory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(State& state) : state_(state) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new Handler<State>(state_);
  }

 private:
  State& state_;
};

}  // namespace

WebhookReceiver::WebhookReceiver(const std::string& certificate, const std::string& key)
    : state_(std::make_shared<State>()) {
  state_->secure = !certificate.empty();
  const Poco::Net::SocketAddress address("127.0.0.1", 0);
  Poco::Net::ServerSocket socket;
  if (state_->secure) {
    Poco::Net::Context::Params parameters;
    parameters.certificateFile = certificate;
    parameters.privateKeyFile = key;
    parameters.verificationMode = Poco::Net::Context::VERIFY_NONE;
    Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, parameters);
    socket = Poco::Net::SecureServerSocket(address, 16, context);
  } else {
    socket = Poco::Net::ServerSocket(address);
  }
  Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
  parameters->setKeepAlive(false);
  state_->server =
      std::make_unique<Poco::Net::HTTPServer>(new Factory<State>(*state_), state_->pool, socket, parameters);
  state_->server->start();
}

WebhookReceiver::~WebhookReceiver() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    state_->ended.notify_all();
  }
  state_->server->stopAll(true);
  state_->pool.joinAll();
}

void WebhookReceiver::then(Answer answer) {
  const std::lock_guard lock(state_->mutex);
  state_->answers.push_back(std::move(answer));
}

std::string WebhookReceiver::url(const std::string& path) const {
  return (state_->secure ? "https://localhost:" : "http://127.0.0.1:") +
         std::to_string(state_->server->port()) + path;
}

std::vector<Received> WebhookReceiver::taken() const {
  const std::lock_guard lock(state_->mutex);
  return state_->taken;
}

}  // namespace curfew::support
