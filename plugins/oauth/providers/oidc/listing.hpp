// Lists of somebody's own API: which calls give one, and where in the JSON a row has what.
//
//   const Listing sessions = read_listing(setting);       // {all: {path: …}, of_subject: {path: …}, rows:
//   /sessions, …} const RowPage page = read_page(sessions, body);
//
// Places are JSON Pointers (RFC 6901), from the whole answer for `rows` and `next`, from a row for the
// others. Times are RFC 3339, or numbers since 1970: seconds below 10^11, else milliseconds.
//
// A list is believed only as a whole: `rows` that is no array, a row that is no mapping, an id that is
// neither text nor a number, a full page (`page_size`) with no word of what follows, is a failure and never a
// shorter list.
//
// Threads: values and pure functions. Owns: its texts. Fails: read_listing: plugin::Failure(Invalid) with the
// setting; read_page: plugin::Failure(Unavailable), without anything of the answer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/providers/oidc/call_template.hpp"

namespace curfew::oauth::oidc {

struct Listing {
  std::string name;                 // for errors: "sessions"
  std::optional<CallTemplate> all;  // of everybody
  std::optional<CallTemplate> of_subject;
  std::string rows;
  // In a row; empty: it does not say.
  std::string session;
  std::string subject;
  std::string user_name;
  std::string started_at;
  std::string last_activity_at;
  std::string client;
  std::string client_sessions;  // `sid`s of the session's clients: an array, or one text
  std::string next;             // of the answer; what {page} is for the next page
  std::size_t page_size = 0;    // 0: not known
};

struct Row {
  std::string session;  // empty: the row does not say
  std::string subject;
  std::string user_name;
  std::string client;
  std::vector<std::string> client_sessions;
  plugin::Time started_at{};
  plugin::Time last_activity_at{};
};

struct RowPage {
  std::vector<Row> rows;
  std::string next;  // empty: it was the last
};

// `needs_session`: each row must say whose session it is.
[[nodiscard]] Listing read_listing(const web::Setting& setting, bool needs_session);
[[nodiscard]] RowPage read_page(const Listing& listing, bool needs_session, std::string_view body);

}  // namespace curfew::oauth::oidc
