// `curfew serve`. Start order: configuration, addresses, embedded database; root is left; plugins, recovery,
// engine and writer, sources, transmitter, exports, posture, listeners, scheduled reports; then ready. Stop
// order: reports, posture, transmitter, listeners, exports, sources, actions, engine (what is queued), writer
// (with a snapshot), database.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/api/routes.hpp"
#include "core/api/server.hpp"
#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/commit_listeners.hpp"
#include "core/app/configuration_table.hpp"
#include "core/app/connectors.hpp"
#include "core/app/database.hpp"
#include "core/app/exports.hpp"
#include "core/app/listener.hpp"
#include "core/app/pipeline.hpp"
#include "core/app/posture_watch.hpp"
#include "core/app/readers.hpp"
#include "core/app/report_ground.hpp"
#include "core/app/report_listing.hpp"
#include "core/app/services.hpp"
#include "core/app/shared_signals.hpp"
#include "core/app/signals.hpp"
#include "core/app/system_user.hpp"
#include "core/app/systemd_notice.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration drain_limit = seconds(20);
constexpr Duration revive_interval = seconds(5);  // a server that ends at once is not started in a loop

// For its owner alone: the process's umask takes everybody else's rights away.
void create_token(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  std::ofstream out(path);
  out << api::new_token_text() << '\n';
  out.close();
  if (!out) throw Error(ErrorKind::Configuration, path + ": the new token can't be written");
}

api::Tokens tokens_of(const Settings& settings) {
  std::vector<api::Token> tokens;
  for (std::size_t i = 0; i < settings.tokens.size(); ++i) {
    const TokenSettings& token = settings.tokens[i];
    if (token.create && !std::filesystem::exists(token.token_file)) create_token(token.token_file);
    std::string digest = token.sha256;
    if (digest.empty())
      digest = base::to_hex(api::hash_of(
          read_secret(settings, "tokens[" + std::to_string(i) + "]", token.token_file, token.token_env)));
    tokens.push_back(api::parse_token(token.name, {token.role}, digest, token.sources));
  }
  return api::Tokens(std::move(tokens));
}

// What Pipeline::reload and Daemon::reload take over.
bool is_reloaded(std::string_view key) {
  return key.starts_with("policies[") || key.starts_with("groups[") || key.starts_with("safety.") ||
         key.starts_with("notifications[") || key == "version" || key == "clock_jump" || key == "log.level";
}

class Daemon {
 public:
  explicit Daemon(const ServeOptions& options)
      : options_(options),
        settings_(load_configuration(options.config)),
        log_(log_level(settings_.log.level)) {
    find_connectors(settings_);
  }

  int run(const Signals& signals) {
    start();
    systemd_.say("READY=1\nSTATUS=watching " + std::to_string(settings_.sources.size()) + " sources");
    say_where();
    bool stopping = false;
    while (!stopping && !pipeline_->failure()) {
      switch (signals.wait(milliseconds(500))) {
        case SIGTERM:
        case SIGINT:
          stopping = true;
          break;
        case SIGHUP:
          reload();
          break;
        default:
          break;
      }
      revive_database();
      if (transmitter_) transmitter_->look_at_keys();
      // A pipeline that failed must not look alive.
      if (systemd_.watchdog_is_due()) systemd_.say("WATCHDOG=1");
    }
    systemd_.say("STOPPING=1");
    const auto failure = pipeline_->failure();
    stop();
    if (failure) throw Error(ErrorKind::Internal, *failure);
    return exit_ok;
  }

