#include "core/model/credential_rules.hpp"

#include <simdjson.h>

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/jose/algorithms.hpp"

namespace curfew::model {
namespace {

namespace dom = simdjson::dom;

// The first fault, with its place; what follows it isn't looked at.
struct Fault {
  std::string text;
};

[[noreturn]] void fail(const std::string& where, const std::string& what) { throw Fault{where + " " + what}; }

// A key that stood twice would be read twice, past the bound of its list.
void refuse_repeats(const dom::object& object, const std::string& where) {
  std::set<std::string_view> seen;
  for (const auto field : object) {
    if (!seen.insert(field.key).second) fail(where + std::string(field.key), "stands twice");
  }
}

template <typename E>
std::string one_of() {
  std::string names;
  for (const std::string_view name : Names<E>::all) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return "must be one of " + names;
}

std::string text_of(dom::element from, const std::string& where, std::size_t longest = max_credential_text) {
  std::string_view text;
  if (from.get(text) != simdjson::SUCCESS) fail(where, "is not a text");
  if (text.empty()) fail(where, "is empty");
  if (text.size() > longest) fail(where, "is longer than " + std::to_string(longest) + " bytes");
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
  refuse_repeats(object, where + ".");
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
    } else if (field.key == "token") {
      if (field.value.get(rule.token) != simdjson::SUCCESS) fail(at, "is neither true nor false");
    } else {
      fail(at, "is unknown; a credential has in, name, transform and token");
    }
  }
  if (!has_place) fail(where, "lacks 'in': " + one_of<CredentialPlace>());
  if (rule.name.empty() == (rule.in != CredentialPlace::Bearer))
    fail(where, rule.name.empty() ? "lacks 'name'" : "is a bearer token, which has no 'name'");
  if (rule.in == CredentialPlace::Header) rule.name = base::to_lower_ascii(rule.name);
  return rule;
}

std::vector<std::string> texts_of(dom::element from, const std::string& where) {
  std::vector<std::string> texts;
  for (const dom::element one : list_of(from, where, max_token_texts))
    texts.push_back(text_of(one, where + "[" + std::to_string(texts.size()) + "]", max_token_text));
  if (texts.empty()) fail(where, "is empty");
  return texts;
}

std::chrono::seconds seconds_of(dom::element from, const std::string& where, std::chrono::seconds most) {
  std::uint64_t seconds = 0;
  if (from.get(seconds) != simdjson::SUCCESS || seconds > static_cast<std::uint64_t>(most.count()))
    fail(where, "must be a number of seconds, at most " + std::to_string(most.count()));
  return std::chrono::seconds(seconds);
}

void take_algorithms(TokenRules& rules, dom::element from, const std::string& where) {
  const std::vector<std::string>& known = jose::known_algorithms();
  rules.algorithms = texts_of(from, where);
  for (const std::string& one : rules.algorithms) {
    if (std::find(known.begin(), known.end(), one) == known.end())
      fail(where, "has '" + one + "', by which no issuer's signature can be verified");
  }
}

