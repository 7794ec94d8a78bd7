#include "plugins/files/input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "plugins/files/archive_reader.hpp"

namespace curfew::files {

bool is_archive(std::string_view head) {
  const auto begins = [&](std::string_view magic) { return head.starts_with(magic); };
  return begins("\x1f\x8b") || begins("PK\x03\x04") || begins("BZh") ||
         begins({"\xfd"
                 "7zXZ\0",
                 6}) ||
         begins("\x28\xb5\x2f\xfd") || begins("7z\xbc\xaf\x27\x1c") ||
         (head.size() > 262 && head.substr(257, 5) == "ustar");
}

std::vector<std::string> expand_inputs(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (auto it =
             fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with('.') || name == "__MACOSX") {
        if (it->is_directory(error)) it.disable_recursion_pending();
        continue;
      }
      if (it->is_regular_file(error)) found.push_back(it->path().string());
    }
    if (error)
      throw std::runtime_error(path + ": can't be listed: " + error.message() + "; check its rights");
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

bool read_input(const std::string& path, const InputLimits& limits, const Unreadable& unreadable,
                const TakeInput& take) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    throw std::runtime_error(path + ": can't be read: " + reason(errno) + "; check path and rights");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || S_ISDIR(status.st_mode))
    throw std::runtime_error(path + ": is no file");
  char magic[512];
  const ssize_t got = ::pread(file.get(), magic, sizeof magic, 0);
  if (got > 0 && is_archive({magic, static_cast<std::size_t>(got)})) {
    read_archive({file.get(), {}}, limits, unreadable, take);
    return true;
  }
  FileBytes bytes(file.get());
  take({}, bytes);
  return false;
}

bool read_bytes(std::string_view bytes, const InputLimits& limits, const Unreadable& unreadable,
                const TakeInput& take) {
  if (is_archive(bytes.substr(0, 512))) {
    read_archive({-1, bytes}, limits, unreadable, take);
    return true;
  }
  MemoryBytes memory(bytes);
  take({}, memory);
  return false;
}

}  // namespace curfew::files
