#include "plugins/oauth/admin_api.hpp"

#include "plugins/web/http_time.hpp"

namespace curfew::oauth {

using plugin::Code;
using plugin::Failure;

AdminApi::AdminApi(web::HttpServer server, std::string token_path, ClientCredentials credentials,
                   web::RetryTerms terms)
    : client_(std::move(server), terms),
      client_id_(credentials.id),
      tokens_(client_, std::move(token_path), std::move(credentials)) {}

ApiReply AdminApi::ask(const Question& question, plugin::Time deadline) {
  const std::string asked = client_.where() + ": asked for " + question.what + ", it answered ";
  for (int round = 0;; ++round) {
    const std::string token = tokens_.current(deadline);
    web::HttpCall call{.method = question.method,
                       .path = question.path,
                       .headers = {{"Authorization", "Bearer " + token}, {"Accept", "application/json"}},
                       .body = question.body};
    if (!question.body.empty()) call.headers["Content-Type"] = "application/json";
    web::HttpReply reply = client_.ask(call, question.repeat, deadline);
    const std::string status = std::to_string(reply.status);
    if (reply.status == 200 || question.also.contains(reply.status)) {
      if (!reply.is_framed)
        throw Failure(Code::Unavailable, asked + "without saying how long its answer is: it may be cut");
      return {reply.status, std::move(reply.body),
              web::http_time(reply.header("date")).value_or(plugin::Time{})};
    }
    if (reply.status == 401) {
      // Revoked or expired before its time: another one, once.
      tokens_.refused(token);
      if (round == 0) continue;
      throw Failure(Code::Refused,
                    client_.where() + " refuses the access token that it just gave to the client '" +
                        client_id_ + "' (401): is the client in the right realm, and enabled?");
    }
    if (reply.status == 403)
      throw Failure(Code::Refused, asked + "403: the service account of the client '" + client_id_ +
                                       "' lacks a role: grant " + question.role);
    if (reply.status == 404) throw Failure(Code::NotFound, asked + "404: are url and realm right?");
    if (reply.status >= 500 || reply.status == 408 || reply.status == 425 || reply.status == 429)
      throw Failure(Code::Unavailable, asked + status + "; it is asked again later");
    throw Failure(Code::Failed, asked + status);
  }
}

}  // namespace curfew::oauth
