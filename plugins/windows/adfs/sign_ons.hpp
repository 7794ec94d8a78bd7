// The sign-ons that AD FS keeps: who, with which client, until when; and how they survive a restart.
//
// AD FS writes no id of a sign-on: it is the cookie of one browser. So one is found again by its person and
// client: the registered device where one is told; else the user agent, with the same address if there are
// several. docs/connectors/adfs.md says what that gets wrong.
//
//   SignOn* one = sign_ons.find({}, person, client, event.time);
//   if (one == nullptr) sign_ons.open({…});
//
// Threads: one. Owns: all of them, a bounded number. Fails: never; a remembered text that can't be read is
// left out.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/adfs/meaning.hpp"

namespace curfew::windows::adfs {

struct Client {
  std::string device, address, user_agent;
};

struct SignOn {
  std::string id;
  std::string handle;
  std::string activity;  // of the request that began it
  Account person;
  Client client;
  bool is_program = false;  // without a cookie: WS-Trust
  Time started{}, last{}, expires{};
};

class SignOns {
 public:
  static constexpr std::size_t most = 200'000;

  struct Wanted {
    bool is_program = false;
    bool at_its_place = false;  // from another address it is another one: credentials were given there
  };
  // The one that such a request goes on with, alive at `now`. `person` may be nobody: then the only one of
  // exactly this client.
  [[nodiscard]] SignOn* find(Wanted wanted, const Account& person, const Client& client, Time now);
  // The one that this request began.
  [[nodiscard]] SignOn* begun_by(std::string_view activity, const Account& person, Time now);
  // The newest of this person in a browser.
  [[nodiscard]] SignOn* newest(const Account& person, Time now);

  SignOn& open(SignOn sign_on);
  // What was learned since, and until when it is good now.
  void changed(SignOn& sign_on, const Account& person, Time expires);
  void end(const SignOn& sign_on);
  // Those that ran out: the engine knows their ends, by what they were told with.
  void forget_before(Time time);
  [[nodiscard]] std::size_t size() const { return sign_ons_.size(); }
  // How many were given up because there were too many.
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }

  // For a restart; an empty value means gone.
  static constexpr std::string_view prefix = "adfs/";
  [[nodiscard]] std::map<std::string, std::string> take_changes();
  void restore(std::string_view key, std::string_view value);

 private:
  template <typename Take>
  void each_of(const Account& person, Time now, Take take);
  [[nodiscard]] SignOn* only_one_of(const Client& client, bool is_program, Time now);
  void name(const SignOn& sign_on);
  void remember(const SignOn& sign_on);
  void drop(const std::string& id);

  std::map<std::string, SignOn> sign_ons_;
  std::set<std::pair<std::string, std::string>> by_name_;  // of persons, clients, and activities
  std::set<std::pair<Time, std::string>> by_expiry_;
  std::map<std::string, std::string> changes_;
  std::uint64_t given_up_ = 0;
};

}  // namespace curfew::windows::adfs
