// Leaving root: a daemon that was started by root goes on as the system user `curfew`, for good.
//
//   if (const auto user = app::daemon_user()) {       // as root only
//     app::hand_over_folder("/var/lib/curfew", *user);
//     app::leave_root(*user);
//   }
//
// What is prepared before: the data directory, the listeners' addresses and keys, the embedded database. All
// else, plugins first of all, runs without any privilege.
//
// Threads: leave_root before the first other one starts. Owns: nothing. Fails: Error(Configuration) saying
// what to change; Error(Internal) when root can't be left.
#pragma once

#include <filesystem>
#include <optional>

#include "core/store/process.hpp"

namespace curfew::app {

// None unless this process is root. Creates the user if it is missing.
[[nodiscard]] std::optional<store::Identity> daemon_user();
// A folder of root's that is empty becomes the user's; one that isn't, or is somebody else's, is refused.
void hand_over_folder(const std::filesystem::path& folder, const store::Identity& user);
// An empty file of the user's, if there is none, in a folder that the user need not be able to write.
void create_file_for(const std::filesystem::path& file, const store::Identity& user);
void leave_root(const store::Identity& user);

}  // namespace curfew::app
