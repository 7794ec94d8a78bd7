#include "core/report/control_result.hpp"

#include <algorithm>
#include <utility>

#include "core/base/duration_words.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using model::ObservationType;
using model::Rule;
using wording::count;
using wording::counted;

// Applications beyond these are counted together.
constexpr std::size_t most_applications = 1'000;

// Results rest on these only where whole sessions, or acts in them, could be missing.
bool holes_could_hide(Check test) {
  return test == Check::PolicyKept || test == Check::FreshCredentials || test == Check::IdleTime ||
         test == Check::SharedAccounts || test == Check::ServiceAccountsInteractive ||
         test == Check::RecordContent;
}

bool judges_sessions(Check test) {
  return test == Check::PolicyKept || test == Check::FreshCredentials || test == Check::IdleTime ||
         test == Check::SharedAccounts || test == Check::ServiceAccountsInteractive;
}

std::string limit_of(const model::Policy& policy) {
  if (policy.most != 0)
    return "at most " + std::to_string(policy.most) +
           (policy.window != Duration{0} ? " in " + base::exactly_in_words(policy.window) : std::string{});
  if (policy.limit != Duration{0}) return base::exactly_in_words(policy.limit);
  if (policy.window != Duration{0}) return "within " + base::exactly_in_words(policy.window);
  return {};
}

// An audit's configuration stands before the first record.
std::string since(Time from) {
  return from < base::earliest_time ? "from the beginning" : "from " + wording::time(from);
}

}  // namespace

ControlTally::ControlTally(const Framework& framework, const Control& control, const ComplianceFacts& facts)
    : facts_(facts), control_(control) {
  result_.framework = &framework;
  result_.control = &control;
  result_.tested = test_sentence(control);
  result_.of = "sessions";
}

void ControlTally::except(ControlException exception) {
  ++result_.broken;
  if (result_.exceptions.size() < most_exceptions) result_.exceptions.push_back(std::move(exception));
}

void ControlTally::take(const model::SessionRow& row, const Judged& judged) {
  if (judged.verdict == Verdict::NotAsked) return;
  ++result_.population;
  sources_.insert(row.source);
  if (row.ended_at != Time{} && end_is_certain(row)) ++ends_;
  switch (judged.verdict) {
    case Verdict::NotAsked:
      return;
    case Verdict::Kept:
      ++result_.kept;
      return;
    case Verdict::Remedied:
      ++result_.remedied;
      return;
    case Verdict::Doubtful:
      ++result_.doubtful;
      ++result_.doubts[judged.doubt];
      return;
    case Verdict::Broken:
      except({.at = judged.at,
              .source = row.source,
              .subject = row.subject,
              .session = row.number,
              .violation = judged.violation,
              .text = judged.text,
              .place = judged.place,
              .digest = row.session});
  }
}

void ControlTally::see(const model::SessionRow& row, const std::vector<const Breach*>& breaches,
                       const SessionTrack* track) {
  switch (control_.test) {
    case Check::PolicyKept:
      return take(row, judge_by_policies(row, breaches, control_, facts_));
    case Check::FreshCredentials:
      return take(row, judge_fresh(row, track, control_, facts_));
    case Check::IdleTime:
      return take(row, judge_idle(row, track, control_, facts_));
    case Check::SharedAccounts:
      return take(row, judge_shared(row));
    case Check::ServiceAccountsInteractive:
      return take(row, judge_service(row));
    case Check::SignOutUsed: {
      if (membership(row, control_.population) != Membership::In || row.ended_at == Time{}) return;
      std::string name = row.application.empty() ? row.source : row.application;
      if (use_.size() >= most_applications && !use_.contains(name)) name = "(others)";
      Use& use = use_[name];
      ++use.ended;
      if (row.end_reason == model::EndReason::SignedOut && row.end_certainty == model::Certainty::Stated)
        ++use.by_person;
      return;
    }
    case Check::NotTestable:
    case Check::SignOutsEffective:
    case Check::RecordContent:
    case Check::FailuresNoticed:
    case Check::LedgerIntact:
    case Check::Retention:
    case Check::ClocksAhead:
      return;
  }
}

void ControlTally::see(const Breach& breach) {
  const model::ViolationRow& row = breach.violation;
  if (control_.test != Check::PolicyKept ||
      std::find(control_.rules.begin(), control_.rules.end(), row.rule) == control_.rules.end())
    return;
  ++result_.population;
  except(
      {.at = row.breached_at,
       .source = row.source,
       .subject = row.subject,
       .violation = row.number,
       .text = "policy " + row.policy + " (" + wording::words(model::name_of(row.rule)) + ") was breached"});
}

