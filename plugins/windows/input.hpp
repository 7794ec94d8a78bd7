// What to read: files, folders, archives; and what form it has, told by its content, not its name.
//
//   for (const std::string& path : expand_inputs({"/var/log/windows"})) read_input(path, sink, limits);
//
// EVTX, XML, JSON documents, lines of JSON or XML, Samba's audit log; .zip, .tar, .tar.gz, .gz and what else
// libarchive opens, one level deep. Archives' shadow entries (`__MACOSX`, `._*`) are passed over. Texts in
// UTF-16 are read too.
//
// Threads: one input on one thread. Owns: nothing after the call. Fails: std::runtime_error when `path` isn't
// there; what can't be read within it goes to the sink with its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

struct InputLimits {
  std::uint64_t expanded_bytes = std::uint64_t{16} << 30U;  // of one archive, together
  std::uint64_t entry_bytes = std::uint64_t{4} << 30U;      // of one EVTX file or JSON document
  std::uint64_t entries = 100'000;
  std::size_t line_bytes = std::size_t{8} << 20U;
};

enum class Format : std::uint8_t { Evtx, Xml, Json, Text, Archive, Empty, Unknown };
[[nodiscard]] const char* name_of(Format format) noexcept;
// From the first bytes; `head` may be up to some KiB.
[[nodiscard]] Format recognise(std::string_view head);

// Files as they are; folders to all files below, sorted by path; hidden files left out.
[[nodiscard]] std::vector<std::string> expand_inputs(const std::vector<std::string>& paths);

// Returns the format, for coverage.
Format read_input(const std::string& path, RecordSink& sink, const InputLimits& limits = {});

// The same for bytes in memory: what tests and fuzzers feed.
Format read_bytes(std::string_view bytes, RecordSink& sink, const InputLimits& limits = {});

}  // namespace curfew::windows
