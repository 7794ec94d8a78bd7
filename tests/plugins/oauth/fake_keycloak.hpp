// A strict Keycloak of our own that keeps state: realm, clients, people, sessions online and offline, events.
// What it takes is what a real one (26.0.8) was seen to take; anything else is an error that the test sees.
//
//   FakeKeycloak keycloak;
//   const std::string session = keycloak.sign_in("alice", {.offline = true});
//   … settings with keycloak.url() …
//   keycloak.next_answer({.status = 429, .headers = "Retry-After: 1\r\n"});
//
// Threads, owns, fails: as FakeApi.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_api.hpp"

namespace curfew::oauth_test {

class FakeKeycloak : public support::FakeApi {
 public:
  struct Person {
    std::string id;
    bool enabled = true;
    std::int64_t not_before = 0;  // seconds
  };
  struct SignIn {
    bool offline = false;
    std::int64_t at = 0;  // milliseconds; 0: now
    bool silent = false;
  };

  FakeKeycloak();
  ~FakeKeycloak() override { end(); }

  [[nodiscard]] std::string url() const { return origin(); }

  // What happens at the realm; the session's id.
  std::string sign_in(const std::string& user, const SignIn& how);
  void fail_sign_in(const std::string& user, std::int64_t at = 0);
  void sign_out(const std::string& session);
  void add_event(nlohmann::json event);
  void add_admin_event(nlohmann::json event);
  void clear_events();
  [[nodiscard]] static std::int64_t now();  // in milliseconds
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
  bool keeps_not_before = true;
  bool ids_of_events = false;  // as newer versions
  std::map<std::string, Person> people;
  std::set<std::string> online, offline;
  std::vector<nlohmann::json> events, admin_events;  // oldest first
  std::int64_t clock_ahead = 0;                      // seconds, of its Date

  void revoke_tokens();

 private:
  Answer right_answer(const Request& request) override;
  [[nodiscard]] Time date() const override { return clock() + std::chrono::seconds(clock_ahead); }
  [[nodiscard]] Answer token(const Request& request);
  [[nodiscard]] Answer admin(const Request& request, const std::string& path);
  [[nodiscard]] Answer about_user(const Request& request, const std::string& id, const std::string& rest);
  [[nodiscard]] Answer page_of(const Request& request, const std::vector<nlohmann::json>& all,
                               const std::string& filter);
  [[nodiscard]] nlohmann::json session_json(const std::string& id) const;

  std::map<std::string, std::string> session_user_;
  int count_ = 0;
};

}  // namespace curfew::oauth_test
