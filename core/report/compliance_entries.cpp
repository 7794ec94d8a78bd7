#include "core/report/compliance_entries.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::report {
namespace {

using model::EntryKind;
using model::ObservationType;

constexpr std::size_t most_lacking = 1'000;
constexpr std::size_t most_versions = 10'000;
// Beyond this a record is from the future; controls that ask more are held against what was found.
constexpr Duration ahead_of_interest = std::chrono::seconds(1);
constexpr std::size_t most_places = 2'000;
constexpr std::size_t rows_for_a_pause = 4'096;
constexpr Duration longest_ahead = std::chrono::hours(24);  // as admission takes it

std::string text_in(const std::string& facts, const char* key) {
  const auto json = nlohmann::json::parse(checked_json(facts));
  if (!json.is_object()) return {};
  const auto at = json.find(key);
  return at == json.end() || !at->is_string() ? std::string{} : at->get<std::string>();
}

std::string node_of(const store::StreamHead& head) { return head.id.realm + "/" + head.id.node; }

std::uint64_t number_in(const std::string& facts, const char* key) {
  const auto json = nlohmann::json::parse(checked_json(facts));
  if (!json.is_object()) return 0;
  const auto at = json.find(key);
  return at == json.end() || !at->is_number_unsigned() ? 0 : at->get<std::uint64_t>();
}

}  // namespace

void EntryReading::read_circumstances() {
  store::EntryFilter filter;
  filter.kinds = {EntryKind::Configuration, EntryKind::Groups,        EntryKind::Alert,
                  EntryKind::SourceChanged, EntryKind::SubjectLinked, EntryKind::Command};
  filter.or_gaps = true;
  for (const store::StreamHead& head : heads_) {
    engine::InputReader reader(symbols_);
    store_.read_entries(head.stream, 0, head.size, filter, [&](ledger::SealedEntry&& row) {
      came();
      see_circumstance(head, row, reader);
      return true;
    });
  }
}

void EntryReading::see_circumstance(const store::StreamHead& head, const ledger::SealedEntry& row,
                                    engine::InputReader& reader) {
  const Place place{head.stream, row.sequence};
  switch (row.entry.kind) {
    case EntryKind::Alert:
      return see_alert(row, place);
    case EntryKind::SourceChanged:
      return see_state(row, place);
    case EntryKind::Observation:
      return see_gap(row, place);
    default:
      break;
  }
  if (row.entry.engine_time >= facts_.period.to) return;
  Memberships& memberships = facts_.memberships.try_emplace(node_of(head), facts_.period.from).first->second;
  if (row.entry.kind == EntryKind::SubjectLinked) return see_link(row, memberships, place);
  const auto input = reader.read(row.entry);
  if (!input) return;
  if (const auto* groups = std::get_if<model::GroupsInput>(&input->body)) {
    memberships.tell(groups->group, input->at, groups->members);
  } else if (const auto* command = std::get_if<model::CommandInput>(&input->body)) {
    if (command->verb == model::Verb::SplitSubject) memberships.split(input->at, command->subject);
  } else {
    see_configuration(head, *input, place);
  }
}

void EntryReading::see_link(const ledger::SealedEntry& row, Memberships& memberships, Place place) {
  const auto into = model::parse_ref(text_in(row.entry.facts, "into"));
  const auto from = model::parse_ref(text_in(row.entry.facts, "from"));
  if (!into || !from)
    throw Error(ErrorKind::Corrupt,
                "entry " + std::to_string(place.sequence) + ": a link that does not say of whom");
  memberships.link(row.entry.engine_time, *into, *from);
}

void EntryReading::see_configuration(const store::StreamHead& head, const model::Input& input, Place place) {
  const auto* configuration = std::get_if<model::ConfigurationInput>(&input.body);
  if (configuration == nullptr) return;
  const std::string node = node_of(head);
  for (auto before = facts_.versions.rbegin(); before != facts_.versions.rend(); ++before) {
    if (before->node != node) continue;
    // A start repeats what was in force.
    if (before->digest == configuration->digest) return;
    before->to = input.at;
    break;
  }
  if (facts_.versions.size() >= most_versions)
    throw Error(ErrorKind::Input, "there are more than " + std::to_string(most_versions) +
                                      " configurations in this ledger: take a shorter period");
  facts_.versions.push_back({.place = place,
                             .node = node,
                             .from = input.at,
                             .to = {},
                             .digest = configuration->digest,
                             .set = configuration->set});
}

void EntryReading::add(Hole hole) {
  if (facts_.holes.size() >= most_holes) {
    // Told with the last one of its kind: none is lost, and the list stays short.
    for (auto last = facts_.holes.rbegin(); last != facts_.holes.rend(); ++last) {
      if (last->source != hole.source || last->kind != hole.kind) continue;
      last->from = std::min(last->from, hole.from);
      last->to = last->to == Time{} || hole.to == Time{} ? Time{} : std::max(last->to, hole.to);
      last->records += hole.records;
      return;
    }
  }
  if (hole.kind != HoleKind::RecordsMissing) open_holes_[{hole.source, hole.kind}] = facts_.holes.size();
  facts_.holes.push_back(std::move(hole));
}

