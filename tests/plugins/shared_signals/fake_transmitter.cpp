#include "tests/plugins/shared_signals/fake_transmitter.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <algorithm>
#include <stdexcept>

namespace curfew::shared_signals_test {

using nlohmann::json;
using support::SigningKey;

namespace {

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Made once, as making them takes longest of all.
SigningKey key_of(int number) {
  static std::mutex mutex;
  static std::map<int, SigningKey> all;
  const std::lock_guard lock(mutex);
  const auto found = all.find(number);
  if (found != all.end()) return found->second;
  return all.emplace(number, SigningKey::rsa("key-" + std::to_string(number))).first->second;
}

}  // namespace

class FakeTransmitter::Handler : public Poco::Net::HTTPRequestHandler {
 public:
  explicit Handler(FakeTransmitter& owner) : owner_(owner) {}
  void handleRequest(Poco::Net::HTTPServerRequest& request,
                     Poco::Net::HTTPServerResponse& response) override {
    std::string body;
    Poco::StreamCopier::copyToString(request.stream(), body);
    const std::string path = request.getURI().substr(0, request.getURI().find('?'));
    {
      std::unique_lock lock(owner_.mutex_);
      auto& queue = owner_.next_answers_[path];
      if (!queue.empty()) {
        const std::string raw = queue.front();
        queue.pop_front();
        lock.unlock();
        Poco::Net::StreamSocket socket =
            dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request).detachSocket();
        for (std::size_t sent = 0; sent < raw.size();)
          sent += static_cast<std::size_t>(socket.sendBytes(
              raw.data() + sent, static_cast<int>(std::min<std::size_t>(raw.size() - sent, 65536))));
        socket.close();
        return;
      }
    }
    const Answer answer = owner_.answer(request.getMethod(), request.getURI(),
                                        request.get("Authorization", ""), request.getContentType(), body);
    response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
    if (answer.status == 429) response.set("Retry-After", "1");
    if (answer.status == 204) {
      response.send();
      return;
    }
    response.setContentType("application/json");
    response.setContentLength(static_cast<std::streamsize>(answer.body.size()));
    response.send() << answer.body;
  }

 private:
  FakeTransmitter& owner_;
};

class FakeTransmitter::Factory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(FakeTransmitter& owner) : owner_(owner) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new Handler(owner_);
  }

 private:
  FakeTransmitter& owner_;
};

FakeTransmitter::FakeTransmitter(const std::string& path) : path_(path) {
  const Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
  server_url_ = "http://127.0.0.1:" + std::to_string(socket.address().port());
  issuer_ = server_url_ + path;
  rotate();
  http_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(*this), pool_, socket,
                                                  new Poco::Net::HTTPServerParams);
  http_->start();
}

FakeTransmitter::~FakeTransmitter() {
  http_->stopAll(true);
  pool_.joinAll();
}

json FakeTransmitter::claims_locked(const std::string& type, const json& subject, const json& payload) {
  return {{"iss", issuer_},       {"aud", "curfew"},
          {"iat", seconds_now()}, {"jti", "set-" + std::to_string(++event_number_)},
          {"sub_id", subject},    {"events", {{type, payload}}}};
}

json FakeTransmitter::claims(const std::string& type, const json& subject, const json& payload) {
  const std::lock_guard lock(mutex_);
  return claims_locked(type, subject, payload);
}

std::string FakeTransmitter::sign(const json& header, const json& claims) const {
  return key().sign(header, claims);
}

std::string FakeTransmitter::sign(const json& claims) const {
  const SigningKey newest = key();
  return newest.sign({{"alg", "RS256"}, {"kid", newest.published()["kid"]}, {"typ", "secevent+jwt"}}, claims);
}

SigningKey FakeTransmitter::key() const {
  const std::lock_guard lock(mutex_);
  return keys_.back();
}

void FakeTransmitter::rotate(bool keep_old) {
  const std::lock_guard lock(mutex_);
  if (!keep_old) keys_.clear();
  keys_.push_back(key_of(++key_number_));
}

void FakeTransmitter::use(std::vector<SigningKey> keys) {
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
}

void FakeTransmitter::hold(const json& claims, const std::string& id) {
  hold_token(id.empty() ? claims.at("jti").get<std::string>() : id, sign(claims));
}

void FakeTransmitter::hold_token(const std::string& id, const std::string& token) {
  const std::lock_guard lock(mutex_);
  held_.push_back({id, token});
}

std::vector<HeldEvent> FakeTransmitter::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

void FakeTransmitter::drop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(held_, [&](const HeldEvent& one) { return one.id == id; });
}

