// A provider's API: JSON over HTTPS with an access token that is fetched and renewed by itself, or with one
// that was given.
//
//   AdminApi api(server, "/realms/corp/protocol/openid-connect/token", credentials);
//   ApiReply reply = api.get("/admin/realms/corp/events?first=0&max=100", "the events", "view-events",
//   deadline);
//
// Logs may be throttled by themselves: they have a client of their own, so that an order does not wait for
// them.
//
// Threads: any, at once. Owns: clients and token. Fails: plugin::Failure: Refused for a secret, a token or a
// role that is not enough, Unavailable for all that may pass; no text holds a token, a path or a body.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth {

struct ApiReply {
  int status = 0;
  std::string body;
  plugin::Time date{};  // by the server's clock; Time{}: it does not say
  std::string code{};   // of an error that was asked for by `also`, as the API has it; empty: it says none
  std::string next{};   // the path of the next page, by the Link header; empty: none
};

class AdminApi {
 public:
  // What an administrator is told to look at.
  struct Words {
    std::string client;  // "the client 'curfew'"
    std::string lacks = " lacks a role: grant ";
    std::string unauthorized = "is the client in the right realm, and enabled?";
    std::string not_found = "are url and realm right?";
  };
  struct Options {
    web::HttpServer server;
    std::optional<web::HttpServer> authority;  // where tokens are given; nothing: at the server
    std::string token_path;
    ClientCredentials credentials;
    std::string given_token;  // with its scheme, "SSWS …": in place of one that is fetched
    Words words;
    web::RetryTerms terms;
    std::function<plugin::Time()> now{};  // our clock; none: the machine's
  };
  explicit AdminApi(const Options& options);
  AdminApi(web::HttpServer server, std::string token_path, ClientCredentials credentials,
           web::RetryTerms terms = {});

  enum class Lane { Orders, Logs };
  // 200, or one of `also`; everything else is a Failure. `what`: for errors, as "the events"; `role`: what a
  // service account needs for it.
  struct Question {
    std::string method = "GET";
    std::string path;
    std::string body;  // JSON
    std::string what;
    std::string role;
    std::set<int> also;
    web::Repeat repeat = web::Repeat::Idempotent;
    Lane lane = Lane::Orders;
  };
  [[nodiscard]] ApiReply ask(const Question& question, plugin::Time deadline);

  [[nodiscard]] const std::string& where() const { return client_.where(); }
  // How far the server's clock was ahead of ours at its newest reply.
  [[nodiscard]] plugin::Duration clock_ahead() const { return plugin::Duration(clock_ahead_.load()); }
  [[nodiscard]] std::uint64_t throttled() const { return client_.throttled() + logs_.throttled(); }
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] std::string authorization(plugin::Time deadline);
  // Whether another token may be had at once.
  [[nodiscard]] bool was_refused(const std::string& authorization);
  [[noreturn]] void fail(const std::string& asked, const Question& question, int status) const;

  std::string url_;
  Words words_;
  std::function<plugin::Time()> now_;
  web::RetryingClient client_;
  web::RetryingClient logs_;
  std::optional<web::RetryingClient> login_;
  std::optional<AccessTokens> tokens_;
  std::string given_token_;
  std::atomic<std::int64_t> clock_ahead_{0};
  std::mutex mutex_;
  // Since a given token was refused.
  Clock::time_point ask_again_at_{};
  plugin::Duration pause_{};
};

// How far a clock may be off before that is said.
inline constexpr plugin::Duration notable_skew = std::chrono::seconds(5);

}  // namespace curfew::oauth
