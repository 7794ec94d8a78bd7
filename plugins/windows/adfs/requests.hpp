// The records of one request to AD FS, brought together by its activity id: the basic audits say what became
// of it, the verbose ones who (claims), from where and with what.
//
//   Requests requests;
//   Request& request = requests.of(event);
//   request.learn(event);
//   requests.forget_before(event.time - kept);
//
// One id may come again for minutes: a browser that was shown the form sends it along with the form. So a
// request says what is known of it, and each basic record is judged for itself.
//
// Threads: an object belongs to one thread. Owns: the newest requests, a bounded number. Fails: never; what
// is forgotten early only says less.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "plugins/windows/adfs/meaning.hpp"

namespace curfew::windows::adfs {

struct Request {
  Time last{};
  Account person;  // of what succeeded
  std::string address, user_agent, device, primary, words;
  bool is_persistent = false;
  bool has_two_factors = false;
  bool has_fresh_credentials = false;   // a 1202 belongs to it
  bool credentials_told = false;        // what became of them was
  bool token_told_credentials = false;  // by the token, so that the 1202 that follows tells nothing
  bool has_token = false;               // a 1200 belongs to it
  bool has_refusal = false;             // 1201, 1203, 1210
  Time refusal_told{};

  // What a record says; only what is not known yet, and of a person only what doesn't contradict.
  void learn(const WindowsEvent& event);
};

class Requests {
 public:
  static constexpr Duration kept = std::chrono::minutes(15);
  static constexpr std::size_t most = 20'000;

  // Of its activity id, or of its instance id when it has that one alone. Valid until the next call.
  [[nodiscard]] Request& of(const WindowsEvent& event);
  void forget_before(Time time);
  [[nodiscard]] std::size_t size() const { return requests_.size(); }

 private:
  std::string id_of(const WindowsEvent& event);

  std::unordered_map<std::string, Request> requests_;         // by activity id
  std::unordered_map<std::string, std::string> by_instance_;  // activity ids
  std::deque<std::pair<Time, std::string>> order_;            // each of requests_ once
  std::deque<std::pair<Time, std::string>> instances_;
  Request alone_;  // of a record that names no request
};

}  // namespace curfew::windows::adfs
