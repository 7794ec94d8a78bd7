#include "core/connector/capabilities.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/model/vocabulary.hpp"
#include "curfew/plugin/abi.h"

namespace curfew::connector {
namespace {

using nlohmann::json;

constexpr const char* keyword = "x-curfew-capabilities";

// Those that may hang on settings; zero: no such name.
std::uint64_t bit_of(std::string_view name) {
  if (name == "list_sessions") return CURFEW_CAN_LIST_SESSIONS;
  if (name == "prove") return CURFEW_CAN_PROVE;
  if (name == "show_activity") return CURFEW_CAN_SHOW_ACTIVITY;
  if (name == "tell_groups") return CURFEW_CAN_TELL_GROUPS;
  if (name == "introspect") return CURFEW_CAN_INTROSPECT;
  if (name == "revoke_presented") return CURFEW_CAN_REVOKE_PRESENTED;
  const auto& actions = model::Names<model::Action>::all;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (model::name_of(static_cast<model::Action>(i)) == name) return CURFEW_CAN_NOTIFY << i;
  }
  return 0;
}

// "/store/kind=lemonldap": a JSON pointer, and what it must point to; without it, anything that says
// something.
struct Condition {
  json::json_pointer place;
  std::optional<std::string> value;
};

std::optional<Condition> read_condition(const json& text) {
  if (!text.is_string()) return std::nullopt;
  const std::string& all = text.get_ref<const std::string&>();
  const std::size_t at = all.find('=');
  if (!all.starts_with('/')) return std::nullopt;
  try {
    Condition condition{.place = json::json_pointer(all.substr(0, at)), .value = {}};
    if (at != std::string::npos) condition.value = all.substr(at + 1);
    return condition;
  } catch (const json::parse_error&) {
    return std::nullopt;
  }
}

bool holds(const Condition& condition, const json& settings) {
  if (!settings.contains(condition.place)) return false;
  const json& found = settings.at(condition.place);
  if (condition.value) return found.is_string() && found.get_ref<const std::string&>() == *condition.value;
  return !(found.is_null() || found == json("") || found == json(false) || found == json::array());
}

}  // namespace

PluginInfo with_settings(PluginInfo info, std::string_view settings) {
  const json schema = json::parse(info.config_schema, nullptr, false);
  const json given = json::parse(settings, nullptr, false);
  if (!schema.is_object() || !schema.contains(keyword)) return info;
  std::uint64_t missing = 0;
  for (const auto& [name, conditions] : schema.at(keyword).items()) {
    const bool any = std::any_of(conditions.begin(), conditions.end(), [&](const json& text) {
      const auto condition = read_condition(text);
      return condition && given.is_object() && holds(*condition, given);
    });
    if (!any) missing |= bit_of(name);
  }
  info.capabilities &= ~missing;
  std::erase_if(info.can, [&](model::Action action) {
    return (info.capabilities & CURFEW_CAN_NOTIFY << static_cast<unsigned>(action)) == 0;
  });
  info.lists = (info.capabilities & CURFEW_CAN_LIST_SESSIONS) != 0;
  info.proves = (info.capabilities & CURFEW_CAN_PROVE) != 0;
  info.shows_activity = (info.capabilities & CURFEW_CAN_SHOW_ACTIVITY) != 0;
  info.tells_groups = (info.capabilities & CURFEW_CAN_TELL_GROUPS) != 0;
  info.introspects = (info.capabilities & CURFEW_CAN_INTROSPECT) != 0;
  info.revokes_presented = (info.capabilities & CURFEW_CAN_REVOKE_PRESENTED) != 0;
  return info;
}

std::vector<std::string> faults_of_conditions(std::string_view schema, std::uint64_t declared) {
  const json parsed = json::parse(schema, nullptr, false);
  if (!parsed.is_object() || !parsed.contains(keyword)) return {};
  const std::string where = std::string("config_schema: ") + keyword;
  const json& all = parsed.at(keyword);
  if (!all.is_object()) return {where + " is not a JSON object; name capabilities, each with its settings"};
  std::vector<std::string> faults;
  for (const auto& [name, conditions] : all.items()) {
    const std::uint64_t bit = bit_of(name);
    if (bit == 0) {
      faults.push_back(where + " names '" + name +
                       "', which can't hang on settings; name ladder steps, list_sessions, prove, "
                       "show_activity, tell_groups, introspect or revoke_presented");
    } else if ((declared & bit) == 0) {
      faults.push_back(where + " names '" + name +
                       "', which the connector doesn't declare; set its "
                       "capability bit");
    }
    if (!conditions.is_array() || conditions.empty() ||
        !std::all_of(conditions.begin(), conditions.end(),
                     [](const json& text) { return read_condition(text).has_value(); }))
      faults.push_back(where + "." + name +
                       " is not a list of JSON pointers; write [\"/setting\", \"/setting=value\"]");
  }
  return faults;
}

}  // namespace curfew::connector
