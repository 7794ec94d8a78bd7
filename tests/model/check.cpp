#include "tests/model/check.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "core/base/error.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/record.hpp"
#include "tests/model/history.hpp"
#include "tests/model/reference.hpp"

namespace curfew::model_test {
namespace {

std::string row_text(const model::SessionRow& row) {
  std::ostringstream out;
  out << "session " << row.number << " " << row.source << "/" << to_text(row.session) << " subject "
      << to_text(row.subject) << " device " << to_text(row.device) << " start "
      << base::format_rfc3339(row.started_at) << (row.start_seen ? " seen" : " unseen") << " "
      << name_of(row.state) << " person " << base::format_rfc3339(row.last_person_activity_at) << " machine "
      << base::format_rfc3339(row.last_machine_activity_at) << " ended " << base::format_rfc3339(row.ended_at)
      << " " << name_of(row.end_reason) << " " << name_of(row.end_certainty) << " corrections "
      << row.corrections << " activities " << row.activities << " expires "
      << base::format_rfc3339(row.expires_at) << " fresh "
      << base::format_rfc3339(row.last_fresh_authentication_at);
  return out.str();
}

std::string violation_text(const Reference::Violation& v) {
  return v.policy + " of session " + std::to_string(v.session) + " breached " +
         base::format_rfc3339(v.breached_at) + " detected " + base::format_rfc3339(v.detected_at) +
         " withdrawn " + base::format_rfc3339(v.withdrawn_at);
}

std::string warning_text(const Reference::Warning& w) {
  return "{\"policy\":\"" + w.policy + "\",\"rule\":\"" + std::string(name_of(w.rule)) +
         "\",\"session_number\":" + std::to_string(w.session) +
         ",\"deadline\":" + std::to_string(base::to_micros(w.deadline)) +
         (w.has_channels ? ",\"not_notified\":\"observing\"}" : "}");
}

std::vector<model::Entry> of_kind(const model::Effects& effects, model::EntryKind kind) {
  std::vector<model::Entry> out;
  for (const model::Entry& entry : effects.decisions) {
    if (entry.kind == kind) out.push_back(entry);
  }
  return out;
}

std::string decisions_text(const model::Effects& effects) {
  std::string text;
  for (const model::Entry& entry : effects.decisions)
    text += std::string(name_of(entry.kind)) + " " + entry.source + " " + to_text(entry.subject) + " " +
            entry.facts + "\n";
  for (const model::RunStep& step : effects.steps)
    text += "step " + std::to_string(step.order) + "." + std::to_string(step.step) +
            (step.revert ? " revert\n" : "\n");
  for (const model::RunProbe& probe : effects.probes)
    text += "probe " + std::to_string(probe.order) + "." + std::to_string(probe.step) + " #" +
            std::to_string(probe.probe) + " control " + to_text(probe.control) + "\n";
  for (const model::RunNotice& notice : effects.notices)
    text += "notice of " + notice.policy + " session " + std::to_string(notice.session_number) + " until " +
            base::format_rfc3339(notice.deadline) + "\n";
  return text;
}

// What a gate knows: told of each change, and never asked anew.
class Gate {
 public:
  void tell(const engine::Engine& engine, const model::Input& input, const model::Effects& effects) {
    for (const model::SessionNumber number : engine.gate_changes(input, effects)) {
      const model::GateEntry entry = engine.gate_entry(number);
      if (entry.number != 0) entries_[{entry.source, entry.session}] = entry;
    }
    for (const model::SessionRow& row : effects.last_sessions) {
      if (engine.find_session(row.source, row.session) == 0) entries_.erase({row.source, row.session});
    }
  }
  // Empty: it knows what the engine would tell it now.
  [[nodiscard]] std::string difference(const engine::Engine& engine) const {
    std::size_t known = 0;
    for (const model::SessionNumber number : engine.guarded_sessions()) {
      const model::GateEntry entry = engine.gate_entry(number);
      if (entry.number == 0) continue;
      ++known;
      const auto mine = entries_.find({entry.source, entry.session});
      if (mine == entries_.end()) return "session " + std::to_string(number) + " was never told";
      model::GateEntry same = mine->second;
      // What it saw itself, it was not told.
      if (same.last_person_at <= entry.last_person_at) same.last_person_at = entry.last_person_at;
      if (!(same == entry))
        return "session " + std::to_string(number) + ": " + text_of(same) + " but is " + text_of(entry);
    }
    // Sessions of a source that is guarded no more may stay known.
    return known <= entries_.size() ? std::string{} : "unknown sessions";
  }

