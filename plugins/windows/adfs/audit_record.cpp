#include "plugins/windows/adfs/audit_record.hpp"

#include <algorithm>
#include <array>

#include "plugins/windows/adfs/audit_blob.hpp"
#include "plugins/windows/text.hpp"

namespace curfew::windows::adfs {
namespace {

// So that a whole record fits into what the host keeps of it.
constexpr std::size_t longest_text = 256, longest_of_client = 512;

constexpr std::string_view upn_claim = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
constexpr std::string_view account_claim =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname";
constexpr std::string_view sid_claim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid";
constexpr std::string_view method_claim =
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod";
constexpr std::string_view persistent_claim = "http://schemas.microsoft.com/2014/03/psso";

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = lower(text[i]);
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

// "{0D23868F-…}" and "0d23868f-…" are one.
std::string guid_in(std::string_view text) {
  text = trim(text);
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  return is_guid(text) ? to_lower(text) : std::string{};
}

void set_guid(WindowsEvent& event, Field field, std::string_view text) {
  const std::string guid = guid_in(text);
  // Requests that have none share this one.
  if (guid != "00000000-0000-0000-0000-000000000000") event.set(field, guid);
}

// "alice@my-corp.test-The user name or password is incorrect": the name ends before the message's first word.
void set_refusal(WindowsEvent& event, std::string_view message) {
  const auto dash = message.substr(0, message.find(' ')).rfind('-');
  if (dash > longest_text) {
    set_text(event, Field::ErrorCode, message);
    return;
  }
  set_person(event, message.substr(0, dash));
  set_text(event, Field::ErrorCode, message.substr(dash + 1));
}

void set_claim(WindowsEvent& event, std::string_view type, std::string_view value) {
  if (type == upn_claim) {
    set_text(event, Field::UserPrincipalName, value);
  } else if (type == account_claim) {
    set_person(event, value);
  } else if (type == sid_claim) {
    set_text(event, Field::TargetUserSid, value);
  } else if (type == method_claim) {
    set_text(event, Field::PrimaryAuth, value);
  } else if (type == persistent_claim && equal_ignoring_case(value, "true")) {
    event.set(Field::PersistentSso, "true");
  }
}

void set_header(WindowsEvent& event, std::string_view name, std::string_view value) {
  if (equal_ignoring_case(name, "X-MS-Client-User-Agent")) {
    set_text(event, Field::UserAgent, value);
  } else if (equal_ignoring_case(name, "X-MS-Endpoint-Absolute-Path")) {
    set_text(event, Field::Endpoint, value);
  } else if (equal_ignoring_case(name, "X-MS-Forwarded-Client-IP") ||
             (equal_ignoring_case(name, "X-MS-ADFS-Proxy-Client-IP") &&
              event.get(Field::IpAddress).empty())) {
    event.set(Field::IpAddress, first_address(value));
  }
}

void read_refused_token(WindowsEvent& event, std::span<const std::string_view> data) {
  if (data.size() < 3) return;
  set_guid(event, Field::ActivityId, data[0]);
  set_text(event, Field::PrimaryAuth, data[1]);
  // Older ones have no clients.
  const std::string address = first_address(data[2]);
  event.set(Field::IpAddress, address);
  const std::size_t message = address.empty() && data[2] != "-" ? 2 : 3;
  if (data.size() > message) set_refusal(event, data[message]);
}

}  // namespace

bool is_audit(std::string_view provider) {
  return equal_ignoring_case(provider, "AD FS Auditing") ||
         equal_ignoring_case(provider, "AD FS 2.0 Auditing");
}

bool is_used(std::uint32_t event_id) {
  static constexpr std::array<std::uint32_t, 16> ids{299,  403,  410,  411,  412,  500,  501,  1200,
                                                     1201, 1202, 1203, 1204, 1205, 1206, 1207, 1210};
  return std::binary_search(ids.begin(), ids.end(), event_id);
}

void set_text(WindowsEvent& event, Field field, std::string_view text) {
  text = trim(text);
  if (equal_ignoring_case(text, "n/a")) return;
  const bool is_long = field == Field::UserAgent || field == Field::RelyingParty;
  const std::size_t most = is_long ? longest_of_client : longest_text;
  if (text.size() > most) {
    std::size_t cut = most;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    text = text.substr(0, cut);
  }
  event.set(field, text);
}

void set_person(WindowsEvent& event, std::string_view text) {
  text = trim(text);
  if (text.starts_with("S-1-")) {
    set_text(event, Field::TargetUserSid, text);
  } else if (const auto slash = text.find('\\'); slash != std::string_view::npos) {
    set_text(event, Field::TargetDomainName, text.substr(0, slash));
    set_text(event, Field::TargetUserName, text.substr(slash + 1));
  } else if (text.find('@') != std::string_view::npos) {
    set_text(event, Field::UserPrincipalName, text);
  } else {
    set_text(event, Field::TargetUserName, text);
  }
}

std::string first_address(std::string_view list) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find_first_of(",;"));
    if (std::string address = clean_address(one); !address.empty()) return address;
    // "203.0.113.9:51234"
    if (std::count(one.begin(), one.end(), ':') == 1) {
      if (std::string address = clean_address(one.substr(0, one.find(':'))); !address.empty()) return address;
    }
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return {};
}

