// What can only be checked with the connectors at hand: settings against their schema, secrets,
// enforceability.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>

#include <nlohmann/json.hpp>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

using nlohmann::ordered_json;

constexpr Duration longest_stale_after = std::chrono::hours(24 * 366);

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string source_path(std::size_t index) { return "sources[" + std::to_string(index) + "]"; }

bool is_type(const ordered_json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "null") return value.is_null();
  return true;
}

// The part of JSON Schema that connectors' schemas use: type, enum, bounds, required, properties,
// additionalProperties, items. What it doesn't know it leaves to the connector's own check.
class SchemaCheck {
 public:
  SchemaCheck(const Settings& settings, std::string connector)
      : settings_(settings), connector_(std::move(connector)) {}

  void check(const ordered_json& value, const ordered_json& schema, const std::string& path) const {
    if (!schema.is_object()) return;
    if (const auto type = schema.find("type"); type != schema.end() && type->is_string()) {
      if (!is_type(value, type->get<std::string>()))
        fail(path, "must be " + type->get<std::string>() + ", not " + value.type_name());
    }
    if (const auto words = schema.find("enum"); words != schema.end()) {
      if (std::find(words->begin(), words->end(), value) == words->end())
        fail(path, "must be one of " + words->dump());
    }
    if (value.is_number()) {
      if (const auto least = schema.find("minimum"); least != schema.end() && value < *least)
        fail(path, "must be at least " + least->dump());
      if (const auto most = schema.find("maximum"); most != schema.end() && value > *most)
        fail(path, "must be at most " + most->dump());
    }
    if (value.is_object()) check_object(value, schema, path);
    if (value.is_array()) {
      if (const auto items = schema.find("items"); items != schema.end()) {
        for (std::size_t i = 0; i < value.size(); ++i)
          check(value[i], *items, path + "[" + std::to_string(i) + "]");
      }
    }
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& text) const {
    throw error_at(
        settings_.marks, path,
        "connector " + in_quotes(connector_) + ": " + path.substr(path.find("settings")) + " " + text);
  }

  void check_object(const ordered_json& value, const ordered_json& schema, const std::string& path) const {
    const ordered_json properties = schema.value("properties", ordered_json::object());
    const bool closed = schema.contains("additionalProperties") && schema["additionalProperties"] == false;
    for (const auto& [key, inner] : value.items()) {
      const std::string where = path + "." + key;
      if (const auto property = properties.find(key); property != properties.end()) {
        check(inner, *property, where);
      } else if (closed) {
        std::vector<std::string_view> known;
        for (const auto& [name, unused] : properties.items()) known.emplace_back(name);
        const std::string_view near = base::nearest(key, known);
        throw error_at(settings_.marks, where,
                       "unknown key " + in_quotes(key) + " in the settings of connector " +
                           in_quotes(connector_) +
                           (near.empty() ? std::string{} : "; did you mean " + in_quotes(near) + "?"));
      }
    }
    for (const auto& key : schema.value("required", ordered_json::array())) {
      if (!value.contains(key.get<std::string>())) fail(path, "has no " + in_quotes(key.get<std::string>()));
    }
  }

  const Settings& settings_;
  std::string connector_;
};

ordered_json schema_of(const connector::PluginInfo& plugin) {
  ordered_json schema = ordered_json::parse(plugin.config_schema, nullptr, false);
  return schema.is_discarded() ? ordered_json::object() : schema;
}

// x_file and x_env stand for x where the schema knows x and not them.
void resolve(const Settings& settings, ordered_json& value, const ordered_json& schema,
             const std::string& path) {
  if (!value.is_object()) return;
  const ordered_json properties = schema.value("properties", ordered_json::object());
  std::vector<std::pair<std::string, std::string>> secrets;
  for (auto& [key, inner] : value.items()) {
    if (const auto property = properties.find(key); property != properties.end()) {
      resolve(settings, inner, *property, path + "." + key);
      continue;
    }
    for (const std::string_view suffix : {"_file", "_env"}) {
      if (key.ends_with(suffix) && properties.contains(key.substr(0, key.size() - suffix.size())))
        secrets.emplace_back(key, key.substr(0, key.size() - suffix.size()));
    }
  }
  for (const auto& [given, wanted] : secrets) {
    const std::string where = path + "." + given;
    if (!value[given].is_string()) throw error_at(settings.marks, where, in_quotes(given) + " must be text");
    if (value.contains(wanted))
      throw error_at(settings.marks, where,
                     "both " + in_quotes(given) + " and " + in_quotes(wanted) + " are given");
    const std::string from = value[given].get<std::string>();
    const bool file = given.ends_with("_file");
    value[wanted] = read_secret(settings, where, file ? from : "", file ? "" : from);
    value.erase(given);
  }
}

bool in_scope(const model::Scope& scope, const std::string& source) {
  return scope.sources.empty() ||
         std::find(scope.sources.begin(), scope.sources.end(), source) != scope.sources.end();
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Why `policy` can't be enforced at `source`; empty: it can.
std::string obstacle(const model::Policy& policy, const SourceSettings& source, const Settings& settings,
                     const Capabilities& capabilities) {
  bool provable = capabilities.contains(source.name) && capabilities.at(source.name).proves;
  bool one_possible = false;
  for (const model::LadderStep& step : policy.ladder) {
    if (is_channel(settings, step.at)) continue;  // told by the core itself; it ends nothing
    const std::string& at = step.at.empty() ? source.name : step.at;
    std::string why;
    if (at != source.name && !contains(source.acts_through, at)) {
      why = "source " + in_quotes(source.name) + " does not act through " + in_quotes(at);
    } else if (const auto plugin = capabilities.find(at); plugin == capabilities.end()) {
      why = "the connector of " + in_quotes(at) + " is not there";
    } else {
      const auto& can = plugin->second.can;
      if (std::find(can.begin(), can.end(), step.action) == can.end())
        why = "the connector " + in_quotes(plugin->second.name) + " of " + in_quotes(at) + " can't " +
              std::string(model::name_of(step.action)) + " with its settings";
    }
    if (why.empty())
      one_possible = true;
    else if (step.required)
      return why;
  }
  if (!one_possible) return "no step of the ladder can be carried out for " + in_quotes(source.name);
  if (!provable)
    return "the connector of " + in_quotes(source.name) +
           " can't prove with its settings that a session is dead";
  return {};
}

}  // namespace

