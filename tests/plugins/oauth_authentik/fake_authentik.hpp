// A strict authentik of our own that keeps state: people with sessions, tokens and groups, and events that
// grow while they are read. What it takes and says is what authentik's schema has (version 2026.5: events,
// authenticated_sessions, oauth2 tokens, users, groups); anything else is an error that the test sees.
//
//   FakeAuthentik authentik;
//   const std::string session = authentik.sign_in("alice", {.refresh_token = true});
//   authentik.lives(session);                  // whether anything of it is accepted anywhere
//
// Threads, owns, fails: as FakeApi.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_api.hpp"

namespace curfew::authentik_test {

inline const std::string group = "5b1f4f3e-0000-4000-8000-0000000000aa";

struct SignIn {
  bool refresh_token = false;
  std::string address = "192.0.2.7";
  std::string agent = "Mozilla/5.0";
  std::string method = "password";
  bool with_event = true;
};

class FakeAuthentik : public support::FakeApi {
 public:
  FakeAuthentik();
  ~FakeAuthentik() override { end(); }

  [[nodiscard]] std::string id_of(const std::string& user) const { return std::to_string(numbers_.at(user)); }

  // The session's id; the event's is last_event().
  std::string sign_in(const std::string& user, const SignIn& how = {});
  void fail_sign_in(const std::string& user);
  void sign_out(const std::string& session);
  void authorize(const std::string& session, const std::string& application);
  std::string add_event(const std::string& user, const std::string& action,
                        const nlohmann::json& context = nlohmann::json::object(), Duration ago = {});
  void forget_session(const std::string& session);  // without a word
  // A client gets another access token by its refresh token; false: it has none.
  bool refresh(const std::string& session);
  [[nodiscard]] std::string last_event() const;
  [[nodiscard]] bool lives(const std::string& session) const;
  [[nodiscard]] std::size_t tokens_of(const std::string& user) const;

  // Under the lock.
  std::string token = "token-right";
  bool is_superuser = true;
  std::map<std::string, bool> is_active{{"alice", true}, {"bob", true}};
  std::map<std::string, std::set<std::string>> groups{{"alice", {group}}, {"bob", {group}}};
  Duration access_tokens_live = std::chrono::hours(1);
  std::size_t largest_page = 100;
  std::size_t kept_from = 0;  // older events are deleted
  int throttle_every = 0;     // of the calls for events; 0: none

 private:
  struct Session {
    std::string user, address, agent;
    bool lives = true;
    Time last_used{}, expires{};
  };
  struct Token {
    int id = 0;
    std::string kind, user, session;
    Time expires{};
    bool is_deleted = false;
  };
  Answer right_answer(const Request& request) override;
  [[nodiscard]] Answer page(const Request& request, const nlohmann::json& rows);
  [[nodiscard]] Answer events(const Request& request);
  [[nodiscard]] Answer sessions(const Request& request, const std::string& rest);
  [[nodiscard]] Answer tokens(const Request& request, const std::string& kind, const std::string& rest);
  [[nodiscard]] Answer user(const Request& request, const std::string& id);
  [[nodiscard]] Answer membership(const Request& request, const std::string& rest);
  [[nodiscard]] bool only(const Request& request, const std::set<std::string>& known);
  [[nodiscard]] std::string name_of(const std::string& id) const;
  [[nodiscard]] nlohmann::json shown(const std::string& id, const Session& session) const;
  [[nodiscard]] static Answer absent(const std::string& what);
  std::string store(const std::string& user, const std::string& action, nlohmann::json context,
                    const std::string& address, Time at);

  const std::map<std::string, int> numbers_{{"alice", 4}, {"bob", 5}};
  std::vector<nlohmann::json> events_;  // oldest first
  std::map<std::string, Session> sessions_;
  std::vector<Token> all_tokens_;
  int count_ = 0;
  int event_calls_ = 0;
};

}  // namespace curfew::authentik_test
