#include "plugins/oauth/providers/entra/graph_api.hpp"

#include <simdjson.h>

#include <algorithm>

#include "plugins/oauth/page_link.hpp"
#include "plugins/web/http_time.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

// Graph's own code, if it looks like one; its message may hold anything.
std::string code_in(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view code;
  if (parser.parse(body).get(document) != simdjson::SUCCESS ||
      document.at_key("error").at_key("code").get_string().get(code) != simdjson::SUCCESS || code.empty() ||
      code.size() > 80 || !std::all_of(code.begin(), code.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '-';
      }))
    return {};
  return std::string(code);
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

GraphApi::GraphApi(const Options& options)
    : url_(without_slash(options.server.url)),
      client_id_(options.credentials.id),
      directory_(options.server, options.terms),
      logs_(options.server, options.terms),
      login_(options.authority, options.terms),
      tokens_(login_, options.token_path, options.credentials) {}

void GraphApi::stop() {
  directory_.stop();
  logs_.stop();
  login_.stop();
}

std::string GraphApi::path_of(std::string_view link) const {
  return path_below(url_, link, where() + ": its @odata.nextLink");
}

void GraphApi::fail(const Question& question, const web::HttpReply& reply) const {
  const std::string code = code_in(reply.body);
  const std::string asked = where() + ": asked for " + question.what + ", it answered " +
                            std::to_string(reply.status) + (code.empty() ? "" : " (" + code + ")");
  if (code.starts_with("Authentication_RequestFromNonPremiumTenant"))
    throw Failure(Code::Refused, asked + ": sign-in logs need a licence, Microsoft Entra ID P1 or P2");
  if (reply.status == 403)
    throw Failure(Code::Refused, asked + ": the application '" + client_id_ +
                                     "' lacks a permission: grant the application permission " +
                                     question.permission + " and an administrator's consent");
  if (reply.status == 404) throw Failure(Code::NotFound, asked + ": are url and tenant right?");
  if (reply.status >= 500 || reply.status == 408 || reply.status == 425 || reply.status == 429)
    throw Failure(Code::Unavailable, asked + "; it is asked again later");
  throw Failure(Code::Failed, asked);
}

GraphReply GraphApi::ask(const Question& question, Time deadline) {
  web::RetryingClient& client = question.service == Service::Logs ? logs_ : directory_;
  for (int round = 0;; ++round) {
    const std::string token = tokens_.current(deadline);
    web::HttpCall call{.method = question.method,
                       .path = question.path,
                       .headers = {{"Authorization", "Bearer " + token}, {"Accept", "application/json"}},
                       .body = question.body};
    if (!question.body.empty()) call.headers["Content-Type"] = "application/json";
    // Each of its calls does twice what it does once.
    web::HttpReply reply = client.ask(call, web::Repeat::Idempotent, deadline);
    const Time date = web::http_time(reply.header("date")).value_or(Time{});
    if (date != Time{}) clock_ahead_ = (date - wall_clock()).count();
    const bool is_good = reply.status >= 200 && reply.status < 300;
    if (is_good || question.also.contains(reply.status)) {
      if (!reply.is_framed)
        throw Failure(Code::Unavailable,
                      where() + ": asked for " + question.what +
                          ", it answered without saying how long its answer is: it may be cut");
      std::string code = is_good ? std::string{} : code_in(reply.body);
      return {reply.status, std::move(reply.body), std::move(code), date};
    }
    if (reply.status != 401) fail(question, reply);
    // Revoked or expired before its time: another one, once.
    tokens_.refused(token);
    if (round == 0) continue;
    const std::string code = code_in(reply.body);
    throw Failure(Code::Refused, where() +
                                     " refuses the access token that was just given to the application '" +
                                     client_id_ + "' (401" + (code.empty() ? "" : ", " + code) +
                                     "): are scope, tenant and url of the same cloud?");
  }
}

}  // namespace curfew::oauth::entra
