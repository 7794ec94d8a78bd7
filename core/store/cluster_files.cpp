#include "core/store/cluster_files.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int oldest_major = 15;
// sun_path holds 108 bytes with its end; the socket's file name is 16 bytes with its slash.
constexpr std::size_t most_socket_directory = 107 - std::string_view("/.s.PGSQL.5432.lock").size();

std::optional<int> parse_int(std::string_view text) {
  text = base::trim(text);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string errno_text() { return std::strerror(errno); }

}  // namespace

std::optional<std::string> read_small_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(64 * 1024, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::optional<PostmasterLock> parse_postmaster_lock(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(base::trim(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  lines.resize(8);
  const auto process = parse_int(lines[0]);
  if (!process || *process == 0) return std::nullopt;
  // A stand-alone backend writes its number negated.
  return PostmasterLock{std::abs(*process), lines[1], lines[4], lines[5], lines[7]};
}

std::optional<PostmasterLock> read_postmaster_lock(const fs::path& data_directory) {
  const auto text = read_small_file(data_directory / "postmaster.pid");
  return text ? parse_postmaster_lock(*text) : std::nullopt;
}

bool works_in(pid_t process, const fs::path& data_directory) {
  std::error_code ignored_missing;
  const fs::path where = fs::read_symlink("/proc/" + std::to_string(process) + "/cwd", ignored_missing);
  if (ignored_missing) return false;
  std::error_code failed;
  const fs::path wanted = fs::canonical(data_directory, failed);
  return !failed && where == wanted;
}

bool anybody_works_in(const fs::path& data_directory) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/proc", failed)) {
    const auto process = parse_int(entry.path().filename().string());
    if (process && works_in(*process, data_directory)) return true;
  }
  return false;
}

fs::path socket_directory_for(const fs::path& cluster_folder) {
  const fs::path inside = cluster_folder / "run";
  if (inside.string().size() <= most_socket_directory) return inside;
  const std::string name = "curfew-" + base::to_hex(base::sha256(cluster_folder.string())).substr(0, 16);
  const fs::path base_folder = geteuid() == 0 && fs::is_directory("/run") ? "/run" : "/tmp";
  return base_folder / name;
}

fs::path find_binaries(std::optional<int> major) {
  std::vector<std::pair<int, fs::path>> found;
  const auto consider = [&](const fs::path& folder) {
    if (!fs::exists(folder / "postgres") || !fs::exists(folder / "initdb")) return;
    const Finished answer = run({.arguments = {(folder / "postgres").string(), "--version"},
                                 .identity = std::nullopt,
                                 .output_file = {},
                                 .own_session = false},
                                10s);
    // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
    const auto at = answer.output.find(") ");
    if (!answer.ok() || at == std::string::npos) return;
    const std::string_view rest = std::string_view(answer.output).substr(at + 2);
    const auto number = parse_int(rest.substr(0, rest.find_first_not_of("0123456789")));
    if (number && *number >= oldest_major) found.emplace_back(*number, folder);
  };
  std::error_code failed;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", failed)) {
    consider(version.path() / "bin");
  }
  if (found.empty() && fs::exists("/usr/bin/pg_config")) {
    const Finished answer = run({.arguments = {"/usr/bin/pg_config", "--bindir"},
                                 .identity = std::nullopt,
                                 .output_file = {},
                                 .own_session = false},
                                10s);
    if (answer.ok()) consider(std::string(base::trim(answer.output)));
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    throw Error(
        ErrorKind::Unavailable,
        "no PostgreSQL server of version 15 or newer is installed: run `apt-get install postgresql-15`, or "
        "give a server with `database: {url: …}` in the configuration");
  }
  if (!major) return found.back().second;
  for (const auto& [number, folder] : found) {
    if (number == *major) return folder;
  }
  return {};
}

std::optional<int> major_version_of(const fs::path& data_directory) {
  const auto text = read_small_file(data_directory / "PG_VERSION");
  return text ? parse_int(*text) : std::nullopt;
}

std::string explain_other_version(const fs::path& cluster_folder, int stored, int installed) {
  const std::string folder = cluster_folder.string();
  const std::string from = std::to_string(stored);
  const std::string to = std::to_string(installed);
  return folder + "/cluster was made by PostgreSQL " + from + ", which is not installed (version " + to +
         " is). Install postgresql-" + from +
         " to go on with it as it is; or move it, as the cluster's user, with " + "`/usr/lib/postgresql/" +
         to + "/bin/initdb -D " + folder + "/cluster." + to +
         " --no-locale --encoding=UTF8 --data-checksums --username=curfew_admin` and `/usr/lib/postgresql/" +
         to + "/bin/pg_upgrade --old-bindir=/usr/lib/postgresql/" + from +
         "/bin --new-bindir=/usr/lib/postgresql/" + to + "/bin --old-datadir=" + folder +
         "/cluster --new-datadir=" + folder + "/cluster." + to +
         " --username=curfew_admin`, then put the new folder in the old one's place (docs/operations.md)";
}

