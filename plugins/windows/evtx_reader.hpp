// EVTX files, by libevtx.
//
//   read_evtx("/var/log/corp/Security.evtx", sink);
//
// Records that libevtx finds in the slack of chunks go to RecordSink::recovered. Of a damaged file, what is
// readable is read; chunks and records that aren't are told with their place.
//
// Threads: one file on one thread. Owns: nothing after the call. Fails: never; a file that can't be opened at
// all is one unreadable place.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

struct EvtxRange {
  std::uint64_t after_record = 0;  // records up to this number are passed over
  bool with_recovered = true;
  // Where the chunks lie in the file that they were copied from; empty: this is the file.
  std::span<const std::uint64_t> places;
};

// Returns the number of the newest record.
std::uint64_t read_evtx(const std::string& path, RecordSink& sink, EvtxRange range = {});

}  // namespace curfew::windows
