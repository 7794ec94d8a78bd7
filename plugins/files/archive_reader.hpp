// Archives: .zip, .tar, .tar.gz, a lone .gz, and what else libarchive opens, entry by entry.
//
//   read_archive({file, {}}, limits, unreadable, [&](const std::string& name, Bytes& bytes) { … });
//
// An archive is read to its very end: one that was cut off between two members, or in the last bytes of its
// packing, has whole members and is damaged all the same.
//
// Threads: one archive on one thread. Owns: nothing after the call. Fails: never; what can't be read is told
// with its place.
#pragma once

#include <string_view>

#include "plugins/files/bytes.hpp"
#include "plugins/files/input.hpp"

namespace curfew::files {

// A file that is open at its beginning, or bytes in memory.
struct ArchiveSource {
  int file = -1;
  std::string_view bytes;
};

void read_archive(ArchiveSource source, const InputLimits& limits, const Unreadable& unreadable,
                  const TakeInput& take);

}  // namespace curfew::files
