#include "plugins/oauth/providers/entra/sign_in_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "plugins/oauth/providers/entra/directory_audits.hpp"
#include "plugins/oauth/stored_number.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::entra {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Time;
using namespace std::chrono_literals;

constexpr std::size_t most_bytes_of_keys = 3'600;  // the host keeps 4096 in all
constexpr std::size_t most_known = 200'000;
constexpr std::size_t most_pages = 2'000;  // of a span
constexpr std::size_t most_pages_of_person = 20;
constexpr Duration shortest_span = 1s;
constexpr Duration notable_skew = 5s;
// How long Entra keeps sign-ins for who has the licence that reading them needs.
constexpr Duration retention = std::chrono::hours(30 * 24);

const char* const permissions = "AuditLog.Read.All and Directory.Read.All";
const char* const of_persons =
    "(signInEventTypes/any(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser'))";

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }

}  // namespace

std::string to_text(const SignInCursor& cursor) {
  std::size_t first = cursor.known.size();
  for (std::size_t bytes = 0; first > 0; --first) {
    bytes += json(cursor.known[first - 1]).dump().size() + 1;
    if (bytes > most_bytes_of_keys) break;
  }
  json known = json::array();
  for (std::size_t i = first; i < cursor.known.size(); ++i) known.push_back(cursor.known[i]);
  return json{{"from", micros(cursor.from)}, {"polled", micros(cursor.polled)}, {"known", std::move(known)}}
      .dump();
}

SignInCursor read_cursor(const std::string& text) {
  try {
    const json all = json::parse(text);
    SignInCursor cursor{.from = Time{Duration{stored_number(all, "from")}},
                        .polled = Time{Duration{stored_number(all, "polled")}},
                        .known = all.at("known").get<std::vector<std::string>>()};
    (void)to_text(cursor);
    return cursor;
  } catch (const json::exception&) {
    throw Failure(Code::Failed,
                  "the stored cursor can't be read: it was not written by this connector for Entra");
  }
}

GraphLog sign_in_log(bool all) {
  return {.path = all ? "/beta/auditLogs/signIns" : "/v1.0/auditLogs/signIns",
          .time_field = "createdDateTime",
          .filter = all ? of_persons : "",
          .what = "the sign-in logs",
          .gap_key = "gap/",
          .read = read_sign_ins};
}

GraphLog audit_log(const std::string& own_client) {
  return {.path = "/v1.0/auditLogs/directoryAudits",
          .time_field = "activityDateTime",
          .filter = {},
          .what = "the directory's audit logs",
          .gap_key = "gap/audit/",
          .read = [own_client](std::string_view body) { return read_directory_audits(body, own_client); }};
}

void SignInReader::resume(const std::string& cursor) {
  if (cursor.empty()) return;
  SignInCursor stored = read_cursor(cursor);
  from_ = stored.from;
  polled_ = stored.polled;
  for (std::string& id : stored.known) {
    // When it was is not kept: it is forgotten as if it were the youngest.
    if (known_ids_.insert(id).second) known_.emplace_back(polled_, std::move(id));
  }
  is_first_ = false;
}

std::string SignInReader::question(Time from, Time to) const {
  const GraphLog& log = options_.log;
  const std::string filter = log.time_field + " ge " + to_iso_time(from) + " and " + log.time_field + " le " +
                             to_iso_time(to) + (log.filter.empty() ? "" : " and " + log.filter);
  return log.path + "?$filter=" + web::percent_encoded(filter) + "&$top=" + std::to_string(options_.page);
}

SignInPage SignInReader::page_at(const std::string& path, Time deadline) const {
  const GraphReply reply = api_.ask({.service = GraphApi::Service::Logs,
                                     .path = path,
                                     .what = options_.log.what,
                                     .permission = permissions},
                                    deadline);
  SignInPage page = options_.log.read(reply.body);
  if (!page.next.empty()) page.next = api_.path_of(page.next);
  return page;
}

Batch SignInReader::read(Time deadline) {
  const Time calls_end = deadline + 6s;  // of calls that begin in time
  if (!is_reading_) begin(calls_end);
  for (;;) {
    try {
      take_page(page_at(next_, calls_end));
    } catch (...) {
      begin_span();
      throw;
    }
    if (next_.empty()) return complete_span();
    if (ground_.now() >= deadline) return {};
  }
}

void SignInReader::begin(Time deadline) {
  // Only a reply tells Graph's time, and by it the end of what there can be is known.
  if (!knows_clock_) {
    (void)page_at(options_.log.path + "?$filter=" +
                      web::percent_encoded(options_.log.time_field + " ge " + to_iso_time(ground_.now())) +
                      "&$top=1",
                  deadline);
    knows_clock_ = true;
  }
  tell_skew();
  began_ = ground_.now() + api_.clock_ahead();
  if (std::exchange(is_first_, false)) from_ = began_ - options_.settle - options_.history;
  if (polled_ != Time{} && polled_ < began_ - retention) missed_ = polled_;
  from_ = std::max(from_, began_ - retention);
  end_ = std::max(from_, began_ - options_.settle);
  at_ = from_;
  is_reading_ = true;
  begin_span();
}

