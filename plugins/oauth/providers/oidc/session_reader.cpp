#include "plugins/oauth/providers/oidc/session_reader.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

namespace curfew::oauth::oidc {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;

// A page that shifts while it is read may hide a session once.
constexpr int missed_before_gone = 2;
// Else a slow list would never be read: each poll would end in the middle of its first page.
constexpr plugin::Duration least_time_of_a_page = std::chrono::seconds(2);
constexpr plugin::Duration longest_reading = std::chrono::minutes(10);
// Logout tokens are good for two minutes by recommendation (Back-Channel Logout 1.0, 4), and sent again.
constexpr plugin::Duration names_kept = std::chrono::minutes(10);

}  // namespace

std::string to_text(const SessionHandle& handle) {
  return nlohmann::json{handle.session, handle.subject}.dump(-1, ' ', false,
                                                             nlohmann::json::error_handler_t::replace);
}

SessionHandle read_handle(std::string_view text) {
  const nlohmann::json read = nlohmann::json::parse(text, nullptr, false);
  if (!read.is_array() || read.size() != 2 || !read[0].is_string() || !read[1].is_string()) return {};
  return {read[0].get<std::string>(), read[1].get<std::string>()};
}

void SessionReader::resume(const std::string& cursor) {
  std::int64_t micros = 0;
  const auto read = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  // "1" is what a source kept before its provider had an API.
  if (read.ec == std::errc() && micros > 1) last_reading_ = Time(plugin::Duration(micros));
}

bool SessionReader::tells_ends() const {
  return plan_.sessions->all.has_value() && (!plan_.grants || plan_.grants->all.has_value());
}

std::optional<std::string> SessionReader::session_of(const std::string& sid) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_client_session_.find(sid);
  if (found == by_client_session_.end()) return std::nullopt;
  return found->second.session;
}

std::size_t SessionReader::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

Batch SessionReader::read(Time deadline) {
  Batch batch;
  if (!plan_.sessions->all) {
    batch.cursor = std::to_string(ground_.now().time_since_epoch().count());
    batch.observed_until = ground_.now();
    batch.caught_up = true;
    return batch;
  }
  try {
    if (began_at_ == Time{}) began_at_ = ground_.now();
    do {
      fetch(std::max(deadline, ground_.now() + least_time_of_a_page), batch);
    } while (!is_whole_ && ground_.now() < deadline);
    if (!is_whole_) return batch;
    compare(batch);
  } catch (const Failure& failure) {
    // What may pass is asked for again at the same page; what was read long ago is no reading any more.
    if (failure.code() != Code::Unavailable || ground_.now() - began_at_ > longest_reading) begin_anew();
    throw;
  }
  batch.cursor = std::to_string(began_at_.time_since_epoch().count());
  batch.observed_until = began_at_;
  batch.caught_up = true;
  last_reading_ = began_at_;
  is_first_ = false;
  begin_anew();
  return batch;
}

void SessionReader::begin_anew() {
  began_at_ = {};
  sessions_.clear();
  grants_.clear();
  page_.clear();
  has_sessions_ = is_whole_ = false;
}

void SessionReader::fetch(Time deadline, Batch& batch) {
  const bool reads_grants = has_sessions_;
  RowPage page = administration_.page_of_all(reads_grants ? *plan_.grants : *plan_.sessions, page_, deadline);
  batch.read += page.rows.size();
  std::vector<Row>& into = reads_grants ? grants_ : sessions_;
  std::move(page.rows.begin(), page.rows.end(), std::back_inserter(into));
  if (sessions_.size() + grants_.size() > 2 * most_sessions)
    throw Failure(Code::Failed,
                  "the provider lists more than 1000000 sessions and grants, or never ends its list");
  page_ = std::move(page.next);
  if (!page_.empty()) return;
  is_whole_ = reads_grants || !plan_.grants || !plan_.grants->all;
  has_sessions_ = true;
}

void SessionReader::compare(Batch& batch) {
  for (auto& [id, known] : known_) ++known.missed;
  std::unordered_map<std::string, ClientSession> by_client_session;
  const auto take = [&](const Row& row, bool is_grant) {
    // Nobody's: a browser that has not signed in yet. A grant of no session is a service's.
    if (row.session.empty() || row.subject.empty()) {
      ++batch.filtered;
      return;
    }
    for (const std::string& sid : row.client_sessions) by_client_session[sid] = {row.session, began_at_};
    const auto [at, is_new] = known_.try_emplace(row.session, Known{row.subject, 0});
    at->second.missed = 0;
    if (is_new) tell_new(row, is_grant, batch);
  };
  for (const Row& row : sessions_) take(row, false);
  for (const Row& row : grants_) take(row, true);
  if (known_.size() > most_sessions)
    throw Failure(Code::Failed,
                  "the provider lists more than 500000 sessions, which are more than one source follows");
  tell_gone(batch);
  const std::lock_guard lock(mutex_);
  for (auto& [sid, one] : by_client_session_) {
    if (one.listed_at + names_kept > began_at_ && by_client_session.size() < 2 * most_sessions)
      by_client_session.try_emplace(sid, std::move(one));
  }
  by_client_session_ = std::move(by_client_session);
  size_ = known_.size();
}

void SessionReader::tell_new(const Row& row, bool is_grant, Batch& batch) {
  const Time now = began_at_;
  Sighting seen;
  seen.session = row.session;
  seen.handle = to_text({row.session, row.subject});
  seen.subject = terms_.prefix + row.subject;
  seen.user_name = row.user_name;
  seen.auth_method = plugin::AuthMethod::Oidc;
  const Time since = last_reading_ != Time{} ? last_reading_ - terms_.arrival_delay
                     : is_first_             ? now - terms_.history
                                             : Time{};
  const bool is_told_when = row.started_at != Time{} && row.started_at <= now;
  const bool began_since = !is_grant && (is_told_when ? row.started_at >= since : !is_first_);
  seen.at = began_since && is_told_when ? row.started_at : now;
  const std::string about = plugin::to_hex(ground_.digest(row.session).bytes) + "/" +
                            std::to_string(seen.at.time_since_epoch().count());
  if (began_since) {
    seen.type = plugin::Type::SignIn;
    seen.key = "in/" + about;
  } else {
    // It lives; whether anybody did something is not known.
    seen.type = plugin::Type::Activity;
    seen.machine = true;
    seen.key = "lives/" + about;
  }
  batch.sightings.push_back(std::move(seen));
}

void SessionReader::tell_gone(Batch& batch) {
  for (auto at = known_.begin(); at != known_.end();) {
    if (at->second.missed < missed_before_gone || !tells_ends()) {
      ++at;
      continue;
    }
    if (terms_.is_ordered(at->first, at->second.subject)) {
      // What an order ended is no news; the probe proves it.
      ++batch.read;
      ++batch.filtered;
    } else {
      Sighting gone;
      gone.type = plugin::Type::Expired;
      gone.at = began_at_;
      gone.key = "gone/" + plugin::to_hex(ground_.digest(at->first).bytes) + "/" +
                 std::to_string(began_at_.time_since_epoch().count());
      gone.session = at->first;
      gone.handle = to_text({at->first, at->second.subject});
      gone.subject = terms_.prefix + at->second.subject;
      gone.end_reason = plugin::EndReason::Vanished;
      gone.end_inferred = true;
      batch.sightings.push_back(std::move(gone));
    }
    at = known_.erase(at);
  }
}

}  // namespace curfew::oauth::oidc
