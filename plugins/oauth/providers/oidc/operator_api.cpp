#include "plugins/oauth/providers/oidc/operator_api.hpp"

#include <utility>

#include "plugins/web/http_time.hpp"

namespace curfew::oauth::oidc {
namespace {

using plugin::Code;
using plugin::Failure;

}  // namespace

OperatorApi::OperatorApi(web::HttpServer server, web::HttpServer issuer, OperatorAccess access,
                         Discovery& discovery, web::RetryTerms terms)
    : client_(std::move(server), terms),
      issuer_(std::move(issuer)),
      access_(std::move(access)),
      discovery_(discovery),
      terms_(terms) {}

AccessTokens& OperatorApi::tokens(plugin::Time deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (tokens_) return *tokens_;
  }
  const SplitUrl at =
      split_url(access_.token_url.empty() ? discovery_.token_endpoint(deadline) : access_.token_url);
  const std::lock_guard lock(mutex_);
  if (is_stopping_) throw Failure(Code::Unavailable, "the source is stopping");
  if (!tokens_) {
    web::HttpServer server = issuer_;
    server.url = at.origin;
    // Certificates are of no use, and refused, where there is no TLS.
    if (!at.origin.starts_with("https://")) server.tls = {};
    token_client_ = std::make_unique<web::RetryingClient>(std::move(server), terms_);
    tokens_ = std::make_unique<AccessTokens>(*token_client_, at.path, access_.client);
  }
  return *tokens_;
}

ApiReply OperatorApi::ask(const Question& question, plugin::Time deadline) {
  const std::string asked = client_.where() + ": asked for " + question.what + ", it answered ";
  for (int round = 0;; ++round) {
    AccessTokens* const given = access_.key.empty() ? &tokens(deadline) : nullptr;
    const std::string shown = given != nullptr ? given->current(deadline) : access_.key;
    web::HttpCall call{.method = question.call.method,
                       .path = question.call.path,
                       .headers = {{"Accept", "application/json"}},
                       .body = question.call.body};
    call.headers[access_.header] = access_.scheme.empty() ? shown : access_.scheme + " " + shown;
    if (!call.body.empty()) call.headers["Content-Type"] = "application/json";
    web::HttpReply reply = client_.ask(call, question.repeat, deadline);
    const std::string status = std::to_string(reply.status);
    if (question.accepted.contains(reply.status)) {
      if (!reply.is_framed)
        throw Failure(Code::Unavailable, asked + "without saying how long its answer is: it may be cut");
      return {reply.status, std::move(reply.body),
              web::http_time(reply.header("date")).value_or(plugin::Time{})};
    }
    if (reply.status == 401) {
      // Revoked or expired before its time: another one, once.
      if (given != nullptr) given->refused(shown);
      if (given != nullptr && round == 0) continue;
      throw Failure(Code::Refused,
                    asked + "401: it refuses " +
                        (given == nullptr ? "administration.key" : "the access token of client_id") +
                        ": is it right, not expired, and in the header that it wants?");
    }
    if (reply.status == 403)
      throw Failure(Code::Refused,
                    asked + "403: this credential may not do it; give it the right, or the scope, for that");
    if (reply.status == 404)
      throw Failure(Code::NotFound, asked + "404: are administration.url and the path of this call right?");
    if (reply.status >= 500 || reply.status == 408 || reply.status == 425 || reply.status == 429)
      throw Failure(Code::Unavailable, asked + status + "; it is asked again later");
    throw Failure(Code::Failed, asked + status);
  }
}

void OperatorApi::stop() {
  client_.stop();
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  if (token_client_) token_client_->stop();
}

}  // namespace curfew::oauth::oidc
