#include "plugins/windows/accounts.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace curfew::windows {
namespace {

struct Code {
  std::uint32_t code;
  std::string_view name;
};

// NTSTATUS, as 4625 and 4776 give it.
constexpr std::array<Code, 21> status_codes{{
    {0xC0000064, "no_such_user"},
    {0xC000006A, "bad_password"},
    {0xC000006D, "bad_credential"},
    {0xC000006E, "account_restriction"},
    {0xC000006F, "outside_hours"},
    {0xC0000070, "workstation_not_allowed"},
    {0xC0000071, "password_expired"},
    {0xC0000072, "disabled"},
    {0xC00000DC, "server_not_ready"},
    {0xC0000133, "clock_skew"},
    {0xC000015B, "logon_type_not_granted"},
    {0xC000018C, "trust_failure"},
    {0xC0000192, "netlogon_down"},
    {0xC0000193, "account_expired"},
    {0xC0000224, "must_change_password"},
    {0xC0000225, "not_found"},
    {0xC0000234, "locked_out"},
    {0xC00002EE, "logon_failure"},
    {0xC000005E, "no_logon_server"},
    {0xC0000413, "authentication_firewall"},
    {0xC000010B, "invalid_logon_type"},
}};

// Kerberos (RFC 4120), as 4768 and 4771 give it.
constexpr std::array<Code, 8> kerberos_codes{{
    {0x6, "no_such_user"},
    {0x7, "no_such_service"},
    {0xC, "account_restriction"},
    {0x12, "disabled"},  // or locked, or expired: Kerberos doesn't tell
    {0x17, "password_expired"},
    {0x18, "bad_password"},
    {0x25, "clock_skew"},
    {0xE, "encryption_not_supported"},
}};

struct NamedStatus {
  std::string_view status;
  std::string_view name;
};
constexpr std::array<NamedStatus, 13> samba_codes{{
    {"NT_STATUS_NO_SUCH_USER", "no_such_user"},
    {"NT_STATUS_WRONG_PASSWORD", "bad_password"},
    {"NT_STATUS_LOGON_FAILURE", "bad_credential"},
    {"NT_STATUS_ACCOUNT_RESTRICTION", "account_restriction"},
    {"NT_STATUS_INVALID_LOGON_HOURS", "outside_hours"},
    {"NT_STATUS_INVALID_WORKSTATION", "workstation_not_allowed"},
    {"NT_STATUS_PASSWORD_EXPIRED", "password_expired"},
    {"NT_STATUS_ACCOUNT_DISABLED", "disabled"},
    {"NT_STATUS_TIME_DIFFERENCE_AT_DC", "clock_skew"},
    {"NT_STATUS_LOGON_TYPE_NOT_GRANTED", "logon_type_not_granted"},
    {"NT_STATUS_ACCOUNT_EXPIRED", "account_expired"},
    {"NT_STATUS_PASSWORD_MUST_CHANGE", "must_change_password"},
    {"NT_STATUS_ACCOUNT_LOCKED_OUT", "locked_out"},
}};

std::uint32_t code_in(std::string_view text) {
  return static_cast<std::uint32_t>(parse_logon_id(text) & 0xFFFFFFFFU);
}

template <typename Table>
std::string name_in(const Table& table, std::uint32_t code) {
  for (const Code& entry : table) {
    if (entry.code == code) return std::string(entry.name);
  }
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), code, 16);
  return "status_0x" + std::string(text.data(), end.ptr);
}

bool has_digits_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return false;
  return name.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
}

}  // namespace

std::string Account::qualified() const {
  if (name.empty()) return {};
  return domain.empty() ? name : domain + "\\" + name;
}

std::string Account::key() const {
  // The name, not the SID: 4778 and 4648 have no SID; a domain comes as "CORP" here and "corp.test" there.
  return to_lower(name);
}

Account account_of(const WindowsEvent& event) {
  Account account;
  const auto text = [&](Field field) { return std::string(event.get(field)); };
  switch (event.event_id) {
    case 4672:
    case 1102:
      account = {text(Field::SubjectUserSid), text(Field::SubjectUserName), text(Field::SubjectDomainName),
                 ""};
      break;
    case 4778:
    case 4779:
      account = {"", text(Field::AccountName), text(Field::AccountDomain), ""};
      break;
    case 4740:  // TargetDomainName holds the caller's computer
      account = {text(Field::TargetSid), text(Field::TargetUserName), text(Field::SubjectDomainName), ""};
      break;
    case 4722:
    case 4723:
    case 4724:
    case 4725:
    case 4726:
    case 4767:
    case 4768:
    case 4771:
      account = {text(Field::TargetSid), text(Field::TargetUserName), text(Field::TargetDomainName), ""};
      break;
    default:
      account = {text(Field::TargetUserSid), text(Field::TargetUserName), text(Field::TargetDomainName), ""};
      break;
  }
  if (account.sid == "S-1-0-0") account.sid.clear();
  if (event.origin == Origin::Samba) account.upn = text(Field::AccountName);
  const auto at = account.name.find('@');
  if (at != std::string::npos && at > 0) {
    account.upn = account.name;
    account.name.resize(at);
    if (account.domain.empty()) account.domain = account.upn.substr(at + 1);
  }
  return account;
}

