// Archives: .zip, .tar, .tar.gz, a lone .gz, and what else libarchive opens, entry by entry.
//
//   read_archive({file, {}}, limits, sink, [&](const std::string& name, Bytes& bytes, RecordSink& sink) { …
//   });
//
// An archive is read to its very end: one that was cut off between two members, or in the last bytes of its
// packing, has whole members and is damaged all the same.
//
// Threads: one archive on one thread. Owns: nothing after the call. Fails: never; what can't be read goes to
// the sink with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

struct InputLimits;

// Where bytes come from: fills `buffer`, 0 at the end, negative when reading failed (`why` says).
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual std::int64_t read(char* buffer, std::size_t size, std::string& why) = 0;
};

// A file that is open at its beginning, or bytes in memory.
struct ArchiveSource {
  int file = -1;
  std::string_view bytes;
};

// `sink` of an entry names the entry in its places.
using TakeEntry = std::function<void(const std::string& name, Bytes& bytes, RecordSink& sink)>;

void read_archive(ArchiveSource source, const InputLimits& limits, RecordSink& sink, const TakeEntry& take);

}  // namespace curfew::windows