void EntryReading::end_hole(const std::string& source, HoleKind kind, Time at) {
  const auto open = open_holes_.find({source, kind});
  if (open == open_holes_.end()) return;
  facts_.holes[open->second].to = at;
  open_holes_.erase(open);
}

void EntryReading::see_alert(const ledger::SealedEntry& row, Place place) {
  const std::string about = text_in(row.entry.facts, "about");
  const std::string& source = row.entry.source;
  const Time at = row.entry.engine_time;
  if (about == "source_heard") return end_hole(source, HoleKind::Silent, at);
  if (about != "source_silent" || open_holes_.contains({source, HoleKind::Silent})) return;
  const model::SourcePolicy* known = facts_.source(source);
  add({.source = source,
       .kind = HoleKind::Silent,
       .from = known == nullptr ? at : at - known->stale_after,
       .noticed_at = at,
       .text = text_in(row.entry.facts, "text"),
       .place = place});
}

void EntryReading::see_state(const ledger::SealedEntry& row, Place place) {
  const std::string state = text_in(row.entry.facts, "state");
  const Time at = row.entry.occurred_at == Time{} ? row.entry.engine_time : row.entry.occurred_at;
  if (state == "up" || state == "finished") return end_hole(row.entry.source, HoleKind::Down, at);
  if (open_holes_.contains({row.entry.source, HoleKind::Down})) return;
  add({.source = row.entry.source,
       .kind = HoleKind::Down,
       .from = at,
       .noticed_at = at,
       .text = text_in(row.entry.facts, "text"),
       .place = place});
}

void EntryReading::see_gap(const ledger::SealedEntry& row, Place place) {
  const model::Facts facts = model::facts_from_json(row.entry.facts, symbols_);
  std::string text(symbols_.text(facts.application));
  std::replace(text.begin(), text.end(), '-', ' ');
  if (facts.failure) text += (text.empty() ? "" : ": ") + std::string(symbols_.text(facts.failure));
  add({.source = row.entry.source,
       .kind = HoleKind::RecordsMissing,
       .from = row.entry.occurred_at,
       .to = row.entry.occurred_at,
       .noticed_at = std::max(row.entry.occurred_at, row.entry.engine_time),
       .records = facts.count,
       .text = text,
       .place = place});
}

void EntryReading::close() {
  std::stable_sort(facts_.versions.begin(), facts_.versions.end(),
                   [](const PolicyVersion& a, const PolicyVersion& b) {
                     return std::tie(a.node, a.from) < std::tie(b.node, b.from);
                   });
  // One that ended where the period begins is none of it: an audit's source is silent until its first record.
  std::erase_if(facts_.holes, [&](const Hole& hole) {
    const bool is_over = hole.kind != HoleKind::RecordsMissing && hole.to == facts_.period.from;
    return is_over || !hole.meets(facts_.period.from, facts_.period.to);
  });
  std::stable_sort(facts_.holes.begin(), facts_.holes.end(),
                   [](const Hole& a, const Hole& b) { return a.from < b.from; });
  open_holes_.clear();
  for (auto& [node, memberships] : facts_.memberships) memberships.settle();
}

void EntryReading::read_observations() {
  store::EntryFilter filter;
  filter.kinds = {EntryKind::Observation};
  filter.from = facts_.period.from;
  filter.to = facts_.period.to;
  for (const store::StreamHead& head : heads_) {
    store_.read_entries(head.stream, first_of_period(head), head.size, filter,
                        [&](ledger::SealedEntry&& row) {
                          came();
                          if (facts_.scope.holds_source(row.entry.source))
                            see_observation(row, {head.stream, row.sequence});
                          return true;
                        });
  }
}

void EntryReading::came() {
  if (++since_pace_ < rows_for_a_pause || !pace_) return;
  since_pace_ = 0;
  pace_();
}

// Engine time never decreases along a stream. What is taken may be from the future as far as admission lets
// it be, and where time is that of the records, engine time is behind the newest one by their lateness.
std::uint64_t EntryReading::first_of_period(const store::StreamHead& head) {
  Duration ahead = longest_ahead;
  for (const PolicyVersion& version : facts_.versions) {
    for (const model::SourcePolicy& source : version.set.sources)
      ahead = std::max(ahead, longest_ahead + source.lateness);
  }
  const Time from = facts_.period.from - ahead;
  std::uint64_t low = 0;
  std::uint64_t high = head.size;
  while (low < high && from > facts_.recorded_from) {
    const std::uint64_t middle = low + (high - low) / 2;
    bool before = false;
    store_.read_entries(head.stream, middle, middle + 1, [&](ledger::SealedEntry&& row) {
      before = row.entry.engine_time < from;
      return true;
    });
    if (before)
      low = middle + 1;
    else
      high = middle;
  }
  return from > facts_.recorded_from ? low : 0;
}

