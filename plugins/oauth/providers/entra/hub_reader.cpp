#include "plugins/oauth/providers/entra/hub_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "plugins/oauth/providers/entra/envelope.hpp"
#include "plugins/oauth/stored_number.hpp"

namespace curfew::oauth::entra {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Time;
using namespace std::chrono_literals;

constexpr Duration longest_look = 5s;

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }
Time from_micros(std::int64_t count) { return Time{Duration{count}}; }

std::string to_text(std::int64_t next, Time appended) {
  return json{{"next", next}, {"appended", micros(appended)}}.dump();
}

[[noreturn]] void no_cursor(const std::string& name) {
  throw Failure(Code::Failed, "the stored cursor '" + name + "' can't be read: it was not written here");
}

}  // namespace

HubReader::HubReader(Options options, const Ground& ground) : options_(std::move(options)), ground_(ground) {}
HubReader::~HubReader() = default;

// Of another hub, or of the same one made anew elsewhere, offsets mean nothing here.
std::string HubReader::name() const { return "hub/" + options_.server.servers + "/" + options_.server.topic; }

void HubReader::resume() {
  consumer_ = std::make_unique<kafka::Consumer>(options_.server);
  const auto stored = ground_.cursor ? ground_.cursor(name()) : std::nullopt;
  if (!stored) return;
  try {
    const json all = json::parse(*stored);
    first_ = all.at("first").get<std::int32_t>();
    known_ = all.at("known").get<std::int32_t>();
    start_ = from_micros(stored_number(all, "start"));
  } catch (const json::exception&) {
    no_cursor(name());
  }
  is_known_ = true;
  for (std::int32_t id = 0; id < known_; ++id) {
    const std::string own = name() + "/" + std::to_string(id);
    const auto position = ground_.cursor(own);
    if (!position) continue;
    try {
      const json all = json::parse(*position);
      Partition& one = partitions_[id];
      one.next = stored_number(all, "next");
      one.appended = from_micros(stored_number(all, "appended"));
      one.is_dirty = false;
    } catch (const json::exception&) {
      no_cursor(own);
    }
  }
}

void HubReader::wake() noexcept {
  if (consumer_) consumer_->wake();
}

// A partition that came later holds nothing that was there before.
HubReader::Partition HubReader::first_position(std::int32_t id, bool is_new, Time deadline) {
  Partition one;
  if (is_new)
    one.next = consumer_->ranges({id}, deadline).at(id).first;
  else if (options_.history == Duration{0} && !is_known_)
    one.next = consumer_->ranges({id}, deadline).at(id).end;
  else
    one.next = consumer_->offset_at(id, start_, deadline);
  return one;
}

void HubReader::add_partitions(const std::vector<std::int32_t>& ids, Time deadline) {
  if (ids.empty() || ids.back() + 1 < known_)
    throw Failure(Code::Failed, options_.server.servers + ": '" + options_.server.topic +
                                    "' has fewer partitions (" + std::to_string(ids.size()) +
                                    ") than before (" + std::to_string(known_) +
                                    "): was the hub made anew? Give the new one another name, or this "
                                    "source");
  std::map<std::int32_t, Partition> added;
  for (const std::int32_t id : ids) {
    if (!partitions_.contains(id)) added[id] = first_position(id, id >= first_, deadline);
  }
  const std::int32_t known = ids.back() + 1;
  if (added.empty() && known == known_) return;
  partitions_.merge(added);
  known_ = known;
  has_told_start_ = false;
  must_assign_ = true;
}

void HubReader::begin(Time deadline) {
  const std::vector<std::int32_t> ids = consumer_->partitions(deadline);
  if (!is_known_) {
    start_ = ground_.now() - options_.history;
    first_ = ids.back() + 1;
  }
  add_partitions(ids, deadline);
  is_known_ = has_begun_ = must_assign_ = true;
}

void HubReader::assign() {
  std::map<std::int32_t, std::int64_t> positions;
  for (auto& [id, one] : partitions_) {
    positions[id] = one.next;
    one.at_end = false;
  }
  consumer_->read_from(positions);
  partition_count_ = partitions_.size();
  must_assign_ = false;
}

// A hub that has nothing new says so only when it is asked: that is how a silent one differs from none. What
// can be read is read although a look fails.
void HubReader::look(Time deadline) {
  look_at_ = ground_.now() + std::min<Duration>(options_.check_every, 10s);
  look_at_all(std::min(deadline, ground_.now() + longest_look));
}

void HubReader::look_at_all(Time deadline) {
  add_partitions(consumer_->partitions(deadline), deadline);
  std::set<std::int32_t> ids;
  for (const auto& [id, one] : partitions_) ids.insert(id);
  const Time asked_at = ground_.now();
  const std::map<std::int32_t, kafka::Range> ranges = consumer_->ranges(ids, deadline);
  std::uint64_t behind = 0;
  for (const auto& [id, range] : ranges) {
    Partition& one = partitions_.at(id);
    if (one.next < range.first || one.next > range.end) skip_what_is_gone(id, range);
    behind += static_cast<std::uint64_t>(range.end - one.next);
    if (range.end != one.next) continue;
    one.complete = std::max(one.complete, asked_at - options_.clock_skew);
    one.at_end = one.was_at_end = one.is_dirty = true;
  }
  behind_ = behind;
  look_at_ = ground_.now() + options_.check_every;
}

