#include "core/outlet/receiver_secret.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/error.hpp"
#include "core/outlet/receiver_stream.hpp"

namespace curfew::outlet {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(ErrorKind::Unavailable, path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

std::string keep_secret(const std::string& folder, const std::string& secret) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string name = random_id();
  const std::string path = folder + "/" + name;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) fail(path, "can't be created");
  const bool written = ::write(file, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) &&
                       ::fsync(file) == 0;
  ::close(file);
  if (!written) fail(path, "can't be written");
  // What the database will name must be found after a power cut too.
  const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) fail(folder, "can't be opened");
  const bool is_durable = ::fsync(at) == 0;
  ::close(at);
  if (!is_durable) fail(folder, "can't be written");
  return name;
}

std::string secret_of(const std::string& folder, const std::string& file) {
  const std::string path = folder + "/" + file;
  std::ifstream in(path, std::ios::binary);
  std::string secret((std::istreambuf_iterator<char>(in)), {});
  if (!in.is_open() || secret.empty()) fail(path, "this secret of a receiver's stream can't be read");
  return secret;
}

void drop_secret(const std::string& folder, const std::string& file) {
  std::error_code error;
  if (!file.empty()) std::filesystem::remove(folder + "/" + file, error);
}

}  // namespace curfew::outlet
