#include "plugins/oauth/log_and_people/live_log.hpp"

#include <algorithm>
#include <utility>

#include "plugins/oauth/events/event_reader.hpp"
#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/events/field.hpp"

namespace curfew::oauth {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Type;
using simdjson::dom::element;

constexpr std::size_t longest_id = 128;

std::string without_prefix(std::string text, const std::string& prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// Who it is leaves the names, where a recorded log has all of them.
void take_person(Sighting& seen, const LiveNames& names) {
  const auto name_in = [&](std::string_view name_space) {
    std::string value;
    for (const SightingName& one : seen.names)
      if (one.name_space == name_space) value = one.value;
    return value;
  };
  seen.subject = name_in(names.table.subject_namespace);
  if (seen.user_name.empty()) seen.user_name = name_in(names.table.user_namespace);
  seen.names.clear();
  if (!names.is_user(seen.subject)) seen.subject.clear();
  if (!seen.subject.empty() && !names.issuer.empty())
    seen.names.push_back(subject_of(names.issuer, seen.subject));
}

// False: a session that no order could be about.
bool take_session(Sighting& seen, const LiveNames& names) {
  if (names.table.sessions != events::Sessions::Named) {
    // Which it is, who reads them says; what the table concludes is a recorded log's.
    seen.session.clear();
    seen.end_inferred = false;
    return true;
  }
  seen.session = without_prefix(std::move(seen.session), std::string(names.table.vendor) + ":");
  if (seen.session.empty()) return seen.type != Type::SignIn;
  if (!names.is_session(seen.session) || seen.subject.empty()) return false;
  seen.handle = names.handle_of(seen.subject, seen.session);
  return true;
}

bool is_about_the_person(const events::ReadEvent& event) {
  const Type type = event.sighting.type;
  return event.is_of_person || type == Type::CredentialChanged || type == Type::AccountDisabled ||
         type == Type::AccountEnabled;
}

}  // namespace

SightingName subject_of(const std::string& issuer, const std::string& user) {
  return {std::string(subject_namespace), issuer + "#" + user};
}

void LogPage::take(LiveRecord&& record) {
  ++rows;
  if (record.is_unreadable)
    ++unreadable;
  else if (!record.sighting)
    ++filtered;
  else
    sightings.push_back(*std::move(record.sighting));
}

std::vector<std::string_view> event_names(const events::EventTable& table) {
  std::vector<std::string_view> all;
  for (const events::EventRow& row : table.rows) {
    const bool is_known = std::find(all.begin(), all.end(), row.name) != all.end();
    if (row.means != events::Means::Nothing && !is_known) all.push_back(row.name);
  }
  return all;
}

LiveRecord read_live(const element& record, const LiveNames& names) {
  LiveRecord out{.is_unreadable = true};
  if (!record.is_object()) return out;
  out.id = events::field_of(record, names.table.id);
  const auto at = events::event_time(events::field_of(record, names.table.time));
  const bool has_name = !events::field_of(record, names.table.name).empty();
  if (out.id.size() > longest_id) out.id.clear();
  if (!at || out.id.empty() || !has_name) return out;
  out.at = *at;
  events::ReadEvent event = events::read_event(names.table, record);
  if (event.fate == events::EventFate::Unreadable) return out;
  if (event.fate == events::EventFate::Filtered) {
    // One that begins or ends a session, and doesn't say which, or whose.
    const Type type = event.sighting.type;
    out.is_unreadable = names.table.sessions == events::Sessions::Named &&
                        event.sighting.at != plugin::Time{} &&
                        (type == Type::SignIn || type == Type::SignOut);
    return out;
  }
  const events::EventRow* row = events::row_of(names.table, events::field_of(record, names.table.name),
                                               events::field_of(record, names.table.outcome));
  if (row != nullptr && row->is_of_target && events::field_of(record, names.table.target_subject).empty())
    return out;
  Sighting& seen = event.sighting;
  seen.key = out.id;
  take_person(seen, names);
  if (is_about_the_person(event) && seen.subject.empty()) return out;
  if (seen.type != Type::SignInFailed && !take_session(seen, names)) return out;
  // Of tokens it says nothing, and it is what an order of ours leaves behind too.
  if (event.is_of_person) seen.end_inferred = true;
  out.is_unreadable = false;
  out.sighting = std::move(seen);
  return out;
}

LogPage read_log_array(std::string_view body, const LiveNames& names, const std::string& whose,
                       const std::function<void(const LiveRecord&)>& each) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size()).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, whose + "'s log is no whole JSON array: cut or damaged");
  LogPage page;
  for (const element row : rows) {
    LiveRecord record = read_live(row, names);
    if (each) each(record);
    page.take(std::move(record));
  }
  return page;
}

}  // namespace curfew::oauth
