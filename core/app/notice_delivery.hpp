// One attempt to deliver a notification.
//
//   const Delivery delivery = deliver_by_webhook(channel, notice, timeout);
//   if (delivery.again) …
//
// Threads: any; each attempt has a connection of its own. Fails: never; what went wrong is in the delivery.
#pragma once

#include <string>
#include <vector>

#include "core/app/notice_template.hpp"
#include "core/app/settings.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::app {

// A configured way of telling somebody, ready to use: templates parsed, secrets read.
struct NoticeChannel {
  NotificationSettings settings;
  std::string secret;    // of a webhook's signature
  std::string password;  // of the mail server
  NoticeTemplate subject;
  NoticeTemplate body;
  NoticeTemplate warning_subject;  // of a mail that warns
  NoticeTemplate warning_body;
  std::vector<NoticeTemplate> to;
};

struct Delivery {
  model::AnswerCode code = model::AnswerCode::Failed;
  std::string text;        // what the other side said, or what went wrong
  bool again = false;      // another attempt may help
  bool withdrawn = false;  // not sent: there was nothing to tell any more
};

[[nodiscard]] Delivery deliver_by_webhook(const NoticeChannel& channel, const Notice& notice,
                                          Duration timeout);
[[nodiscard]] Delivery deliver_by_mail(const NoticeChannel& channel, const Notice& notice, Duration timeout);

// The body that a webhook without a template of its own gets.
[[nodiscard]] std::string default_webhook_body(const Notice& notice);
// The signature's header value: HMAC-SHA-256 over "<timestamp>.<body>".
[[nodiscard]] std::string signature_of(std::string_view secret, std::string_view timestamp,
                                       std::string_view body);
// Whether it can stand in a mail's envelope: one address, printable, without anything that ends it.
[[nodiscard]] bool is_mail_address(std::string_view text);

}  // namespace curfew::app
