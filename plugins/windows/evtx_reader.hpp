// EVTX files.
//
//   read_evtx("/var/log/corp/Security.evtx", sink);
//
// The format's parts are in evtx/. Records in the slack of chunks, and in chunks that the file's header
// doesn't count, go to RecordSink::recovered. Of a damaged file, what is readable is read; chunks and records
// that aren't are told with their place.
//
// Threads: one file on one thread. Owns: nothing after the call. Fails: never; a file that can't be opened at
// all is one unreadable place.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

struct EvtxRange {
  std::uint64_t after_record = 0;  // records up to this number are passed over
  bool with_recovered = true;
};

// Returns the number of the newest record: the one in its header; an exported log counts anew there, and
// keeps the old ones inside.
std::uint64_t read_evtx(const std::string& path, RecordSink& sink, EvtxRange range = {});

}  // namespace curfew::windows
