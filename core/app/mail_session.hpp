// A dialog with a mail server. With `starttls` a server that does not offer it gets nothing: neither the
// password nor anything else goes over a line that others can read. Certificates are checked in the
// handshake.
//
//   const std::unique_ptr<MailSession> session = open_mail_session(server, password, timeout);
//   session->sendMessage(mail); end_mail_session(*session);
//
// Only for .cpp files: it brings Poco in. Threads: one. Owns: the connection. Fails: Poco::Exception.
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/DialogSocket.h>
#include <Poco/Net/SMTPClientSession.h>

#include <memory>
#include <string>

#include "core/base/time.hpp"

namespace curfew::app {

struct MailServerAccess {
  std::string server;
  std::uint32_t port = 0;
  std::string tls;  // starttls, tls, none
  std::string ca_file;
  std::string auth;  // plain, login
  std::string user;  // empty: nobody signs in
};

class MailSession : public Poco::Net::SMTPClientSession {
 public:
  using Poco::Net::SMTPClientSession::SMTPClientSession;
  // Poco's own STARTTLS connects without a limit of time; its socket can only be reached from a derived
  // class.
  [[nodiscard]] bool start_tls(const std::string& host, const Poco::Net::Context::Ptr& context);
  // For a dialog that is led by hand.
  [[nodiscard]] Poco::Net::DialogSocket& line() { return socket(); }
};

// Connected, under TLS if it is asked for, and signed in.
[[nodiscard]] std::unique_ptr<MailSession> open_mail_session(const MailServerAccess& access,
                                                             const std::string& password, Duration timeout);
// What was taken was taken: a server that hangs up without a word has it all the same.
void end_mail_session(MailSession& session);

}  // namespace curfew::app
