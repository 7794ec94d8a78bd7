#include "core/model/json_object.hpp"
#include "core/model/json_reading.hpp"
#include "core/model/selection.hpp"

namespace curfew::model {

bool Selection::asks() const { return *this != Selection{}; }

std::string to_json(const Selection& selection) {
  std::string out;
  JsonObject o(out);
  if (!selection.sources.empty()) o.texts("sources", selection.sources);
  if (!selection.applications.empty()) o.texts("applications", selection.applications);
  if (selection.device) o.ref("device", selection.device);
  if (!selection.account_types.empty()) o.names("account_types", selection.account_types);
  if (!selection.networks.empty()) o.names("networks", selection.networks);
  if (!selection.sign_ins.empty()) o.names("sign_ins", selection.sign_ins);
  if (!selection.auth_methods.empty()) o.names("auth_methods", selection.auth_methods);
  if (!selection.states.empty()) o.names("states", selection.states);
  if (selection.idle_over > Duration{0}) o.micros("idle_over", selection.idle_over);
  if (selection.older_than > Duration{0}) o.micros("older_than", selection.older_than);
  o.end();
  return out;
}

Selection selection_from_json(std::string_view json) {
  simdjson::dom::parser parser;
  Selection selection;
  for (const auto [key, value] : json_object(parser, json, "selection")) {
    if (key == "sources")
      read(value, key, selection.sources);
    else if (key == "applications")
      read(value, key, selection.applications);
    else if (key == "device")
      read(value, key, selection.device);
    else if (key == "account_types")
      read(value, key, selection.account_types);
    else if (key == "networks")
      read(value, key, selection.networks);
    else if (key == "sign_ins")
      read(value, key, selection.sign_ins);
    else if (key == "auth_methods")
      read(value, key, selection.auth_methods);
    else if (key == "states")
      read(value, key, selection.states);
    else if (key == "idle_over")
      read(value, key, selection.idle_over);
    else if (key == "older_than")
      read(value, key, selection.older_than);
    else
      corrupt_field(key, "is not a known field");
  }
  return selection;
}

}  // namespace curfew::model