void ControlTally::see(const model::SignOutRow& row) {
  if (control_.test != Check::SignOutsEffective) return;
  const Judged judged = judge_sign_out(row);
  if (judged.verdict == Verdict::NotAsked) return;
  ++result_.population;
  if (judged.verdict == Verdict::Kept) ++result_.kept;
  if (judged.verdict == Verdict::Doubtful) {
    ++result_.doubtful;
    ++result_.doubts[judged.doubt];
  }
  if (judged.verdict == Verdict::Broken)
    except({.at = judged.at,
            .source = row.source,
            .subject = row.subject,
            .session = row.session,
            .sign_out = row.number,
            .text = judged.text});
}

// Whether what the rules are about never came up: then nothing was tested.
bool ControlTally::nothing_happened() {
  if (control_.test != Check::PolicyKept) return false;
  const RecordCounts& seen = facts_.records;
  std::vector<std::string> absent;
  for (const Rule rule : control_.rules) {
    switch (rule) {
      case Rule::FailedSignIns:
        if (seen.seen(ObservationType::SignInFailed) > 0) return false;
        absent.emplace_back("no failed sign-in");
        break;
      case Rule::DisabledAccountActivity:
        if (seen.seen(ObservationType::AccountDisabled) + seen.seen(ObservationType::CredentialChanged) > 0)
          return false;
        absent.emplace_back("no disabled account");
        break;
      case Rule::ResumeWithoutReauthentication:
        if (seen.seen(ObservationType::Unlocked) + seen.seen(ObservationType::Reconnected) +
                seen.seen(ObservationType::Resumed) >
            0)
          return false;
        absent.emplace_back("no session that was unlocked, reconnected or resumed");
        break;
      case Rule::ActivityAfterEnd:
      case Rule::SilentResignIn:
        if (ends_ > 0) return false;
        absent.emplace_back("no session with a known end");
        break;
      case Rule::SessionTimeout:
      case Rule::InactivityTimeout:
      case Rule::ConcurrentSessions:
      case Rule::SharedDevice:
      case Rule::AllowedHours:
      case Rule::ReauthenticationInterval:
      case Rule::SessionBinding:
        return false;
    }
  }
  std::string text = "What it asks about did not come up, or the sources don't tell it: ";
  for (std::size_t i = 0; i < absent.size(); ++i) text += (i == 0 ? "" : ", ") + absent[i];
  result_.because.push_back(text + " was seen.");
  return true;
}

void ControlTally::add_holes() {
  const auto blamed = [&](std::string text) {
    if (result_.result == Result::Satisfied) result_.result = Result::NoData;
    result_.because.push_back(std::move(text));
  };
  if (facts_.recorded_from > facts_.period.from)
    blamed("The records begin at " + wording::time(facts_.recorded_from) +
           ": what was before it in the period is not known.");
  std::size_t told = 0;
  std::uint64_t holes = 0;
  for (const Hole& hole : facts_.holes) {
    // Silence that ended hides no session: what was said later was judged by when it happened.
    const bool hides = hole.kind != HoleKind::Silent || hole.to == Time{} || hole.to >= facts_.period.to;
    if (!hides || !facts_.scope.holds_source(hole.source)) continue;
    ++holes;
    if (told++ < 3) blamed(sentence_of(hole) + " A breach could be hidden there.");
  }
  if (holes > 3)
    blamed(counted(holes - 3, "more such time", "more such times") + " are in the coverage statement.");
  if (facts_.violations_cut && control_.test == Check::PolicyKept)
    blamed("There are more violations than a report reads: take a shorter period.");
}

void ControlTally::weigh_sessions() {
  ControlResult& out = result_;
  if (out.broken > 0) {
    out.result = Result::NotSatisfied;
    out.because.push_back(count(out.broken) + " of " + counted(out.population, "session", "sessions") +
                          (out.broken == 1 ? " is an exception." : " are exceptions."));
    return;
  }
  if (out.population == 0) {
    out.because.emplace_back("No session in the scope and period is what it asks about.");
    return;
  }
  for (const auto& [doubt, number] : out.doubts)
    out.because.push_back("Of " + counted(number, "session", "sessions") + ": " + sentence_of(doubt));
  const auto all_for = [&](Doubt doubt) {
    const auto at = out.doubts.find(doubt);
    return at != out.doubts.end() && at->second == out.population;
  };
  if (all_for(Doubt::NoPolicy) || all_for(Doubt::NoActivityShown)) {
    out.result = Result::NotTestable;
    return;
  }
  if (out.doubtful > 0) return;
  if (nothing_happened()) return;
  out.result = Result::Satisfied;
  out.because.push_back("All " + counted(out.population, "session", "sessions") +
                        (out.remedied > 0
                             ? " kept it, or were ended in time after a breach (" + count(out.remedied) + ")."
                             : " kept it."));
}

