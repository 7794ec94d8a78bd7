#include "plugins/oauth/access_tokens.hpp"

#include <simdjson.h>

#include <algorithm>

#include "plugins/oauth/client_authentication.hpp"

namespace curfew::oauth {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

constexpr plugin::Duration first_pause = std::chrono::seconds(5);
constexpr plugin::Duration longest_pause = std::chrono::minutes(5);
constexpr std::int64_t unsaid_lifetime = 60;

// Microsoft's own numbers, which say more than the code of the standard.
std::string numbers_in(const simdjson::dom::element& document) {
  std::string all;
  simdjson::dom::array numbers;
  if (document.at_key("error_codes").get_array().get(numbers) != simdjson::SUCCESS) return all;
  std::size_t count = 0;
  for (const simdjson::dom::element one : numbers) {
    std::int64_t number = 0;
    if (one.get_int64().get(number) == simdjson::SUCCESS && ++count <= 3)
      all += ", AADSTS" + std::to_string(number);
  }
  return all;
}

// A code of RFC 6749 5.2, if it looks like one: what else a server writes may hold anything.
std::string error_code(const simdjson::dom::element& document) {
  std::string_view code;
  if (document.at_key("error").get_string().get(code) != simdjson::SUCCESS || code.size() > 64 ||
      !std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
    return "no error code";
  return std::string(code) + numbers_in(document);
}

const char* what_to_look_at(const ClientCredentials& credentials) {
  switch (credentials.authentication) {
    case ClientAuthentication::Certificate:
      return "the certificate the application's";
    case ClientAuthentication::Key:
      return "the key the application's, under this id, and are the scopes granted";
    default:
      return "client_secret right and not expired";
  }
}

}  // namespace

AccessTokens::AccessTokens(web::RetryingClient& client, std::string path, ClientCredentials credentials)
    : client_(client), path_(std::move(path)), credentials_(std::move(credentials)) {}

std::string AccessTokens::current(Time deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (token_ && Clock::now() < token_->until) return token_->text;
    if (!fetching_) break;
    const auto left =
        deadline - std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
    if (deadline != Time{} &&
        (left <= plugin::Duration{0} || fetched_.wait_for(lock, left) == std::cv_status::timeout))
      throw Failure(Code::Unavailable, client_.where() + ": no access token came in time");
    if (deadline == Time{}) fetched_.wait(lock);
  }
  if (!refusal_.empty() && Clock::now() < ask_again_at_) throw Failure(Code::Refused, refusal_);
  fetching_ = true;
  lock.unlock();
  const auto end = [&](auto keep) {
    lock.lock();
    fetching_ = false;
    keep();
    fetched_.notify_all();
  };
  try {
    Token token = fetch(deadline);
    end([&] {
      token_ = std::move(token);
      refusal_.clear();
      pause_ = {};
    });
  } catch (const Failure& failure) {
    end([&] {
      token_.reset();
      if (failure.code() != Code::Refused) return;
      refusal_ = failure.what();
      pause_ = pause_ == plugin::Duration{} ? first_pause : std::min(pause_ * 2, longest_pause);
      ask_again_at_ = Clock::now() + pause_;
    });
    throw;
  }
  return token_->text;
}

void AccessTokens::refused(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (token_ && token_->text == token) token_.reset();
}

web::HttpCall AccessTokens::call() const {
  web::HttpCall call{
      .method = "POST", .path = path_, .headers = form_headers(), .body = "grant_type=client_credentials"};
  authenticate(call, credentials_, credentials_.token_endpoint);
  if (!credentials_.scope.empty()) call.body += "&scope=" + web::percent_encoded(credentials_.scope);
  if (!credentials_.audience.empty()) call.body += "&audience=" + web::percent_encoded(credentials_.audience);
  return call;
}

AccessTokens::Token AccessTokens::fetch(Time deadline) {
  const auto asked_at = Clock::now();
  const web::HttpReply reply = client_.ask(call(), web::Repeat::Idempotent, deadline);
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  const bool is_json = parser.parse(reply.body).get(document) == simdjson::SUCCESS;
  if (reply.status == 400 || reply.status == 401 || reply.status == 403)
    throw Failure(Code::Refused, client_.where() + " refuses the client '" + credentials_.id + "' (" +
                                     std::to_string(reply.status) + ", " +
                                     (is_json ? error_code(document) : std::string("no error code")) +
                                     "): is " + what_to_look_at(credentials_) +
                                     ", and may the client use the client-credentials grant (a service "
                                     "account)?");
  if (reply.status == 404)
    throw Failure(Code::Failed,
                  client_.where() + " has no token endpoint there (404): are url and realm or tenant right?");
  std::string_view token, type;
  if (reply.status != 200 || !is_json ||
      document.at_key("access_token").get_string().get(token) != simdjson::SUCCESS || token.empty())
    throw Failure(Code::Unavailable, client_.where() + ": asked for an access token, it answered " +
                                         std::to_string(reply.status) +
                                         (is_json ? "" : " without readable JSON"));
  if (document.at_key("token_type").get_string().get(type) == simdjson::SUCCESS && type != "Bearer" &&
      type != "bearer")
    throw Failure(Code::Failed, client_.where() + " gives access tokens that are no bearer tokens");
  std::int64_t seconds = unsaid_lifetime;
  if (document.at_key("expires_in").get_int64().get(seconds) != simdjson::SUCCESS) seconds = unsaid_lifetime;
  seconds = std::clamp<std::int64_t>(seconds, 0, 24 * 3600);
  return {std::string(token),
          asked_at + std::chrono::seconds(seconds - std::min<std::int64_t>(seconds / 4, 30))};
}

}  // namespace curfew::oauth
