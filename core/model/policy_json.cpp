#include "core/model/json_object.hpp"
#include "core/model/json_reading.hpp"
#include "core/model/policy.hpp"

namespace curfew::model {
namespace {

using simdjson::dom::element;

void append(std::string& out, const Scope& scope) {
  JsonObject o(out);
  if (!scope.sources.empty()) o.texts("sources", scope.sources);
  if (!scope.applications.empty()) o.texts("applications", scope.applications);
  if (!scope.subjects.empty()) o.texts("subjects", scope.subjects);
  if (!scope.groups.empty()) o.texts("groups", scope.groups);
  if (!scope.account_types.empty()) o.names("account_types", scope.account_types);
  if (!scope.networks.empty()) o.names("networks", scope.networks);
  if (!scope.sign_ins.empty()) o.names("sign_ins", scope.sign_ins);
  o.end();
}

void append(std::string& out, const Policy& policy) {
  JsonObject o(out);
  o.text("name", policy.name);
  o.name("rule", policy.rule);
  o.name("mode", policy.mode);
  o.begin("scope");
  append(out, policy.scope);
  o.begin("except");
  append(out, policy.except);
  o.micros("limit", policy.limit);
  o.micros("warn_before", policy.warn_before);
  o.texts("warn_by", policy.warn_by);
  o.number("most", policy.most);
  o.micros("window", policy.window);
  o.name("per", policy.per);
  o.name("evict", policy.evict);
  if (!policy.changes.empty()) o.names("changes", policy.changes);
  if (!policy.bind.empty()) o.names("bind", policy.bind);
  o.text_unless_empty("zone", policy.zone);
  if (!policy.hours.empty()) {
    o.list("hours", policy.hours, [](std::string& text, const Shift& shift) {
      JsonObject one(text);
      if (!shift.days.empty()) one.names("days", shift.days);
      one.text("from", shift.from);
      one.text("to", shift.to);
      one.end();
    });
  }
  if (!policy.offsets.empty()) {
    // Hundreds of them: as short as can be.
    o.list("offsets", policy.offsets, [](std::string& text, const ZoneOffset& one) {
      text +=
          '[' + std::to_string(base::to_micros(one.from)) + ',' + std::to_string(one.offset.count()) + ']';
    });
  }
  o.flag("hold", policy.hold);
  o.texts("controls", policy.controls);
  o.raw("ladder", to_json(policy.ladder));
  o.number("most_sign_outs_per_minute", policy.most_sign_outs_per_minute);
  o.flag("accept_unenforceable", policy.accept_unenforceable);
  o.end();
}

void append(std::string& out, const SourcePolicy& source) {
  JsonObject o(out);
  o.text("name", source.name);
  o.text("connector", source.connector);
  o.micros("lateness", source.lateness);
  o.micros("stale_after", source.stale_after);
  o.micros("retry_window", source.retry_window);
  o.micros("vanished_after", source.vanished_after);
  o.texts("acts_through", source.acts_through);
  o.texts("may_teach", source.may_teach);
  o.texts("shows_activity_of", source.shows_activity_of);
  o.names("can", source.can);
  o.flag("can_prove", source.can_prove);
  o.flag("shows_activity", source.shows_activity);
  o.end();
}

void append(std::string& out, const Safety& safety) {
  JsonObject o(out);
  o.number("most_sign_outs_per_minute", safety.most_sign_outs_per_minute);
  o.number("approve_above", safety.approve_above);
  o.texts("protected_accounts", safety.protected_accounts);
  o.end();
}

[[noreturn]] void unknown(std::string_view key) { corrupt_field(key, "is not a known field"); }

void read_value(element from, std::string_view where, Scope& to) {
  for (const auto [key, value] : json_object(from, where)) {
    if (key == "sources")
      read(value, key, to.sources);
    else if (key == "applications")
      read(value, key, to.applications);
    else if (key == "subjects")
      read(value, key, to.subjects);
    else if (key == "groups")
      read(value, key, to.groups);
    else if (key == "account_types")
      read(value, key, to.account_types);
    else if (key == "networks")
      read(value, key, to.networks);
    else if (key == "sign_ins")
      read(value, key, to.sign_ins);
    else
      unknown(key);
  }
}

void read_value(element from, std::string_view where, LadderStep& to) {
  for (const auto [key, value] : json_object(from, where)) {
    if (key == "action")
      read(value, key, to.action);
    else if (key == "at")
      read(value, key, to.at);
    else if (key == "required")
      read(value, key, to.required);
    else if (key == "together")
      read(value, key, to.together);
    else if (key == "prove_within")
      read(value, key, to.prove_within);
    else if (key == "revert_after")
      read(value, key, to.revert_after);
    else
      unknown(key);
  }
}

void read_value(element from, std::string_view where, Shift& to) {
  for (const auto [key, value] : json_object(from, where)) {
    if (key == "days")
      read(value, key, to.days);
    else if (key == "from")
      read(value, key, to.from);
    else if (key == "to")
      read(value, key, to.to);
    else
      unknown(key);
  }
}

void read_value(element from, std::string_view where, ZoneOffset& to) {
  std::vector<Duration> pair;
  read(from, where, pair);
  if (pair.size() != 2) corrupt_field(where, "is not a pair of time and offset");
  to = {Time{pair[0]}, pair[1]};
}

template <typename T>
void read_list(element from, std::string_view where, std::vector<T>& to);

void read_value(element from, std::string_view where, Policy& to) {
  for (const auto [key, value] : json_object(from, where)) {
    if (key == "name")
      read(value, key, to.name);
    else if (key == "rule")
      read(value, key, to.rule);
    else if (key == "mode")
      read(value, key, to.mode);
    else if (key == "scope")
      read_value(value, key, to.scope);
    else if (key == "except")
      read_value(value, key, to.except);
    else if (key == "limit")
      read(value, key, to.limit);
    else if (key == "warn_before")
      read(value, key, to.warn_before);
    else if (key == "warn_by")
      read(value, key, to.warn_by);
    else if (key == "most")
      read(value, key, to.most);
    else if (key == "window")
      read(value, key, to.window);
    else if (key == "per")
      read(value, key, to.per);
    else if (key == "evict")
      read(value, key, to.evict);
    else if (key == "changes")
      read(value, key, to.changes);
    else if (key == "bind")
      read(value, key, to.bind);
    else if (key == "zone")
      read(value, key, to.zone);
    else if (key == "hours")
      read_list(value, key, to.hours);
    else if (key == "offsets")
      read_list(value, key, to.offsets);
    else if (key == "hold")
      read(value, key, to.hold);
    else if (key == "controls")
      read(value, key, to.controls);
    else if (key == "ladder")
      read_list(value, key, to.ladder);
    else if (key == "most_sign_outs_per_minute")
      read(value, key, to.most_sign_outs_per_minute);
    else if (key == "accept_unenforceable")
      read(value, key, to.accept_unenforceable);
    else
      unknown(key);
  }
}

void read_value(element from, std::string_view where, SourcePolicy& to) {
  for (const auto [key, value] : json_object(from, where)) {
    if (key == "name")
      read(value, key, to.name);
    else if (key == "connector")
      read(value, key, to.connector);
    else if (key == "lateness")
      read(value, key, to.lateness);
    else if (key == "stale_after")
      read(value, key, to.stale_after);
    else if (key == "retry_window")
      read(value, key, to.retry_window);
    else if (key == "vanished_after")
      read(value, key, to.vanished_after);
    else if (key == "acts_through")
      read(value, key, to.acts_through);
    else if (key == "may_teach")
      read(value, key, to.may_teach);
    else if (key == "shows_activity_of")
      read(value, key, to.shows_activity_of);
    else if (key == "can")
      read(value, key, to.can);
    else if (key == "can_prove")
      read(value, key, to.can_prove);
    else if (key == "shows_activity")
      read(value, key, to.shows_activity);
    else
      unknown(key);
  }
}

void read_value(element from, std::string_view where, Safety& to) {
  for (const auto [key, value] : json_object(from, where)) {
    if (key == "most_sign_outs_per_minute")
      read(value, key, to.most_sign_outs_per_minute);
    else if (key == "approve_above")
      read(value, key, to.approve_above);
    else if (key == "protected_accounts")
      read(value, key, to.protected_accounts);
    else
      unknown(key);
  }
}

template <typename T>
void read_list(element from, std::string_view where, std::vector<T>& to) {
  simdjson::dom::array list;
  if (from.get(list) != simdjson::SUCCESS) corrupt_field(where, "is not a list");
  to.clear();
  for (const auto item : list) read_value(item, where, to.emplace_back());
}

}  // namespace

std::string to_json(const std::vector<LadderStep>& ladder) {
  std::string out = "[";
  for (const LadderStep& step : ladder) {
    if (out.size() > 1) out += ',';
    JsonObject o(out);
    o.name("action", step.action);
    o.text_unless_empty("at", step.at);
    o.flag("required", step.required);
    o.flag("together", step.together);
    o.micros("prove_within", step.prove_within);
    o.micros("revert_after", step.revert_after);
    o.end();
  }
  out += ']';
  return out;
}

std::vector<LadderStep> ladder_from_json(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    corrupt_field("ladder", "is not JSON");
  std::vector<LadderStep> ladder;
  read_list(root, "ladder", ladder);
  return ladder;
}

std::string to_json(const PolicySet& set) {
  std::string out;
  JsonObject o(out);
  o.text("version", set.version);
  const auto append_item = [](std::string& text, const auto& item) { append(text, item); };
  o.list("sources", set.sources, append_item);
  o.list("policies", set.policies, append_item);
  o.begin("safety");
  append(out, set.safety);
  o.micros("clock_jump", set.clock_jump);
  o.end();
  return out;
}

PolicySet policy_set_from_json(std::string_view json) {
  simdjson::dom::parser parser;
  PolicySet set;
  for (const auto [key, value] : json_object(parser, json, "policy set")) {
    if (key == "version")
      read(value, key, set.version);
    else if (key == "sources")
      read_list(value, key, set.sources);
    else if (key == "policies")
      read_list(value, key, set.policies);
    else if (key == "safety")
      read_value(value, key, set.safety);
    else if (key == "clock_jump")
      read(value, key, set.clock_jump);
    else
      unknown(key);
  }
  return set;
}

}  // namespace curfew::model
