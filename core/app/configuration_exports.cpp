// Where the ledger is exported to, as it is configured.
#include <algorithm>
#include <initializer_list>
#include <set>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/text.hpp"
#include "core/outlet/event_push.hpp"
#include "core/outlet/export_table.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t most_exports = 16;  // each has a thread and a connection to the database

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

struct Check {
  const Settings& settings;
  const ExportTargetSettings& target;
  std::string path;

  [[noreturn]] void fail(const std::string& key, const std::string& text) const {
    throw error_at(settings.marks, path + (key.empty() ? "" : "." + key), text);
  }
  void has_no(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) {
      if (settings.says(path + "." + key)) fail(key, "an export by " + target.kind + " has no '" + key + "'");
    }
  }

  void events() const {
    std::vector<std::string> known{"all", "default"};
    for (const outlet::ExportRow& row : outlet::export_rows()) {
      known.emplace_back(model::name_of(row.kind));
      known.push_back(outlet::name_of(row));
    }
    const std::vector<std::string_view> words(known.begin(), known.end());
    for (const std::string& event : target.events) {
      if (std::find(known.begin(), known.end(), event) != known.end()) continue;
      const std::string_view near = base::nearest(event, words);
      fail("events", "'" + event + "' is no kind of entry" +
                         (near.empty() ? std::string("; docs/exports.md lists them")
                                       : "; did you mean '" + std::string(near) + "'?"));
    }
  }

  void identity() const {
    if (target.certificate_file.empty() != target.key_file.empty())
      fail("", "'certificate_file' and 'key_file' go together");
  }

  void file() const {
    has_no({"host",       "port",         "tls",         "facility",      "data_id",
            "settle",     "url",          "body",        "index",         "scheme",
            "token_file", "token_env",    "user",        "password_file", "password_env",
            "gzip",       "batch_events", "batch_bytes", "ca_file",       "certificate_file",
            "key_file",   "timeout"});
    if (target.path.empty() || target.path.front() != '/' || target.path.back() == '/')
      fail("path", "an export by file needs a 'path' from the root, such as /var/log/curfew/events.ndjson");
    if (target.keep > 0 && target.rotate_at == 0)
      fail("keep", "says which rotated files stay: give 'rotate_at' too");
  }

  void syslog() const {
    has_no({"path", "rotate_at", "keep", "mode", "url", "body", "index", "scheme", "token_file", "token_env",
            "user", "password_file", "password_env", "gzip", "batch_events", "batch_bytes"});
    if (target.host.empty()) fail("", "an export by syslog needs a 'host'");
    if (!target.tls && !is_loopback_host(target.host))
      fail("tls", "without TLS only this machine may be told: what is exported could be read on the way");
    if (!target.tls && !(target.ca_file.empty() && target.certificate_file.empty()))
      fail("", "certificates are for 'tls: true'");
    // RFC 5424, 6.3.2: a name, '@', and the number of the enterprise that it is of.
    const std::size_t at = target.data_id.find('@');
    const auto is_name_part = [](char c) {
      return c > ' ' && c <= '~' && c != '=' && c != ']' && c != '"' && c != '@';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (at == std::string::npos || at == 0 || at + 1 == target.data_id.size() || target.data_id.size() > 32 ||
        !std::all_of(target.data_id.begin(), target.data_id.begin() + static_cast<std::ptrdiff_t>(at),
                     is_name_part) ||
        !std::all_of(target.data_id.begin() + static_cast<std::ptrdiff_t>(at) + 1, target.data_id.end(),
                     is_digit))
      fail("data_id", "must look like curfew@32473: a name and an enterprise number");
    identity();
  }

  void http() const {
    has_no({"path", "rotate_at", "keep", "mode", "host", "port", "tls", "facility", "data_id", "settle"});
    if (!outlet::is_safe_endpoint(target.url))
      fail("url", "must be https, or http on this machine, without a user");
    const bool has_token = !target.token_file.empty() || !target.token_env.empty();
    const bool has_password = !target.password_file.empty() || !target.password_env.empty();
    if (!target.token_file.empty() && !target.token_env.empty())
      fail("token_env", "give the token by file or by environment variable, not both");
    if (!target.password_file.empty() && !target.password_env.empty())
      fail("password_env", "give the password by file or by environment variable, not both");
    if (has_password == target.user.empty()) fail("user", "a 'user' and a password go together");
    if (has_token && has_password) fail("user", "sign in with a token or as a user, not both");
    if (target.format == "cef" && (target.body == "array" || target.body == "bulk"))
      fail("body", "CEF is no JSON: take 'lines' or 'hec', or another format");
    if (!target.index.empty() && target.body != "bulk") fail("index", "is for 'body: bulk'");
    identity();
  }

  void all() const {
    events();
    if (target.kind == "file") file();
    if (target.kind == "syslog") syslog();
    if (target.kind == "http") http();
  }
};

}  // namespace

void check_exports(const Settings& settings) {
  std::set<std::string> names;
  std::set<std::string> files;
  if (settings.exports.size() > most_exports)
    throw error_at(settings.marks, "exports", "more than " + std::to_string(most_exports) + " exports");
  for (std::size_t i = 0; i < settings.exports.size(); ++i) {
    const Check check{settings, settings.exports[i], "exports[" + std::to_string(i) + "]"};
    if (!is_name(check.target.name))
      check.fail("name", "an export's name must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!names.insert(check.target.name).second)
      check.fail("name", "there are two exports named '" + check.target.name + "'");
    if (!check.target.path.empty() && !files.insert(check.target.path).second)
      check.fail("path", "another export writes this file");
    check.all();
  }
}

}  // namespace curfew::app
