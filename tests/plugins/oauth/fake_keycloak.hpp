// A strict Keycloak of our own that keeps state: realm, clients, people, sessions online and offline, events.
// What it takes is what a real one (26.0.8) was seen to take; anything else is an error that the test sees.
//
//   FakeKeycloak keycloak;
//   const std::string session = keycloak.sign_in("alice", {.offline = true});
//   … settings with keycloak.url() …
//   keycloak.next_answer({.status = 429, .headers = "Retry-After: 1\r\n"});
//
// Threads: its own; the methods from any. Owns: a socket on loopback. Fails: as Poco does.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace curfew::oauth_test {

class FakeKeycloak {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::string headers;        // each with its line end
    std::size_t cut_after = 0;  // bytes of the body, then the end of the connection; 0: whole
    std::string only_for;       // a part of the path; empty: any
  };
  struct Person {
    std::string id;
    bool enabled = true;
  };
  struct SignIn {
    bool offline = false;
    std::int64_t at = 0;  // milliseconds; 0: now
    bool silent = false;
  };

  FakeKeycloak();
  ~FakeKeycloak();
  FakeKeycloak(const FakeKeycloak&) = delete;
  FakeKeycloak& operator=(const FakeKeycloak&) = delete;

  [[nodiscard]] std::string url() const;

  // What happens at the realm; the session's id.
  std::string sign_in(const std::string& user, const SignIn& how);
  void fail_sign_in(const std::string& user, std::int64_t at = 0);
  void sign_out(const std::string& session);
  void add_event(nlohmann::json event);
  void add_admin_event(nlohmann::json event);
  void clear_events();
  [[nodiscard]] static std::int64_t now();
  // Runs before an answer to a path that has this in it: what happens while somebody reads.
  void before(const std::string& path_part, std::function<void()> work);

  // How it is; under the lock.
  template <typename Change>
  void set(Change change) {
    const std::lock_guard lock(mutex_);
    change(*this);
  }
  nlohmann::json realm{
      {"realm", "corp"}, {"accessTokenLifespan", 300}, {"accessTokenLifespanForImplicitFlow", 900}};
  nlohmann::json clients;
  bool events_enabled = true;
  std::int64_t events_expiration = 0;
  std::string secret = "right";
  std::set<std::string> roles{"view-events", "view-realm", "view-clients", "manage-users"};
  int token_seconds = 300;
  bool ids_of_events = false;  // as newer versions
  std::map<std::string, Person> people;
  std::set<std::string> online, offline;
  std::vector<nlohmann::json> events, admin_events;  // oldest first
  std::int64_t clock_ahead = 0;                      // seconds, of its Date

  void next_answer(Answer answer);
  [[nodiscard]] std::vector<std::string> asked() const;  // "GET /admin/…"
  [[nodiscard]] std::size_t asked(const std::string& part) const;
  void revoke_tokens();
  // What was asked that a real one would refuse.
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  struct Request {
    std::string method, path, body;
    std::multimap<std::string, std::string> query;
    std::map<std::string, std::string> headers;
  };
  void run();
  [[nodiscard]] Answer answer(const Request& request);
  [[nodiscard]] Answer token(const Request& request);
  [[nodiscard]] Answer admin(const Request& request, const std::string& path);
  [[nodiscard]] Answer about_user(const Request& request, const std::string& id, const std::string& rest);
  [[nodiscard]] Answer page_of(const Request& request, const std::vector<nlohmann::json>& all,
                               const std::string& filter);
  [[nodiscard]] nlohmann::json session_json(const std::string& id) const;
  Answer complain(const std::string& what);

  struct Inside;
  std::unique_ptr<Inside> inside_;
  mutable std::mutex mutex_;
  std::deque<Answer> next_;
  std::vector<std::string> asked_;
  std::vector<std::string> complaints_;
  std::set<std::string> tokens_;
  std::map<std::string, std::string> session_user_;
  std::vector<std::pair<std::string, std::function<void()>>> before_;
  int count_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace curfew::oauth_test
