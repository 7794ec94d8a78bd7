#include "plugins/oauth/providers/okta/log_events.hpp"

#include <algorithm>

#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::okta {
namespace {

constexpr std::size_t longest_id = 128;

}  // namespace

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string handle_of(std::string_view user, std::string_view session) {
  return std::string(user) + "/" + std::string(session);
}

Handle read_handle(std::string_view handle) {
  const std::size_t slash = handle.find('/');
  if (slash == std::string_view::npos || !is_id(handle.substr(0, slash)) || !is_id(handle.substr(slash + 1)))
    return {};
  return {std::string(handle.substr(0, slash)), std::string(handle.substr(slash + 1))};
}

LiveNames live_names(std::string_view issuer) {
  return {.table = events::okta_events(),
          .issuer = std::string(issuer),
          .is_user = is_id,
          .is_session = is_id,
          .handle_of = handle_of};
}

LogPage read_log(std::string_view body, std::string_view issuer) {
  return read_log_array(body, live_names(issuer), "Okta");
}

}  // namespace curfew::oauth::okta
