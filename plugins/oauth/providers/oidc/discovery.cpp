#include "plugins/oauth/providers/oidc/discovery.hpp"

#include <simdjson.h>

#include <utility>

namespace curfew::oauth::oidc {
namespace {

using plugin::Code;
using plugin::Failure;
using simdjson::dom::element;

constexpr std::size_t longest_endpoint = 2048;

std::string text_in(const element& document, const char* key) {
  std::string_view text;
  return document.at_key(key).get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string{};
}

}  // namespace

SplitUrl split_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find_first_of("/?", scheme == std::string::npos ? 0 : scheme + 3);
  if (path == std::string::npos) return {url, "/"};
  return {url.substr(0, path), (url[path] == '?' ? "/" : "") + url.substr(path)};
}

Discovery::Discovery(web::HttpServer server, std::string issuer)
    : server_(std::move(server)), issuer_(std::move(issuer)) {}

std::string Discovery::endpoint(const std::string& name, plugin::Time deadline) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(name);
  return found != known_.end() ? found->second : known_[name] = fetch(name, deadline);
}

std::string Discovery::fetch(const std::string& name, plugin::Time deadline) const {
  std::string url = issuer_;
  if (url.ends_with('/')) url.pop_back();
  const SplitUrl at = split_url(url + "/.well-known/openid-configuration");
  web::HttpServer server = server_;
  server.url = at.origin;
  web::HttpClient client(server);
  web::HttpCall call;
  call.path = at.path;
  call.headers["Accept"] = "application/json";
  const web::HttpReply reply = client.ask(call, deadline);
  simdjson::dom::parser parser;
  element document;
  if (reply.status != 200 || parser.parse(reply.body).get(document) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, client.where() + ": asked for the discovery document, it answered " +
                                         std::to_string(reply.status) +
                                         (reply.status == 200 ? " without readable JSON" : ""));
  if (text_in(document, "issuer") != issuer_)
    throw Failure(Code::Unavailable,
                  client.where() + ": the discovery document is of another issuer; look at `url`");
  std::string endpoint = text_in(document, name.c_str());
  if (endpoint.empty())
    throw Failure(Code::Unavailable, client.where() + ": the discovery document has no " + name);
  if (endpoint.size() > longest_endpoint ||
      (!endpoint.starts_with("https://") && split_url(endpoint).origin != split_url(issuer_).origin))
    throw Failure(Code::Unavailable,
                  client.where() + ": its " + name + " is at another server without TLS; it is not believed");
  return endpoint;
}

}  // namespace curfew::oauth::oidc
