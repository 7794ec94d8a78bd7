// A key of an issuer's, and tokens signed with it by libcjose.
//
//   const auto key = support::SigningKey::rsa("k1");
//   std::string token = key.sign({{"alg", "RS256"}, {"kid", "k1"}}, {{"iss", issuer}});
//
// Threads: values; const from any. Owns: the key. Fails: std::runtime_error.
#pragma once

#include <cjose/cjose.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace curfew::support {

class SigningKey {
 public:
  static SigningKey rsa(const std::string& id, std::size_t bits = 2048) {
    return SigningKey(id, cjose_jwk_create_RSA_random(bits, nullptr, 0, nullptr));
  }
  static SigningKey curve(const std::string& id) {
    return SigningKey(id, cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, nullptr));
  }
  // A secret that both sides know: no key of an issuer.
  static SigningKey secret(const std::string& id, const std::string& bytes) {
    return SigningKey(id, cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                    bytes.size(), nullptr));
  }

  [[nodiscard]] std::string sign(const nlohmann::json& header, const nlohmann::json& claims) const {
    cjose_header_t* head = cjose_header_new(nullptr);
    for (const auto& [name, value] : header.items()) {
      if (value.is_string()) {
        cjose_header_set(head, name.c_str(), value.get_ref<const std::string&>().c_str(), nullptr);
      } else {
        cjose_header_set_raw(head, name.c_str(), value.dump().c_str(), nullptr);
      }
    }
    const std::string text = claims.is_string() ? claims.get<std::string>() : claims.dump();
    cjose_err error{};
    cjose_jws_t* jws = cjose_jws_sign(key_.get(), head, reinterpret_cast<const std::uint8_t*>(text.data()),
                                      text.size(), &error);
    cjose_header_release(head);
    const char* compact = nullptr;
    if (jws == nullptr || !cjose_jws_export(jws, &compact, &error))
      throw std::runtime_error(std::string("can't sign: ") + error.message);
    std::string out = compact;
    cjose_jws_release(jws);
    return out;
  }
  // As a key set has it.
  [[nodiscard]] nlohmann::json published() const {
    char* text = cjose_jwk_to_json(key_.get(), false, nullptr);
    nlohmann::json out = nlohmann::json::parse(text);
    std::free(text);
    out["kid"] = id_;
    out["use"] = "sig";
    return out;
  }

 private:
  struct Release {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
  };
  SigningKey(std::string id, cjose_jwk_t* key) : id_(std::move(id)), key_(key, Release{}) {
    if (!key_) throw std::runtime_error("can't make a key");
  }
  std::string id_;
  std::shared_ptr<cjose_jwk_t> key_;
};

}  // namespace curfew::support