void read_audit_record(WindowsEvent& event, std::span<const std::string_view> data) {
  if (!is_used(event.event_id)) return;
  const auto value = [&](std::size_t index) {
    return index < data.size() ? data[index] : std::string_view{};
  };
  switch (event.event_id) {
    case 299:
      set_guid(event, Field::InstanceId, value(0));
      set_guid(event, Field::ActivityId, value(1));
      set_text(event, Field::RelyingParty, value(2));
      break;
    case 403:
      set_guid(event, Field::InstanceId, value(0));
      set_guid(event, Field::ActivityId, value(1));
      event.set(Field::IpAddress, first_address(value(3)));
      set_text(event, Field::Endpoint, value(5));
      set_text(event, Field::UserAgent, value(9));
      break;
    case 410:
      set_guid(event, Field::ActivityId, value(0));
      for (std::size_t i = 1; i + 1 < data.size(); i += 2) set_header(event, data[i], data[i + 1]);
      break;
    case 411:
      read_refused_token(event, data);
      break;
    case 412:
      set_guid(event, Field::InstanceId, value(0));
      set_guid(event, Field::ActivityId, value(1));
      set_text(event, Field::PrimaryAuth, value(2));
      break;
    case 500:
    case 501:
      set_guid(event, Field::InstanceId, value(0));
      for (std::size_t i = 1; i + 1 < data.size(); i += 2) set_claim(event, data[i], data[i + 1]);
      break;
    default:
      set_guid(event, Field::ActivityId, value(0));
      event.set(Field::Damage, data.size() < 2 ? "no XML" : read_audit_blob(data[1], event));
      return;
  }
  if (guid_in(value(0)).empty()) event.set(Field::Damage, "its values are not there, or in another order");
}

void read_audit_message(WindowsEvent& event, std::string_view message) {
  if (!is_used(event.event_id)) return;
  const auto xml = message.find("<AuditBase");
  if (event.event_id < 1200 || xml == std::string_view::npos) {
    event.set(Field::Damage, "its values are not there");
    return;
  }
  // "Activity ID: 0d23868f-…", in the server's language.
  std::string_view activity;
  const std::string_view before = message.substr(0, xml);
  for (std::size_t i = 0; i + 36 <= before.size(); ++i) {
    if (!is_guid(before.substr(i, 36))) continue;
    activity = before.substr(i, 36);
    break;
  }
  const std::array<std::string_view, 2> data{activity, message.substr(xml)};
  read_audit_record(event, data);
}

}  // namespace curfew::windows::adfs
