#include "core/app/configuration.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/api/gate_paths.hpp"
#include "core/app/configuration_table.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "core/model/credential_rules.hpp"

namespace curfew::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string index_path(const char* list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" || address == "[::1]" || address.starts_with("127.");
}

class Check {
 public:
  explicit Check(const Settings& settings) : settings_(settings) {
    for (const SourceSettings& source : settings.sources) sources_.emplace_back(source.name);
  }

  void all() {
    check_top();
    check_sources();
    check_groups();
    check_links();
    // The defaults have no place in a file, and need no check.
    for (std::size_t i = 0; settings_.says("policies") && i < settings_.policies.size(); ++i) check_policy(i);
    check_safety();
    check_tokens();
    check_notifications(settings_);
    check_shared_signals(settings_);
    check_exports(settings_);
    check_reports(settings_);
    check_listener("listeners.operator", settings_.listeners.operator_listener);
    check_listener("listeners.sources", settings_.listeners.sources);
    check_gates();
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& text) const {
    throw error_at(settings_.marks, path, text);
  }

  void check_top() const {
    if (!is_name(settings_.realm)) fail("realm", "realm must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!settings_.node.empty() && !is_name(settings_.node))
      fail("node", "node must be 1 to 64 letters, digits, '-', '_' or '.'");
    const DatabaseSettings& database = settings_.database;
    if (!database.password_file.empty() && !database.password_env.empty())
      fail("database.password_env", "give the password by file or by environment variable, not both");
    if (database.url.empty() && !(database.password_file.empty() && database.password_env.empty()))
      fail("database", "a password without 'url': the embedded database makes its own");
    const std::size_t scheme = database.url.find("://");
    if (scheme != std::string::npos) {
      const std::size_t at = database.url.find('@', scheme + 3);
      const std::size_t colon = database.url.find(':', scheme + 3);
      if (at != std::string::npos && colon < at)
        fail("database.url", "the URL holds a password; put it into a file and name that in 'password_file'");
    }
    if (database.url.find("password=") != std::string::npos)
      fail("database.url", "the URL holds a password; put it into a file and name that in 'password_file'");
    if (!settings_.ledger.outside_checkpoints.empty()) {
      const fs::path outside = fs::weakly_canonical(settings_.ledger.outside_checkpoints);
      const fs::path data = fs::weakly_canonical(settings_.data);
      const auto [end, rest] = std::mismatch(data.begin(), data.end(), outside.begin(), outside.end());
      if (end == data.end())
        fail("ledger.outside_checkpoints",
             "the file must be outside the data directory " + data.string() +
                 ": who can rewrite the ledger must not be able to rewrite its witness");
    }
  }

  void known_source(const std::string& name, const std::string& path) const {
    if (std::find(sources_.begin(), sources_.end(), name) != sources_.end()) return;
    const std::string_view near = base::nearest(name, sources_);
    fail(path, "there is no source " + in_quotes(name) +
                   (near.empty() ? std::string{} : "; did you mean " + in_quotes(near) + "?"));
  }

  void check_sources() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < settings_.sources.size(); ++i) {
      const SourceSettings& source = settings_.sources[i];
      const std::string path = index_path("sources", i);
      if (!is_name(source.name))
        fail(path + ".name", "a source's name must be 1 to 64 letters, digits, '-', '_' or '.'");
      if (!names.insert(source.name).second)
        fail(path + ".name", "there are two sources named " + in_quotes(source.name));
      if (source.connector.empty() && !source.ingest)
        fail(path, "source " + in_quotes(source.name) +
                       " has no 'connector'; name one, or write 'ingest: true' if observations are pushed");
      if (!source.realm.empty() && source.realm != settings_.realm)
        fail(path + ".realm", "this file is realm " + in_quotes(settings_.realm) + "; a source of realm " +
                                  in_quotes(source.realm) +
                                  " belongs into the configuration of a node of its own");
      check_time(source, path);
      for (const std::string& other : source.acts_through) known_source(other, path + ".acts_through");
      for (const std::string& other : source.shows_activity_of)
        known_source(other, path + ".shows_activity_of");
      for (const std::string& group : source.tells_groups) add_group(group, path + ".tells_groups");
      for (const std::string& open : source.open_paths) {
        if (!open.starts_with('/') || open.size() > 256 || open.find_first_of("?#%") != std::string::npos)
          fail(path + ".open_paths", in_quotes(open) + " must be a path such as /back-channel-logout");
      }
    }
  }

  void check_groups() {
    for (std::size_t i = 0; i < settings_.groups.size(); ++i) {
      const GroupSettings& group = settings_.groups[i];
      const std::string path = index_path("groups", i);
      add_group(group.name, path + ".name");
      if (group.members.empty() == group.members_file.empty())
        fail(path, "group " + in_quotes(group.name) + " needs either members or members_file");
      for (const std::string& member : group.members) {
        if (!is_identifier(member))
          fail(path + ".members", in_quotes(member) + " must be namespace:value, like upn:alice@corp.test");
      }
    }
  }

  // Two that tell one group would overwrite each other.
  void add_group(const std::string& name, const std::string& path) {
    if (name.empty() || name.size() > 256) fail(path, "a group's name must be 1 to 256 bytes");
    if (!groups_.insert(name).second)
      fail(path,
           "the members of group " + in_quotes(name) + " are told twice; give one of them another name");
  }

  void known_group(const std::string& name, const std::string& path) const {
    if (groups_.contains(name)) return;
    const std::vector<std::string_view> names(groups_.begin(), groups_.end());
    const std::string_view near = base::nearest(name, names);
    fail(path, "nobody tells the members of group " + in_quotes(name) +
                   (near.empty() ? "; name it in 'groups', or in 'tells_groups' of a source"
                                 : "; did you mean " + in_quotes(near) + "?"));
  }

  // The engine has one time: docs/decisions/2026-11-22-event-time.md.
  void check_time(const SourceSettings& source, const std::string& path) const {
    if (source.time != SourceTime::Event) return;
    if (settings_.sources.size() > 1 || !settings_.gates.empty())
      fail(path + ".time",
           "a source that is judged by event time is the only one of its configuration, without "
           "gates; give it a configuration and a data directory of its own");
    if (source.connector.empty())
      fail(path + ".time",
           "observations that are pushed without a connector state no progress of their time; "
           "name a connector, or audit a file of them");
    for (std::size_t i = 0; i < settings_.policies.size(); ++i) {
      if (settings_.policies[i].mode == model::PolicyMode::Enforce)
        fail(index_path("policies", i) + ".mode",
             "what is judged by event time is history, and nobody is signed out for it; write 'mode: "
             "observe', or "
             "'time: arrival' at the source");
    }
  }

  void check_links() const {
    for (std::size_t i = 0; i < settings_.links.aliases.size(); ++i) {
      const AliasLink& alias = settings_.links.aliases[i];
      const std::string path = "links." + index_path("aliases", i);
      if (!is_identifier(alias.from))
        fail(path + ".from", "must be namespace:value, like upn:alice@corp.test");
      if (!is_identifier(alias.to)) fail(path + ".to", "must be namespace:value, like upn:alice@corp.test");
    }
  }

  void check_scope(const model::Scope& scope, const std::string& path) const {
    for (const std::string& source : scope.sources) known_source(source, path + ".sources");
    for (const std::string& group : scope.groups) known_group(group, path + ".groups");
    for (const std::string& subject : scope.subjects) {
      if (!is_identifier(subject))
        fail(path + ".subjects", in_quotes(subject) + " must be namespace:value, like upn:alice@corp.test");
    }
  }

  void check_policy(std::size_t index) {
    const model::Policy& policy = settings_.policies[index];
    const std::string path = index_path("policies", index);
    if (!is_name(policy.name))
      fail(path + ".name", "a policy's name must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!policy_names_.insert(policy.name).second)
      fail(path + ".name", "there are two policies named " + in_quotes(policy.name));
    check_scope(policy.scope, path + ".scope");
    check_scope(policy.except, path + ".except");
    check_limits(settings_, index);
    if (!policy.warn_by.empty() && policy.warn_before <= Duration(0))
      fail(path + ".warn_by",
           "there is no warning to tell of: say how long before the limit in 'warn_before'");
    for (const std::string& channel : policy.warn_by) {
      if (!is_channel(settings_, channel))
        fail(path + ".warn_by",
             "there is no notification named " + in_quotes(channel) + "; add it to 'notifications'");
    }
    for (std::size_t i = 0; i < policy.ladder.size(); ++i) {
      const std::string step = path + "." + index_path("ladder", i);
      const model::LadderStep& rung = policy.ladder[i];
      if (is_channel(settings_, rung.at)) {
        if (rung.action != model::Action::Notify)
          fail(step + ".at", in_quotes(rung.at) + " is a notification: it can 'notify' and nothing else");
      } else if (!rung.at.empty()) {
        known_source(rung.at, step + ".at");
      }
      if (i == 0 && policy.ladder[i].together)
        fail(step + ".together", "the first step has none before it to run with");
    }
    if (policy.mode == model::PolicyMode::Enforce) check_enforce(policy, path);
  }

  void check_enforce(const model::Policy& policy, const std::string& path) const {
    const std::string who = "policy " + in_quotes(policy.name) + " enforces: ";
    if (policy.ladder.empty()) fail(path + ".mode", who + "it needs a 'ladder' with at least one step");
    if (settings_.safety.protected_accounts.empty())
      fail(path + ".mode",
           who + "name at least one account in safety.protected_accounts that is never signed out (yours)");
    if (settings_.safety.most_sign_outs_per_minute == 0)
      fail(path + ".mode",
           who + "set safety.most_sign_outs_per_minute, so that a wrong rule can't sign out everybody");
  }

  void check_safety() const {
    for (const std::string& account : settings_.safety.protected_accounts) {
      if (!is_identifier(account))
        fail("safety.protected_accounts",
             in_quotes(account) + " must be namespace:value, like upn:admin@corp.test");
    }
  }

  void check_tokens() const {
    std::set<std::string> names;
    for (std::size_t i = 0; i < settings_.tokens.size(); ++i) {
      const TokenSettings& token = settings_.tokens[i];
      const std::string path = index_path("tokens", i);
      if (token.name == "policy")
        fail(path + ".name", "'policy' is who policies' orders are by; take another name");
      if (!names.insert(token.name).second)
        fail(path + ".name", "there are two tokens named " + in_quotes(token.name));
      const int ways = static_cast<int>(!token.token_file.empty()) +
                       static_cast<int>(!token.token_env.empty()) + static_cast<int>(!token.sha256.empty());
      if (ways != 1)
        fail(path, "token " + in_quotes(token.name) + " needs one of token_file, token_env, sha256");
      if (token.create && token.token_file.empty()) fail(path + ".create", "only a token_file can be made");
      if (!token.sha256.empty()) {
        const auto digest = base::from_hex(token.sha256);
        if (!digest || digest->size() != 32) fail(path + ".sha256", "must be 64 hex digits");
      }
    }
  }

  void check_listener(const std::string& path, const ListenerSettings& listener) const {
    if (listener.tls_certificate.empty() != listener.tls_key.empty())
      fail(path, "TLS needs both tls_certificate and tls_key");
    const bool tls = !listener.tls_certificate.empty();
    if (!tls && !listener.tls_client_ca.empty())
      fail(path + ".tls_client_ca", "client certificates need TLS: give tls_certificate and tls_key too");
    if (!tls && listener.port != 0 && !listener.plain_beyond_loopback && !is_loopback(listener.address))
      fail(path + ".address",
           in_quotes(listener.address) +
               " can be reached by others, who would read the tokens: give tls_certificate and "
               "tls_key, or, behind a proxy that has TLS, plain_beyond_loopback: true");
  }

  // What the gate's own parts refuse, at the place of the text.
  template <typename Make>
  void check_each(const std::string& path, const std::vector<std::string>& texts, Make make) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      try {
        make(texts[i]);
      } catch (const Error& error) {
        fail(path, error.what());
      }
    }
  }

  void check_gates() const {
    std::set<std::string> names;
    std::set<std::pair<std::string, std::uint32_t>> taken;
    for (const ListenerSettings* listener :
         {&settings_.listeners.operator_listener, &settings_.listeners.sources}) {
      if (listener->port != 0 && !taken.emplace(listener->address, listener->port).second)
        fail("listeners.sources.port", "another listener has this address and port");
    }
    for (std::size_t i = 0; i < settings_.gates.size(); ++i) {
      const GateSettings& gate = settings_.gates[i];
      const std::string path = index_path("gates", i);
      if (!is_name(gate.name))
        fail(path + ".name", "a gate's name must be 1 to 64 letters, digits, '-', '_' or '.'");
      if (!names.insert(gate.name).second)
        fail(path + ".name", "there are two gates named " + in_quotes(gate.name));
      if (std::find(sources_.begin(), sources_.end(), gate.name) != sources_.end())
        fail(path + ".name", "a source is named " + in_quotes(gate.name) + " already");
      known_source(gate.guards, path + ".guards");
      if (gate.listener.port == 0) fail(path + ".listener.port", "a gate needs a port");
      if (!taken.emplace(gate.listener.address, gate.listener.port).second)
        fail(path + ".listener.port", "another listener has this address and port");
      check_listener(path + ".listener", gate.listener);
      check_gate_texts(gate, path);
    }
  }

  void check_gate_texts(const GateSettings& gate, const std::string& path) const {
    const auto is_path = [](const std::string& text) { (void)api::PathSet({text}); };
    check_each(path + ".public_paths", gate.public_paths, is_path);
    check_each(path + ".machine_paths", gate.machine_paths, is_path);
    check_each(path + ".proxies", gate.proxies,
               [](const std::string& text) { (void)api::AddressSet({text}); });
    for (const std::string& header : gate.machine_headers) {
      if (!model::is_token(base::trim(std::string_view(header).substr(0, header.find(':')))))
        fail(path + ".machine_headers",
             in_quotes(header) + " is no header: write x-poll, or x-requested-with: background");
    }
    const bool is_local = gate.sign_in.starts_with('/') && !gate.sign_in.starts_with("//");
    if (!is_local && !gate.sign_in.starts_with("https://") && !gate.sign_in.starts_with("http://"))
      fail(path + ".sign_in", "must be a path such as /login, or an http(s) URL");
    if (api::plain_path(gate.pages) != gate.pages || !gate.pages.ends_with('/') ||
        gate.pages.find_first_of(" \"'<>") != std::string::npos)
      fail(path + ".pages", "must be a path that ends in '/', such as /curfew/");
    if (!model::is_token(gate.warning_header)) fail(path + ".warning_header", "is no name of a header");
    const auto is_plain = [](const std::string& text) {
      return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != ';'; });
    };
    if (!gate.cookie_path.starts_with('/') || !is_plain(gate.cookie_path))
      fail(path + ".cookie_path", "must be a path such as /");
    if (!is_plain(gate.cookie_domain)) fail(path + ".cookie_domain", "must be a domain such as corp.test");
  }

  const Settings& settings_;
  std::vector<std::string_view> sources_;
  std::set<std::string> policy_names_;
  std::set<std::string, std::less<>> groups_;
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || !text)
    throw Error(ErrorKind::Configuration,
                path.string() + ": can't be read; does it exist, and may " + "this user read it?");
  return std::move(text).str();
}

