// The texts that come from the declaration: JSON Schema, reference page, `config show`.
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "core/app/configuration_table.hpp"
#include "core/base/text.hpp"

namespace curfew::app {
namespace {

using nlohmann::ordered_json;

ordered_json schema_of(const Table& table, void* defaults);

std::string text_of(const Value& value) {
  struct Print {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(Duration span) const { return base::format_duration(span); }
    std::string operator()(const std::vector<std::string>& texts) const {
      std::string all;
      for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
      return all;
    }
  };
  return std::visit(Print{}, value);
}

ordered_json schema_of(const Field& field, void* defaults) {
  ordered_json schema;
  const auto of_words = [&] {
    ordered_json one{{"type", "string"}};
    one["enum"] = ordered_json::array();
    for (const std::string_view word : field.words) one["enum"].push_back(std::string(word));
    return one;
  };
  const auto list_of = [](ordered_json one) {
    return ordered_json{{"anyOf", {one, {{"type", "array"}, {"items", one}}}}};
  };
  switch (field.shape) {
    case Shape::Text:
      schema = {{"type", "string"}};
      break;
    case Shape::Word:
      schema = of_words();
      break;
    case Shape::Whole:
      schema = {{"type", "integer"}, {"minimum", field.least}, {"maximum", field.most}};
      break;
    case Shape::Flag:
      schema = {{"type", "boolean"}};
      break;
    case Shape::Span:
      schema = {{"type", "string"}, {"pattern", "^([0-9]+(us|ms|s|m|h|d))+$"}};
      break;
    case Shape::Texts:
      schema = list_of({{"type", "string"}});
      break;
    case Shape::Words:
      schema = list_of(of_words());
      break;
    case Shape::Json:
      schema = {{"type", "object"}};
      break;
    case Shape::Object:
      schema = schema_of(*field.inner, field.open(defaults));
      break;
    case Shape::Objects:
      schema = {{"type", "array"}, {"items", schema_of(*field.inner, field.open(defaults))}};
      break;
  }
  schema["description"] = field.help;
  const bool plain = field.shape == Shape::Text || field.shape == Shape::Word ||
                     field.shape == Shape::Whole || field.shape == Shape::Flag || field.shape == Shape::Span;
  if (plain && !field.required) {
    const Value value = field.get(defaults);
    if (const auto* number = std::get_if<std::int64_t>(&value))
      schema["default"] = *number;
    else if (const bool* flag = std::get_if<bool>(&value))
      schema["default"] = *flag;
    else if (const std::string text = text_of(value); !text.empty())
      schema["default"] = text;
  }
  return schema;
}

ordered_json schema_of(const Table& table, void* defaults) {
  ordered_json schema{{"type", "object"}, {"additionalProperties", false}};
  auto required = ordered_json::array();
  for (const Field& field : table.fields) {
    schema["properties"][field.name] = schema_of(field, defaults);
    if (field.required) required.push_back(field.name);
  }
  if (!required.empty()) schema["required"] = required;
  return schema;
}

std::string type_of(const Field& field) {
  switch (field.shape) {
    case Shape::Text:
      return "text";
    case Shape::Word:
    case Shape::Words: {
      std::string text = field.shape == Shape::Words ? "list of " : "";
      for (std::size_t i = 0; i < field.words.size(); ++i)
        text += (i > 0 ? ", `" : "`") + std::string(field.words[i]) + "`";
      return text;
    }
    case Shape::Whole:
      return "whole number, " + std::to_string(field.least) + " to " + std::to_string(field.most);
    case Shape::Flag:
      return "`true` or `false`";
    case Shape::Span:
      return "duration, " + base::format_duration(Duration(field.least)) + " to " +
             base::format_duration(Duration(field.most));
    case Shape::Texts:
      return "list of text";
    case Shape::Json:
      return "mapping";
    case Shape::Object:
      return "mapping";
    case Shape::Objects:
      return "list";
  }
  return {};
}

void page_of(const Table& table, const std::string& path, void* defaults, std::string& page) {
  page += path.empty() ? "## Top level\n\n" : "## `" + path + "`\n\n";
  page += "| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const Field& field : table.fields) {
    std::string fallback;
    if (field.required)
      fallback = "required";
    else if (field.inner == nullptr) {
      fallback = text_of(field.get(defaults));
      if (field.shape == Shape::Json) fallback.clear();
      if (!fallback.empty()) fallback = "`" + fallback + "`";
    }
    page += "| `" + field.name + "` | " + type_of(field) + " | " + fallback + " | " + field.help + " |\n";
  }
  page += "\n";
  for (const Field& field : table.fields) {
    if (field.inner == nullptr) continue;
    const std::string inner =
        (path.empty() ? "" : path + ".") + field.name + (field.shape == Shape::Objects ? "[]" : "");
    page_of(*field.inner, inner, field.open(defaults), page);
  }
}

bool looks_secret(const std::string& key) {
  const std::string lower = base::to_lower_ascii(key);
  if (lower.ends_with("_file") || lower.ends_with("_env")) return false;
  for (const char* word :
       {"secret", "password", "token", "passphrase", "private_key", "api_key", "credential"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

void emit_json(YAML::Emitter& out, const ordered_json& value, bool masked) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& [key, inner] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit_json(out, inner, masked || looks_secret(key));
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const auto& inner : value) emit_json(out, inner, masked);
    out << YAML::EndSeq;
  } else if (masked) {
    out << "***";
  } else if (value.is_string()) {
    out << YAML::DoubleQuoted << value.get<std::string>();
  } else {
    out << value.dump();
  }
}

// user:password@ of a URL, should one have slipped in.
std::string without_password(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t at = url.find('@', scheme + 3);
  const std::size_t colon = url.find(':', scheme + 3);
  if (at == std::string::npos || colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "***" + url.substr(at);
}

// `defaults`: an untouched object of the same kind. Items of lists show only what differs from it: a policy's
// rule has no use for most of its keys.
void show_table(YAML::Emitter& out, const Table& table, const void* owner, void* defaults, bool in_list) {
  out << YAML::BeginMap;
  for (const Field& field : table.fields) {
    if (field.shape == Shape::Object) {
      out << YAML::Key << field.name << YAML::Value;
      show_table(out, *field.inner, field.all(owner).front(), field.open(defaults), in_list);
      continue;
    }
    if (field.shape == Shape::Objects) {
      if (in_list && field.all(owner).empty()) continue;
      out << YAML::Key << field.name << YAML::Value << YAML::BeginSeq;
      for (const void* one : field.all(owner)) show_table(out, *field.inner, one, field.open(defaults), true);
      out << YAML::EndSeq;
      continue;
    }
    const Value value = field.get(owner);
    if (in_list && !field.required && value == field.get(defaults)) continue;
    if (field.shape == Shape::Texts || field.shape == Shape::Words) {
      const auto& texts = std::get<std::vector<std::string>>(value);
      if (texts.empty()) continue;
      out << YAML::Key << field.name << YAML::Value << YAML::Flow << texts;
    } else if (field.shape == Shape::Json) {
      out << YAML::Key << field.name << YAML::Value;
      emit_json(out, ordered_json::parse(std::get<std::string>(value)), false);
    } else {
      std::string text = text_of(value);
      if (text.empty()) continue;  // said to be absent by being absent
      if (field.name == "url") text = without_password(text);
      out << YAML::Key << field.name << YAML::Value << text;
    }
  }
  out << YAML::EndMap;
}

}  // namespace

std::string json_schema() {
  Settings defaults;
  ordered_json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"title", "Curfew configuration"}};
  schema.update(schema_of(configuration_table(), &defaults));
  return schema.dump(2) + "\n";
}

std::string reference_page() {
  Settings defaults;
  std::string page;
  page_of(configuration_table(), "", &defaults, page);
  page.pop_back();
  return page;
}

std::string show(const Settings& settings) {
  Settings defaults;
  YAML::Emitter out;
  show_table(out, configuration_table(), &settings, &defaults, false);
  return std::string(out.c_str()) + "\n";
}

}  // namespace curfew::app
