#include "tests/integration/samba/smb_door.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "core/app/system_user.hpp"

namespace curfew::samba_test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string SmbDoor::missing() {
  for (const char* needed : {"/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"}) {
    if (!fs::exists(needed)) return std::string("no way to smbstatus here: ") + needed + " is missing";
  }
  return {};
}

SmbDoor::SmbDoor(support::SambaDomain& domain) : address_(domain.address()) {
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::create_directories("/run/sshd");
  for (const char* key : {"host", "curfew"}) {
    const auto made = domain.run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at(key)});
    if (made.code != 0) throw std::runtime_error("ssh-keygen: " + made.output);
  }
  // The daemon's own.
  const auto user = app::daemon_user();
  if (user && ::chown(at("curfew").c_str(), user->user, user->group) != 0)
    throw std::runtime_error("the key can't be given to the daemon's user");
  std::ofstream(at("allowed")) << "restrict,command=\"CURFEW_SMB_CONF=" << domain.smb_conf() << " "
                               << CURFEW_SOURCE_DIR << "/docs/connectors/curfew-smb\" "
                               << read(at("curfew.pub"));
  std::ofstream(at("known")) << "[" << domain.address() << "]:" << port_ << " " << read(at("host.pub"));
  std::ofstream(at("sshd.conf")) << "ListenAddress " << domain.address() << ":" << port_ << "\nHostKey "
                                 << at("host") << "\nAuthorizedKeysFile " << at("allowed")
                                 << "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
                                    "PermitRootLogin forced-commands-only\n";
  server_ = std::make_unique<support::ServerProcess>(
      std::vector<std::string>{"/usr/bin/setpriv", "--pdeathsig", "TERM", "/usr/sbin/sshd", "-D", "-e", "-f",
                               at("sshd.conf")},
      std::map<std::string, std::string>{}, at("sshd.log"));
  if (!support::eventually([&] { return read(at("sshd.log")).find("listening on") != std::string::npos; }))
    throw std::runtime_error("sshd does not start: " + read(at("sshd.log")));
}

std::vector<std::string> SmbDoor::words(const std::string& program) const {
  return {"/usr/bin/ssh",
          "-F",
          "none",
          "-i",
          at("curfew"),
          "-o",
          "BatchMode=yes",
          "-o",
          "UserKnownHostsFile=" + at("known"),
          "-p",
          std::to_string(port_),
          "root@" + address_,
          program};
}

}  // namespace curfew::samba_test
