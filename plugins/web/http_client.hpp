// One HTTP or HTTPS call with an end: the whole answer within the time, or a Failure. Nothing is followed,
// nothing kept.
//
//   HttpClient client({.url = "https://crm.corp.test/admin"});
//   HttpReply reply = client.ask({.method = "GET", .path = "/sessions/8bf0…"}, deadline);
//
// A reply is whole: framed by Content-Length or chunks, and all of it came (`is_framed`), or ended by the
// connection's end, which a cut looks like too (not `is_framed`).
//
// Threads: any. Owns: the TLS context. Fails: plugin::Failure(Unavailable), without path, headers or body.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/web/http_answer.hpp"
#include "plugins/web/patience.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::web {

struct HttpCall {
  std::string method = "GET";
  std::string path;  // below the URL's own; escaped
  std::map<std::string, std::string> headers;
  std::string body;
};

struct HttpReply {
  int status = 0;
  std::string body;
  bool is_framed = false;
  HttpHeaders headers;

  // The first of this name (in lower case); empty: none.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

struct HttpServer {
  std::string url;
  TlsFiles tls;
  plugin::Duration connect_timeout = std::chrono::seconds(3);
  plugin::Duration call_timeout = std::chrono::seconds(5);
};

// url, ca_file, certificate_file, key_file, connect_timeout, plain_beyond_loopback, and `timeout_key`, under
// which the setting has the time limit of a whole call.
[[nodiscard]] HttpServer http_server_of(const Setting& setting, const std::string& timeout_key);

class HttpClient {
 public:
  explicit HttpClient(HttpServer server);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] HttpReply ask(const HttpCall& call, plugin::Time deadline);
  // For errors: "HTTP at crm.corp.test".
  [[nodiscard]] const std::string& where() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

// As it stands in a path or a form.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace curfew::web
