// What to read: files, folders, archives; and what form it has, told by its content, not its name.
//
//   for (const std::string& path : expand_inputs({"/var/log/windows"})) read_input(path, sink, limits);
//
// EVTX, XML, JSON documents, lines of JSON or XML, Samba's audit log; archives of these (plugins/files).
// Texts in UTF-16 are read too.
//
// Threads: one input on one thread. Owns: nothing after the call. Fails: std::runtime_error when `path` isn't
// there; what can't be read within it goes to the sink with its place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/files/input.hpp"
#include "plugins/windows/event.hpp"

namespace curfew::windows {

using files::expand_inputs;
using files::InputLimits;

enum class Format : std::uint8_t { Evtx, Xml, Json, Text, Archive, Empty, Unknown };
[[nodiscard]] const char* name_of(Format format) noexcept;
// From the first bytes; `head` may be up to some KiB.
[[nodiscard]] Format recognise(std::string_view head);

// Returns the format, for coverage.
Format read_input(const std::string& path, RecordSink& sink, const InputLimits& limits = {});

// The same for bytes in memory: what tests and fuzzers feed.
Format read_bytes(std::string_view bytes, RecordSink& sink, const InputLimits& limits = {});

}  // namespace curfew::windows
