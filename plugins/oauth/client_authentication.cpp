#include "plugins/oauth/client_authentication.hpp"

#include <Poco/Base64Encoder.h>

#include <chrono>
#include <sstream>

#include "plugins/oauth/client_assertion.hpp"

namespace curfew::oauth {
namespace {

std::string base64(const std::string& text) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << text;
  encoder.close();
  return out.str();
}

}  // namespace

std::map<std::string, std::string> form_headers() {
  return {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
}

void authenticate(web::HttpCall& call, const ClientCredentials& credentials, const std::string& audience) {
  const std::string id = web::percent_encoded(credentials.id);
  if (credentials.authentication == ClientAuthentication::Certificate ||
      credentials.authentication == ClientAuthentication::Key) {
    const auto now = std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
    const ClientCertificate certificate(credentials.certificate_file, credentials.key_file, now);
    call.body +=
        "&client_id=" + id +
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        "&client_assertion=" +
        certificate.assertion(
            {.client = credentials.id, .audience = audience, .key_id = credentials.key_id, .now = now});
  }
  const std::string secret = web::percent_encoded(credentials.secret);
  if (credentials.authentication == ClientAuthentication::Basic)
    call.headers["Authorization"] = "Basic " + base64(id + ":" + secret);
  else if (credentials.authentication == ClientAuthentication::Post)
    call.body += "&client_id=" + id + "&client_secret=" + secret;
}

}  // namespace curfew::oauth
