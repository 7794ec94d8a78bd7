#include "plugins/windows/samba_reader.hpp"

#include <charconv>
#include <string>

#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

using Element = simdjson::dom::element;

std::string_view text_of(const Element& element, std::string_view key) {
  std::string_view text;
  return element.at_key(key).get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

std::uint32_t number_of(const Element& element, std::string_view key) {
  std::uint64_t number = 0;
  if (element.at_key(key).get_uint64().get(number) != simdjson::SUCCESS || number > 0xFFFFFFFFU) return 0;
  return static_cast<std::uint32_t>(number);
}

std::string endpoint(std::string_view text) {  // "ipv4:127.0.0.1:47426"
  return text.size() < 6 ? std::string{} : std::string(text);
}

void authentication(const Element& body, WindowsEvent& event) {
  event.event_id = number_of(body, "eventId");
  event.failure = text_of(body, "status") != "NT_STATUS_OK";
  event.computer = std::string(text_of(body, "localAddress"));
  event.set(Field::Service, text_of(body, "serviceDescription"));
  event.set(Field::AuthenticationPackageName, text_of(body, "authDescription"));
  event.set(Field::LogonType, std::to_string(number_of(body, "logonType")));
  event.set(Field::Status, text_of(body, "status"));
  event.set(Field::WorkstationName, text_of(body, "workstation"));
  event.set(Field::IpAddress, clean_address(text_of(body, "remoteAddress")));
  event.set(Field::RemoteEndpoint, endpoint(text_of(body, "remoteAddress")));
  // What it became is known only after a success, or for a known account.
  std::string_view account = text_of(body, "becameAccount");
  std::string_view domain = text_of(body, "becameDomain");
  if (account.empty()) {
    account = text_of(body, "mappedAccount");
    domain = text_of(body, "mappedDomain");
  }
  if (account.empty()) {
    account = text_of(body, "clientAccount");
    domain = text_of(body, "clientDomain");
  }
  event.set(Field::TargetUserName, account);
  event.set(Field::TargetDomainName, domain);
  event.set(Field::TargetUserSid, text_of(body, "becameSid"));
  const std::string_view client = text_of(body, "clientAccount");
  if (client.find('@') != std::string_view::npos) event.set(Field::AccountName, client);
  // "logonId" names one authentication, in bare hex, and no later record: it is no session id.
}

void authorization(const Element& body, WindowsEvent& event) {
  event.event_id = 4624;
  event.computer = std::string(text_of(body, "logonServer"));
  if (event.computer.empty()) event.computer = std::string(text_of(body, "localAddress"));
  event.set(Field::Service, text_of(body, "serviceDescription"));
  event.set(Field::AuthenticationPackageName, text_of(body, "authType"));
  event.set(Field::LogonType, text_of(body, "authType") == "simple bind" ? "8" : "3");
  event.set(Field::IpAddress, clean_address(text_of(body, "remoteAddress")));
  event.set(Field::RemoteEndpoint, endpoint(text_of(body, "remoteAddress")));
  event.set(Field::TargetUserName, text_of(body, "account"));
  event.set(Field::TargetDomainName, text_of(body, "domain"));
  event.set(Field::TargetUserSid, text_of(body, "sid"));
  event.set(Field::SessionId, text_of(body, "sessionId"));
}

void password_change(const Element& body, WindowsEvent& event) {
  event.event_id = number_of(body, "eventId");
  if (event.event_id == 0) event.event_id = text_of(body, "action") == "Reset" ? 4724 : 4723;
  event.failure = text_of(body, "status") != "Success";
  event.set(Field::Name, text_of(body, "dn"));
  event.set(Field::SubjectUserSid, text_of(body, "userSid"));
  event.set(Field::IpAddress, clean_address(text_of(body, "remoteAddress")));
  // Who changes his own password is also its owner.
  if (event.event_id == 4723) event.set(Field::TargetSid, text_of(body, "userSid"));
}

void directory_change(const Element& body, WindowsEvent& event) {
  event.failure = text_of(body, "status") != "Success";
  event.set(Field::Name, text_of(body, "dn"));
  event.set(Field::SubjectUserSid, text_of(body, "userSid"));
  if (text_of(body, "operation") == "Delete") {
    event.event_id = 4726;
    return;
  }
  simdjson::dom::array actions;
  if (body.at_key("attributes").at_key("userAccountControl").at_key("actions").get_array().get(actions) !=
      simdjson::SUCCESS)
    return;
  // The last value that was set is the one that holds.
  for (const Element action : actions) {
    simdjson::dom::array values;
    if (action.at_key("values").get_array().get(values) != simdjson::SUCCESS) continue;
    for (const Element value : values) {
      const std::string_view text = text_of(value, "value");
      std::uint32_t flags = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), flags);
      if (read.ec != std::errc()) continue;
      constexpr std::uint32_t account_disabled = 2;  // ADS_UF_ACCOUNTDISABLE
      event.event_id = (flags & account_disabled) != 0 ? 4725 : 4722;
    }
  }
}

}  // namespace

bool is_samba_record(const Element& element) {
  const std::string_view type = text_of(element, "type");
  return !type.empty() && element.at_key("timestamp").is_string() && element.at_key(type).is_object();
}

bool read_samba_record(const Element& element, WindowsEvent& event) {
  const auto time = parse_time(text_of(element, "timestamp"));
  if (!time) return false;
  const std::string_view type = text_of(element, "type");
  Element body;
  if (element.at_key(type).get(body) != simdjson::SUCCESS) return false;
  event.time = *time;
  event.origin = Origin::Samba;
  event.channel = "samba-audit";
  event.provider = to_clean_utf8(type);
  if (type == "Authentication") {
    authentication(body, event);
  } else if (type == "Authorization") {
    authorization(body, event);
  } else if (type == "passwordChange") {
    password_change(body, event);
  } else if (type == "dsdbChange") {
    directory_change(body, event);
  }
  if (event.computer.starts_with("ipv4:") || event.computer.starts_with("ipv6:"))
    event.computer = clean_address(event.computer);
  if (event.computer.empty()) event.computer = "samba";
  return true;
}

}  // namespace curfew::windows
