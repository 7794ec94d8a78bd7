// Windows events as XML: what `wevtutil` and the event viewer export, and what libevtx renders.
//
//   WindowsEvent event;
//   if (parse_xml_event("<Event xmlns='…'><System>…</System>…</Event>", event)) { … }
//
// Knows the event schema, not XML at large: no DTD, no entities beyond the five and character references.
// Threads: pure functions; a splitter belongs to one thread. Owns: an event that is cut by a chunk's end.
// Fails: parse returns false (no event id or no time); nothing throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

// `xml` begins with "<Event" and ends with its end tag; what else it holds is passed over.
[[nodiscard]] bool parse_xml_event(std::string_view xml, WindowsEvent& event);

// Cuts a stream of bytes (a root `<Events>`, or one event after the other) into events.
class XmlEventSplitter {
 public:
  explicit XmlEventSplitter(RecordSink& sink) : sink_(sink) {}
  void feed(std::string_view bytes);
  void finish();
  // Bytes of whole events taken so far.
  [[nodiscard]] std::uint64_t taken() const { return offset_; }

 private:
  void take(std::string_view xml);

  RecordSink& sink_;
  std::string pending_;
  std::uint64_t offset_ = 0;  // of pending_ in the stream
  std::uint64_t position_ = 0;
};

}  // namespace curfew::windows
