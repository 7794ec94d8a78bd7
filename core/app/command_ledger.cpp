// `curfew verify`, `replay` and `db`: commands that read the database and need no daemon.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/configuration.hpp"
#include "core/app/connectors.hpp"
#include "core/app/database.hpp"
#include "core/app/ledger_check.hpp"
#include "core/app/source_keys.hpp"
#include "core/base/error.hpp"
#include "core/engine/record.hpp"
#include "core/ledger/bundle.hpp"
#include "core/store/fences.hpp"
#include "core/store/migrations.hpp"

namespace curfew::app {
namespace {

using nlohmann::ordered_json;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// `of` 0: not known.
void show_progress(std::uint64_t done, std::uint64_t of) {
  if (::isatty(STDERR_FILENO) != 1) return;
  const std::string text =
      std::to_string(done) + (of > 0 ? " of " + std::to_string(of) : std::string{}) + " entries";
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
}
void end_progress() {
  if (::isatty(STDERR_FILENO) == 1) std::fputs("\r\033[K", stderr);
}

struct Replay {
  std::string origin;
  std::uint64_t inputs = 0;
  std::uint64_t decisions = 0;
  std::optional<engine::Difference> difference;
};

// The policies of `file` on top of the sources that the ledger's newest configuration names.
model::PolicySet substitute(store::Store& store, const std::vector<store::StreamHead>& heads,
                            const std::string& file) {
  const Settings settings = load_configuration(file);
  model::Symbols symbols;
  connector::AdmissionSettings admission_settings;
  for (const DomainLink& link : settings.links.domains)
    admission_settings.links.domains.push_back({link.domain, link.upn_suffix});
  for (const AliasLink& alias : settings.links.aliases)
    admission_settings.links.aliases.push_back({alias.from, alias.to});
  admission_settings.links.case_sensitive = settings.links.case_sensitive;
  connector::Admission admission(std::move(admission_settings), symbols);
  store.read_references([&](model::PersonalValue&& value) { admission.know_reference(value); });
  std::optional<model::PolicySet> recorded;
  engine::InputReader reader(symbols);
  for (const store::StreamHead& head : heads) {
    store.read_entries(head.stream, 0, head.size, [&](ledger::SealedEntry&& row) {
      if (row.entry.kind != model::EntryKind::Configuration) return true;
      if (auto input = reader.read(row.entry))
        recorded = std::get<model::ConfigurationInput>(input->body).set;
      return true;
    });
  }
  model::PolicySet set = policy_set(settings, {});
  if (recorded) set.sources = recorded->sources;
  (void)to_references(set, admission);
  return set;
}

template <typename Verdict>
int tell(const Verdict& verdict, bool json, const std::string& for_machines, const char* place) {
  if (json) {
    print(for_machines + "\n");
  } else {
    for (const std::string& line : sentences(verdict)) print(line + "\n");
  }
  if (verdict.streams.empty())
    throw Error(ErrorKind::Input, std::string("there is no ledger in this ") + place);
  return verdict.intact() ? exit_ok : exit_unverified;
}

// A file in place of a directory.
int verify_bundle(const std::string& file, const ledger::BundleOptions& options, bool json) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(ledger::largest_bundle + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in.eof() && in.fail()) throw Error(ErrorKind::Input, file + ": can't be read");
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  const ledger::BundleVerdict verdict = ledger::verify_bundle(bytes, options);
  if (json) {
    print(ledger::to_json(verdict) + "\n");
  } else {
    for (const std::string& line : ledger::sentences(verdict)) print(line + "\n");
  }
  return verdict.intact() ? exit_ok : exit_unverified;
}

}  // namespace

int verify(const LedgerOptions& options) {
  if (!options.directory.empty() && !(options.config.empty() && options.database.empty()))
    throw Error(ErrorKind::Usage,
                "name one ledger: a directory or a bundle, --config FILE, or --database URL");
  std::vector<std::string> checkpoints;
  if (!options.checkpoint.empty()) checkpoints = read_checkpoints(options.checkpoint);
  std::vector<ledger::VerifierKey> keys;
  for (const std::string& key : options.keys) keys.push_back(ledger::VerifierKey::parse(key));
  std::error_code no_file;
  if (std::filesystem::is_regular_file(options.directory, no_file))
    return verify_bundle(options.directory, {.keys = std::move(keys), .checkpoints = std::move(checkpoints)},
                         options.json);
  if (!options.directory.empty()) {
    const ledger::ExportVerdict verdict = ledger::verify_export(
        options.directory, {.keys = std::move(keys), .checkpoints = std::move(checkpoints)});
    return tell(verdict, options.json, ledger::to_json(verdict), "export");
  }
  store::VerifyRequest request;
  request.outside_checkpoints = std::move(checkpoints);
  request.keys = std::move(keys);
  request.progress = [](std::uint64_t rows) { show_progress(rows, 0); };
  const Database database = ledger_database(options.config, options.database);
  const store::StoreVerdict verdict = store::verify_store(database.connection(), request);
  end_progress();
  return tell(verdict, options.json, store::to_json(verdict), "database");
}