std::string read_secret(const Settings& settings, const std::string& path, const std::string& file,
                        const std::string& variable) {
  std::string secret;
  if (!file.empty()) {
    std::ifstream in(file);
    if (!std::getline(in, secret)) throw error_at(settings.marks, path, "no secret can be read from " + file);
  } else if (!variable.empty()) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr) throw error_at(settings.marks, path, "the environment has no variable " + variable);
    secret = value;
  }
  secret = std::string(base::trim(secret));
  if (secret.empty()) throw error_at(settings.marks, path, "the secret is empty");
  return secret;
}

std::string resolve_secrets(const Settings& settings, std::size_t source, std::string_view config_schema) {
  ordered_json value = ordered_json::parse(settings.sources[source].settings);
  ordered_json schema = ordered_json::parse(config_schema, nullptr, false);
  if (schema.is_discarded()) schema = ordered_json::object();
  resolve(settings, value, schema, source_path(source) + ".settings");
  return value.dump();
}

void check_sources(const Settings& settings, const Capabilities& capabilities) {
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    const auto plugin = capabilities.find(settings.sources[i].name);
    if (plugin == capabilities.end()) continue;
    if (!settings.sources[i].tells_groups.empty() && !plugin->second.tells_groups)
      throw error_at(settings.marks, source_path(i) + ".tells_groups",
                     "the connector " + in_quotes(plugin->second.name) +
                         " tells no groups with its settings; see its documentation, or name the members in "
                         "'groups'");
    // Only the connector knows which of its requests prove themselves.
    const ordered_json schema = ordered_json::parse(plugin->second.config_schema, nullptr, false);
    const ordered_json provable = schema.is_object()
                                      ? schema.value("x-curfew-open-paths", ordered_json::array())
                                      : ordered_json::array();
    for (const std::string& path : settings.sources[i].open_paths) {
      if (!plugin->second.receives_http ||
          std::find(provable.begin(), provable.end(), path) == provable.end())
        throw error_at(settings.marks, source_path(i) + ".open_paths",
                       "the connector " + in_quotes(plugin->second.name) + " takes nothing at " +
                           in_quotes(path) + " that could be believed without a token");
    }
    const std::string resolved = resolve_secrets(settings, i, plugin->second.config_schema);
    SchemaCheck(settings, plugin->second.name)
        .check(ordered_json::parse(resolved), schema_of(plugin->second), source_path(i) + ".settings");
  }
  for (std::size_t i = 0; i < settings.policies.size(); ++i) {
    const model::Policy& policy = settings.policies[i];
    if (policy.mode != model::PolicyMode::Enforce || policy.accept_unenforceable) continue;
    for (const SourceSettings& source : settings.sources) {
      if (!in_scope(policy.scope, source.name) ||
          (!policy.except.sources.empty() && in_scope(policy.except, source.name)))
        continue;
      const std::string why = obstacle(policy, source, settings, capabilities);
      if (!why.empty())
        throw error_at(settings.marks, "policies[" + std::to_string(i) + "].mode",
                       "policy " + in_quotes(policy.name) + " can't be enforced at source " +
                           in_quotes(source.name) + ": " + why +
                           "; narrow its scope, change the ladder, or write 'accept: [unenforceable]'");
    }
  }
}

model::PolicySet policy_set(const Settings& settings, const Capabilities& capabilities) {
  model::PolicySet set;
  set.version = settings.version;
  set.policies = settings.policies;
  set.clock_jump = settings.clock_jump;
  set.safety.most_sign_outs_per_minute = settings.safety.most_sign_outs_per_minute;
  set.safety.approve_above = settings.safety.approve_above;
  set.safety.protected_accounts = settings.safety.protected_accounts;
  for (const SourceSettings& source : settings.sources) {
    model::SourcePolicy& policy = set.sources.emplace_back();
    policy.name = source.name;
    policy.connector = source.connector;
    policy.lateness = source.lateness;
    policy.stale_after = source.stale_after;
    policy.retry_window = source.retry_window;
    policy.vanished_after = source.vanished_after;
    if (source.time == SourceTime::Event) {
      // As `audit`: records are put in order before they are judged, and there is no "now" to be silent
      // until.
      policy.lateness = Duration{0};
      policy.stale_after = longest_stale_after;
    }
    policy.acts_through = source.acts_through;
    policy.may_teach = source.may_teach;
    policy.shows_activity_of = source.shows_activity_of;
    if (const auto plugin = capabilities.find(source.name); plugin != capabilities.end()) {
      policy.connector = plugin->second.name;
      policy.can = plugin->second.can;
      policy.can_prove = plugin->second.proves;
      policy.shows_activity = plugin->second.shows_activity;
    }
  }
  for (const GateSettings& gate : settings.gates) {
    model::SourcePolicy& policy = set.sources.emplace_back();
    policy.name = gate.name;
    policy.connector = std::string(model::gate_connector);
    policy.lateness = std::chrono::seconds(1);
    policy.vanished_after = Duration{0};  // it has no sessions of its own
    policy.shows_activity_of = {gate.guards};
  }
  return set;
}

}  // namespace curfew::app
