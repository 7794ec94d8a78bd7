// The access token with which a provider's API is asked: by the client-credentials grant (RFC 6749 4.4), kept
// until shortly before it expires.
//
//   AccessTokens tokens(client, "/realms/corp/protocol/openid-connect/token", credentials);
//   std::string token = tokens.current(deadline);
//   tokens.refused(token);              // a 401: the next call fetches another
//
// A refused secret is asked about again slowly, with pauses that grow to five minutes: a lockout helps
// nobody.
//
// Threads: any; of several that want a new token one fetches it. Owns: the token. Fails: plugin::Failure:
// Refused for a wrong or expired secret or certificate, Unavailable; neither has the secret in it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth {

// client_secret_basic, client_secret_post, private_key_jwt by a certificate's key or by one with an id
enum class ClientAuthentication { Basic, Post, Certificate, Key };

struct ClientCredentials {
  std::string id;
  std::string secret;
  ClientAuthentication authentication = ClientAuthentication::Basic;
  std::string scope{};     // empty: what the client has by default
  std::string audience{};  // for whom the token is, where the server asks for that; empty: it does not
  // In place of the secret: PEM files, and the token endpoint's URL as it must stand in the assertion.
  std::string certificate_file{};
  std::string key_file{};
  std::string key_id{};  // as the server knows the key, where there is no certificate
  std::string token_endpoint{};
};

class AccessTokens {
 public:
  // `path`: of the token endpoint, below the client's URL.
  AccessTokens(web::RetryingClient& client, std::string path, ClientCredentials credentials);

  [[nodiscard]] std::string current(plugin::Time deadline);
  void refused(const std::string& token);

 private:
  using Clock = std::chrono::steady_clock;
  struct Token {
    std::string text;
    Clock::time_point until;  // fetched anew from then on
  };
  [[nodiscard]] Token fetch(plugin::Time deadline);
  [[nodiscard]] web::HttpCall call() const;

  web::RetryingClient& client_;
  std::string path_;
  ClientCredentials credentials_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  std::optional<Token> token_;
  // Since the secret was refused.
  std::string refusal_;
  Clock::time_point ask_again_at_{};
  plugin::Duration pause_{};
};

}  // namespace curfew::oauth
