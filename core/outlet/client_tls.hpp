// TLS to somebody who is told something: TLS 1.2 at least, and a certificate that is believed and is for that
// host.
//
//   Poco::Net::Context::Ptr context = tls_context_for("mail.corp.test", "");      // the system's CAs
//   context = tls_context_for("siem.corp.test", {.ca_file = "…", .certificate_file = "…", .key_file = "…"});
//
// Only for .cpp files: it brings Poco in. Threads: any. Fails: Poco::Exception.
#pragma once

#include <Poco/Net/Context.h>

#include <string>

#include "core/outlet/client_identity.hpp"

namespace curfew::outlet {

[[nodiscard]] Poco::Net::Context::Ptr tls_context_for(const std::string& host, const std::string& ca_file);
[[nodiscard]] Poco::Net::Context::Ptr tls_context_for(const std::string& host,
                                                      const ClientIdentity& identity);

}  // namespace curfew::outlet
