// TLS to somebody who is told something: TLS 1.2 at least, and a certificate that is believed and is for that
// host.
//
//   Poco::Net::Context::Ptr context = tls_context_for("mail.corp.test", "");      // the system's CAs
//
// Only for .cpp files: it brings Poco in. Threads: any. Fails: Poco::Exception.
#pragma once

#include <Poco/Net/Context.h>

#include <string>

namespace curfew::outlet {

[[nodiscard]] Poco::Net::Context::Ptr tls_context_for(const std::string& host, const std::string& ca_file);

}  // namespace curfew::outlet
