#include "core/outlet/export_event.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace curfew::outlet {
namespace {

using model::EntryKind;

std::string_view variant_of(const ExportEvent& event) {
  switch (event.entry().kind) {
    case EntryKind::Observation:
      return event.text("type");
    case EntryKind::OutcomeRecorded:
      if (!event.text("outcome").empty()) return "sign_out";
      return event.text("verdict").empty() ? "revert" : "step";
    case EntryKind::SourceChanged: {
      const std::string_view state = event.text("state");
      return state == "up" || state == "finished" ? state : "down";
    }
    default:
      return {};
  }
}

bool has_number(std::string_view origin, std::string_view digits, std::uint64_t& number) {
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return !origin.empty() && !digits.empty() && read.ec == std::errc() &&
         read.ptr == digits.data() + digits.size();
}

}  // namespace

struct EventReader::Parser {
  simdjson::dom::parser dom;
};

EventReader::EventReader() : parser_(std::make_unique<Parser>()) {}
EventReader::~EventReader() = default;

const ExportEvent& EventReader::read(const ledger::StreamId& id, const ledger::SealedEntry& sealed) {
  event_.sealed = &sealed;
  if (event_.origin.empty() || id_ != id) {
    id_ = id;
    event_.origin = ledger::origin_of(id);
    event_.realm = id.realm;
    event_.node = id.node;
  }
  event_.id = event_.origin + "/" + std::to_string(sealed.sequence);
  event_.facts.clear();
  event_.identifiers.clear();
  event_.broken_facts.clear();
  simdjson::dom::object object;
  if (parser_->dom.parse(sealed.entry.facts.data(), sealed.entry.facts.size()).get(object) !=
      simdjson::SUCCESS) {
    event_.broken_facts = base::to_clean_utf8(sealed.entry.facts);
  } else {
    for (const auto [key, value] : object) {
      ExportFact& fact = event_.facts.emplace_back();
      fact.key = key;
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) {
        fact.text = text;
        base::append_json_string(fact.raw, base::is_clean_utf8(text) ? text : base::to_clean_utf8(text));
        continue;
      }
      fact.raw = simdjson::to_string(value);
      simdjson::dom::array pairs;
      if (key != "ids" || value.get(pairs) != simdjson::SUCCESS) continue;
      for (const auto item : pairs) {
        simdjson::dom::array pair;
        std::string_view name_space;
        std::string_view ref;
        if (item.get(pair) != simdjson::SUCCESS || pair.at(0).get(name_space) != simdjson::SUCCESS ||
            pair.at(1).get(ref) != simdjson::SUCCESS)
          continue;
        if (const auto parsed = model::parse_ref(ref)) event_.identifiers.emplace_back(name_space, *parsed);
      }
    }
  }
  event_.row = &export_row(sealed.entry.kind, variant_of(event_));
  return event_;
}

Time ExportEvent::at() const {
  if (entry().occurred_at != Time{}) return entry().occurred_at;
  return entry().engine_time != Time{} ? entry().engine_time : sealed->recorded_at;
}

std::string_view ExportEvent::text(std::string_view key) const {
  for (const ExportFact& fact : facts) {
    if (fact.key == key) return fact.text;
  }
  return {};
}

std::optional<std::int64_t> ExportEvent::number(std::string_view key) const {
  for (const ExportFact& fact : facts) {
    if (fact.key != key) continue;
    std::int64_t value = 0;
    const char* const end = fact.raw.data() + fact.raw.size();
    const auto read = std::from_chars(fact.raw.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end) return value;
  }
  return std::nullopt;
}

model::Ref ExportEvent::ref(std::string_view key) const {
  return model::parse_ref(text(key)).value_or(model::Ref{});
}

std::string ExportEvent::facts_json() const {
  std::string out = "{";
  for (const ExportFact& fact : facts) {
    if (out.size() > 1) out += ',';
    base::append_json_string(out, base::is_clean_utf8(fact.key) ? fact.key : base::to_clean_utf8(fact.key));
    out += ':';
    out += fact.raw;
  }
  out += '}';
  return out;
}

