#include "plugins/windows/directory/directory_settings.hpp"

#include <ldap.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

namespace curfew::windows {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;

[[noreturn]] void invalid(const std::string& text) {
  throw Failure(Code::Invalid, "settings: directory." + text);
}

std::string text_in(const json& settings, const char* key) {
  const auto at = settings.find(key);
  if (at == settings.end()) return {};
  if (!at->is_string() || at->get_ref<const std::string&>().empty())
    invalid(std::string(key) + " must be text");
  return at->get<std::string>();
}

std::vector<std::string> texts_in(const json& settings, const char* key) {
  std::vector<std::string> all;
  const auto at = settings.find(key);
  if (at == settings.end()) return all;
  if (!at->is_array()) invalid(std::string(key) + " must be a list of texts");
  for (const json& one : *at) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      invalid(std::string(key) + " must be a list of texts");
    all.push_back(one.get<std::string>());
  }
  return all;
}

plugin::Duration duration_in(const json& settings, const char* key, plugin::Duration fallback,
                             plugin::Duration least, plugin::Duration most) {
  const std::string text = text_in(settings, key);
  if (text.empty()) return fallback;
  std::int64_t count = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
  plugin::Duration duration{-1};
  if (read.ec == std::errc() && count >= 0 && count <= 1'000'000) {
    if (unit == "ms") duration = std::chrono::milliseconds(count);
    if (unit == "s") duration = std::chrono::seconds(count);
    if (unit == "m") duration = std::chrono::minutes(count);
    if (unit == "h") duration = std::chrono::hours(count);
  }
  if (duration < least || duration > most)
    invalid(std::string(key) + " must be a duration such as \"5s\", from " +
            std::to_string(least.count() / 1000) + "ms to " + std::to_string(most.count() / 1'000'000) + "s");
  return duration;
}

std::map<std::string, std::string> names_in(const json& settings, const char* key) {
  std::map<std::string, std::string> all;
  const auto at = settings.find(key);
  if (at == settings.end()) return all;
  if (!at->is_object()) invalid(std::string(key) + " must be a mapping from names to distinguished names");
  for (const auto& [name, place] : at->items()) {
    if (name.empty() || !place.is_string() ||
        place.get_ref<const std::string&>().find('=') == std::string::npos)
      invalid(std::string(key) + "." + name + " must be a distinguished name");
    all.emplace(name, place.get<std::string>());
  }
  return all;
}

DirectoryServer server_of(const std::string& uri) {
  LDAPURLDesc* raw = nullptr;
  const int parsed = ldap_url_parse(uri.c_str(), &raw);
  const std::unique_ptr<LDAPURLDesc, decltype(&ldap_free_urldesc)> url(raw, &ldap_free_urldesc);
  const std::string scheme =
      parsed == LDAP_URL_SUCCESS && url->lud_scheme != nullptr ? url->lud_scheme : std::string{};
  const bool has_host = parsed == LDAP_URL_SUCCESS && url->lud_host != nullptr && *url->lud_host != '\0';
  const bool has_more = parsed == LDAP_URL_SUCCESS &&
                        ((url->lud_dn != nullptr && *url->lud_dn != '\0') || url->lud_filter != nullptr ||
                         url->lud_attrs != nullptr || url->lud_exts != nullptr);
  if (!has_host || has_more || (scheme != "ldap" && scheme != "ldaps"))
    invalid("servers: '" + uri + "' is no server; write ldaps://dc1.corp.test or ldap://dc1.corp.test");
  return {uri, scheme == "ldaps"};
}

void check_bind(const DirectorySettings& settings) {
  if (settings.bind == Bind::Simple) {
    if (settings.user.empty() || settings.password_file.empty())
      invalid("bind: simple needs user and password_file");
    if (!settings.keytab.empty()) invalid("keytab is of bind: gssapi");
    return;
  }
  if (settings.keytab.empty()) invalid("bind: gssapi needs keytab");
  if (!settings.password_file.empty()) invalid("password_file is of bind: simple");
  for (const DirectoryServer& server : settings.servers) {
    if (server.is_tls)
      invalid(
          "servers: " + server.uri +
          ": domain controllers refuse Kerberos' own sealing within TLS; write ldap:// with bind: gssapi");
  }
}

}  // namespace

DirectorySettings read_directory_settings(std::string_view text) {
  const json settings = json::parse(text, nullptr, false);
  if (!settings.is_object()) throw Failure(Code::Invalid, "settings: directory must be a mapping");
  DirectorySettings out;
  for (const std::string& uri : texts_in(settings, "servers")) out.servers.push_back(server_of(uri));
  if (out.servers.empty()) invalid("servers names no domain controller");
  const std::string bind = text_in(settings, "bind");
  if (bind != "simple" && bind != "gssapi") invalid("bind must be simple or gssapi");
  out.bind = bind == "simple" ? Bind::Simple : Bind::Gssapi;
  out.user = text_in(settings, "user");
  out.password_file = text_in(settings, "password_file");
  out.keytab = text_in(settings, "keytab");
  out.ca_file = text_in(settings, "ca_file");
  out.base = text_in(settings, "base");
  out.journal = text_in(settings, "journal");
  if (out.journal.empty()) invalid("journal names no file");
  out.suspend_group = text_in(settings, "suspend_group");
  out.protected_accounts = texts_in(settings, "protected");
  out.groups = names_in(settings, "groups");
  const std::string administrators = text_in(settings, "administrators");
  if (!administrators.empty() && administrators != "protected" && administrators != "allowed")
    invalid("administrators must be protected or allowed");
  out.administrators_allowed = administrators == "allowed";
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  out.ticket_lifetime = duration_in(settings, "ticket_lifetime", plugin::Duration{}, seconds(1), hours(240));
  out.groups_every = duration_in(settings, "groups_every", out.groups_every, seconds(1), hours(24));
  out.clock_skew = duration_in(settings, "clock_skew", out.clock_skew, plugin::Duration{}, hours(1));
  out.connect_timeout = std::chrono::duration_cast<milliseconds>(
      duration_in(settings, "connect_timeout", out.connect_timeout, milliseconds(100), seconds(20)));
  out.timeout = std::chrono::duration_cast<milliseconds>(
      duration_in(settings, "timeout", out.timeout, milliseconds(200), seconds(25)));
  check_bind(out);
  return out;
}

std::string read_password(const std::string& file) {
  std::ifstream in(file);
  std::string password;
  if (!std::getline(in, password))
    throw Failure(Code::Failed, "no password can be read from " + file + " (directory.password_file)");
  while (!password.empty() && (password.back() == '\r' || password.back() == ' ')) password.pop_back();
  // An empty one would be an anonymous sign-in, which servers accept.
  if (password.empty()) throw Failure(Code::Failed, "the password in " + file + " is empty");
  return password;
}

}  // namespace curfew::windows
