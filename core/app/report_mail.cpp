#include "core/app/report_mail.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/MailMessage.h>
#include <Poco/Net/MailRecipient.h>
#include <Poco/Net/MailStream.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketStream.h>
#include <Poco/Net/StringPartSource.h>

#include "core/base/kill_point.hpp"

namespace curfew::app {
namespace {

using End = ReportDelivery::End;

// Lines end with CR LF in a mail.
std::string with_mail_lines(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

void write(Poco::Net::MailMessage& message, const ReportMail& mail) {
  message.setSender(mail.from);
  message.setSubject(mail.subject);
  for (const std::string& to : mail.to)
    message.addRecipient(Poco::Net::MailRecipient(Poco::Net::MailRecipient::PRIMARY_RECIPIENT, to));
  message.add("Auto-Submitted", "auto-generated");
  message.add("Message-ID", "<" + mail.id + "@" + mail.from.substr(mail.from.find('@') + 1) + ">");
  if (mail.attachments.empty()) {
    message.setContentType("text/plain; charset=UTF-8");
    message.setContent(with_mail_lines(mail.text), Poco::Net::MailMessage::ENCODING_QUOTED_PRINTABLE);
    return;
  }
  message.addContent(new Poco::Net::StringPartSource(with_mail_lines(mail.text), "text/plain; charset=UTF-8"),
                     Poco::Net::MailMessage::ENCODING_QUOTED_PRINTABLE);
  for (const MailAttachment& file : mail.attachments)
    message.addAttachment(file.name,
                          new Poco::Net::StringPartSource(file.bytes, file.content_type, file.name),
                          Poco::Net::MailMessage::ENCODING_BASE64);
}

// The dialog with one server, led by hand up to the last byte.
class Dialog {
 public:
  Dialog(MailSession& session, const ReportMail& mail, ReportDelivery& delivery, bool& in_doubt)
      : session_(session), mail_(mail), delivery_(delivery), in_doubt_(in_doubt) {}

  // False: the server took nobody now.
  bool address() {
    expect("MAIL FROM:", "<" + mail_.from + ">", 2);
    bool later = false;
    for (const std::string& to : mail_.to) {
      std::string answer;
      const int code = session_.sendCommand("RCPT TO:", "<" + to + ">", answer);
      if (code / 100 == 2)
        delivery_.accepted.push_back(to);
      else if (code / 100 == 5)
        delivery_.refused.push_back(to);
      else
        later = true;
    }
    if (!delivery_.accepted.empty()) return true;
    delivery_.end = later ? End::Again : End::Refused;
    delivery_.text =
        later ? "the mail server takes it for nobody now" : "the mail server takes it for nobody";
    return false;
  }

  void send(const std::function<void()>& before_end) {
    expect("DATA", {}, 3);
    Poco::Net::MailMessage message;
    write(message, mail_);
    Poco::Net::SocketOutputStream out(session_.line());
    Poco::Net::MailOutputStream lines(out);
    message.write(lines);
    lines.flush();
    out.flush();
    if (!out.good()) throw Poco::Net::NetException("the connection broke");
    before_end();
    base::kill_point("report.mail_before_end");
    in_doubt_ = true;
    lines.close();
    out.flush();
    base::kill_point("report.mail_sent");
    std::string answer;
    const int code = session_.line().receiveStatusMessage(answer);
    // Without an answer, the connection ended.
    if (code < 200) throw Poco::Net::NetException("the mail server hung up");
    in_doubt_ = false;
    if (code / 100 != 2) throw Poco::Net::SMTPException("", code);
    delivery_.end = End::Taken;
    delivery_.text = "taken by the mail server";
  }

 private:
  void expect(const std::string& command, const std::string& argument, int wanted) {
    std::string answer;
    const int code = argument.empty() ? session_.sendCommand(command, answer)
                                      : session_.sendCommand(command, argument, answer);
    // Servers repeat addresses in what they say: only the code is kept.
    if (code / 100 != wanted) throw Poco::Net::SMTPException("", code);
  }

  MailSession& session_;
  const ReportMail& mail_;
  ReportDelivery& delivery_;
  bool& in_doubt_;  // what was sent as a whole, and not answered
};

}  // namespace

ReportDelivery mail_report(const ReportServer& server, const ReportMail& mail,
                           const std::function<void()>& before_end) {
  ReportDelivery delivery;
  bool in_doubt = false;
  try {
    const std::unique_ptr<MailSession> session =
        open_mail_session(server.access, server.password, server.timeout);
    Dialog dialog(*session, mail, delivery, in_doubt);
    if (dialog.address()) dialog.send(before_end);
    end_mail_session(*session);
    return delivery;
  } catch (const Poco::Net::SMTPException& error) {
    delivery.end = error.code() >= 500 ? End::Refused : End::Again;
    delivery.text = "the mail server answered " + std::to_string(error.code());
  } catch (const Poco::TimeoutException&) {
    delivery.text = "the mail server did not answer in time";
  } catch (const Poco::Exception& error) {
    delivery.text = error.displayText();
  }
  if (in_doubt) {
    delivery.end = End::InDoubt;
    delivery.text += "; whether it was taken is not known";
  } else {
    delivery.accepted.clear();
    delivery.refused.clear();
  }
  return delivery;
}

}  // namespace curfew::app