std::string_view ExportEvent::outcome() const {
  constexpr std::string_view success = "success";
  constexpr std::string_view failure = "failure";
  switch (entry().kind) {
    case EntryKind::Observation:
      if (row->variant == "gap") return {};
      return row->variant == "sign_in_failed" ? failure : success;
    case EntryKind::LinkRefused:
      return failure;
    case EntryKind::SubjectLinked:
    case EntryKind::SessionEnded:
      return success;
    case EntryKind::Answer:
      return text("code") == model::name_of(model::AnswerCode::Accepted) ? success : failure;
    case EntryKind::Notified:
      if (text("outcome") == "withdrawn") return "unknown";
      return text("outcome") == model::name_of(model::AnswerCode::Accepted) ? success : failure;
    case EntryKind::OutcomeRecorded: {
      if (row->variant == "revert") return success;
      const std::string_view word = text(row->variant == "sign_out" ? "outcome" : "verdict");
      if (word == model::name_of(model::Outcome::Held) || word == model::name_of(model::Outcome::Pending))
        return "unknown";
      return word == model::name_of(model::Outcome::Proven) ? success : failure;
    }
    case EntryKind::Command:
    case EntryKind::SignOutOrdered:
    case EntryKind::Intent:
    case EntryKind::Probe:
      return "unknown";  // an order, or a look: what came of it is an entry of its own
    default:
      return {};
  }
}

ExportSeverity ExportEvent::severity() const {
  if (entry().kind == EntryKind::ViolationOpened && text("mode") == "enforce") return ExportSeverity::High;
  const std::string_view outcome_word = text("outcome");
  if (row->variant == "sign_out" && entry().kind == EntryKind::OutcomeRecorded &&
      (outcome_word == model::name_of(model::Outcome::Unproven) ||
       outcome_word == model::name_of(model::Outcome::StillAlive) ||
       outcome_word == model::name_of(model::Outcome::Mistaken)))
    return ExportSeverity::High;
  return row->severity;
}

std::string_view ExportEvent::reason() const {
  for (const char* key : {"failure", "end_reason", "reason", "because", "held_because", "code", "proof"}) {
    if (const std::string_view found = text(key); !found.empty()) return found;
  }
  return {};
}

std::string ExportEvent::correlation() const {
  if (const auto order = number("order"); order && *order > 0)
    return realm + "/sign-out/" + std::to_string(*order);
  if (const auto violation = number("violation"); violation && *violation > 0)
    return realm + "/violation/" + std::to_string(*violation);
  return {};
}

std::string_view ExportEvent::service() const {
  const std::string_view application = text("application");
  return application.empty() ? std::string_view(entry().source) : application;
}

std::string ExportEvent::message() const {
  std::string out(row->title);
  if (const std::string_view where = service(); !where.empty()) out += " at " + std::string(where);
  if (const std::string_view policy = text("policy"); !policy.empty())
    out += ", policy " + std::string(policy);
  for (const char* key : {"verb", "action", "outcome", "verdict", "session", "state", "about"}) {
    if (const std::string_view word = text(key); !word.empty()) out += ", " + std::string(word);
  }
  if (const std::string_view why = reason(); !why.empty()) out += " (" + std::string(why) + ")";
  if (entry().kind == EntryKind::Alert) out += ": " + std::string(text("text"));
  return out;
}

model::Ref ExportEvent::person() const {
  if (entry().subject) return entry().subject;
  if (!identifiers.empty()) return identifiers.front().second;
  return ref(entry().kind == EntryKind::SubjectLinked ? "into" : "subject");
}

std::vector<model::Ref> ExportEvent::references() const {
  std::vector<model::Ref> all;
  const auto add = [&](model::Ref one) {
    if (one && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
  };
  add(entry().subject);
  for (const auto& identifier : identifiers) add(identifier.second);
  for (const char* key : {"device", "address", "user_agent", "into", "from", "subject"}) add(ref(key));
  return all;
}

std::optional<ExportPosition> parse_event_id(std::string_view id) {
  const std::size_t slash = id.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ExportPosition position;
  if (!has_number(id.substr(0, slash), id.substr(slash + 1), position.sequence)) return std::nullopt;
  const auto stream = ledger::parse_origin(id.substr(0, slash));
  if (!stream) return std::nullopt;
  position.stream = *stream;
  return position;
}

}  // namespace curfew::outlet
