#include "core/app/live_lines.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/app/sign_out_watch.hpp"
#include "core/report/tables.hpp"
#include "core/report/wording.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

constexpr std::size_t most_kept = 10'000;

json object_of(std::string_view text) {
  json object = json::parse(text, nullptr, false);
  return object.is_object() ? object : json::object();
}

json object_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

// Empty for what is absent or null.
std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string words_of(const json& object, const char* key) {
  return report::wording::words(text_of(object, key));
}

// "06:42:12.318" of an RFC 3339 text.
std::string clock_of(const std::string& at) { return at.size() >= 23 ? at.substr(11, 12) : at; }

std::string line(const std::string& at, std::string about, const std::string& text) {
  about.resize(std::max<std::size_t>(about.size(), 12), ' ');
  return clock_of(at) + "  " + about + "  " + report::printable(text);
}

template <typename Key, typename Value>
void bound(std::map<Key, Value>& kept) {
  while (kept.size() > most_kept) kept.erase(kept.begin());
}

}  // namespace

bool LiveLines::is_wanted(const std::string& source) const {
  return settings_.sources.empty() ||
         std::find(settings_.sources.begin(), settings_.sources.end(), source) != settings_.sources.end();
}

// What a gate says of a session counts as that of the session's source.
bool LiveLines::is_wanted(const std::string& source, const std::string& session) const {
  const auto known = sessions_.find(session);
  return is_wanted(source) || (known != sessions_.end() && is_wanted(known->second.source));
}

std::string LiveLines::whose(const std::string& source, const std::string& session) const {
  const auto known = sessions_.find(session);
  return known == sessions_.end() ? source : "session " + std::to_string(known->second.number);
}

std::string LiveLines::take(std::string_view event, std::string_view json) {
  if (event == "session") return session(json);
  if (event == "violation") return violation(json);
  if (event == "step") return step(json);
  if (event == "warned") return warned(json);
  if (event == "sign_in_failed") return failed(json);
  if (event == "alert") return alert(json);
  if (event == "lost")
    return line({}, "", text_of(object_of(json), "events") + " events went by too fast to be shown");
  return {};
}

std::string LiveLines::session(std::string_view text) {
  const json row = object_of(text);
  const std::string source = text_of(row, "source");
  if (!is_wanted(source)) return {};
  const std::uint64_t number = number_of(row, "number");
  const std::string digest = text_of(row, "session");
  Known& known = sessions_[digest];
  const bool first = known.number != number;  // an application may use an id again
  if (first) known = {.number = number, .source = source};
  const bool has_ended = text_of(row, "state") == "ended";
  const bool had_ended = std::exchange(known.ended, has_ended);
  digests_[number] = digest;
  if (digests_.size() > most_kept) {
    const auto oldest = digests_.begin();
    if (const auto it = sessions_.find(oldest->second);
        it != sessions_.end() && it->second.number == oldest->first)
      sessions_.erase(it);
    digests_.erase(oldest);
  }
  const std::string about = "session " + std::to_string(number);
  if (has_ended) {
    if (had_ended) return {};
    return line(text_of(row, "ended_at"), about,
                "ended: " + words_of(row, "end_reason") + " (" + words_of(row, "end_certainty") + ")");
  }
  if (had_ended) return line(text_of(row, "last_person_activity_at"), about, "goes on: it had not ended");
  const std::string at = text_of(row, "started_at");
  const auto started = base::parse_rfc3339(at);
  if (!first || !started || *started < settings_.since) return {};
  const std::string subject = text_of(row, "subject");
  return line(at, about,
              (subject.empty() ? "somebody" : settings_.name_of(subject)) +
                  (text_of(row, "start_seen") != "false" ? " signed in at " : " is there, at ") + source);
}

