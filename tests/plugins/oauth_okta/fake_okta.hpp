// A strict Okta organization of our own that keeps state: people with sessions and refresh tokens, and a
// System Log that grows while it is read. What it takes is what is published (Okta's management API: System
// Log, Sessions, User Sessions, User OAuth 2.0 token management, User Lifecycle); anything else is an error
// that the test sees.
//
//   FakeOkta okta;
//   const std::string session = okta.sign_in("alice", {.refresh_token = true});
//   okta.lives(session);                      // whether anything of it is accepted anywhere
//
// Threads, owns, fails: as FakeApi.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_api.hpp"

namespace curfew::okta_test {

struct SignIn {
  bool refresh_token = false;
  std::string credential;  // of the record; empty: it leaves that open
  std::string request = "/idp/idx/identify";
  std::chrono::microseconds ago{0};  // before it was stored
};

class FakeOkta : public support::FakeApi {
 public:
  FakeOkta();
  ~FakeOkta() override { end(); }

  [[nodiscard]] static std::string id_of(const std::string& user) { return "00u" + user; }

  // The session's id; the record's is last_record().
  std::string sign_in(const std::string& user, const SignIn& how = {});
  void fail_sign_in(const std::string& user, const std::string& reason);
  void sign_out(const std::string& session);
  void add_record(nlohmann::json record);
  [[nodiscard]] nlohmann::json record(const std::string& user, const std::string& event,
                                      const std::string& session) const;
  [[nodiscard]] std::string last_record() const;
  [[nodiscard]] bool lives(const std::string& session) const;
  void revoke_access_tokens();  // those of applications

  std::string token = "00right";
  // PEM of an application's public key: then its access tokens are taken in place of the API token.
  std::string public_key;
  std::map<std::string, std::string> status{{"alice", "ACTIVE"}, {"bob", "ACTIVE"}};  // by name
  Duration access_tokens_live = std::chrono::hours(1);
  std::size_t kept_from = 0;    // older records are cleared
  bool forgets_places = false;  // links from before are not taken any more
  int throttle_every = 0;       // of the calls for the log; 0: none
  std::string next_link_host;   // in place of its own
  bool says_next = true;

 private:
  struct Stored {
    nlohmann::json record;
    Time stored_at{};
  };
  struct Session {
    std::string user;
    bool lives = true;
    Time tokens_until{};
  };
  struct RefreshToken {
    std::string user, session;
    bool lives = true;
    Time created{};
  };
  Answer right_answer(const Request& request) override;
  [[nodiscard]] Answer log(const Request& request);
  [[nodiscard]] Answer give_access_token(const Request& request);
  [[nodiscard]] Answer about_user(const Request& request, const std::string& user, const std::string& rest);
  [[nodiscard]] nlohmann::json make_record(const std::string& user, const std::string& event,
                                           const std::string& session) const;
  void store(nlohmann::json record);
  [[nodiscard]] static Answer absent();

  std::vector<Stored> records_;
  std::map<std::string, Session> sessions_;
  std::vector<RefreshToken> refresh_tokens_;
  std::set<std::string> jtis_;
  mutable int count_ = 0;
  int log_calls_ = 0;
};

}  // namespace curfew::okta_test