void EntryReading::see_observation(const ledger::SealedEntry& row, Place place) {
  model::Facts facts;
  try {
    facts = model::facts_from_json(row.entry.facts, symbols_);
  } catch (const Error& error) {
    throw Error(error.kind(), "entry " + std::to_string(row.sequence) + ": " + error.what());
  }
  facts.session = row.entry.session;
  facts.occurred_at = row.entry.occurred_at;
  ++facts_.records.observed[static_cast<std::size_t>(facts.type)];
  tracks_.see(row.entry.source, facts, place);
  check_content(row, facts, place);
}

void EntryReading::check_content(const ledger::SealedEntry& row, const model::Facts& facts, Place place) {
  RecordCounts& records = facts_.records;
  const Duration ahead = facts.occurred_at - row.recorded_at;
  if (ahead > ahead_of_interest && records.ahead.size() < most_lacking)
    records.ahead.push_back({.place = place,
                             .source = row.entry.source,
                             .at = facts.occurred_at,
                             .text = "it was received before the time that it states",
                             .ahead = ahead});
  if (facts.type != ObservationType::SignIn && facts.type != ObservationType::SignInFailed) return;
  ++records.sign_ins;
  const bool nobody = facts.identifier_count == 0;
  const bool nowhere = !facts.address && !facts.device;
  records.without_subject += nobody ? 1 : 0;
  records.without_origin += nowhere ? 1 : 0;
  if ((nobody || nowhere) && records.lacking.size() < most_lacking)
    records.lacking.push_back(
        {.place = place,
         .source = row.entry.source,
         .at = facts.occurred_at,
         .text = nobody ? "a sign-in that does not say who" : "a sign-in that does not say from where"});
}

std::pair<Time, Time> span_of(store::Store& store, const std::vector<store::StreamHead>& heads) {
  Time from = Time::max();
  Time to{};
  const auto take = [&](const ledger::SealedEntry& row) {
    bool dated = false;
    for (const Time at : {row.entry.engine_time, row.entry.occurred_at}) {
      if (at < base::earliest_time) continue;
      from = std::min(from, at);
      dated = dated || at == row.entry.engine_time;
    }
    to = std::max(to, row.entry.engine_time);
    return dated;
  };
  for (const store::StreamHead& head : heads) {
    // In an audit, entries before the first observation have no engine time.
    store.read_entries(head.stream, 0, head.size, [&](ledger::SealedEntry&& row) { return !take(row); });
    store.read_entries(head.stream, head.size - 1, head.size, [&](ledger::SealedEntry&& row) {
      to = std::max(to, row.entry.engine_time);
      return true;
    });
  }
  return {from == Time::max() ? Time{} : from, to};
}

void find_places(store::Store& store, const std::vector<store::StreamHead>& heads,
                 std::vector<ControlResult>& results) {
  std::map<model::ViolationNumber, Place> violations;
  std::map<model::SessionDigest, Place> sessions;
  for (const ControlResult& result : results) {
    for (const ControlException& exception : result.exceptions) {
      if (exception.place.stream != 0) continue;
      if (exception.violation != 0)
        violations.emplace(exception.violation, Place{});
      else if (exception.digest && sessions.size() < most_places)
        sessions.emplace(exception.digest, Place{});
    }
  }
  store::EntryFilter opened;
  opened.kinds = {EntryKind::ViolationOpened};
  store::EntryFilter observed;
  observed.kinds = {EntryKind::Observation};
  for (const auto& [digest, place] : sessions) observed.sessions.push_back(digest);
  for (const store::StreamHead& head : heads) {
    if (!violations.empty()) {
      store.read_entries(head.stream, 0, head.size, opened, [&](ledger::SealedEntry&& row) {
        const auto wanted = violations.find(number_in(row.entry.facts, "violation"));
        if (wanted != violations.end()) wanted->second = {head.stream, row.sequence};
        return true;
      });
    }
    if (!sessions.empty()) {
      std::size_t missing = sessions.size();
      store.read_entries(head.stream, 0, head.size, observed, [&](ledger::SealedEntry&& row) {
        Place& place = sessions[row.entry.session];
        if (place.stream != 0) return true;
        place = {head.stream, row.sequence};
        return --missing > 0;
      });
    }
  }
  for (ControlResult& result : results) {
    for (ControlException& exception : result.exceptions) {
      if (exception.place.stream != 0) continue;
      if (exception.violation != 0)
        exception.place = violations[exception.violation];
      else if (const auto found = sessions.find(exception.digest); found != sessions.end())
        exception.place = found->second;
    }
  }
}

}  // namespace curfew::report
