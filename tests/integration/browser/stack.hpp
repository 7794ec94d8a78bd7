// All that stands between a person's browser and a session's row: nginx with TLS as docs/proxies has it, the
// daemon with its gate, Apache with its form and its sessions in PostgreSQL. Five minutes of idleness, the
// least that a policy takes, pass as soon as a test says so: the daemon and Apache run by a clock of theirs.
//
//   Stack stack("rule: inactivity_timeout\n    limit: 5m");
//   auto browser = stack.browser();
//   stack.sign_in(*browser);
//   stack.pass(std::chrono::minutes(6));
//   EXPECT_FALSE(stack.curfew().first({"proven"}).is_null());
//
// Threads: one. Owns: all of it. Fails: std::runtime_error, BrowserError.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/integration/browser/browser.hpp"
#include "tests/integration/forms/forms_daemon.hpp"
#include "tests/support/form_apache.hpp"
#include "tests/support/gate_nginx.hpp"
#include "tests/support/movable_clock.hpp"

namespace curfew::browser_test {

class Stack {
 public:
  // What it needs and is not installed; empty: nothing.
  static std::filesystem::path missing();

  // `rule`: YAML of the policy below `name` and `mode`.
  explicit Stack(const std::string& rule);
  // The same profile each time. `restored`: with the tabs of the time before.
  [[nodiscard]] std::unique_ptr<Browser> browser(bool restored = false) const;
  [[nodiscard]] std::string url(const std::string& path) const;
  // Through the form, to /app/index.html.
  void sign_in(Browser& browser) const;
  // Where the form is shown already.
  static void fill_form(Browser& browser);
  // The clock goes on by this.
  void pass(std::chrono::seconds time);

  struct Answer {
    int status = 0;
    std::string reason;  // X-Curfew-Reason
    std::string body;
  };
  // What another program is told that presents this cookie at nginx.
  [[nodiscard]] Answer ask(const std::string& path, const std::string& cookie,
                           const std::string& user_agent) const;
  // The same past nginx and gate, by the application itself.
  [[nodiscard]] bool application_shows_marker_to(const std::string& cookie) const;
  [[nodiscard]] std::int64_t rows(const std::string& cookie) { return apache_->rows(cookie); }
  [[nodiscard]] forms_test::FormsDaemon& curfew() { return curfew_; }
  // What the servers said.
  [[nodiscard]] std::string logs() const;
  // Into the folder that CURFEW_SCREENSHOTS names, if it does.
  static void keep_picture(const Browser& browser, const std::string& name);

 private:
  void make_certificate();
  void write_pages() const;
  void write_gate_configuration() const;
  void start_driver();
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return curfew_.folder() / name; }

  forms_test::FormsDaemon curfew_;
  int gate_port_ = support::free_port();
  int nginx_port_ = support::free_port();
  int driver_port_ = support::free_port();
  std::string key_digest_;
  std::chrono::seconds ahead_{0};
  std::optional<support::MovableClock> clock_;
  std::optional<support::FormApache> apache_;
  std::optional<support::GateNginx> nginx_;
  std::unique_ptr<support::ServerProcess> driver_;
};

}  // namespace curfew::browser_test
