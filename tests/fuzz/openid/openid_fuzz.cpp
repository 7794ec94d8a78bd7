// The first byte chooses: 'l', a page of a list; 'v', a value in a call; 'c', a call as settings write it;
// 'h', a handle. Ids that are read can be asked for again; a value stays in its place; a handle can be read
// again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/oauth/providers/oidc/listing.hpp"
#include "plugins/oauth/providers/oidc/session_reader.hpp"

namespace {

using namespace curfew::oauth::oidc;
using curfew::plugin::Failure;
using curfew::web::Setting;
using nlohmann::json;

void require(bool held) {
  if (!held) std::abort();
}

void list(std::string_view body) {
  static const Listing listing =
      read_listing(Setting({{"of_subject", {{"path", "/people/{subject}?after={page}"}}},
                            {"rows", "/rows"},
                            {"session", "/id"},
                            {"subject", "/in/person"},
                            {"client", "/client"},
                            {"client_sessions", "/sids"},
                            {"started_at", "/since"},
                            {"next", "/next"}},
                           "sessions"),
                   true);
  const RowPage page = read_page(listing, true, body);
  for (const Row& row : page.rows) {
    require(is_safe_value(row.session) && (row.subject.empty() || is_safe_value(row.subject)));
    require(std::all_of(row.client_sessions.begin(), row.client_sessions.end(), is_safe_value));
    (void)fill(*listing.of_subject, {{"subject", row.session}, {"page", page.next}});
  }
}

void value(std::string_view text) {
  static const CallTemplate call = read_call(
      Setting({{"method", "POST"}, {"path", "/a/{subject}/b?c={subject}"}, {"body", {{"d", "x{subject}y"}}}},
              "call"),
      {"subject"}, "");
  const FilledCall filled = fill(call, {{"subject", std::string(text)}});
  const auto count = [&](char c) { return std::count(filled.path.begin(), filled.path.end(), c); };
  require(count('/') == 3 && count('?') == 1 && count('=') == 1 && count('#') == 0 && count('&') == 0);
  require(filled.path.find("/../") == std::string::npos && filled.path.find("/./") == std::string::npos);
  const json body = json::parse(filled.body);
  require(body.size() == 1 && body["d"] == "x" + std::string(text) + "y");
}

void call(std::string_view text) {
  const CallTemplate read =
      read_call(Setting(json::parse(text, nullptr, false), "call"), {"session", "subject"}, "GET");
  const FilledCall filled = fill(read, {{"session", "s/1"}, {"subject", "u 1"}});
  require(filled.path.starts_with('/') && filled.path.find(' ') == std::string::npos);
  require(filled.path.find_first_of("{}\r\n") == std::string::npos);
  require(filled.body.empty() || json::parse(filled.body).is_object());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0]) {
      case 'l':
        list(text);
        break;
      case 'v':
        value(text);
        break;
      case 'c':
        call(text);
        break;
      case 'h': {
        const SessionHandle handle = read_handle(text);
        const SessionHandle again = read_handle(to_text(handle));
        require(again.session == handle.session && again.subject == handle.subject);
        break;
      }
      default:
        break;
    }
  } catch (const Failure&) {
    return 0;  // refused, as it should be
  }
  return 0;
}
