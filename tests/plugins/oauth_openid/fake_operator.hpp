// A strict operator's API of our own that keeps state, and the OpenID provider's endpoints that it needs:
// discovery and client credentials. Whatever is asked that it does not have is a complaint that the test
// sees.
//
//   FakeOperator api;
//   api.sign_in("s-1", "alice", {.offline = true});
//   … settings with api.url() …
//   api.next_answer({.status = 429, .headers = {{"Retry-After", "1"}}, .only_for = "/people"});
//
// Threads: its own; the methods from any. Owns: a server on loopback. Fails: as Poco does.
#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/ThreadPool.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace curfew::oauth_test {

class FakeOperator {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers;
    bool is_cut = false;   // the connection ends before the body does
    std::string only_for;  // a part of the path; empty: any
  };
  struct SignIn {
    bool offline = false;
    std::int64_t at = 0;  // seconds; 0: now
    std::string sid;
  };

  FakeOperator();
  ~FakeOperator();
  FakeOperator(const FakeOperator&) = delete;
  FakeOperator& operator=(const FakeOperator&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  void sign_in(const std::string& session, const std::string& person, const SignIn& how);
  void sign_in(const std::string& session, const std::string& person) { sign_in(session, person, SignIn{}); }
  void end(const std::string& session);
  void revoke(const std::string& session);
  // Whether relying parties take logouts.
  void take_logouts(bool taken);
  void next_answer(const Answer& answer, int times = 1);
  void revoke_tokens();
  [[nodiscard]] static std::int64_t now();

  // How it is; under the lock.
  template <typename Change>
  void set(Change change) {
    const std::lock_guard lock(mutex_);
    change(*this);
  }
  nlohmann::json sessions = nlohmann::json::array(), grants = nlohmann::json::array(),
                 undelivered = nlohmann::json::array();
  std::string secret = "right";
  nlohmann::json metadata;

  [[nodiscard]] std::vector<std::string> asked() const;  // "GET /api/sessions?…"
  [[nodiscard]] std::size_t asked(const std::string& part) const;
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  class Handler;
  class Factory;
  struct Request {
    std::string method, path, authorization, body;
  };
  [[nodiscard]] Answer answer(const Request& request);
  [[nodiscard]] Answer api(const Request& request);
  [[nodiscard]] Answer token(const Request& request);
  [[nodiscard]] Answer page_of(const nlohmann::json& rows, const std::string& name,
                               const std::string& query) const;
  void end_unlocked(const std::string& session);

  mutable std::mutex mutex_;
  std::string url_;
  std::deque<Answer> next_;
  std::vector<std::string> asked_, complaints_;
  std::set<std::string> tokens_;
  bool takes_logouts_ = true;
  int count_ = 0;
  Poco::ThreadPool pool_;
  std::unique_ptr<Poco::Net::HTTPServer> server_;
};

}  // namespace curfew::oauth_test
