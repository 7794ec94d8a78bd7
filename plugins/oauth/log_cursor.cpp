#include "plugins/oauth/log_cursor.hpp"

#include <nlohmann/json.hpp>

#include "plugins/oauth/stored_number.hpp"

namespace curfew::oauth {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;

constexpr std::size_t longest_cursor = 4'096;  // the host keeps no more

}  // namespace

std::string to_text(const LogCursor& cursor) {
  std::string text = json{{"next", cursor.next}, {"polled", cursor.polled.time_since_epoch().count()}}.dump(
      -1, ' ', false, json::error_handler_t::replace);
  if (text.size() > longest_cursor)
    throw Failure(Code::Failed, "the place where the log goes on is longer than can be kept");
  return text;
}

LogCursor read_log_cursor(const std::string& text) {
  try {
    const json all = json::parse(text);
    LogCursor cursor{.next = all.at("next").get<std::string>(),
                     .polled = plugin::Time{plugin::Duration{stored_number(all, "polled")}}};
    (void)to_text(cursor);
    return cursor;
  } catch (const json::exception&) {
    throw Failure(Code::Failed,
                  "the stored cursor can't be read: it was not written by this connector for this provider");
  }
}

}  // namespace curfew::oauth
