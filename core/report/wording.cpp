#include "core/report/wording.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/duration_words.hpp"

namespace curfew::report::wording {
namespace {

constexpr std::size_t max_evidence_items = 12;

// The engine writes times and durations as microseconds; the field's name tells which.
std::string number_text(const std::string& key, const nlohmann::ordered_json& value) {
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (key.ends_with("_at") || key == "since" || key == "from" || key == "to")
      return time(base::from_micros(number));
    if (key == "window") return base::exactly_in_words(Duration{number});
    if (number >= 0) return count(static_cast<std::uint64_t>(number));
  }
  return value.dump();
}

std::string value_text(const AuditReport& report, const std::string& key, const nlohmann::ordered_json& value,
                       int depth);

std::string text_of_string(const AuditReport& report, const std::string& text) {
  if (const auto at = base::parse_rfc3339(text)) return time(*at);
  if (text.size() == 16) {
    if (const auto ref = model::parse_ref(text); ref && *ref) return name_of(report, *ref);
  }
  return text;
}

std::string list_text(const AuditReport& report, const std::string& key, const nlohmann::ordered_json& list,
                      int depth) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& item : list) {
    if (shown == max_evidence_items) return out + " and " + count(list.size() - shown) + " more";
    out += (shown == 0 ? "" : ", ") + value_text(report, key, item, depth + 1);
    ++shown;
  }
  return out;
}

std::string object_text(const AuditReport& report, const nlohmann::ordered_json& object, int depth) {
  std::string out;
  for (const auto& [key, value] : object.items()) {
    out += (out.empty()  ? ""
            : depth == 0 ? "; "
                         : ", ") +
           words(key) + " " + value_text(report, key, value, depth + 1);
  }
  return out;
}

std::string value_text(const AuditReport& report, const std::string& key, const nlohmann::ordered_json& value,
                       int depth) {
  if (value.is_string()) return text_of_string(report, value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "none";
  if (value.is_array()) return list_text(report, key, value, depth);
  if (value.is_object()) return "(" + object_text(report, value, depth) + ")";
  return number_text(key, value);
}

std::optional<std::int64_t> number_in(const nlohmann::ordered_json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end() || !at->is_number_integer()) return std::nullopt;
  return at->get<std::int64_t>();
}

std::string text_in(const nlohmann::ordered_json& json, const char* key) {
  const auto at = json.find(key);
  return at == json.end() || !at->is_string() ? std::string{} : words(at->get<std::string>());
}

// As it is written, for what somebody named.
std::string name_in(const nlohmann::ordered_json& json, const char* key) {
  const auto at = json.find(key);
  return at == json.end() || !at->is_string() ? std::string{} : at->get<std::string>();
}

// The session that a row names anyway is no news.
std::string others_involved(const model::ViolationRow& row, const nlohmann::ordered_json& json) {
  const auto at = json.find("sessions");
  if (at == json.end() || !at->is_array() || at->empty() || (at->size() == 1 && row.session != 0)) return {};
  return ": sessions " + list_text({}, "sessions", *at, 0);
}

// Of a time without fresh credentials, what it is counted from; credentials go without saying.
std::string counted_from(const nlohmann::ordered_json& json) {
  const std::string base = name_in(json, "counted_from");
  if (base == "start") return "; none were seen, counted from its start";
  if (base == "first_seen") return "; none were seen, nor its start: counted from what was seen first";
  return {};
}

