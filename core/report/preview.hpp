// A preview of a sign-out as JSON and in sentences.
//
//   for (const std::string& line : report::sentences(preview)) std::puts(line.c_str());
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>
#include <vector>

#include "core/model/preview.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::report {

void write(JsonWriter& json, const model::Preview& preview, const Names* names = nullptr);
[[nodiscard]] std::vector<std::string> sentences(const model::Preview& preview);

}  // namespace curfew::report
