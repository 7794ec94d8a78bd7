#include "core/jose/key_set.hpp"

#include <cjose/cjose.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace curfew::jose {
namespace {

using nlohmann::json;

// base64url of the 256 bytes of 2048 bits.
constexpr std::size_t shortest_modulus = 342;
constexpr std::size_t longest_modulus = 2731;  // 16384 bits: verifying is no work for strangers to order
constexpr std::size_t longest_id = 512;

struct Kind {
  std::string_view algorithm, type, curve;
};
constexpr std::array<Kind, 9> kinds{{{"RS256", "RSA", ""},
                                     {"RS384", "RSA", ""},
                                     {"RS512", "RSA", ""},
                                     {"PS256", "RSA", ""},
                                     {"PS384", "RSA", ""},
                                     {"PS512", "RSA", ""},
                                     {"ES256", "EC", "P-256"},
                                     {"ES384", "EC", "P-384"},
                                     {"ES512", "EC", "P-521"}}};

const Kind* kind_of(std::string_view algorithm) {
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.algorithm == algorithm; });
  return found == kinds.end() ? nullptr : &*found;
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  std::string text = found->get<std::string>();
  return text.size() <= longest_id ? text : std::string();
}

// libcjose ends the process where a number is no base64url, or not of the curve's length: it is not asked
// then.
bool is_base64url(std::string_view text) {
  return !text.empty() && text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_number_in(const json& object, const char* name, std::size_t least, std::size_t most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return false;
  const auto& text = found->get_ref<const std::string&>();
  return text.size() >= least && text.size() <= most && is_base64url(text);
}

// Of base64url, without padding, of a coordinate.
std::size_t coordinate_length(std::string_view curve) {
  return curve == "P-256" ? 43 : curve == "P-384" ? 64 : curve == "P-521" ? 88 : 0;
}

std::string to_lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Before it is parsed: brackets outside of texts.
bool is_deeper_than(std::string_view document, std::size_t most) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < document.size(); ++i) {
    const char c = document[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

struct JwsRelease {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
struct JwkRelease {
  void operator()(cjose_jwk_t* jwk) const { cjose_jwk_release(jwk); }
};

}  // namespace

const std::vector<std::string>& known_algorithms() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const Kind& kind : kinds) names.emplace_back(kind.algorithm);
    return names;
  }();
  return all;
}

struct SignedToken::Inside {
  std::unique_ptr<cjose_jws_t, JwsRelease> jws;
  std::string algorithm, key_id, type;
  json claims;
};

