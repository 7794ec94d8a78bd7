#include "plugins/replay/settings.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "plugins/replay/script.hpp"

namespace curfew::replay {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

// [guide:settings]
Options read_options(const std::string& config) {
  const auto json = nlohmann::json::parse(config, nullptr, false);
  if (!json.is_object()) throw Failure(Code::Invalid, "settings: not a JSON object");
  Options options;
  options.script = json.value("script", "");
  options.start = json.value("start", options.start);
  options.speed = json.value("speed", options.speed);
  options.acts = json.value("acts", "");
  if (const auto gate = json.find("gate"); gate != json.end()) options.gate = gate->dump();
  options.gate_keys = json.value("gate_keys", "");
  if (!(options.speed > 0 && options.speed <= 1e6)) {
    throw Failure(Code::Invalid, "settings.speed: must be more than 0 and at most 1000000");
  }
  if (const std::string every = json.value("loop_every", ""); !every.empty()) {
    const auto duration = read_duration(every, false);
    if (!duration || *duration < std::chrono::seconds(1)) {
      throw Failure(Code::Invalid, "settings.loop_every: '" + every + "' is no duration such as 24h");
    }
    options.loop_every = *duration;
  }
  return options;
}
// [/guide]

Time read_start(const std::string& text, Time now) {
  if (text == "now") return now;
  if (const auto offset = read_duration(text, true)) return now + *offset;
  if (const auto time = read_time(text)) return *time;
  throw Failure(Code::Invalid,
                "settings.start: '" + text + "' is neither now, nor an offset such as -8h, nor a time");
}

}  // namespace curfew::replay
