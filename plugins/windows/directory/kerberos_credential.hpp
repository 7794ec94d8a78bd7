// The service account's Kerberos credential, of its keytab, in memory of this process alone: neither the
// environment nor a shared cache is touched, so that sources with different accounts run side by side.
//
//   const KerberosCredential credential("/etc/curfew/svc-curfew.keytab", "svc-curfew@CORP.TEST");
//   ldap_set_option(handle, LDAP_OPT_X_SASL_GSS_CREDS, credential.get());
//
// Threads: one. Owns: the credential. Fails: plugin::Failure (Refused, Unavailable). Takes as long as the KDC
// does.
#pragma once

#include <gssapi/gssapi.h>

#include <string>

namespace curfew::windows {

class KerberosCredential {
 public:
  // An empty principal: the keytab's first.
  KerberosCredential(const std::string& keytab, const std::string& principal);
  ~KerberosCredential();
  KerberosCredential(const KerberosCredential&) = delete;
  KerberosCredential& operator=(const KerberosCredential&) = delete;

  [[nodiscard]] gss_cred_id_t get() const { return credential_; }

 private:
  void release();

  std::string cache_;
  gss_cred_id_t credential_ = GSS_C_NO_CREDENTIAL;
};

}  // namespace curfew::windows
