#include "plugins/oauth/providers/entra/hub_settings.hpp"

#include <algorithm>
#include <string_view>

namespace curfew::oauth::entra {
namespace {

using web::invalid;

constexpr std::string_view plain_prefix = "plaintext://";
constexpr std::string_view kafka_port = ":9093";

bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= 249 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

bool is_near(std::string_view server) {
  return server.starts_with("127.") || server.starts_with("localhost:") || server.starts_with("[::1]:");
}

void check_servers(const std::string& servers, bool is_plain, const std::string& where) {
  std::string_view rest = servers;
  while (true) {
    const std::string_view one = rest.substr(0, rest.find(','));
    const std::size_t colon = one.rfind(':');
    if (colon == std::string_view::npos || !is_name(one.substr(0, colon), ".-_:[]") ||
        !is_name(one.substr(colon + 1), "") || servers.size() > 255)
      invalid(where +
              " must be host:port, with commas between several, such as corp.servicebus.windows.net:9093");
    if (is_plain && !is_near(one))
      invalid(where +
              " may be plaintext:// on this machine only: the connection string and sign-ins would go "
              "over the network in the clear");
    if (one.size() == rest.size()) return;
    rest.remove_prefix(one.size() + 1);
  }
}

}  // namespace

ConnectionString read_connection_string(const std::string& text, const std::string& where) {
  ConnectionString out;
  bool has_name = false, has_key = false;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = part.substr(0, equals);
    std::string_view value = part.substr(equals + 1);
    if (key == "Endpoint" && value.starts_with("sb://")) {
      value.remove_prefix(5);
      out.host = value.substr(0, value.find_first_of("/:"));
    }
    if (key == "EntityPath") out.hub = value;
    has_name = has_name || (key == "SharedAccessKeyName" && !value.empty());
    has_key = has_key || (key == "SharedAccessKey" && !value.empty());
  }
  if (!is_name(out.host, ".-") || !has_name || !has_key || text.size() > 4096)
    invalid(where +
            " is no connection string of an Event Hubs namespace: it begins with Endpoint=sb://, and has "
            "SharedAccessKeyName and SharedAccessKey");
  return out;
}

kafka::ServerSettings hub_settings(const web::Setting& given) {
  given.only({"connection_string", "bootstrap", "hub", "consumer_group", "ca_file"});
  kafka::ServerSettings server;
  server.servers = given.text("bootstrap", "");
  const bool is_plain = server.servers.starts_with(plain_prefix);
  if (is_plain) server.servers.erase(0, plain_prefix.size());
  const std::string where = given.at("connection_string");
  const std::string secret = given.text("connection_string", "");
  ConnectionString said;
  if (!secret.empty()) {
    said = read_connection_string(secret, where);
    server.user = "$ConnectionString";
    server.password = secret;
  } else if (!is_plain) {
    invalid(where + " is missing: give it by connection_string_file or connection_string_env");
  }
  if (server.servers.empty()) server.servers = said.host + std::string(kafka_port);
  check_servers(server.servers, is_plain, given.at("bootstrap"));
  server.topic = given.text("hub", said.hub);
  if (server.topic.empty())
    invalid(given.at("hub") + " is missing: the connection string is of a whole namespace");
  if (!is_name(server.topic, "._-")) invalid(given.at("hub") + " must be the name of an event hub");
  if (!said.hub.empty() && server.topic != said.hub)
    invalid(given.at("hub") + " is '" + server.topic + "', and the connection string is of the hub '" +
            said.hub + "'");
  server.group = given.text("consumer_group", "curfew");
  if (!is_name(server.group, "._-$")) invalid(given.at("consumer_group") + " must be a name");
  server.ca_file = given.tls_files().ca;
  server.tls = !is_plain;
  return server;
}

}  // namespace curfew::oauth::entra
