// Windows events as JSON, in the shapes that collectors write, and Samba's JSON audit log.
//
//   JsonEvents reader(sink);
//   reader.line(R"({"EventID":4624,"Channel":"Security",…})");      // one record a line
//   reader.document(R"({"events":[{…},{…}]})");                      // a whole file
//
// Shapes: Winlogbeat (`event_data` beside `event_id`, or all below `winlog`), NXLog and its kin (flat),
// `Event.System`/`Event.EventData`, arrays of these, `{"events": […]}`; Samba's Authentication,
// Authorization, passwordChange and dsdbChange, with or without the "JSON Authentication:" prefix.
//
// Times: the event's own where the shape has it. NXLog's `EventTime` is local without a zone; the zone is
// taken from the same record, whose `EventReceivedTime` (local) and `@timestamp` (UTC) are one moment. Where
// only the arrival is known, the event says so.
//
// Threads: an object belongs to one thread. Owns: its parser. Fails: what can't be read goes to the sink.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

class JsonEvents {
 public:
  explicit JsonEvents(RecordSink& sink);
  ~JsonEvents();

  // `place` names the line in complaints.
  void line(std::string_view text, std::string_view place);
  void document(std::string_view text);
  // Whether `text` is one complete JSON value: tells a file of lines from a file that is one document.
  [[nodiscard]] bool is_complete(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::windows
