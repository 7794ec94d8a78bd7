#include "plugins/oauth/back_channel/receiver.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "plugins/files/text.hpp"

namespace curfew::oauth {
namespace {

using plugin::HttpAnswer;
using plugin::Time;

constexpr plugin::Duration keys_patience = std::chrono::seconds(5);

// A value of application/x-www-form-urlencoded; nothing when it is not there, twice, or damaged.
std::optional<std::string> form_value(std::string_view body, std::string_view name) {
  std::optional<std::string> value;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    if (value) return std::nullopt;
    std::string text;
    const std::string_view raw = pair.substr(equals + 1);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '%') {
        text += raw[i] == '+' ? ' ' : raw[i];
        continue;
      }
      const auto digit = [&](std::size_t at) {
        const char c = at < raw.size() ? files::lower(raw[at]) : '?';
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      };
      const int high = digit(i + 1), low = digit(i + 2);
      if (high < 0 || low < 0) return std::nullopt;
      text += static_cast<char>(high * 16 + low);
      i += 2;
    }
    value = std::move(text);
  }
  return value;
}

HttpAnswer answer_of(std::uint32_t status, std::string_view error = {}, std::string_view what = {}) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = {{"Cache-Control", "no-store"}};
  if (error.empty()) return answer;
  answer.content_type = "application/json";
  answer.body = nlohmann::json{{"error", error}, {"error_description", what}}.dump();
  return answer;
}

}  // namespace

Receiver::Counts Receiver::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Receiver::restore(std::string_view id, Time until) {
  if (const Time now = now_(); until > now) (void)seen_.take(std::string(id), until, now);
}

HttpAnswer Receiver::answer(const plugin::HttpRequest& request, const Take& take) {
  const auto count = [&](std::uint64_t Counts::*which) {
    const std::lock_guard lock(mutex_);
    ++(counts_.*which);
  };
  const auto refused = [&](std::string_view what) {
    count(&Counts::refused);
    return answer_of(400, "invalid_request", what);
  };
  const auto compact = form_value(request.body, "logout_token");
  if (!compact) return refused("send a form with one logout_token");
  std::string id;
  LogoutToken said;
  try {
    const SignedToken token = keys_.verified(*compact, now_() + keys_patience);
    said = read_logout_token(token, terms_, now_());
    id = digest_("logout token\n" + terms_.issuer + "\n" + said.id);
  } catch (const BadToken& wrong) {
    return refused(std::string("the logout token is refused: ") + wrong.what());
  } catch (const plugin::Failure& failure) {
    count(&Counts::postponed);
    HttpAnswer later = answer_of(503, "temporarily_unavailable", failure.what());
    later.headers.emplace_back("Retry-After", "10");
    return later;
  }
  if (!seen_.take(id, said.good_until, now_())) {
    count(&Counts::repeated);
    return answer_of(400, "invalid_request", "this logout token was received before");
  }
  try {
    take(said, id);
  } catch (...) {
    seen_.forget(id);
    throw;
  }
  count(&Counts::taken);
  return answer_of(200);
}

}  // namespace curfew::oauth
