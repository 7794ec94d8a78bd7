#include "plugins/oauth/providers/auth0/log_events.hpp"

#include <algorithm>

#include "plugins/oauth/events/vendors.hpp"

namespace curfew::oauth::auth0 {
namespace {

constexpr std::size_t longest_id = 128;
constexpr std::size_t longest_user = 256;

}  // namespace

bool is_session_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// A connection's kind and its own id there, which may be anything but what ends a line or a path.
bool is_user_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_user && text.find('|') != std::string_view::npos &&
         text.front() != '|' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != '\x7f'; });
}

std::string handle_of(std::string_view user, std::string_view session) {
  return std::string(session) + "/" + std::string(user);
}

Handle read_handle(std::string_view handle) {
  const std::size_t slash = handle.find('/');
  if (slash == std::string_view::npos || !is_session_id(handle.substr(0, slash)) ||
      !is_user_id(handle.substr(slash + 1)))
    return {};
  return {std::string(handle.substr(slash + 1)), std::string(handle.substr(0, slash))};
}

LiveNames live_names(std::string_view issuer) {
  return {.table = events::auth0_events(),
          .issuer = std::string(issuer),
          .is_user = is_user_id,
          .is_session = is_session_id,
          .handle_of = handle_of};
}

LogPage read_log(std::string_view body, std::string_view issuer) {
  std::string last;
  const auto each = [&last](const LiveRecord& record) {
    if (is_session_id(record.id)) last = record.id;
  };
  LogPage page{read_log_array(body, live_names(issuer), "Auth0", each), {}};
  page.last = std::move(last);
  return page;
}

}  // namespace curfew::oauth::auth0
