#include "core/report/posture.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/report/json_writer.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::report {
namespace {

using nlohmann::json;

constexpr std::size_t longest_text = 1 << 20;

bool is_known(const ControlStatus& status) {
  const Framework* framework = find_framework(status.framework);
  return framework != nullptr && std::any_of(framework->controls.begin(), framework->controls.end(),
                                             [&](const Control& one) { return one.id == status.control; });
}

std::optional<std::string> text_at(const json& object, const char* key) {
  if (!object.is_object()) return std::nullopt;
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return std::nullopt;
  return at->get<std::string>();
}

std::optional<Time> time_at(const json& object, const char* key) {
  const auto text = text_at(object, key);
  const auto time = text ? base::parse_rfc3339(*text) : std::nullopt;
  return time == Time{} ? std::nullopt : time;  // the epoch stands for none
}

std::optional<ControlStatus> status_of(const json& object) {
  auto framework = text_at(object, "framework");
  auto control = text_at(object, "control");
  const auto name = text_at(object, "result");
  const auto result = name ? model::parse<Result>(*name) : std::nullopt;
  if (!framework || !control || !result) return std::nullopt;
  return ControlStatus{std::move(*framework), std::move(*control), *result};
}

}  // namespace

Posture posture_of(const ComplianceReport& report) {
  Posture posture;
  posture.evaluated_at = report.facts.generated_at;
  posture.from = report.facts.period.from;
  posture.to = report.facts.period.to;
  for (const ControlResult& result : report.results)
    posture.controls.push_back({result.framework->id, result.control->id, result.result});
  return posture;
}

std::string to_json(const Posture& posture) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().number("version", 1).time("evaluated_at", posture.evaluated_at);
  json.time("from", posture.from).time("to", posture.to).begin_array("controls");
  for (const ControlStatus& one : posture.controls)
    json.begin_object()
        .text("framework", one.framework)
        .text("control", one.control)
        .text("result", model::name_of(one.result))
        .end();
  json.end().end();
  return out;
}

std::optional<Posture> posture_from_json(std::string_view text) {
  if (text.size() > longest_text) return std::nullopt;
  const json object = json::parse(checked_json(text));
  if (!object.is_object() || object.value("version", json()) != json(1)) return std::nullopt;
  const auto evaluated_at = time_at(object, "evaluated_at");
  const auto from = time_at(object, "from");
  const auto to = time_at(object, "to");
  const auto controls = object.find("controls");
  if (!evaluated_at || !from || !to || controls == object.end() || !controls->is_array()) return std::nullopt;
  Posture posture{*evaluated_at, *from, *to, {}};
  for (const json& one : *controls) {
    auto status = status_of(one);
    if (!status) return std::nullopt;
    if (is_known(*status)) posture.controls.push_back(std::move(*status));
  }
  return posture;
}

}  // namespace curfew::report
