#include "core/app/mail_session.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>

#include "core/outlet/client_tls.hpp"

namespace curfew::app {
namespace {

Poco::Net::StreamSocket connected(const MailServerAccess& access, const Poco::Timespan& timeout) {
  Poco::Net::StreamSocket socket;
  socket.connect(Poco::Net::SocketAddress(access.server, static_cast<Poco::UInt16>(access.port)), timeout);
  socket.setReceiveTimeout(timeout);
  socket.setSendTimeout(timeout);
  return socket;
}

}  // namespace

bool MailSession::start_tls(const std::string& host, const Poco::Net::Context::Ptr& context) {
  std::string response;
  if (!isPositiveCompletion(sendCommand("STARTTLS", response))) return false;
  socket() = Poco::Net::SecureStreamSocket::attach(socket(), host, context);
  return true;
}

std::unique_ptr<MailSession> open_mail_session(const MailServerAccess& access, const std::string& password,
                                               Duration patience) {
  const Poco::Timespan timeout(patience.count());
  Poco::Net::StreamSocket socket = connected(access, timeout);
  if (access.tls == "tls")
    socket = Poco::Net::SecureStreamSocket::attach(socket, access.server,
                                                   outlet::tls_context_for(access.server, access.ca_file));
  auto session = std::make_unique<MailSession>(socket);
  session->setTimeout(timeout);
  session->login();
  if (access.tls == "starttls") {
    if (!session->start_tls(access.server, outlet::tls_context_for(access.server, access.ca_file)))
      throw Poco::Net::SSLException("the mail server does not offer STARTTLS; nothing was sent");
    session->login();
  }
  if (!access.user.empty())
    session->login(access.auth == "login" ? Poco::Net::SMTPClientSession::AUTH_LOGIN
                                          : Poco::Net::SMTPClientSession::AUTH_PLAIN,
                   access.user, password);
  return session;
}

void end_mail_session(MailSession& session) {
  try {
    session.close();
  } catch (const Poco::Exception&) {
    // It was taken; a server that hangs up without a word has it all the same.
  }
}

}  // namespace curfew::app
