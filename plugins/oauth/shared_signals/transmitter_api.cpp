#include "plugins/oauth/shared_signals/transmitter_api.hpp"

#include <utility>

#include "plugins/web/http_time.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using plugin::Code;
using plugin::Failure;

// More than any transmitter has endpoints at.
constexpr std::size_t most_clients = 16;

// The URL's server, and its path.
std::pair<std::string, std::string> split(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find_first_of("/?", scheme == std::string::npos ? 0 : scheme + 3);
  if (path == std::string::npos) return {url, "/"};
  return {url.substr(0, path), (url[path] == '?' ? "/" : "") + url.substr(path)};
}

}  // namespace

TransmitterApi::TransmitterApi(web::HttpServer server, TransmitterAccess access, web::RetryTerms terms)
    : server_(std::move(server)), access_(std::move(access)), terms_(terms) {
  if (access_.token_url.empty()) return;
  const auto [origin, path] = split(access_.token_url);
  tokens_.emplace(client_of(origin), path, access_.client);
}

web::RetryingClient& TransmitterApi::client_of(const std::string& origin) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) throw Failure(Code::Unavailable, "the source is stopping");
  auto& client = clients_[origin];
  if (!client) {
    if (clients_.size() > most_clients) {
      clients_.erase(origin);
      throw Failure(Code::Refused, "the transmitter names endpoints at ever new servers");
    }
    web::HttpServer server = server_;
    server.url = origin;
    // Certificates are of no use, and refused, where there is no TLS.
    if (!origin.starts_with("https://")) server.tls = {};
    client = std::make_unique<web::RetryingClient>(std::move(server), terms_);
  }
  return *client;
}

std::string TransmitterApi::token(plugin::Time deadline) {
  return tokens_ ? tokens_->current(deadline) : access_.token;
}

ApiReply TransmitterApi::ask(const Question& question, plugin::Time deadline) {
  const auto [origin, path] = split(question.url);
  web::RetryingClient& client = client_of(origin);
  const std::string asked = client.where() + ": asked for " + question.what + ", it answered ";
  for (int round = 0;; ++round) {
    web::HttpCall call{.method = question.method,
                       .path = path,
                       .headers = {{"Accept", "application/json"}},
                       .body = question.body};
    const std::string shown = question.is_public ? std::string() : token(deadline);
    if (!shown.empty()) call.headers["Authorization"] = "Bearer " + shown;
    if (!question.body.empty()) call.headers["Content-Type"] = "application/json";
    web::HttpReply reply = client.ask(call, question.repeat, deadline);
    const std::string status = std::to_string(reply.status);
    if (reply.status == 200 || question.also.contains(reply.status)) {
      if (!reply.is_framed)
        throw Failure(Code::Unavailable, asked + "without saying how long its answer is: it may be cut");
      return {reply.status, std::move(reply.body),
              web::http_time(reply.header("date")).value_or(plugin::Time{})};
    }
    if (reply.status == 401) {
      // Revoked or expired before its time: another one, once.
      if (tokens_) tokens_->refused(shown);
      if (tokens_ && round == 0) continue;
      throw Failure(Code::Refused, asked +
                                       "401: it refuses the access token, or wants one: are access_token, or "
                                       "token_url, client_id, client_secret and scope, right?");
    }
    if (reply.status == 403)
      throw Failure(Code::Refused,
                    asked +
                        "403: the client may not do this there; give it the right (or the scope) "
                        "to read and manage its stream");
    if (reply.status == 404)
      throw Failure(Code::NotFound,
                    asked + "404: are url and stream_id right, and is the stream still there?");
    if (reply.status >= 500 || reply.status == 408 || reply.status == 425 || reply.status == 429)
      throw Failure(Code::Unavailable, asked + status + "; it is asked again later");
    throw Failure(Code::Failed, asked + status);
  }
}

std::uint64_t TransmitterApi::throttled() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [origin, client] : clients_) sum += client->throttled();
  return sum;
}

void TransmitterApi::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  for (const auto& [origin, client] : clients_) client->stop();
}

}  // namespace curfew::oauth::shared_signals
