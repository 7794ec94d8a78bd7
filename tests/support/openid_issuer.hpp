// An OpenID issuer as far as its keys and what it signs go: a discovery document and a key set over HTTP,
// tokens signed by libcjose.
//
//   support::OpenIdIssuer issuer;
//   issuer.use({support::SigningKey::rsa("k1")});
//   std::string token = issuer.key(0).sign({{"alg", "RS256"}, {"kid", "k1"}}, {{"iss", issuer.url()}});
//
// Threads: any. Owns: the server on a free port of the loopback, the keys. Fails: std::runtime_error.
#pragma once

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/signing_key.hpp"

namespace curfew::support {

class OpenIdIssuer {
 public:
  OpenIdIssuer() {
    const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    url_ = "http://127.0.0.1:" + std::to_string(socket.address().port());
    state_->metadata = {{"issuer", url_}, {"jwks_uri", url_ + "/keys"}};
    server_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(state_), pool_, socket,
                                                      new Poco::Net::HTTPServerParams);
    server_->start();
  }
  ~OpenIdIssuer() {
    server_->stopAll(true);
    pool_.joinAll();
  }
  OpenIdIssuer(const OpenIdIssuer&) = delete;
  OpenIdIssuer& operator=(const OpenIdIssuer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  // The keys that are published from now on.
  void use(std::vector<SigningKey> keys) {
    const std::lock_guard lock(state_->mutex);
    state_->keys = std::move(keys);
  }
  [[nodiscard]] SigningKey key(std::size_t index) const {
    const std::lock_guard lock(state_->mutex);
    return state_->keys.at(index);
  }
  void set_metadata(const nlohmann::json& metadata) {
    const std::lock_guard lock(state_->mutex);
    state_->metadata = metadata;
  }
  void be_down(bool down) {
    const std::lock_guard lock(state_->mutex);
    state_->is_down = down;
  }
  // How often the keys were asked for.
  [[nodiscard]] int asked() const {
    const std::lock_guard lock(state_->mutex);
    return state_->asked;
  }

 private:
  struct State {
    std::mutex mutex;
    nlohmann::json metadata;
    std::vector<SigningKey> keys;
    bool is_down = false;
    int asked = 0;
  };
  class Handler : public Poco::Net::HTTPRequestHandler {
   public:
    explicit Handler(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
      nlohmann::json answer;
      int status = 200;
      {
        const std::lock_guard lock(state_->mutex);
        if (state_->is_down) {
          status = 503;
        } else if (request.getURI() == "/.well-known/openid-configuration") {
          answer = state_->metadata;
        } else if (request.getURI() == "/keys") {
          ++state_->asked;
          answer["keys"] = nlohmann::json::array();
          for (const SigningKey& key : state_->keys) answer["keys"].push_back(key.published());
        } else {
          status = 404;
        }
      }
      const std::string body = answer.dump();
      response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(status));
      response.setContentType("application/json");
      response.setContentLength(static_cast<std::streamsize>(body.size()));
      response.send() << body;
    }

   private:
    std::shared_ptr<State> state_;
  };
  class Factory : public Poco::Net::HTTPRequestHandlerFactory {
   public:
    explicit Factory(std::shared_ptr<State> state) : state_(std::move(state)) {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
      return new Handler(state_);
    }

   private:
    std::shared_ptr<State> state_;
  };

  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::string url_;
  Poco::ThreadPool pool_;
  std::unique_ptr<Poco::Net::HTTPServer> server_;
};

}  // namespace curfew::support
