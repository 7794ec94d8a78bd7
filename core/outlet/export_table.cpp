#include "core/outlet/export_table.hpp"

#include <algorithm>
#include <array>

namespace curfew::outlet {
namespace {

using model::EntryKind;
using enum OcsfClass;
using enum ExportSeverity;

constexpr bool told = true;
constexpr bool on_demand = false;  // many of them, or only of use to Curfew itself

constexpr ExportRow rows[] = {
    {EntryKind::StreamOpened, "", "Ledger stream opened", told, EventLogActivity, 6, "Start", Informational,
     "event", "configuration", "creation"},

    {EntryKind::Observation, "sign_in", "Sign-in", told, Authentication, 1, "Logon", Informational, "event",
     "authentication", "start"},
    {EntryKind::Observation, "sign_in_failed", "Sign-in failed", told, Authentication, 1, "Logon", Low,
     "event", "authentication", "start"},
    {EntryKind::Observation, "activity", "Activity", on_demand, Authentication, 99, "Activity", Informational,
     "event", "session", "info"},
    {EntryKind::Observation, "token_refreshed", "Token refreshed", on_demand, Authentication, 99,
     "Token Refreshed", Informational, "event", "session", "info"},
    {EntryKind::Observation, "reauthenticated", "Reauthentication", told, Authentication, 99,
     "Reauthentication", Informational, "event", "authentication", "info"},
    {EntryKind::Observation, "locked", "Session locked", told, Authentication, 99, "Lock", Informational,
     "event", "session", "info"},
    {EntryKind::Observation, "unlocked", "Session unlocked", told, Authentication, 99, "Unlock",
     Informational, "event", "session", "info"},
    {EntryKind::Observation, "disconnected", "Session disconnected", told, Authentication, 99, "Disconnect",
     Informational, "event", "session", "info"},
    {EntryKind::Observation, "reconnected", "Session reconnected", told, Authentication, 99, "Reconnect",
     Informational, "event", "session", "info"},
    {EntryKind::Observation, "paused", "Session paused", told, Authentication, 99, "Pause", Informational,
     "event", "session", "info"},
    {EntryKind::Observation, "resumed", "Session resumed", told, Authentication, 99, "Resume", Informational,
     "event", "session", "info"},
    {EntryKind::Observation, "sign_out", "Sign-out", told, Authentication, 2, "Logoff", Informational,
     "event", "session", "end"},
    {EntryKind::Observation, "expired", "Session expired", told, Authentication, 2, "Logoff", Informational,
     "event", "session", "end"},
    {EntryKind::Observation, "revoked", "Session revoked", told, Authentication, 2, "Logoff", Informational,
     "event", "session", "end"},
    {EntryKind::Observation, "credential_changed", "Credential changed", told, AccountChange, 3,
     "Password Change", Informational, "event", "iam", "change"},
    {EntryKind::Observation, "account_disabled", "Account disabled", told, AccountChange, 5, "Disable", Low,
     "event", "iam", "change"},
    {EntryKind::Observation, "account_enabled", "Account enabled", told, AccountChange, 2, "Enable",
     Informational, "event", "iam", "change"},
    {EntryKind::Observation, "gap", "Records are missing", told, EventLogActivity, 99, "Records Missing",
     Medium, "event", "", ""},

    {EntryKind::Progress, "", "Source read", on_demand, EventLogActivity, 99, "Read", Informational, "state",
     "", ""},
    {EntryKind::Started, "", "Curfew started", told, ApplicationLifecycle, 3, "Start", Informational, "event",
     "process", "start"},
    {EntryKind::Tick, "", "Deadline fired", on_demand, BaseEvent, 99, "Deadline", Informational, "event", "",
     ""},
    {EntryKind::Clock, "", "Clock jumped", told, BaseEvent, 99, "Clock Jump", Medium, "event", "host",
     "change"},
    {EntryKind::Configuration, "", "Configuration in force", told, EntityManagement, 3, "Update",
     Informational, "event", "configuration", "change"},
    {EntryKind::Groups, "", "Group membership told", on_demand, EntityManagement, 3, "Update", Informational,
     "state", "iam", "group"},
    {EntryKind::Command, "", "Operator command", told, ApiActivity, 3, "Update", Low, "event", "iam",
     "admin"},
    {EntryKind::Answer, "", "Sign-out step answered", told, RemediationActivity, 2, "Evict", Informational,
     "event", "session", "info"},
    {EntryKind::Probe, "", "Session probed", told, RemediationActivity, 5, "Detect", Informational, "event",
     "session", "info"},
    {EntryKind::SessionEnded, "", "Session end inferred", told, Authentication, 2, "Logoff", Informational,
     "event", "session", "end"},
    {EntryKind::SessionReopened, "", "Inferred end taken back", told, Authentication, 99, "Reopen", Low,
     "event", "session", "info"},
    {EntryKind::SubjectLinked, "", "Identifiers linked", told, EntityManagement, 3, "Update", Informational,
     "event", "iam", "user"},
    {EntryKind::LinkRefused, "", "Identifiers not linked", told, EntityManagement, 3, "Update", Low, "event",
     "iam", "user"},
    {EntryKind::ViolationOpened, "", "Policy violated", told, DetectionFinding, 1, "Create", Medium, "alert",
     "intrusion_detection", "info"},
    {EntryKind::ViolationWithdrawn, "", "Violation withdrawn", told, DetectionFinding, 3, "Close",
     Informational, "event", "intrusion_detection", "info"},
    {EntryKind::Warned, "", "Limit is near", told, DetectionFinding, 99, "Warning", Informational, "event",
     "session", "info"},
    {EntryKind::SignOutOrdered, "", "Sign-out ordered", told, RemediationActivity, 2, "Evict", Low, "event",
     "session", "info"},
    {EntryKind::Intent, "", "Sign-out step begins", told, RemediationActivity, 2, "Evict", Low, "event",
     "session", "info"},
    {EntryKind::OutcomeRecorded, "sign_out", "Outcome of a sign-out", told, Authentication, 2, "Logoff", Low,
     "event", "session", "end"},
    {EntryKind::OutcomeRecorded, "step", "Verdict on a sign-out step", told, RemediationActivity, 2, "Evict",
     Informational, "event", "session", "info"},
    {EntryKind::OutcomeRecorded, "revert", "Sign-out step reverted", told, RemediationActivity, 3, "Restore",
     Informational, "event", "session", "info"},
    {EntryKind::Alert, "", "Somebody must look", told, DetectionFinding, 1, "Create", High, "alert", "", ""},
    {EntryKind::PluginLoaded, "", "Connector loaded", told, ApplicationLifecycle, 6, "Enable", Informational,
     "event", "configuration", "info"},
    {EntryKind::SourceChanged, "up", "Source is up", told, EventLogActivity, 6, "Start", Informational,
     "event", "", ""},
    {EntryKind::SourceChanged, "finished", "Source has ended", told, EventLogActivity, 7, "Stop",
     Informational, "event", "", ""},
    {EntryKind::SourceChanged, "down", "Source is not up", told, EventLogActivity, 7, "Stop", Medium, "event",
     "", ""},
    {EntryKind::Access, "", "Personal values asked for", told, ApiActivity, 2, "Read", Low, "event", "iam",
     "info"},
    {EntryKind::Erasure, "", "Personal values erased", told, EntityManagement, 4, "Delete", Informational,
     "event", "iam", "deletion"},
    {EntryKind::Notified, "", "Warning delivered", told, DetectionFinding, 2, "Update", Informational,
     "event", "session", "info"},
};

}  // namespace

std::string_view name_of(OcsfClass value) {
  switch (value) {
    case BaseEvent:
      return "Base Event";
    case EventLogActivity:
      return "Event Log Activity";
    case DetectionFinding:
      return "Detection Finding";
    case AccountChange:
      return "Account Change";
    case Authentication:
      return "Authentication";
    case EntityManagement:
      return "Entity Management";
    case ApplicationLifecycle:
      return "Application Lifecycle";
    case ApiActivity:
      return "API Activity";
    case RemediationActivity:
      return "Remediation Activity";
  }
  return "Base Event";
}

std::string_view category_of(OcsfClass value) {
  switch (static_cast<std::uint16_t>(value) / 1000) {
    case 1:
      return "System Activity";
    case 2:
      return "Findings";
    case 3:
      return "Identity & Access Management";
    case 6:
      return "Application Activity";
    case 7:
      return "Remediation";
    default:
      return "Uncategorized";
  }
}

std::string_view name_of(ExportSeverity value) {
  constexpr std::array<std::string_view, 5> names{"Unknown", "Informational", "Low", "Medium", "High"};
  return names[static_cast<std::size_t>(value)];
}

std::span<const ExportRow> export_rows() { return rows; }

const ExportRow& export_row(EntryKind kind, std::string_view variant) {
  const auto* const exact = std::find_if(std::begin(rows), std::end(rows), [&](const ExportRow& row) {
    return row.kind == kind && row.variant == variant;
  });
  if (exact != std::end(rows)) return *exact;
  return *std::find_if(std::begin(rows), std::end(rows) - 1,
                       [&](const ExportRow& row) { return row.kind == kind; });
}

std::string name_of(const ExportRow& row) {
  std::string name(model::name_of(row.kind));
  if (!row.variant.empty()) name += "." + std::string(row.variant);
  return name;
}

bool is_named_by(const ExportRow& row, std::string_view word) {
  return word == model::name_of(row.kind) || word == name_of(row);
}

}  // namespace curfew::outlet
