// The event of one record, from its binary XML.
//
//   RecordReader reader;
//   reader.begin(chunk);
//   if (reader.read(record.begin(), record.end(), event)) { … }
//
// Threads: one at a time. Owns: the chunk's programs and some memory that all records share. Fails: false for
// what is damaged: an index or a size that leads out of the record, values that aren't of their type, nesting
// deeper than 16, more work than any record needs, no id or no time. The event is then of no meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/event.hpp"
#include "plugins/windows/evtx/program.hpp"
#include "plugins/windows/evtx/value.hpp"

namespace curfew::windows::evtx {

class RecordReader {
 public:
  // What `chunk` points to must stay as it is until the next one begins.
  void begin(std::string_view chunk);
  [[nodiscard]] bool read(std::size_t begin, std::size_t end, WindowsEvent& event);

 private:
  // Where the values of an instance lie in values_.
  struct Instance {
    std::size_t first = 0, count = 0;
  };

  bool read_fragment(std::size_t begin, std::size_t end, Section section, bool is_value);
  bool read_instance(Cursor& in, Section section);
  bool read_values(Cursor& in, Instance& instance);
  bool run(const Program& program, const Instance& instance);
  bool set_value(const Step& step, Value value, const Instance& instance);
  bool set(const Step& step, const Value& value, const Instance& instance);
  bool set_text(const Step& step, std::string_view text, const Instance& instance);
  bool append(std::uint32_t first, std::uint32_t count, const Instance& instance, std::string& out);
  [[nodiscard]] bool spend(std::size_t work);

  std::string_view chunk_;
  Programs programs_;
  std::vector<Value> values_;  // of this instance behind those of the ones around it
  std::string text_, name_;
  std::string unnamed_;  // Data without names, one behind the other
  std::vector<std::size_t> unnamed_ends_;
  WindowsEvent* event_ = nullptr;
  bool has_id_ = false, has_time_ = false;
  std::size_t depth_ = 0, work_ = 0;
};

}  // namespace curfew::windows::evtx
