// The compliance report as JSON and as CSV.
#include "core/ledger/csv.hpp"
#include "core/report/compliance_report.hpp"
#include "core/report/compliance_sections.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

void write_place(JsonWriter& json, const Place& place) {
  if (place.stream == 0) {
    json.raw("entry", "null");
    return;
  }
  json.begin_object("entry").number("stream", place.stream).number("index", place.sequence).end();
}

void write_number(JsonWriter& json, std::string_view key, std::uint64_t number) {
  number == 0 ? json.raw(key, "null") : json.number(key, number);
}

void write_exception(JsonWriter& json, const ComplianceReport& report, const ControlException& exception) {
  json.begin_object().time("at", exception.at).text_or_null("source", exception.source);
  json.text_or_null("subject", model::to_text(exception.subject));
  if (const auto name = report.names.find(exception.subject); name != report.names.end())
    json.text("subject_name", name->second);
  write_number(json, "session", exception.session);
  write_number(json, "violation", exception.violation);
  write_number(json, "sign_out", exception.sign_out);
  json.text("text", exception.text);
  write_place(json, exception.place);
  json.end();
}

void write_result(JsonWriter& json, const ComplianceReport& report, const ControlResult& result) {
  const Control& control = *result.control;
  json.begin_object().text("framework", result.framework->id).text("control", control.id);
  json.text("title", control.title).text_or_null("level", control.level);
  json.text("requirement", control.requirement).text("numbers", model::name_of(control.numbers));
  json.text("text_read", model::name_of(control.read)).text("test", model::name_of(control.test));
  json.text("tested", result.tested).text_or_null("tested_part", control.tested_part);
  json.text("result", model::name_of(result.result)).texts("because", result.because);
  json.text("population_of", result.of).number("population", result.population);
  json.number("kept", result.kept).number("ended_in_time", result.remedied);
  json.number("exceptions_total", result.broken).number("doubtful", result.doubtful);
  json.begin_object("doubts");
  for (const auto& [doubt, number] : result.doubts) json.number(model::name_of(doubt), number);
  json.end().texts("policies", result.policies).texts("named_by", result.named_by);
  json.begin_array("exceptions");
  for (const ControlException& exception : result.exceptions) write_exception(json, report, exception);
  json.end().end();
}

void write_habits(JsonWriter& json, std::string_view key, const SignOutHabits& habits,
                  const std::map<std::string, HabitCounts>& counts) {
  json.begin_array(key);
  for (const auto& [name, one] : counts) {
    json.begin_object().text("name", name).number("sessions", one.sessions);
    for (const EndHabit habit : {EndHabit::SignedOut, EndHabit::TimedOut, EndHabit::Ended, EndHabit::Vanished,
                                 EndHabit::Unknown, EndHabit::Open})
      json.number(model::name_of(habit), one.of(habit));
    json.number("sign_outs", one.signed_out);
    habits.returns_watched ? json.number("came_back_without_credentials", one.returned)
                           : json.raw("came_back_without_credentials", "null");
    json.end();
  }
  json.end();
}

void write_pictures(JsonWriter& json, const ComplianceReport& report) {
  json.begin_array("over_time");
  for (const auto& level : report.levels)
    json.begin_object()
        .time("from", level.from)
        .number("lived", level.most)
        .number("began", level.starts)
        .end();
  json.end();
  const auto steps = [&](std::string_view key, const std::vector<LengthStep>& list) {
    json.begin_array(key);
    for (const LengthStep& step : list) {
      json.begin_object();
      step.up_to == Duration{0} ? json.raw("under_seconds", "null")
                                : json.number("under_seconds", step.up_to / std::chrono::seconds(1));
      json.number("count", step.sessions).end();
    }
    json.end();
  };
  steps("lengths", report.lengths);
  steps("times_to_effect", report.effects);
  json.begin_object("violations_by_policy");
  for (const auto& [policy, number] : report.violations_by_policy) json.number(policy, number);
  json.end().begin_object("sign_outs");
  for (std::size_t i = 0; i < report.sign_outs.size(); ++i)
    json.number(model::name_of(static_cast<model::Outcome>(i)), report.sign_outs[i]);
  json.end();
}

