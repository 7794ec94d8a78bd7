// A folder of its own for a test, gone when the test is over.
//
//   support::TemporaryDirectory folder;
//   write(folder.path() / "policies.yaml");
//
// Threads: one. Owns: the folder. Fails: Error(Unavailable).
#pragma once

#include <filesystem>

namespace curfew::support {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace curfew::support