int replay(const LedgerOptions& options) {
  const Database database = ledger_database(options.config, options.database);
  store::Store store(database.connection(), store::Role::Reader);
  std::vector<store::StreamHead> heads = store.streams();
  if (heads.empty()) throw Error(ErrorKind::Input, "there is no ledger in this database");
  std::sort(heads.begin(), heads.end(), [](const store::StreamHead& a, const store::StreamHead& b) {
    return std::tie(a.id.realm, a.id.node, a.id.epoch) < std::tie(b.id.realm, b.id.node, b.id.epoch);
  });
  std::optional<model::PolicySet> policies;
  if (!options.policies.empty()) policies = substitute(store, heads, options.policies);

  // The streams of one node continue each other; each node has an engine of its own.
  std::vector<Replay> results;
  std::optional<engine::Replayer> replayer;
  model::Symbols symbols;
  std::uint64_t all = 0;
  std::uint64_t done = 0;
  for (const store::StreamHead& head : heads) all += head.size;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const bool goes_on =
        i > 0 && heads[i].id.realm == heads[i - 1].id.realm && heads[i].id.node == heads[i - 1].id.node;
    if (!goes_on) {
      replayer.emplace(engine::Engine(symbols), symbols);
      if (policies) replayer->substitute_policies(*policies);
    }
    Replay& result = results.emplace_back();
    result.origin = ledger::origin_of(heads[i].id);
    const std::uint64_t inputs = replayer->inputs();
    const std::uint64_t decisions = replayer->decisions();
    store.read_entries(heads[i].stream, 0, heads[i].size, [&](ledger::SealedEntry&& row) {
      result.difference = replayer->feed(row.sequence, row.entry);
      if (++done % 100'000 == 0) show_progress(done, all);
      return !result.difference;
    });
    if (!result.difference) result.difference = replayer->finish();
    result.inputs = replayer->inputs() - inputs;
    result.decisions = replayer->decisions() - decisions;
    if (result.difference) break;
  }
  end_progress();

  bool same = true;
  auto out = ordered_json::array();
  for (const Replay& result : results) {
    same = same && !result.difference;
    ordered_json one{{"stream", result.origin}, {"inputs", result.inputs}, {"decisions", result.decisions}};
    one["difference"] = nullptr;
    if (result.difference)
      one["difference"] = {{"sequence", result.difference->sequence},
                           {"recorded", result.difference->recorded},
                           {"recomputed", result.difference->recomputed}};
    out.push_back(std::move(one));
    if (options.json) continue;
    print("Stream " + result.origin + ": " + std::to_string(result.inputs) + " inputs, " +
          std::to_string(result.decisions) + " decisions recomputed.\n");
    if (result.difference) {
      print("First difference at entry " + std::to_string(result.difference->sequence) + ":\n  recorded:   " +
            (result.difference->recorded.empty() ? "nothing" : result.difference->recorded) +
            "\n  recomputed: " +
            (result.difference->recomputed.empty() ? "nothing" : result.difference->recomputed) + "\n");
    } else {
      print("Every decision is the same.\n");
    }
  }
  if (options.json) print(out.dump(2) + "\n");
  return same ? exit_ok : exit_unverified;
}

int db_migrate(const LedgerOptions& options) {
  const Database database = ledger_database(options.config, options.database);
  const auto dry_run = options.dry_run ? store::DryRun::Yes : store::DryRun::No;
  const std::vector<std::string> lines = store::migrate(database.owner(), dry_run);
  if (options.json) {
    print(ordered_json{{"dry_run", options.dry_run}, {"done", lines}}.dump(2) + "\n");
    return exit_ok;
  }
  for (const std::string& line : lines) print(line + "\n");
  if (lines.empty()) print("The schema is up to date; there was nothing to do.\n");
  return exit_ok;
}

int db_status(const LedgerOptions& options) {
  const Database database = ledger_database(options.config, options.database);
  const store::SchemaStatus status = store::schema_status(database.owner());
  std::vector<store::Fence> fences;
  if (status.current > 0) fences = store::fences(database.owner());
  if (options.json) {
    ordered_json out{{"current", status.current},
                     {"wanted", status.wanted},
                     {"steps", ordered_json::array()},
                     {"fences", ordered_json::array()}};
    for (const store::Fence& fence : fences)
      out["fences"].push_back({{"what", fence.what}, {"stands", fence.stands}, {"missing", fence.missing}});
    for (const auto& step : status.steps)
      out["steps"].push_back(
          {{"number", step.number},
           {"name", step.name},
           {"applied_at", step.applied_at == Time{} ? ordered_json()
                                                    : ordered_json(base::format_rfc3339(step.applied_at))}});
    print(out.dump(2) + "\n");
  } else {
    print("The schema is at step " + std::to_string(status.current) + " of " + std::to_string(status.wanted) +
          ".\n");
    for (const auto& step : status.steps)
      print("  " + std::to_string(step.number) + " " + step.name + ": " +
            (step.applied_at == Time{} ? std::string("not applied") : base::format_rfc3339(step.applied_at)) +
            "\n");
    if (!fences.empty())
      print("Fences: what PostgreSQL itself refuses. They deter; signatures are the evidence.\n");
    for (const store::Fence& fence : fences)
      print((fence.stands ? "  stands:  " : "  MISSING: ") + fence.what +
            (fence.stands ? std::string{} : " – " + fence.missing) + "\n");
  }
  return status.current == status.wanted ? exit_ok : exit_failed;
}

}  // namespace curfew::app
