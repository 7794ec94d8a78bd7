// EVTX files by another reader (libevtx, as XML text, which xml_reader reads): what ours is compared with.
//
//   oracle::read_evtx("Security.evtx", sink);
//
// Of the damage it tells only how many records it couldn't read, not where.
// Threads: one file on one thread. Owns: nothing after the call. Fails: never; what it can't read is
// unreadable.
#pragma once

#include <string>

#include "plugins/windows/event.hpp"

namespace curfew::windows::oracle {

void read_evtx(const std::string& path, RecordSink& sink);

}  // namespace curfew::windows::oracle
