// How a daemon without rights gets at smbstatus and smbcontrol, which want root: a real sshd that lets one
// key run docs/connectors/curfew-smb, and nothing else.
//
//   const SmbDoor door(domain);
//   settings["smb"] = {{"smbstatus", door.words("smbstatus")}, {"smbcontrol", door.words("smbcontrol")}};
//
// Threads: one. Owns: the server, the keys. Fails: std::runtime_error.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/samba_domain.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::samba_test {

class SmbDoor {
 public:
  static std::string missing();
  explicit SmbDoor(support::SambaDomain& domain);
  [[nodiscard]] std::vector<std::string> words(const std::string& program) const;

 private:
  [[nodiscard]] std::string at(const std::string& file) const { return (folder_.path() / file).string(); }
  std::string address_;
  support::TemporaryDirectory folder_;
  int port_ = support::free_port();
  std::unique_ptr<support::ServerProcess> server_;
};

}  // namespace curfew::samba_test
