// The server below a fake of somebody's HTTP API: sockets, requests, a clock of its own, and faults that a
// test orders: another answer, one that is cut, one that gets lost after it was carried out. What an API
// answers, its fake says.
//
//   class FakeOkta : public support::FakeApi {
//     ~FakeOkta() override { end(); }
//     Answer right_answer(const Request& request) override;      // under the lock
//   };
//   fake.next_answer({.status = 429, .only_for = "/logs"});
//   fake.pass(90min);                                            // on its clock
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
#include <string>
#include <thread>
#include <vector>

namespace curfew::support {

class FakeApi {
 public:
  using Duration = std::chrono::microseconds;
  using Time = std::chrono::sys_time<Duration>;
  struct Answer {
    int status = 200;
    std::string body;
    std::string headers;        // each with its line end
    std::size_t cut_after = 0;  // bytes of the right body, then the end of the connection; 0: whole
    std::string only_for;       // a part of "GET /path"; empty: any
    bool lost = false;          // it is done, and the answer gets lost
  };
  struct Request {
    std::string method, target, path, body;  // the target is the path with its query
    std::multimap<std::string, std::string> query;
    std::map<std::string, std::string> headers;  // names in lower case

    [[nodiscard]] std::string of_query(const std::string& key) const;
    [[nodiscard]] std::string header(const std::string& name) const;
  };

  FakeApi();
  virtual ~FakeApi();
  FakeApi(const FakeApi&) = delete;
  FakeApi& operator=(const FakeApi&) = delete;

  [[nodiscard]] std::string origin() const;  // http://127.0.0.1:port

  // By the API's clock.
  [[nodiscard]] Time now() const;
  void pass(Duration time);

  void next_answer(Answer answer);
  // Runs before an answer to what has this in it: what happens while somebody reads.
  void before(const std::string& part, std::function<void()> work);
  [[nodiscard]] std::vector<std::string> asked() const;  // "GET /path?query"
  [[nodiscard]] std::size_t asked(const std::string& part) const;
  // What was asked that a real one would refuse.
  [[nodiscard]] std::vector<std::string> complaints() const;

  // How it is; under the lock.
  template <typename Change>
  void set(Change change) {
    const std::lock_guard lock(mutex_);
    change();
  }

 protected:
  // A fake begins when it is whole, and ends before it is taken apart.
  void begin();
  void end();
  virtual Answer right_answer(const Request& request) = 0;
  // What its Date says, for a clock that is wrong.
  [[nodiscard]] virtual Time date() const { return clock(); }

  // Under the lock: within right_answer, or with it held.
  [[nodiscard]] Time clock() const;
  Answer complain(const std::string& what);
  [[nodiscard]] static Answer ok(const nlohmann::json& body, int status = 200);
  // By the client-credentials grant; `expected` are the form's fields. What `tokens_` holds is good.
  Answer give_token(const Request& request, const std::map<std::string, std::string>& expected,
                    const std::string& secret, int seconds);
  [[nodiscard]] bool has_token(const Request& request) const;

  mutable std::mutex mutex_;
  std::map<std::string, Time> tokens_;

 private:
  void run();
  [[nodiscard]] Answer answer(const Request& request);

  struct Inside;
  std::unique_ptr<Inside> inside_;
  Duration ahead_{0};
  std::deque<Answer> next_;
  std::vector<std::string> asked_;
  std::vector<std::string> complaints_;
  std::vector<std::pair<std::string, std::function<void()>>> before_;
  int given_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

// As HTTP's Date has it; as APIs write times (2026-03-02T14:00:00.123Z).
[[nodiscard]] std::string http_date(FakeApi::Time time);
[[nodiscard]] std::string iso_text(FakeApi::Time time);

}  // namespace curfew::support
