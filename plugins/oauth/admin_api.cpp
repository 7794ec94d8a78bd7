#include "plugins/oauth/admin_api.hpp"

#include <simdjson.h>

#include <algorithm>

#include "plugins/oauth/page_link.hpp"
#include "plugins/web/http_time.hpp"

namespace curfew::oauth {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

constexpr plugin::Duration first_pause = std::chrono::seconds(5);
constexpr plugin::Duration longest_pause = std::chrono::minutes(5);

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

bool looks_like_a_code(std::string_view text) {
  return !text.empty() && text.size() <= 80 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

// The API's own code, if it looks like one; its message may hold anything.
std::string code_in(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(body).get(document) != simdjson::SUCCESS) return {};
  for (const char* key : {"errorCode", "code"}) {
    std::string_view code;
    if (document.at_key(key).get_string().get(code) == simdjson::SUCCESS && looks_like_a_code(code))
      return std::string(code);
  }
  return {};
}

AdminApi::Options options_of(web::HttpServer server, std::string token_path, ClientCredentials credentials,
                             web::RetryTerms terms) {
  AdminApi::Options options{.server = std::move(server),
                            .authority = {},
                            .token_path = std::move(token_path),
                            .credentials = std::move(credentials),
                            .given_token = {},
                            .words = {},
                            .terms = terms};
  options.words.client = "the service account of the client '" + options.credentials.id + "'";
  return options;
}

}  // namespace

AdminApi::AdminApi(const Options& options)
    : url_(options.server.url),
      words_(options.words),
      now_(options.now ? options.now : wall_clock),
      client_(options.server, options.terms),
      logs_(options.server, options.terms),
      given_token_(options.given_token) {
  if (!given_token_.empty()) return;
  if (options.authority) login_.emplace(*options.authority, options.terms);
  tokens_.emplace(login_ ? *login_ : client_, options.token_path, options.credentials);
}

AdminApi::AdminApi(web::HttpServer server, std::string token_path, ClientCredentials credentials,
                   web::RetryTerms terms)
    : AdminApi(options_of(std::move(server), std::move(token_path), std::move(credentials), terms)) {}

void AdminApi::stop() {
  client_.stop();
  logs_.stop();
  if (login_) login_->stop();
}

std::string AdminApi::authorization(Time deadline) {
  if (tokens_) return "Bearer " + tokens_->current(deadline);
  const std::lock_guard lock(mutex_);
  if (Clock::now() < ask_again_at_)
    throw Failure(Code::Refused, client_.where() + " refused " + words_.client +
                                     " (401); it is asked again later: " + words_.unauthorized);
  return given_token_;
}

bool AdminApi::was_refused(const std::string& authorization) {
  if (tokens_) {
    tokens_->refused(authorization.substr(std::string_view("Bearer ").size()));
    return true;
  }
  const std::lock_guard lock(mutex_);
  pause_ = pause_ == plugin::Duration{} ? first_pause : std::min(pause_ * 2, longest_pause);
  ask_again_at_ = Clock::now() + pause_;
  return false;
}

void AdminApi::fail(const std::string& asked, const Question& question, int status) const {
  if (status == 403)
    throw Failure(Code::Refused, asked + "403: " + words_.client + words_.lacks + question.role);
  if (status == 404) throw Failure(Code::NotFound, asked + "404: " + words_.not_found);
  if (status >= 500 || status == 408 || status == 425 || status == 429)
    throw Failure(Code::Unavailable, asked + std::to_string(status) + "; it is asked again later");
  throw Failure(Code::Failed, asked + std::to_string(status));
}

ApiReply AdminApi::ask(const Question& question, Time deadline) {
  const std::string asked = client_.where() + ": asked for " + question.what + ", it answered ";
  web::RetryingClient& client = question.lane == Lane::Logs ? logs_ : client_;
  for (int round = 0;; ++round) {
    const std::string token = authorization(deadline);
    web::HttpCall call{.method = question.method,
                       .path = question.path,
                       .headers = {{"Authorization", token}, {"Accept", "application/json"}},
                       .body = question.body};
    if (!question.body.empty()) call.headers["Content-Type"] = "application/json";
    web::HttpReply reply = client.ask(call, question.repeat, deadline);
    const Time date = web::http_time(reply.header("date")).value_or(Time{});
    if (date != Time{}) clock_ahead_ = (date - now_()).count();
    if (reply.status == 401) {
      // Revoked or expired before its time: another one, once.
      if (was_refused(token) && round == 0) continue;
      throw Failure(Code::Refused,
                    client_.where() +
                        (tokens_ ? " refuses the access token that it just gave to " : " refuses ") +
                        words_.client + " (401): " + words_.unauthorized);
    }
    if (reply.status != 200 && !question.also.contains(reply.status)) fail(asked, question, reply.status);
    if (!reply.is_framed)
      throw Failure(Code::Unavailable, asked + "without saying how long its answer is: it may be cut");
    if (!tokens_) {
      const std::lock_guard lock(mutex_);
      pause_ = {};
    }
    ApiReply out{.status = reply.status, .body = {}, .date = date};
    if (const std::string link = next_link(reply.headers); !link.empty())
      out.next = path_below(url_, link, client_.where() + ": its link to the next page");
    if (reply.status >= 400) out.code = code_in(reply.body);
    out.body = std::move(reply.body);
    return out;
  }
}

}  // namespace curfew::oauth
