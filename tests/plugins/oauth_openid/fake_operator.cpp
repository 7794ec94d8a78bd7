#include "tests/plugins/oauth_openid/fake_operator.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <algorithm>
#include <chrono>

namespace curfew::oauth_test {
namespace {

using nlohmann::json;

// Between slashes, each decoded by itself.
std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    std::string text;
    Poco::URI::decode(path.substr(at + 1, end - at - 1), text);
    all.push_back(text);
    at = end;
  }
  return all;
}

void drop(json& rows, const char* key, const std::string& value) {
  json left = json::array();
  for (const json& row : rows) {
    if (row.value(key, json()) != value) left.push_back(row);
  }
  rows = std::move(left);
}

json only(const json& rows, const std::string& person) {
  json left = json::array();
  for (const json& row : rows) {
    if (row.value("person", "") == person) left.push_back(row);
  }
  return left;
}

}  // namespace

class FakeOperator::Handler : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Handler(FakeOperator& fake) : fake_(fake) {}
  void handleRequest(Poco::Net::HTTPServerRequest& request,
                     Poco::Net::HTTPServerResponse& response) override {
    Request asked{.method = request.getMethod(),
                  .path = request.getURI(),
                  .authorization = request.get("Authorization", request.get("X-Api-Key", "")),
                  .body = {}};
    Poco::StreamCopier::copyToString(request.stream(), asked.body);
    const Answer answer = fake_.answer(asked);
    response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
    response.setContentType("application/json");
    for (const auto& [name, value] : answer.headers) response.set(name, value);
    response.setKeepAlive(!answer.is_cut);
    response.setContentLength64(static_cast<std::int64_t>(answer.body.size()) + (answer.is_cut ? 100 : 0));
    response.send() << answer.body;
  }

 private:
  FakeOperator& fake_;
};

class FakeOperator::Factory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(FakeOperator& fake) : fake_(fake) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new Handler(fake_);
  }

 private:
  FakeOperator& fake_;
};

FakeOperator::FakeOperator() {
  const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
  url_ = "http://127.0.0.1:" + std::to_string(socket.address().port());
  metadata = {{"issuer", url_}, {"token_endpoint", url_ + "/token"}};
  server_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(*this), pool_, socket,
                                                    new Poco::Net::HTTPServerParams);
  server_->start();
}

FakeOperator::~FakeOperator() {
  server_->stopAll(true);
  pool_.joinAll();
}

std::int64_t FakeOperator::now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void FakeOperator::sign_in(const std::string& session, const std::string& person, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  sessions.push_back({{"id", session},
                      {"person", person},
                      {"name", person + "@corp.test"},
                      {"since", how.at != 0 ? how.at : now()},
                      {"sids", how.sid.empty() ? json::array() : json::array({how.sid})}});
  if (how.offline) grants.push_back({{"session", session}, {"person", person}, {"client", "crm"}});
}

void FakeOperator::end_unlocked(const std::string& session) {
  const auto found =
      std::find_if(sessions.begin(), sessions.end(), [&](const json& one) { return one["id"] == session; });
  if (found != sessions.end() && !takes_logouts_)
    undelivered.push_back({{"session", session}, {"person", (*found)["person"]}, {"client", "crm"}});
  drop(sessions, "id", session);
}

void FakeOperator::end(const std::string& session) {
  const std::lock_guard lock(mutex_);
  end_unlocked(session);
}

void FakeOperator::revoke(const std::string& session) {
  const std::lock_guard lock(mutex_);
  drop(grants, "session", session);
}

void FakeOperator::take_logouts(bool taken) {
  const std::lock_guard lock(mutex_);
  takes_logouts_ = taken;
}

void FakeOperator::next_answer(const Answer& answer, int times) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < times; ++i) next_.push_back(answer);
}

void FakeOperator::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::vector<std::string> FakeOperator::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::size_t FakeOperator::asked(const std::string& part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(asked_.begin(), asked_.end(), [&](const std::string& one) {
    return one.find(part) != std::string::npos;
  }));
}