// Empty: the evidence has not the fields that this rule's has.
std::string evidence_sentence(const AuditReport& report, const model::ViolationRow& row,
                              const nlohmann::ordered_json& json) {
  const auto limit = number_in(json, "limit");
  const auto measured = number_in(json, "measured");
  if (!limit || !measured || *limit < 0 || *measured < 0) return {};
  const std::string long_limit = " (limit " + base::exactly_in_words(Duration{*limit}) + ")";
  const std::string long_measured = base::exactly_in_words(Duration{*measured});
  const auto since = number_in(json, "since");
  const std::string from = since ? " since " + time(base::from_micros(*since)) : std::string{};
  const std::string few = count(static_cast<std::uint64_t>(*measured));
  const std::string few_limit = count(static_cast<std::uint64_t>(*limit));
  switch (row.rule) {
    case model::Rule::SessionTimeout:
      return "on for " + long_measured + from + long_limit;
    case model::Rule::InactivityTimeout:
      return "no activity for " + long_measured + from + long_limit +
             (json.value("records_missing", false) ? "; records of that time are missing" : "");
    case model::Rule::ConcurrentSessions:
      return few + " sessions at once, at most " + few_limit + " per " + text_in(json, "per") +
             others_involved(row, json);
    case model::Rule::FailedSignIns: {
      const auto window = number_in(json, "window");
      return few + " failures" + (window ? " within " + base::exactly_in_words(Duration{*window}) : "") +
             " (limit " + few_limit + "), then a success";
    }
    case model::Rule::ActivityAfterEnd: {
      const auto ended = number_in(json, "ended_at");
      return "activity " + long_measured + " after its end" +
             (ended ? " at " + time(base::from_micros(*ended)) : "") + " (" + text_in(json, "end_reason") +
             ", " + text_in(json, "end") + "); cause: " + text_in(json, "cause") +
             (text_in(json, "elsewhere").empty() ? "" : " (" + text_in(json, "elsewhere") + ")");
    }
    case model::Rule::SilentResignIn: {
      const auto ended = number_in(json, "ended_at");
      return "signed in silently " + long_measured + " after a sign-out" +
             (ended ? " at " + time(base::from_micros(*ended)) : "") + " (" + text_in(json, "end") +
             "; looked for within " + base::exactly_in_words(Duration{*limit}) +
             "); cause: " + text_in(json, "cause");
    }
    case model::Rule::DisabledAccountActivity: {
      const auto changed = number_in(json, "changed_at");
      return text_in(json, "shown_by") + " " + long_measured + " after: " + text_in(json, "change") +
             (changed ? " at " + time(base::from_micros(*changed)) : "") + ", told by " +
             name_in(json, "told_by");
    }
    case model::Rule::ResumeWithoutReauthentication: {
      const auto away = number_in(json, "away_since");
      return text_in(json, "shown_by") + " without fresh credentials" +
             (away ? " after " + long_measured + " away (since " + time(base::from_micros(*away)) + ")" : "");
    }
    case model::Rule::ReauthenticationInterval:
      return "no fresh credentials for " + long_measured + from + long_limit + counted_from(json);
    case model::Rule::SessionBinding: {
      const auto bound = number_in(json, "bound_at");
      return "used from another " + text_in(json, "bound") + " without fresh credentials" +
             (bound ? ", " + long_measured + " after " + time(base::from_micros(*bound)) : "") +
             ", as told by " + name_in(json, "told_by");
    }
    case model::Rule::SharedDevice:
      return few + " people on one device" + others_involved(row, json);
    case model::Rule::AllowedHours: {
      const auto closed = number_in(json, "closed_at");
      return "outside the allowed hours" +
             (closed ? " from " + time(base::from_micros(*closed)) + " UTC" : "") + " (" +
             name_in(json, "zone") + ")";
    }
  }
  return object_text(report, json, 0);
}

std::string of_people(const AuditReport& report) {
  const auto& types = report.statistics.by_account_type();
  std::string out;
  for (const auto& [type, sessions] : types) {
    if (type == model::AccountType::Unknown) continue;
    out += (out.empty() ? "" : ", ") + count(sessions) + " of " + std::string(model::name_of(type)) +
           " accounts";
  }
  return out.empty() ? out : " (" + out + ")";
}

std::string ended_by_inference(const SessionStatistics& statistics) {
  return counted(statistics.ends_inferred(), "session has", "sessions have") + " no end in the records (" +
         percent(statistics.ends_inferred(), statistics.ended()) +
         " of those that ended): the end was inferred.";
}

}  // namespace

std::string count(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return count(number) + " " + std::string(number == 1 ? one : many);
}

std::string time(Time time) {
  if (time == Time{}) return "not known";
  std::string text = base::format_rfc3339(time).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string day(Time time) { return time == Time{} ? "not known" : base::format_rfc3339(time).substr(0, 10); }

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0 %";
  const std::uint64_t rounded = (part * 100 + whole / 2) / whole;
  if (rounded == 0 && part > 0) return "under 1 %";
  if (rounded == 100 && part < whole) return "over 99 %";
  return std::to_string(rounded) + " %";
}

