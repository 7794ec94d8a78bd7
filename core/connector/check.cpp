#include "core/connector/check.hpp"

#include "core/base/error.hpp"
#include "core/connector/plugin.hpp"
#include "core/connector/trial.hpp"

namespace curfew::connector {

Check check_plugin(const std::string& path, std::string_view settings, Duration call_limit) {
  Check check;
  SourceSettings source;
  source.name = "check";
  source.config = settings;
  source.digest_key = std::string(32, 'k');
  source.call_limit = call_limit;
  try {
    source.plugin = Plugin::check_file(path);
  } catch (const Error& error) {
    check.faults.emplace_back(error.what());
    return check;
  }
  Trial trial = try_plugin(source, TrialDepth::Poll);
  check.faults = std::move(trial.faults);
  check.notes = std::move(trial.notes);
  if (check.faults.empty()) check.plugin = Host::describe(source.plugin);
  return check;
}

}  // namespace curfew::connector
