#include "tests/integration/signals/signals_daemon.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "core/base/digest.hpp"
#include "plugins/oauth/tokens/key_set.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::signals_test {

using app_test::Reply;
using nlohmann::json;

const std::string SignalsDaemon::crm_token = "cfw_token-of-the-receiver";

namespace {

const char* const people = R"(
{"at":"-3h","type":"sign_in","session":"s1","handle":true,"identifiers":{"upn":"alice@corp.test","email":"alice@corp.test"},"account_type":"human"}
{"at":"-2h","type":"sign_in","session":"s2","identifiers":{"email":"bob@corp.test"},"account_type":"human"}
{"at":"-1h","type":"sign_in","session":"s3","identifiers":{"email":"carol@corp.test"},"account_type":"human"}
)";

}  // namespace

SignalsDaemon::SignalsDaemon() : port_(support::free_port()) {}

void SignalsDaemon::configure(const std::string& receivers, const std::string& more) {
  daemon_.script(people);
  daemon_.configure("policies: []\nshared_signals:\n  issuer: " + issuer() + "\n  receivers: [" + receivers +
                    "]\n" + more);
  std::ifstream in(daemon_.config());
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::string found = "}}\ntokens: [";
  const auto at = text.find(found);
  if (at == std::string::npos) throw std::runtime_error("the configuration has another form");
  text.replace(at, found.size(),
               "}, sources: {port: " + std::to_string(port_) +
                   "}}\ntokens: [{name: crm, role: receiver, sha256: " +
                   base::to_hex(base::sha256(crm_token)) + "}, ");
  std::ofstream(daemon_.config()) << text;
}

void SignalsDaemon::sign_out(int session) {
  const std::string known = "/api/v1/sessions/" + std::to_string(session);
  if (!daemon_.until([&] { return daemon_.request("GET", known).status == 200; }))
    throw std::runtime_error("session " + std::to_string(session) + " is not known\n" + daemon_.log());
  const Reply ordered = daemon_.request("POST", "/api/v1/sign-outs",
                                        json{{"session", session}, {"reason", "left the company"}}.dump());
  if (ordered.status != 202) throw std::runtime_error("the order was refused: " + ordered.body);
  const std::string order = std::to_string(json::parse(ordered.body)["sign_outs"][0].get<int>());
  if (!daemon_.until([&] { return daemon_.get("/api/v1/sign-outs/" + order)["outcome"] == "proven"; }))
    throw std::runtime_error("it was not proven\n" + daemon_.get("/api/v1/sign-outs/" + order).dump(1));
}

Reply SignalsDaemon::ask(const std::string& method, const std::string& path, const std::string& body,
                         const std::string& token) const {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port_));
  session.setTimeout(Poco::Timespan(30, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  if (!token.empty()) request.set("Authorization", "Bearer " + token);
  if (!body.empty()) {
    request.setContentType("application/json");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
  }
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  Reply reply;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), reply.body);
  reply.status = static_cast<int>(response.getStatus());
  reply.retry_after = response.get("Retry-After", "");
  return reply;
}

json SignalsDaemon::get(const std::string& path) const {
  const Reply reply = ask("GET", path);
  if (reply.status != 200)
    throw std::runtime_error(path + " answered " + std::to_string(reply.status) + ": " + reply.body);
  return json::parse(reply.body);
}

json SignalsDaemon::stream() const {
  const json all = get("/signals/stream");
  return all.empty() ? json() : all.at(0);
}

std::vector<Told> SignalsDaemon::poll(const std::string& body) const {
  const Reply reply = ask("POST", "/signals/poll/" + stream()["stream_id"].get<std::string>(), body);
  if (reply.status != 200) throw std::runtime_error("a poll was refused: " + reply.body);
  std::vector<Told> all;
  const json answer = json::parse(reply.body);
  for (const auto& [id, token] : answer["sets"].items()) {
    all.push_back(verified(token.get<std::string>()));
    EXPECT_EQ(all.back().id, id);
  }
  return all;
}

Told SignalsDaemon::verified(const std::string& text) const {
  const json metadata = json::parse(ask("GET", "/.well-known/ssf-configuration", {}, "").body);
  const std::string keys_at = metadata["jwks_uri"].get<std::string>().substr(issuer().size());
  const oauth::SignedToken token(text, {"RS256"});
  EXPECT_EQ(token.type(), "secevent+jwt");
  EXPECT_TRUE(oauth::KeySet::parse(ask("GET", keys_at, {}, "").body).signed_it(token)) << text;
  EXPECT_EQ(token.claims()["iss"], issuer());
  EXPECT_FALSE(token.claims().contains("sub") || token.claims().contains("exp"));
  return {token.claims()["jti"], token.claims()};
}

double SignalsDaemon::metric(const std::string& line) const {
  const std::string page = daemon_.request("GET", "/metrics").body;
  const std::size_t at = page.find("\n" + line + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + line.size() + 2));
}

}  // namespace curfew::signals_test