SignedToken::SignedToken(std::string_view compact, const std::vector<std::string>& algorithms)
    : inside_(std::make_unique<Inside>()) {
  if (compact.size() > longest_token) throw BadToken("it is longer than 16 KiB");
  if (std::count(compact.begin(), compact.end(), '.') != 2)
    throw BadToken("it is no compact JWS of three parts");
  std::string_view rest = compact;
  for (int part = 0; part < 3; ++part) {
    const std::size_t end = std::min(rest.find('.'), rest.size());
    if (!is_base64url(rest.substr(0, end))) throw BadToken("a part of it is empty or no base64url");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  cjose_err error{};
  inside_->jws.reset(cjose_jws_import(compact.data(), compact.size(), &error));
  if (!inside_->jws) throw BadToken("it is no JWS");
  cjose_header_t* header = cjose_jws_get_protected(inside_->jws.get());
  const auto in_header = [&](const char* name) {
    const char* value = cjose_header_get(header, name, nullptr);
    return std::string(value != nullptr ? value : "");
  };
  inside_->algorithm = in_header("alg");
  inside_->key_id = in_header("kid");
  inside_->type = to_lower(in_header("typ"));
  constexpr std::string_view media = "application/";
  if (inside_->type.starts_with(media)) inside_->type.erase(0, media.size());
  if (char* critical = cjose_header_get_raw(header, "crit", nullptr)) {
    std::free(critical);  // NOLINT(cppcoreguidelines-no-malloc): cjose allocated it
    throw BadToken("its header has extensions that must be understood (crit), and none is");
  }
  if (kind_of(inside_->algorithm) == nullptr ||
      std::find(algorithms.begin(), algorithms.end(), inside_->algorithm) == algorithms.end())
    throw BadToken("it is signed by an algorithm that is not allowed for this issuer", TokenFault::Key);
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (!cjose_jws_get_plaintext(inside_->jws.get(), &bytes, &size, &error))
    throw BadToken("it has no content");
  if (is_deeper_than({reinterpret_cast<const char*>(bytes), size}, deepest_claims))
    throw BadToken("its claims are nested more than 16 levels deep");
  inside_->claims = json::parse(bytes, bytes + size, nullptr, false);
  if (!inside_->claims.is_object()) throw BadToken("its content is no JSON object");
}

SignedToken::~SignedToken() = default;
SignedToken::SignedToken(SignedToken&&) noexcept = default;
SignedToken& SignedToken::operator=(SignedToken&&) noexcept = default;
const std::string& SignedToken::algorithm() const { return inside_->algorithm; }
const std::string& SignedToken::key_id() const { return inside_->key_id; }
const std::string& SignedToken::type() const { return inside_->type; }
const json& SignedToken::claims() const { return inside_->claims; }

struct KeySet::Key {
  std::unique_ptr<cjose_jwk_t, JwkRelease> jwk;
  std::string id, algorithm, type, curve;
};

KeySet KeySet::parse(std::string_view jwks) {
  const json document = json::parse(jwks, nullptr, false);
  const auto keys = document.is_object() ? document.find("keys") : document.end();
  if (!document.is_object() || keys == document.end() || !keys->is_array())
    throw BadToken("the key set is no JSON object with `keys`");
  if (keys->size() > most_keys) throw BadToken("the key set has more than 100 keys");
  KeySet set;
  for (const json& one : *keys) {
    auto key = std::make_shared<Key>();
    if (!one.is_object()) throw BadToken("the key set has a key that is no JSON object");
    key->id = text_in(one, "kid");
    key->algorithm = text_in(one, "alg");
    key->type = text_in(one, "kty");
    key->curve = text_in(one, "crv");
    const std::string use = text_in(one, "use");
    const bool is_rsa = key->type == "RSA" && is_number_in(one, "n", shortest_modulus, longest_modulus) &&
                        is_number_in(one, "e", 1, 11);
    const std::size_t length = coordinate_length(key->curve);
    const bool is_curve = key->type == "EC" && length != 0 && is_number_in(one, "x", length, length) &&
                          is_number_in(one, "y", length, length);
    if ((use.empty() || use == "sig") && (is_rsa || is_curve) && !one.contains("d")) {
      // Nothing else of the key is looked at.
      const json numbers = is_rsa
                               ? json{{"kty", "RSA"}, {"n", one["n"]}, {"e", one["e"]}}
                               : json{{"kty", "EC"}, {"crv", key->curve}, {"x", one["x"]}, {"y", one["y"]}};
      const std::string text = numbers.dump();
      key->jwk.reset(cjose_jwk_import(text.data(), text.size(), nullptr));
    }
    if (key->jwk) {
      set.keys_.push_back(std::move(key));
    } else {
      ++set.passed_over_;
    }
  }
  return set;
}

bool KeySet::may_verify(const Key& key, const SignedToken& token) {
  const Kind* kind = kind_of(token.algorithm());
  return kind != nullptr && key.type == kind->type && (kind->curve.empty() || key.curve == kind->curve) &&
         (key.algorithm.empty() || key.algorithm == token.algorithm()) &&
         (token.key_id().empty() || key.id.empty() || key.id == token.key_id());
}

bool KeySet::has_key_for(const SignedToken& token) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const auto& key) { return may_verify(*key, token); });
}

bool KeySet::signed_it(const SignedToken& token) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const auto& key) {
    cjose_err error{};
    return may_verify(*key, token) && cjose_jws_verify(token.inside_->jws.get(), key->jwk.get(), &error);
  });
}

}  // namespace curfew::jose
