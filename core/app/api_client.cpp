#include "core/app/api_client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/URI.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>

#include "core/app/configuration.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

using Poco::Net::HTTPRequest;

constexpr std::size_t largest_answer = 64U << 20U;
constexpr int patience_seconds = 30;  // the daemon sends a sign of life on a silent stream every ten

std::string read_token(const std::string& file) {
  std::ifstream in(file);
  std::string token;
  if (!std::getline(in, token)) throw Error(ErrorKind::Input, "no token can be read from " + file);
  return std::string(base::trim(token));
}

std::string body_of(std::istream& in) {
  std::string body;
  std::array<char, 65'536> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    body.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (body.size() > largest_answer)
      throw Error(ErrorKind::Input, "the daemon's answer is larger than 64 MiB");
  }
  return body;
}

[[noreturn]] void refused(int status, const std::string& body) {
  std::string text = "the daemon answered " + std::to_string(status);
  const nlohmann::json answer = nlohmann::json::parse(body, nullptr, false);
  if (answer.is_object() && answer.contains("detail")) text += ": " + answer["detail"].get<std::string>();
  if (status == 401) text += "; name a token with --token-file";
  throw Error(ErrorKind::Unavailable, text);
}

bool may(const std::string& role, Need need) {
  if (role == "operator" || role == "admin") return true;
  if (role == "auditor") return need != Need::Orders;
  return role == "viewer" && need == Need::Reading;
}

}  // namespace

Access access_of(const DaemonOptions& options, Need need) {
  Access access;
  if (const char* token = std::getenv("CURFEW_TOKEN")) access.token = token;
  if (!options.token.empty()) access.token = read_token(options.token);
  access.url = options.url;
  std::error_code error;
  if (access.url.empty() || (access.token.empty() && std::filesystem::exists(options.config, error))) {
    const Settings settings = load_configuration(options.config);
    const ListenerSettings& listener = settings.listeners.operator_listener;
    if (access.url.empty()) {
      access.certificates = listener.tls_certificate;
      access.pinned = !listener.tls_certificate.empty();
      const std::string host =
          listener.address.find(':') != std::string::npos ? "[" + listener.address + "]" : listener.address;
      access.url = (access.pinned ? "https://" : "http://") + host + ":" + std::to_string(listener.port);
    }
    for (const TokenSettings& token : settings.tokens) {
      if (access.token.empty() && !token.token_file.empty() && may(token.role, need))
        access.token = read_token(token.token_file);
    }
  }
  if (!options.ca.empty()) {
    access.certificates = options.ca;
    access.pinned = false;
  }
  return access;
}

struct ApiClient::Place {
  Access access;
  Poco::URI url;

  [[nodiscard]] std::unique_ptr<Poco::Net::HTTPClientSession> connection() const {
    const std::string& host = url.getHost();
    std::unique_ptr<Poco::Net::HTTPClientSession> session;
    if (url.getScheme() == "http") {
      session = std::make_unique<Poco::Net::HTTPClientSession>(host, url.getPort());
    } else {
      Poco::Net::Context::Params parameters;
      parameters.caLocation = access.certificates;
      parameters.loadDefaultCAs = access.certificates.empty();
      parameters.verificationMode = Poco::Net::Context::VERIFY_STRICT;
      Poco::Net::Context::Ptr context =
          new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, parameters);
      SSL_CTX_set_min_proto_version(context->sslContext(), TLS1_2_VERSION);
      if (access.pinned) {
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->sslContext()), X509_V_FLAG_PARTIAL_CHAIN);
        context->enableExtendedCertificateVerification(false);
      }
      session = std::make_unique<Poco::Net::HTTPSClientSession>(host, url.getPort(), context);
    }
    session->setTimeout(Poco::Timespan(patience_seconds, 0));
    return session;
  }

  std::istream& ask(Poco::Net::HTTPClientSession& session, const std::string& method, const std::string& path,
                    const std::string& json, int& status) const {
    HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    if (!access.token.empty()) request.set("Authorization", "Bearer " + access.token);
    if (method == HTTPRequest::HTTP_POST) {
      request.setContentType("application/json");
      request.setContentLength64(static_cast<Poco::Int64>(json.size()));
    }
    session.sendRequest(request) << json;
    Poco::Net::HTTPResponse response;
    std::istream& in = session.receiveResponse(response);
    status = static_cast<int>(response.getStatus());
    return in;
  }

  [[noreturn]] void unreachable(const Poco::Exception& error) const {
    throw Error(ErrorKind::Unavailable,
                "no daemon answers at " + url.toString() + ": " + error.displayText());
  }

  [[nodiscard]] std::string exchange(const std::string& method, const std::string& path,
                                     const std::string& json, bool is_json = true) const {
    try {
      const auto session = connection();
      int status = 0;
      std::string body = body_of(ask(*session, method, path, json, status));
      if (status >= 200 && status < 300 && (!is_json || nlohmann::json::accept(body))) return body;
      refused(status, body);
    } catch (const Poco::Exception& error) {
      unreachable(error);
    }
  }
};

ApiClient::ApiClient(Access access) : place_(std::make_unique<Place>()) {
  try {
    place_->url = Poco::URI(access.url);
  } catch (const Poco::Exception& error) {
    throw Error(ErrorKind::Usage, "--url " + access.url + ": " + error.displayText());
  }
  const std::string& scheme = place_->url.getScheme();
  if ((scheme != "http" && scheme != "https") || place_->url.getHost().empty())
    throw Error(ErrorKind::Usage, "--url must look like http://127.0.0.1:8470");
  place_->access = std::move(access);
}

ApiClient::~ApiClient() = default;

std::string ApiClient::get(const std::string& path) const {
  return place_->exchange(HTTPRequest::HTTP_GET, path, {});
}

std::string ApiClient::get_text(const std::string& path) const {
  return place_->exchange(HTTPRequest::HTTP_GET, path, {}, false);
}

std::string ApiClient::post(const std::string& path, const std::string& json) const {
  return place_->exchange(HTTPRequest::HTTP_POST, path, json);
}

struct ApiClient::Stream::Connection {
  std::unique_ptr<Poco::Net::HTTPClientSession> session;
  std::istream* in = nullptr;
};

ApiClient::Stream ApiClient::open_stream(const std::string& path) const {
  Stream stream;
  stream.connection_ = std::make_shared<Stream::Connection>();
  try {
    stream.connection_->session = place_->connection();
    int status = 0;
    std::istream& in = place_->ask(*stream.connection_->session, HTTPRequest::HTTP_GET, path, {}, status);
    if (status != 200) refused(status, body_of(in));
    stream.connection_->in = &in;
    std::string line;
    std::getline(in, line);  // ": watching": the place in the stream is taken
  } catch (const Poco::Exception& error) {
    place_->unreachable(error);
  }
  return stream;
}

bool ApiClient::Stream::next(Event& event) {
  event = {};
  try {
    std::string line;
    while (std::getline(*connection_->in, line)) {
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
      if (line.empty() && !event.name.empty()) return true;
      if (line.size() > largest_answer) return false;
    }
  } catch (const Poco::Exception&) {
    // Broken off: the same as ended, for who watches.
  }
  return false;
}

}  // namespace curfew::app