 private:
  static std::string text_of(const model::GateEntry& entry) {
    return std::string(name_of(entry.standing)) + " " + std::string(name_of(entry.refusal)) + " number " +
           std::to_string(entry.number) + " until " + base::format_rfc3339(entry.refuse_at) + " idle " +
           base::format_duration(entry.idle_limit) + " since " + base::format_rfc3339(entry.last_person_at);
  }
  std::map<std::pair<std::string, model::SessionDigest>, model::GateEntry> entries_;
};

// The notices of warnings that were given, each held against what the sessions' rows say.
class Notices {
 public:
  // Empty: nothing is wrong.
  [[nodiscard]] std::string take(const engine::Engine& engine, const model::Effects& effects) {
    std::size_t told = 0;
    for (const model::Entry& warning : of_kind(effects, model::EntryKind::Warned))
      told += warning.facts.find("\"notify\":[") != std::string::npos;
    if (told != effects.notices.size()) return "notices and the warnings that name them differ in number";
    for (const model::RunNotice& notice : effects.notices) {
      if (!given_.emplace(std::make_pair(notice.session_number, notice.policy), notice.deadline).second &&
          std::exchange(given_[{notice.session_number, notice.policy}], notice.deadline) == notice.deadline)
        return "a warning was told twice";
    }
    for (const model::OrderNumber number : effects.sign_outs) {
      const model::SignOutRow row = engine.sign_out(number);
      if (row.number == 0) continue;
      auto& [newest, is_open] = newest_[row.session];
      if (number < newest) continue;
      newest = number;
      is_open = row.concluded_at == Time{};
    }
    for (const auto& [whom, deadline] : given_) {
      const auto& [number, policy] = whom;
      if (engine.warning_stands(number, policy, deadline) != is_true(engine, number, policy, deadline))
        return "a warning of " + policy + " about session " + std::to_string(number) + " is judged wrongly";
    }
    return {};
  }