 private:
  void start() {
    prepare();
    capabilities_ = describe_connectors(settings_);
    check_sources(settings_, capabilities_);
    // The embedded one needed root.
    if (!database_) database_.emplace(open_database(settings_, log_));
    readers_.emplace(database_->connection());
    PipelineOptions options;
    options.settings = settings_;
    options.capabilities = capabilities_;
    options.database = database_->connection();
    options.metrics = &registry_;
    options.gates = &*gates_;
    options.on_commit = [this](const Batch& batch) {
      publisher_.committed(batch);
      commits_.tell();
    };
    pipeline_.emplace(std::move(options), log_);
    pipeline_->start();
    services_ = make_services(*pipeline_, *readers_, registry_, capabilities_);
    services_.scheduled_reports = [this] { return scheduled_reports(settings_, *readers_); };
    transmitter_ =
        make_transmitter(settings_, database_->connection(), *pipeline_, *readers_, registry_, log_);
    if (transmitter_) {
      services_.shared_signals = [this](const outlet::Question& question) {
        return transmitter_->answer(question);
      };
      transmitter_->start();
      transmitter_listens_ = commits_.listen([this] { transmitter_->committed(); });
    }
    exports_.emplace(settings_, database_->connection(), *pipeline_, *readers_, registry_, log_);
    exports_->start();
    exports_listen_ = commits_.listen([this] { exports_->committed(); });
    posture_ = std::make_unique<PostureWatch>(settings_.posture, settings_.data + "/posture.json",
                                              database_->connection(), registry_, log_);
    posture_->start();
    const auto listen = [&](Listener& listener, const char* name, auto routes) {
      if (!listener.server) return;
      registry_.histogram(metrics::http_seconds, {name});
      listener.server->start(api::Dispatcher(
          routes(), tokens_of(settings_), {}, [this](std::string_view text) { log_.warning(text); },
          [this, name](std::string_view route, int status, std::chrono::duration<double> took) {
            registry_.counter(metrics::http_requests, {name, route, std::to_string(status)}).add();
            registry_.histogram(metrics::http_seconds, {name}).observe(took.count());
          }));
    };
    // Last who says that all are ready.
    listen(sources_, "sources", [&] { return api::source_routes(services_); });
    listen(operator_, "operator", [&] { return api::operator_routes(services_, broadcast_); });
    reports_ =
        make_scheduled_reports(settings_, database_->connection(), *pipeline_, *readers_, registry_, log_);
    if (reports_) reports_->start();
    log_.info("ready", {{"version", CURFEW_VERSION}});
  }

  // All that may need root; without it, the same.
  void prepare() {
    const std::optional<store::Identity> user = daemon_user();
    make_data_directory();
    if (user) {
      hand_over_folder(settings_.data, *user);
      if (!settings_.ledger.outside_checkpoints.empty())
        create_file_for(settings_.ledger.outside_checkpoints, *user);
      for (const ExportTargetSettings& target : settings_.exports) {
        if (target.kind == "file") create_file_for(target.path, *user);
      }
    }
    operator_.take("operator", settings_.listeners.operator_listener, settings_, &registry_, log_);
    sources_.take("sources", settings_.listeners.sources, settings_, &registry_, log_);
    gates_.emplace(settings_, &registry_, log_);
    gates_->bind();
    if (settings_.database.url.empty()) database_.emplace(open_database(settings_, log_));
    if (!user) return;
    leave_root(*user);
    log_.info("root is left", {{"user", user->name}});
    for (const std::string& file : settings_.files) {
      if (::access(file.c_str(), R_OK) != 0)
        log_.warning("the configuration can't be read again at SIGHUP, only at a start",
                     {{"file", file}, {"user", user->name}, {"reason", std::strerror(errno)}});
    }
  }

  void stop() {
    log_.info("stopping");
    broadcast_.close();
    if (reports_) reports_->stop();
    if (posture_) posture_->stop();
    if (transmitter_) transmitter_->stop();  // polls that wait return
    for (Listener* listener : {&operator_, &sources_}) {
      if (listener->server) listener->server->stop();
    }
    if (exports_) exports_->stop();  // before what it records names with
    pipeline_->stop(drain_limit);
    database_->stop();
    log_.info("stopped");
  }

  // The embedded server's own death is no reason for ours: what was sealed waits until it is back.
  void revive_database() {
    const auto now = std::chrono::steady_clock::now();
    if (now - revived_ < revive_interval) return;
    try {
      if (!database_->revive()) return;
      log_.warning("the embedded database had ended by itself; it was started again");
    } catch (const Error& error) {
      log_.error("the embedded database has ended and can't be started", {{"reason", error.what()}});
    }
    revived_ = now;
  }

