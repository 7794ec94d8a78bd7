// One attempt to mail a scheduled report.
//
//   const ReportDelivery delivery = mail_report(server, mail, [&] { save("sending"); });
//
// A server that says yes or no is believed. Between the last byte and its answer nobody knows: what ends
// there is `in_doubt`, and `before_end`, which runs right before that last byte, makes it durable that this
// is where it was.
//
// Threads: any; each attempt has a connection of its own. Fails: never, but for what before_end throws; what
// went wrong is in the delivery.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/app/mail_session.hpp"

namespace curfew::app {

struct MailAttachment {
  std::string name;
  std::string content_type;
  std::string bytes;
};
struct ReportMail {
  std::string from;
  std::vector<std::string> to;
  std::string subject;  // ASCII
  std::string text;
  std::string id;  // the same at each attempt
  std::vector<MailAttachment> attachments;
};

struct ReportDelivery {
  enum class End : std::uint8_t { Taken, Refused, Again, InDoubt };
  End end = End::Again;
  std::string text;                   // what happened, without anybody's address
  std::vector<std::string> accepted;  // addresses
  std::vector<std::string> refused;   // for good
};

struct ReportServer {
  MailServerAccess access;
  std::string password;
  Duration timeout{std::chrono::seconds(30)};
};

[[nodiscard]] ReportDelivery mail_report(const ReportServer& server, const ReportMail& mail,
                                         const std::function<void()>& before_end);

}  // namespace curfew::app
