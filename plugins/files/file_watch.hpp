// Which files there are to follow, by their identity (device and inode): a renamed file stays the one it was,
// a new one under its name is another.
//
//   FileWatch watch({"/var/log/nginx"}, [&](const std::string& identity) { return host.cursor(identity); });
//   watch.look([&](FoundFile&& file) { …; return true; });   // each time: only what is not followed yet
//   if (watch.is_gone(identity, now, grace)) watch.forget(identity);
//
// A path may be a folder (all files below) or a file. Of a file also those beside it that have its name and
// more ("access.log.1") are taken at the first look, when the last run had read of them: a rotation while
// nobody looked.
//
// Threads: one. Owns: nothing open. Fails: never; what can't be read is told by take_complaints, once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugins/files/bytes.hpp"
#include "plugins/files/text.hpp"

namespace curfew::files {

struct FoundFile {
  std::string path, identity;
  Descriptor file;
  std::uint64_t size = 0;
  std::string head;                   // its first bytes, up to 4 KiB
  bool is_named = false;              // by the settings, and not only its folder
  std::optional<std::string> cursor;  // what the last run kept of it
};

class FileWatch {
 public:
  using Recall = std::function<std::optional<std::string>(const std::string& identity)>;
  // True: it is followed from now on. False: ask again at the next look.
  using Take = std::function<bool(FoundFile&&)>;

  FileWatch(std::vector<std::string> paths, Recall recall)
      : paths_(std::move(paths)), recall_(std::move(recall)) {}

  // Empty files are not told: nobody knows yet what they are.
  void look(const Take& take);
  // Whether at the last look a path was not there or could not be read: what it would show, nobody knows.
  [[nodiscard]] bool misses_some() const { return misses_some_; }
  // Cursors are told at the start only.
  void end_recall() { recall_ = nullptr; }
  // No path has named it since `grace`.
  [[nodiscard]] bool is_gone(const std::string& identity, Time now, Duration grace);
  [[nodiscard]] std::string path_of(const std::string& identity) const;
  // What was found otherwise (find_copy) is followed from now on.
  void follow(const std::string& identity, const std::string& path) { known_[identity].path = path; }
  void forget(const std::string& identity) { known_.erase(identity); }
  // Of a file that was emptied in place, the copy that was made of it before: beside it, with its name and
  // more, and the same first bytes.
  [[nodiscard]] std::optional<FoundFile> find_copy(const std::string& identity, const std::string& print,
                                                   std::uint64_t at_least);
  void complain(std::string text);
  [[nodiscard]] std::vector<std::string> take_complaints();

 private:
  struct Known {
    std::string path;
    bool is_named = true;
    Time unnamed_since{};
  };
  void consider(const std::string& path, bool only_if_known, const Take& take);

  std::vector<std::string> paths_;
  Recall recall_;
  std::map<std::string, Known> known_;
  std::set<std::string> complained_;
  std::vector<std::string> complaints_;
  bool is_first_look_ = true;
  bool misses_some_ = false;
};

}  // namespace curfew::files
