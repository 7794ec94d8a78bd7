// The keeper: a small process beside an embedded cluster that stops it when its owner has died.
//
// It waits for the owner's file lock, which the kernel releases on any death. A durable cluster is left alone
// for a while, so that a restarted daemon can adopt it; a throw-away one is stopped at once and its folder
// removed.
//
// Threads: any. Owns: nothing. Fails: Error(Unavailable) when it can't be started.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>

namespace curfew::store {

struct KeeperOrder {
  std::filesystem::path lock_file;
  int postmaster_descriptor = -1;  // from open_process: a process id may be reused, this may not
  std::chrono::seconds grace{10};
  std::filesystem::path remove_folder;  // empty: keep
};
[[nodiscard]] pid_t start_keeper(const KeeperOrder& order);

}  // namespace curfew::store
