// How far a provider's log was read, as the text that the host keeps: where the next page is, and when the
// log was last read to its end.
//
//   const std::string text = to_text({.next = "/api/v1/logs?after=…", .polled = now});
//   const LogCursor cursor = read_log_cursor(text);
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure: Failed for a text of somebody else, or a
// place that is longer than the host keeps.
#pragma once

#include <string>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

struct LogCursor {
  std::string next;       // as the provider has it: a path, or the id of a record
  plugin::Time polled{};  // by the provider's clock; Time{}: never
};

[[nodiscard]] std::string to_text(const LogCursor& cursor);
[[nodiscard]] LogCursor read_log_cursor(const std::string& text);

}  // namespace curfew::oauth
