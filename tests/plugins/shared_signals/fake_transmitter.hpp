// A strict Shared Signals transmitter that keeps state: metadata, keys, a token endpoint, streams with their
// status and verification, polls that deliver each event until it is acknowledged or complained of. What a
// receiver may not send is answered with an error and noted.
//
//   FakeTransmitter idp;
//   idp.add_stream("urn:ietf:rfc:8936");
//   idp.send(idp.event("session-revoked", subject));
//
// Threads: any. Owns: a server on a free port of the loopback. Fails: std::runtime_error.
#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/ThreadPool.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/openid_issuer.hpp"

namespace curfew::shared_signals_test {

inline constexpr const char* caep = "https://schemas.openid.net/secevent/caep/event-type/";
inline constexpr const char* risc = "https://schemas.openid.net/secevent/risc/event-type/";
inline constexpr const char* ssf = "https://schemas.openid.net/secevent/ssf/event-type/";

struct HeldEvent {
  std::string id;
  std::string token;
};

class FakeTransmitter {
 public:
  // `path`: of the issuer, as "/tenant"; empty: none.
  explicit FakeTransmitter(const std::string& path = {});
  ~FakeTransmitter();
  FakeTransmitter(const FakeTransmitter&) = delete;
  FakeTransmitter& operator=(const FakeTransmitter&) = delete;

  [[nodiscard]] const std::string& url() const { return issuer_; }
  [[nodiscard]] const std::string& server() const { return server_url_; }

  // A token's claims and header, and it signed by the newest key.
  [[nodiscard]] nlohmann::json claims(const std::string& type, const nlohmann::json& subject,
                                      const nlohmann::json& payload = nlohmann::json::object());
  [[nodiscard]] std::string sign(const nlohmann::json& claims) const;
  [[nodiscard]] std::string sign(const nlohmann::json& header, const nlohmann::json& claims) const;
  // Another signing key; the old ones are still published, or not.
  void rotate(bool keep_old = true);
  void use(std::vector<support::SigningKey> keys);
  [[nodiscard]] support::SigningKey key() const;

  // Holds it for the stream until it is acknowledged; the id of the answer may lie.
  void hold(const nlohmann::json& claims, const std::string& id = {});
  void hold_token(const std::string& id, const std::string& token);
  [[nodiscard]] std::vector<HeldEvent> held() const;
  // Push: it was taken, or complained of.
  void drop(const std::string& id);

  std::string add_stream(const std::string& method, const std::string& endpoint = {},
                         const std::string& audience = "curfew");
  void remove_streams();
  void set_status(const std::string& status);
  // The next answer at this path is this one, once.
  void answer_next(const std::string& path, const std::string& raw);
  void be_down(bool down);
  void be_keyless(bool keyless);  // no keys are to be had
  void mute_verification(bool mute);
  void least_interval(int seconds);
  void set_metadata(const nlohmann::json& changes);
  void expire_tokens();

  struct Heard {
    std::set<std::string> acknowledged;
    std::map<std::string, std::string> complaints;  // by jti: err
    std::vector<nlohmann::json> created;            // bodies
    std::vector<std::string> faults;                // of the receiver
    std::vector<nlohmann::json> polls;
    int verifications = 0, tokens = 0, keys = 0;
    std::string scope;
  };
  [[nodiscard]] Heard heard() const;

 private:
  struct Answer {
    int status = 200;
    std::string body;
  };
  class Handler;
  class Factory;
  [[nodiscard]] Answer answer(const std::string& method, const std::string& uri,
                              const std::string& authorization, const std::string& type,
                              const std::string& body);
  [[nodiscard]] Answer token(const std::string& authorization, const std::string& body);
  [[nodiscard]] Answer streams(const std::string& method, const std::string& query, const std::string& type,
                               const std::string& body);
  [[nodiscard]] Answer verify(const std::string& type, const std::string& body);
  [[nodiscard]] Answer poll(const std::string& id, const std::string& type, const std::string& body);
  [[nodiscard]] Answer fault(int status, const std::string& what);
  [[nodiscard]] nlohmann::json claims_locked(const std::string& type, const nlohmann::json& subject,
                                             const nlohmann::json& payload);

  mutable std::mutex mutex_;
  std::string server_url_, issuer_, path_;
  std::vector<support::SigningKey> keys_;
  int key_number_ = 0, event_number_ = 0, token_number_ = 0;
  std::map<std::string, nlohmann::json> streams_;
  std::string status_ = "enabled";
  std::vector<HeldEvent> held_;
  std::map<std::string, std::deque<std::string>> next_answers_;
  nlohmann::json metadata_changes_ = nlohmann::json::object();
  bool is_down_ = false, is_keyless_ = false, is_mute_ = false;
  int least_interval_ = 0;
  std::optional<std::chrono::steady_clock::time_point> verified_at_;
  Heard heard_;
  Poco::ThreadPool pool_;
  std::unique_ptr<Poco::Net::HTTPServer> http_;
};

}  // namespace curfew::shared_signals_test
