// The posture: what each control came to when it was evaluated last. It is made of a report's results and of
// nothing else, so that a metric, a dashboard and `curfew report` can't differ.
//
//   Posture posture = posture_of(read_compliance(store, request));
//   write_file(path, to_json(posture));            // it outlives a restart, with its age
//
// Threads: values and pure functions. Owns: its list, of as many as the catalogue has controls. Fails: never;
// a text that is no posture gives none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/report/compliance_report.hpp"

namespace curfew::report {

struct ControlStatus {
  std::string framework;
  std::string control;
  Result result = Result::NoData;
  friend bool operator==(const ControlStatus&, const ControlStatus&) = default;
};

struct Posture {
  Time evaluated_at{};
  Time from{};  // the time that it is about
  Time to{};
  std::vector<ControlStatus> controls;
  friend bool operator==(const Posture&, const Posture&) = default;
};

[[nodiscard]] Posture posture_of(const ComplianceReport& report);

[[nodiscard]] std::string to_json(const Posture& posture);
// nullopt: it is none, whole, of this version. Controls that the catalogue does not know are left out.
[[nodiscard]] std::optional<Posture> posture_from_json(std::string_view json);

}  // namespace curfew::report