std::string LiveLines::violation(std::string_view text) {
  const json row = object_of(text);
  if (!is_wanted(text_of(row, "source"))) return {};
  const std::uint64_t number = number_of(row, "number");
  const bool withdrawn = !text_of(row, "withdrawn_at").empty();
  const auto [known, first] = violations_.try_emplace(number, withdrawn);
  const bool news = first || std::exchange(known->second, withdrawn) != withdrawn;
  bound(violations_);
  if (!news) return {};
  const std::uint64_t session = number_of(row, "session");
  const std::string about = session == 0 ? text_of(row, "source") : "session " + std::to_string(session);
  const std::string what = "violation " + std::to_string(number) + " of " + text_of(row, "policy");
  if (withdrawn) return line(text_of(row, "withdrawn_at"), about, what + " is withdrawn");
  std::string said = what + ": " + words_of(row, "rule") + " at " + clock_of(text_of(row, "breached_at"));
  const json evidence = object_in(row, "evidence");
  if (const std::string cause = words_of(evidence, "cause"); !cause.empty() && cause != "unknown")
    said += ", " + cause;
  if (text_of(evidence, "refused") == "true") said += ", refused by the gate";
  if (text_of(row, "mode") == "observe") said += " (observed only)";
  return line(text_of(row, "detected_at"), about, said);
}

std::string LiveLines::step(std::string_view text) {
  const json notice = object_of(text);
  const std::uint64_t number = number_of(notice, "order");
  if (!settings_.sources.empty()) {
    auto known = sign_outs_.find(number);
    if (known == sign_outs_.end())
      known = sign_outs_.emplace(number, settings_.source_of ? settings_.source_of(number) : "").first;
    const bool wanted = is_wanted(known->second);
    bound(sign_outs_);
    if (!wanted) return {};
  }
  const std::string said = step_in_words(text_of(notice, "kind"), object_in(notice, "facts").dump());
  return said.empty() ? std::string()
                      : line(text_of(notice, "at"), "sign-out " + std::to_string(number), said);
}

std::string LiveLines::warned(std::string_view text) {
  const json notice = object_of(text);
  const json facts = object_in(notice, "facts");
  if (!is_wanted(text_of(notice, "source"))) return {};
  const Time deadline = base::from_micros(static_cast<std::int64_t>(number_of(facts, "deadline")));
  std::string said =
      "warned by " + text_of(facts, "policy") + ": signed out at " + clock_of(base::format_rfc3339(deadline));
  if (text_of(facts, "rule") == "inactivity_timeout") said += " unless it is used";
  return line(text_of(notice, "at"), "session " + text_of(facts, "session_number"), said);
}

std::string LiveLines::failed(std::string_view text) {
  const json notice = object_of(text);
  const json facts = object_in(notice, "facts");
  const std::string source = text_of(notice, "source");
  const std::string session = text_of(notice, "session");
  if (!is_wanted(source, session)) return {};
  std::string said;
  if (text_of(facts, "failure") == "refused_by_gate") {
    said = "came back after its end, refused by " + source;
  } else {
    said = "failed sign-in at " + source;
    // [["upn","<reference>"],…]
    if (const auto ids = facts.find("ids"); ids != facts.end() && ids->is_array() && !ids->empty()) {
      const json& first = ids->front();
      if (first.is_array() && first.size() == 2 && first[1].is_string())
        said += " as " + settings_.name_of(first[1].get<std::string>());
    }
  }
  if (const std::uint64_t count = number_of(facts, "count"); count > 1)
    said += ", " + std::to_string(count) + " times";
  return line(text_of(notice, "at"), whose(source, session), said);
}

std::string LiveLines::alert(std::string_view text) {
  const json notice = object_of(text);
  const json facts = object_in(notice, "facts");
  if (!is_wanted(text_of(notice, "source"))) return {};
  const std::uint64_t order = number_of(facts, "order");
  return line(text_of(notice, "at"),
              order == 0 ? text_of(notice, "source") : "sign-out " + std::to_string(order),
              "alert: " + text_of(facts, "text"));
}

}  // namespace curfew::app
