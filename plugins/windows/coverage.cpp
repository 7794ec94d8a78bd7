#include "plugins/windows/coverage.hpp"

#include <algorithm>
#include <functional>

#include "plugins/files/json_text.hpp"

namespace curfew::windows {
namespace {

using files::append;
using files::append_counts;
using files::append_key;

constexpr std::size_t most_places = 100;
constexpr std::size_t most_gaps_shown = 200;
constexpr std::size_t most_runs = 65'536;
constexpr std::size_t most_keys = 8'000'000;  // of logons that `paired` remembers
constexpr std::size_t most_event_ids = 4096;

std::uint64_t logon_key(const WindowsEvent& event, std::uint64_t id) {
  return std::hash<std::string>()(to_lower(event.computer)) * 0x9E3779B97F4A7C15U ^ id * 0xBF58476D1CE4E5B9U;
}

void append_input(std::string& json, const InputCoverage& input) {
  append(json, "records_total", input.records_total);
  append(json, "security_records", input.security_records);
  files::append_unreadable(json, input.unreadable, input.places);
  append_counts(json, "by_event_id", input.by_event_id);
  append(json, "logons", input.logons);
  append(json, "paired", input.paired());
  if (input.logon_keys.size() >= most_keys) append(json, "paired_at_least", input.paired());
  append(json, "sessions", input.sessions);
  append_counts(json, "joined", input.joined);
  append_counts(json, "filtered", input.filtered);
  append_counts(json, "other", input.other);
  append_counts(json, "adfs", input.adfs);
  append_key(json, "recovered");
  json += '{';
  append(json, "records", input.recovered + input.recovered_torn);
  append(json, "readable", input.recovered);
  append(json, "security_records", input.recovered_security);
  append(json, "logons", input.recovered_logons);
  json += '}';
  append(json, "other_lines", input.other_lines);
  append(json, "arrival_times", input.arrival_times);
  if (input.records_total != 0 && input.last != Time{}) {
    append(json, "first", format_time(input.first));
    append(json, "last", format_time(input.last));
  }
}

}  // namespace

void RecordNumbers::add(std::uint64_t number, Time time) {
  if (number == 0) return;
  auto after = runs_.upper_bound(number);
  if (after != runs_.begin()) {
    const auto before = std::prev(after);
    if (number <= before->second.last) return;  // seen already
    if (number == before->second.last + 1) {
      ++seen_;
      before->second.last = number;
      if (after != runs_.end() && after->first == number + 1) {
        before->second.last = after->second.last;
        runs_.erase(after);
      }
      return;
    }
  }
  ++seen_;
  if (after != runs_.end() && after->first == number + 1) {
    const Run run{after->second.last, time};
    runs_.erase(after);
    runs_.emplace(number, run);
    return;
  }
  if (runs_.size() >= most_runs) {
    too_many_ = true;  // a selection, for sure
    return;
  }
  runs_.emplace(number, Run{number, time});
}

bool RecordNumbers::is_whole() const {
  if (too_many_ || runs_.empty()) return false;
  const std::uint64_t span = runs_.rbegin()->second.last - runs_.begin()->first + 1;
  return seen_ >= 10 && seen_ >= span - span / 5;
}

std::uint64_t RecordNumbers::missing() const {
  if (runs_.empty()) return 0;
  return runs_.rbegin()->second.last - runs_.begin()->first + 1 - seen_;
}

std::vector<RecordNumbers::Hole> RecordNumbers::holes() const {
  std::vector<Hole> holes;
  const Run* before = nullptr;
  for (const auto& [first, run] : runs_) {
    if (before != nullptr) holes.push_back({before->last + 1, first - 1, run.time});
    before = &run;
  }
  return holes;
}

std::uint64_t InputCoverage::paired() const {
  return static_cast<std::uint64_t>(std::count_if(
      logon_keys.begin(), logon_keys.end(), [&](std::uint64_t key) { return logoff_keys.contains(key); }));
}

std::uint32_t Coverage::add_input(std::string_view name) {
  inputs_.emplace_back().name = to_clean_utf8(name);
  return static_cast<std::uint32_t>(inputs_.size() - 1);
}

void Coverage::set_format(std::uint32_t input, std::string_view format) { inputs_[input].format = format; }

void Coverage::count(std::uint32_t number, const WindowsEvent& event, bool with_number) {
  InputCoverage& input = inputs_[number];
  ++input.records_total;
  if (input.records_total == 1 || event.time < input.first) input.first = event.time;
  if (input.records_total == 1 || event.time > input.last) input.last = event.time;
  if (event.time_is_arrival) ++input.arrival_times;
  if (!event.is_security()) return;
  ++input.security_records;
  if (input.by_event_id.size() < most_event_ids || input.by_event_id.contains(event.event_id))
    ++input.by_event_id[event.event_id];
  if (with_number && event.origin == Origin::Windows)
    numbers_[to_lower(event.computer) + "/security"].add(event.record_id, event.time);
  const std::uint64_t id = event.logon_id(Field::TargetLogonId);
  if (event.event_id == 4624) {
    if (is_well_known_logon(id)) return;
    ++input.logons;
    if (id != 0 && input.logon_keys.size() < most_keys) input.logon_keys.insert(logon_key(event, id));
  } else if (event.event_id == 4634 || event.event_id == 4647) {
    if (input.logoff_keys.size() < most_keys) input.logoff_keys.insert(logon_key(event, id));
  }
}

void Coverage::count_recovered(std::uint32_t number, const WindowsEvent& event) {
  InputCoverage& input = inputs_[number];
  ++input.recovered;
  if (!event.is_security()) return;
  ++input.recovered_security;
  if (event.event_id == 4624 && !is_well_known_logon(event.logon_id(Field::TargetLogonId)))
    ++input.recovered_logons;
}

void Coverage::count_unreadable(std::uint32_t number, std::string_view place, std::string_view why,
                                std::uint64_t records) {
  InputCoverage& input = inputs_[number];
  input.unreadable += records;
  if (input.places.size() < most_places)
    input.places.emplace_back(to_clean_utf8(place.substr(0, 512)), to_clean_utf8(why.substr(0, 512)));
}

void Coverage::count_other_line(std::uint32_t input) { ++inputs_[input].other_lines; }

void Coverage::judged(std::uint32_t number, Fate fate, std::string_view reason) {
  InputCoverage& input = inputs_[number];
  const auto add = [&](auto& counts) {
    const auto found = counts.find(reason);
    if (found != counts.end()) {
      ++found->second;
    } else {
      counts.emplace(std::string(reason), 1);
    }
  };
  switch (fate) {
    case Fate::Session:
      ++input.sessions;
      break;
    case Fate::Joined:
      add(input.joined);
      break;
    case Fate::Filtered:
      add(input.filtered);
      break;
    case Fate::Other:
      add(input.other);
      break;
    case Fate::Adfs:
      add(input.adfs);
      break;
  }
}

InputCoverage Coverage::sum() const {
  InputCoverage total;
  const auto add = [](auto& into, const auto& counts) {
    for (const auto& [name, count] : counts) into[name] += count;
  };
  for (const InputCoverage& input : inputs_) {
    if (input.records_total != 0) {
      if (total.records_total == 0 || input.first < total.first) total.first = input.first;
      if (total.records_total == 0 || input.last > total.last) total.last = input.last;
    }
    total.records_total += input.records_total;
    total.security_records += input.security_records;
    total.other_lines += input.other_lines;
    total.unreadable += input.unreadable;
    total.arrival_times += input.arrival_times;
    for (const auto& [place, why] : input.places) {
      if (total.places.size() < most_places) total.places.emplace_back(input.name + ": " + place, why);
    }
    add(total.by_event_id, input.by_event_id);
    add(total.joined, input.joined);
    add(total.filtered, input.filtered);
    add(total.other, input.other);
    add(total.adfs, input.adfs);
    total.logons += input.logons;
    total.sessions += input.sessions;
    total.recovered += input.recovered;
    total.recovered_torn += input.recovered_torn;
    total.recovered_security += input.recovered_security;
    total.recovered_logons += input.recovered_logons;
    total.logon_keys.insert(input.logon_keys.begin(), input.logon_keys.end());
    total.logoff_keys.insert(input.logoff_keys.begin(), input.logoff_keys.end());
  }
  return total;
}

std::vector<std::pair<std::string, RecordNumbers::Hole>> Coverage::gaps() const {
  std::vector<std::pair<std::string, RecordNumbers::Hole>> all;
  for (const auto& [log, numbers] : numbers_) {
    if (!numbers.is_whole()) continue;
    for (const RecordNumbers::Hole& hole : numbers.holes()) all.emplace_back(log, hole);
  }
  return all;
}

std::string Coverage::to_json() const {
  std::string json = "{";
  append_input(json, sum());
  append_key(json, "gaps");
  json += '[';
  std::size_t shown = 0;
  const auto all = gaps();
  for (const auto& [log, hole] : all) {
    if (++shown > most_gaps_shown) break;
    if (json.back() != '[') json += ',';
    json += '{';
    append(json, "log", log);
    append(json, "first", hole.first);
    append(json, "last", hole.last);
    append(json, "missing", hole.last - hole.first + 1);
    append(json, "before", format_time(hole.before));
    json += '}';
  }
  json += ']';
  append(json, "gap_count", all.size());
  // Exports that were filtered miss numbers everywhere: no hole, but said.
  append_key(json, "selections");
  json += '[';
  for (const auto& [log, numbers] : numbers_) {
    if (numbers.is_whole() || numbers.seen() == 0 || numbers.missing() == 0) continue;
    if (json.back() != '[') json += ',';
    json += '{';
    append(json, "log", log);
    append(json, "records", numbers.seen());
    append(json, "missing", numbers.missing());
    json += '}';
    if (json.size() > (std::size_t{1} << 20U)) break;
  }
  json += ']';
  files::append_inputs(json, inputs_, [](std::string& one, const InputCoverage& input) {
    append(one, "format", input.format);
    append_input(one, input);
  });
  json += '}';
  return json;
}

Finding finding_of(const std::string& log, const RecordNumbers::Hole& hole) {
  Finding gap;
  gap.type = plugin::Type::Gap;
  gap.at = hole.before;
  gap.key = "gap/" + log + "/" + std::to_string(hole.first) + "-" + std::to_string(hole.last);
  gap.application = "record-numbers";
  gap.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(hole.last - hole.first + 1, 0xFFFFFFFFU));
  return gap;
}

void count_repeats(Coverage& coverage, std::uint32_t input, const std::vector<WindowsEvent>& repeats) {
  for (const WindowsEvent& event : repeats) {
    coverage.count(input, event);
    const bool logon = event.event_id == 4624 && !is_well_known_logon(event.logon_id(Field::TargetLogonId));
    coverage.judged(input, logon ? Fate::Joined : Fate::Other, "repeat");
  }
}

}  // namespace curfew::windows