void finish(Settings& settings) {
  if (!settings.says("policies")) settings.policies = default_policies();
  settle_policies(settings);
  Check(settings).all();
  if (settings.node.empty()) {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) settings.node = name.data();
    if (!is_name(settings.node)) settings.node = "node";
  }
}

}  // namespace

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_identifier(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size();
}

Settings parse_configuration(const std::string& name, std::string_view text) {
  Settings settings;
  settings.files.push_back(name);
  read_yaml(name, text, configuration_table(), &settings, settings.marks);
  finish(settings);
  return settings;
}

Settings load_configuration(const std::string& path) {
  Settings settings;
  std::vector<fs::path> files{path};
  const fs::path folder = fs::path(path).parent_path() / "conf.d";
  std::error_code error;
  if (fs::is_directory(folder, error)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    std::sort(files.begin() + 1, files.end());
  }
  for (const fs::path& file : files) {
    if (fs::is_directory(file, error))
      throw Error(ErrorKind::Configuration, file.string() + ": is a folder; name the file");
    settings.files.push_back(file.string());
    read_yaml(file.string(), read_file(file), configuration_table(), &settings, settings.marks);
  }
  finish(settings);
  return settings;
}

std::vector<model::Policy> default_policies() {
  std::vector<model::Policy> policies;
  const auto add = [&](const char* name, model::Rule rule) -> model::Policy& {
    model::Policy& policy = policies.emplace_back();
    policy.name = name;
    policy.rule = rule;
    policy.scope.account_types = {model::AccountType::Human, model::AccountType::Unknown};
    return policy;
  };
  // The strictest figures that common frameworks agree on; each may be set otherwise.
  model::Policy& absolute = add("default-session-timeout", model::Rule::SessionTimeout);
  absolute.limit = hours(12);
  absolute.controls = {"nist-800-53:ac-12"};
  model::Policy& idle = add("default-inactivity-timeout", model::Rule::InactivityTimeout);
  idle.limit = minutes(15);
  idle.controls = {"nist-800-53:ac-11", "pci-dss:8.2.8"};
  model::Policy& concurrent = add("default-concurrent-sessions", model::Rule::ConcurrentSessions);
  concurrent.most = 2;  // a desk, and something reached from it
  // A share that is opened, a page that is fetched: network logons say where a person's programs are.
  concurrent.scope.sign_ins = {model::Interactivity::Unknown, model::Interactivity::Interactive};
  concurrent.controls = {"nist-800-53:ac-10"};
  model::Policy& failed = add("default-failed-sign-ins", model::Rule::FailedSignIns);
  failed.most = 5;
  failed.window = minutes(15);
  failed.controls = {"nist-800-53:ac-7"};
  add("default-activity-after-end", model::Rule::ActivityAfterEnd).controls = {"nist-800-53:ac-12"};
  return policies;
}

std::string default_plugin_directory() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return "/usr/lib/curfew/plugins";
  return (program.parent_path().parent_path() / "lib" / "curfew" / "plugins").string();
}

std::string plugin_path(const Settings& settings, const std::string& connector) {
  if (connector.find('/') != std::string::npos) return connector;
  const fs::path folder = settings.plugins.empty() ? default_plugin_directory() : settings.plugins;
  return (folder / (connector + ".so")).string();
}

}  // namespace curfew::app