void ControlTally::weigh_use() {
  ControlResult& out = result_;
  out.of = "applications";
  std::string without;
  std::size_t named = 0;
  for (const auto& [name, use] : use_) {
    ++out.population;
    if (use.by_person > 0) {
      ++out.kept;
      continue;
    }
    ++out.doubtful;
    if (named++ < 10) without += (without.empty() ? "" : ", ") + name;
  }
  if (out.population == 0) {
    out.because.emplace_back("No session ended in the period.");
  } else if (out.doubtful > 0) {
    out.because.push_back("Nobody signed out of " + without + (named > 10 ? " and others" : "") +
                          ": whether people could have is in no record.");
  } else {
    out.result = Result::Satisfied;
    out.because.push_back("People signed out of " +
                          (out.population == 1 ? std::string("the one application")
                                               : "all " + count(out.population) + " applications") +
                          " themselves.");
  }
}

void ControlTally::weigh_content() {
  ControlResult& out = result_;
  const RecordCounts& records = facts_.records;
  out.of = "sign-ins";
  out.population = records.sign_ins;
  const std::uint64_t lacking = records.without_subject + records.without_origin;
  for (const RecordCounts::Lack& lack : records.lacking)
    if (out.exceptions.size() < most_exceptions)
      out.exceptions.push_back(
          {.at = lack.at, .source = lack.source, .text = lack.text, .place = lack.place});
  out.broken = std::min(lacking, records.sign_ins);
  out.kept = out.population - out.broken;
  if (out.population == 0) {
    out.because.emplace_back("No sign-in was recorded.");
  } else if (lacking > 0) {
    out.result = Result::NotSatisfied;
    out.because.push_back("Of " + counted(out.population, "sign-in", "sign-ins") + ", " +
                          count(records.without_subject) + " do not say who and " +
                          count(records.without_origin) + " do not say from where.");
  } else {
    out.result = Result::Satisfied;
    out.because.push_back("All " + counted(out.population, "sign-in", "sign-ins") +
                          " say what, when, where, from where, with which outcome and who.");
  }
}

void ControlTally::weigh_failures() {
  ControlResult& out = result_;
  out.of = "losses of records";
  std::uint64_t open = 0;
  std::uint64_t late = 0;
  for (const Hole& hole : facts_.holes) {
    if (!facts_.scope.holds_source(hole.source)) continue;
    ++out.population;
    const bool is_late = control_.limit != Duration{0} && hole.noticed_at - hole.from > control_.limit;
    const bool is_open = hole.kind != HoleKind::RecordsMissing && hole.to == Time{};
    late += is_late ? 1 : 0;
    open += is_open ? 1 : 0;
    if (is_late || is_open)
      except({.at = hole.from,
              .source = hole.source,
              .text = sentence_of(hole) + (is_open ? " It has not ended." : " It was noticed late."),
              .place = hole.place});
    else
      ++out.kept;
  }
  if (out.population == 0) {
    out.because.emplace_back("No loss of records was seen, so nothing was tested.");
  } else if (out.broken > 0) {
    out.result = Result::NotSatisfied;
    out.because.push_back("Of " + counted(out.population, "loss", "losses") + ", " + count(late) +
                          " noticed too late, " + count(open) + " not ended.");
  } else {
    out.result = Result::Satisfied;
    out.because.push_back("Each of " + counted(out.population, "loss", "losses") +
                          " was noticed, recorded, and ended. Who was told is not in the ledger.");
  }
}

void ControlTally::weigh_ledger() {
  ControlResult& out = result_;
  out.of = "ledgers";
  if (!facts_.ledger) {
    out.result = Result::NotTestable;
    out.because.emplace_back("This report did not verify the ledger: `curfew report` offline does.");
    return;
  }
  out.population = 1;
  out.result = facts_.ledger->intact ? Result::Satisfied : Result::NotSatisfied;
  (facts_.ledger->intact ? out.kept : out.broken) = 1;
  out.because.push_back(facts_.ledger->sentence);
  for (const std::string& sentence : facts_.ledger->not_excluded) out.because.push_back(sentence);
}

void ControlTally::weigh_retention() {
  ControlResult& out = result_;
  out.of = "ledgers";
  if (facts_.recorded_from == Time{}) {
    out.because.emplace_back("The ledger holds nothing.");
    return;
  }
  out.population = 1;
  if (facts_.recorded_from <= facts_.generated_at - control_.limit) {
    out.result = Result::Satisfied;
    out.kept = 1;
    out.because.push_back("The ledger reaches back to " + wording::time(facts_.recorded_from) + ".");
  } else {
    out.doubtful = 1;
    out.because.push_back("The ledger begins at " + wording::time(facts_.recorded_from) +
                          ": it is not old enough to show it. What was kept before is known elsewhere.");
  }
}