void write_coverage(JsonWriter& json, const ComplianceReport& report) {
  json.begin_array("sources");
  for (const SourceCoverage& source : report.sources) {
    json.begin_object().text("name", source.name).text("connector", source.connector);
    json.flag("shows_activity", source.shows_activity).flag("can_prove", source.can_prove);
    json.number("sessions", source.sessions).number("ends_unknown", source.ends_unknown);
    json.number("losses", source.holes).number("records_missing", source.records_missing).end();
  }
  json.end().begin_array("losses");
  for (const Hole& hole : report.facts.holes) {
    if (!report.facts.scope.holds_source(hole.source)) continue;
    json.begin_object().text("source", hole.source).text("kind", model::name_of(hole.kind));
    json.time("from", hole.from).time("to", hole.to).time("noticed_at", hole.noticed_at);
    write_number(json, "records", hole.records);
    json.text_or_null("text", hole.text);
    write_place(json, hole.place);
    json.end();
  }
  json.end().texts("coverage", coverage(report));
}

void write_policies(JsonWriter& json, const ComplianceReport& report) {
  json.begin_array("policy_versions");
  for (const PolicyVersion& version : report.facts.versions) {
    const Period& period = report.facts.period;
    if (version.from >= period.to || (version.to != Time{} && version.to <= period.from)) continue;
    json.begin_object().text("node", version.node).time("from", version.from).time("to", version.to);
    json.text("digest", version.digest).text_or_null("version", version.set.version);
    write_place(json, version.place);
    json.begin_array("policies");
    for (const model::Policy& policy : version.set.policies) {
      json.begin_object().text("name", policy.name).text("rule", model::name_of(policy.rule));
      json.text("mode", model::name_of(policy.mode)).texts("controls", policy.controls);
      policy.limit == Duration{0} ? json.raw("limit_seconds", "null")
                                  : json.number("limit_seconds", policy.limit / std::chrono::seconds(1));
      write_number(json, "most", policy.most);
      json.end();
    }
    json.end().end();
  }
  json.end();
}

void write_ledger(JsonWriter& json, const ComplianceReport& report) {
  json.begin_object("ledger");
  const auto& ledger = report.facts.ledger;
  json.flag("verified", ledger && ledger->intact);
  json.text("verdict", ledger ? ledger->sentence : "It was not verified for this report.");
  json.texts("not_excluded", ledger ? ledger->not_excluded : std::vector<std::string>{});
  json.begin_array("streams");
  for (const StreamState& stream : report.streams) {
    json.begin_object().number("number", stream.number).text("origin", stream.origin);
    json.number("size", stream.size).text("root", stream.root);
    json.text("checkpoint", stream.checkpoint).text("verifier_key", stream.verifier_key).end();
  }
  json.end().end();
}

// What a spreadsheet would run stays text.
std::string harmless(std::string_view text) {
  const bool runs =
      !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  return (runs ? "'" : "") + base::to_clean_utf8(text);
}

class Csv {
 public:
  Csv& text(std::string_view value) {
    ledger::append_csv(line_, harmless(value));
    return *this;
  }
  Csv& number(std::uint64_t value) { return text(std::to_string(value)); }
  void end() {
    out_ += line_ + "\r\n";
    line_.clear();
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::string line_;
};

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : " ") + item;
  return out;
}

std::string number_or_none(std::uint64_t number) { return number == 0 ? "" : std::to_string(number); }

}  // namespace

