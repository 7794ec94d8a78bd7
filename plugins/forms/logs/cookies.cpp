#include "plugins/forms/logs/cookies.hpp"

#include <algorithm>
#include <charconv>

namespace curfew::forms {
namespace {

using files::equal_ignoring_case;
using files::trim;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int number_of(std::string_view text) {
  int value = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? value : -1;
}

// "Wed, 21 Oct 2015 00:00:00 GMT", also with hyphens (RFC 6265: be generous).
std::optional<Time> http_date(std::string_view text) {
  const auto comma = text.find(',');
  if (comma != std::string_view::npos) text = trim(text.substr(comma + 1));
  if (text.size() < 20) return std::nullopt;
  const std::size_t month_at = text[1] == ' ' || text[1] == '-' ? 2 : 3;
  const int day = number_of(text.substr(0, month_at - 1));
  const int month = files::month_of(text.substr(month_at, 3));
  std::string_view rest = text.substr(month_at + 4);
  const auto blank = rest.find(' ');
  if (blank == std::string_view::npos || rest.size() < blank + 9) return std::nullopt;
  int year = number_of(rest.substr(0, blank));
  if (year >= 0 && year < 70) year += 2000;
  if (year >= 70 && year < 100) year += 1900;
  rest = rest.substr(blank + 1);
  return files::to_time({year, month, day, number_of(rest.substr(0, 2)), number_of(rest.substr(3, 2)),
                         number_of(rest.substr(6, 2))});
}

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t,;=\"()<>@:/[]?{}\\") == std::string_view::npos;
}

// Where the next Set-Cookie begins: behind ", ", and it has a name. A date has a comma too.
std::size_t next_header(std::string_view text, std::size_t from) {
  for (auto comma = text.find(',', from); comma != std::string_view::npos;
       comma = text.find(',', comma + 1)) {
    const std::string_view rest = trim(text.substr(comma + 1));
    const auto equals = rest.find('=');
    if (equals != std::string_view::npos && is_token(rest.substr(0, equals))) return comma;
  }
  return text.size();
}

SetCookie read_set_cookie(std::string_view header, Time now) {
  SetCookie cookie;
  const auto end = header.find(';');
  const auto equals = header.find('=');
  cookie.value = trim(header.substr(equals + 1, end == std::string_view::npos ? end : end - equals - 1));
  cookie.is_removed = cookie.value.empty() || cookie.value == "\"\"";
  bool has_age = false;
  for (std::string_view rest = end == std::string_view::npos ? std::string_view{} : header.substr(end + 1);
       !rest.empty();) {
    const auto semicolon = std::min(rest.find(';'), rest.size());
    const std::string_view part = trim(rest.substr(0, semicolon));
    rest.remove_prefix(std::min(semicolon + 1, rest.size()));
    const auto at = part.find('=');
    if (at == std::string_view::npos) continue;
    const std::string_view name = trim(part.substr(0, at)), value = trim(part.substr(at + 1));
    if (equal_ignoring_case(name, "max-age")) {
      has_age = true;  // it counts before the date
      if (value.starts_with('-') || value == "0") cookie.is_removed = true;
    } else if (equal_ignoring_case(name, "expires") && !has_age) {
      const auto date = http_date(value);
      if (date && *date <= now) cookie.is_removed = true;
    }
  }
  return cookie;
}

}  // namespace

std::string_view cookie_of(const LogLine& line, std::string_view name) {
  for (const NamedText& one : line.logged_cookies) {
    if (equal_ignoring_case(one.name, name)) return one.value;
  }
  for (std::string_view rest = line.cookies; !rest.empty();) {
    const auto end = std::min(rest.find(';'), rest.size());
    const std::string_view pair = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && trim(pair.substr(0, equals)) == name)
      return trim(pair.substr(equals + 1));
  }
  return {};
}

std::optional<SetCookie> set_cookie_of(const LogLine& line, std::string_view name) {
  std::optional<SetCookie> found;
  for (std::string_view rest = line.set_cookies; !rest.empty();) {
    const std::size_t end = next_header(rest, 0);
    const std::string_view header = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = header.find('=');
    if (equals != std::string_view::npos && trim(header.substr(0, equals)) == name)
      found = read_set_cookie(header, line.time);
  }
  return found;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<Transform> parse_transform(std::string_view text) {
  if (text == "url_decode") return Transform{Transform::Kind::UrlDecode, {}};
  if (text == "unquote") return Transform{Transform::Kind::Unquote, {}};
  if (text == "lower") return Transform{Transform::Kind::Lower, {}};
  if (text.starts_with("before:") && text.size() > 7)
    return Transform{Transform::Kind::Before, std::string(text.substr(7))};
  if (text.starts_with("after:") && text.size() > 6)
    return Transform{Transform::Kind::After, std::string(text.substr(6))};
  return std::nullopt;
}

std::string transformed(std::string text, const std::vector<Transform>& transforms) {
  for (const Transform& transform : transforms) {
    switch (transform.kind) {
      case Transform::Kind::UrlDecode:
        text = percent_decoded(text);
        break;
      case Transform::Kind::Before:
        text.resize(std::min(text.find(transform.marker), text.size()));
        break;
      case Transform::Kind::After:
        if (const auto at = text.find(transform.marker); at != std::string::npos)
          text.erase(0, at + transform.marker.size());
        break;
      case Transform::Kind::Unquote:
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
          text = text.substr(1, text.size() - 2);
        break;
      case Transform::Kind::Lower:
        text = files::to_lower(text);
        break;
    }
  }
  return text;
}

std::string query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != name || equals == std::string_view::npos) continue;
    std::string value(pair.substr(equals + 1));
    std::replace(value.begin(), value.end(), '+', ' ');
    return percent_decoded(value);
  }
  return {};
}

}  // namespace curfew::forms
