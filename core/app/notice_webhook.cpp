// A notification as an HTTP POST. Redirects are not followed: what was signed is for the configured place.
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/URI.h>

#include <memory>

#include "core/app/notice_delivery.hpp"
#include "core/base/digest.hpp"
#include "core/outlet/client_tls.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::app {
namespace {

std::unique_ptr<Poco::Net::HTTPClientSession> connection_to(const Poco::URI& url,
                                                            const std::string& ca_file) {
  if (url.getScheme() == "http")
    return std::make_unique<Poco::Net::HTTPClientSession>(url.getHost(), url.getPort());
  return std::make_unique<Poco::Net::HTTPSClientSession>(url.getHost(), url.getPort(),
                                                         outlet::tls_context_for(url.getHost(), ca_file));
}

// What the other side wrote may hold names, and this goes into the ledger: only the status.
Delivery judge(int status) {
  Delivery delivery;
  delivery.text = "HTTP " + std::to_string(status);
  if (status >= 200 && status < 300) {
    delivery.code = model::AnswerCode::Accepted;
    return delivery;
  }
  delivery.again = status == 408 || status == 425 || status == 429 || status >= 500;
  delivery.code = delivery.again ? model::AnswerCode::Failed : model::AnswerCode::Refused;
  return delivery;
}

std::string delivery_id(const Notice& notice) {
  const std::string head = notice.realm + "/" + notice.kind + "/";
  if (notice.kind == warning_kind)
    return head + std::to_string(notice.session) + "/" + notice.reason + "/" +
           std::to_string(base::to_micros(notice.deadline));
  return head + std::to_string(notice.sign_out) + "/" + std::to_string(notice.step) + "/" +
         std::to_string(base::to_micros(notice.at));
}

}  // namespace

std::string default_webhook_body(const Notice& notice) {
  std::string out;
  report::JsonWriter json(out);
  json.begin_object().text("kind", notice.kind).text("realm", notice.realm);
  notice.sign_out == 0 ? json.raw("sign_out", "null") : json.number("sign_out", notice.sign_out);
  json.number("step", notice.step + 1).text("reason", notice.reason).text_or_null("source", notice.source);
  notice.session == 0 ? json.raw("session", "null") : json.number("session", notice.session);
  json.text_or_null("subject", model::to_text(notice.subject)).begin_array("names");
  for (const model::NamedValue& name : notice.names)
    json.begin_object().text("namespace", name.name_space).text("value", name.value).end();
  json.end().time("time", notice.at).time("deadline", notice.deadline).end();
  return out;
}

std::string signature_of(std::string_view secret, std::string_view timestamp, std::string_view body) {
  const std::string text = std::string(timestamp) + "." + std::string(body);
  return "sha256=" + base::to_hex(base::hmac_sha256(secret, text));
}

Delivery deliver_by_webhook(const NoticeChannel& channel, const Notice& notice, Duration timeout) {
  try {
    const Poco::URI url(channel.settings.url);
    const auto session = connection_to(url, channel.settings.ca_file);
    session->setTimeout(Poco::Timespan(timeout.count()));
    const NoticeTemplate& text = notice.kind == warning_kind ? channel.warning_body : channel.body;
    const std::string body =
        text.empty() ? default_webhook_body(notice) : text.render(notice, NoticeTemplate::Escape::Json);
    const std::string path = url.getPathAndQuery();
    Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_POST, path.empty() ? "/" : path,
                                   Poco::Net::HTTPMessage::HTTP_1_1);
    request.setContentType("application/json");
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
    request.set("User-Agent", "curfew/" CURFEW_VERSION);
    // The same for each attempt: who gets it twice knows it.
    request.set("X-Curfew-Delivery", delivery_id(notice));
    if (!channel.secret.empty()) {
      const std::string timestamp = std::to_string(base::to_micros(base::wall_clock_now()) / 1'000'000);
      request.set("X-Curfew-Timestamp", timestamp);
      request.set("X-Curfew-Signature", signature_of(channel.secret, timestamp, body));
    }
    session->sendRequest(request) << body << std::flush;
    Poco::Net::HTTPResponse response;
    session->receiveResponse(response);
    return judge(static_cast<int>(response.getStatus()));
  } catch (const Poco::TimeoutException&) {
    return {.code = model::AnswerCode::TimedOut, .text = "no answer in time", .again = true};
  } catch (const Poco::Exception& error) {
    return {.code = model::AnswerCode::Failed, .text = error.displayText(), .again = true};
  }
}

}  // namespace curfew::app
