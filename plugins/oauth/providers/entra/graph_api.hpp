// Microsoft Graph with an application's access token: JSON over HTTPS, its error codes, its pages.
//
//   GraphApi graph({.server = server, .authority = login, .token_path = "/<tenant>/oauth2/v2.0/token", …});
//   GraphReply reply = graph.ask({.path = "/v1.0/users/…", .what = "an account", .permission =
//   "User.Read.All"},
//                                deadline);
//
// Graph throttles each of its services by itself, the logs most of all: the logs have a client of their own,
// so that an order does not wait for them.
//
// Threads: any, at once. Owns: clients and token. Fails: plugin::Failure: Refused for a secret, a token or a
// permission that is not enough, Unavailable for all that may pass; no text holds a token, a path or a body.
#pragma once

#include <atomic>
#include <set>
#include <string>
#include <string_view>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth::entra {

struct GraphReply {
  int status = 0;
  std::string body;
  std::string code;     // of an error that was asked for by `also`; empty: it is not Graph that answered
  plugin::Time date{};  // by Graph's clock; Time{}: it does not say
};

class GraphApi {
 public:
  struct Options {
    web::HttpServer server;
    web::HttpServer authority;
    std::string token_path;  // below the authority
    ClientCredentials credentials;
    web::RetryTerms terms;
  };
  explicit GraphApi(const Options& options);

  enum class Service { Directory, Logs };
  // Any 2xx, or one of `also`; everything else is a Failure. `what`: for errors, as "the sign-in logs";
  // `permission`: what the application needs for it.
  struct Question {
    Service service = Service::Directory;
    std::string method = "GET";
    std::string path;
    std::string body;  // JSON
    std::string what;
    std::string permission;
    std::set<int> also;
  };
  [[nodiscard]] GraphReply ask(const Question& question, plugin::Time deadline);

  // The path of a link to a next page. Where it leads elsewhere it is refused: the token would go there.
  [[nodiscard]] std::string path_of(std::string_view link) const;

  [[nodiscard]] const std::string& where() const { return directory_.where(); }
  [[nodiscard]] const std::string& url() const { return url_; }
  // How far Graph's clock was ahead of ours at its newest reply.
  [[nodiscard]] plugin::Duration clock_ahead() const { return plugin::Duration(clock_ahead_.load()); }
  [[nodiscard]] std::uint64_t throttled() const { return directory_.throttled() + logs_.throttled(); }
  void stop();

 private:
  [[noreturn]] void fail(const Question& question, const web::HttpReply& reply) const;

  std::string url_;
  std::string client_id_;
  web::RetryingClient directory_;
  web::RetryingClient logs_;
  web::RetryingClient login_;
  AccessTokens tokens_;
  std::atomic<std::int64_t> clock_ahead_{0};
};

}  // namespace curfew::oauth::entra
