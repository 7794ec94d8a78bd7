#include "core/api/router.hpp"

#include <algorithm>
#include <optional>

#include "core/base/error.hpp"

namespace curfew::api {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }
bool is_tail(std::string_view segment) { return segment.ends_with("...}"); }

// How many leading segments are literal: the better fit has more of them.
struct Fit {
  std::size_t literal = 0;
  Fields captures;
};

std::optional<Fit> fits(const Route& route, const std::vector<std::string>& path) {
  Fit fit;
  std::size_t at = 0;
  for (const std::string& segment : route.segments) {
    if (is_tail(segment)) {
      std::string rest;
      for (; at < path.size(); ++at) rest += (rest.empty() ? "" : "/") + path[at];
      fit.captures.emplace_back(segment.substr(1, segment.size() - 5), std::move(rest));
      return fit;
    }
    if (at == path.size()) return std::nullopt;
    if (is_capture(segment)) {
      if (path[at].empty()) return std::nullopt;
      fit.captures.emplace_back(segment.substr(1, segment.size() - 2), path[at]);
    } else if (segment == path[at]) {
      ++fit.literal;
    } else {
      return std::nullopt;
    }
    ++at;
  }
  if (at != path.size()) return std::nullopt;
  return fit;
}

}  // namespace

Route& Router::add(std::string method, std::string pattern, Roles roles, Handler handler) {
  for (const Route& route : routes_) {
    if (route.method == method && route.pattern == pattern) {
      throw Error(ErrorKind::Internal, "router: " + method + " " + pattern + " is there twice");
    }
  }
  Route& route = routes_.emplace_back();
  route.segments = split(pattern);
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.roles = roles;
  route.handler = std::move(handler);
  return route;
}

Match Router::match(std::string_view method, std::string_view path) const {
  Match best;
  if (!path.starts_with('/')) return best;
  const std::vector<std::string> segments = split(path);
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::size_t literal = 0;
  for (const Route& route : routes_) {
    std::optional<Fit> fit = fits(route, segments);
    if (!fit) continue;
    if (route.method != wanted) {
      if (std::find(best.allowed.begin(), best.allowed.end(), route.method) == best.allowed.end()) {
        best.allowed.push_back(route.method);
      }
      continue;
    }
    if (best.route != nullptr && fit->literal <= literal) continue;
    literal = fit->literal;
    best.route = &route;
    best.captures = std::move(fit->captures);
  }
  return best;
}

}  // namespace curfew::api
