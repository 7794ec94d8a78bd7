// Curfew's gate before the application, asked for each request as a reverse proxy asks it (docs/gate.md).
//
//   forms_app::GateGuard gate("http://127.0.0.1:8472");
//   if (gate.answers(request, response)) return;      // refused, or a page of the gate's own
//   …                                                 // the application's turn; some headers are set already
//
// Without an answer of the gate nothing passes: 503. Threads: any. Owns: nothing between requests. Fails:
// Poco::Exception when the client has gone; std::runtime_error for an address that is none.
#pragma once

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>

#include <string>

namespace curfew::forms_app {

class GateGuard {
 public:
  explicit GateGuard(const std::string& url);
  [[nodiscard]] bool answers(Poco::Net::HTTPServerRequest& request,
                             Poco::Net::HTTPServerResponse& response) const;

 private:
  struct Answer;
  // The client's headers, and who asked for what in ours.
  [[nodiscard]] Answer ask(const Poco::Net::HTTPServerRequest& request, const std::string& method,
                           const std::string& target) const;

  std::string host_;
  unsigned short port_ = 0;
};

}  // namespace curfew::forms_app
