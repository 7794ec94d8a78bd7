#include "plugins/forms/stores/http_template.hpp"

#include <simdjson.h>

#include <algorithm>

#include "curfew/plugin/text.hpp"

namespace curfew::forms {
namespace {

bool has_place(const std::string& text, const char* place) { return text.find(place) != std::string::npos; }

void check_places(const std::string& text, const std::string& setting, bool names, bool secret) {
  // Braces that aren't ours are a JSON body's own.
  if (!names && (has_place(text, "{session}") || has_place(text, "{subject}")))
    web::invalid(setting + ": {session} and {subject} can stand in path and body only");
  if (!secret && has_place(text, "{secret}"))
    web::invalid(setting + ": {secret} can stand in headers and body only: a path is in logs");
}

std::string json_escaped(std::string_view text) {
  std::string quoted;
  plugin::append_json_string(quoted, plugin::to_clean_utf8(text));
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

CallTemplate::CallTemplate(const web::Setting& call, const std::string& default_method,
                           const std::map<std::string, std::string>& headers, const std::string& secret)
    : setting_(call.path()),
      method_(call.text("method", default_method)),
      path_(call.text("path")),
      headers_(headers),
      body_(call.text("body", "")),
      secret_(secret) {
  static const std::vector<std::string> methods{"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(methods.begin(), methods.end(), method_) == methods.end())
    web::invalid(call.at("method") + " must be GET, POST, PUT, PATCH or DELETE");
  const auto is_odd = [](unsigned char c) { return c <= 0x20 || c >= 0x7F; };
  if (!path_.starts_with('/') || std::any_of(path_.begin(), path_.end(), is_odd))
    web::invalid(call.at("path") + " must begin with / and be escaped where it isn't plain");
  check_places(path_, call.at("path"), true, false);
  for (const auto& [name, value] : call.texts("headers")) headers_[name] = value;
  for (auto& [name, value] : headers_) {
    check_places(value, call.at("headers"), false, true);
    if (has_place(value, "{secret}") && secret.empty())
      web::invalid(call.at("headers") +
                   " asks for {secret}, and there is no secret, secret_file or secret_env");
    for (std::size_t at = 0; (at = value.find("{secret}", at)) != std::string::npos; at += secret.size())
      value.replace(at, 8, secret);
  }
  if (body_.empty()) return;
  const std::string type = call.text("content_type", "application/json");
  if (type == "application/x-www-form-urlencoded")
    body_escape_ = Escape::Percent;
  else if (type != "application/json")
    web::invalid(call.at("content_type") + " must be application/json or application/x-www-form-urlencoded");
  if (has_place(body_, "{secret}") && secret.empty())
    web::invalid(call.at("body") + " asks for {secret}, and there is no secret, secret_file or secret_env");
  headers_["Content-Type"] = type;
}

bool CallTemplate::uses_session() const {
  return has_place(path_, "{session}") || has_place(body_, "{session}");
}
bool CallTemplate::uses_subject() const {
  return has_place(path_, "{subject}") || has_place(body_, "{subject}");
}

// One pass: what is put in is not looked into again.
std::string CallTemplate::fill(const std::string& text, const SessionName& name, const std::string& secret,
                               Escape escape) {
  const auto escaped = [&](const std::string& value) {
    return escape == Escape::Percent ? web::percent_encoded(value) : json_escaped(value);
  };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (rest.starts_with("{session}")) {
      out += escaped(name.id);
      i += 9;
    } else if (rest.starts_with("{subject}")) {
      out += escaped(name.subject);
      i += 9;
    } else if (rest.starts_with("{secret}")) {
      out += escaped(secret);
      i += 8;
    } else {
      out += text[i++];
    }
  }
  return out;
}

web::HttpCall CallTemplate::with(const SessionName& name) const {
  // Many servers decode a path before they split it: what somebody put into a cookie would choose the call.
  const auto check = [&](const char* place, const std::string& value) {
    if (!has_place(path_, place) ||
        (value.find_first_of("/\\") == std::string::npos && value != "." && value != ".."))
      return;
    throw plugin::Failure(plugin::Code::Failed, setting_ + ".path: what is to stand for " + place +
                                                    " has a slash in it, or dots alone; use the body");
  };
  check("{session}", name.id);
  check("{subject}", name.subject);
  return {.method = method_,
          .path = fill(path_, name, {}, Escape::Percent),
          .headers = headers_,
          .body = fill(body_, name, secret_, body_escape_)};
}

AnswerRule::AnswerRule(const web::Setting& rule) {
  rule.only({"status", "contains", "json"});
  if (rule.has("status")) {
    const nlohmann::json& list = rule.json()["status"];
    if (!list.is_array() || list.empty()) web::invalid(rule.at("status") + " must be a list of numbers");
    for (const auto& status : list) {
      if (!status.is_number_integer() || status < 200 || status > 599)
        web::invalid(rule.at("status") + " must be a list of numbers from 200 to 599");
      statuses_.push_back(status.get<int>());
    }
  }
  contains_ = rule.text("contains", "");
  if (rule.has("json")) {
    const nlohmann::json& wanted = rule.json()["json"];
    if (!wanted.is_object()) web::invalid(rule.at("json") + " must be a mapping of JSON pointers to values");
    for (const auto& [pointer, value] : wanted.items()) {
      if (!pointer.starts_with('/') || value.is_structured())
        web::invalid(rule.at("json") + ": '" + pointer +
                     "' must be a JSON pointer such as /active, with a plain value");
      json_.emplace_back(pointer, value.dump());
    }
  }
  if (statuses_.empty() && contains_.empty() && json_.empty())
    web::invalid(rule.path() + " says nothing; give status, contains or json");
}

bool AnswerRule::fits(const web::HttpReply& reply) const {
  if (!statuses_.empty() && std::find(statuses_.begin(), statuses_.end(), reply.status) == statuses_.end())
    return false;
  if (!contains_.empty() && reply.body.find(contains_) == std::string::npos) return false;
  if (json_.empty()) return true;
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(reply.body).get(document) != simdjson::SUCCESS) return false;
  return std::all_of(json_.begin(), json_.end(), [&](const auto& wanted) {
    simdjson::dom::element value;
    if (document.at_pointer(wanted.first).get(value) != simdjson::SUCCESS) return false;
    return simdjson::minify(value) == wanted.second;
  });
}

}  // namespace curfew::forms
