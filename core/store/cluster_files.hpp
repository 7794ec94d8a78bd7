// The files of an embedded cluster and what can be read from them without a connection.
//
//   if (auto lock = store::read_postmaster_lock("/var/lib/curfew/postgres/cluster")) ... lock->process
//
// Threads: any. Owns: nothing. Fails: as each function says.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/store/process.hpp"

namespace curfew::store {

// postmaster.pid, as PostgreSQL 15 writes it.
struct PostmasterLock {
  pid_t process = 0;
  std::string data_directory;
  std::string socket_directory;
  std::string listen_address;  // empty: none
  std::string status;          // "starting", "ready", "stopping"; empty while the file is being written
};
[[nodiscard]] std::optional<PostmasterLock> parse_postmaster_lock(std::string_view text);
[[nodiscard]] std::optional<PostmasterLock> read_postmaster_lock(const std::filesystem::path& data_directory);

// Whether a living process is a PostgreSQL server that works in this data directory.
[[nodiscard]] bool works_in(pid_t process, const std::filesystem::path& data_directory);
// Whether any process works there (a server's children outlive it for a moment).
[[nodiscard]] bool anybody_works_in(const std::filesystem::path& data_directory);

// The socket folder for a cluster folder: inside it if its path leaves room for a socket address (107 bytes),
// else a short one.
[[nodiscard]] std::filesystem::path socket_directory_for(const std::filesystem::path& cluster_folder);

// Folders of installed server programs; `major` selects a version. Throws Error(Unavailable) when there is
// none.
[[nodiscard]] std::filesystem::path find_binaries(std::optional<int> major);
[[nodiscard]] std::optional<int> major_version_of(const std::filesystem::path& data_directory);
// The text that refuses a cluster of a version that is not installed, with the commands that move it.
[[nodiscard]] std::string explain_other_version(const std::filesystem::path& cluster_folder, int stored,
                                                int installed);

// As root: the system user, created if missing. Otherwise none.
[[nodiscard]] std::optional<Identity> system_identity(const std::string& system_user);

void write_private_file(const std::filesystem::path& path, std::string_view text,
                        const std::optional<Identity>& owner);
// Creates it for this owner, or checks that it is one; links are refused. `mode` 0710 lets the owner's group
// pass through.
void make_private_directory(const std::filesystem::path& path, const std::optional<Identity>& owner,
                            mode_t mode = 0700);
// Throws Error(Configuration) naming the folder that the user can't pass.
void require_passable(const std::filesystem::path& path, const std::optional<Identity>& identity);
[[nodiscard]] std::optional<std::string> read_small_file(const std::filesystem::path& path);

}  // namespace curfew::store
