// `curfew sessions`, `subjects`, `violations`, `sources`: what the daemon knows, asked over its HTTP API.
#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/configuration.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/report/tables.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

constexpr std::size_t largest_answer = 64U << 20U;

struct Access {
  Poco::URI url;
  std::string token;
  // With https: who is believed. The daemon's own certificate file is, whatever name it is for.
  std::string certificates;  // PEM file; empty: what the system trusts
  bool pinned = false;
};

std::string read_token(const std::string& file) {
  std::ifstream in(file);
  std::string token;
  if (!std::getline(in, token)) throw Error(ErrorKind::Input, "no token can be read from " + file);
  return std::string(base::trim(token));
}

// --url and --token-file, else the configuration's operator listener and the first token in a file that may
// read.
Access access_of(const QueryOptions& options) {
  Access access;
  if (const char* token = std::getenv("CURFEW_TOKEN")) access.token = token;
  if (!options.token.empty()) access.token = read_token(options.token);
  std::string url = options.url;
  if (url.empty() || access.token.empty()) {
    std::error_code error;
    if (url.empty() || std::filesystem::exists(options.config, error)) {
      const Settings settings = load_configuration(options.config);
      const ListenerSettings& listener = settings.listeners.operator_listener;
      if (url.empty()) {
        access.certificates = listener.tls_certificate;
        access.pinned = !listener.tls_certificate.empty();
        const std::string host =
            listener.address.find(':') != std::string::npos ? "[" + listener.address + "]" : listener.address;
        url = (access.pinned ? "https://" : "http://") + host + ":" + std::to_string(listener.port);
      }
      for (const TokenSettings& token : settings.tokens) {
        if (access.token.empty() && !token.token_file.empty() && token.role != "ingest")
          access.token = read_token(token.token_file);
      }
    }
  }
  try {
    access.url = Poco::URI(url);
  } catch (const Poco::Exception& error) {
    throw Error(ErrorKind::Usage, "--url " + url + ": " + error.displayText());
  }
  if ((access.url.getScheme() != "http" && access.url.getScheme() != "https") || access.url.getHost().empty())
    throw Error(ErrorKind::Usage, "--url must look like http://127.0.0.1:8470");
  if (!options.ca.empty()) {
    access.certificates = options.ca;
    access.pinned = false;
  }
  return access;
}

std::unique_ptr<Poco::Net::HTTPClientSession> session_with(const Access& access) {
  const std::string& host = access.url.getHost();
  if (access.url.getScheme() == "http")
    return std::make_unique<Poco::Net::HTTPClientSession>(host, access.url.getPort());
  Poco::Net::Context::Params parameters;
  parameters.caLocation = access.certificates;
  parameters.loadDefaultCAs = access.certificates.empty();
  parameters.verificationMode = Poco::Net::Context::VERIFY_STRICT;
  Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, parameters);
  SSL_CTX_set_min_proto_version(context->sslContext(), TLS1_2_VERSION);
  if (access.pinned) {
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->sslContext()), X509_V_FLAG_PARTIAL_CHAIN);
    context->enableExtendedCertificateVerification(false);
  }
  return std::make_unique<Poco::Net::HTTPSClientSession>(host, access.url.getPort(), context);
}

json get(const Access& access, const std::string& path) {
  try {
    const auto connection = session_with(access);
    Poco::Net::HTTPClientSession& session = *connection;
    session.setTimeout(Poco::Timespan(30, 0));
    Poco::Net::HTTPRequest request(Poco::Net::HTTPRequest::HTTP_GET, path, Poco::Net::HTTPMessage::HTTP_1_1);
    if (!access.token.empty()) request.set("Authorization", "Bearer " + access.token);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::istream& in = session.receiveResponse(response);
    std::string body;
    std::array<char, 65'536> buffer{};
    while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
      body.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
      if (body.size() > largest_answer)
        throw Error(ErrorKind::Input, "the daemon's answer is larger than 64 MiB");
    }
    json answer = json::parse(body, nullptr, false);
    const int status = static_cast<int>(response.getStatus());
    if (status == 200 && !answer.is_discarded()) return answer;
    std::string text = "the daemon answered " + std::to_string(status);
    if (answer.is_object() && answer.contains("detail")) text += ": " + answer["detail"].get<std::string>();
    if (status == 401) text += "; name a token with --token-file";
    throw Error(ErrorKind::Unavailable, text);
  } catch (const Poco::Exception& error) {
    throw Error(ErrorKind::Unavailable,
                "no daemon answers at " + access.url.toString() + ": " + error.displayText());
  }
}

// Pages until `limit` rows or the end.
json rows_of(const Access& access, const QueryOptions& options) {
  json rows = json::array();
  std::string after;
  while (rows.size() < options.limit) {
    Poco::URI uri;
    uri.setPath("/api/v1/" + options.what);
    if (options.what != "sources") {
      uri.addQueryParameter("limit",
                            std::to_string(std::min<std::size_t>(options.limit - rows.size(), 1'000)));
      if (!after.empty()) uri.addQueryParameter("after", after);
    }
    if (options.live) uri.addQueryParameter("live", "true");
    if (!options.source.empty()) uri.addQueryParameter("source", options.source);
    if (!options.policy.empty()) uri.addQueryParameter("policy", options.policy);
    const json answer = get(access, uri.toString());
    for (const json& row : answer.at(options.what)) rows.push_back(row);
    const auto next = answer.find("next");
    if (next == answer.end() || !next->is_string()) break;
    after = next->get<std::string>();
  }
  return rows;
}

std::vector<const char*> columns_of(const std::string& what) {
  if (what == "sessions")
    return {"number",   "source",    "subject", "state", "started_at", "last_person_activity_at",
            "ended_at", "end_reason"};
  if (what == "subjects")
    return {"subject", "account_type", "live_sessions", "sessions", "violations", "last_activity_at"};
  if (what == "violations")
    return {"number", "policy", "mode", "source", "session", "subject", "breached_at", "sign_out"};
  return {"name", "connector", "state", "observations", "read", "unreadable", "last_observation_at", "text"};
}

std::string cell_of(const json& row, const char* column) {
  const auto value = row.find(column);
  if (value == row.end() || value->is_null()) return "-";
  std::string text = value->is_string() ? value->get<std::string>() : value->dump();
  // Microseconds are for machines.
  if (text.size() == 27 && text.ends_with("Z") && text[10] == 'T') text = text.substr(0, 19) + "Z";
  return report::printable(text);
}

std::string table_of(const json& rows, const std::string& what) {
  std::vector<std::string> titles;
  for (const char* column : columns_of(what)) titles.emplace_back(column);
  std::vector<std::vector<std::string>> cells;
  for (const json& row : rows) {
    std::vector<std::string>& line = cells.emplace_back();
    for (const char* column : columns_of(what)) line.push_back(cell_of(row, column));
  }
  return report::aligned(titles, cells);
}

}  // namespace

int query(const QueryOptions& options) {
  const Access access = access_of(options);
  while (true) {
    const json rows = rows_of(access, options);
    const std::string text =
        options.json ? rows.dump(options.watch ? -1 : 2) + "\n" : table_of(rows, options.what);
    if (options.watch && !options.json && ::isatty(STDOUT_FILENO) == 1) std::fputs("\033[H\033[2J", stdout);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    if (!options.watch) return exit_ok;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

}  // namespace curfew::app
