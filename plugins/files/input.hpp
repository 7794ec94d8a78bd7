// Files, folders and archives as inputs of a connector: each plain file among them, one after the other.
//
//   for (const std::string& path : expand_inputs({"/var/log/nginx"}))
//     read_input(path, limits, unreadable, [&](const std::string& entry, Bytes& bytes) { … });
//
// .zip, .tar, .tar.gz, .gz and what else libarchive opens, one level deep; told by the first bytes, not by
// the name. Archives' shadow entries (`__MACOSX`, `._*`) are passed over.
//
// Threads: one input on one thread. Owns: nothing after the call. Fails: std::runtime_error when `path` isn't
// there; what can't be read within an archive is told with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/files/bytes.hpp"

namespace curfew::files {

struct InputLimits {
  std::uint64_t expanded_bytes = std::uint64_t{16} << 30U;  // of one archive, together
  std::uint64_t entry_bytes = std::uint64_t{4} << 30U;      // of one document that is taken whole
  std::uint64_t entries = 100'000;
  std::size_t line_bytes = std::size_t{8} << 20U;
};

// `entry`: the member of an archive; empty for a file as it is.
using TakeInput = std::function<void(const std::string& entry, Bytes& bytes)>;

[[nodiscard]] bool is_archive(std::string_view head);

// Files as they are; folders to all files below, sorted by path; hidden files left out.
[[nodiscard]] std::vector<std::string> expand_inputs(const std::vector<std::string>& paths);

// True when it was an archive.
bool read_input(const std::string& path, const InputLimits& limits, const Unreadable& unreadable,
                const TakeInput& take);
// The same for bytes in memory: what tests and fuzzers feed.
bool read_bytes(std::string_view bytes, const InputLimits& limits, const Unreadable& unreadable,
                const TakeInput& take);

}  // namespace curfew::files
