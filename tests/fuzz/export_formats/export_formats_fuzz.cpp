// The first byte says what the others are: an entry's facts, a text for CEF, an answer to a bulk request, or
// an event's id.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/base/text.hpp"
#include "core/outlet/export_sink.hpp"

namespace {

using namespace curfew;
using namespace curfew::outlet;

void require(bool condition) {
  if (!condition) std::abort();
}

void render_all(std::uint8_t kind, std::string_view bytes) {
  ledger::SealedEntry sealed;
  sealed.entry.kind = static_cast<model::EntryKind>(kind % model::Names<model::EntryKind>::all.size());
  sealed.entry.facts = bytes;
  sealed.entry.subject = model::Ref{7};
  EventReader reader;
  const ExportEvent& event = reader.read({"main", "a", 1}, sealed);
  for (const ExportFormat format :
       {ExportFormat::Ndjson, ExportFormat::Ocsf, ExportFormat::Ecs, ExportFormat::Cef}) {
    const std::string line = render(format, event, {});
    require(base::is_clean_utf8(line));
    require(line.find_first_of("\r\n") == std::string::npos);
    if (format == ExportFormat::Cef) {
      require(line.starts_with("CEF:0|Curfew|Curfew|"));
      continue;
    }
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    require(parser.parse(line).get(object) == simdjson::SUCCESS);
  }
}

// Escaped and read back it is what it was, and nothing in it ends a field.
void read_back(std::string_view bytes) {
  const std::string text = base::to_clean_utf8(bytes);
  const std::string escaped = cef_value(text);
  std::string back;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    require(escaped[i] != '=' && escaped[i] != '\n' && escaped[i] != '\r');
    if (escaped[i] != '\\') {
      back += escaped[i];
      continue;
    }
    require(++i < escaped.size());
    back += escaped[i] == 'n' ? '\n' : escaped[i] == 'r' ? '\r' : escaped[i];
  }
  require(back == text);
  const std::string header = cef_header(text);
  for (std::size_t i = 0; i < header.size(); ++i) {
    require(header[i] != '|' && header[i] != '\n');
    if (header[i] == '\\') require(++i < header.size() && (header[i] == '|' || header[i] == '\\'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 4U) {
    case 0:
      render_all(data[1], bytes);
      break;
    case 1:
      read_back(bytes);
      break;
    case 2:
      if (const auto fates = parse_bulk_answer(std::string(bytes))) require(fates->size() <= size);
      break;
    default:
      if (const auto position = parse_event_id(bytes)) {
        const std::string again =
            ledger::origin_of(position->stream) + "/" + std::to_string(position->sequence);
        require(parse_event_id(again)->sequence == position->sequence);
      }
  }
  return 0;
}