void ControlTally::weigh_clocks() {
  ControlResult& out = result_;
  out.of = "records";
  for (const std::uint64_t number : facts_.records.observed) out.population += number;
  for (const RecordCounts::Lack& record : facts_.records.ahead) {
    if (record.ahead > control_.tolerance)
      except({.at = record.at, .source = record.source, .text = record.text, .place = record.place});
  }
  out.kept = out.population - std::min(out.population, out.broken);
  if (out.population == 0) {
    out.because.emplace_back("No record was seen.");
  } else if (out.broken > 0) {
    out.result = Result::NotSatisfied;
    out.because.push_back(counted(out.broken, "record is", "records are") +
                          " from the future of the clock that received them.");
  } else {
    out.result = Result::NotTestable;
    out.because.push_back("None of " + counted(out.population, "record", "records") +
                          " is from the future. A clock that runs behind can't be told from a late record.");
  }
}

void ControlTally::weigh() {
  switch (control_.test) {
    case Check::NotTestable:
      result_.result = Result::NotTestable;
      result_.because.push_back(control_.not_testable);
      return;
    case Check::PolicyKept:
    case Check::FreshCredentials:
    case Check::IdleTime:
    case Check::SharedAccounts:
    case Check::ServiceAccountsInteractive:
      return weigh_sessions();
    case Check::SignOutUsed:
      return weigh_use();
    case Check::SignOutsEffective:
      result_.of = "sign-outs";
      if (result_.population == 0) {
        result_.because.emplace_back("No sign-out was carried out, so nothing was tested.");
      } else if (result_.broken > 0) {
        result_.result = Result::NotSatisfied;
        result_.because.push_back(count(result_.broken) + " of " +
                                  counted(result_.population, "sign-out", "sign-outs") +
                                  " had no effect that is known.");
      } else if (result_.doubtful > 0) {
        result_.because.push_back("Of " + counted(result_.doubtful, "sign-out", "sign-outs") + ": " +
                                  sentence_of(Doubt::NotProven));
      } else {
        result_.result = Result::Satisfied;
        result_.because.push_back("All " + counted(result_.population, "sign-out", "sign-outs") +
                                  " were proven.");
      }
      return;
    case Check::RecordContent:
      return weigh_content();
    case Check::FailuresNoticed:
      return weigh_failures();
    case Check::LedgerIntact:
      return weigh_ledger();
    case Check::Retention:
      return weigh_retention();
    case Check::ClocksAhead:
      return weigh_clocks();
  }
}

void ControlTally::add_policies() {
  const std::string name = result_.framework->id + ":" + control_.id;
  const std::string whole = result_.framework->id + ":" + control_.control;
  std::set<std::string> naming;
  for (const PolicyVersion& version : facts_.versions) {
    if (version.from >= facts_.period.to || (version.to != Time{} && version.to <= facts_.period.from))
      continue;
    for (const model::Policy& policy : version.set.policies) {
      if (std::any_of(policy.controls.begin(), policy.controls.end(),
                      [&](const std::string& control) { return control == name || control == whole; }))
        naming.insert(policy.name);
      if (control_.test != Check::PolicyKept || !is_strict_enough(policy, control_)) continue;
      if (result_.policies.size() >= 100) continue;
      const std::string limit = limit_of(policy);
      result_.policies.push_back(policy.name + " (" + wording::words(model::name_of(policy.rule)) +
                                 (limit.empty() ? "" : ", " + limit) + ", " +
                                 std::string(model::name_of(policy.mode)) + "), " + since(version.from) +
                                 (version.to == Time{} ? "" : " to " + wording::time(version.to)) +
                                 ", version " + version.digest.substr(0, 12));
    }
  }
  result_.named_by.assign(naming.begin(), naming.end());
}

ControlResult ControlTally::conclude() {
  weigh();
  // The reason why it is satisfied is told only when it is.
  const bool whole = result_.result == Result::Satisfied;
  // An exception stands, whatever else may have been.
  const bool is_settled = result_.result == Result::NotTestable || result_.result == Result::NotSatisfied;
  if (holes_could_hide(control_.test) && !is_settled && result_.population > 0) {
    add_holes();
    if (whole && result_.result != Result::Satisfied && !result_.because.empty() &&
        judges_sessions(control_.test))
      result_.because.front() += " But that is not all there may have been.";
  }
  add_policies();
  return std::move(result_);
}

}  // namespace curfew::report
