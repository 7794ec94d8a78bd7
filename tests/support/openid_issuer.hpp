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
#include <cjose/cjose.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace curfew::support {

class SigningKey {
 public:
  static SigningKey rsa(const std::string& id, std::size_t bits = 2048) {
    return SigningKey(id, cjose_jwk_create_RSA_random(bits, nullptr, 0, nullptr));
  }
  static SigningKey curve(const std::string& id) {
    return SigningKey(id, cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, nullptr));
  }
  // A secret that both sides know: no key of an issuer.
  static SigningKey secret(const std::string& id, const std::string& bytes) {
    return SigningKey(id, cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                    bytes.size(), nullptr));
  }

  [[nodiscard]] std::string sign(const nlohmann::json& header, const nlohmann::json& claims) const {
    cjose_header_t* head = cjose_header_new(nullptr);
    for (const auto& [name, value] : header.items()) {
      if (value.is_string()) {
        cjose_header_set(head, name.c_str(), value.get_ref<const std::string&>().c_str(), nullptr);
      } else {
        cjose_header_set_raw(head, name.c_str(), value.dump().c_str(), nullptr);
      }
    }
    const std::string text = claims.is_string() ? claims.get<std::string>() : claims.dump();
    cjose_err error{};
    cjose_jws_t* jws = cjose_jws_sign(key_.get(), head, reinterpret_cast<const std::uint8_t*>(text.data()),
                                      text.size(), &error);
    cjose_header_release(head);
    const char* compact = nullptr;
    if (jws == nullptr || !cjose_jws_export(jws, &compact, &error))
      throw std::runtime_error(std::string("can't sign: ") + error.message);
    std::string out = compact;
    cjose_jws_release(jws);
    return out;
  }
  // As a key set has it.
  [[nodiscard]] nlohmann::json published() const {
    char* text = cjose_jwk_to_json(key_.get(), false, nullptr);
    nlohmann::json out = nlohmann::json::parse(text);
    std::free(text);
    out["kid"] = id_;
    out["use"] = "sig";
    return out;
  }

 private:
  struct Release {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
  };
  SigningKey(std::string id, cjose_jwk_t* key) : id_(std::move(id)), key_(key, Release{}) {
    if (!key_) throw std::runtime_error("can't make a key");
  }
  std::string id_;
  std::shared_ptr<cjose_jwk_t> key_;
};

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
