#include "core/api/http.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace curfew::api {
namespace {

std::string_view find(const Fields& fields, std::string_view name) {
  const auto at =
      std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return at == fields.end() ? std::string_view{} : std::string_view{at->second};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::size_t max_parameters = 32;

}  // namespace

std::string_view Request::header(std::string_view name) const { return find(headers, name); }
std::string_view Request::capture(std::string_view name) const { return find(captures, name); }
const std::string* Request::parameter(std::string_view name) const {
  const auto at =
      std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
  return at == parameters.end() ? nullptr : &at->second;
}

bool decode_percent(std::string_view text, std::string& out, bool plus_is_blank) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else {
      out += text[i];
    }
  }
  return base::is_clean_utf8(out);
}

Fields parse_query(std::string_view query) {
  Fields parameters;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    std::pair<std::string, std::string> parameter;
    if (!decode_percent(part.substr(0, equals), parameter.first, true) ||
        (equals != std::string_view::npos &&
         !decode_percent(part.substr(equals + 1), parameter.second, true))) {
      throw Problem(400, "malformed query", "a parameter of the query is not percent-encoded UTF-8");
    }
    if (find(parameters, parameter.first).data() != nullptr) {
      throw Problem(400, "malformed query", "the parameter '" + parameter.first + "' is given twice");
    }
    if (parameters.size() == max_parameters) {
      throw Problem(400, "malformed query", "more than " + std::to_string(max_parameters) + " parameters");
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response problem_response(const Problem& problem, std::string_view request_id) {
  Response response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  response.headers = problem.headers;
  std::string& out = response.body;
  out = "{\"type\":\"about:blank\",\"title\":";
  base::append_json_string(out, base::to_clean_utf8(problem.title));
  out += ",\"status\":" + std::to_string(problem.status) + ",\"detail\":";
  base::append_json_string(out, base::to_clean_utf8(problem.detail));
  out += ",\"instance\":";
  base::append_json_string(out, "urn:curfew:request:" + std::string(request_id));
  if (problem.index >= 0) out += ",\"index\":" + std::to_string(problem.index);
  if (!problem.extension.empty()) out += "," + problem.extension;
  out += "}";
  if (problem.retry_after > 0)
    response.headers.emplace_back("Retry-After", std::to_string(problem.retry_after));
  return response;
}

}  // namespace curfew::api
