// A strict Business Central admin center of our own that keeps state, with the Entra before it: sessions of
// one environment, clients that hold tokens, sign-in logs that come late. What it takes is what is published
// ("Business Central admin center API, session management"; Microsoft Graph, "list signIns"); anything else
// is an error that the test sees.
//
//   FakeBusinessCentral it;
//   const std::int64_t number = it.sign_in("ALICE");          // with credentials
//   … settings with it.url(), it.authority(), it.graph_url() …
//   it.come_back("ALICE");                                     // by the token that the client has
//   it.continues(number);                                      // whether what it was still goes on
//
// Threads, owns, fails: as FakeApi.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_api.hpp"

namespace curfew::business_central_test {

struct SignIn {
  bool interactive = true;
  bool logged = true;  // a client with an access token needs none
  std::chrono::microseconds late = std::chrono::minutes(2);
};

class FakeBusinessCentral : public support::FakeApi {
 public:
  struct Session {
    std::int64_t number = 0;
    std::string user;
    std::string client = "WebClient";
    Time began{};
    std::set<std::int64_t> goes_on_from;  // numbers of sessions whose client came back as this one
  };
  static constexpr const char* tenant = "11111111-2222-3333-4444-555555555555";
  static constexpr const char* application = "996def3d-b36c-4153-8607-a6fd3c01b89f";

  FakeBusinessCentral();
  ~FakeBusinessCentral() override { end(); }

  [[nodiscard]] std::string url() const { return origin() + "/bc"; }
  [[nodiscard]] std::string authority() const { return origin() + "/login"; }
  [[nodiscard]] std::string graph_url() const { return origin() + "/graph"; }

  // A person gives credentials: whatever their client had is over. The session's number.
  std::int64_t sign_in(const std::string& user, const SignIn& how = {});
  // The client comes back with what it has; nothing: it was never signed in.
  std::optional<std::int64_t> come_back(const std::string& user, const SignIn& how = {});
  void close(std::int64_t number);
  [[nodiscard]] bool lives(std::int64_t number) const;
  [[nodiscard]] bool continues(std::int64_t number) const;
  [[nodiscard]] std::string id_of(std::int64_t number) const;
  [[nodiscard]] std::string handle_of(std::int64_t number) const;

  std::string secret = "right";
  int token_seconds = 3600;
  bool authorized = true;  // in the admin center
  bool may_read_logs = true;
  int delete_status = 200;
  std::vector<Session> sessions;
  std::vector<nlohmann::json> rows;  // further ones of the list, as they are

 private:
  struct Record {
    nlohmann::json record;
    Time at{}, visible_from{};
    std::string principal;
  };
  Answer right_answer(const Request& request) override;
  [[nodiscard]] Answer about_sessions(const Request& request, const std::string& rest);
  [[nodiscard]] Answer sign_ins(const Request& request);
  std::int64_t begin_session(const std::string& user);
  void record(const std::string& user, const SignIn& how);

  std::vector<Session> ended_;
  std::vector<Record> records_;
  std::map<std::string, std::set<std::int64_t>> held_by_;  // what a user's client goes on from
  std::int64_t count_ = 4000;
};

}  // namespace curfew::business_central_test
