#include "core/outlet/event_push.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/URI.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "core/outlet/client_tls.hpp"

namespace curfew::outlet {
namespace {

constexpr std::size_t longest_answer = 16 * 1024;
constexpr Duration longest_retry_after = std::chrono::hours(1);
constexpr std::string_view known_errors[] = {"invalid_request",  "invalid_key",           "invalid_issuer",
                                             "invalid_audience", "authentication_failed", "access_denied"};

std::unique_ptr<Poco::Net::HTTPClientSession> connection_to(const Poco::URI& url,
                                                            const std::string& ca_file) {
  if (url.getScheme() == "http")
    return std::make_unique<Poco::Net::HTTPClientSession>(url.getHost(), url.getPort());
  return std::make_unique<Poco::Net::HTTPSClientSession>(url.getHost(), url.getPort(),
                                                         tls_context_for(url.getHost(), ca_file));
}

// The code of RFC 8935, 2.4, if it is one of them; the description is the receiver's own text.
std::string_view error_in(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::string_view code;
  if (parser.parse(body).get(object) != simdjson::SUCCESS ||
      object.at_key("err").get(code) != simdjson::SUCCESS)
    return {};
  const auto* const known = std::find(std::begin(known_errors), std::end(known_errors), code);
  return known == std::end(known_errors) ? std::string_view{} : *known;
}

std::string read_bounded(std::istream& in) {
  std::string body(longest_answer, '\0');
  in.read(body.data(), static_cast<std::streamsize>(body.size()));
  body.resize(static_cast<std::size_t>(in.gcount()));
  return body;
}

}  // namespace

bool is_safe_endpoint(const std::string& text) {
  try {
    const Poco::URI url(text);
    if (url.getHost().empty() || !url.getUserInfo().empty() || !url.getFragment().empty()) return false;
    if (url.getScheme() == "https") return true;
    const std::string& host = url.getHost();
    return url.getScheme() == "http" &&
           (host == "localhost" || host == "::1" || host == "[::1]" || host == "127.0.0.1");
  } catch (const Poco::Exception&) {
    return false;
  }
}

std::optional<Duration> parse_retry_after(const std::string& text, Time now) {
  std::uint32_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size())
    return std::min<Duration>(std::chrono::seconds(seconds), longest_retry_after);
  // Poco makes a date of nearly anything.
  constexpr std::size_t date_length = std::string_view("Sun, 22 Nov 2026 10:00:30 GMT").size();
  if (text.size() != date_length || !text.ends_with(" GMT")) return std::nullopt;
  Poco::DateTime date;
  int zone = 0;
  if (!Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, text, date, zone))
    return std::nullopt;
  const Time at = base::from_micros(date.timestamp().epochMicroseconds());
  return std::clamp<Duration>(at - now, Duration(0), longest_retry_after);
}

PushAnswer push_event(const PushTarget& target, const std::string& token, Duration timeout, Time now) {
  PushAnswer answer;
  try {
    const Poco::URI url(target.url);
    const auto session = connection_to(url, target.ca_file);
    session->setTimeout(Poco::Timespan(timeout.count()));
    const std::string path = url.getPathAndQuery();
    Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_POST, path.empty() ? "/" : path,
                                   Poco::Net::HTTPMessage::HTTP_1_1);
    request.setContentType("application/secevent+jwt");
    request.setContentLength64(static_cast<Poco::Int64>(token.size()));
    request.set("Accept", "application/json");
    request.set("User-Agent", "curfew/" CURFEW_VERSION);
    if (!target.authorization.empty()) request.set("Authorization", target.authorization);
    session->sendRequest(request) << token << std::flush;
    Poco::Net::HTTPResponse response;
    const std::string body = read_bounded(session->receiveResponse(response));
    const int status = static_cast<int>(response.getStatus());
    answer.text = "HTTP " + std::to_string(status);
    if (status >= 200 && status < 300) {
      answer.fate = PushFate::Delivered;
      return answer;
    }
    if (response.has("Retry-After")) answer.retry_after = parse_retry_after(response.get("Retry-After"), now);
    if (status == 400) {
      const std::string_view code = error_in(body);
      if (!code.empty()) answer.text += " " + std::string(code);
      if (code == "invalid_request") answer.fate = PushFate::Refused;
    }
  } catch (const Poco::TimeoutException&) {
    answer.text = "no answer in time";
  } catch (const Poco::Exception& error) {
    answer.text = error.displayText();
  }
  return answer;
}

}  // namespace curfew::outlet
