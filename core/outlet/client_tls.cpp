#include "core/outlet/client_tls.hpp"

#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SSLException.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace curfew::outlet {

Poco::Net::Context::Ptr tls_context_for(const std::string& host, const std::string& ca_file) {
  Poco::Net::Context::Params parameters;
  parameters.caLocation = ca_file;
  parameters.loadDefaultCAs = ca_file.empty();
  parameters.verificationMode = Poco::Net::Context::VERIFY_STRICT;
  Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, parameters);
  SSL_CTX_set_min_proto_version(context->sslContext(), TLS1_2_VERSION);
  // By OpenSSL itself, in the handshake: Poco looks at the name only afterwards, and not at all for local
  // ones.
  X509_VERIFY_PARAM* verify = SSL_CTX_get0_param(context->sslContext());
  Poco::Net::IPAddress address;
  const bool is_set = Poco::Net::IPAddress::tryParse(host, address)
                          ? X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1
                          : X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size()) == 1;
  if (!is_set) throw Poco::Net::SSLException("'" + host + "' can't be the name of a certificate");
  context->enableExtendedCertificateVerification(false);
  return context;
}

Poco::Net::Context::Ptr tls_context_for(const std::string& host, const ClientIdentity& identity) {
  Poco::Net::Context::Ptr context = tls_context_for(host, identity.ca_file);
  if (identity.certificate_file.empty()) return context;
  SSL_CTX* ssl = context->sslContext();
  if (SSL_CTX_use_certificate_chain_file(ssl, identity.certificate_file.c_str()) != 1)
    throw Poco::Net::SSLException(identity.certificate_file + " is no PEM file of a certificate");
  if (SSL_CTX_use_PrivateKey_file(ssl, identity.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    throw Poco::Net::SSLException(identity.key_file + " is no PEM file of that certificate's key");
  return context;
}

}  // namespace curfew::outlet
