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
  if (element directory; settings.at_key("directory").get(directory) == simdjson::SUCCESS)
    out.directory = simdjson::minify(directory);
  if (element commands; settings.at_key("commands").get(commands) == simdjson::SUCCESS)
    out.commands = simdjson::minify(commands);
  element push;
  if (settings.at_key("push").get(push) == simdjson::SUCCESS &&
      push.get_bool().get(out.push) != simdjson::SUCCESS)
    throw std::invalid_argument("settings: push must be true or false");
  if (out.inputs.empty() && !out.push && out.directory.empty() && out.commands.empty())
    throw std::invalid_argument(
        "settings: inputs names no file or folder, push is not true, and there is nothing to act on either");
  if (!out.inputs.empty() && out.push)
    throw std::invalid_argument(
        "settings: a source reads inputs, or takes pushes; make two sources of them, as one computer's "
        "records should come on one way");
  PairingSettings pairing;
  pairing.settle = duration_of(settings, "settle", pairing.settle, std::chrono::minutes(1));
  pairing.network_window =
      duration_of(settings, "network_window", pairing.network_window, std::chrono::hours(12));
  element machines;
  if (settings.at_key("machine_accounts").get(machines) == simdjson::SUCCESS &&
      machines.get_bool().get(pairing.keep_machines) != simdjson::SUCCESS)
    throw std::invalid_argument("settings: machine_accounts must be true or false");
  pairing.adfs = adfs::read_adfs_settings(json);
  out.smb = read_smb_settings(json);
  if (out.smb && out.inputs.empty())
    throw std::invalid_argument("settings: smb is of the server whose audit log the inputs are; name them");
  out.recorded.pairing = pairing;
  out.live.pairing = pairing;
  out.live.pairing.smb = out.smb.has_value();
  // The host refuses what is older than its window for repeats, a day by default.
  out.live.pairing.furthest_back = std::chrono::hours(20);
  out.quiet = duration_of(settings, "quiet", out.quiet, std::chrono::hours(1));
  out.live.arrival_delay =
      duration_of(settings, "arrival_delay", out.live.arrival_delay, std::chrono::hours(1));
  return out;
}

}  // namespace curfew::windows
