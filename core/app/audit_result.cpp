#include "core/app/audit_result.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/app/ledger_check.hpp"
#include "core/model/facts.hpp"
#include "core/report/compliance_reading.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t page = 10'000;
constexpr std::size_t most_sessions = 1'000;
constexpr std::size_t most_violations = 10'000;
constexpr std::size_t most_sign_outs = 10'000;
constexpr std::size_t most_gaps = 1'000;

void add_sources(report::AuditReport& result, Pipeline& pipeline, const Capabilities& capabilities) {
  for (const auto& [name, source] : pipeline.intake().sources()) {
    report::SourceStatus& status = result.sources.emplace_back();
    status.name = name;
    status.connector = source.connector;
    status.state = source.state;
    status.text = source.text;
    status.last_observation_at = source.last_observation_at;
    status.caught_up = source.caught_up;
    status.read = source.read;
    status.filtered = source.filtered;
    status.unreadable = source.unreadable;
    status.observations = source.observations;
    status.refused = source.invalid + source.too_late;
    status.coverage = source.coverage;
    if (const auto plugin = capabilities.find(name); plugin != capabilities.end()) {
      status.can = plugin->second.can;
      status.can_prove = plugin->second.proves;
      status.shows_activity = plugin->second.shows_activity;
    }
  }
  if (pipeline.released_early() > 0)
    result.not_seen.push_back(
        std::to_string(pipeline.released_early()) +
        " observations were judged before every source had reached their time, as too many "
        "waited; their timeouts may be found late.");
}

void add_sessions(report::AuditReport& result, store::Store& store) {
  store::SessionQuery query;
  query.limit = page;
  for (bool more = true; more;) {
    const std::vector<model::SessionRow> rows = store.sessions(query);
    for (const model::SessionRow& row : rows) {
      result.statistics.add(row);
      if (result.sessions.size() < most_sessions) result.sessions.push_back(row);
      query.after = row.number;
    }
    more = rows.size() == page;
  }
}

void add_violations(report::AuditReport& result, store::Store& store) {
  store::ViolationQuery query;
  query.limit = page;
  query.include_withdrawn = false;
  for (bool more = true; more;) {
    const std::vector<model::ViolationRow> rows = store.violations(query);
    for (const model::ViolationRow& row : rows) {
      ++result.violations_total;
      if (result.violations.size() < most_violations) result.violations.push_back(row);
      query.after = row.number;
    }
    more = rows.size() == page;
  }
}

void add_sign_outs(report::AuditReport& result, store::Store& store) {
  store::SignOutQuery query;
  query.limit = page;
  for (bool more = true; more;) {
    const std::vector<model::SignOutRow> rows = store.sign_outs(query);
    for (const model::SignOutRow& row : rows) {
      ++result.sign_outs_total;
      if (result.sign_outs.size() < most_sign_outs) result.sign_outs.push_back(row);
      query.after = row.number;
    }
    more = rows.size() == page;
  }
}

// In the words of the connector: "log-cleared" and, where it says why, the reason.
std::string gap_text(const model::Symbols& symbols, const model::Facts& facts) {
  std::string text(symbols.text(facts.application));
  std::replace(text.begin(), text.end(), '-', ' ');
  if (facts.failure) {
    if (!text.empty()) text += ": ";
    text += symbols.text(facts.failure);
  }
  return text;
}

// What only the entries say: failed sign-ins, gaps, the time that they span.
// A person is known by the reference of the first name that was seen, often a SID. A reader wants the best
// one.
class SpokenNames {
 public:
  void see(model::Ref subject, const model::Facts& facts, const model::Symbols& symbols) {
    constexpr std::size_t most_subjects = 200'000;
    if (!subject || (best_.size() >= most_subjects && !best_.contains(subject))) return;
    for (std::size_t i = 0; i < facts.identifier_count; ++i) {
      const model::Identifier& identifier = facts.identifiers[i];
      const int rank = rank_of(symbols.text(identifier.name_space));
      const auto [known, added] = best_.try_emplace(subject, rank, identifier.value);
      if (!added && rank < known->second.first) known->second = {rank, identifier.value};
    }
  }
  // Gives each subject that is named by its reference the value of its best name.
  void apply(report::Names& names, store::Store& store) const {
    std::vector<model::Ref> wanted;
    for (const auto& [subject, best] : best_) {
      if (best.second != subject && names.contains(subject)) wanted.push_back(best.second);
    }
    std::map<model::Ref, std::string> values;
    for (model::PersonalValue& value : store.resolve(wanted))
      values.emplace(value.ref, std::move(value.value));
    for (const auto& [subject, best] : best_) {
      const auto value = values.find(best.second);
      const auto named = names.find(subject);
      if (value != values.end() && named != names.end()) named->second = value->second;
    }
  }

 private:
  static int rank_of(std::string_view name_space) {
    if (name_space == "upn") return 0;
    if (name_space == "windows_account") return 1;
    if (name_space == "email") return 2;
    return name_space == "windows_sid" ? 4 : 3;
  }
  std::map<model::Ref, std::pair<int, model::Ref>> best_;
};

