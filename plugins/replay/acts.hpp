// The file to which each ladder step goes as it is carried out: what another program holds against the
// ledger, and what the simulated world knows after a restart, also one after a SIGKILL.
//
//   Acts acts;
//   for (const std::string& session : acts.open("/var/tmp/acts.ndjson")) world.end(session);
//   acts.append({.at = now, .step = "sign_out_session", .answer = "truth", .digest = digest, .ended =
//   {"a"}});
//
// Threads: any may append. Owns: the file's descriptor. Fails: plugin::Failure when the file can't be opened,
// read or written.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::replay {

struct Act {
  plugin::Time at{};  // when it was asked for
  std::string_view step;
  bool revert = false;
  std::string_view answer;  // as the script's rules call it
  plugin::SessionDigest digest{};
  std::string session;  // empty: one that the world does not know
  std::vector<std::string> ended;
};

class Acts {
 public:
  Acts() = default;
  ~Acts();
  Acts(const Acts&) = delete;
  Acts& operator=(const Acts&) = delete;

  // The sessions that earlier acts have ended. An empty path: nothing is kept.
  std::vector<std::string> open(const std::string& path);
  // Returns when the act is durable.
  void append(const Act& act);

 private:
  std::mutex mutex_;
  std::string path_;
  int file_ = -1;
};

}  // namespace curfew::replay
