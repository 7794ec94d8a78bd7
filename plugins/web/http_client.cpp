#include "plugins/web/http_client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>

#include <array>
#include <vector>

#include "curfew/plugin/names.hpp"

#include "plugins/web/http_answer.hpp"

namespace curfew::web {
namespace {

using plugin::Code;
using plugin::Failure;

Poco::Timespan span(std::chrono::milliseconds time) {
  // Zero would be "for ever".
  return Poco::Timespan(std::max<std::int64_t>(time.count(), 1) * 1000);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          c == '-' || c == '_' || c == '.' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

struct HttpClient::Inside {
  explicit Inside(HttpServer given) : server(std::move(given)), uri(server.url) {
    where = "HTTP at " + uri.getHost();
    if (uri.getScheme() != "https") return;
    // Name and chain are checked for each machine, this one too.
    context = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, server.tls.key,
                                     server.tls.certificate, server.tls.ca, Poco::Net::Context::VERIFY_STRICT,
                                     9, server.tls.ca.empty(), "HIGH:!aNULL:!MD5");
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    context->enableExtendedCertificateVerification(true);
  }

  [[noreturn]] void unavailable(const std::string& text) const {
    throw Failure(Code::Unavailable, where + " " + text);
  }

  // The first address that takes the connection.
  Poco::Net::StreamSocket connect(const Patience& patience) {
    const std::vector<std::string> addresses = names.addresses(uri.getHost(), patience.left());
    for (std::size_t i = 0;; ++i) {
      try {
        Poco::Net::StreamSocket socket;
        socket.connect(Poco::Net::SocketAddress(addresses[i], uri.getPort()), span(patience.left()));
        return socket;
      } catch (const Poco::Exception&) {
        if (i + 1 == addresses.size() || patience.over()) throw;
      }
    }
  }

  HttpReply exchange(Poco::Net::StreamSocket& socket, const std::string& request, bool is_head,
                     const Patience& patience) {
    for (std::size_t sent = 0; sent < request.size();) {
      if (patience.over()) unavailable("did not take the call in time");
      socket.setSendTimeout(span(patience.left()));
      const int part = socket.sendBytes(request.data() + sent, static_cast<int>(request.size() - sent));
      if (part <= 0) unavailable("ended the connection before it had the call");
      sent += static_cast<std::size_t>(part);
    }
    HttpAnswerReader reader(is_head);
    std::array<char, 16384> bytes{};
    while (!reader.done()) {
      if (patience.over()) unavailable("did not answer in time");
      socket.setReceiveTimeout(span(patience.left()));
      const int part = socket.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
      const std::string wrong =
          part > 0 ? reader.take({bytes.data(), static_cast<std::size_t>(part)}) : reader.end();
      if (patience.over()) unavailable("did not answer in time");  // the end may be the watchdog's
      if (!wrong.empty()) unavailable(wrong);
    }
    return {.status = reader.status(),
            .body = reader.take_body(),
            .is_framed = reader.is_framed(),
            .headers = reader.take_headers()};
  }

  HttpServer server;
  Poco::URI uri;
  std::string where;
  Poco::Net::Context::Ptr context;
  plugin::Names names;
  Watchdog watchdog;
};

HttpClient::HttpClient(HttpServer server) {
  Poco::Net::initializeSSL();
  try {
    inside_ = std::make_unique<Inside>(std::move(server));
  } catch (const Poco::Exception& error) {
    Poco::Net::uninitializeSSL();
    invalid(error.displayText() + "; check url, ca_file, certificate_file and key_file");
  }
}

HttpClient::~HttpClient() {
  inside_.reset();
  Poco::Net::uninitializeSSL();
}

const std::string& HttpClient::where() const { return inside_->where; }

HttpReply HttpClient::ask(const HttpCall& call, plugin::Time deadline) {
  Inside& in = *inside_;
  const Patience patience(deadline, in.server.connect_timeout + in.server.call_timeout);
  const Poco::URI& uri = in.uri;
  std::string base = uri.getPathEtc();
  while (base.ends_with('/')) base.pop_back();
  const bool default_port = uri.getPort() == (in.context ? 443 : 80);
  std::string request =
      call.method + " " + base + call.path + " HTTP/1.1\r\nConnection: close\r\n" + "User-Agent: curfew\r\n";
  // A virtual host's own name may be among the headers.
  if (!call.headers.contains("Host"))
    request += "Host: " + uri.getHost() + (default_port ? "" : ":" + std::to_string(uri.getPort())) + "\r\n";
  for (const auto& [name, value] : call.headers) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      in.unavailable("can't be asked: a header's value has a line break in it");
    request += name + ": " + value + "\r\n";
  }
  if (!call.body.empty() || (call.method != "GET" && call.method != "HEAD" && call.method != "DELETE"))
    request += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  request += "\r\n" + call.body;
  try {
    Poco::Net::StreamSocket socket = in.connect(patience.at_most(in.server.connect_timeout));
    const auto guard = in.watchdog.cut_off(socket.impl()->sockfd(), patience);
    if (!in.context) return in.exchange(socket, request, call.method == "HEAD", patience);
    socket.setReceiveTimeout(span(patience.left()));
    socket.setSendTimeout(span(patience.left()));
    Poco::Net::SecureStreamSocket secure =
        Poco::Net::SecureStreamSocket::attach(socket, uri.getHost(), in.context);
    return in.exchange(secure, request, call.method == "HEAD", patience);
  } catch (const Poco::TimeoutException&) {
    in.unavailable("did not answer in time");
  } catch (const Poco::Net::SSLException& error) {
    in.unavailable("has no TLS that can be trusted: " + error.displayText() + "; check ca_file and the name");
  } catch (const Poco::Exception& error) {
    if (patience.over()) in.unavailable("did not answer in time");
    in.unavailable("can't be reached, or cut its answer: " + error.displayText());
  }
}

HttpServer http_server_of(const Setting& setting, const std::string& timeout_key) {
  HttpServer server{.url = setting.text("url"),
                    .tls = setting.tls_files(),
                    .connect_timeout = setting.duration("connect_timeout", std::chrono::seconds(3)),
                    .call_timeout = setting.duration(timeout_key, std::chrono::seconds(5))};
  Poco::URI uri;
  try {
    uri = Poco::URI(server.url);
  } catch (const Poco::Exception& error) {
    invalid(setting.at("url") + " is no URL: " + error.displayText());
  }
  if ((uri.getScheme() != "https" && uri.getScheme() != "http") || uri.getHost().empty())
    invalid(setting.at("url") + " must be https://… or http://…");
  if (!uri.getUserInfo().empty() || !uri.getRawQuery().empty() || !uri.getFragment().empty())
    invalid(
        setting.at("url") +
        " must be a server and a path, without user, query and fragment; secrets have settings of their own");
  const std::string& host = uri.getHost();
  const bool is_near = host == "localhost" || host == "::1" || host.starts_with("127.");
  if (uri.getScheme() == "http" && !is_near && !setting.flag("plain_beyond_loopback", false))
    invalid(setting.at("url") + ": session ids and the secret would go over the network in the clear; " +
            "use https, or say plain_beyond_loopback");
  if (uri.getScheme() == "http" && (!server.tls.ca.empty() || !server.tls.certificate.empty()))
    invalid(setting.at("url") + " is plain http: certificates are of no use; say https");
  return server;
}

}  // namespace curfew::web
