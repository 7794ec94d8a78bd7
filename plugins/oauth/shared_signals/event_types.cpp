#include "plugins/oauth/shared_signals/event_types.hpp"

#include <algorithm>
#include <array>

namespace curfew::oauth::shared_signals {
namespace {

using plugin::Type;

#define CURFEW_CAEP "https://schemas.openid.net/secevent/caep/event-type/"
#define CURFEW_RISC "https://schemas.openid.net/secevent/risc/event-type/"
#define CURFEW_SSF "https://schemas.openid.net/secevent/ssf/event-type/"

constexpr EventType told(std::string_view uri, std::string_view label, Type type, bool of_session = false) {
  return {uri, label, Meaning::Told, type, of_session, false};
}
constexpr EventType counted(std::string_view uri, std::string_view label) { return {uri, label}; }

constexpr std::array<EventType, 27> types{{
    told(CURFEW_CAEP "session-revoked", "caep/session-revoked", Type::Revoked, true),
    told(CURFEW_CAEP "credential-change", "caep/credential-change", Type::CredentialChanged),
    told(CURFEW_CAEP "session-established", "caep/session-established", Type::SignIn, true),
    told(CURFEW_CAEP "session-presented", "caep/session-presented", Type::Activity, true),
    counted(CURFEW_CAEP "token-claims-change", "caep/token-claims-change"),
    counted(CURFEW_CAEP "assurance-level-change", "caep/assurance-level-change"),
    counted(CURFEW_CAEP "device-compliance-change", "caep/device-compliance-change"),
    counted(CURFEW_CAEP "risk-level-change", "caep/risk-level-change"),
    told(CURFEW_RISC "account-disabled", "risc/account-disabled", Type::AccountDisabled),
    told(CURFEW_RISC "account-purged", "risc/account-purged", Type::AccountDisabled),
    told(CURFEW_RISC "account-enabled", "risc/account-enabled", Type::AccountEnabled),
    // Deprecated in favour of session-revoked; its subject is an account.
    told(CURFEW_RISC "sessions-revoked", "risc/sessions-revoked", Type::Revoked),
    // From then on the old credential is not to be believed.
    told(CURFEW_RISC "credential-compromise", "risc/credential-compromise", Type::CredentialChanged),
    told(CURFEW_RISC "account-credential-change-required", "risc/account-credential-change-required",
         Type::CredentialChanged),
    counted(CURFEW_RISC "identifier-changed", "risc/identifier-changed"),
    counted(CURFEW_RISC "identifier-recycled", "risc/identifier-recycled"),
    counted(CURFEW_RISC "opt-in", "risc/opt-in"),
    counted(CURFEW_RISC "opt-out-initiated", "risc/opt-out-initiated"),
    counted(CURFEW_RISC "opt-out-cancelled", "risc/opt-out-cancelled"),
    counted(CURFEW_RISC "opt-out-effective", "risc/opt-out-effective"),
    counted(CURFEW_RISC "recovery-activated", "risc/recovery-activated"),
    counted(CURFEW_RISC "recovery-information-changed", "risc/recovery-information-changed"),
    {CURFEW_SSF "verification", "ssf/verification", Meaning::Verification, Type::Activity, false, true},
    {CURFEW_SSF "stream-updated", "ssf/stream-updated", Meaning::Updated, Type::Activity, false, true},
    // As the drafts of these specifications had them, and transmitters still do.
    {CURFEW_RISC "verification", "risc/verification", Meaning::Verification, Type::Activity, false, true},
    {"https://schemas.openid.net/secevent/sse/event-type/verification", "sse/verification",
     Meaning::Verification, Type::Activity, false, true},
    {"https://schemas.openid.net/secevent/sse/event-type/stream-updated", "sse/stream-updated",
     Meaning::Updated, Type::Activity, false, true},
}};

#undef CURFEW_CAEP
#undef CURFEW_RISC
#undef CURFEW_SSF

}  // namespace

const EventType* event_type(std::string_view uri) {
  const auto* const found =
      std::find_if(types.begin(), types.end(), [&](const EventType& one) { return one.uri == uri; });
  return found == types.end() ? nullptr : found;
}

std::span<const EventType> all_event_types() { return types; }

}  // namespace curfew::oauth::shared_signals
