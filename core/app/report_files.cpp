#include "core/app/report_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "core/base/error.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t most_file_bytes = std::size_t{256} << 20U;

void fail(const std::string& path, const char* what) {
  throw Error(ErrorKind::Unavailable, path + ": " + what + ": " + std::generic_category().message(errno));
}

}  // namespace

std::string report_file(std::string_view report, std::string_view period, std::string_view ending) {
  return std::string(report) + "-" + std::string(period) + std::string(ending);
}

void write_report_file(const std::string& path, const std::string& bytes) {
  const std::string draft = path + ".part";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(draft, "can't be written");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  const bool whole = done == bytes.size() && ::fsync(file) == 0;
  ::close(file);
  if (!whole) fail(draft, "can't be written");
  if (::rename(draft.c_str(), path.c_str()) != 0) fail(path, "can't be put in place");
  const int folder =
      ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

std::string read_report_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > most_file_bytes || error)
    throw Error(ErrorKind::Unavailable, path + ": is gone, or larger than a report can be");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(ErrorKind::Unavailable, path + ": can't be read");
  return text.str();
}

}  // namespace curfew::app
