// `config check`: what a configuration amounts to, in sentences that its owner can compare with what he
// meant.
#include <algorithm>

#include "core/app/configuration.hpp"
#include "core/base/duration_words.hpp"

namespace curfew::app {
namespace {

std::string list_of(const std::vector<std::string>& words, const char* last = " and ") {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last : ", ";
    text += words[i];
  }
  return text;
}

std::string count_of(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string scope_of(const model::Scope& scope) {
  std::vector<std::string> parts;
  if (!scope.account_types.empty()) {
    std::vector<std::string> types;
    for (const model::AccountType type : scope.account_types)
      types.push_back(std::string(model::name_of(type)));
    parts.push_back(list_of(types, " or ") + " accounts");
  }
  if (!scope.subjects.empty()) parts.push_back("subjects " + list_of(scope.subjects, " or "));
  if (!scope.groups.empty()) parts.push_back("members of " + list_of(scope.groups, " or "));
  if (!scope.applications.empty()) parts.push_back("applications " + list_of(scope.applications, " or "));
  if (!scope.sources.empty()) parts.push_back("sources " + list_of(scope.sources, " or "));
  if (!scope.networks.empty()) {
    std::vector<std::string> networks;
    for (const model::NetworkClass network : scope.networks)
      networks.push_back(std::string(model::name_of(network)));
    parts.push_back(list_of(networks, " or ") + " networks");
  }
  if (!scope.sign_ins.empty()) {
    std::vector<std::string> ways;
    for (const model::Interactivity way : scope.sign_ins)
      ways.push_back(way == model::Interactivity::Unknown ? "unknown" : std::string(model::name_of(way)));
    parts.push_back(list_of(ways, " or ") + " sign-ins");
  }
  return list_of(parts, ", of ");
}

std::vector<std::string> changes_of(const model::Policy& policy) {
  if (policy.changes.empty()) return {"disabled"};
  std::vector<std::string> changes;
  for (const model::AccountChangeKind kind : policy.changes)
    changes.emplace_back(kind == model::AccountChangeKind::Disabled ? "disabled" : "given other credentials");
  return changes;
}

std::vector<std::string> bonds_of(const model::Policy& policy) {
  std::vector<std::string> bonds;
  for (const model::Bond bond : policy.bind)
    bonds.emplace_back(bond == model::Bond::UserAgent ? "user agent" : model::name_of(bond));
  return bonds;
}

std::vector<std::string> hours_of(const model::Policy& policy) {
  std::vector<std::string> shifts;
  for (const model::Shift& shift : policy.hours) {
    std::vector<std::string> days;
    for (const model::Weekday day : shift.days) days.emplace_back(model::name_of(day));
    shifts.push_back((days.empty() ? "every day" : "on " + list_of(days)) + " from " + shift.from + " to " +
                     shift.to);
  }
  return shifts;
}

std::string rule_of(const model::Policy& policy) {
  switch (policy.rule) {
    case model::Rule::SessionTimeout:
      return "a session may live " + base::exactly_in_words(policy.limit);
    case model::Rule::InactivityTimeout:
      return "a session may be without activity of a person for " + base::exactly_in_words(policy.limit);
    case model::Rule::ConcurrentSessions:
      return "at most " + count_of(policy.most, "session", "sessions") + " at once per " +
             (policy.per == model::Per::Subject || policy.per == model::Per::Device
                  ? std::string(model::name_of(policy.per))
                  : "subject and " + std::string(model::name_of(policy.per)));
    case model::Rule::FailedSignIns:
      return "at most " + count_of(policy.most, "failed sign-in", "failed sign-ins") + " within " +
             base::exactly_in_words(policy.window);
    case model::Rule::ActivityAfterEnd:
      return "no activity of a session after its end";
    case model::Rule::SilentResignIn:
      return "no sign-in without fresh credentials within " + base::exactly_in_words(policy.window) +
             " after a sign-out " +
             (policy.per == model::Per::Subject ? std::string("of the same person anywhere")
                                                : "from the same " + std::string(model::name_of(policy.per)));
    case model::Rule::DisabledAccountActivity:
      return "no activity " +
             (policy.limit > Duration(0) ? "more than " + base::exactly_in_words(policy.limit) + " "
                                         : std::string{}) +
             "after the account was " + list_of(changes_of(policy), " or ");
    case model::Rule::ResumeWithoutReauthentication:
      return "no session goes on" +
             (policy.limit > Duration(0)
                  ? " after more than " + base::exactly_in_words(policy.limit) + " away"
                  : std::string{}) +
             " without fresh credentials";
    case model::Rule::SharedDevice:
      return "no second person on a device while somebody else's session lives there";
    case model::Rule::ReauthenticationInterval:
      return "a session may go on for " + base::exactly_in_words(policy.limit) + " without fresh credentials";
    case model::Rule::SessionBinding:
      return "no session goes on from another " + list_of(bonds_of(policy), " or ") +
             " without fresh credentials";
    case model::Rule::AllowedHours:
      return "sessions only " + list_of(hours_of(policy)) + " (" +
             (policy.zone.empty() ? "UTC" : policy.zone) + ")";
  }
  return {};
}

}  // namespace

std::string sentence(const model::Policy& policy) {
  std::string text = "Policy '" + policy.name + "': " + rule_of(policy);
  const std::string scope = scope_of(policy.scope);
  text += scope.empty() ? "; for everybody" : "; for " + scope;
  const std::string except = scope_of(policy.except);
  if (!except.empty()) text += ", except " + except;
  if (policy.warn_before > Duration(0))
    text += "; a warning " + base::exactly_in_words(policy.warn_before) + " before";
  if (!policy.warn_by.empty())
    text += (policy.mode == model::PolicyMode::Observe ? ", once it enforces told by " : ", told by ") +
            list_of(policy.warn_by);
  if (policy.mode == model::PolicyMode::Observe)
    return text + ". A breach is recorded, nobody is signed out.";
  text += ". A breach signs out: ";
  std::vector<std::string> steps;
  for (const model::LadderStep& step : policy.ladder) {
    std::string one(model::name_of(step.action));
    if (!step.at.empty()) one += " at " + step.at;
    one += (step.action == model::Action::Notify ? " (and wait " : " (proof within ") +
           base::exactly_in_words(step.prove_within);
    if (step.revert_after > Duration(0)) one += ", undone after " + base::exactly_in_words(step.revert_after);
    steps.push_back(one + ")");
  }
  text += list_of(steps, ", then ") + ".";
  if (policy.accept_unenforceable)
    text += " Sources where this can't be proven are accepted, and reports say so.";
  return text;
}

std::vector<std::string> sentences(const Settings& settings, const Capabilities& capabilities) {
  std::vector<std::string> lines;
  lines.push_back("Realm '" + settings.realm + "' on node '" + settings.node + "', data in " + settings.data +
                  ".");
  lines.push_back(settings.database.url.empty()
                      ? "The ledger is kept in an embedded PostgreSQL in the data directory."
                      : "The ledger is kept in the configured PostgreSQL server.");
  lines.push_back(
      settings.ledger.outside_checkpoints.empty()
          ? "No checkpoints are written outside: nobody could tell if the ledger's tail was cut off."
          : "Checkpoints are also written to " + settings.ledger.outside_checkpoints + ".");
  for (const SourceSettings& source : settings.sources) {
    if (source.connector.empty()) {
      lines.push_back("Source '" + source.name +
                      "' is pushed to; nobody can be signed out there. It is silent for too long after " +
                      base::exactly_in_words(source.stale_after) + ".");
      continue;
    }
    std::string text = "Source '" + source.name + "' reads through connector '" + source.connector + "'";
    const auto plugin = capabilities.find(source.name);
    if (plugin == capabilities.end()) {
      lines.push_back(text + ", which is not installed.");
      continue;
    }
    std::vector<std::string> can;
    for (const model::Action action : plugin->second.can) can.push_back(std::string(model::name_of(action)));
    text += can.empty() ? ", which can sign nobody out" : ", which can " + list_of(can);
    text += plugin->second.proves ? " and prove it" : " and can't prove it";
    if (source.ingest) text += "; observations may be pushed to it too";
    if (!plugin->second.shows_activity) text += "; it shows no activity, so inactivity can't be judged";
    if (!source.open_paths.empty())
      text += "; anybody may post to " + list_of(source.open_paths) + ", and it believes only what is signed";
    if (!source.tells_groups.empty()) text += "; it tells who is in " + list_of(source.tells_groups);
    text += source.time == SourceTime::Event
                ? ". Its records are a history, judged by the time that they bear"
                : ". It is silent for too long after " + base::exactly_in_words(source.stale_after);
    lines.push_back(text + ".");
  }
  for (const GateSettings& gate : settings.gates) {
    std::string text = "Gate '" + gate.name + "' on " + gate.listener.address + ":" +
                       std::to_string(gate.listener.port) + " judges requests by the sessions of '" +
                       gate.guards + "'; sessions that it doesn't know ";
    text += gate.unknown == "allow"  ? "pass"
            : gate.unknown == "deny" ? "don't pass"
                                     : "pass if the source says that they live";
    if (gate.learn_for > Duration(0) && gate.unknown != "allow")
      text += ", in the first " + base::exactly_in_words(gate.learn_for) + " after a start all of them";
    lines.push_back(text + "; while it can't know, " + (gate.fail == "open" ? "everything" : "nothing") +
                    " passes.");
  }
  if (settings.sources.empty()) lines.push_back("There are no sources: nothing will be seen.");
  if (!settings.says("policies"))
    lines.push_back("No policies are configured: observing defaults are in force.");
  std::size_t enforcing = 0;
  for (const model::Policy& policy : settings.policies) {
    lines.push_back(sentence(policy));
    if (policy.mode == model::PolicyMode::Enforce) ++enforcing;
  }
  if (enforcing == 0) {
    lines.push_back("Nothing enforces: Curfew signs nobody out by itself.");
  } else {
    lines.push_back(count_of(enforcing, "policy enforces", "policies enforce") + ", at most " +
                    count_of(settings.safety.most_sign_outs_per_minute, "sign-out", "sign-outs") +
                    " a minute; never signed out: " + list_of(settings.safety.protected_accounts) + ".");
    if (settings.safety.approve_above > 0)
      lines.push_back("An order that hits more than " +
                      count_of(settings.safety.approve_above, "session", "sessions") +
                      " waits for a second person.");
  }
  for (const NotificationSettings& channel : settings.notifications) {
    if (channel.kind == "webhook")
      lines.push_back(
          "Notification '" + channel.name + "' is a POST to " + channel.url +
          (channel.secret_file.empty() && channel.secret_env.empty() ? ", not signed." : ", signed."));
    else
      lines.push_back("Notification '" + channel.name + "' is a mail to " + list_of(channel.to) +
                      " through " + channel.server + (channel.tls == "none" ? " without TLS." : "."));
  }
  for (const SignalReceiverSettings& receiver : settings.shared_signals.receivers)
    lines.push_back("Proven sign-outs are told to '" + receiver.name + "' as the end of " +
                    (receiver.about == "subject" ? "all sessions of the person" : "the session") + ", with " +
                    (receiver.names.empty() ? "no name" : "names (" + list_of(receiver.names) + ")") +
                    (settings.shared_signals.default_subjects == "none"
                         ? ", of people whom it added; a stream made before stays as it was."
                         : "."));
  for (const ExportTargetSettings& target : settings.exports) {
    const std::string where = target.kind == "file" ? "the file " + target.path
                              : target.kind == "syslog"
                                  ? "syslog at " + target.host + (target.tls ? "" : " without TLS")
                                  : target.url;
    lines.push_back("Ledger entries are exported to " + where + " ('" + target.name + "', " + target.format +
                    "), with " + (target.names ? "names." : "no name."));
  }
  for (const ReportSettings& report : settings.reports)
    lines.push_back("Report '" + report.name + "' on " + list_of(report.frameworks) + " is made each " +
                    report.period + " (" + list_of(report.formats) + ")" +
                    (report.mail_to.empty() ? "." : ", and mailed to " + list_of(report.mail_to) + "."));
  const ListenerSettings& api = settings.listeners.operator_listener;
  if (api.port != 0) {
    std::string text = "API and metrics listen on " + api.address + ":" + std::to_string(api.port);
    text += api.tls_certificate.empty() ? " without TLS" : " with TLS";
    lines.push_back(text + (settings.tokens.empty()
                                ? ", and no token may use the API."
                                : ", for " + count_of(settings.tokens.size(), "token", "tokens") + "."));
  }
  return lines;
}

}  // namespace curfew::app
