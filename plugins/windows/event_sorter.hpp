// Sorts any number of events by time in bounded memory: what doesn't fit goes to a temporary file that has no
// name.
//
//   EventSorter sorter(64 << 20);
//   sorter.add(event); …; sorter.sort();
//   while (sorter.next(event)) { … }
//
// The order is time, computer, record number, event id, place in the input, content: so it doesn't depend on
// the order in which inputs were given.
//
// Threads: one at a time. Owns: events and temporary files. Fails: std::runtime_error when the temporary file
// can't be written.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/files/record_sorter.hpp"
#include "plugins/windows/event.hpp"

namespace curfew::windows {

class EventSorter {
 public:
  explicit EventSorter(std::size_t memory_bytes) : records_(memory_bytes) {}

  void add(const WindowsEvent& event);
  void sort() { records_.sort(); }
  [[nodiscard]] bool next(WindowsEvent& event);
  [[nodiscard]] std::uint64_t size() const { return records_.size(); }

 private:
  files::RecordSorter records_;
  std::string bytes_;
};

}  // namespace curfew::windows
