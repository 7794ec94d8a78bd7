// A mail server for a test: takes mails over SMTP, with STARTTLS where it has a certificate, and fails as it
// is told to.
//
//   support::MailServer server({.certificate = pem, .key = key, .user = "curfew", .password = "pw"});
//   server.fail_next("RCPT", "451 greylisted");
//   … server.port() … server.taken()[0].text …
//
// Threads: any; one connection is served at a time. Owns: the server on a free port. Fails: as Poco does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace curfew::support {

struct TakenMail {
  std::string from;
  std::vector<std::string> to;
  std::string text;  // header and body, lines with \n
  bool over_tls = false;
  bool signed_in = false;
};

struct MailServerSettings {
  std::string certificate;  // PEM files; empty: no STARTTLS
  std::string key;
  std::string user;  // empty: nobody need sign in
  std::string password;
};

class MailServer {
 public:
  explicit MailServer(MailServerSettings settings = {});
  ~MailServer();
  MailServer(const MailServer&) = delete;
  MailServer& operator=(const MailServer&) = delete;

  // The next command that begins with this word gets this answer; "" closes the connection, "hang" says
  // nothing until the server ends. "." is the end of a mail's text.
  void fail_next(const std::string& word, const std::string& answer);
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::vector<TakenMail> taken() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::support
