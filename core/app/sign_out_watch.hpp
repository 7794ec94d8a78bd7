// Follows sign-outs to their end, a line for each thing that happens.
//
//   app::SignOutWatch watch(daemon, json);      // before the order is given: nothing is missed
//   watch.follow(numbers);                      // returns when each is concluded or held
//   return watch.all_proven() ? exit_ok : exit_failed;
//
// Threads: one. Owns: the stream. Fails: Error(Unavailable) when the daemon stays away.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/app/api_client.hpp"

namespace curfew::app {

class SignOutWatch {
 public:
  SignOutWatch(const ApiClient& daemon, bool json);
  void follow(const std::vector<std::uint64_t>& numbers);
  [[nodiscard]] bool all_proven() const;  // or contained

 private:
  enum class Standing : std::uint8_t { Open, Held, Proven, Contained, Failed };
  void take(const ApiClient::Event& event);
  void take_step(const std::string& data);
  void take_row(const std::string& data);
  void look();
  void reopen();
  [[nodiscard]] bool is_over() const;
  void say(const std::string& at, std::uint64_t number, const std::string& text) const;

  const ApiClient& daemon_;
  bool json_;
  ApiClient::Stream stream_;
  std::map<std::uint64_t, Standing> standing_;
  std::map<std::uint64_t, std::string> since_;  // when it was ordered
};

// One thing that happened to a sign-out, in words; empty: nothing worth a line.
[[nodiscard]] std::string step_in_words(const std::string& kind, const std::string& facts);

}  // namespace curfew::app
