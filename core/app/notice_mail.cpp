// A notification as a mail.
#include <Poco/Exception.h>
#include <Poco/Net/MailMessage.h>
#include <Poco/Net/MailRecipient.h>
#include <Poco/Net/NetException.h>

#include <algorithm>
#include <memory>

#include "core/app/mail_session.hpp"
#include "core/app/notice_delivery.hpp"
#include "core/base/digest.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t longest_address = 254;

// A mail's header is ASCII, and Poco's encoded words are only needed beyond it.
std::string header_text(const std::string& text) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return ascii ? text : Poco::Net::MailMessage::encodeWord(text, "UTF-8");
}

// Lines end with CR LF in a mail.
std::string with_mail_lines(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

void write(Poco::Net::MailMessage& mail, const NoticeChannel& channel, const Notice& notice) {
  mail.setSender(channel.settings.from);
  const NoticeTemplate& subject = notice.kind == warning_kind ? channel.warning_subject : channel.subject;
  const NoticeTemplate& body = notice.kind == warning_kind ? channel.warning_body : channel.body;
  mail.setSubject(header_text(subject.render(notice, NoticeTemplate::Escape::Line)));
  mail.setContentType("text/plain; charset=UTF-8");
  mail.setContent(with_mail_lines(body.render(notice, NoticeTemplate::Escape::None)),
                  Poco::Net::MailMessage::ENCODING_QUOTED_PRINTABLE);
  mail.add("Auto-Submitted", "auto-generated");
  const std::string id =
      base::to_hex(base::sha256(notice.realm + "/" + notice.kind + "/" + std::to_string(notice.sign_out) +
                                "/" + std::to_string(notice.step) + "/" +
                                std::to_string(base::to_micros(notice.at)) + "/" + channel.settings.name));
  mail.add("Message-ID", "<" + id.substr(0, 32) + "@" +
                             channel.settings.from.substr(channel.settings.from.find('@') + 1) + ">");
}

void send(const NoticeChannel& channel, const Poco::Net::MailMessage& mail, Duration patience) {
  const NotificationSettings& settings = channel.settings;
  const std::unique_ptr<MailSession> session = open_mail_session({.server = settings.server,
                                                                  .port = settings.port,
                                                                  .tls = settings.tls,
                                                                  .ca_file = settings.ca_file,
                                                                  .auth = settings.auth,
                                                                  .user = settings.user},
                                                                 channel.password, patience);
  session->sendMessage(mail);
  end_mail_session(*session);
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (text.size() > longest_address || at == 0 || at == std::string_view::npos || at + 1 == text.size() ||
      text.find('@', at + 1) != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
  });
}

Delivery deliver_by_mail(const NoticeChannel& channel, const Notice& notice, Duration timeout) {
  try {
    Poco::Net::MailMessage mail;
    for (const NoticeTemplate& to : channel.to) {
      const std::string address = to.render(notice, NoticeTemplate::Escape::Line);
      // A person without such a name, or one whose name is no address: the others are told all the same.
      if (is_mail_address(address))
        mail.addRecipient(Poco::Net::MailRecipient(Poco::Net::MailRecipient::PRIMARY_RECIPIENT, address));
    }
    if (mail.recipients().empty())
      return {.code = model::AnswerCode::Refused,
              .text = "nobody to send it to: no name of the person is a mail address",
              .again = false};
    write(mail, channel, notice);
    send(channel, mail, timeout);
    return {.code = model::AnswerCode::Accepted, .text = "taken by the mail server", .again = false};
  } catch (const Poco::TimeoutException&) {
    return {
        .code = model::AnswerCode::TimedOut, .text = "the mail server did not answer in time", .again = true};
  } catch (const Poco::Net::SMTPException& error) {
    // 5xx is for good. Servers repeat addresses in what they say, and this goes into the ledger: only the
    // code.
    const bool for_good = error.code() >= 500;
    return {.code = for_good ? model::AnswerCode::Refused : model::AnswerCode::Failed,
            .text = "the mail server answered " + std::to_string(error.code()),
            .again = !for_good};
  } catch (const Poco::Exception& error) {
    return {.code = model::AnswerCode::Failed, .text = error.displayText(), .again = true};
  }
}

}  // namespace curfew::app
