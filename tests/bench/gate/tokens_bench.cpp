// What a request with a signed token costs the gate: the first one, whose signature is verified, and the next
// ones; beside what OpenSSL takes to verify the same signature and nothing else, with a key that is ready.
#include <benchmark/benchmark.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/gate_judge.hpp"
#include "tests/support/signing_key.hpp"

namespace {

using namespace curfew;
using nlohmann::json;
using support::SigningKey;

const std::string key(32, 'k');
constexpr std::size_t token_count = 2'048;

Time wall() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

struct Tokens {
  explicit Tokens(const std::string& with) : algorithm(with), signer(made(with)) {
    jwks = json{{"keys", {signer.published()}}}.dump();
    const std::int64_t now = base::to_micros(wall()) / 1'000'000;
    for (std::size_t i = 0; i < token_count; ++i) {
      // The size of one that Keycloak gives out.
      all.push_back(
          signer.sign({{"alg", algorithm}, {"kid", "k"}, {"typ", "JWT"}},
                      {{"iss", "https://login.corp.test/realms/staff"},
                       {"aud", {"orders", "account"}},
                       {"sub", "9a1b6a0e-6f0c-4a3c-8a54-0d2b6a5f3c11"},
                       {"sid", "session-" + std::to_string(i)},
                       {"jti", "onrtac:" + std::to_string(i)},
                       {"iat", now},
                       {"exp", now + 3'600},
                       {"azp", "orders-web"},
                       {"scope", "openid profile email"},
                       {"realm_access", {{"roles", {"offline_access", "uma_authorization", "user"}}}},
                       {"preferred_username", "alice"},
                       {"email", "alice@corp.test"},
                       {"name", "Alice Example"}}));
    }
  }
  static SigningKey made(const std::string& algorithm) {
    return algorithm == "RS256" ? SigningKey::rsa("k") : SigningKey::curve("k");
  }
  std::string algorithm;
  SigningKey signer;
  std::string jwks;
  std::vector<std::string> all;
};

const Tokens& tokens(bool rsa) {
  static const Tokens by_rsa("RS256");
  static const Tokens by_curve("ES256");
  return rsa ? by_rsa : by_curve;
}

// ---- OpenSSL alone ----

struct Free {
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(EVP_MD_CTX* one) const { EVP_MD_CTX_free(one); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

void raw_openssl(benchmark::State& state, bool rsa) {
  const Owned<EVP_PKEY> pair(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  const std::string& text = tokens(rsa).all.front();
  const std::size_t size = text.rfind('.');
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::vector<unsigned char> signature(1'024);
  std::size_t length = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pair.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &length, bytes, size) != 1)
    throw std::runtime_error("OpenSSL can't sign");
  for (auto _ : state) {
    EVP_MD_CTX_reset(context.get());
    if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pair.get()) != 1 ||
        EVP_DigestVerify(context.get(), signature.data(), length, bytes, size) != 1)
      state.SkipWithError("not verified");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(raw_openssl, rs256, true);
BENCHMARK_CAPTURE(raw_openssl, es256, false);

// ---- the gate ----

struct Gate {
  explicit Gate(bool rsa) : given(tokens(rsa)) {
    const Time now = wall();
    std::vector<model::GateEntry> entries;
    for (std::size_t i = 0; i < token_count; ++i) {
      model::GateEntry& entry = entries.emplace_back();
      entry.source = "staff";
      entry.session = {base::keyed_digest(key, "session-" + std::to_string(i))};
      entry.last_person_at = now;
    }
    view.apply(entries);
    view.set_loaded();
    api::GateSettings settings;
    settings.name = "bench";
    settings.source = "staff";
    settings.clock = [] { return api::GateTime{wall(), true}; };
    settings.tokens.person = [](const std::string&, const std::string&) { return model::Ref{17}; };
    judge = std::make_unique<api::GateJudge>(std::move(settings), view);
    judge->set_rules(R"({"credentials":[{"in":"bearer","token":true},{"in":"cookie","name":"sid"}],"tokens":)"
                     R"({"issuer":"https://login.corp.test/realms/staff","audiences":["orders"],)"
                     R"("algorithms":["RS256","ES256"],"subject_namespace":"oidc_subject",)"
                     R"("subject_prefix":"https://login.corp.test/realms/staff#"}})",
                     key);
    judge->set_keys(given.jwks);
    judge->loaded(now);
    for (const std::string& token : given.all) bearers.push_back("Bearer " + token);
  }
  [[nodiscard]] bool passes(const api::HeaderView& credential) {
    const std::vector<api::HeaderView> headers{
        credential, {"X-Original-URI", "/orders/17"}, {"X-Original-Method", "GET"}};
    return judge->answer({.method = "GET", .target = "/check", .peer = "127.0.0.1", .headers = headers})
               .decision == api::GateDecision::Pass;
  }
  const Tokens& given;
  enforcement::GateView view{{"staff"}};
  std::unique_ptr<api::GateJudge> judge;
  std::vector<std::string> bearers;
};

// Each token for the first time: other keys forget what the last ones verified.
void first_request(benchmark::State& state, bool rsa) {
  Gate gate(rsa);
  std::size_t at = 0;
  bool spaced = false;
  for (auto _ : state) {
    if (at == token_count) {
      state.PauseTiming();
      spaced = !spaced;
      gate.judge->set_keys(gate.given.jwks + (spaced ? " " : ""));
      at = 0;
      state.ResumeTiming();
    }
    if (!gate.passes({"Authorization", gate.bearers[at++]})) state.SkipWithError("did not pass");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(first_request, rs256, true);
BENCHMARK_CAPTURE(first_request, es256, false);

void next_request(benchmark::State& state) {
  static Gate gate(true);
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 911;
  for (std::size_t i = 0; i < token_count; ++i)
    if (!gate.passes({"Authorization", gate.bearers[i]})) state.SkipWithError("did not pass");
  for (auto _ : state) {
    at = (at + 1'021) % token_count;
    if (!gate.passes({"Authorization", gate.bearers[at]})) state.SkipWithError("did not pass");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(next_request)->Threads(1)->Threads(2);

// Opaque ones, about which the issuer was asked a moment ago.
void next_opaque_request(benchmark::State& state) {
  struct Opaque : Gate {
    Opaque() : Gate(true) {
      judge->set_rules(
          R"({"credentials":[{"in":"bearer","token":true}],"introspection":{"keep_seconds":300}})", key);
      api::GateIntrospection digests({}, key);
      for (std::size_t i = 0; i < token_count; ++i) {
        const std::string token = "7bX0fQ2c9kTzW4mYpLr8sDhVn1aGJeUoEi6tBq3x" + std::to_string(i);
        model::IntrospectedToken said;
        said.state = model::TokenState::Active;
        said.session = {base::keyed_digest(key, "session-" + std::to_string(i))};
        said.person = {"oidc_subject", "https://login.corp.test/realms/staff#alice"};
        said.issued_at = wall();
        judge->introspected(digests.read(token, wall()).digest, said, wall());
        opaque.push_back("Bearer " + token);
      }
    }
    std::vector<std::string> opaque;
  };
  static Opaque gate;
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 911;
  for (auto _ : state) {
    at = (at + 1'021) % token_count;
    if (!gate.passes({"Authorization", gate.opaque[at]})) state.SkipWithError("did not pass");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(next_opaque_request)->Threads(1)->Threads(2);

// The limit of that: the same sessions by a cookie.
void cookie_request(benchmark::State& state) {
  static Gate gate(true);
  std::vector<std::string> cookies;
  for (std::size_t i = 0; i < token_count; ++i) cookies.push_back("sid=session-" + std::to_string(i));
  std::size_t at = static_cast<std::size_t>(state.thread_index()) * 911;
  for (auto _ : state) {
    at = (at + 1'021) % token_count;
    if (!gate.passes({"Cookie", cookies[at]})) state.SkipWithError("did not pass");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(cookie_request)->Threads(1)->Threads(2);

// A stranger's: refused by its signature each time, as nothing of it is kept.
void forged_request(benchmark::State& state, bool rsa) {
  Gate gate(rsa);
  std::string forged = gate.bearers.front();
  char& one = forged[forged.rfind('.') + 20];
  one = one == 'A' ? 'B' : 'A';
  for (auto _ : state) {
    if (gate.passes({"Authorization", forged})) state.SkipWithError("passed");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(forged_request, rs256, true);
BENCHMARK_CAPTURE(forged_request, es256, false);

}  // namespace
