// The compliance report as OSCAL assessment-results 1.1.3: one result for each framework, an observation for
// each control, a finding for each that is satisfied or not. OSCAL has no state for what was not tested, so
// that is an observation without a finding. UUIDs follow from the content.
#include "core/base/digest.hpp"
#include "core/base/uuid.hpp"
#include "core/report/compliance_report.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr std::string_view own_namespace = "https://curfew.invalid/ns/oscal";

// What the identifiers follow from: the ledger, the period and the scope that the report is about.
std::string name_of_report(const ComplianceReport& report) {
  const ComplianceFacts& facts = report.facts;
  std::string name = std::string(own_namespace) + "/" + base::format_rfc3339(facts.period.from) + "/" +
                     base::format_rfc3339(facts.period.to);
  for (const StreamState& stream : report.streams)
    name += "/" + stream.origin + "@" + std::to_string(stream.size) + ":" + stream.root;
  for (const std::string& source : facts.scope.sources) name += "/source:" + source;
  for (const std::string& application : facts.scope.applications) name += "/application:" + application;
  for (const model::AccountType type : facts.scope.account_types)
    name += "/account:" + std::string(model::name_of(type));
  return name;
}

class Oscal {
 public:
  explicit Oscal(const ComplianceReport& report)
      : report_(report), name_(name_of_report(report)), json_(out_) {}

  std::string text() {
    json_.begin_object().begin_object("assessment-results").text("uuid", document_uuid());
    write_metadata();
    json_.begin_object("import-ap").text("href", "#" + uuid("plan")).end();
    json_.begin_array("results");
    for (const Framework* framework : report_.frameworks) write_framework(*framework);
    json_.end();
    write_back_matter();
    json_.end().end();
    return std::move(out_) + "\n";
  }

 private:
  [[nodiscard]] std::string uuid(const std::string& of) const {
    return base::uuid_v5(base::uuid_namespace_url, name_ + "#" + of);
  }
  // Another set of results is another document.
  [[nodiscard]] std::string document_uuid() const {
    std::string results;
    for (const ControlResult& result : report_.results)
      results += result.framework->id + ":" + result.control->id + "=" +
                 std::string(model::name_of(result.result)) + "/" + std::to_string(result.broken) + ";";
    return uuid("document/" + results);
  }
  static std::string one(const ControlResult& result) {
    return result.framework->id + ":" + result.control->id;
  }

  void write_metadata() {
    json_.begin_object("metadata").text("title", "Compliance report on sessions");
    json_.text("last-modified", base::format_rfc3339(report_.facts.generated_at));
    json_.text("version", report_.version).text("oscal-version", "1.1.3").end();
  }

  void prop(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    json_.begin_object().text("name", name).text("ns", own_namespace).text("value", value).end();
  }

  void write_framework(const Framework& framework) {
    json_.begin_object().text("uuid", uuid("result/" + framework.id));
    json_.text("title", framework.name + " " + framework.version);
    json_.text("description", "What records of sessions show. Source of the catalogue: " + framework.source +
                                  ". " + framework.note);
    json_.text("start", base::format_rfc3339(report_.facts.period.from));
    json_.text("end", base::format_rfc3339(report_.facts.period.to));
    json_.begin_object("reviewed-controls").begin_array("control-selections").begin_object();
    json_.begin_array("include-controls");
    std::string last;
    for (const Control& control : framework.controls) {
      // Where one control has parts here, they stand side by side.
      const std::string id = control_id(framework, control);
      if (id != last) json_.begin_object().text("control-id", id).end();
      last = id;
    }
    json_.end().end().end().end();
    json_.begin_array("observations");
    bool any = false;
    for (const ControlResult& result : report_.results) {
      if (result.framework != &framework) continue;
      write_observation(result);
      any = any || is_finding(result);
    }
    json_.end();
    // An empty list is none.
    if (any) {
      json_.begin_array("findings");
      for (const ControlResult& result : report_.results) {
        if (result.framework == &framework && is_finding(result)) write_finding(result);
      }
      json_.end();
    }
    json_.end();
  }

  static bool is_finding(const ControlResult& result) {
    return result.result == Result::Satisfied || result.result == Result::NotSatisfied;
  }

  // OSCAL's tokens begin with a letter: "8.2.8" of PCI DSS becomes "pci-dss-8.2.8".
  static std::string control_id(const Framework& framework, const Control& control) {
    return control.objective.empty() ? framework.id + "-" + control.control : control.control;
  }
  static std::string target_of(const ControlResult& result) {
    return result.control->objective.empty() ? control_id(*result.framework, *result.control) + "_obj"
                                             : result.control->objective;
  }