void see_entry(report::AuditReport& result, model::Symbols& symbols, const model::Entry& entry,
               SpokenNames& spoken) {
  if (entry.kind != model::EntryKind::Observation) return;
  if (result.from == Time{} || entry.occurred_at < result.from) result.from = entry.occurred_at;
  result.to = std::max(result.to, entry.occurred_at);
  const model::Facts facts = model::facts_from_json(entry.facts, symbols);
  spoken.see(entry.subject, facts, symbols);
  if (facts.type == model::ObservationType::SignInFailed)
    result.failures.add(entry.subject, entry.source, std::string(symbols.text(facts.failure)),
                        entry.occurred_at, facts.count);
  if (facts.type == model::ObservationType::Gap) {
    ++result.gaps_total;
    if (result.gaps.size() < most_gaps)
      result.gaps.push_back({.source = entry.source,
                             .from = entry.occurred_at,
                             .to = entry.occurred_at,
                             .records = facts.count,
                             .text = gap_text(symbols, facts)});
  }
}

void add_entries(report::AuditReport& result, store::Store& store, SpokenNames& spoken) {
  model::Symbols symbols;
  for (const store::StreamHead& head : store.streams()) {
    store.read_entries(head.stream, 0, head.size, [&](ledger::SealedEntry&& row) {
      see_entry(result, symbols, row.entry, spoken);
      return true;
    });
  }
}

void add_verdict(report::AuditReport& result, store::Store& store, const Database& database,
                 const std::function<void(const std::string&)>& progress) {
  store::VerifyRequest request;
  request.progress = [&](std::uint64_t rows) {
    progress("verifying the ledger: " + std::to_string(rows) + " entries");
  };
  const store::StoreVerdict check = store::verify_store(database.connection(), request);
  report::LedgerVerdict& verdict = result.ledger;
  verdict.verified = check.intact() && !check.streams.empty();
  if (check.streams.empty()) return;
  const ledger::StreamVerdict& stream = check.streams.back();
  if (verdict.verified) {
    const auto counted = [](std::uint64_t number, std::string_view what) {
      return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
    };
    verdict.sentence = "What the ledger holds agrees: " + std::to_string(stream.size) + " entries, " +
                       counted(stream.checkpoints, "checkpoint") + ", " +
                       counted(stream.personal_values, "personal value") + ".";
  } else {
    for (const std::string& line : sentences(check))
      verdict.sentence += (verdict.sentence.empty() ? "" : " ") + line;
  }
  const store::StreamHead head = store.streams().back();
  verdict.origin = ledger::origin_of(head.id);
  verdict.size = head.size;
  verdict.root = base::to_hex(head.root);
  verdict.checkpoint = head.checkpoint;
  verdict.verifier_key = head.verifier_key;
  verdict.not_excluded = stream.not_excluded;
  verdict.how_to_verify =
      database.is_embedded()
          ? "kept only with curfew audit --database URL; then: curfew verify --database URL"
          : "curfew verify --database URL";
}

}  // namespace

report::AuditReport audit_result(Pipeline& pipeline, const Database& database,
                                 const Capabilities& capabilities, const std::vector<std::string>& inputs,
                                 const std::function<void(const std::string&)>& progress) {
  report::AuditReport result;
  result.version = CURFEW_VERSION;
  result.generated_at = base::wall_clock_now();
  result.inputs = inputs;
  add_sources(result, pipeline, capabilities);
  store::Store store(database.connection(), store::Role::Reader);
  progress("gathering sessions");
  add_sessions(result, store);
  add_violations(result, store);
  add_sign_outs(result, store);
  SpokenNames spoken;
  add_entries(result, store, spoken);
  add_verdict(result, store, database, progress);
  result.statistics.finish(result.to);
  for (const model::Policy& policy : pipeline.settings().policies)
    result.policies.push_back(sentence(policy));
  for (const model::PersonalValue& value : store.resolve(report::references_in(result)))
    result.names.emplace(value.ref, value.value);
  spoken.apply(result.names, store);
  return result;
}

void add_compliance(report::AuditReport& result, const Database& database, const std::string& framework,
                    const std::function<void(const std::string&)>& progress) {
  report::ComplianceRequest request;
  request.frameworks = report::frameworks_of(framework);
  request.now = result.generated_at;
  request.ledger =
      report::LedgerFinding{result.ledger.verified, result.ledger.sentence, result.ledger.not_excluded};
  request.progress = progress;
  store::Store store(database.connection(), store::Role::Reader);
  report::ComplianceReport compliance = report::read_compliance(store, request);
  for (model::PersonalValue& value : store.resolve(report::references_in(compliance)))
    compliance.names.emplace(value.ref, std::move(value.value));
  // Whom the audit calls by a better name is called so here too.
  for (auto& [ref, name] : compliance.names) {
    if (const auto known = result.names.find(ref); known != result.names.end()) name = known->second;
  }
  result.compliance = std::move(compliance);
}

}  // namespace curfew::app
