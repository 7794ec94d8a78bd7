// `curfew report`: what the ledger shows of the controls of a framework, read from the database, without a
// daemon. Only names are asked of the daemon, which records who asked and why.
#include <Poco/URI.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/app/api_client.hpp"
#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/configuration.hpp"
#include "core/app/database.hpp"
#include "core/app/evidence.hpp"
#include "core/app/ledger_check.hpp"
#include "core/base/error.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/compliance_reading.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

// As many as POST /api/v1/names takes at once.
constexpr std::size_t names_at_once = 1'000;

// A time, or a day, which begins at midnight UTC.
Time time_of(const char* option, const std::string& text) {
  if (text.empty()) return {};
  const auto time = base::parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time)
    throw Error(ErrorKind::Usage,
                std::string(option) + ": '" + text +
                    "' is no time such as 2026-11-01T14:00:00Z, and no day such as 2026-11-01");
  return *time;
}

report::ReportScope scope_of(const ReportOptions& options) {
  report::ReportScope scope;
  scope.sources = options.sources;
  scope.applications = options.applications;
  for (const std::string& name : options.account_types) {
    const auto type = model::parse<model::AccountType>(name);
    if (!type)
      throw Error(ErrorKind::Usage,
                  "--account-type: '" + name + "' is none of human, service, computer, shared, unknown");
    scope.account_types.push_back(*type);
  }
  return scope;
}

void show(const std::string& text) {
  if (::isatty(STDERR_FILENO) != 1) return;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
}

void resolve_names(report::ComplianceReport& report, const ReportOptions& options) {
  const std::vector<model::Ref> refs = report::references_in(report);
  const ApiClient daemon(access_of(options, Need::Names));
  for (std::size_t first = 0; first < refs.size(); first += names_at_once) {
    json asked = json::array();
    for (std::size_t i = first; i < std::min(refs.size(), first + names_at_once); ++i)
      asked.push_back(model::to_text(refs[i]));
    const json answer =
        json::parse(daemon.post("/api/v1/names", json{{"refs", asked}, {"reason", options.reason}}.dump()));
    for (const json& one : answer.at("names")) {
      const auto ref = model::parse_ref(one.at("ref").get<std::string>());
      if (ref && one.at("value").is_string()) report.names.emplace(*ref, one.at("value").get<std::string>());
    }
  }
}

void write(const ReportOptions& options, const std::string& text) {
  if (options.out.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::Input, options.out + ": can't be written");
}

bool is_bundle(const ReportOptions& options) { return options.format == "bundle"; }

report::BundleRecords records_of(const ReportOptions& options) {
  return model::parse<report::BundleRecords>(options.records).value_or(report::BundleRecords::Fitting);
}

// With names the daemon makes it: it holds the key, and records who asked.
int fetch_bundle(const ReportOptions& options) {
  if (options.sources.size() > 1 || options.applications.size() > 1 || options.account_types.size() > 1 ||
      !options.checkpoint.empty() || !options.database.empty())
    throw Error(ErrorKind::Usage,
                "a bundle with names is made by the daemon, which takes one --source, --application and "
                "--account-type, and neither --checkpoint nor --database");
  std::string path = "/api/v1/reports/compliance?format=bundle&names=true";
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    path += std::string("&") + name + "=";
    Poco::URI::encode(value, "+&#?=%", path);
  };
  const auto first = [](const std::vector<std::string>& list) {
    return list.empty() ? std::string{} : list.front();
  };
  const auto time = [](const char* option, const std::string& text) {
    return text.empty() ? text : base::format_rfc3339(time_of(option, text));
  };
  add("framework", options.framework);
  add("from", time("--from", options.from));
  add("to", time("--to", options.to));
  add("at", time("--at", options.at));
  add("source", first(options.sources));
  add("application", first(options.applications));
  add("account_type", first(options.account_types));
  add("records", options.records);
  add("reason", options.reason);
  write(options, ApiClient(access_of(options, Need::Names)).get_text(path));
  std::printf("%s\n", options.out.c_str());
  return exit_ok;
}

std::string made_bundle(const ReportOptions& options, const Database& database, store::Store& store,
                        const report::ComplianceReport& made) {
  EvidenceOptions evidence{.records = records_of(options)};
  if (!options.checkpoint.empty())
    evidence.earlier = report::earlier_heads(made, read_checkpoints(options.checkpoint));
  evidence.progress = show;
  const std::string bundle =
      evidence_bundle(store, database.connection(), load_configuration(options.config), made, evidence);
  show("");
  return bundle;
}

}  // namespace

int report(const ReportOptions& options) {
  if (is_bundle(options) && options.out.empty())
    throw Error(ErrorKind::Usage, "--format bundle needs --out FILE: it is an archive");
  if (options.names && options.reason.empty())
    throw Error(ErrorKind::Usage,
                "--names needs a --reason: who asked for names, and why, goes into the ledger");
  const report::ComplianceFormat* format = report::find_format(options.format);
  if (format == nullptr && !is_bundle(options))
    throw Error(ErrorKind::Usage,
                "--format: '" + options.format + "' is none of bundle, " + report::format_names());
  if (is_bundle(options) && options.names) return fetch_bundle(options);
  report::ComplianceRequest request;
  request.frameworks = report::frameworks_of(options.framework);
  request.from = time_of("--from", options.from);
  request.to = time_of("--to", options.to);
  request.at = time_of("--at", options.at);
  request.scope = scope_of(options);
  request.now = base::wall_clock_now();
  request.progress = show;
  const Database database = ledger_database(options.config, options.database);
  if (!options.unverified) {
    store::VerifyRequest verify;
    verify.progress = [](std::uint64_t rows) {
      show("verifying the ledger: " + std::to_string(rows) + " entries");
    };
    request.ledger = finding_of(store::verify_store(database.connection(), verify));
  }
  store::Store store(database.connection(), store::Role::Reader);
  report::ComplianceReport made = report::read_compliance(store, request);
  if (options.names) resolve_names(made, options);
  show("");
  write(options,
        format == nullptr ? made_bundle(options, database, store, made) : report::render(made, *format));
  if (!options.out.empty()) {
    std::printf("%s\n", options.out.c_str());
    for (const std::string& sentence : report::findings(made)) std::printf("%s\n", sentence.c_str());
  }
  if (request.ledger && !request.ledger->intact) return exit_unverified;
  return made.count(report::Result::NotSatisfied) > 0 ? exit_violations : exit_ok;
}

}  // namespace curfew::app
