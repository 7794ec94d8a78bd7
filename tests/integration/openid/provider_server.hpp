// A real OpenID provider (npm oidc-provider, provider/server.mjs), its relying parties, and people with
// browsers.
//
//   if (!ProviderServer::why_not().empty()) GTEST_SKIP() << ProviderServer::why_not();
//   RelyingParty crm("crm"), shop("shop");
//   ProviderServer provider({&crm, &shop});
//   Browser alice(provider, "alice");
//   Tokens tokens = alice.sign_in(crm, "openid offline_access");
//   provider.refresh(crm, tokens).status == 200;
//
// What npm installs of provider/package-lock.json is kept in a folder for the program, or is in
// $CURFEW_OIDC_PROVIDER. Threads: one; a RelyingParty's own. Owns: processes, sockets, folders. Fails:
// std::runtime_error.
#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/ThreadPool.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::openid_test {

struct Reply {
  int status = 0;
  std::string body;
  std::string location;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

struct Tokens {
  int status = 0;
  std::string access;
  std::string refresh;
  std::string id;
  std::string error;  // in place of a code, where the browser came back without one
};

// The claims of a JWT, nothing checked.
[[nodiscard]] nlohmann::json claims_of(const std::string& token);

// An application; where it is told of logouts can be down.
class RelyingParty {
 public:
  // `logout_url`: somebody else's; empty: our own.
  explicit RelyingParty(std::string id, std::string logout_url = {});
  ~RelyingParty();
  RelyingParty(const RelyingParty&) = delete;
  RelyingParty& operator=(const RelyingParty&) = delete;

  void come_up();
  void go_down();
  // The claims of the logout tokens that it was sent.
  [[nodiscard]] std::vector<nlohmann::json> logouts() const;

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string secret() const { return "the-secret-of-" + id_; }
  [[nodiscard]] static std::string back() { return "http://127.0.0.1:9/back"; }
  [[nodiscard]] nlohmann::json registration() const;

 private:
  class Factory;
  std::string id_;
  std::string logout_url_;
  int port_;
  mutable std::mutex mutex_;
  std::vector<nlohmann::json> logouts_;
  Poco::ThreadPool pool_;
  std::unique_ptr<Poco::Net::HTTPServer> server_;
};

class ProviderServer {
 public:
  // Empty: it can be started.
  static const std::string& why_not();

  explicit ProviderServer(const std::vector<const RelyingParty*>& parties, int token_seconds = 600);

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string admin_url() const { return "http://127.0.0.1:" + std::to_string(admin_port_); }

  // As the relying party asks.
  [[nodiscard]] Tokens redeem(const RelyingParty& party, const std::string& code,
                              const std::string& resource) const;
  [[nodiscard]] Tokens refresh(const RelyingParty& party, const Tokens& tokens) const;
  [[nodiscard]] int user_info(const Tokens& tokens) const;
  [[nodiscard]] bool is_active(const RelyingParty& party, const Tokens& tokens) const;

  // The operator's API, as somebody else than Curfew.
  [[nodiscard]] Reply admin(const std::string& method, const std::string& path) const;
  // Its next answers are this.
  void answer_wrong(const nlohmann::json& how) const;
  [[nodiscard]] std::string session_of(const std::string& person) const;
  [[nodiscard]] std::string log() const;

 private:
  [[nodiscard]] Reply post(const std::string& path, const RelyingParty& party,
                           const std::map<std::string, std::string>& form) const;

  support::TemporaryDirectory folder_;
  int port_;
  int admin_port_;
  std::unique_ptr<support::ServerProcess> process_;
};

// Somebody's browser: it keeps its cookies.
class Browser {
 public:
  Browser(const ProviderServer& provider, std::string person)
      : provider_(provider), person_(std::move(person)) {}

  // By the provider's pages. `resource`: for an API that takes JWTs.
  Tokens sign_in(const RelyingParty& party, const std::string& scope = "openid",
                 const std::string& resource = {});
  // Without a page (prompt=none): the error, or nothing.
  [[nodiscard]] std::string come_back(const RelyingParty& party);
  // At the provider, by the link of the relying party (RP-Initiated Logout 1.0).
  void sign_out(const Tokens& tokens);
  // … by a link that says nothing of who it is: the provider asks, and the person confirms.
  void sign_out_by(const std::string& link);

 private:
  void confirm_sign_out(const std::string& path);
  Reply go(const std::string& method, const std::string& path, const std::string& form = {});
  // Where it ends: the parameters with which it comes back.
  std::map<std::string, std::string> walk(const std::string& path);

  const ProviderServer& provider_;
  std::string person_;
  std::map<std::string, std::string> cookies_;
};

}  // namespace curfew::openid_test