TokenRules tokens_of(dom::element from) {
  dom::object object;
  if (from.get(object) != simdjson::SUCCESS) fail("tokens", "are not an object");
  refuse_repeats(object, "tokens.");
  TokenRules rules;
  for (const auto field : object) {
    const std::string at = "tokens." + std::string(field.key);
    if (field.key == "issuer") {
      rules.issuer = text_of(field.value, at, max_token_text);
    } else if (field.key == "audiences") {
      rules.audiences = texts_of(field.value, at);
    } else if (field.key == "algorithms") {
      take_algorithms(rules, field.value, at);
    } else if (field.key == "types") {
      rules.types = texts_of(field.value, at);
      for (std::string& type : rules.types) type = base::to_lower_ascii(type);
    } else if (field.key == "session_claims") {
      rules.session_claims = texts_of(field.value, at);
    } else if (field.key == "subject_claim") {
      rules.subject_claim = text_of(field.value, at);
    } else if (field.key == "subject_namespace") {
      rules.subject_namespace = text_of(field.value, at);
    } else if (field.key == "subject_prefix") {
      rules.subject_prefix = text_of(field.value, at, max_token_text);
    } else if (field.key == "clock_skew_seconds") {
      rules.clock_skew = seconds_of(field.value, at, most_token_skew);
    } else if (field.key == "longest_life_seconds") {
      rules.longest_life = seconds_of(field.value, at, most_token_life);
    } else {
      fail(at,
           "is unknown; tokens have issuer, audiences, algorithms, types, session_claims, subject_claim, "
           "subject_namespace, subject_prefix, clock_skew_seconds and longest_life_seconds");
    }
  }
  if (rules.issuer.empty()) fail("tokens", "lack 'issuer'");
  if (rules.audiences.empty()) fail("tokens", "lack 'audiences': a token for anybody is for nobody");
  if (rules.algorithms.empty()) fail("tokens", "lack 'algorithms'");
  return rules;
}

IntrospectionRules introspection_of(dom::element from) {
  dom::object object;
  if (from.get(object) != simdjson::SUCCESS) fail("introspection", "is not an object");
  refuse_repeats(object, "introspection.");
  IntrospectionRules rules;
  for (const auto field : object) {
    const std::string at = "introspection." + std::string(field.key);
    if (field.key == "keep_seconds") {
      rules.keep = seconds_of(field.value, at, most_introspection_kept);
    } else if (field.key == "keep_refused_seconds") {
      rules.keep_refused = seconds_of(field.value, at, most_introspection_kept);
    } else if (field.key == "clock_skew_seconds") {
      rules.clock_skew = seconds_of(field.value, at, most_token_skew);
    } else if (field.key == "longest_life_seconds") {
      rules.longest_life = seconds_of(field.value, at, most_token_life);
    } else if (field.key == "revoke") {
      if (field.value.get(rules.revoke) != simdjson::SUCCESS) fail(at, "is neither true nor false");
    } else {
      fail(at,
           "is unknown; introspection has keep_seconds, keep_refused_seconds, clock_skew_seconds, "
           "longest_life_seconds and revoke");
    }
  }
  return rules;
}

// It goes into a page and into headers.
std::string sign_out_url_of(dom::element from, const std::string& where) {
  std::string url = text_of(from, where, max_sign_out_url);
  const bool has_scheme = url.starts_with("https://") || url.starts_with("http://");
  const auto is_plain = [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\' && c != '`';
  };
  if (!has_scheme || !std::all_of(url.begin(), url.end(), is_plain))
    fail(where, "is no URL that a page can link to: https, and escaped");
  return url;
}

CredentialRules rules_of(dom::element from) {
  dom::object object;
  if (from.get(object) != simdjson::SUCCESS) fail("gate rules", "are not a JSON object");
  refuse_repeats(object, "");
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
    } else if (field.key == "tokens") {
      rules.tokens = tokens_of(field.value);
    } else if (field.key == "introspection") {
      rules.introspection = introspection_of(field.value);
    } else if (field.key == "provider_sign_out") {
      rules.provider_sign_out = sign_out_url_of(field.value, at);
    } else {
      fail(at,
           "is unknown; gate rules have credentials, clear_cookies, tokens, introspection and "
           "provider_sign_out");
    }
  }
  if (rules.credentials.empty()) fail("credentials", "is empty: the gate could not tell any session");
  const bool has_token = std::any_of(rules.credentials.begin(), rules.credentials.end(),
                                     [](const CredentialRule& rule) { return rule.token; });
  if (has_token && !rules.tokens && !rules.introspection)
    fail("tokens", "are missing: a credential is a token");
  if (!has_token && rules.tokens) fail("tokens", "are of no use: no credential is a token");
  if (!has_token && rules.introspection) fail("introspection", "is of no use: no credential is a token");
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