std::string words(std::string_view identifier) {
  std::string text(identifier);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string name_of(const AuditReport& report, model::Ref ref) {
  if (!ref) return "nobody in particular";
  const auto at = report.names.find(ref);
  return at == report.names.end() || at->second.empty() ? "reference " + model::to_text(ref) : at->second;
}

std::string evidence(const AuditReport& report, const model::ViolationRow& row) {
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(checked_json(row.evidence));
  if (!json.is_object()) return "none recorded";
  const std::string sentence = evidence_sentence(report, row, json);
  return sentence.empty() ? object_text(report, json, 0) : sentence;
}

std::uint64_t unreadable(const SourceStatus& source) {
  const auto coverage = nlohmann::ordered_json::parse(checked_json(source.coverage));
  if (!coverage.is_object()) return source.unreadable;
  const auto at = coverage.find("unreadable");
  if (at == coverage.end()) return source.unreadable;
  const auto stated = at->is_object() ? number_in(*at, "count") : number_in(coverage, "unreadable");
  return std::max(source.unreadable,
                  static_cast<std::uint64_t>(std::max<std::int64_t>(0, stated.value_or(0))));
}

std::uint64_t standing(const AuditReport& report) {
  const auto withdrawn = std::count_if(report.violations.begin(), report.violations.end(),
                                       [](const auto& row) { return row.withdrawn_at != Time{}; });
  return std::max<std::uint64_t>(report.violations_total, report.violations.size()) -
         static_cast<std::uint64_t>(withdrawn);
}

std::vector<std::string> findings(const AuditReport& report) {
  const SessionStatistics& statistics = report.statistics;
  std::vector<std::string> out;
  std::uint64_t observations = 0;
  for (const SourceStatus& source : report.sources) observations += source.observations;
  out.push_back("From " + time(report.from) + " to " + time(report.to) + " UTC, " +
                counted(report.sources.size(), "source", "sources") + " showed " +
                counted(observations, "event", "events") + ": " +
                counted(statistics.total(), "session", "sessions") + of_people(report) + " by " +
                counted(statistics.subjects(), "account", "accounts") + ".");
  if (statistics.most_at_once().sessions > 0) {
    out.push_back("At most " + counted(statistics.most_at_once().sessions, "session", "sessions") +
                  " lived at once, at " + time(statistics.most_at_once().at) + ". " +
                  (statistics.live() == 0 ? "None was still open at the end."
                                          : count(statistics.live()) + " still open at the end."));
  }
  const std::uint64_t stand = standing(report);
  std::string breaches = stand == 0 ? "No policy was breached."
                                    : counted(stand, "policy breach was", "policy breaches were") + " found.";
  const std::uint64_t withdrawn =
      std::max<std::uint64_t>(report.violations_total, report.violations.size()) - stand;
  if (withdrawn > 0) {
    breaches += " " + counted(withdrawn, "more was", "more were") + " withdrawn, because of later records.";
  }
  out.push_back(breaches);
  if (report.failures.total() > 0) {
    out.push_back(counted(report.failures.total(), "sign-in failed.", "sign-ins failed."));
  }
  out.push_back(report.ledger.sentence.empty() ? "The ledger was not verified." : report.ledger.sentence);
  return out;
}

std::vector<std::string> blind_spots(const AuditReport& report) {
  const SessionStatistics& statistics = report.statistics;
  std::vector<std::string> out;
  if (statistics.ends_inferred() > 0) out.push_back(ended_by_inference(statistics));
  if (statistics.starts_unseen() > 0) {
    out.push_back(counted(statistics.starts_unseen(), "session was", "sessions were") +
                  " on before the records begin: the sign-in was not seen.");
  }
  if (statistics.corrections() > 0) {
    out.push_back(counted(statistics.corrections(), "inferred end was", "inferred ends were") +
                  " taken back because later records showed activity.");
  }
  for (const SourceStatus& source : report.sources) {
    if (const std::uint64_t lost = unreadable(source); lost > 0) {
      out.push_back(source.name + ": " + counted(lost, "record", "records") +
                    " could not be read; the places are with the source below.");
    }
    if (!source.shows_activity) {
      out.push_back(source.name +
                    ": its records tell sign-ins and sign-outs, not activity between them: inactivity "
                    "cannot be judged here.");
    }
    if (source.refused > 0) {
      out.push_back(source.name + ": " + counted(source.refused, "event was", "events were") +
                    " refused (repeated, too late or malformed).");
    }
    if (source.observations == 0) {
      out.push_back(
          source.name + ": nothing in it told of a session. " +
          (source.text.empty() ? std::string("The audit says nothing about this system.") : source.text));
    } else if (source.state == "failed" || source.state == "quarantined") {
      out.push_back(source.name + ": " + source.state + ". " + source.text);
    }
  }
  const std::uint64_t gaps = std::max<std::uint64_t>(report.gaps_total, report.gaps.size());
  if (gaps > 0) {
    out.push_back(counted(gaps, "gap", "gaps") + " in the records: what happened in them is not known.");
  }
  out.insert(out.end(), report.not_seen.begin(), report.not_seen.end());
  if (out.empty()) {
    out.push_back(
        "No gap, unreadable record or missing end was found. Systems that are not among the sources were not "
        "looked at.");
  } else {
    out.push_back("Systems that are not among the sources were not looked at.");
  }
  return out;
}

std::string end_of(const model::SessionRow& row) {
  if (row.state != model::SessionState::Ended) return "still open";
  return words(model::name_of(row.end_reason)) + " (" + std::string(model::name_of(row.end_certainty)) + ")";
}

}  // namespace curfew::report::wording
