#include "plugins/forms/settings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "plugins/forms/logs/cookies.hpp"
#include "plugins/forms/logs/presets.hpp"

namespace curfew::forms {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("settings: " + what); }

std::string text_in(const Json& object, const char* key, const std::string& where,
                    std::string fallback = {}) {
  const auto at = object.find(key);
  if (at == object.end()) return fallback;
  if (!at->is_string()) fail(where + key + " must be a text");
  return at->get<std::string>();
}

const Json& object_in(const Json& object, const char* key, const std::string& where) {
  static const Json none = Json::object();
  const auto at = object.find(key);
  if (at == object.end()) return none;
  if (!at->is_object()) fail(where + key + " must be a mapping");
  return *at;
}

const Json& list_in(const Json& object, const char* key, const std::string& where) {
  static const Json none = Json::array();
  const auto at = object.find(key);
  if (at == object.end()) return none;
  if (!at->is_array()) fail(where + key + " must be a list");
  return *at;
}

// A text, a number, or a list of them.
std::vector<std::string> texts_in(const Json& object, const std::string& key, const std::string& where) {
  const auto at = object.find(key);
  if (at == object.end()) return {};
  std::vector<std::string> all;
  const auto add = [&](const Json& one) {
    if (one.is_string()) {
      all.push_back(one.get<std::string>());
    } else if (one.is_number_integer()) {
      all.push_back(std::to_string(one.get<std::int64_t>()));
    } else {
      fail(where + key + " must be a text or a list of texts");
    }
  };
  if (at->is_array()) {
    for (const Json& one : *at) add(one);
    if (all.empty()) fail(where + key + " is empty");
  } else {
    add(*at);
  }
  return all;
}

void only(const Json& object, const std::string& where, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) fail(where + key + " is not known");
  }
}

Duration duration_in(const Json& object, const char* key, Duration fallback, Duration least, Duration most) {
  const auto at = object.find(key);
  if (at == object.end()) return fallback;
  const auto duration = at->is_string() ? files::parse_duration(at->get<std::string>()) : std::nullopt;
  if (!duration || *duration < least || *duration > most)
    fail(std::string(key) + " must be a duration such as \"10s\", at least " +
         std::to_string(least.count() / 1'000'000) + "s and at most " +
         std::to_string(most.count() / 1'000'000) + "s");
  return *duration;
}

WhereSettings where_of(const Json& one, const std::string& where) {
  if (!one.is_object()) fail(where + " must be a mapping such as {cookie: sid}");
  only(one, where + ".", {"cookie", "set_cookie", "field", "query", "capture", "transform"});
  WhereSettings out;
  for (const char* kind : {"cookie", "set_cookie", "field", "query"}) {
    if (!one.contains(kind)) continue;
    if (!out.kind.empty()) fail(where + " names both " + out.kind + " and " + kind);
    out.kind = kind;
    out.name = text_in(one, kind, where + ".");
  }
  out.capture = text_in(one, "capture", where + ".");
  out.transforms = texts_in(one, "transform", where + ".");
  return out;
}

std::vector<WhereSettings> wheres_in(const Json& object, const char* key, const std::string& where) {
  std::vector<WhereSettings> all;
  const Json& list = list_in(object, key, where);
  for (std::size_t i = 0; i < list.size(); ++i)
    all.push_back(where_of(list[i], where + key + "[" + std::to_string(i) + "]"));
  return all;
}

ConditionSettings condition_of(const Json& one, const std::string& where) {
  if (!one.is_object()) fail(where + " must be a mapping");
  const std::string at = where + ".";
  only(one, at,
       {"method", "path", "query", "location", "user_agent", "host", "status", "fields", "path_regex",
        "session", "user"});
  ConditionSettings out;
  out.method = texts_in(one, "method", at);
  out.path = texts_in(one, "path", at);
  out.query = texts_in(one, "query", at);
  out.location = texts_in(one, "location", at);
  out.user_agent = texts_in(one, "user_agent", at);
  out.host = texts_in(one, "host", at);
  out.status = texts_in(one, "status", at);
  out.session = texts_in(one, "session", at);
  out.path_regex = text_in(one, "path_regex", at);
  out.user = text_in(one, "user", at);
  const Json& fields = object_in(one, "fields", at);
  for (const auto& [name, value] : fields.items()) out.fields[name] = texts_in(fields, name, at + "fields.");
  return out;
}

