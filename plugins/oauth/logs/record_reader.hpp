// A log's bytes as what it consists of: JSON values, one a line or in documents and lists; rows of tables, as
// the values that they were made of; and lines of text.
//
//   read_records(bytes, sink, {.name = path});
//
// How it is written is told by its first bytes. JSON a line may have text before it (syslog). A list of any
// length is read member by member; one value may have 16 MiB.
//
// Threads: one input on one thread. Owns: nothing after the call. Fails: never; what can't be read goes to
// the sink with its place. What the sink throws passes through.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "plugins/files/bytes.hpp"
#include "plugins/files/input.hpp"
#include "plugins/oauth/logs/log_lines.hpp"
#include "plugins/oauth/logs/table_rows.hpp"

namespace curfew::oauth::logs {

enum class Writing : std::uint8_t { Empty, Unknown, JsonLines, JsonDocuments, Lines, Table };

struct Recognised {
  Writing writing = Writing::Unknown;
  LineKind lines = LineKind::None;
};
// From the first bytes, up to some KiB.
[[nodiscard]] Recognised recognise(std::string_view head);

class ValueSink {
 public:
  virtual ~ValueSink() = default;
  virtual void value(const simdjson::dom::element& value, const std::string& place) = 0;
  virtual void line(LineKind kind, std::string_view line, const std::string& place) = 0;
  // It goes on with the line before.
  virtual void continued() = 0;
  virtual void unreadable(const std::string& place, std::string_view why) = 0;
};

// `of`: what a table doesn't say of itself.
void read_records(files::Bytes& bytes, ValueSink& sink, const TableOf& of = {});

}  // namespace curfew::oauth::logs
