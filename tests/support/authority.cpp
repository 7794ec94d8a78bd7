#include "tests/support/authority.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace curfew::support {
namespace {

void run(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0)
    throw std::runtime_error(command + ": failed; is openssl installed?");
}

}  // namespace

Authority::Authority() {
  run("openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=authority -keyout " + at("ca.key") +
      " -out " + ca());
}

Certificate Authority::issue(const std::string& names) const {
  const std::string name = "leaf" + std::to_string(next_++);
  const Certificate made{.certificate = at(name + ".pem"), .key = at(name + ".key")};
  std::ofstream(at(name + ".ext")) << "subjectAltName=" << names << "\n";
  run("openssl req -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + made.key + " -out " +
      at(name + ".csr"));
  run("openssl x509 -req -days 2 -in " + at(name + ".csr") + " -CA " + ca() + " -CAkey " + at("ca.key") +
      " -CAcreateserial -extfile " + at(name + ".ext") + " -out " + made.certificate);
  return made;
}

}  // namespace curfew::support
