// Whom a client of TLS believes, and what it shows of itself.
//
// Threads: a value.
#pragma once

#include <string>

namespace curfew::outlet {

struct ClientIdentity {
  std::string ca_file;           // empty: the system's
  std::string certificate_file;  // PEM, with its chain; both or none
  std::string key_file;
};

}  // namespace curfew::outlet