void SignInReader::begin_span() {
  to_ = std::min(end_, at_ + span_);
  next_ = question(at_, to_);
  links_ = {next_};
  kept_.clear();
  seen_.clear();
  unreadable_.clear();
}

void SignInReader::take_page(SignInPage page) {
  unreadable_.insert(page.unreadable.begin(), page.unreadable.end());
  for (SignInRecord& record : page.records) {
    // Pages shift while they turn.
    if (seen_.insert(record.id).second) kept_.push_back(std::move(record));
  }
  const bool is_too_much = kept_.size() > options_.most_kept || links_.size() > most_pages;
  if (is_too_much && to_ - at_ > shortest_span) {
    span_ = std::max<Duration>((to_ - at_) / 2, shortest_span);
    begin_span();
    return;
  }
  next_ = std::move(page.next);
  if (next_.empty()) return;
  const auto endless = [&](const std::string& why) {
    throw Failure(Code::Failed,
                  api_.where() + ": " + options_.log.what + " can't be read to their end: " + why);
  };
  if (!links_.insert(next_).second) endless("its pages lead back to one that was read");
  if (is_too_much && kept_.size() > 10 * options_.most_kept)
    endless("there are more than " + std::to_string(kept_.size()) + " records of one second");
}

// Not handed out before; from now on it is.
bool SignInReader::is_new(const std::string& id, Time at) {
  if (!known_ids_.insert(id).second) return false;
  known_.emplace_back(at, id);
  return true;
}

Batch SignInReader::complete_span() {
  Batch batch;
  // The clocks as this span's replies showed them: an end that is ahead of Graph's time would hide what
  // comes.
  began_ = std::min(began_, ground_.now() + api_.clock_ahead());
  if (std::exchange(missed_, Time{}) != Time{}) tell_gap(batch);
  std::stable_sort(kept_.begin(), kept_.end(),
                   [](const SignInRecord& a, const SignInRecord& b) { return a.at < b.at; });
  for (SignInRecord& record : kept_) {
    if (!is_new(record.id, record.at)) continue;
    ++batch.read;
    if (record.is_interrupt) ++interrupts_;
    if (record.sighting)
      batch.sightings.push_back(*std::move(record.sighting));
    else
      ++batch.filtered;
  }
  for (const std::string& one : unreadable_) {
    if (!is_new(one, to_)) continue;
    ++batch.read;
    ++batch.unreadable;
  }
  const bool is_last = to_ >= end_;
  at_ = to_;
  // What is younger than this may still get company.
  from_ = std::max(from_, std::min(at_, began_ - options_.arrival_delay));
  while (!known_.empty() && (known_.front().first < from_ || known_.size() > most_known)) {
    known_ids_.erase(known_.front().second);
    known_.pop_front();
  }
  if (is_last) {
    polled_ = began_;
    is_reading_ = false;
    span_ = std::min(options_.span, span_ * 2);
  } else {
    begin_span();
  }
  batch.observed_until = from_;
  batch.caught_up = is_last;
  batch.cursor = cursor();
  return batch;
}

std::string SignInReader::cursor() const {
  SignInCursor now{.from = from_, .polled = polled_, .known = {}};
  for (const auto& [time, id] : known_) now.known.push_back(id);
  return to_text(now);
}

void SignInReader::tell_gap(Batch& batch) {
  ++gaps_;
  ground_.log(plugin::Level::Warning, "nobody read " + options_.log.what +
                                          " for longer than Entra keeps them (30 days); the gap is recorded");
  Sighting gap;
  gap.type = plugin::Type::Gap;
  gap.at = from_;
  gap.key = options_.log.gap_key + std::to_string(micros(polled_));
  gap.count = 0;
  batch.sightings.push_back(std::move(gap));
}

void SignInReader::tell_skew() {
  const Duration ahead = api_.clock_ahead();
  const bool is_notable = ahead > notable_skew || ahead < -notable_skew;
  if (is_notable && !skew_told_)
    ground_.log(plugin::Level::Warning,
                api_.where() + ": Graph's clock is ahead of ours by " +
                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ahead).count()) +
                    " s; its records keep its time. Let this machine follow a time server");
  skew_told_ = is_notable;
}

std::vector<SignInRecord> SignInReader::of_person(const std::string& user, Time since, Time deadline) const {
  const std::string filter = "userId eq '" + user + "' and createdDateTime ge " + to_iso_time(since) +
                             (options_.log.filter.empty() ? "" : " and " + options_.log.filter);
  std::string path = options_.log.path + "?$filter=" + web::percent_encoded(filter) +
                     "&$top=" + std::to_string(options_.page);
  std::vector<SignInRecord> all;
  for (std::size_t pages = 0; !path.empty(); ++pages) {
    if (pages == most_pages_of_person)
      throw Failure(Code::Unavailable, api_.where() + ": a person's sign-ins since then are more than " +
                                           std::to_string(most_pages_of_person) + " pages");
    SignInPage page = page_at(path, deadline);
    // One that can't be read might be the one.
    if (!page.unreadable.empty())
      throw Failure(Code::Unavailable, api_.where() + ": a sign-in of the person can't be read");
    std::move(page.records.begin(), page.records.end(), std::back_inserter(all));
    path = std::move(page.next);
  }
  return all;
}

}  // namespace curfew::oauth::entra