plugin::AccountType type_of(const Account& account) {
  const std::string_view sid = account.sid;
  if (account.name.ends_with('$')) return plugin::AccountType::Computer;
  for (const std::string_view prefix : {"S-1-5-80-", "S-1-5-82-", "S-1-5-83-", "S-1-5-90-", "S-1-5-96-"}) {
    if (sid.starts_with(prefix)) return plugin::AccountType::Service;
  }
  if (sid == "S-1-5-18" || sid == "S-1-5-19" || sid == "S-1-5-20" || sid == "S-1-5-7")
    return plugin::AccountType::Service;
  return account.name.empty() && sid.empty() ? plugin::AccountType::Unknown : plugin::AccountType::Human;
}

std::string_view noise_of(const Account& account, std::uint32_t logon_type) {
  const std::string_view sid = account.sid;
  if (sid == "S-1-5-7" || equal_ignoring_case(account.name, "ANONYMOUS LOGON")) return "anonymous";
  if (sid.starts_with("S-1-5-90-") || sid.starts_with("S-1-5-96-") ||
      has_digits_after(account.name, "DWM-") || has_digits_after(account.name, "UMFD-"))
    return "desktop_service";
  switch (type_of(account)) {
    case plugin::AccountType::Computer:
      return "computer_account";
    case plugin::AccountType::Service:
      return "service";
    default:
      break;
  }
  if (logon_type == 0) return "system_start";
  return logon_type == 5 ? "service" : std::string_view{};
}

std::string failure_of(const WindowsEvent& event) {
  const std::string_view status = event.get(Field::Status);
  if (event.origin == Origin::Samba) {
    for (const NamedStatus& entry : samba_codes) {
      if (entry.status == status) return std::string(entry.name);
    }
    return status.starts_with("NT_STATUS_") ? to_lower(status.substr(10)) : "unknown";
  }
  switch (event.event_id) {
    case 4740:
      return "locked_out";
    case 4768:
    case 4771:
      return name_in(kerberos_codes, code_in(status));
    case 4776:
      return name_in(status_codes, code_in(status));
    default:
      break;
  }
  // SubStatus is the reason where Status says no more than "failed".
  const std::uint32_t sub = code_in(event.get(Field::SubStatus));
  return name_in(status_codes, sub != 0 ? sub : code_in(status));
}

std::uint32_t logon_type_of(const WindowsEvent& event) {
  const std::string_view text = event.get(Field::LogonType);
  std::uint32_t type = 0xFFFFFFFF;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), type);
  return read.ec == std::errc() ? type : 0xFFFFFFFF;
}

plugin::AuthMethod method_of(const WindowsEvent& event, std::uint32_t logon_type) {
  if (logon_type == 11 || logon_type == 12 || logon_type == 13) return plugin::AuthMethod::Cached;
  if (logon_type == 8) return plugin::AuthMethod::Basic;
  const std::string package = to_lower(event.get(Field::AuthenticationPackageName));
  if (package == "kerberos" || package == "krb5") return plugin::AuthMethod::Kerberos;
  if (package.starts_with("ntlm") || package.starts_with("microsoft_authentication_package"))
    return plugin::AuthMethod::Ntlm;
  if (package == "negotiate")
    return logon_type == 2 || logon_type == 10 ? plugin::AuthMethod::Password : plugin::AuthMethod::Negotiate;
  if (package.starts_with("simple bind")) return plugin::AuthMethod::Basic;
  return plugin::AuthMethod::Unknown;
}

std::string application_of(const WindowsEvent& event, std::uint32_t logon_type) {
  if (event.origin == Origin::Samba) {
    std::string service;
    for (const char c : event.get(Field::Service).substr(0, 40)) {
      const char l = lower(c);
      service += (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') ? l : '-';
    }
    return "samba-" + (service.empty() ? std::string("audit") : service);
  }
  switch (logon_type) {
    case 2: {
      const std::string process = to_lower(event.get(Field::LogonProcessName));
      if (process == "credpro") return "windows-elevation";
      if (process == "seclogo") return "windows-runas";
      return "windows-console";
    }
    case 7:
    case 11:
    case 13:
      return "windows-console";
    case 3:
      return "windows-network";
    case 4:
      return "windows-batch";
    case 5:
    case 0:
      return "windows-service";
    case 8:
      return "windows-network-cleartext";
    case 9:
      return "windows-runas";
    case 10:
    case 12:
      return "windows-rdp";
    default:
      return "windows";
  }
}

}  // namespace curfew::windows
