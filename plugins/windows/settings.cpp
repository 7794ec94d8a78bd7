#include "plugins/windows/settings.hpp"

#include <simdjson.h>

#include <stdexcept>

namespace curfew::windows {
namespace {

using simdjson::dom::element;

Duration duration_of(const element& settings, const char* name, Duration fallback, Duration most) {
  element value;
  if (settings.at_key(name).get(value) != simdjson::SUCCESS) return fallback;
  std::string_view text;
  const auto duration =
      value.get_string().get(text) == simdjson::SUCCESS ? files::parse_duration(text) : std::nullopt;
  if (!duration || *duration > most)
    throw std::invalid_argument(
        std::string("settings: ") + name + " must be a duration such as \"5s\", at most " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(most).count()) + "s");
  return *duration;
}

}  // namespace

ConnectorSettings read_settings(std::string_view json) {
  simdjson::dom::parser parser;
  element settings;
  if (parser.parse(json.data(), json.size(), true).get(settings) != simdjson::SUCCESS ||
      !settings.is_object())
    throw std::invalid_argument("settings: not a JSON object");
  ConnectorSettings out;
  simdjson::dom::array inputs;
  if (settings.at_key("inputs").get_array().get(inputs) == simdjson::SUCCESS) {
    for (const element input : inputs) {
      std::string_view path;
      if (input.get_string().get(path) != simdjson::SUCCESS || path.empty())
        throw std::invalid_argument("settings: inputs must be paths");
      out.inputs.emplace_back(path);
    }
  }
  if (out.inputs.empty()) throw std::invalid_argument("settings: inputs names no file or folder");
  PairingSettings pairing;
  pairing.settle = duration_of(settings, "settle", pairing.settle, std::chrono::minutes(1));
  pairing.network_window =
      duration_of(settings, "network_window", pairing.network_window, std::chrono::hours(12));
  element machines;
  if (settings.at_key("machine_accounts").get(machines) == simdjson::SUCCESS &&
      machines.get_bool().get(pairing.keep_machines) != simdjson::SUCCESS)
    throw std::invalid_argument("settings: machine_accounts must be true or false");
  out.smb = read_smb_settings(json);
  out.recorded.pairing = pairing;
  out.live.pairing = pairing;
  out.live.pairing.smb = out.smb.has_value();
  // The host refuses what is older than its window for repeats, a day by default.
  out.live.pairing.furthest_back = std::chrono::hours(20);
  out.live.arrival_delay =
      duration_of(settings, "arrival_delay", out.live.arrival_delay, std::chrono::hours(1));
  return out;
}

}  // namespace curfew::windows