  // Parsed and checked first; whatever is wrong leaves the old configuration in force.
  void reload() {
    try {
      const Settings settings = load_configuration(options_.config);
      const Capabilities capabilities = describe_connectors(settings);
      check_sources(settings, capabilities);
      systemd_.say("RELOADING=1");
      pipeline_->reload(settings, capabilities_);
      log_.set_least(log_level(settings.log.level));
      operator_.reload(settings_, log_);
      sources_.reload(settings_, log_);
      gates_->reload(log_);
      log_.info("configuration reloaded: policies, safety, notifications, log level and certificates");
      // Against what runs, so that it is said at each reload until the restart.
      for (const std::string& key : changed_keys(settings_, settings)) {
        if (!is_reloaded(key))
          log_.warning("changed in the configuration, in force after a restart", {{"key", key}});
      }
    } catch (const Error& error) {
      log_.error("the new configuration is wrong; the old one stays in force", {{"reason", error.what()}});
    }
    systemd_.say("READY=1");
  }

  void make_data_directory() const {
    // Others may pass through, as the embedded database runs as a user of its own, and see nothing: what lies
    // inside is private by the umask.
    std::error_code error;
    std::filesystem::path made;
    for (const std::filesystem::path& part : std::filesystem::absolute(settings_.data).lexically_normal()) {
      made /= part;
      if (std::filesystem::create_directory(made, error) && !error)
        std::filesystem::permissions(made, std::filesystem::perms(0711), error);
      if (error)
        throw Error(ErrorKind::Configuration, made.string() + ": can't be made: " + error.message() +
                                                  "; set 'data' to a folder that this user may write");
    }
  }

  void say_where() const {
    if (settings_.listeners.operator_listener.port == 0) return;
    const std::string at =
        (operator_.tls ? "https://" : "http://") + address_of(settings_.listeners.operator_listener);
    std::printf("API:     %s/api/v1/sessions\nMetrics: %s/metrics\nHealth:  %s/readyz\n", at.c_str(),
                at.c_str(), at.c_str());
    for (const TokenSettings& token : settings_.tokens) {
      if (!token.token_file.empty())
        std::printf(
            "Token '%s' (%s) is in %s, for instance:\n  curl -H \"Authorization: Bearer $(cat %s)\" "
            "%s/api/v1/violations\n",
            token.name.c_str(), token.role.c_str(), token.token_file.c_str(), token.token_file.c_str(),
            at.c_str());
    }
    std::fflush(stdout);
  }

  ServeOptions options_;
  Settings settings_;
  Log log_;
  Capabilities capabilities_;
  SystemdNotice systemd_;
  metrics::Registry registry_;
  api::Broadcast broadcast_;
  Publisher publisher_{registry_, broadcast_, base::wall_clock_now()};
  CommitListeners commits_;  // before the pipeline, whose writer tells them
  std::optional<Database> database_;
  std::optional<Readers> readers_;
  std::optional<Gates> gates_;
  std::optional<Pipeline> pipeline_;
  std::unique_ptr<outlet::Transmitter> transmitter_;                 // none: nothing is transmitted
  std::unique_ptr<CommitListeners::Listening> transmitter_listens_;  // behind it, so that it ends first
  std::optional<Exports> exports_;
  std::unique_ptr<CommitListeners::Listening> exports_listen_;  // likewise
  std::unique_ptr<ScheduledReports> reports_;                   // none: no report is scheduled
  std::unique_ptr<PostureWatch> posture_;
  api::Services services_;
  std::chrono::steady_clock::time_point revived_{};
  Listener operator_;
  Listener sources_;
};

}  // namespace

int serve(const ServeOptions& options) {
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose other end is gone
  const Signals signals({SIGTERM, SIGINT, SIGHUP});
  return Daemon(options).run(signals);
}

}  // namespace curfew::app
