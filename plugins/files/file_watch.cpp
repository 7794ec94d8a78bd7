#include "plugins/files/file_watch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "plugins/files/input.hpp"
#include "plugins/files/text_tail.hpp"

namespace curfew::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t head_bytes = 4096;
constexpr std::size_t most_complaints = 1000;

std::string identity_of(const struct stat& status) {
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::string head_of(int file) {
  std::string head(head_bytes, '\0');
  const ssize_t got = ::pread(file, head.data(), head.size(), 0);
  head.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return head;
}

}  // namespace

void FileWatch::complain(std::string text) {
  if (complained_.size() > most_complaints) complained_.clear();
  if (complained_.insert(text).second) complaints_.push_back(std::move(text));
}

std::vector<std::string> FileWatch::take_complaints() { return std::exchange(complaints_, {}); }

void FileWatch::consider(const std::string& path, bool only_if_known, const Take& take) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    complain(path + ": can't be read: " + reason(errno) + "; check path and rights");
    misses_some_ = misses_some_ || !only_if_known;
    return;
  }
  if (!S_ISREG(status.st_mode)) return;
  FoundFile found;
  found.identity = identity_of(status);
  if (const auto known = known_.find(found.identity); known != known_.end()) {
    known->second.path = path;
    known->second.is_named = true;
    return;
  }
  found.cursor = recall_ ? recall_(found.identity) : std::nullopt;
  if (only_if_known && !found.cursor) return;
  if (status.st_size == 0) return;
  found.file = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (found.file.get() < 0) {
    complain(path + ": can't be read: " + reason(errno) + "; check its rights");
    misses_some_ = true;
    return;
  }
  found.head = head_of(found.file.get());
  if (found.head.empty()) return;
  found.path = path;
  found.size = static_cast<std::uint64_t>(status.st_size);
  found.is_named = std::find(paths_.begin(), paths_.end(), path) != paths_.end();
  const std::string identity = found.identity;
  if (take(std::move(found))) known_[identity].path = path;
}

void FileWatch::look(const Take& take) {
  for (auto& [identity, known] : known_) known.is_named = false;
  misses_some_ = false;
  for (const std::string& path : paths_) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      std::vector<std::string> files;
      try {
        files = expand_inputs({path});
      } catch (const std::runtime_error& failure) {
        complain(failure.what());
        misses_some_ = true;
      }
      for (const std::string& file : files) consider(file, false, take);
      continue;
    }
    // A file that was rotated while nobody looked: its old content lies beside it.
    const fs::path whole(path);
    if (is_first_look_) {
      for (auto it = fs::directory_iterator(whole.parent_path(), error);
           !error && it != fs::directory_iterator(); it.increment(error)) {
        const std::string name = it->path().filename().string();
        // As log writers do, and as Windows does with a full log ("Archive-Security-2026-11-21-…evtx").
        if ((name.size() > whole.filename().string().size() && name.starts_with(whole.filename().string())) ||
            name.starts_with("Archive-" + whole.stem().string() + "-"))
          consider(it->path().string(), true, take);
      }
    }
    consider(path, false, take);
  }
  is_first_look_ = false;
}

bool FileWatch::is_gone(const std::string& identity, Time now, Duration grace) {
  const auto found = known_.find(identity);
  if (found == known_.end()) return true;
  Known& known = found->second;
  if (known.is_named) {
    known.unnamed_since = Time{};
    return false;
  }
  if (known.unnamed_since == Time{}) known.unnamed_since = now;
  return now - known.unnamed_since >= grace;
}

std::string FileWatch::path_of(const std::string& identity) const {
  const auto found = known_.find(identity);
  return found == known_.end() ? std::string{} : found->second.path;
}

std::optional<FoundFile> FileWatch::find_copy(const std::string& identity, const std::string& print,
                                              std::uint64_t at_least) {
  const fs::path whole(path_of(identity));
  const std::string own = whole.filename().string();
  std::error_code error;
  for (auto it = fs::directory_iterator(whole.parent_path(), error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.size() <= own.size() || !name.starts_with(own)) continue;
    FoundFile found;
    found.path = it->path().string();
    found.file = Descriptor(::open(found.path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (found.file.get() < 0 || ::fstat(found.file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    found.size = static_cast<std::uint64_t>(status.st_size);
    if (found.size < at_least || fingerprint_like(found.file.get(), print) != print) continue;
    found.identity = identity_of(status);
    found.head = head_of(found.file.get());
    return found;
  }
  return std::nullopt;
}

}  // namespace curfew::files
