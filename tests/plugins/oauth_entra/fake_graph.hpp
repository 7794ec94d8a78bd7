// A strict Microsoft Graph and token endpoint of our own that keep state: people with their sessions and
// tokens, groups, sign-in logs that come late and in pages. What they take is what is documented for the real
// ones; anything else is an error that the test sees.
//
//   FakeGraph graph;
//   const std::string session = graph.sign_in("alice", {});
//   … settings with graph.url() and graph.authority() …
//   graph.pass(90min);                           // on Graph's clock
//   graph.lives(session);                        // whether any token of it works, or could be had
//
// Threads: its own; the methods from any. Owns: a socket on loopback. Fails: as Poco does.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::entra_test {

class FakeGraph {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::string headers;        // each with its line end
    std::size_t cut_after = 0;  // bytes of the right body, then the end of the connection; 0: whole
    std::string only_for;       // a part of the path; empty: any
    bool lost = false;          // it is done, and the answer gets lost
  };
  struct License {
    std::string sku;
    std::set<std::string> disabled_plans;
    std::string by_group;  // empty: to the person
  };
  struct Person {
    std::string id;
    std::string name;
    nlohmann::json type = "Member";
    bool enabled = true;
    std::optional<plugin::Time> valid_from;
    std::vector<License> licenses{};
  };
  struct SignIn {
    plugin::Duration ago = std::chrono::seconds(5);
    plugin::Duration late{0};  // until it stands in the logs
    bool satisfied = false;    // a cookie from before stood for the credentials
    bool two_factors = false;
    std::string session;  // of an earlier sign-in; empty: a new one
  };

  FakeGraph();
  ~FakeGraph();
  FakeGraph(const FakeGraph&) = delete;
  FakeGraph& operator=(const FakeGraph&) = delete;

  [[nodiscard]] std::string url() const;        // of Graph, below a folder
  [[nodiscard]] std::string authority() const;  // of the token endpoint
  static constexpr const char* tenant = "11111111-2222-3333-4444-555555555555";
  static constexpr const char* group = "99999999-0000-0000-0000-000000000001";
  static constexpr const char* license = "99999999-0000-0000-0000-000000000003";
  static constexpr const char* outer_group = "99999999-0000-0000-0000-000000000002";

  // By Graph's clock.
  [[nodiscard]] plugin::Time now() const;
  void pass(plugin::Duration time);

  // What happens at the tenant. sign_in gives the session's id; the record's is in last_record().
  std::string sign_in(const std::string& user, const SignIn& how);
  void fail_sign_in(const std::string& user, std::int64_t code, const SignIn& how);
  // A client comes with the session's refresh token: whether it was given another access token.
  bool refresh(const std::string& session, const SignIn& how);
  void add_record(nlohmann::json record, plugin::Duration late = {});
  [[nodiscard]] nlohmann::json record(const std::string& user, std::int64_t code, const SignIn& how) const;
  [[nodiscard]] std::string last_record() const;
  // What the directory's audit log has of a change; gives its id.
  struct Audit {
    std::string activity;
    std::string who;           // a short name
    std::string by = "admin";  // the id of an application, or a user's name
    bool by_application = false;
    std::string result = "success";
    plugin::Duration ago = std::chrono::seconds(5);
    plugin::Duration late{0};
  };
  std::string audit(const Audit& what);
  [[nodiscard]] nlohmann::json audit_record(const Audit& what) const;
  // Whether anything of it is accepted anywhere, or will be.
  [[nodiscard]] bool lives(const std::string& session) const;
  // Runs before an answer to a path that has this in it: what happens while somebody reads.
  void before(const std::string& path_part, std::function<void()> work);
  void forget_before();

  // How it is; under the lock.
  template <typename Change>
  void set(Change change) {
    const std::lock_guard lock(mutex_);
    change(*this);
  }
  std::string secret = "right";
  std::string certificate;  // PEM; then no secret is good
  std::set<std::string> permissions{"AuditLog.Read.All",
                                    "Directory.Read.All",
                                    "User.Read.All",
                                    "User.RevokeSessions.All",
                                    "User.EnableDisableAccount.All",
                                    "GroupMember.ReadWrite.All",
                                    "LicenseAssignment.ReadWrite.All"};
  int free_licenses = 100;
  bool has_licence = true;
  int token_seconds = 3600;
  plugin::Duration access_tokens_live = std::chrono::minutes(90);
  plugin::Duration revocation_takes = std::chrono::minutes(3);
  int revoke_status = 200;
  std::map<std::string, Person> people;                  // by a short name
  std::map<std::string, std::set<std::string>> members;  // of groups: people and groups, by id
  enum class Order { Newest, Oldest, Shuffled };
  Order order = Order::Newest;
  std::string next_link_host;  // in place of its own
  bool loops = false;          // each next link is the same
  int throttle_every = 0;      // of the calls for logs; 0: none

  void next_answer(Answer answer);
  [[nodiscard]] std::vector<std::string> asked() const;  // "GET /graph/…"
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
  struct Stored {
    nlohmann::json record;
    plugin::Time visible_from;
  };
  struct Session {
    std::string user;
    plugin::Time authenticated_at;
    plugin::Time tokens_until;
  };
  void run();
  [[nodiscard]] Answer answer(const Request& request);
  [[nodiscard]] Answer right_answer(const Request& request);
  [[nodiscard]] Answer token(const Request& request);
  [[nodiscard]] bool is_asserted(std::map<std::string, std::string>& form);
  [[nodiscard]] std::optional<Answer> why_no_logs(const Request& request);
  [[nodiscard]] Answer sign_ins(const Request& request, bool is_beta);
  [[nodiscard]] Answer audits(const Request& request);
  [[nodiscard]] Answer page_of(std::vector<nlohmann::json> fits, const Request& request,
                               const std::string& path, const char* time_field);
  [[nodiscard]] Answer assign_license(const Request& request, Person& person);
  [[nodiscard]] Answer about_user(const Request& request, const std::string& id, const std::string& rest);
  [[nodiscard]] Answer about_member(const Request& request, const std::string& group,
                                    const std::string& rest);
  [[nodiscard]] bool may_refresh(const Session& session) const;
  [[nodiscard]] nlohmann::json make_record(const std::string& user, std::int64_t code,
                                           const SignIn& how) const;
  void store(nlohmann::json record, plugin::Duration late);
  [[nodiscard]] bool belongs_to(const std::string& member, const std::string& group) const;
  [[nodiscard]] plugin::Time clock() const;
  Answer complain(const std::string& what);

  struct Inside;
  std::unique_ptr<Inside> inside_;
  mutable std::mutex mutex_;
  plugin::Duration ahead_{0};
  std::deque<Answer> next_;
  std::vector<std::string> asked_;
  std::vector<std::string> complaints_;
  std::map<std::string, plugin::Time> tokens_;
  std::set<std::string> jtis_;
  std::vector<Stored> records_;
  std::vector<Stored> audits_;
  std::map<std::string, Session> sessions_;
  std::vector<std::pair<std::string, std::function<void()>>> before_;
  mutable int count_ = 0;
  int log_calls_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace curfew::entra_test
