// What senders put into a request: records in the forms that files have, or Elasticsearch's `_bulk` lines
// around them; packed with gzip or not.
//
//   std::string body = unpacked(request.body, "gzip", most);
//   for (const BulkItem& item : read_bulk(body, "winlogbeat")) …       // POST /_bulk
//   for (const PushedRecord& record : read_records(body)) …            // POST /records
//
// A record that can't be read is an item that says why; it never takes the others with it.
//
// Threads: pure functions. Owns: nothing. Fails: BadBody for a body that is none of these as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

class BadBody : public std::runtime_error {
 public:
  BadBody(std::uint32_t status, const std::string& text) : std::runtime_error(text), status_(status) {}
  [[nodiscard]] std::uint32_t status() const noexcept { return status_; }

 private:
  std::uint32_t status_;
};

struct PushedRecord {
  std::optional<WindowsEvent> event;
  // Without an event: where in the body, and why it can't be read. No reason: a line that is no record.
  std::string place, why;
};

struct BulkItem {
  std::string action;  // "create", "index"; of what is refused: "update", "delete"
  std::string index, id;
  std::vector<PushedRecord> records;  // of what is taken: one, as a rule
  std::string refused;                // why it can't be taken whatever it holds
};

inline constexpr std::size_t most_unpacked = std::size_t{64} << 20U;
inline constexpr std::size_t most_bulk_items = 5'000;  // so that each has room in the answer

// `encoding`: the header Content-Encoding.
[[nodiscard]] std::string unpacked(std::string_view body, std::string_view encoding,
                                   std::size_t most = most_unpacked);
[[nodiscard]] std::vector<BulkItem> read_bulk(std::string_view body, std::string_view index);
[[nodiscard]] std::vector<PushedRecord> read_records(std::string_view body);

}  // namespace curfew::windows
