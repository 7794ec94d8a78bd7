#include "core/app/exports.hpp"

#include <utility>

#include "core/app/configuration.hpp"
#include "core/app/services.hpp"
#include "core/base/digest.hpp"

namespace curfew::app {
namespace {

std::string authorization_of(const Settings& settings, std::size_t index) {
  const ExportTargetSettings& said = settings.exports[index];
  const std::string at = "exports[" + std::to_string(index) + "].";
  if (!said.token_file.empty() || !said.token_env.empty())
    return said.scheme + " " + read_secret(settings, at + "token_file", said.token_file, said.token_env);
  if (said.user.empty()) return {};
  return "Basic " +
         base::to_base64(said.user + ":" +
                         read_secret(settings, at + "password_file", said.password_file, said.password_env));
}

outlet::MakeSink file_of(const ExportTargetSettings& said, Log& log) {
  return [said, &log](const std::string& state, std::function<void(const std::string&)> save) {
    outlet::FileSinkSettings file;
    file.path = said.path;
    file.rotate_bytes = std::uint64_t{said.rotate_at} * 1024 * 1024;
    file.keep = said.keep;
    file.mode = said.mode == "0600" ? 0600 : said.mode == "0644" ? 0644 : 0640;
    file.warn = [&log](const std::string& text) { log.warning(text); };
    file.save = std::move(save);
    return outlet::make_file_sink(std::move(file), state);
  };
}

outlet::MakeSink syslog_of(const ExportTargetSettings& said, const std::string& hostname) {
  return [said, hostname](const std::string&, const std::function<void(const std::string&)>&) {
    outlet::SyslogSinkSettings syslog;
    syslog.host = said.host;
    syslog.port = static_cast<std::uint16_t>(said.port != 0 ? said.port : said.tls ? 6514 : 514);
    syslog.tls = said.tls;
    syslog.identity = {said.ca_file, said.certificate_file, said.key_file};
    syslog.hostname = hostname;
    syslog.data_id = said.data_id;
    syslog.facility = said.facility;
    syslog.settle = said.settle;
    syslog.timeout = said.timeout;
    return outlet::make_syslog_sink(std::move(syslog));
  };
}

outlet::MakeSink http_of(const ExportTargetSettings& said, const std::string& authorization,
                         const std::string& hostname) {
  return [said, authorization, hostname](const std::string&, const std::function<void(const std::string&)>&) {
    outlet::HttpSinkSettings http;
    http.url = said.url;
    http.body = model::parse<outlet::HttpBody>(said.body).value_or(outlet::HttpBody::Lines);
    http.authorization = authorization;
    http.identity = {said.ca_file, said.certificate_file, said.key_file};
    http.gzip = said.gzip;
    http.batch_events = said.batch_events;
    http.batch_bytes = said.batch_bytes;
    http.timeout = said.timeout;
    http.hostname = hostname;
    http.index = said.index;
    http.now = base::wall_clock_now;
    return outlet::make_http_sink(std::move(http));
  };
}

}  // namespace

outlet::Ground ground_of(const Settings& settings, const store::ConnectionInfo& database, Readers& readers,
                         metrics::Registry& registry, Log& log) {
  outlet::Ground ground;
  ground.realm = settings.realm;
  ground.database = database;
  ground.with_store = [&readers](const std::function<void(store::Store&)>& read) {
    (void)readers.with([&](store::Store& store) {
      read(store);
      return true;
    });
  };
  ground.now = base::wall_clock_now;
  ground.log = [&log](outlet::Severity severity, const std::string& text) {
    log.write(severity == outlet::Severity::Warning ? LogLevel::Warning : LogLevel::Info, text);
  };
  ground.metrics = &registry;
  return ground;
}

Exports::Exports(const Settings& settings, const store::ConnectionInfo& database, Pipeline& pipeline,
                 Readers& readers, metrics::Registry& registry, Log& log)
    : ground_(ground_of(settings, database, readers, registry, log)) {
  for (std::size_t i = 0; i < settings.exports.size(); ++i) {
    const ExportTargetSettings& said = settings.exports[i];
    outlet::ExportSettings made;
    made.name = said.name;
    made.format = model::parse<outlet::ExportFormat>(said.format).value_or(outlet::ExportFormat::Ndjson);
    made.kinds = said.events;
    made.from_beginning = said.start == "beginning";
    made.names = said.names;
    made.most_entries = said.kind == "http" ? said.batch_events : 5'000;
    const outlet::MakeSink make_sink = said.kind == "file" ? file_of(said, log)
                                       : said.kind == "syslog"
                                           ? syslog_of(said, settings.node)
                                           : http_of(said, authorization_of(settings, i), settings.node);
    outlets_.push_back(std::make_unique<outlet::ExportOutlet>(
        ground_, std::move(made), make_sink,
        [&pipeline](const std::string& by, const std::string& reason, std::size_t names) {
          record_access(pipeline, by, reason, names);
        }));
  }
}

void Exports::start() {
  for (const auto& outlet : outlets_) outlet->start();
}

void Exports::committed() {
  for (const auto& outlet : outlets_) outlet->wake();
}

void Exports::stop() {
  for (const auto& outlet : outlets_) outlet->stop();
}

}  // namespace curfew::app
