// A person at a file share: a real smbclient that stays connected.
//
//   SmbClient bob(domain, "bob");                 // by password (NTLM); with a ticket cache: by Kerberos
//   EXPECT_TRUE(bob.sees_files());  …  EXPECT_FALSE(bob.sees_files());      // its own next command
//   bob.leave();                                  // exit: the share is disconnected
//
// Threads: one. Owns: the process. Fails: std::runtime_error.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "tests/support/samba_domain.hpp"

namespace curfew::support {

struct Ticket {
  std::filesystem::path cache;
};

class SmbClient {
 public:
  SmbClient(const SambaDomain& domain, const std::string& name,
            const std::string& password = SambaDomain::password);
  SmbClient(const SambaDomain& domain, const Ticket& ticket);
  ~SmbClient();
  SmbClient(const SmbClient&) = delete;
  SmbClient& operator=(const SmbClient&) = delete;

  // Whether the server lists the share for it, now, on the connection that it has.
  bool sees_files();
  void leave();
  // All that it said.
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  void begin(const SambaDomain& domain, std::vector<std::string> words,
             const std::map<std::string, std::string>& more);
  bool say(const std::string& command);
  void reap();

  pid_t process_ = -1;
  int to_ = -1, from_ = -1;
  std::string output_;
};

}  // namespace curfew::support
