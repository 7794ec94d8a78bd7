// What each kind of ledger entry is called elsewhere: one row for each kind, for each type of observation and
// for each sort of outcome. What a new kind lacks here a test shows.
//
//   const ExportRow& row = export_row(model::EntryKind::Observation, "sign_in");      // OCSF 3002, activity
//   1
//
// Classes and activities are those of OCSF 1.8.0, categories and types those of ECS 8.17. Threads: constants.
// Fails: never; an unknown variant has its kind's first row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/model/entry.hpp"

namespace curfew::outlet {

// A number is category * 1000 + class.
enum class OcsfClass : std::uint16_t {
  BaseEvent = 0,
  EventLogActivity = 1008,
  DetectionFinding = 2004,
  AccountChange = 3001,
  Authentication = 3002,
  EntityManagement = 3004,
  ApplicationLifecycle = 6002,
  ApiActivity = 6003,
  RemediationActivity = 7001,
};
[[nodiscard]] std::string_view name_of(OcsfClass value);
[[nodiscard]] std::string_view category_of(OcsfClass value);

// OCSF's severity_id.
enum class ExportSeverity : std::uint8_t { Informational = 1, Low, Medium, High };
[[nodiscard]] std::string_view name_of(ExportSeverity value);

struct ExportRow {
  model::EntryKind kind;
  std::string_view variant;  // of an observation its type, of an outcome what has it; else empty
  std::string_view title;    // says the same for every entry of the row
  bool by_default;           // exported where no kinds are named
  OcsfClass ocsf;
  std::uint8_t activity;
  std::string_view activity_name;
  ExportSeverity severity;
  std::string_view ecs_kind;
  std::string_view ecs_category;  // empty: ECS has none for it
  std::string_view ecs_type;
};

[[nodiscard]] std::span<const ExportRow> export_rows();
[[nodiscard]] const ExportRow& export_row(model::EntryKind kind, std::string_view variant);
// "observation.sign_in", "violation_opened": what `event.action` is, and what settings name.
[[nodiscard]] std::string name_of(const ExportRow& row);
// Whether a word of a setting means this row: its name, or its kind alone.
[[nodiscard]] bool is_named_by(const ExportRow& row, std::string_view word);

}  // namespace curfew::outlet