std::string to_json(const ComplianceReport& report) {
  std::string out;
  JsonWriter json(out);
  const ComplianceFacts& facts = report.facts;
  json.begin_object().begin_object("report").number("format", 1).text("version", report.version);
  json.time("generated_at", facts.generated_at);
  json.begin_object("period").time("from", facts.period.from).time("to", facts.period.to).end();
  json.begin_object("scope")
      .texts("sources", facts.scope.sources)
      .texts("applications", facts.scope.applications);
  json.begin_array("account_types");
  for (const model::AccountType type : facts.scope.account_types) json.text({}, model::name_of(type));
  json.end().end().number("sessions", report.sessions).number("violations", report.violations);
  json.texts("findings", findings(report)).end();
  json.begin_array("frameworks");
  for (const Framework* framework : report.frameworks) {
    json.begin_object().text("id", framework->id).text("name", framework->name);
    json.text("version", framework->version).text("source", framework->source).text("note", framework->note);
    for (std::size_t i = 0; i < model::Names<Result>::all.size(); ++i)
      json.number(model::Names<Result>::all[i], report.count(static_cast<Result>(i), *framework));
    json.end();
  }
  json.end().begin_array("controls");
  for (const ControlResult& result : report.results) write_result(json, report, result);
  json.end().begin_object("habits");
  write_habits(json, "by_application", report.habits, report.habits.by_application);
  write_habits(json, "by_group", report.habits, report.habits.by_group);
  json.end().begin_object("pictures");
  write_pictures(json, report);
  write_concurrency(json, report);
  json.end();
  if (report.at == Time{}) {
    json.raw("who_was_on", "null");
  } else {
    json.begin_object("who_was_on")
        .time("at", report.at)
        .number("total", report.on_total)
        .begin_array("sessions");
    for (const model::SessionRow& row : report.on)
      write(json, row, report.names.empty() ? nullptr : &report.names);
    json.end().end();
  }
  write_coverage(json, report);
  write_policies(json, report);
  write_ledger(json, report);
  json.end();
  out += '\n';
  return out;
}

std::string to_csv(const ComplianceReport& report) {
  Csv csv;
  for (const char* title : {"framework", "framework_version", "control", "title", "level", "result",
                            "because", "tested", "tested_part", "population", "population_of", "kept",
                            "ended_in_time", "exceptions", "doubtful", "policies", "from", "to"})
    csv.text(title);
  csv.end();
  for (const ControlResult& result : report.results) {
    csv.text(result.framework->id).text(result.framework->version).text(result.control->id);
    csv.text(result.control->title).text(result.control->level).text(words_of(result.result));
    csv.text(joined(result.because)).text(result.tested).text(result.control->tested_part);
    csv.number(result.population).text(result.of).number(result.kept).number(result.remedied);
    csv.number(result.broken).number(result.doubtful).text(joined(result.policies));
    csv.text(base::format_rfc3339(report.facts.period.from));
    csv.text(base::format_rfc3339(report.facts.period.to)).end();
  }
  return csv.take();
}

std::string exceptions_csv(const ComplianceReport& report) {
  Csv csv;
  for (const char* title : {"framework", "control", "at", "source", "subject", "subject_name", "session",
                            "violation", "sign_out", "text", "ledger_stream", "ledger_index"})
    csv.text(title);
  csv.end();
  for (const ControlResult& result : report.results) {
    for (const ControlException& exception : result.exceptions) {
      const auto name = report.names.find(exception.subject);
      csv.text(result.framework->id).text(result.control->id);
      csv.text(exception.at == Time{} ? "" : base::format_rfc3339(exception.at)).text(exception.source);
      csv.text(model::to_text(exception.subject));
      csv.text(name == report.names.end() ? std::string_view{} : std::string_view{name->second});
      csv.text(number_or_none(exception.session)).text(number_or_none(exception.violation));
      csv.text(number_or_none(exception.sign_out)).text(exception.text);
      const bool placed = exception.place.stream != 0;
      csv.text(placed ? std::to_string(exception.place.stream) : "");
      csv.text(placed ? std::to_string(exception.place.sequence) : "").end();
    }
  }
  return csv.take();
}

}  // namespace curfew::report
