#include "plugins/oauth/page_link.hpp"

#include <algorithm>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {
namespace {

constexpr std::size_t longest_link = 16 * 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_the_same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// Where scheme, host and port end.
std::size_t end_of_origin(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string_view::npos;
  return std::min(url.find_first_of("/?#", scheme + 3), url.size());
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_next(std::string_view parameter) {
  const std::string_view text = trimmed(parameter);
  return is_the_same(text, "rel=\"next\"") || is_the_same(text, "rel=next");
}

// `<target>; parameter; …`, and more of them after commas; a target may hold commas itself.
std::string_view next_in(std::string_view value) {
  while (!value.empty()) {
    const std::size_t open = value.find('<');
    if (open == std::string_view::npos) return {};
    const std::size_t close = value.find('>', open);
    if (close == std::string_view::npos) return {};
    const std::string_view target = value.substr(open + 1, close - open - 1);
    value.remove_prefix(close + 1);
    std::string_view parameters = value.substr(0, value.find(','));
    value.remove_prefix(parameters.size());
    while (!parameters.empty()) {
      const std::size_t end = std::min(parameters.find(';'), parameters.size());
      if (is_next(parameters.substr(0, end))) return target;
      parameters.remove_prefix(std::min(end + 1, parameters.size()));
    }
  }
  return {};
}

}  // namespace

std::string next_link(const web::HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (name != "link") continue;
    if (const std::string_view found = next_in(value); !found.empty()) return std::string(found);
  }
  return {};
}

std::string path_below(std::string_view url, std::string_view link, const std::string& what) {
  const auto refuse = [&](const char* why) {
    throw plugin::Failure(plugin::Code::Failed, what + " " + why + "; it is not followed");
  };
  if (link.size() > longest_link) refuse("is too long");
  const std::size_t origin = end_of_origin(link);
  if (origin == std::string_view::npos) refuse("is no URL");
  while (url.ends_with('/')) url.remove_suffix(1);
  const std::size_t own_origin = std::min(end_of_origin(url), url.size());
  const std::string_view base = url.substr(own_origin);
  if (!is_the_same(link.substr(0, origin), url.substr(0, own_origin)))
    refuse("leads to another host: the access token would go there");
  std::string_view path = link.substr(origin);
  if (!path.starts_with(base) || !path.substr(base.size()).starts_with('/') ||
      path.find("..") < path.find('?'))
    refuse("leads out of the configured url");
  path.remove_prefix(base.size());
  if (path.find('#') != std::string_view::npos) refuse("has a fragment");
  // It goes into the request's first line as it is.
  std::string out;
  for (const char c : path) {
    if (c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '\\')
      out += c;
    else
      out += web::percent_encoded(std::string_view(&c, 1));
  }
  return out;
}

}  // namespace curfew::oauth
