// The sentences of control_result.hpp.
#include "core/base/duration_words.hpp"
#include "core/report/control_result.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

std::string rules_of(const Control& control) {
  std::string text;
  for (std::size_t i = 0; i < control.rules.size(); ++i) {
    if (i > 0) text += i + 1 == control.rules.size() ? " or " : ", ";
    text += wording::words(model::name_of(control.rules[i]));
  }
  return text;
}

std::string strictness(const Control& control) {
  std::string text;
  if (control.limit != Duration{0}) text = " of at most " + base::exactly_in_words(control.limit);
  if (control.most != 0) text = " of at most " + std::to_string(control.most);
  if (control.window != Duration{0}) text += " in " + base::exactly_in_words(control.window);
  return text;
}

std::string whose(Population population) {
  switch (population) {
    case Population::All:
      return "session";
    case Population::MultiFactor:
      return "session of a person with two factors or more";
    case Population::Privileged:
      return "privileged session";
    case Population::NotPrivileged:
      return "session of a person without privileges";
    case Population::People:
      break;
  }
  return "session of a person";
}

std::string by_policies(const Control& control) {
  return "For each " + whose(control.population) + ": a policy on " + rules_of(control) +
         strictness(control) + " was in force all the time, and nothing breached it" +
         (control.tolerance == Duration{0}
              ? std::string(".")
              : " without being ended within " + base::exactly_in_words(control.tolerance) + ".");
}

}  // namespace

std::string sentence_of(Doubt doubt) {
  switch (doubt) {
    case Doubt::EndUnknown:
      return "the end was not seen or its reason is not known, so it proves nothing.";
    case Doubt::StartUnseen:
      return "the sign-in was not seen, so the length is not known.";
    case Doubt::NoActivityShown:
      return "the source does not show activity, so inactivity can't be judged.";
    case Doubt::SourceSilent:
      return "the source was silent in that time; silence of a source is no inactivity.";
    case Doubt::NoPolicy:
      return "no policy with such a rule, as strict as needed, applied to it all the time.";
    case Doubt::FactorsUnknown:
      return "it passed the limit, and how many factors it had is not known.";
    case Doubt::AccountUnknown:
      return "what kind of account it is, or whose, is not known.";
    case Doubt::OriginUnknown:
      return "where it was used from, or how it was begun, is not known.";
    case Doubt::RecordsLate:
      return "records came out of order, and one of them was within the time without activity.";
    case Doubt::NotFollowed:
      return "there were more sessions than a report follows at once.";
    case Doubt::NotProven:
      return "the end is not proven: it runs still, or is contained by a gate only.";
    case Doubt::MembershipUnknown:
      return "the policy is for groups, and whether its person was in them is not known for all the time.";
  }
  return {};
}

std::string sentence_of(const Hole& hole) {
  const std::string until = hole.to == Time{} ? " on" : " to " + wording::time(hole.to);
  switch (hole.kind) {
    case HoleKind::RecordsMissing:
      return hole.source + ": records are missing at " + wording::time(hole.from) +
             (hole.records == 0 ? std::string(", nobody knows how many")
                                : ", " + wording::counted(hole.records, "record", "records")) +
             (hole.text.empty() ? "" : " (" + hole.text + ")") + ".";
    case HoleKind::Silent:
      return hole.source + ": nothing was heard from " + wording::time(hole.from) + until + ".";
    case HoleKind::Down:
      return hole.source + ": it did not work from " + wording::time(hole.from) + until +
             (hole.text.empty() ? "" : " (" + hole.text + ")") + ".";
  }
  return {};
}

std::string test_sentence(const Control& control) {
  const std::string limit = base::exactly_in_words(control.limit);
  switch (control.test) {
    case Check::NotTestable:
      return "None.";
    case Check::PolicyKept:
      return by_policies(control);
    case Check::FreshCredentials:
      return "No " + whose(control.population) + " went without fresh credentials for more than " + limit +
             ".";
    case Check::IdleTime:
      return "No " + whose(control.population) + " went on without authenticating after more than " + limit +
             " without activity of a person.";
    case Check::SignOutsEffective:
      return "Each sign-out that was carried out was proven to have ended its session.";
    case Check::SignOutUsed:
      return "In each application at least one session was ended by its person.";
    case Check::SharedAccounts:
      return "Each session belongs to an account that is known and not shared.";
    case Check::ServiceAccountsInteractive:
      return "No service account was signed in interactively.";
    case Check::RecordContent:
      return "Each sign-in, failed ones too, says who and from where; what, when, where and the outcome no "
             "record is without.";
    case Check::FailuresNoticed:
      return "Each loss of records, silence or failure of a source was noticed" +
             (control.limit == Duration{0} ? std::string{} : " within " + limit) + " and has ended.";
    case Check::LedgerIntact:
      return "The ledger was read back: entries, tree, checkpoints and commitments agree.";
    case Check::Retention:
      return "The ledger reaches back at least " + std::to_string(control.limit / std::chrono::hours(24)) +
             " days.";
    case Check::ClocksAhead:
      return "No record is more than " + base::exactly_in_words(control.tolerance) +
             " from the future of the clock that received it.";
  }
  return {};
}

}  // namespace curfew::report