RuleSettings rule_of(const Json& one, const std::string& where) {
  if (!one.is_object()) fail(where + " must be a mapping");
  const std::string at = where + ".";
  only(one, at,
       {"name", "means", "when", "unless", "failure", "auth_method", "ends_session", "session_from",
        "user_from"});
  RuleSettings out;
  out.name = text_in(one, "name", at);
  out.means = text_in(one, "means", at);
  if (one.contains("when")) out.when = condition_of(one["when"], at + "when");
  if (one.contains("unless")) out.unless = condition_of(one["unless"], at + "unless");
  out.failure = text_in(one, "failure", at);
  out.auth_method = text_in(one, "auth_method", at);
  if (const auto ends = one.find("ends_session"); ends != one.end()) {
    if (!ends->is_boolean()) fail(at + "ends_session must be true or false");
    out.ends_session = ends->get<bool>();
  }
  out.session = wheres_in(one, "session_from", at);
  out.user = wheres_in(one, "user_from", at);
  return out;
}

// The preset is what the settings don't say. Rules of the settings come first.
Json with_preset(const Json& given) {
  const std::string name = text_in(given, "preset", "");
  if (name.empty()) return given;
  const std::string_view text = log_preset(name);
  if (text.empty()) {
    std::string names;
    for (const LogPreset& one : log_presets()) names += (names.empty() ? "" : ", ") + std::string(one.name);
    fail("there is no preset '" + name + "'; there are " + names);
  }
  Json merged = Json::parse(text);
  for (const auto& [key, value] : given.items()) {
    if (key == "rules" && value.is_array()) {
      Json rules = value;
      for (Json& rule : merged["rules"]) rules.push_back(std::move(rule));
      merged["rules"] = std::move(rules);
    } else if (merged.contains(key) && merged[key].is_object() && value.is_object()) {
      for (const auto& [inner, one] : value.items()) merged[key][inner] = one;
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

FormatSettings format_of(const Json& settings) {
  const Json& format = object_in(settings, "format", "");
  only(format, "format.", {"kind", "log_format", "escape", "fields", "cookies", "time_zone"});
  FormatSettings out;
  out.kind = text_in(format, "kind", "format.");
  out.log_format = text_in(format, "log_format", "format.");
  out.escape = text_in(format, "escape", "format.");
  if (const auto fields = format.find("fields"); fields != format.end()) {
    if (out.kind == "json") {
      for (const auto& [role, field] : object_in(format, "fields", "format.").items()) {
        if (!field.is_string()) fail("format.fields." + role + " must be the name of a field");
        out.roles[role] = field.get<std::string>();
      }
    } else {
      out.fields = text_in(format, "fields", "format.");
    }
  }
  for (const auto& [cookie, field] : object_in(format, "cookies", "format.").items()) {
    if (!field.is_string()) fail("format.cookies." + cookie + " must be the name of a field");
    out.line.cookies[field.get<std::string>()] = cookie;
  }
  if (const std::string zone = text_in(format, "time_zone", "format."); !zone.empty()) {
    const auto seconds = files::parse_zone(zone);
    if (!seconds) fail("format.time_zone must be as \"+01:00\" or \"Z\"");
    out.line.zone_seconds = *seconds;
  }
  return out;
}

void add_session(const Json& settings, FormsSettings& out) {
  const Json& session = object_in(settings, "session", "");
  only(session, "session.", {"cookie", "transform", "presented", "issued", "window"});
  const std::vector<std::string> names = texts_in(session, "cookie", "session.");
  const std::vector<std::string> transforms = texts_in(session, "transform", "session.");
  Json credentials = Json::array();
  for (const std::string& name : names) {
    out.rules.presented.push_back({"cookie", name, {}, transforms});
    out.rules.issued.push_back({"set_cookie", name, {}, transforms});
    Json credential{{"in", "cookie"}, {"name", name}};
    if (!transforms.empty()) credential["transform"] = transforms;
    credentials.push_back(std::move(credential));
  }
  for (WhereSettings& where : wheres_in(session, "presented", "session."))
    out.rules.presented.push_back(std::move(where));
  for (WhereSettings& where : wheres_in(session, "issued", "session."))
    out.rules.issued.push_back(std::move(where));
  out.window = duration_in(session, "window", Duration{}, std::chrono::minutes(1), std::chrono::hours(24));
  out.rules.by_user = out.window != Duration{};
  if (out.rules.by_user && !(out.rules.presented.empty() && out.rules.issued.empty()))
    fail("session.window is for logs that name no session: it and a session's id exclude each other");
  if (!names.empty())
    out.gate_rules = Json{{"credentials", std::move(credentials)}, {"clear_cookies", names}}.dump();
}

}  // namespace

FormsSettings read_settings(std::string_view json) {
  const Json given = Json::parse(json, nullptr, false);
  if (!given.is_object()) fail("not a JSON object");
  const Json settings = with_preset(given);
  only(settings, "",
       {"inputs", "preset", "format", "session", "user", "address", "expires", "rules", "auth_method",
        "application", "ignore_case", "activity_quantum", "refusals_settle", "arrival_delay",
        "service_accounts", "store"});
  FormsSettings out;
  out.inputs = texts_in(settings, "inputs", "");
  if (settings.contains("store")) out.store = object_in(settings, "store", "").dump();
  if (out.inputs.empty() && out.store.empty()) fail("there are neither inputs (access logs) nor a store");
  add_session(settings, out);
  if (out.rules.by_user && !out.store.empty())
    fail("session.window and a store exclude each other: nothing says which of its sessions a visit is");
  if (!out.inputs.empty()) out.format = format_of(settings);
  const Json& user = object_in(settings, "user", "");
  only(user, "user.", {"from", "namespace"});
  out.rules.user = wheres_in(user, "from", "user.");
  out.name_space = text_in(user, "namespace", "user.");
  // A store's own names and the log's must be of one namespace.
  if (out.name_space.empty() && !out.store.empty()) out.name_space = "user";
  out.rules.address = wheres_in(settings, "address", "");
  out.rules.expires = wheres_in(settings, "expires", "");
  out.rules.auth_method = text_in(settings, "auth_method", "", "form");
  out.rules.ignore_case = out.format.kind == "w3c";  // as Windows does
  if (const auto ignore = settings.find("ignore_case"); ignore != settings.end()) {
    if (!ignore->is_boolean()) fail("ignore_case must be true or false");
    out.rules.ignore_case = ignore->get<bool>();
  }
  const Json& rules = list_in(settings, "rules", "");
  for (std::size_t i = 0; i < rules.size(); ++i)
    out.rules.rules.push_back(rule_of(rules[i], "rules[" + std::to_string(i) + "]"));
  out.service_accounts = texts_in(settings, "service_accounts", "");
  out.application = text_in(settings, "application", "");
  using std::chrono::hours;
  using std::chrono::seconds;
  out.live.activity_quantum =
      duration_in(settings, "activity_quantum", out.live.activity_quantum, seconds(1), seconds(60));
  out.recorded.activity_quantum = out.live.activity_quantum;
  out.live.refusals_settle = duration_in(settings, "refusals_settle", Duration{}, Duration{}, hours(1));
  out.recorded.refusals_settle = out.live.refusals_settle;
  out.live.arrival_delay =
      duration_in(settings, "arrival_delay", out.live.arrival_delay, seconds(1), hours(1));
  return out;
}

plugin::AccountType account_type_of(const FormsSettings& settings, std::string_view user) {
  if (user.empty()) return plugin::AccountType::Unknown;
  const bool is_service = std::any_of(settings.service_accounts.begin(), settings.service_accounts.end(),
                                      [&](const std::string& pattern) { return fits(pattern, user, true); });
  return is_service ? plugin::AccountType::Service : plugin::AccountType::Human;
}

std::string_view name_space_of(const FormsSettings& settings, std::string_view user) {
  if (!settings.name_space.empty()) return settings.name_space;
  if (user.find('\\') != std::string_view::npos) return "windows_account";
  if (user.find('@') != std::string_view::npos) return "upn";
  return "user";
}

}  // namespace curfew::forms
