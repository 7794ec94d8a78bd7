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

}  // namespace curfew::outlet
