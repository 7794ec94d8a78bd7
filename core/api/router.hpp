// Which handler answers which path, and who may ask.
//
//   api::Router router;
//   router.add("GET", "/api/v1/sessions/{number}", role_bit(Role::Viewer), show_session);
//   router.add("POST", "/sources/{source}/{path...}", nobody_in_particular, pass_on);
//
// Threads: built by one, then read by many. Owns: its routes. Fails: Error(Internal) for two equal routes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/http.hpp"
#include "core/api/tokens.hpp"

namespace curfew::api {

using Handler = std::function<Response(const Request&)>;

struct Route {
  std::string method;
  std::string pattern;
  Roles roles = nobody_in_particular;  // any of them
  Handler handler;
  std::size_t body_limit = 64 * 1024;
  std::vector<std::string> accepts;  // content types of the body; empty: any
  std::vector<std::string> segments;
};

struct Match {
  const Route* route = nullptr;
  Fields captures;
  std::vector<std::string> allowed;  // methods of the routes with this path, when none has this method
};

class Router {
 public:
  Route& add(std::string method, std::string pattern, Roles roles, Handler handler);
  // A literal segment wins over a captured one. HEAD is answered by GET's route.
  [[nodiscard]] Match match(std::string_view method, std::string_view path) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace curfew::api