std::vector<std::string> FakeOperator::complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

FakeOperator::Answer FakeOperator::answer(const Request& request) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(request.method + " " + request.path);
  for (auto one = next_.begin(); one != next_.end(); ++one) {
    if (request.path.find(one->only_for) == std::string::npos) continue;
    Answer given = *one;
    next_.erase(one);
    return given;
  }
  if (request.path == "/.well-known/openid-configuration") return {.body = metadata.dump()};
  if (request.path == "/token") return token(request);
  if (request.path.starts_with("/api/")) return api(request);
  complaints_.push_back(request.method + " " + request.path);
  return {.status = 404, .body = "{}"};
}

FakeOperator::Answer FakeOperator::token(const Request& request) {
  // curfew:right
  if (request.method != "POST" || request.authorization != "Basic Y3VyZmV3OnJpZ2h0" || secret != "right")
    return {.status = 401, .body = R"({"error":"invalid_client"})"};
  const std::string made = "token-" + std::to_string(++count_);
  tokens_.insert("Bearer " + made);
  return {.body = json{{"access_token", made}, {"token_type", "Bearer"}, {"expires_in", 300}}.dump()};
}

FakeOperator::Answer FakeOperator::page_of(const json& rows, const std::string& name,
                                           const std::string& query) const {
  std::size_t after = 0;
  for (const auto& [key, value] : Poco::URI("/?" + query).getQueryParameters()) {
    if (key == "after" && !value.empty()) after = std::stoull(value);
  }
  constexpr std::size_t size = 3;
  json page{{name, json::array()}, {"next", nullptr}};
  for (std::size_t i = after; i < rows.size() && i < after + size; ++i) page[name].push_back(rows[i]);
  if (after + size < rows.size()) page["next"] = std::to_string(after + size);
  return {.body = page.dump()};
}

FakeOperator::Answer FakeOperator::api(const Request& request) {
  if (!tokens_.contains(request.authorization) && request.authorization != "a-long-key")
    return {.status = 401, .body = "{}"};
  const std::size_t mark = std::min(request.path.find('?'), request.path.size());
  const std::string query = mark < request.path.size() ? request.path.substr(mark + 1) : "";
  const std::vector<std::string> at = segments_of(request.path.substr(4, mark - 4));
  const std::string& what = at[0];
  const auto is = [&](const char* method, const char* first, std::size_t size, const char* last = "") {
    return request.method == method && what == first && at.size() == size && (size < 3 || at[2] == last);
  };
  if (is("GET", "sessions", 1)) return page_of(sessions, "rows", query);
  if (is("GET", "grants", 1)) return page_of(grants, "rows", query);
  if (is("GET", "people", 3, "sessions")) return page_of(only(sessions, at[1]), "rows", query);
  if (is("GET", "people", 3, "grants")) return page_of(only(grants, at[1]), "rows", query);
  if (is("GET", "people", 3, "logouts")) return page_of(only(undelivered, at[1]), "rows", query);
  if (is("DELETE", "sessions", 2)) {
    const std::size_t before = sessions.size() + grants.size();
    end_unlocked(at[1]);
    if (query != "grants=keep") drop(grants, "session", at[1]);
    return sessions.size() + grants.size() == before ? Answer{.status = 404, .body = "{}"}
                                                     : Answer{.status = 204};
  }
  if (is("DELETE", "people", 2)) {
    for (const json& row : only(sessions, at[1])) end_unlocked(row["id"].get<std::string>());
    drop(grants, "person", at[1]);
    return {.status = 204};
  }
  if (is("POST", "sessions", 3, "logouts")) {
    if (takes_logouts_) drop(undelivered, "session", at[1]);
    return {.status = 202, .body = "{}"};
  }
  complaints_.push_back(request.method + " " + request.path);
  return {.status = 404, .body = "{}"};
}

}  // namespace curfew::oauth_test
