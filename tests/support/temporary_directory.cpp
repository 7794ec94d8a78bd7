#include "tests/support/temporary_directory.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/base/error.hpp"

namespace curfew::support {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "curfew-test-XXXXXX").string();
  // 0711: as root, the database's user must be able to pass through.
  if (mkdtemp(name.data()) == nullptr || chmod(name.c_str(), 0711) != 0) {
    throw Error(ErrorKind::Unavailable,
                "can't create a temporary folder " + name + ": " + std::strerror(errno));
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code leftover;
  std::filesystem::remove_all(path_, leftover);
}

}  // namespace curfew::support
