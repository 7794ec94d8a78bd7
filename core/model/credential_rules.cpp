#include "core/model/credential_rules.hpp"

#include <simdjson.h>

#include <algorithm>

#include "core/base/text.hpp"

namespace curfew::model {
namespace {

namespace dom = simdjson::dom;

// The first fault, with its place; what follows it isn't looked at.
struct Fault {
  std::string text;
};

[[noreturn]] void fail(const std::string& where, const std::string& what) { throw Fault{where + " " + what}; }

template <typename E>
std::string one_of() {
  std::string names;
  for (const std::string_view name : Names<E>::all) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return "must be one of " + names;
}

std::string text_of(dom::element from, const std::string& where) {
  std::string_view text;
  if (from.get(text) != simdjson::SUCCESS) fail(where, "is not a text");
  if (text.empty()) fail(where, "is empty");
  if (text.size() > max_credential_text)
    fail(where, "is longer than " + std::to_string(max_credential_text) + " bytes");
  return std::string(text);
}

dom::array list_of(dom::element from, const std::string& where, std::size_t most) {
  dom::array list;
  if (from.get(list) != simdjson::SUCCESS) fail(where, "is not a list");
  if (list.size() > most) fail(where, "has more than " + std::to_string(most) + " elements");
  return list;
}

Transform transform_of(dom::element from, const std::string& where) {
  const std::string text = text_of(from, where);
  const std::size_t colon = text.find(':');
  const auto kind = parse<TransformKind>(text.substr(0, colon));
  if (!kind) fail(where, "is '" + text.substr(0, colon) + "'; it " + one_of<TransformKind>());
  const bool marked = *kind == TransformKind::Before || *kind == TransformKind::After;
  if (marked && (colon == std::string::npos || colon + 1 == text.size()))
    fail(where, "needs a marker, as in " + std::string(name_of(*kind)) + ":.");
  if (!marked && colon != std::string::npos)
    fail(where, "takes no marker: write " + std::string(name_of(*kind)));
  return {*kind, marked ? text.substr(colon + 1) : std::string()};
}

CredentialRule rule_of(dom::element from, const std::string& where) {
  dom::object object;
  if (from.get(object) != simdjson::SUCCESS) fail(where, "is not an object");
  CredentialRule rule;
  bool has_place = false;
  for (const auto field : object) {
    const std::string at = where + "." + std::string(field.key);
    if (field.key == "in") {
      const auto place = parse<CredentialPlace>(text_of(field.value, at));
      if (!place) fail(at, one_of<CredentialPlace>());
      rule.in = *place;
      has_place = true;
    } else if (field.key == "name") {
      rule.name = text_of(field.value, at);
      if (!is_token(rule.name)) fail(at, "is no name that a cookie or header can have");
    } else if (field.key == "transform") {
      std::size_t index = 0;
      for (const dom::element one : list_of(field.value, at, max_transforms))
        rule.transforms.push_back(transform_of(one, at + "[" + std::to_string(index++) + "]"));
    } else {
      fail(at, "is unknown; a credential has in, name and transform");
    }
  }
  if (!has_place) fail(where, "lacks 'in': " + one_of<CredentialPlace>());
  if (rule.name.empty() == (rule.in != CredentialPlace::Bearer))
    fail(where, rule.name.empty() ? "lacks 'name'" : "is a bearer token, which has no 'name'");
  if (rule.in == CredentialPlace::Header) rule.name = base::to_lower_ascii(rule.name);
  return rule;
}

CredentialRules rules_of(dom::element from) {
  dom::object object;
  if (from.get(object) != simdjson::SUCCESS) fail("gate rules", "are not a JSON object");
  CredentialRules rules;
  for (const auto field : object) {
    const std::string at(field.key);
    std::size_t index = 0;
    if (field.key == "credentials") {
      for (const dom::element one : list_of(field.value, at, max_credential_rules))
        rules.credentials.push_back(rule_of(one, at + "[" + std::to_string(index++) + "]"));
    } else if (field.key == "clear_cookies") {
      for (const dom::element one : list_of(field.value, at, max_cleared_cookies)) {
        const std::string place = at + "[" + std::to_string(index++) + "]";
        rules.clear_cookies.push_back(text_of(one, place));
        if (!is_token(rules.clear_cookies.back())) fail(place, "is no name that a cookie can have");
      }
    } else {
      fail(at, "is unknown; gate rules have credentials and clear_cookies");
    }
  }
  if (rules.credentials.empty()) fail("credentials", "is empty: the gate could not tell any session");
  return rules;
}

}  // namespace

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::optional<CredentialRules> parse_credential_rules(std::string_view json, std::string& why) {
  why.clear();
  if (json.size() > max_gate_rules_bytes) {
    why = "gate rules are longer than " + std::to_string(max_gate_rules_bytes) + " bytes";
    return std::nullopt;
  }
  dom::parser parser;
  dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    why = "gate rules are not valid JSON";
    return std::nullopt;
  }
  try {
    return rules_of(root);
  } catch (const Fault& fault) {
    why = fault.text;
    return std::nullopt;
  }
}

}  // namespace curfew::model
