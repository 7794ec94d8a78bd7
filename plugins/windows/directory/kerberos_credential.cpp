#include "plugins/windows/directory/kerberos_credential.hpp"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <utility>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {
namespace {

using plugin::Code;
using plugin::Failure;

std::string reason_of(OM_uint32 major, OM_uint32 minor) {
  std::string text;
  for (const auto& [code, kind] : {std::pair{minor, GSS_C_MECH_CODE}, std::pair{major, GSS_C_GSS_CODE}}) {
    if (!text.empty()) break;
    OM_uint32 ignored = 0, more = 0;
    gss_buffer_desc message = GSS_C_EMPTY_BUFFER;
    if (gss_display_status(&ignored, code, kind, gss_mech_krb5, &more, &message) == GSS_S_COMPLETE)
      text.assign(static_cast<const char*>(message.value), message.length);
    gss_release_buffer(&ignored, &message);
  }
  return text;
}

}  // namespace

KerberosCredential::KerberosCredential(const std::string& keytab, const std::string& principal) {
  if (!std::ifstream(keytab).is_open())
    throw Failure(Code::Failed, "the keytab " + keytab + " can't be read (directory.keytab)");
  OM_uint32 minor = 0, ignored = 0;
  gss_name_t name = GSS_C_NO_NAME;
  if (!principal.empty()) {
    gss_buffer_desc text{principal.size(), const_cast<char*>(principal.data())};
    const OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &name);
    if (GSS_ERROR(major))
      throw Failure(Code::Failed, "directory.user is no Kerberos principal: " + reason_of(major, minor));
  }
  const std::string file = "FILE:" + keytab;
  static std::atomic<std::uint64_t> count = 0;
  cache_ = "MEMORY:curfew-directory-" + std::to_string(++count);
  std::array<gss_key_value_element_desc, 2> elements{
      {{"client_keytab", file.c_str()}, {"ccache", cache_.c_str()}}};
  const gss_key_value_set_desc store{static_cast<OM_uint32>(elements.size()), elements.data()};
  gss_OID_set_desc mechanisms{1, gss_mech_krb5};
  const OM_uint32 major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                                &store, &credential_, nullptr, nullptr);
  gss_release_name(&ignored, &name);
  if (GSS_ERROR(major))
    throw Failure(Code::Refused,
                  "no Kerberos ticket can be had with the keytab " + keytab + ": " + reason_of(major, minor));
  // Asks the KDC now, where the reason can still be told.
  OM_uint32 lifetime = 0;
  const OM_uint32 asked = gss_inquire_cred(&minor, credential_, nullptr, &lifetime, nullptr, nullptr);
  if (GSS_ERROR(asked)) {
    release();
    throw Failure(Code::Refused, "no Kerberos ticket can be had with the keytab " + keytab + ": " +
                                     reason_of(asked, minor) +
                                     "; export it anew if the password was changed");
  }
}

KerberosCredential::~KerberosCredential() { release(); }

void KerberosCredential::release() {
  OM_uint32 minor = 0;
  gss_release_cred(&minor, &credential_);
  // A cache in memory outlives who made it.
  krb5_context context = nullptr;
  if (krb5_init_context(&context) != 0) return;
  krb5_ccache cache = nullptr;
  if (krb5_cc_resolve(context, cache_.c_str(), &cache) == 0) krb5_cc_destroy(context, cache);
  krb5_free_context(context);
}

}  // namespace curfew::windows
