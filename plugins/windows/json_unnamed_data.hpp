// A record's data without names, as collectors write it in JSON: `param1`, `param2`, … (Winlogbeat); a list,
// below `Data` or in its place; NXLog has the rendered text alone.
//
//   UnnamedData unnamed;
//   if (!unnamed.take(key, value)) event.set(key, …);
//   unnamed.apply(event);                              // once the whole record is there
//
// Threads: an object belongs to one thread. Owns: views of strings, valid as long as the document. Fails:
// never.
#pragma once

#include <simdjson.h>

#include <string_view>
#include <vector>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

class UnnamedData {
 public:
  // False for what is none of it.
  bool take(std::string_view key, const simdjson::dom::element& value);
  void take_list(const simdjson::dom::element& value);
  void take_message(const simdjson::dom::element& value);
  void apply(WindowsEvent& event) const;

 private:
  std::vector<std::string_view> values_;
  std::string_view message_;
};

}  // namespace curfew::windows