std::string FakeTransmitter::add_stream(const std::string& method, const std::string& endpoint,
                                        const std::string& audience) {
  const std::lock_guard lock(mutex_);
  const std::string id = "stream-" + std::to_string(streams_.size() + 1);
  streams_[id] = {{"stream_id", id},
                  {"iss", issuer_},
                  {"aud", audience},
                  {"delivery", {{"method", method}, {"endpoint_url", endpoint}}},
                  {"events_delivered", {std::string(caep) + "session-revoked"}}};
  if (method == "urn:ietf:rfc:8936")
    streams_[id]["delivery"]["endpoint_url"] = server_url_ + "/ssf/poll/" + id;
  return id;
}

void FakeTransmitter::remove_streams() {
  const std::lock_guard lock(mutex_);
  streams_.clear();
}
void FakeTransmitter::set_status(const std::string& status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
}
void FakeTransmitter::answer_next(const std::string& path, const std::string& raw) {
  const std::lock_guard lock(mutex_);
  next_answers_[path].push_back(raw);
}
void FakeTransmitter::be_down(bool down) {
  const std::lock_guard lock(mutex_);
  is_down_ = down;
}
void FakeTransmitter::be_keyless(bool keyless) {
  const std::lock_guard lock(mutex_);
  is_keyless_ = keyless;
}
void FakeTransmitter::mute_verification(bool mute) {
  const std::lock_guard lock(mutex_);
  is_mute_ = mute;
}
void FakeTransmitter::least_interval(int seconds) {
  const std::lock_guard lock(mutex_);
  least_interval_ = seconds;
}
void FakeTransmitter::set_metadata(const json& changes) {
  const std::lock_guard lock(mutex_);
  metadata_changes_ = changes;
}
void FakeTransmitter::expire_tokens() {
  const std::lock_guard lock(mutex_);
  ++token_number_;
}
FakeTransmitter::Heard FakeTransmitter::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

FakeTransmitter::Answer FakeTransmitter::fault(int status, const std::string& what) {
  heard_.faults.push_back(what);
  return {status, json{{"error", what}}.dump()};
}

FakeTransmitter::Answer FakeTransmitter::answer(const std::string& method, const std::string& uri,
                                                const std::string& authorization, const std::string& type,
                                                const std::string& body) {
  const std::lock_guard lock(mutex_);
  const std::string path = uri.substr(0, uri.find('?'));
  const std::string query = uri.size() > path.size() ? uri.substr(path.size() + 1) : "";
  if (is_down_) return {503, "{}"};
  if (path == "/keys") {
    ++heard_.keys;
    if (is_keyless_) return {503, "{}"};
    json all{{"keys", json::array()}};
    for (const SigningKey& one : keys_) all["keys"].push_back(one.published());
    return {200, all.dump()};
  }
  if (path == "/.well-known/ssf-configuration" + path_) {
    json metadata{{"spec_version", "1_0"},
                  {"issuer", issuer_},
                  {"jwks_uri", server_url_ + "/keys"},
                  {"delivery_methods_supported", {"urn:ietf:rfc:8935", "urn:ietf:rfc:8936"}},
                  {"configuration_endpoint", server_url_ + "/ssf/streams"},
                  {"status_endpoint", server_url_ + "/ssf/status"},
                  {"verification_endpoint", server_url_ + "/ssf/verify"}};
    metadata.merge_patch(metadata_changes_);
    return {200, metadata.dump()};
  }
  if (path == "/token" && method == "POST") return token(authorization, body);
  if (!path.starts_with("/ssf/")) return {404, "{}"};
  if (authorization != "Bearer t" + std::to_string(token_number_)) return {401, "{}"};
  if (path == "/ssf/streams") return streams(method, query, type, body);
  if (path == "/ssf/verify" && method == "POST") return verify(type, body);
  if (path == "/ssf/status" && method == "GET") {
    const std::string id = query.substr(query.find('=') + 1);
    if (!streams_.contains(id)) return {404, "{}"};
    return {200, json{{"stream_id", id}, {"status", status_}}.dump()};
  }
  constexpr std::string_view polls = "/ssf/poll/";
  if (path.starts_with(polls) && method == "POST") return poll(path.substr(polls.size()), type, body);
  return fault(405, method + " " + path);
}

FakeTransmitter::Answer FakeTransmitter::token(const std::string& authorization, const std::string& body) {
  // curfew:right
  if (authorization != "Basic Y3VyZmV3OnJpZ2h0") return {401, R"({"error":"invalid_client"})"};
  if (!body.starts_with("grant_type=client_credentials")) return fault(400, "no client-credentials grant");
  const std::size_t scope = body.find("&scope=");
  heard_.scope = scope == std::string::npos ? "" : body.substr(scope + 7);
  ++heard_.tokens;
  return {200, json{{"access_token", "t" + std::to_string(token_number_)},
                    {"token_type", "Bearer"},
                    {"expires_in", 3600}}
                   .dump()};
}

