#include "plugins/oauth/providers/oidc/call_template.hpp"

#include <algorithm>
#include <array>

#include "plugins/web/http_client.hpp"

namespace curfew::oauth::oidc {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using web::invalid;
using web::Setting;

constexpr std::size_t longest_path = 1024;
constexpr std::size_t longest_body = 4096;
constexpr int deepest_body = 8;
// Page tokens hold a whole position, encoded.
constexpr std::size_t longest_page = 2048;

std::vector<Piece> pieces_of(const std::string& text, const std::set<std::string>& names,
                             const std::string& where) {
  std::vector<Piece> pieces;
  const auto known = [&] {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "{" : ", {") + name + "}";
    return all.empty() ? std::string("nothing") : all;
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '}') invalid(where + " has a } without its {");
    if (text[at] != '{') {
      const std::size_t end = std::min(text.find_first_of("{}", at), text.size());
      pieces.push_back({false, text.substr(at, end - at)});
      at = end;
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos) invalid(where + " has a { without its }");
    std::string name = text.substr(at + 1, end - at - 1);
    if (!names.contains(name)) invalid(where + ": {" + name + "} has no value here; what has: " + known());
    pieces.push_back({true, std::move(name)});
    at = end + 1;
  }
  return pieces;
}

void check_path(const std::string& path, const std::string& where) {
  if (!path.starts_with('/') || path.starts_with("//") || path.size() > longest_path)
    invalid(where + " must begin with one /, below administration.url, and have at most 1024 characters");
  for (const char c : path) {
    const bool is_plain =
        c > ' ' && c < '\x7f' && std::string_view("\"<>\\^`|#").find(c) == std::string_view::npos;
    if (!is_plain) invalid(where + " has a character that no path has; write it percent-encoded");
  }
  const std::string way = path.substr(0, path.find('?'));
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t end = way.find('/', at + 1);
    const std::string segment = way.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    if (segment == "." || segment == "..") invalid(where + " must not go up");
    at = end;
  }
}

void check_body(const json& body, const std::set<std::string>& names, const std::string& where, int depth) {
  if (depth > deepest_body) invalid(where + " is nested too deep");
  if (body.is_string()) (void)pieces_of(body.get_ref<const std::string&>(), names, where);
  if (!body.is_structured()) return;
  for (const json& one : body) check_body(one, names, where, depth + 1);
}

std::set<int> statuses_of(const Setting& setting, const std::string& key, std::set<int> usual) {
  if (!setting.has(key)) return usual;
  const json& list = setting.json().at(key);
  const auto is_status = [](const json& one) {
    return one.is_number_integer() && one.get<std::int64_t>() >= 200 && one.get<std::int64_t>() < 500;
  };
  if (!list.is_array() || list.size() > 20 || !std::all_of(list.begin(), list.end(), is_status))
    invalid(setting.at(key) + " must be a list of HTTP statuses from 200 to 499");
  return list.get<std::set<int>>();
}

[[noreturn]] void unfit(const std::string& name) {
  throw Failure(Code::Failed,
                "the " + name +
                    " can't stand in a call of the provider's API: it is empty, too long, a path of "
                    "its own, or no clean text");
}

// Without its value it would be another call; a first {page} is none.
std::string value_of(const std::string& name, const std::map<std::string, std::string>& values) {
  const auto value = values.find(name);
  if (value != values.end()) return value->second;
  if (name == "page") return {};
  throw Failure(Code::NotFound, "a call of the provider's API needs the " + name + ", which is not known");
}

std::string text_of(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find('{', at), text.size());
    out += text.substr(at, open - at);
    if (open == text.size()) break;
    const std::size_t close = text.find('}', open);
    out += value_of(text.substr(open + 1, close - open - 1), values);
    at = close + 1;
  }
  return out;
}

json filled(const json& body, const std::map<std::string, std::string>& values) {
  if (body.is_string()) return text_of(body.get_ref<const std::string&>(), values);
  if (!body.is_structured()) return body;
  json out = body;
  for (json& one : out) one = filled(one, values);
  return out;
}

}  // namespace

bool is_safe_value(std::string_view value) {
  if (value.empty() || value.size() > longest_value || value == "." || value == "..") return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20U && byte != 0x7fU;
  });
}

CallTemplate read_call(const Setting& setting, const std::set<std::string>& names,
                       const std::string& usual_method) {
  CallTemplate call{
      .method = usual_method.empty() ? setting.text("method") : setting.text("method", usual_method),
      .path = {},
      .body = nullptr,
      .accepted = statuses_of(setting, "accepted", {200, 202, 204}),
      .absent = statuses_of(setting, "absent", {404})};
  constexpr std::array<std::string_view, 5> methods{"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(methods.begin(), methods.end(), call.method) == methods.end())
    invalid(setting.at("method") + " must be GET, POST, PUT, PATCH or DELETE");
  const std::string path = setting.text("path");
  check_path(path, setting.at("path"));
  call.path = pieces_of(path, names, setting.at("path"));
  if (!setting.has("body")) return call;
  call.body = setting.json().at("body");
  if (!call.body.is_object()) invalid(setting.at("body") + " must be a mapping: it is sent as JSON");
  check_body(call.body, names, setting.at("body"), 0);
  if (call.body.dump().size() > longest_body) invalid(setting.at("body") + " may have 4 KiB at most");
  return call;
}

FilledCall fill(const CallTemplate& call, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    const bool is_page = name == "page";
    if (is_page ? value.size() > longest_page : !is_safe_value(value)) unfit(name);
  }
  FilledCall out{.method = call.method, .path = {}, .body = {}};
  for (const Piece& piece : call.path) {
    out.path += piece.is_name ? web::percent_encoded(value_of(piece.text, values)) : piece.text;
  }
  if (call.body.is_null()) return out;
  try {
    out.body = filled(call.body, values).dump();
  } catch (const json::exception&) {
    unfit("name");  // no UTF-8
  }
  return out;
}

}  // namespace curfew::oauth::oidc
