// nginx: `log_format` as it stands in its configuration, its quoted parts joined to one text.
#include <map>
#include <stdexcept>
#include <utility>

#include "plugins/forms/logs/template_format.hpp"

namespace curfew::forms {
namespace {

// ngx_http_log_module's predefined one.
constexpr std::string_view combined =
    R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent")";

const std::map<std::string_view, Slot>& known_variables() {
  static const std::map<std::string_view, Slot> known{{"remote_addr", Slot::Address},
                                                      {"remote_user", Slot::User},
                                                      {"time_local", Slot::TimeClf},
                                                      {"time_iso8601", Slot::TimeAny},
                                                      {"msec", Slot::EpochSeconds},
                                                      {"request", Slot::Request},
                                                      {"request_method", Slot::Method},
                                                      {"request_uri", Slot::Uri},
                                                      {"uri", Slot::Path},
                                                      {"document_uri", Slot::Path},
                                                      {"args", Slot::Query},
                                                      {"query_string", Slot::Query},
                                                      {"status", Slot::Status},
                                                      {"body_bytes_sent", Slot::Bytes},
                                                      {"bytes_sent", Slot::Bytes},
                                                      {"request_time", Slot::Seconds},
                                                      {"http_user_agent", Slot::UserAgent},
                                                      {"host", Slot::Host},
                                                      {"http_host", Slot::Host},
                                                      {"http_cookie", Slot::Cookies},
                                                      {"sent_http_set_cookie", Slot::SetCookies},
                                                      {"upstream_http_set_cookie", Slot::SetCookies},
                                                      {"sent_http_location", Slot::Location},
                                                      {"upstream_http_location", Slot::Location}};
  return known;
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::unique_ptr<LogFormat> make_nginx_format(const FormatSettings& settings) {
  const std::string_view text = settings.log_format.empty() || settings.log_format == "combined"
                                    ? combined
                                    : std::string_view(settings.log_format);
  if (!settings.escape.empty() && settings.escape != "default" && settings.escape != "json" &&
      settings.escape != "none")
    throw std::invalid_argument("settings: format.escape must be default, json or none");
  std::vector<TemplatePiece> pieces;
  std::string before;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      before += text[i++];
      continue;
    }
    ++i;
    std::string name;
    if (i < text.size() && text[i] == '{') {
      const auto end = text.find('}', i);
      if (end == std::string_view::npos)
        throw std::invalid_argument("settings: format.log_format: a ${ without its }");
      name = text.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      while (i < text.size() && is_name(text[i])) name += text[i++];
    }
    if (name.empty()) throw std::invalid_argument("settings: format.log_format: a $ without a name");
    TemplatePiece piece{std::exchange(before, {}), Slot::Field, name, {}};
    if (const auto known = known_variables().find(name); known != known_variables().end()) {
      piece.slot = known->second;
    } else if (name.starts_with("cookie_")) {
      piece.slot = Slot::OneCookie;
      piece.name = name.substr(7);
    }
    pieces.push_back(std::move(piece));
  }
  const Escape escape = settings.escape == "none" ? Escape::None : Escape::Backslash;
  return std::make_unique<TemplateFormat>(std::move(pieces), std::move(before), escape, settings.line);
}

}  // namespace curfew::forms
