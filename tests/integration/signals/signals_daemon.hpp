// A daemon that transmits Shared Signals, and who receives them from it.
//
//   SignalsDaemon daemon;
//   daemon.configure("{name: crm, token: crm, audience: [me], delivery: poll}");
//   daemon.start();
//   daemon.sign_out(1);                                        // returns when it is proven
//   daemon.ask("POST", "/signals/poll/" + id, R"({"returnImmediately":true})").status
//
// Threads: one. Owns: the daemon. Fails: gtest failures and std::runtime_error.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/app/program.hpp"

namespace curfew::signals_test {

struct Told {
  std::string id;
  nlohmann::json claims;
};

class SignalsDaemon {
 public:
  SignalsDaemon();

  // Receivers as YAML flow mappings; they have the token `crm`.
  void configure(const std::string& receivers, const std::string& more = {});
  void start(const std::map<std::string, std::string>& environment = {}) { daemon_.start(environment); }
  void kill() { (void)daemon_.stop(SIGKILL); }
  app_test::ScriptedDaemon& program() { return daemon_; }

  // Orders it, by an operator's word, and waits for its proof.
  void sign_out(int session);
  // As the receiver.
  [[nodiscard]] app_test::Reply ask(const std::string& method, const std::string& path,
                                    const std::string& body = {}, const std::string& token = crm_token) const;
  [[nodiscard]] nlohmann::json get(const std::string& path) const;
  // The stream of the receiver; empty: none.
  [[nodiscard]] nlohmann::json stream() const;
  // What a poll hands out, checked by the key set.
  [[nodiscard]] std::vector<Told> poll(const std::string& body = R"({"returnImmediately":true})") const;
  // Checked by the key set, as a receiver must.
  [[nodiscard]] Told verified(const std::string& token) const;
  [[nodiscard]] double metric(const std::string& line) const;
  [[nodiscard]] std::string issuer() const { return "http://127.0.0.1:" + std::to_string(port_); }

  static const std::string crm_token;

 private:
  app_test::ScriptedDaemon daemon_;
  int port_ = 0;
};

inline const std::string revoked_type = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
inline const std::string verification_type =
    "https://schemas.openid.net/secevent/ssf/event-type/verification";

}  // namespace curfew::signals_test
