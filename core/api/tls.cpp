#include "core/api/tls.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLManager.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <vector>

namespace curfew::api {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

// What is served: replaced as a whole, so that a certificate never meets another one's key.
struct Identity {
  Certificate certificate;
  Key key;
  std::vector<Certificate> chain;
  Time until{};
};

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text == nullptr ? std::string("no reason given") : std::string(text);
}

std::string read_pem(const std::string& path, const std::string& key, const Tls::Blame& blame) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text)
    throw blame(key, path + " can't be read: " + (errno != 0 ? std::strerror(errno) : "is it a folder?"));
  return text.str();
}

Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// 0 characters: a key with a passphrase is refused, rather than asked for on a terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return Time{};
  return Time{} + std::chrono::duration_cast<Duration>(std::chrono::seconds(::timegm(&parts)));
}

Identity load(const TlsFiles& files, const Tls::Blame& blame) {
  Identity identity;
  const std::string certificates = read_pem(files.certificate, "tls_certificate", blame);
  const Bio bio = bio_of(certificates);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    if (!identity.certificate)
      identity.certificate.reset(one);
    else
      identity.chain.emplace_back(one);
  }
  ERR_clear_error();  // the end of the file
  if (!identity.certificate) throw blame("tls_certificate", files.certificate + " holds no PEM certificate");
  const X509* own = identity.certificate.get();
  identity.until = time_of(X509_get0_notAfter(own));
  if (X509_cmp_current_time(X509_get0_notAfter(own)) <= 0)
    throw blame("tls_certificate", files.certificate + " expired on " + base::format_rfc3339(identity.until) +
                                       ": every client would refuse it; renew it");
  if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
    throw blame("tls_certificate", files.certificate + " is not valid before " +
                                       base::format_rfc3339(time_of(X509_get0_notBefore(own))) +
                                       "; is this machine's clock right?");
  const std::string key = read_pem(files.key, "tls_key", blame);
  identity.key.reset(PEM_read_bio_PrivateKey(bio_of(key).get(), nullptr, no_passphrase, nullptr));
  if (!identity.key)
    throw blame("tls_key", files.key + " holds no private key that can be used (" + openssl_reason() +
                               "): it must be PEM and have no passphrase");
  if (X509_check_private_key(own, identity.key.get()) != 1) {
    ERR_clear_error();
    throw blame("tls_key", files.key + " is not the key of the certificate in " + files.certificate);
  }
  return identity;
}

}  // namespace

struct Tls::State {
  TlsFiles files;
  mutable std::mutex mutex;
  std::shared_ptr<const Identity> identity;
  Poco::Net::Context::Ptr context;

  static int choose(SSL* ssl, void* argument) {
    const State& state = *static_cast<const State*>(argument);
    std::shared_ptr<const Identity> now;
    {
      const std::lock_guard lock(state.mutex);
      now = state.identity;
    }
    STACK_OF(X509)* chain = sk_X509_new_null();
    for (const Certificate& one : now->chain) sk_X509_push(chain, one.get());
    // OpenSSL counts its own references.
    const int done = SSL_use_cert_and_key(ssl, now->certificate.get(), now->key.get(), chain, 1);
    sk_X509_free(chain);
    return done;
  }
};

Tls::Tls(TlsFiles files, const Blame& blame) : state_(std::make_unique<State>()) {
  state_->files = std::move(files);
  reload(blame);
  const std::string& ca = state_->files.client_ca;
  if (!ca.empty()) {
    const std::string text = read_pem(ca, "tls_client_ca", blame);
    const Certificate one(PEM_read_bio_X509(bio_of(text).get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!one) throw blame("tls_client_ca", ca + " holds no PEM certificate");
  }
  Poco::Net::initializeSSL();
  Poco::Net::Context::Params parameters;
  parameters.caLocation = ca;
  parameters.loadDefaultCAs = false;
  parameters.verificationMode =
      ca.empty() ? Poco::Net::Context::VERIFY_NONE : Poco::Net::Context::VERIFY_STRICT;
  try {
    state_->context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, parameters);
  } catch (const Poco::Exception& error) {
    throw blame(ca.empty() ? "tls_certificate" : "tls_client_ca", error.displayText());
  }
  SSL_CTX* context = state_->context->sslContext();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Poco would compare a client certificate's name with the client's address: the CA is what counts.
  state_->context->enableExtendedCertificateVerification(false);
  // A resumed session would not show its client certificate again.
  state_->context->disableStatelessSessionResumption();
  SSL_CTX_set_cert_cb(context, &State::choose, state_.get());
}

Tls::~Tls() = default;

void Tls::reload(const Blame& blame) {
  auto loaded = std::make_shared<const Identity>(load(state_->files, blame));
  const std::lock_guard lock(state_->mutex);
  state_->identity = std::move(loaded);
}

Time Tls::valid_until() const {
  const std::lock_guard lock(state_->mutex);
  return state_->identity->until;
}

Poco::Net::Context& Tls::context() const { return *state_->context; }

}  // namespace curfew::api
