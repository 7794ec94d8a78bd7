#include <algorithm>

#include "plugins/forms/stores/sql_connection.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::forms {

Statement::Statement(std::string_view text, const std::string& setting, Marks marks) : setting_(setting) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{') {
      const std::size_t end = text.find('}', i);
      const std::string_view name = end == std::string_view::npos ? "" : text.substr(i + 1, end - i - 1);
      if (name != "session" && name != "subject")
        web::invalid(setting + ": only {session} and {subject} can stand in braces");
      if (quote != 0)
        web::invalid(setting + ": {" + std::string(name) +
                     "} stands within quotes; write it without them: it is a parameter, not text");
      places_.push_back(name == "session" ? Place::Session : Place::Subject);
      text_ += marks == Marks::Dollars ? "$" + std::to_string(places_.size()) : "?";
      i = end;
      continue;
    }
    if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (c == '\'' || c == '"' || c == '`')
      quote = c;
    text_ += c;
  }
  if (quote != 0) web::invalid(setting + ": a quote is not closed");
}

bool Statement::uses_session() const {
  return std::find(places_.begin(), places_.end(), Place::Session) != places_.end();
}

bool Statement::uses_subject() const {
  return std::find(places_.begin(), places_.end(), Place::Subject) != places_.end();
}

std::vector<std::string_view> Statement::parameters(const SessionName& name) const {
  std::vector<std::string_view> out;
  for (const Place place : places_) out.emplace_back(place == Place::Session ? name.id : name.subject);
  return out;
}

std::optional<std::string_view> Row::find(std::string_view column) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == column && values[i]) return *values[i];
  }
  return std::nullopt;
}

std::string trusted_cas(const SqlServer& server) {
  return server.tls.ca.empty() ? "/etc/ssl/certs/ca-certificates.crt" : server.tls.ca;
}

std::string scrubbed(std::string message, const std::vector<std::string_view>& secrets) {
  for (const std::string_view secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = message.find(secret, at)) != std::string::npos; at += 3)
      message.replace(at, secret.size(), "...");
  }
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, ' ');
  constexpr std::size_t longest = 200;
  if (message.size() > longest) message.resize(longest);
  while (!message.empty() && message.back() == ' ') message.pop_back();
  return message;
}

}  // namespace curfew::forms
