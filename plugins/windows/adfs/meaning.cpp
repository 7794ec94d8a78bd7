#include "plugins/windows/adfs/meaning.hpp"

#include <array>

#include "plugins/windows/text.hpp"

namespace curfew::windows::adfs {
namespace {

struct Words {
  std::string_view part;
  std::string_view code;
};

// Of Windows' own messages for the status codes that `accounts.cpp` knows.
constexpr std::array<Words, 8> refusals{{
    {"user name or password is incorrect", "bad_credential"},
    {"unknown user name or bad password", "bad_credential"},
    {"locked out", "locked_out"},
    {"disabled", "disabled"},
    {"password for this account has expired", "password_expired"},
    {"must be changed", "must_change_password"},
    {"account has expired", "account_expired"},
    {"restrictions", "account_restriction"},
}};

// As FailureType has them.
constexpr std::array<Words, 4> failure_types{{
    {"CredentialValidationError", "bad_credential"},
    {"ExtranetLockoutError", "locked_out"},
    {"AuthorizationError", "not_authorized"},
    {"GenericError", "token_failure"},
}};

// "DeviceAuthenticationError" is device_authentication_error.
std::string snake_case(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, 64)) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_plain = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_upper && !text.empty() && text.back() != '_') text += '_';
    text += is_plain ? lower(c) : '_';
  }
  return text;
}

}  // namespace

Kind kind_of(const WindowsEvent& event) {
  // Of details what can be read is enough.
  if (!event.get(Field::Damage).empty()) return Kind::Damaged;
  switch (event.event_id) {
    case 1200:
      return Kind::TokenIssued;
    case 1202:
      return Kind::CredentialsAccepted;
    case 1201:
    case 1203:
    case 1210:
      return Kind::Refused;
    case 1204:
      return Kind::PasswordChanged;
    case 1205:
      return Kind::ChangeRefused;
    case 1206:
      return Kind::SignedOut;
    case 1207:
      return Kind::SignOutRefused;
    case 299:
      return Kind::TokenDetail;
    case 411:
      return Kind::RefusalDetail;
    default:
      return Kind::Detail;
  }
}

Account person_of(const WindowsEvent& event) {
  Account account;
  account.sid = event.get(Field::TargetUserSid);
  account.name = event.get(Field::TargetUserName);
  account.domain = event.get(Field::TargetDomainName);
  account.upn = event.get(Field::UserPrincipalName);
  return account;
}

bool is_another(const Account& a, const Account& b) {
  const auto differ = [](std::string_view one, std::string_view other) {
    return !one.empty() && !other.empty() && !equal_ignoring_case(one, other);
  };
  return differ(a.sid, b.sid) || differ(a.upn, b.upn) || differ(a.qualified(), b.qualified());
}

plugin::AuthMethod method_of(std::string_view primary, bool is_for_machines) {
  using plugin::AuthMethod;
  const std::string text = to_lower(primary);
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (has("authentication:windows") || has("authenticationmethod/windows")) return AuthMethod::Negotiate;
  if (has("kerberos")) return AuthMethod::Kerberos;
  if (has("password") || has("tokens/username"))
    return is_for_machines ? AuthMethod::Password : AuthMethod::Form;
  if (has("tlsclient") || has("rfc:2246") || has("x509") || has("smartcard")) return AuthMethod::Certificate;
  return AuthMethod::Unknown;
}

Channel channel_of(std::string_view protocol, std::string_view endpoint) {
  const std::string path = to_lower(endpoint);
  if (path.find("/oauth2/token") != std::string::npos) return Channel::Code;
  if (equal_ignoring_case(protocol, "WSTrust") || path.find("/services/trust/") != std::string::npos)
    return Channel::Program;
  return Channel::Browser;
}

std::string failure_of(const WindowsEvent& event, std::string_view words) {
  const std::string text = to_lower(words);
  if (event.event_id != 1210 && event.get(Field::FailureType) != "ExtranetLockoutError") {
    for (const Words& refusal : refusals) {
      if (text.find(refusal.part) != std::string::npos) return std::string(refusal.code);
    }
  }
  const std::string_view type =
      event.event_id == 1210 ? "ExtranetLockoutError" : event.get(Field::FailureType);
  for (const Words& known : failure_types) {
    if (known.part == type) return std::string(known.code);
  }
  return type.empty() || type == "None" ? "token_failure" : snake_case(type);
}

}  // namespace curfew::windows::adfs