FakeTransmitter::Answer FakeTransmitter::streams(const std::string& method, const std::string& query,
                                                 const std::string& type, const std::string& body) {
  if (method == "GET") {
    if (query.empty()) {
      json all = json::array();
      for (const auto& [id, stream] : streams_) {
        all.push_back(stream);
        all.back()["min_verification_interval"] = least_interval_;
      }
      return {200, all.dump()};
    }
    const std::string id = query.substr(query.find('=') + 1);
    if (!query.starts_with("stream_id=") || !streams_.contains(id)) return {404, "{}"};
    json stream = streams_[id];
    stream["min_verification_interval"] = least_interval_;
    return {200, stream.dump()};
  }
  if (method != "POST") return fault(405, "no such method");
  if (type != "application/json") return fault(400, "a stream is JSON");
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object() || !wanted.contains("delivery")) return fault(400, "no delivery");
  const std::string delivery = wanted["delivery"].value("method", "");
  const bool is_push = delivery == "urn:ietf:rfc:8935";
  if (!is_push && delivery != "urn:ietf:rfc:8936") return fault(400, "an unknown delivery");
  if (is_push != wanted["delivery"].contains("endpoint_url"))
    return fault(400, "the endpoint of a push is the receiver's, of a poll the transmitter's");
  if (!wanted.value("events_requested", json()).is_array() || wanted["events_requested"].empty())
    return fault(400, "no events are asked for");
  if (!streams_.empty()) return {409, "{}"};
  heard_.created.push_back(wanted);
  const std::string id = "stream-made";
  json stream{{"stream_id", id},
              {"iss", issuer_},
              {"aud", "curfew"},
              {"delivery", wanted["delivery"]},
              {"events_requested", wanted["events_requested"]},
              {"events_delivered", {std::string(caep) + "session-revoked"}},
              {"min_verification_interval", least_interval_}};
  stream["delivery"].erase("authorization_header");
  if (!is_push) stream["delivery"]["endpoint_url"] = server_url_ + "/ssf/poll/" + id;
  streams_[id] = stream;
  return {201, stream.dump()};
}

FakeTransmitter::Answer FakeTransmitter::verify(const std::string& type, const std::string& body) {
  const json wanted = json::parse(body, nullptr, false);
  if (type != "application/json" || !wanted.is_object())
    return fault(400, "a verification is asked for in JSON");
  const std::string id = wanted.value("stream_id", "");
  if (!streams_.contains(id)) return {404, "{}"};
  const auto now = std::chrono::steady_clock::now();
  if (verified_at_ && now - *verified_at_ < std::chrono::seconds(least_interval_)) {
    heard_.faults.emplace_back("verifications are asked for too often");
    return {429, "{}"};
  }
  verified_at_ = now;
  ++heard_.verifications;
  if (is_mute_) return {204, ""};
  json payload = json::object();
  if (wanted.contains("state")) payload["state"] = wanted["state"];
  const json claims =
      claims_locked(std::string(ssf) + "verification", {{"format", "opaque"}, {"id", id}}, payload);
  held_.push_back(
      {claims["jti"],
       keys_.back().sign(
           {{"alg", "RS256"}, {"kid", keys_.back().published()["kid"]}, {"typ", "secevent+jwt"}}, claims)});
  return {204, ""};
}

FakeTransmitter::Answer FakeTransmitter::poll(const std::string& id, const std::string& type,
                                              const std::string& body) {
  if (!streams_.contains(id)) return {404, "{}"};
  const json question = json::parse(body, nullptr, false);
  if (type != "application/json" || !question.is_object()) return fault(400, "a poll is JSON");
  for (const auto& [name, value] : question.items()) {
    if (name != "maxEvents" && name != "returnImmediately" && name != "ack" && name != "setErrs")
      return fault(400, "a poll has no " + name);
  }
  const int most = question.value("maxEvents", 10);
  if (most < 0) return fault(400, "maxEvents is negative");
  heard_.polls.push_back(question);
  const auto done = [&](const std::string& one) {
    const auto before = held_.size();
    std::erase_if(held_, [&](const HeldEvent& event) { return event.id == one; });
    if (held_.size() == before) heard_.faults.push_back("nothing is held as " + one);
  };
  const json acknowledged = question.value("ack", json::array());
  for (const json& one : acknowledged) {
    done(one.get<std::string>());
    heard_.acknowledged.insert(one.get<std::string>());
  }
  const json complaints = question.value("setErrs", json::object());
  for (const auto& [one, complaint] : complaints.items()) {
    if (!complaint.value("err", json()).is_string() || !complaint.value("description", json()).is_string())
      return fault(400, "a complaint has no err or description");
    done(one);
    heard_.complaints[one] = complaint["err"];
  }
  json answer{{"sets", json::object()}};
  for (const HeldEvent& event : held_) {
    if (answer["sets"].size() >= static_cast<std::size_t>(most)) break;
    answer["sets"][event.id] = event.token;
  }
  answer["moreAvailable"] = held_.size() > answer["sets"].size();
  return {200, answer.dump()};
}

}  // namespace curfew::shared_signals_test