std::optional<Identity> system_identity(const std::string& system_user) {
  if (geteuid() != 0) return std::nullopt;
  const auto look_up = [&]() -> std::optional<Identity> {
    passwd entry{};
    passwd* result = nullptr;
    std::array<char, 4096> buffer{};
    if (getpwnam_r(system_user.c_str(), &entry, buffer.data(), buffer.size(), &result) != 0 ||
        result == nullptr) {
      return std::nullopt;
    }
    return Identity{entry.pw_uid, entry.pw_gid, system_user};
  };
  std::string reason = "there is no /usr/sbin/useradd";
  // useradd locks /etc/passwd: when two of us start at once, one of them finds it locked.
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (auto identity = look_up()) {
      if (identity->user == 0) {
        throw Error(ErrorKind::Configuration,
                    "the system user '" + system_user +
                        "' is root: give it a number of its own, or name another user");
      }
      return identity;
    }
    if (!fs::exists("/usr/sbin/useradd")) break;
    const Finished added =
        run({.arguments = {"/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
                           "/nonexistent", "--shell", "/usr/sbin/nologin", system_user},
             .identity = std::nullopt,
             .output_file = {},
             .own_session = false},
            30s);
    if (added.ok()) continue;
    reason = std::string(base::trim(added.output));
    std::this_thread::sleep_for(100ms);
  }
  throw Error(ErrorKind::Unavailable,
              "neither curfew nor its database goes on as root, and the system user '" + system_user +
                  "' can't be created (" + reason + "): run `useradd --system --user-group " + system_user +
                  "`, or start curfew as an ordinary user");
}

void write_private_file(const fs::path& path, std::string_view text, const std::optional<Identity>& owner) {
  const fs::path next = path.string() + ".new";
  const int file = open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  const auto fail = [&](const fs::path& at) {
    throw Error(ErrorKind::Unavailable, "can't write " + at.string() + ": " + errno_text());
  };
  if (file < 0) fail(next);
  bool ok = fchmod(file, 0600) == 0;
  if (ok && owner) ok = fchown(file, owner->user, owner->group) == 0;
  while (ok && !text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    ok = written > 0;
    if (ok) text.remove_prefix(static_cast<std::size_t>(written));
  }
  ok = ok && fsync(file) == 0;
  close(file);
  if (!ok || rename(next.c_str(), path.c_str()) != 0) fail(path);
}

void make_private_directory(const fs::path& path, const std::optional<Identity>& owner, mode_t mode) {
  const uid_t user = owner ? owner->user : geteuid();
  if (mkdir(path.c_str(), 0700) == 0) {
    // chmod last: the umask does not hold it back, and chown never clears what it sets.
    if ((owner && chown(path.c_str(), owner->user, owner->group) != 0) || chmod(path.c_str(), mode) != 0) {
      throw Error(ErrorKind::Unavailable, "can't give " + path.string() + " to " +
                                              (owner ? owner->name : std::to_string(user)) + ": " +
                                              errno_text());
    }
    return;
  }
  struct stat found {};
  if (errno != EEXIST || lstat(path.c_str(), &found) != 0) {
    throw Error(ErrorKind::Unavailable, "can't create the folder " + path.string() + ": " + errno_text());
  }
  // A folder below /tmp that somebody else put there would give them our socket.
  const bool open_to_others =
      (found.st_mode & 077 & ~mode) != 0 || (owner && (mode & 070) != 0 && found.st_gid != owner->group);
  if (!S_ISDIR(found.st_mode) || found.st_uid != user || open_to_others) {
    throw Error(ErrorKind::Configuration,
                path.string() + " must be a folder of user " + (owner ? owner->name : std::to_string(user)) +
                    ((mode & 070) != 0 ? " and of the group that the daemon runs as, with mode 0710"
                                       : " with mode 0700") +
                    ": move it away, or change it with chown and chmod");
  }
}

void require_passable(const fs::path& path, const std::optional<Identity>& identity) {
  if (!identity) return;
  fs::path walked;
  for (const fs::path& part : path.parent_path()) {
    walked /= part;
    struct stat found {};
    if (stat(walked.c_str(), &found) != 0) {
      throw Error(ErrorKind::Unavailable, "can't look at " + walked.string() + ": " + errno_text());
    }
    const bool passable = found.st_uid == identity->user    ? (found.st_mode & S_IXUSR) != 0
                          : found.st_gid == identity->group ? (found.st_mode & S_IXGRP) != 0
                                                            : (found.st_mode & S_IXOTH) != 0;
    if (!passable) {
      throw Error(ErrorKind::Configuration,
                  "as root, Curfew goes on as the system user '" + identity->name + "', which can't enter " +
                      walked.string() +
                      ": choose a data directory elsewhere (such as /var/lib/curfew), or run `chmod o+x " +
                      walked.string() + "`");
    }
  }
}

}  // namespace curfew::store
