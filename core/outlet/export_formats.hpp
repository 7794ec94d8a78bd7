// The formats in which ledger entries are exported. docs/exports.md has the mappings in tables.
//
//   std::string line = render(Format::Cef, event, names, {.version = CURFEW_VERSION});     // no line break
//   in it
//
// The same entry gives the same bytes each time, except for names: an exporter recognises after a crash what
// it had written before. Threads: pure functions. Fails: never.
#pragma once

#include <array>
#include <string>

#include "core/outlet/export_event.hpp"

namespace curfew::outlet {

enum class ExportFormat : std::uint8_t { Ndjson, Ocsf, Ecs, Cef };

inline constexpr std::string_view ocsf_version = "1.8.0";
inline constexpr std::string_view ecs_version = "8.17.0";

[[nodiscard]] std::string render(ExportFormat format, const ExportEvent& event, const ExportNames& names);

[[nodiscard]] std::string to_ndjson(const ExportEvent& event, const ExportNames& names);
[[nodiscard]] std::string to_ocsf(const ExportEvent& event, const ExportNames& names);
[[nodiscard]] std::string to_ecs(const ExportEvent& event, const ExportNames& names);
[[nodiscard]] std::string to_cef(const ExportEvent& event, const ExportNames& names);

// Of a CEF header's field: \ and |, and line breaks, which can't be in one, become blanks.
[[nodiscard]] std::string cef_header(std::string_view text);
// Of an extension's value: \ and =, and line breaks as \n and \r.
[[nodiscard]] std::string cef_value(std::string_view text);

// The name that a reference stands for, if it is of that kind and may be shown; else empty.
[[nodiscard]] std::string_view shown_name(const ExportNames& names, model::Ref ref, model::PersonalKind kind);

}  // namespace curfew::outlet

namespace curfew::model {
template <>
struct Names<outlet::ExportFormat> {
  static constexpr std::array<std::string_view, 4> all{"ndjson", "ocsf", "ecs", "cef"};
};
}  // namespace curfew::model
