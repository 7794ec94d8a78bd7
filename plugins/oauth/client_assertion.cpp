#include "plugins/oauth/client_assertion.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace curfew::oauth {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using namespace std::chrono_literals;

// Entra takes no more than a day; the shorter, the less a stolen one is worth.
constexpr auto lifetime = 5min;
constexpr int least_bits = 2048;

struct Free {
  void operator()(BIO* it) const { BIO_free(it); }
  void operator()(X509* it) const { X509_free(it); }
  void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
  void operator()(EVP_MD_CTX* it) const { EVP_MD_CTX_free(it); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

[[noreturn]] void refuse(const std::string& file, const char* why) {
  ERR_clear_error();
  throw Failure(Code::Refused, file + " " + why);
}

std::string base64url(const unsigned char* bytes, std::size_t size) {
  std::vector<unsigned char> out(4 * ((size + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(out.data(), bytes, static_cast<int>(size));
  std::string text(out.begin(), out.begin() + length);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return text;
}
std::string base64url(std::string_view text) {
  return base64url(reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

Owned<BIO> opened(const std::string& file) {
  Owned<BIO> in(BIO_new_file(file.c_str(), "r"));
  if (!in) refuse(file, "can't be read; check the path and its permissions");
  return in;
}

// Nobody is there to be asked for a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

// Random, in the form of a UUID.
std::string unique_id() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Failure(Code::Failed, "no random numbers can be had");
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += "0123456789abcdef"[bytes[i] >> 4U];
    text += "0123456789abcdef"[bytes[i] & 15U];
  }
  return text;
}

bool is_before(const ASN1_TIME* time, Time now) {
  std::time_t at = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return X509_cmp_time(time, &at) < 0;
}

}  // namespace

struct ClientCertificate::Key {
  Owned<EVP_PKEY> key;
};

ClientCertificate::~ClientCertificate() = default;

ClientCertificate::ClientCertificate(const std::string& certificate_file, const std::string& key_file,
                                     Time now)
    : key_(std::make_unique<Key>()) {
  key_->key.reset(PEM_read_bio_PrivateKey(opened(key_file).get(), nullptr, no_passphrase, nullptr));
  if (!key_->key) refuse(key_file, "holds no key in PEM that can be read without a passphrase");
  if (EVP_PKEY_base_id(key_->key.get()) != EVP_PKEY_RSA || EVP_PKEY_bits(key_->key.get()) < least_bits)
    refuse(key_file, "must be an RSA key of 2048 bits or more: none other is taken here");
  if (certificate_file.empty()) return;
  const Owned<X509> certificate(
      PEM_read_bio_X509(opened(certificate_file).get(), nullptr, no_passphrase, nullptr));
  if (!certificate) refuse(certificate_file, "holds no certificate in PEM");
  if (X509_check_private_key(certificate.get(), key_->key.get()) != 1)
    refuse(key_file, ("is not the key of the certificate in " + certificate_file).c_str());
  if (is_before(X509_get0_notAfter(certificate.get()), now))
    refuse(certificate_file, "has expired: make another, and give it to the application at Entra");
  if (!is_before(X509_get0_notBefore(certificate.get()), now))
    refuse(certificate_file, "is not valid yet: is this machine's clock right?");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1)
    refuse(certificate_file, "can't be digested");
  thumbprint_ = base64url(digest.data(), size);
}

std::string ClientCertificate::assertion(const AssertionTerms& terms) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(terms.now).time_since_epoch();
  const bool has_certificate = !thumbprint_.empty();
  const nlohmann::json header =
      has_certificate ? nlohmann::json{{"alg", "PS256"}, {"typ", "JWT"}, {"x5t#S256", thumbprint_}}
                      : nlohmann::json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", terms.key_id}};
  const nlohmann::json claims{{"aud", terms.audience},
                              {"iss", terms.client},
                              {"sub", terms.client},
                              {"jti", unique_id()},
                              {"iat", now.count()},
                              {"nbf", now.count()},
                              {"exp", (now + std::chrono::seconds(lifetime)).count()}};
  const std::string text = base64url(header.dump()) + "." + base64url(claims.dump());
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* how = nullptr;
  std::vector<unsigned char> signature;
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const bool is_ready =
      context && EVP_DigestSignInit(context.get(), &how, EVP_sha256(), nullptr, key_->key.get()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(how, has_certificate ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) == 1 &&
      (!has_certificate || EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1) &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  signature.resize(size);
  if (!is_ready || EVP_DigestSign(context.get(), signature.data(), &size, bytes, text.size()) != 1) {
    ERR_clear_error();
    throw Failure(Code::Failed, "the client's assertion can't be signed with its key");
  }
  return text + "." + base64url(signature.data(), size);
}

}  // namespace curfew::oauth
