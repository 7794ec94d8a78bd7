#include "core/api/dispatcher.hpp"

#include <algorithm>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// A token comes as `Bearer <token>`. Programs that send logs often know only a password or an Elasticsearch
// API key: below /sources/ the token may be either, whatever name stands before it. Elsewhere it may not: a
// browser sends passwords by itself.
const Token* token_of(const Request& request, const Tokens& tokens) {
  const std::string_view header = request.header("authorization");
  const std::size_t blank = header.find(' ');
  if (blank == std::string_view::npos) return nullptr;
  const std::string scheme = base::to_lower_ascii(header.substr(0, blank));
  const std::string_view given = base::trim(header.substr(blank + 1));
  if (scheme == "bearer") return tokens.find(given);
  if ((scheme != "basic" && scheme != "apikey") || !request.path.starts_with("/sources/")) return nullptr;
  const auto pair = base::from_base64(given);
  if (!pair) return nullptr;
  const std::size_t colon = pair->find(':');
  return colon == std::string::npos ? nullptr : tokens.find(std::string_view(*pair).substr(colon + 1));
}

Problem unauthorised(const Request& request) {
  Problem problem(
      401, "token needed",
      request.header("authorization").empty()
          ? "send the header 'Authorization: Bearer <token>'; tokens are in the configuration under 'api'"
          : "the token is not known here; it may have been replaced in the configuration");
  problem.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"curfew\"");
  return problem;
}

std::string role_names(Roles roles) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < model::Names<Role>::all.size(); ++i) {
    if ((roles & role_bit(static_cast<Role>(i))) != 0) names.emplace_back(model::Names<Role>::all[i]);
  }
  return joined(names);
}

void check_content_type(const Route& route, const Request& request) {
  if (route.accepts.empty()) return;
  const std::string_view header = request.header("content-type");
  const std::string type = base::to_lower_ascii(base::trim(header.substr(0, header.find(';'))));
  if (std::find(route.accepts.begin(), route.accepts.end(), type) == route.accepts.end()) {
    throw Problem(
        415, "content type not understood",
        "this endpoint takes " + joined(route.accepts) + ", not '" + base::to_clean_utf8(type) + "'");
  }
}

void take_body(const Route& route, Request& request, const ReadBody& read_body) {
  switch (read_body(route.body_limit, request.body)) {
    case BodyRead::Whole:
      return;
    case BodyRead::TooLarge:
      throw Problem(
          413, "body too large",
          "this endpoint takes at most " + std::to_string(route.body_limit) + " bytes; send smaller parts");
    case BodyRead::TimedOut:
      throw Problem(408, "body too slow", "the body did not arrive in time");
    case BodyRead::Broken:
      throw Problem(400, "body incomplete", "the body ended before its declared length");
  }
}

}  // namespace

Dispatcher::Dispatcher(Router router, Tokens tokens, RateLimitSettings rate, Log log, Answered answered)
    : router_(std::move(router)),
      tokens_(std::move(tokens)),
      rate_(std::make_unique<RateLimit>(rate)),
      log_(std::move(log)),
      answered_(std::move(answered)) {}
Dispatcher::Dispatcher(Dispatcher&&) noexcept = default;
Dispatcher::~Dispatcher() = default;

void Dispatcher::log(std::string_view text) const {
  if (log_) log_(text);
}

Response Dispatcher::route(Request& request, const ReadBody& read_body, std::string_view& pattern) const {
  const Token* token = token_of(request, tokens_);
  const std::string caller = token != nullptr ? "token " + token->name : "peer " + request.peer;
  if (const auto wait = rate_->take(caller, RateLimit::Clock::now())) {
    Problem problem(429, "too many requests", "this caller asks more often than the configuration allows");
    problem.retry_after = *wait;
    throw problem;
  }
  Match match = router_.match(request.method, request.path);
  if (match.route == nullptr) {
    if (match.allowed.empty())
      throw Problem(404, "no such path", "see /api/v1/openapi.json for what there is");
    Problem problem(405, "method not allowed", "this path takes " + joined(match.allowed));
    problem.headers.emplace_back("Allow", joined(match.allowed));
    throw problem;
  }
  const Route& route = *match.route;
  pattern = route.pattern;
  if (route.roles != nobody_in_particular) {
    if (token == nullptr) throw unauthorised(request);
    if ((token->roles & route.roles) == 0) {
      throw Problem(403, "not allowed",
                    "the token '" + token->name +
                        "' has not the role for this; it needs one of: " + role_names(route.roles));
    }
    request.token = token;
  }
  request.shows_own_token = token != nullptr;
  request.captures = std::move(match.captures);
  request.parameters = parse_query(request.query);
  if (request.method != "GET" && request.method != "HEAD") {
    check_content_type(route, request);
    take_body(route, request, read_body);
  }
  return route.handler(request);
}

Response Dispatcher::answered_or_problem(Request& request, const ReadBody& read_body,
                                         std::string_view& pattern) const {
  Response response;
  try {
    response = route(request, read_body, pattern);
  } catch (const Problem& problem) {
    response = problem_response(problem, request.id);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Input || error.kind() == ErrorKind::Usage) {
      response = problem_response(Problem(400, "bad request", error.what()), request.id);
    } else if (error.kind() == ErrorKind::Unavailable) {
      log("request " + request.id + " " + request.path + ": " + error.what());
      Problem problem(503, "not available now", "a part that this needs is away; try again");
      problem.retry_after = 5;
      response = problem_response(problem, request.id);
    } else {
      log("request " + request.id + " " + request.path + " failed: " + error.what());
      response = problem_response(Problem(500, "failed", "the log has the reason under this request's id"),
                                  request.id);
    }
  } catch (const std::exception& error) {
    log("request " + request.id + " " + request.path + " failed: " + error.what());
    response = problem_response(Problem(500, "failed", "the log has the reason under this request's id"),
                                request.id);
  } catch (...) {
    log("request " + request.id + " " + request.path + " failed with something that is no exception of ours");
    response = problem_response(Problem(500, "failed", "the log has the reason under this request's id"),
                                request.id);
  }
  response.headers.emplace_back("X-Request-Id", request.id);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  const bool may_be_cached = std::any_of(response.headers.begin(), response.headers.end(),
                                         [](const auto& field) { return field.first == "Cache-Control"; });
  if (!may_be_cached) response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Response Dispatcher::answer(Request& request, const ReadBody& read_body) const {
  const auto begin = std::chrono::steady_clock::now();
  request.id = request_id_from(request.header("x-request-id"));
  std::string_view pattern = "none";
  Response response = answered_or_problem(request, read_body, pattern);
  if (answered_) answered_(pattern, response.status, std::chrono::steady_clock::now() - begin);
  return response;
}

std::string request_id_from(std::string_view wish) {
  const bool harmless =
      !wish.empty() && wish.size() <= 64 && std::all_of(wish.begin(), wish.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
      });
  if (harmless) return std::string(wish);
  std::array<std::uint8_t, 8> bytes{};
  base::fill_random(bytes);
  return base::to_hex(bytes);
}

}  // namespace curfew::api
