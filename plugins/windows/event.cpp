#include "plugins/windows/event.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "plugins/windows/text.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t longest_text = 1024;

// Of the fields, in their order; those behind them come by no name.
constexpr std::array<std::string_view, 27> names{"SubjectUserSid",
                                                 "SubjectUserName",
                                                 "SubjectDomainName",
                                                 "SubjectLogonId",
                                                 "TargetUserSid",
                                                 "TargetUserName",
                                                 "TargetDomainName",
                                                 "TargetLogonId",
                                                 "TargetLinkedLogonId",
                                                 "TargetSid",
                                                 "LogonType",
                                                 "LogonProcessName",
                                                 "AuthenticationPackageName",
                                                 "WorkstationName",
                                                 "Workstation",
                                                 "IpAddress",
                                                 "ElevatedToken",
                                                 "Status",
                                                 "SubStatus",
                                                 "ProcessName",
                                                 "PreAuthType",
                                                 "AccountName",
                                                 "AccountDomain",
                                                 "LogonID",
                                                 "SessionName",
                                                 "ClientName",
                                                 "ClientAddress"};

bool is_address(const std::string& text) {
  if (text.find('\0') != std::string::npos) return false;  // where inet_pton would stop
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace

std::optional<Field> field_named(std::string_view name) {
  if (name.size() < 6) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Field>(i);
  }
  return std::nullopt;
}

std::string_view WindowsEvent::get(Field field) const {
  const Span span = spans_[static_cast<std::size_t>(field)];
  return std::string_view(text_).substr(span.offset, span.size);
}

void WindowsEvent::set(Field field, std::string_view value) {
  value = trim(value);
  if (value == "-") value = {};
  std::string cleaned;
  if (!is_clean_utf8(value)) {
    cleaned = to_clean_utf8(value);
    value = cleaned;
  }
  if (value.size() > longest_text) {
    std::size_t cut = longest_text;
    while (cut > 0 && (static_cast<unsigned char>(value[cut]) & 0xC0U) == 0x80U) --cut;
    value = value.substr(0, cut);
  }
  // A field that comes again and again can't grow the text past what an offset holds.
  if (text_.size() + value.size() > 0xFFFF) return;
  Span& span = spans_[static_cast<std::size_t>(field)];
  span.offset = static_cast<std::uint16_t>(text_.size());
  span.size = static_cast<std::uint16_t>(value.size());
  text_ += value;
}

bool WindowsEvent::set(std::string_view name, std::string_view value) {
  const auto field = field_named(name);
  if (field) set(*field, value);
  return field.has_value();
}

void WindowsEvent::clear() {
  WindowsEvent empty;
  for (std::string WindowsEvent::*const text :
       {&WindowsEvent::computer, &WindowsEvent::channel, &WindowsEvent::provider, &WindowsEvent::text_}) {
    (this->*text).clear();
    std::swap(empty.*text, this->*text);
  }
  *this = std::move(empty);
}

std::uint64_t WindowsEvent::logon_id(Field field) const { return parse_logon_id(get(field)); }

bool WindowsEvent::is_security() const {
  return origin == Origin::Samba || equal_ignoring_case(channel, "security");
}

std::uint64_t parse_logon_id(std::string_view text) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t id = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), id, base);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() ? id : 0;
}

std::string clean_address(std::string_view text) {
  text = trim(text);
  const bool samba4 = text.starts_with("ipv4:");
  if (samba4 || text.starts_with("ipv6:")) {
    text.remove_prefix(5);
    text = text.substr(0, text.rfind(':'));  // the port
  }
  if (text.size() > 2 && text.front() == '[') {
    text.remove_prefix(1);
    text = text.substr(0, text.find(']'));
  }
  if (text.starts_with("::ffff:") && text.find('.') != std::string_view::npos) text.remove_prefix(7);
  const auto scope = text.find('%');  // fe80::1%5
  std::string address(text.substr(0, scope));
  return is_address(address) ? address : std::string{};
}

}  // namespace curfew::windows