void HubReader::skip_what_is_gone(std::int32_t id, const kafka::Range& range) {
  Partition& one = partitions_.at(id);
  const bool is_dropped = one.next < range.first;
  ++gaps_;
  ground_.log(plugin::Level::Warning,
              "partition " + std::to_string(id) + " of the event hub: " +
                  (is_dropped ? std::to_string(range.first - one.next) +
                                    " messages were dropped before anybody read them: its retention is "
                                    "shorter than nobody read"
                              : "what was read before is not there any more: the hub was made anew") +
                  "; the gap is recorded");
  Sighting gap;
  gap.type = plugin::Type::Gap;
  gap.at = ground_.now();
  gap.key = "gap/" + name() + "/" + std::to_string(id) + "/" + std::to_string(one.next) + "/" +
            std::to_string(range.first);
  gap.count = 0;  // a message holds many records
  found_.push_back(std::move(gap));
  one.next = range.first;
  one.is_dirty = must_assign_ = true;
}

void HubReader::take_message(const kafka::Message& message, Batch& batch) {
  Partition& one = partitions_[message.partition];
  one.next = message.offset + 1;
  one.at_end = false;
  one.is_dirty = true;
  one.appended = std::max(one.appended, message.appended);
  one.complete = std::max(one.complete, message.appended);
  try {
    Envelope envelope = read_envelope(message.body, options_.own_client);
    one.read += envelope.rows;
    one.filtered += envelope.others;
    others_ += envelope.others;
    one.unreadable += envelope.unreadable;
    for (SignInRecord& record : envelope.records) {
      if (record.sighting)
        batch.sightings.push_back(*std::move(record.sighting));
      else
        ++one.filtered;
    }
  } catch (const Failure&) {
    // A message that nobody can read must not stop all that come after it.
    ++one.read;
    ++one.unreadable;
  }
}

// All that can fail comes before anything is taken.
Batch HubReader::read(Time deadline) {
  const Time calls_end = std::max(deadline, ground_.now() + longest_look);
  if (!has_begun_) begin(calls_end);
  if (ground_.now() >= look_at_) look(calls_end);
  const std::map<std::int32_t, kafka::Range> ranges = consumer_->ranges(out_of_range_, calls_end);
  for (const auto& [id, range] : ranges) {
    const std::int64_t next = partitions_.at(id).next;
    if (next < range.first || next > range.end) skip_what_is_gone(id, range);
    must_assign_ = true;
  }
  out_of_range_.clear();
  if (must_assign_) assign();
  keep_abreast();
  // What is to be told is told now.
  const bool is_due = !has_told_start_ || !found_.empty() ||
                      std::any_of(partitions_.begin(), partitions_.end(),
                                  [](const auto& one) { return one.second.is_dirty; });
  const kafka::Taken taken =
      consumer_->take(options_.limits, is_due ? ground_.now() : std::min(deadline, look_at_));
  Batch batch;
  batch.again = true;
  batch.sightings = std::exchange(found_, {});
  for (const kafka::Message& message : taken.messages) take_message(message, batch);
  for (const auto& [id, end] : taken.ends) {
    Partition& one = partitions_[id];
    // Behind the last message there may be some that are no messages.
    one.is_dirty = one.is_dirty || end > one.next || !one.was_at_end;
    one.next = std::max(one.next, end);
    one.at_end = one.was_at_end = true;
  }
  out_of_range_ = taken.out_of_range;
  throttled_ = consumer_->throttled();
  std::stable_sort(batch.sightings.begin(), batch.sightings.end(),
                   [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
  advance(batch);
  return batch;
}

void HubReader::keep_abreast() {
  Time slowest = Time::max();
  for (const auto& [id, one] : partitions_) {
    if (!one.at_end && one.appended != Time{}) slowest = std::min(slowest, one.appended);
  }
  std::set<std::int32_t> ahead;
  if (slowest != Time::max()) {
    for (const auto& [id, one] : partitions_) {
      if (!one.at_end && one.appended > slowest + options_.most_ahead) ahead.insert(id);
    }
  }
  consumer_->hold(ahead);
}

void HubReader::advance(Batch& batch) {
  Time complete = Time::max();
  bool is_caught_up = true;
  for (const auto& [id, one] : partitions_) {
    complete = std::min(complete, one.complete);
    is_caught_up = is_caught_up && one.was_at_end;
  }
  if (!std::exchange(has_told_start_, true))
    batch.advances.push_back(
        {.name = name(),
         .value = json{{"first", first_}, {"known", known_}, {"start", micros(start_)}}.dump()});
  for (auto& [id, one] : partitions_) {
    if (!std::exchange(one.is_dirty, false)) continue;
    batch.advances.push_back({.name = name() + "/" + std::to_string(id),
                              .value = to_text(one.next, one.appended),
                              .read = std::exchange(one.read, 0),
                              .filtered = std::exchange(one.filtered, 0),
                              .unreadable = std::exchange(one.unreadable, 0)});
  }
  if (batch.advances.empty()) return;
  // Said of the source as a whole: what the slowest of its partitions shows.
  batch.advances.back().observed_until = complete > Time{} + options_.arrival_delay && complete != Time::max()
                                             ? complete - options_.arrival_delay
                                             : Time{};
  batch.advances.back().caught_up = is_caught_up;
}

}  // namespace curfew::oauth::entra
