// The keeper: a small process beside an embedded cluster that stops it when its owner has died.
//
// It waits for the owner's end. A durable cluster is left alone
// for a while, so that a restarted daemon can adopt it; a throw-away one is stopped at once and its folder
// removed.
//
// Started by root it goes on as the server's user, so that an owner that left root can still end its server,
// or start it again.
//
//   store::Keeper keeper = store::start_keeper({.lock_file = …, .postmaster_descriptor = …});
//   keeper.order_signal(SIGINT);   // to the server
//   pid_t again = keeper.start_server();   // after the server ended by itself
//   keeper.dismiss();              // it leaves, and the server stays
//
// Threads: one. Owns: the process, until dismissed. Fails: Error(Unavailable) when it, or the server, can't
// be started.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/store/process.hpp"

namespace curfew::store {

struct KeeperOrder {
  std::filesystem::path lock_file;
  int postmaster_descriptor = -1;    // from open_process: a process id may be reused, this may not
  std::vector<std::string> server;   // program and arguments, to start it again
  std::optional<Identity> identity;  // what it becomes; none: as this process
  std::chrono::seconds grace{10};
  std::filesystem::path remove_folder;  // empty: keep
};

struct Keeper {
  pid_t process = -1;
  int orders = -1;  // a pipe to it

  // Does nothing when there is no keeper.
  void order_signal(int number) const;
  // Its process id. The keeper watches that server from then on.
  [[nodiscard]] pid_t start_server() const;
  void dismiss();
};
[[nodiscard]] Keeper start_keeper(const KeeperOrder& order);

}  // namespace curfew::store
