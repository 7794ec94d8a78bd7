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
#include <memory>
#include <string>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

class EventSorter {
 public:
  explicit EventSorter(std::size_t memory_bytes);
  ~EventSorter();

  void add(const WindowsEvent& event);
  void sort();
  [[nodiscard]] bool next(WindowsEvent& event);
  [[nodiscard]] std::uint64_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::windows
