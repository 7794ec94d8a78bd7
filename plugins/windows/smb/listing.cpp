#include "plugins/windows/smb/listing.hpp"

#include <simdjson.h>

#include <charconv>

namespace curfew::windows {
namespace {

using Element = simdjson::dom::element;

// smbstatus writes most numbers as texts.
std::uint64_t number_in(const Element& object, std::string_view key) {
  Element value;
  if (object.at_key(key).get(value) != simdjson::SUCCESS) return 0;
  std::uint64_t number = 0;
  if (value.get_uint64().get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? number : 0;
}

}  // namespace

std::optional<SmbListing> read_listing(std::string_view json, std::string& why) {
  simdjson::dom::parser parser;
  Element root;
  simdjson::dom::object sessions;
  if (const auto error = parser.parse(json.data(), json.size(), true).get(root)) {
    why = std::string("its output is no JSON (") + simdjson::error_message(error) +
          "); smbstatus knows --json since Samba 4.17";
    return std::nullopt;
  }
  if (root.at_key("sessions").get_object().get(sessions) != simdjson::SUCCESS) {
    why = "its output has no object \"sessions\"";
    return std::nullopt;
  }
  SmbListing listing;
  for (const auto& [id, session] : sessions) {
    if (listing.sessions.size() >= most_listed) {
      why = "it lists more than " + std::to_string(most_listed) + " sessions";
      return std::nullopt;
    }
    ListedSmb one;
    Element server;
    if (session.at_key("server_id").get(server) == simdjson::SUCCESS) {
      one.process.pid = number_in(server, "pid");
      one.process.unique_id = number_in(server, "unique_id");
    }
    one.uid = number_in(session, "uid");
    std::string_view endpoint;
    if (session.at_key("hostname").get_string().get(endpoint) == simdjson::SUCCESS) one.endpoint = endpoint;
    // A session that can't be placed would make others look ended.
    if (one.process.pid == 0 || one.endpoint.empty() || one.endpoint.size() > 256) {
      why = "a session without \"server_id\" or \"hostname\"";
      return std::nullopt;
    }
    listing.sessions.push_back(std::move(one));
  }
  return listing;
}

}  // namespace curfew::windows
