// Where exported events go: a file, a syslog receiver, an HTTP receiver. A sink keeps no queue: what it has
// not taken stays in the ledger.
//
//   std::unique_ptr<ExportSink> sink = make_file_sink(settings, stored_state, save);
//   const Handover handover = sink->deliver(events);
//   cursor.move(place after handover.taken events, sink->state());
//
// Threads: one at a time. Owns: its file or connection. Fails: never; what went wrong is in the handover,
// without a secret and without what the receiver wrote.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/outlet/client_identity.hpp"
#include "core/outlet/export_formats.hpp"

namespace curfew::outlet {

// One event, rendered.
struct ExportLine {
  std::string id;
  std::string text;  // without a line break
  Time at{};
  ExportSeverity severity = ExportSeverity::Informational;
  std::string action;  // "observation.sign_in"
};

struct Handover {
  std::size_t taken = 0;    // of the events given, from the first on
  std::size_t refused = 0;  // of those: not accepted, and never will be
  std::string problem;      // why not all were taken; empty: all were
  std::optional<Duration> retry_after;
};

class ExportSink {
 public:
  virtual ~ExportSink() = default;
  virtual Handover deliver(std::span<const ExportLine> lines) = 0;
  // What is stored with the cursor that has passed what was taken.
  [[nodiscard]] virtual std::string state() const { return {}; }
  // There is nothing more in the ledger now.
  virtual void caught_up() {}
  // Ends what is open, in an orderly way.
  virtual void close() {}
};

// ---- file ----

struct FileSinkSettings {
  std::string path;
  std::uint64_t rotate_bytes = 0;  // beyond it a new file is begun; 0: never
  std::uint32_t keep = 0;          // rotated files; 0: all
  unsigned mode = 0640;
  std::function<void(const std::string& text)> warn;
  // Makes a state durable at once, with the cursor where it is.
  std::function<void(const std::string& state)> save;
};
// Exactly once: each line is fsynced before the cursor passes it, and the cursor's row says how long the file
// is then. After a crash what lies beyond is compared with what comes: what is the same stays, the rest is
// cut off and written again.
[[nodiscard]] std::unique_ptr<ExportSink> make_file_sink(FileSinkSettings settings, const std::string& state);

// ---- syslog, RFC 5424 over TLS (RFC 5425) ----

struct SyslogSinkSettings {
  std::string host;
  std::uint16_t port = 6514;
  bool tls = true;
  ClientIdentity identity;
  std::string hostname;                  // of the header
  std::string data_id = "curfew@32473";  // SD-ID
  unsigned facility = 10;
  Duration settle{std::chrono::milliseconds(200)};
  Duration timeout{std::chrono::seconds(10)};
};
// At least once: the protocol has no acknowledgment. What was sent counts as taken when the receiver's
// machine has acknowledged every byte and the connection has stood for `settle` after that; when it breaks
// before, all of it is sent again.
[[nodiscard]] std::unique_ptr<ExportSink> make_syslog_sink(SyslogSinkSettings settings);
// One message, without the octet count.
[[nodiscard]] std::string syslog_message(const SyslogSinkSettings& settings, const ExportLine& line);

// ---- HTTP ----

enum class HttpBody : std::uint8_t { Lines, Array, Hec, Bulk };

struct HttpSinkSettings {
  std::string url;
  HttpBody body = HttpBody::Lines;
  std::string authorization;  // value of the header; empty: none
  ClientIdentity identity;
  bool gzip = false;
  std::size_t batch_events = 500;
  std::size_t batch_bytes = 1'000'000;
  Duration timeout{std::chrono::seconds(10)};
  std::string hostname;  // of Hec
  std::string index;     // of Bulk; empty: the URL says it
  std::function<Time()> now;
};
// At least once: a batch whose answer was lost is sent again. With Bulk each event is created under its id,
// so that a repeat is recognised by the receiver itself.
[[nodiscard]] std::unique_ptr<ExportSink> make_http_sink(HttpSinkSettings settings);
// A batch as it goes out.
[[nodiscard]] std::string http_body(const HttpSinkSettings& settings, std::span<const ExportLine> lines);

// What became of each event of a bulk request; nullopt: it is no such answer.
enum class BulkFate : std::uint8_t { Taken, Refused, Again };
[[nodiscard]] std::optional<std::vector<BulkFate>> parse_bulk_answer(const std::string& body);

}  // namespace curfew::outlet

namespace curfew::model {
template <>
struct Names<outlet::HttpBody> {
  static constexpr std::array<std::string_view, 4> all{"lines", "array", "hec", "bulk"};
};
}  // namespace curfew::model
