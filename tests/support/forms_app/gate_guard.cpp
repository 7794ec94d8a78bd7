#include "tests/support/forms_app/gate_guard.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <stdexcept>

namespace curfew::forms_app {
namespace {

using Poco::Net::HTTPResponse;

constexpr const char* pages = "/curfew/";
// The gate itself may ask the source before it answers.
constexpr int patience_seconds = 12;

// Of this connection, or ours to say.
bool is_ours(const std::string& header) {
  for (const char* one : {"Host", "Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding", "Expect",
                          "Upgrade", "TE", "X-Original-URI", "X-Original-Method", "X-Real-IP"}) {
    if (Poco::icompare(header, one) == 0) return true;
  }
  return false;
}

}  // namespace

struct GateGuard::Answer {
  HTTPResponse head;
  std::string body;
};

GateGuard::GateGuard(const std::string& url) {
  const Poco::URI uri(url);
  if (uri.getScheme() != "http" || uri.getHost().empty())
    throw std::runtime_error("the gate's address must look like http://127.0.0.1:8472, not " + url);
  host_ = uri.getHost();
  port_ = uri.getPort();
}

GateGuard::Answer GateGuard::ask(const Poco::Net::HTTPServerRequest& request, const std::string& method,
                                 const std::string& target) const {
  Poco::Net::HTTPClientSession session(host_, port_);
  session.setTimeout(Poco::Timespan(patience_seconds, 0));
  Poco::Net::HTTPRequest question(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
  // Each header as often as it came: two cookies are two.
  for (const auto& [name, value] : request) {
    if (!is_ours(name)) question.add(name, value);
  }
  question.setHost(host_, port_);
  question.set("X-Original-URI", request.getURI());
  question.set("X-Original-Method", request.getMethod());
  question.set("X-Real-IP", request.clientAddress().host().toString());
  question.setContentLength(0);
  session.sendRequest(question);
  Answer answer;
  Poco::StreamCopier::copyToString(session.receiveResponse(answer.head), answer.body);
  return answer;
}

bool GateGuard::answers(Poco::Net::HTTPServerRequest& request,
                        Poco::Net::HTTPServerResponse& response) const {
  const std::string& target = request.getURI();
  const std::string path = target.substr(0, target.find('?'));
  const bool is_page = path.starts_with(pages) && path != std::string(pages) + "check";
  Answer answer;
  try {
    answer = is_page ? ask(request, request.getMethod(), target.substr(std::string(pages).size() - 1))
                     : ask(request, "GET", "/check");
  } catch (const Poco::Exception&) {
    answer.head.setStatus(HTTPResponse::HTTP_SERVICE_UNAVAILABLE);
  }
  const auto status = answer.head.getStatus();
  if (!is_page && status == HTTPResponse::HTTP_OK) {
    for (const char* header : {"X-Curfew-Warning", "Cache-Control"}) {
      if (answer.head.has(header)) response.set(header, answer.head.get(header));
    }
    return false;
  }
  if (!is_page && status != HTTPResponse::HTTP_UNAUTHORIZED && status != HTTPResponse::HTTP_FORBIDDEN) {
    response.setStatusAndReason(HTTPResponse::HTTP_SERVICE_UNAVAILABLE);
    response.setContentType("text/plain");
    response.set("Cache-Control", "no-store");
    const std::string text = "The gate before this application does not answer.\n";
    response.sendBuffer(text.data(), text.size());
    return true;
  }
  response.setStatusAndReason(status);
  for (const auto& [name, value] : answer.head) {
    if (!is_ours(name)) response.add(name, value);
  }
  response.sendBuffer(answer.body.data(), answer.body.size());
  return true;
}

}  // namespace curfew::forms_app
