#include "tests/support/fake_api.hpp"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <sstream>

namespace curfew::support {
namespace {

using nlohmann::json;

std::tm parts_of(FakeApi::Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

FakeApi::Request request_of(const std::string& head, std::string body) {
  FakeApi::Request request;
  std::istringstream lines(head);
  lines >> request.method >> request.target;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  request.body = std::move(body);
  const Poco::URI uri(request.target);
  request.path = uri.getPath();
  for (const auto& [name, value] : uri.getQueryParameters()) request.query.emplace(name, value);
  return request;
}

}  // namespace

std::string http_date(FakeApi::Time time) {
  const std::tm parts = parts_of(time);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string iso_text(FakeApi::Time time) {
  const std::tm parts = parts_of(time);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
      time - std::chrono::floor<std::chrono::seconds>(time));
  std::array<char, 16> rest{};
  std::snprintf(rest.data(), rest.size(), ".%03dZ", static_cast<int>(millis.count()));
  return std::string(text.data(), size) + rest.data();
}

std::string FakeApi::Request::of_query(const std::string& key) const {
  const auto found = query.find(key);
  return found == query.end() ? std::string{} : found->second;
}

std::string FakeApi::Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

struct FakeApi::Inside {
  Poco::Net::ServerSocket listening{Poco::Net::SocketAddress("127.0.0.1", 0)};
};

FakeApi::FakeApi() : inside_(std::make_unique<Inside>()) {}
FakeApi::~FakeApi() { end(); }

void FakeApi::begin() {
  thread_ = std::thread([this] { run(); });
}

void FakeApi::end() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
}

std::string FakeApi::origin() const {
  return "http://127.0.0.1:" + std::to_string(inside_->listening.address().port());
}

FakeApi::Time FakeApi::clock() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + ahead_;
}
FakeApi::Time FakeApi::now() const {
  const std::lock_guard lock(mutex_);
  return clock();
}
void FakeApi::pass(Duration time) {
  const std::lock_guard lock(mutex_);
  ahead_ += time;
}

void FakeApi::next_answer(Answer answer) {
  const std::lock_guard lock(mutex_);
  next_.push_back(std::move(answer));
}

void FakeApi::before(const std::string& part, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  before_.emplace_back(part, std::move(work));
}

std::vector<std::string> FakeApi::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::size_t FakeApi::asked(const std::string& part) const {
  const std::vector<std::string> all = asked();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const std::string& one) { return one.find(part) != std::string::npos; }));
}

std::vector<std::string> FakeApi::complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

FakeApi::Answer FakeApi::complain(const std::string& what) {
  complaints_.push_back(what);
  return {.status = 400, .body = json{{"code", "complaint"}, {"message", what}}.dump()};
}

FakeApi::Answer FakeApi::ok(const json& body, int status) { return {.status = status, .body = body.dump()}; }

FakeApi::Answer FakeApi::give_token(const Request& request,
                                    const std::map<std::string, std::string>& expected,
                                    const std::string& secret, int seconds) {
  if (request.method != "POST" || request.header("content-type") != "application/x-www-form-urlencoded")
    return complain("a token is asked for by a form");
  std::map<std::string, std::string> form;
  for (const auto& [key, value] : Poco::URI("http://x/?" + request.body).getQueryParameters())
    form[key] = value;
  if (form["client_secret"] != secret) return ok({{"error", "invalid_client"}}, 401);
  form.erase("client_secret");
  if (form != expected) return complain("the form for a token is another one: " + json(form).dump());
  const std::string token = "token-" + std::to_string(++given_);
  tokens_[token] = clock() + std::chrono::seconds(seconds);
  return ok({{"access_token", token}, {"token_type", "Bearer"}, {"expires_in", seconds}});
}

bool FakeApi::has_token(const Request& request) const {
  const std::string bearer = request.header("authorization");
  if (!bearer.starts_with("Bearer ")) return false;
  const auto known = tokens_.find(bearer.substr(7));
  return known != tokens_.end() && known->second > clock();
}

FakeApi::Answer FakeApi::answer(const Request& request) {
  const std::string asked = request.method + " " + request.target;
  std::function<void()> work;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(before_.begin(), before_.end(), [&](const auto& one) {
      return asked.find(one.first) != std::string::npos;
    });
    if (found != before_.end()) {
      work = std::move(found->second);
      before_.erase(found);
    }
  }
  if (work) work();
  const std::lock_guard lock(mutex_);
  asked_.push_back(asked);
  if (!request.body.empty() && request.method != "POST" &&
      request.header("content-type") != "application/json")
    return complain("a body that is not said to be JSON");
  if (next_.empty() || asked.find(next_.front().only_for) == std::string::npos) return right_answer(request);
  Answer next = std::move(next_.front());
  next_.pop_front();
  if (!next.lost && next.cut_after == 0) return next;
  Answer right = right_answer(request);
  right.cut_after = next.cut_after;
  right.lost = next.lost;
  return right;
}

void FakeApi::run() {
  while (!ending_) {
    if (!inside_->listening.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
    Poco::Net::StreamSocket client = inside_->listening.acceptConnection();
    client.setReceiveTimeout(Poco::Timespan(2, 0));
    try {
      std::string text;
      std::array<char, 16384> bytes{};
      std::size_t head = std::string::npos, length = 0;
      while (head == std::string::npos || text.size() < head + 4 + length) {
        const int part = client.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
        if (part <= 0) break;
        text.append(bytes.data(), static_cast<std::size_t>(part));
        if (head != std::string::npos) continue;
        head = text.find("\r\n\r\n");
        const std::size_t at = text.find("Content-Length: ");
        if (head != std::string::npos && at < head) length = std::stoul(text.substr(at + 16));
      }
      if (head == std::string::npos) continue;
      const Answer given = answer(request_of(text.substr(0, head), text.substr(head + 4)));
      if (given.lost) continue;
      Time says;
      {
        const std::lock_guard lock(mutex_);
        says = date();
      }
      std::string out = "HTTP/1.1 " + std::to_string(given.status) + " x\r\nDate: " + http_date(says) +
                        "\r\n" + given.headers;
      if (given.status != 204) out += "Content-Length: " + std::to_string(given.body.size()) + "\r\n";
      out += "\r\n" + (given.cut_after > 0 ? given.body.substr(0, given.cut_after) : given.body);
      client.sendBytes(out.data(), static_cast<int>(out.size()));
    } catch (const Poco::Exception&) {
      continue;  // the client went away
    }
  }
}

}  // namespace curfew::support
