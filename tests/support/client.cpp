#include "tests/support/client.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPCookie.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <vector>

namespace curfew::support {

Page Client::ask(const std::string& method, const std::string& path, const std::string& form,
                 const std::string& host) {
  Poco::Net::HTTPClientSession session(address_, static_cast<Poco::UInt16>(port_));
  session.setTimeout(Poco::Timespan(20, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  if (!host.empty()) request.setHost(host);
  std::string cookies;
  for (const auto& [name, value] : cookies_) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  if (!cookies.empty()) request.set("Cookie", cookies);
  request.set("User-Agent", "a person's browser");
  if (method == "POST") {
    request.setContentType("application/x-www-form-urlencoded");
    request.setContentLength(static_cast<std::streamsize>(form.size()));
  }
  session.sendRequest(request) << form;
  Poco::Net::HTTPResponse response;
  Page page;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), page.body);
  page.status = static_cast<int>(response.getStatus());
  page.location = response.get("Location", "");
  // By hand: some attributes in use are none that the library knows.
  for (auto [header, end] = std::pair(response.find("Set-Cookie"), response.end());
       header != end && header->first == "Set-Cookie"; ++header) {
    const std::string& text = header->second;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos)
      cookies_[text.substr(0, equals)] = text.substr(equals + 1, text.find(';') - equals - 1);
  }
  return page;
}

Page Client::get(const std::string& path, const std::string& host) { return ask("GET", path, "", host); }
Page Client::post(const std::string& path, const std::string& form, const std::string& host) {
  return ask("POST", path, form, host);
}

bool Client::sees(const std::string& path, const std::string& marker, const std::string& host) {
  const auto before = cookies_;
  const Page page = get(path, host);
  cookies_ = before;
  return page.status == 200 && page.body.find(marker) != std::string::npos;
}

std::string Client::cookie(const std::string& name) const {
  const auto found = cookies_.find(name);
  return found == cookies_.end() ? std::string{} : found->second;
}

}  // namespace curfew::support
