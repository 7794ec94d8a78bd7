// A call of somebody's own API as the settings write it: method, path and JSON body, with {subject},
// {session} or {page} where a value goes.
//
//   const CallTemplate call = read_call(setting, {"session"}, "");     // {method: DELETE, path:
//   "/sessions/{session}"} const FilledCall filled = fill(call, {{"session", "s/1"}});         // DELETE
//   /sessions/s%2F1
//
// A value is data wherever it goes: in a path it is percent-encoded whole, so that it can't end its segment
// or begin a question; in a body it is the text, or a part of the text, of a JSON string. A value that no
// encoding makes safe (empty, "." or ".." as a server may resolve them, with control characters, more than
// 255 bytes) is refused.
//
// Threads: values and pure functions. Owns: its texts. Fails: read_call: plugin::Failure(Invalid) with the
// setting; fill: plugin::Failure (Failed, NotFound), without the value.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/web/setting.hpp"

namespace curfew::oauth::oidc {

// `sub` has at most 255 characters (OpenID Connect Core 2); no id needs more.
inline constexpr std::size_t longest_value = 255;

struct Piece {
  bool is_name = false;
  std::string text;
};

struct CallTemplate {
  std::string method;
  std::vector<Piece> path;
  nlohmann::json body;     // null: none
  std::set<int> accepted;  // statuses that mean that it was done
  std::set<int> absent;    // that there was nothing to do it to
};

struct FilledCall {
  std::string method;
  std::string path;
  std::string body;
};

// `names`: what may stand in braces. `usual_method`: empty, if the setting must say it.
[[nodiscard]] CallTemplate read_call(const web::Setting& setting, const std::set<std::string>& names,
                                     const std::string& usual_method);

// A {page} without a value is left empty; another name's is NotFound.
[[nodiscard]] FilledCall fill(const CallTemplate& call, const std::map<std::string, std::string>& values);

// Whether it may go into a call.
[[nodiscard]] bool is_safe_value(std::string_view value);

}  // namespace curfew::oauth::oidc