 private:
  [[nodiscard]] bool is_true(const engine::Engine& engine, model::SessionNumber number,
                             const std::string& name, Time deadline) const {
    const model::SessionRow row = engine.session(number);
    if (row.number == 0 || row.state == model::SessionState::Ended || deadline <= engine.now()) return false;
    if (const auto order = newest_.find(number); order != newest_.end() && order->second.second) return false;
    const auto in = [](const auto& list, const auto& value) {
      return std::find(list.begin(), list.end(), value) != list.end();
    };
    for (const model::Policy& policy : engine.policies().policies) {
      if (policy.name != name) continue;
      if (!policy.scope.sources.empty() && !in(policy.scope.sources, row.source)) return false;
      if (!policy.scope.sign_ins.empty() && !in(policy.scope.sign_ins, row.interactivity)) return false;
      if (in(policy.except.account_types, row.account_type) || in(policy.except.sign_ins, row.interactivity))
        return false;
      Time since = row.started_at;
      if (policy.rule == model::Rule::InactivityTimeout) since = std::max(since, row.last_person_activity_at);
      if (policy.rule == model::Rule::ReauthenticationInterval)
        since = std::max(since, row.last_fresh_authentication_at);
      return since + policy.limit == deadline;
    }
    return false;
  }
  std::map<std::pair<model::SessionNumber, std::string>, Time> given_;
  std::map<model::SessionNumber, std::pair<model::OrderNumber, bool>> newest_;  // and whether it is open
};

std::string save(const engine::Engine& engine) {
  std::string bytes;
  engine.save([&](std::string_view chunk) { bytes += chunk; });
  return bytes;
}

}  // namespace

std::optional<std::string> compare_with_reference(std::uint64_t seed, std::size_t steps) {
  model::Symbols symbols;
  engine::Engine engine(symbols);
  Reference reference(symbols);
  Shape shape;
  shape.steps = steps;
  shape.restarts = seed % 2 == 0;
  History history(seed, shape, symbols);
  Random question(seed + 2'000'000);
  model::Effects effects;
  std::map<model::ViolationNumber, Reference::Violation> violations;
  std::size_t linked = 0, silences = 0;
  std::vector<std::string> warned;
  for (std::size_t step = 0; step < steps; ++step) {
    const std::string where = "seed " + std::to_string(seed) + " step " + std::to_string(step) + ": ";
    const model::Input input = history.next();
    engine.apply(input, effects);
    reference.apply(input);
    const auto know = [&](const model::ViolationRow& row) {
      violations[row.number] = {row.policy, row.session, row.breached_at, row.detected_at, row.withdrawn_at};
    };
    for (const model::ViolationNumber number : effects.violations) {
      if (const model::ViolationRow row = engine.violation(number); row.number != 0) know(row);
    }
    // Of sessions that left in this input.
    for (const model::ViolationRow& row : effects.last_violations) know(row);
    for (const model::Entry& warning : of_kind(effects, model::EntryKind::Warned))
      warned.push_back(warning.facts);
    linked += of_kind(effects, model::EntryKind::SubjectLinked).size();
    for (const model::Entry& alert : of_kind(effects, model::EntryKind::Alert))
      silences += alert.facts.find("source_silent") != std::string::npos;

    const std::vector<model::SessionRow> expected = reference.sessions();
    for (model::SessionRow want : expected) {
      model::SessionRow row = engine.session(want.number);
      if (!(row == want)) return where + "expected\n  " + row_text(want) + "\nbut is\n  " + row_text(row);
    }
    std::vector<model::SessionNumber> live;
    for (const model::SessionRow& row : expected) {
      if (row.state != model::SessionState::Ended) live.push_back(row.number);
    }
    if (engine.live_sessions() != live) return where + "other sessions live";
    std::vector<Reference::Violation> found;
    for (const auto& [number, violation] : violations) found.push_back(violation);
    std::sort(found.begin(), found.end());
    const std::vector<Reference::Violation> wanted = reference.violations();
    if (found != wanted) {
      std::string text = where;
      for (const auto& v : wanted) {
        if (std::find(found.begin(), found.end(), v) == found.end())
          text += "\n  missing " + violation_text(v);
      }
      for (const auto& v : found) {
        if (std::find(wanted.begin(), wanted.end(), v) == wanted.end())
          text += "\n  extra   " + violation_text(v);
      }
      return text;
    }
    std::vector<std::string> to_warn;
    for (const Reference::Warning& warning : reference.warnings()) to_warn.push_back(warning_text(warning));
    std::sort(warned.begin(), warned.end());
    std::sort(to_warn.begin(), to_warn.end());
    if (warned != to_warn) {
      std::string text = where + "warnings differ";
      for (const auto& w : to_warn)
        if (std::find(warned.begin(), warned.end(), w) == warned.end()) text += "\n  missing " + w;
      for (const auto& w : warned)
        if (std::find(to_warn.begin(), to_warn.end(), w) == to_warn.end()) text += "\n  extra   " + w;
      return text;
    }
    model::CommandInput asked;
    asked.selection = selection(question);
    if (asked.selection.asks()) {
      const model::Preview preview = engine.preview(asked);
      const Reference::Meant meant = reference.meant(asked.selection);
      std::vector<model::SessionNumber> hit;
      for (const model::PreviewSession& session : preview.listed) hit.push_back(session.number);
      if (hit != meant.sessions || preview.not_judged != meant.not_judged)
        return where + "the selection " + model::to_json(asked.selection) + " means other sessions";
    }
    if (linked != reference.links()) return where + "other links";
    if (silences != reference.silences()) return where + "silent sources: other number of alerts";
  }
  return std::nullopt;
}

std::optional<std::string> check_invariants(std::uint64_t seed, std::size_t steps) {
  model::Symbols symbols;
  auto engine = std::make_unique<engine::Engine>(symbols);
  Shape shape;
  shape.steps = steps;
  shape.enforce = true;
  shape.restarts = true;
  History history(seed, shape, symbols);
  Random chance(seed + 1'000'000);
  model::Effects effects;
  model::Effects copied_effects;
  std::vector<model::Entry> ledger;
  std::optional<engine::Engine> copy;
  auto copy_symbols = std::make_unique<model::Symbols>();
  std::map<std::pair<model::OrderNumber, std::uint32_t>, std::uint64_t> acts;  // in which life of the daemon
  std::uint64_t lives = 1;
  std::map<model::OrderNumber, int> conclusions;
  Gate gate;
  Notices notices;
  for (std::size_t step = 0; step < steps; ++step) {
    const std::string where = "seed " + std::to_string(seed) + " step " + std::to_string(step) + ": ";
    const model::Input input = history.next();
    engine->apply(input, effects);
    history.tell(effects);
    gate.tell(*engine, input, effects);
    if (const std::string difference = gate.difference(*engine); !difference.empty())
      return where + "the gate knows something else: " + difference;

    if (const std::string wrong = notices.take(*engine, effects); !wrong.empty()) return where + wrong;

    lives += std::holds_alternative<model::StartedInput>(input.body);

    // A command says what became of it.
    if (const auto* command = std::get_if<model::CommandInput>(&input.body);
        command != nullptr && command->verb != model::Verb::SplitSubject) {
      if (effects.commanded.empty() == effects.refused.empty()) return where + "a command without an answer";
      if (!std::is_sorted(effects.commanded.begin(), effects.commanded.end()) && command->session == 0 &&
          command->verb != model::Verb::SignOut)
        return where + "held sign-outs out of their order";
      if (command->at_most != 0 && effects.commanded.size() > command->at_most)
        return where + "a command hit more than it was allowed to";
    }

    // No act without an intent in the same input, in the same order; no step done twice.
    const auto intents = of_kind(effects, model::EntryKind::Intent);
    if (intents.size() != effects.steps.size()) return where + "acts and intents differ in number";
    for (std::size_t i = 0; i < intents.size(); ++i) {
      const model::RunStep& act = effects.steps[i];
      const std::string head =
          "{\"order\":" + std::to_string(act.order) + ",\"step\":" + std::to_string(act.step) + ",";
      if (!intents[i].facts.starts_with(head)) return where + "an act that is not its intent";
      if (!act.revert && std::exchange(acts[{act.order, act.step}], lives) == lives)
        return where + "a step was carried out twice in one life of the daemon";
    }
    for (const model::Entry& outcome : of_kind(effects, model::EntryKind::OutcomeRecorded)) {
      // Taken back: activity came after it.
      if (outcome.facts.find("\"outcome\":\"still_alive\"") != std::string::npos)
        conclusions[std::stoull(outcome.facts.substr(9))] = 0;
      if (outcome.facts.find("\"outcome\":\"proven\"") == std::string::npos) continue;
      const model::OrderNumber order = std::stoull(outcome.facts.substr(9));
      if (++conclusions[order] > 1) return where + "an order was proven twice";
      const model::SignOutRow row = engine->sign_out(order);
      if (row.session != 0 && row.trail.find("\"proof\":\"") == std::string::npos)
        return where + "proven without a proof: " + row.trail;
    }

    // The ledger as the pipeline would write it: a tick that fires nothing is not in it.
    const bool recorded = !std::holds_alternative<model::TickInput>(input.body) || effects.fired;
    if (!recorded && (!effects.decisions.empty() || !effects.steps.empty() || !effects.probes.empty()))
      return where + "a tick decided something and does not say that it fired";
    if (recorded) {
      for (const model::Entry& entry : engine::to_entries(input, effects, symbols)) ledger.push_back(entry);
      for (const model::Entry& entry : effects.decisions) ledger.push_back(entry);
    }

    // An engine from a snapshot does the same as the one that it was taken of.
    if (copy) {
      engine::InputReader reader(*copy_symbols);
      std::optional<model::Input> same;
      for (const model::Entry& entry : engine::to_entries(input, effects, symbols)) same = reader.read(entry);
      copy->apply(*same, copied_effects);
      if (decisions_text(copied_effects) != decisions_text(effects))
        return where + "after a snapshot\n" + decisions_text(copied_effects) + "instead of\n" +
               decisions_text(effects);
      if (copied_effects.sessions != effects.sessions || copied_effects.violations != effects.violations ||
          copied_effects.sign_outs != effects.sign_outs || copied_effects.session != effects.session ||
          copied_effects.subject != effects.subject || copied_effects.commanded != effects.commanded ||
          copied_effects.refused != effects.refused)
        return where + "after a snapshot: other rows changed";
    }
    if (chance.chance(3)) {
      const std::string bytes = save(*engine);
      // Other numbers for the same words: nothing may depend on them.
      copy_symbols = std::make_unique<model::Symbols>();
      copy_symbols->intern("one");
      copy_symbols->intern("gate");
      copy.emplace(engine::Engine::load(bytes, *copy_symbols));
      if (save(*copy).size() != bytes.size()) return where + "a snapshot of a snapshot is another one";
      if (chance.chance(20)) *engine = engine::Engine::load(bytes, symbols);
    }
  }
  model::Symbols replay_symbols;
  replay_symbols.intern("zero");
  engine::Replayer replayer(engine::Engine(replay_symbols), replay_symbols);
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    if (const auto difference = replayer.feed(i, ledger[i]))
      return "seed " + std::to_string(seed) + ": replay differs at entry " + std::to_string(i) +
             ": recorded " + difference->recorded + ", recomputed " + difference->recomputed;
  }
  if (const auto difference = replayer.finish()) return "replay decided more: " + difference->recomputed;
  if (replayer.engine().live_sessions() != engine->live_sessions()) return "replay ends with other sessions";
  for (const model::SessionNumber number : engine->live_sessions()) {
    if (!(replayer.engine().session(number) == engine->session(number)))
      return "replay ends with another session " + std::to_string(number);
  }
  return std::nullopt;
}

}  // namespace curfew::model_test