  static std::string told(const ControlResult& result) {
    std::string text;
    for (const std::string& sentence : result.because) text += (text.empty() ? "" : " ") + sentence;
    return text.empty() ? std::string("No reason was recorded.") : text;
  }

  void write_observation(const ControlResult& result) {
    json_.begin_object().text("uuid", uuid("observation/" + one(result)));
    json_.text("title", result.control->id + " " + result.control->title);
    json_.text("description", result.tested + " " + told(result));
    json_.begin_array("props");
    prop("result", model::name_of(result.result));
    prop("population", std::to_string(result.population));
    prop("kept", std::to_string(result.kept));
    prop("ended-in-time", std::to_string(result.remedied));
    prop("exceptions", std::to_string(result.broken));
    prop("doubtful", std::to_string(result.doubtful));
    json_.end().begin_array("methods").text({},
                                            result.control->test == Check::NotTestable ? "UNKNOWN" : "TEST");
    json_.end().begin_array("types").text({}, is_finding(result) ? "finding" : "control-objective").end();
    json_.begin_array("origins").begin_object().begin_array("actors").begin_object();
    json_.text("type", "tool").text("actor-uuid", uuid("tool")).end().end().end().end();
    json_.begin_array("relevant-evidence");
    json_.begin_object()
        .text("href", "#" + uuid("ledger"))
        .text("description", "The ledger that it rests on.")
        .end();
    for (const ControlException& exception : result.exceptions) {
      json_.begin_object().text("href", "#" + uuid("ledger"));
      json_.text("description", clean(exception)).begin_array("props");
      prop("occurred", exception.at == Time{} ? "" : base::format_rfc3339(exception.at));
      prop("session", exception.session == 0 ? "" : std::to_string(exception.session));
      prop("violation", exception.violation == 0 ? "" : std::to_string(exception.violation));
      prop("subject", model::to_text(exception.subject));
      prop("ledger-entry", exception.place.stream == 0 ? "not-looked-up"
                                                       : std::to_string(exception.place.stream) + "/" +
                                                             std::to_string(exception.place.sequence));
      json_.end().end();
    }
    json_.end().text("collected", base::format_rfc3339(report_.facts.generated_at)).end();
  }

  static std::string clean(const ControlException& exception) {
    return (exception.source.empty() ? std::string{} : exception.source + ": ") + exception.text;
  }

  void write_finding(const ControlResult& result) {
    const bool satisfied = result.result == Result::Satisfied;
    json_.begin_object().text("uuid", uuid("finding/" + one(result)));
    json_.text("title", result.control->id + " " + result.control->title);
    json_.text("description", result.control->requirement + " " + told(result));
    json_.begin_object("target").text("type", "objective-id").text("target-id", target_of(result));
    json_.begin_object("status").text("state", satisfied ? "satisfied" : "not-satisfied");
    json_.text("reason", satisfied ? "pass" : "fail");
    const std::string part = result.control->tested_part;
    json_.text("remarks", part.empty() ? "Of what sessions show." : "Tested only: " + part + ".").end().end();
    json_.begin_array("related-observations").begin_object();
    json_.text("observation-uuid", uuid("observation/" + one(result))).end().end().end();
  }

  void write_back_matter() {
    json_.begin_object("back-matter").begin_array("resources");
    json_.begin_object().text("uuid", uuid("plan")).text("title", "The tests of this report");
    json_.text("description",
               "Each control's test is in its observation; docs/compliance.md says how results are reached.");
    json_.end();
    json_.begin_object().text("uuid", uuid("tool")).text("title", "Curfew " + report_.version).end();
    json_.begin_object().text("uuid", uuid("ledger")).text("title", "Ledger");
    json_.text("description", report_.facts.ledger ? report_.facts.ledger->sentence
                                                   : std::string("It was not verified for this report."));
    json_.begin_array("rlinks");
    for (const StreamState& stream : report_.streams) {
      json_.begin_object().text("href", "checkpoint/" + std::to_string(stream.number));
      json_.text("media-type", "text/plain").begin_array("hashes").begin_object();
      json_.text("algorithm", "SHA-256").text("value", base::to_hex(base::sha256(stream.checkpoint)));
      json_.end().end().end();
    }
    json_.end();
    std::string checkpoints;
    for (const StreamState& stream : report_.streams) checkpoints += stream.checkpoint + "\n";
    json_.text("remarks", checkpoints.empty() ? "no checkpoint" : checkpoints).end();
    json_.end().end();
  }

  const ComplianceReport& report_;
  std::string name_;
  std::string out_;
  JsonWriter json_;
};

}  // namespace

std::string to_oscal(const ComplianceReport& report) { return Oscal(report).text(); }

}  // namespace curfew::report
