#include "core/app/system_user.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/base/error.hpp"
#include "core/store/cluster_files.hpp"

namespace curfew::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* user_name = "curfew";

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw Error(ErrorKind::Configuration, path.string() + ": " + what);
}

}  // namespace

std::optional<store::Identity> daemon_user() { return store::system_identity(user_name); }

void hand_over_folder(const fs::path& folder, const store::Identity& user) {
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) refuse(folder, std::string("can't be opened: ") + std::strerror(errno));
  struct stat found {};
  const bool known = ::fstat(directory, &found) == 0;
  std::error_code error;
  // Whole trees are never given away: what lies in a folder that others may write may be a link of theirs.
  const bool given =
      known && (found.st_uid == user.user || (found.st_uid == 0 && fs::is_empty(folder, error) && !error &&
                                              ::fchown(directory, user.user, user.group) == 0));
  ::close(directory);
  if (!given)
    refuse(folder, "the daemon goes on as the system user '" + user.name +
                       "', to whom this folder does not belong: choose another 'data', or run `chown " +
                       user.name + ": " + folder.string() + "` and give it the files that it needs there");
}

void create_file_for(const fs::path& file, const store::Identity& user) {
  const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (made < 0 && errno == EEXIST) return;
  const bool ok =
      made >= 0 && ::fchown(made, user.user, user.group) == 0 && ::fchmod(made, 0644) == 0;  // past the umask
  const int error = errno;
  if (made >= 0) ::close(made);
  if (!ok) refuse(file, std::string("can't be made: ") + std::strerror(error));
}

void leave_root(const store::Identity& user) {
  if (!store::become_user(user))
    throw Error(ErrorKind::Internal, "root can't be left for the system user '" + user.name +
                                         "': " + std::strerror(errno) + "; start curfew as an ordinary user");
  // libpq and others look for files of their own at home, and root's can't be read any more.
  ::setenv("HOME", "/nonexistent", 1);
  ::setenv("USER", user.name.c_str(), 1);
  ::setenv("LOGNAME", user.name.c_str(), 1);
}

}  // namespace curfew::app
