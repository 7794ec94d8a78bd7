// Sessions, violations, sign-outs and personal values as JSON, with the field names that docs/api.md and the
// OpenAPI file state. The API, the command line's --json and the report share them.
//
//   std::string out; report::JsonWriter json(out); report::write(json, row);
//
// Names of people are added only where the caller may show them: `names` maps references to values.
// Threads: pure functions. Fails: never.
#pragma once

#include <map>
#include <string>

#include "core/model/input.hpp"
#include "core/model/rows.hpp"
#include "core/report/json_writer.hpp"
#include "core/report/listing.hpp"

namespace curfew::report {

// What references stand for, where the reader may know.
using Names = std::map<model::Ref, std::string>;

void write(JsonWriter& json, const model::SessionRow& row, const Names* names = nullptr);
void write(JsonWriter& json, const model::ViolationRow& row, const Names* names = nullptr);
void write(JsonWriter& json, const model::SignOutRow& row, const Names* names = nullptr);
void write(JsonWriter& json, const SubjectRow& row, const Names* names = nullptr);
void write(JsonWriter& json, const PresenceRow& row, const Names* names = nullptr);
void write(JsonWriter& json, const SourceStatus& row, const Names* names = nullptr);
void write(JsonWriter& json, const ScheduledReport& row, const Names* names = nullptr);

template <typename Row>
[[nodiscard]] std::string to_json(const Row& row, const Names* names = nullptr) {
  std::string out;
  JsonWriter json(out);
  write(json, row, names);
  return out;
}

// One valid JSON value of a bounded depth, else null: what is embedded must not break what is around it.
[[nodiscard]] std::string checked_json(std::string_view json);

}  // namespace curfew::report
