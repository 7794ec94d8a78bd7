// A strict Auth0 tenant of our own that keeps state: people with sessions and refresh tokens, and a log that
// grows while it is read. What it takes is what is published (Auth0's Management API: logs by checkpoint and
// by search, sessions, refresh tokens, users); anything else is an error that the test sees.
//
//   FakeAuth0 auth0;
//   const std::string session = auth0.sign_in("alice", {.refresh_token = true});
//   auth0.lives(session);                      // whether anything of it is accepted anywhere
//
// Threads, owns, fails: as FakeApi.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_api.hpp"

namespace curfew::auth0_test {

struct SignIn {
  bool refresh_token = false;
  std::string strategy = "database";
  bool prompted = true;              // for credentials
  std::chrono::microseconds ago{0};  // before it was stored
};

class FakeAuth0 : public support::FakeApi {
 public:
  FakeAuth0();
  ~FakeAuth0() override { end(); }

  [[nodiscard]] static std::string id_of(const std::string& user) { return "auth0|" + user; }

  // The session's id; the record's is last_record().
  std::string sign_in(const std::string& user, const SignIn& how = {});
  void add_record(nlohmann::json record);
  [[nodiscard]] nlohmann::json record(const std::string& user, const std::string& type,
                                      const std::string& session) const;
  [[nodiscard]] std::string last_record() const;
  [[nodiscard]] bool lives(const std::string& session) const;

  std::string secret = "right";
  std::set<std::string> scopes{"read:logs",           "read:sessions",         "delete:sessions",
                               "read:refresh_tokens", "delete:refresh_tokens", "read:users",
                               "update:users"};
  std::map<std::string, nlohmann::json> people;  // by name; `blocked` may be missing
  Duration access_tokens_live = std::chrono::hours(24);
  Duration ends_take{0};      // until what was accepted is done
  std::size_t kept_from = 0;  // older records are gone
  int throttle_every = 0;     // of the calls for the log; 0: none
  bool says_next = true;
  std::size_t most_of_list = 100;

 private:
  struct Stored {
    nlohmann::json record;
    Time at{};
  };
  struct Session {
    std::string user;
    Time ends{Time::max()};
    Time tokens_until{};
  };
  struct RefreshToken {
    std::string user, session;
    Time ends{Time::max()};
  };
  Answer right_answer(const Request& request) override;
  [[nodiscard]] Answer log(const Request& request);
  [[nodiscard]] Answer about_user(const Request& request, const std::string& user, const std::string& rest);
  [[nodiscard]] Answer page_of(const Request& request, const char* list, const nlohmann::json& all) const;
  [[nodiscard]] nlohmann::json make_record(const std::string& user, const std::string& type,
                                           const std::string& session) const;
  void store(nlohmann::json record, Time at);

  std::vector<Stored> records_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, RefreshToken> refresh_tokens_;
  mutable int count_ = 0;
  int log_calls_ = 0;
};

}  // namespace curfew::auth0_test
