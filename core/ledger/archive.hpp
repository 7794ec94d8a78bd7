// The archive that an evidence bundle is: POSIX ustar with regular files only, in one form for given members
// (docs/ledger-format.md, section 12). Any tar opens it; a reader need not guess what else a header may say,
// because every header, every padding byte and the end are known once name and size are.
//
//   ArchiveWriter archive; archive.add("README", text); std::string bytes = archive.finish();
//   ReadArchive read = read_archive(bytes);            // read.members[0].content views into `bytes`
//
// Threads: values. Owns: a writer its bytes; what was read views into the archive. Fails: add throws
// Error(Internal) for a name that can't be one; reading never throws, it stops where the form ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::ledger {

inline constexpr std::size_t archive_block = 512;
inline constexpr std::size_t most_members = 60'000;

// Parts of A-Z a-z 0-9 . _ - between single slashes, none beginning with a dot, at most 100 characters.
[[nodiscard]] bool is_member_name(std::string_view name);

class ArchiveWriter {
 public:
  void add(std::string_view name, std::string_view content);
  [[nodiscard]] std::string finish();

 private:
  std::string bytes_;
};

struct ArchiveMember {
  std::string_view name;
  std::string_view content;
  std::size_t offset = 0;  // of its header
};

struct ReadArchive {
  std::vector<ArchiveMember> members;  // up to where the form ends
  std::string broken;                  // where and why it isn't the form; empty: all of it is
};
[[nodiscard]] ReadArchive read_archive(std::string_view bytes);

}  // namespace curfew::ledger
