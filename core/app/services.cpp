#include "core/app/services.hpp"

#include <algorithm>
#include <memory>
#include <mutex>

#include "core/app/evidence.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/ledger/leaf.hpp"
#include "core/ledger/proof.hpp"

namespace curfew::app {
namespace {

using std::chrono::seconds;

constexpr Duration durable_patience = seconds(10);

api::Verdict verdict_of(Offer offer) {
  switch (offer) {
    case Offer::Taken:
      return api::Verdict::Taken;
    case Offer::Repeat:
      return api::Verdict::Repeat;
    case Offer::TooLate:
      return api::Verdict::TooLate;
    case Offer::Invalid:
      return api::Verdict::Invalid;
    case Offer::TooLarge:
      return api::Verdict::TooLarge;
    case Offer::Full:
      return api::Verdict::NotTaken;
  }
  return api::Verdict::NotTaken;
}

bool takes_pushes(const Pipeline& pipeline, std::string_view source) {
  const auto& sources = pipeline.settings().sources;
  return std::any_of(sources.begin(), sources.end(),
                     [&](const SourceSettings& one) { return one.name == source && one.ingest; });
}

std::optional<api::IngestAnswer> ingest(Pipeline& pipeline, std::string_view source,
                                        std::vector<model::Observation>&& observations) {
  Intake& intake = pipeline.intake();
  if (!takes_pushes(pipeline, source)) return std::nullopt;
  api::IngestAnswer answer;
  // What can't become durable now is not taken either: the client learns of it at once and comes again.
  if (!pipeline.writer().is_up()) {
    answer.verdicts.assign(observations.size(), api::Verdict::NotTaken);
    return answer;
  }
  for (const model::Observation& observation : observations)
    answer.verdicts.push_back(verdict_of(intake.offer(source, observation)));
  if (!intake.await_durable(source, durable_patience)) {
    for (api::Verdict& verdict : answer.verdicts) {
      if (verdict == api::Verdict::Taken || verdict == api::Verdict::Repeat) verdict = api::Verdict::NotTaken;
    }
  }
  return answer;
}

std::vector<api::SourceStatus> sources(Pipeline& pipeline, const Capabilities& capabilities) {
  std::vector<api::SourceStatus> all;
  const EngineView view = pipeline.view();
  for (const auto& [name, source] : pipeline.intake().sources()) {
    api::SourceStatus& status = all.emplace_back();
    status.name = name;
    status.connector = source.connector;
    status.state = source.state;
    status.text = source.text;
    status.last_observation_at = source.last_observation_at;
    status.observed_until = source.observed_until;
    status.caught_up = source.caught_up;
    status.read = source.read;
    status.filtered = source.filtered;
    status.unreadable = source.unreadable;
    status.observations = source.observations;
    status.refused = source.invalid + source.too_late;
    status.coverage = source.coverage;
    if (const auto live = view.counts.live_by_source.find(name); live != view.counts.live_by_source.end())
      status.live_sessions = live->second;
    if (const auto plugin = capabilities.find(name); plugin != capabilities.end()) {
      status.can = plugin->second.can;
      status.can_prove = plugin->second.proves;
      status.shows_activity = plugin->second.shows_activity;
    }
  }
  return all;
}

api::CommandAnswer command(Pipeline& pipeline, const model::CommandInput& input) {
  api::CommandAnswer answer;
  const auto became = pipeline.command(input, durable_patience);
  if (!became)
    throw Error(ErrorKind::Unavailable, "the command could not be made durable in time; ask again");
  answer.orders = became->orders;
  answer.refused = became->refused;
  answer.accepted = answer.refused.empty();
  return answer;
}

std::vector<api::StreamView> streams(Pipeline& pipeline, Readers& readers) {
  const store::StreamHead current = pipeline.writer().head();
  std::vector<api::StreamView> views;
  const auto add = [&](const store::StreamHead& head) {
    views.push_back({.origin = ledger::origin_of(head.id),
                     .stream = head.stream,
                     .size = head.size,
                     .root = head.root,
                     .checkpoint = head.checkpoint,
                     .verifier_key = head.verifier_key});
  };
  add(current);
  for (const store::StreamHead& head : readers.with([](store::Store& store) { return store.streams(); })) {
    if (head.stream != current.stream) add(head);
  }
  return views;
}

// Hashes of a tile that isn't full, from the entries themselves: right for every level and every stream.
std::optional<std::string> partial_tile(store::Store& store, const store::StreamHead& head,
                                        std::uint32_t level, std::uint64_t index, std::uint32_t width) {
  if (level > 0) {
    std::string bytes;
    // Each hash is the root of a full tile one level below.
    for (std::uint32_t i = 0; i < width; ++i) {
      const auto below = store.tile(head.stream, level - 1, index * ledger::tile_width + i);
      if (!below) return std::nullopt;
      std::vector<Digest32> hashes;
      for (std::size_t at = 0; at + ledger::hash_bytes <= below->size(); at += ledger::hash_bytes)
        hashes.push_back(ledger::digest_from_bytes(std::string_view(*below).substr(at, ledger::hash_bytes)));
      while (hashes.size() > 1) {
        for (std::size_t k = 0; k < hashes.size() / 2; ++k)
          hashes[k] = ledger::node_hash(hashes[2 * k], hashes[2 * k + 1]);
        hashes.resize(hashes.size() / 2);
      }
      bytes += base::as_text(hashes.front());
    }
    return bytes;
  }
  std::string bytes;
  ledger::LeafEncoder encoder(head.id);
  std::array<char, 8> subject{};
  const std::uint64_t from = index * ledger::tile_width;
  store.read_entries(head.stream, from, from + width, [&](ledger::SealedEntry&& row) {
    bytes += base::as_text(encoder.hash(ledger::fields_of(row, subject)));
    return true;
  });
  if (bytes.size() != width * ledger::hash_bytes) return std::nullopt;
  return bytes;
}

const store::StreamHead* find(const std::vector<store::StreamHead>& heads, std::int64_t stream) {
  const auto found = std::find_if(heads.begin(), heads.end(),
                                  [&](const store::StreamHead& head) { return head.stream == stream; });
  return found == heads.end() ? nullptr : &*found;
}

std::optional<std::string> tile(Readers& readers, std::int64_t stream, std::uint32_t level,
                                std::uint64_t index, std::uint32_t width) {
  return readers.with([&](store::Store& store) -> std::optional<std::string> {
    if (auto full = store.tile(stream, level, index)) {
      if (width < ledger::tile_width) full->resize(width * ledger::hash_bytes);
      return full;
    }
    const std::vector<store::StreamHead> heads = store.streams();
    const store::StreamHead* head = find(heads, stream);
    if (head == nullptr || width == ledger::tile_width) return std::nullopt;
    return partial_tile(store, *head, level, index, width);
  });
}

std::optional<std::string> entries(Readers& readers, std::int64_t stream, std::uint64_t index,
                                   std::uint32_t width) {
  return readers.with([&](store::Store& store) -> std::optional<std::string> {
    const std::vector<store::StreamHead> heads = store.streams();
    const store::StreamHead* head = find(heads, stream);
    const std::uint64_t from = index * ledger::tile_width;
    if (head == nullptr || from + width > head->size) return std::nullopt;
    std::string bundle;
    store.read_entries(stream, from, from + width, [&](ledger::SealedEntry&& row) {
      ledger::append_to_bundle(bundle, ledger::leaf_bytes(row, head->id));
      return true;
    });
    return bundle;
  });
}

std::optional<api::InclusionProof> inclusion(Readers& readers, std::int64_t stream, std::uint64_t index,
                                             std::uint64_t size) {
  return readers.with([&](store::Store& store) -> std::optional<api::InclusionProof> {
    const std::vector<store::StreamHead> heads = store.streams();
    const store::StreamHead* head = find(heads, stream);
    if (head == nullptr || size > head->size || index >= size) return std::nullopt;
    const ledger::TileReader tiles = [&](std::uint32_t level, std::uint64_t at, std::uint32_t width) {
      auto full = store.tile(stream, level, at);
      return full ? full : partial_tile(store, *head, level, at, width);
    };
    api::InclusionProof proof{.index = index, .size = size, .leaf_hash = {}, .root = {}, .path = {}};
    proof.path = ledger::inclusion_proof(index, size, tiles);
    proof.root = ledger::root_at(size, tiles);
    ledger::LeafEncoder encoder(head->id);
    std::array<char, 8> subject{};
    store.read_entries(stream, index, index + 1, [&](ledger::SealedEntry&& row) {
      proof.leaf_hash = encoder.hash(ledger::fields_of(row, subject));
      return false;
    });
    return proof;
  });
}

std::vector<api::ReadyCheck> ready(Pipeline& pipeline) {
  std::vector<api::ReadyCheck> checks;
  const auto failure = pipeline.failure();
  checks.push_back({"engine", !failure, failure ? *failure : "runs"});
  const bool up = pipeline.writer().is_up();
  checks.push_back({"database", up, up ? "answers" : "is away; nothing is acknowledged until it is back"});
  const EngineView view = pipeline.view();
  checks.push_back({"clock", !view.clock_is_behind,
                    view.clock_is_behind ? "was set back; engine time waits for it" : "is right"});
  return checks;
}

std::string metrics_page(Pipeline& pipeline, metrics::Registry& registry) {
  const EngineView view = pipeline.view();
  const auto set = [&](const metrics::Metric& metric, double value) { registry.gauge(metric).set(value); };
  set(metrics::sessions_active, static_cast<double>(view.counts.active));
  set(metrics::sessions_locked, static_cast<double>(view.counts.locked));
  set(metrics::sessions_paused, static_cast<double>(view.counts.paused));
  set(metrics::subjects, static_cast<double>(view.counts.subjects));
  set(metrics::deadlines, static_cast<double>(view.counts.deadlines));
  set(metrics::sign_outs_open, static_cast<double>(view.counts.open_orders));
  set(metrics::sign_outs_held, static_cast<double>(view.counts.held_orders));
  set(metrics::engine_time, static_cast<double>(base::to_micros(view.now)) / 1e6);
  const auto left_out = [&](const char* what, std::uint64_t count) {
    registry.gauge(metrics::engine_left_out, {what}).set(static_cast<double>(count));
  };
  left_out("unknown_memberships", view.counts.unknown_memberships);
  left_out("links_not_taught", view.counts.links_not_taught);
  left_out("failed_sign_ins", view.counts.failures_dropped);
  left_out("account_changes", view.counts.account_changes_dropped);
  set(metrics::ledger_size, static_cast<double>(pipeline.writer().size()));
  set(metrics::store_up, pipeline.writer().is_up() ? 1 : 0);
  registry.gauge(metrics::queue_depth, {"intake"}).set(static_cast<double>(pipeline.intake().queue().size()));
  registry.gauge(metrics::build_info, {CURFEW_VERSION}).set(1);
  for (const auto& [name, source] : pipeline.intake().sources()) {
    registry.gauge(metrics::source_up, {name}).set(source.state == "up" ? 1 : 0);
    registry.gauge(metrics::source_quarantined, {name}).set(source.state == "quarantined" ? 1 : 0);
    if (source.last_observation_at != Time{})
      registry.gauge(metrics::source_last_observation, {name})
          .set(static_cast<double>(base::to_micros(source.last_observation_at)) / 1e6);
    if (source.observed_until != Time{})
      registry.gauge(metrics::source_observed_until, {name})
          .set(static_cast<double>(base::to_micros(source.observed_until)) / 1e6);
  }
  return registry.text();
}

}  // namespace

void record_access(Pipeline& pipeline, std::string_view by, std::string_view reason, std::size_t count) {
  model::Entry entry;
  entry.kind = model::EntryKind::Access;
  entry.facts = "{\"by\":";
  base::append_json_string(entry.facts, base::to_clean_utf8(by));
  entry.facts += ",\"reason\":";
  base::append_json_string(entry.facts, base::to_clean_utf8(reason.substr(0, 1'000)));
  entry.facts += ",\"references\":" + std::to_string(count) + "}";
  if (!pipeline.record(std::move(entry), durable_patience))
    throw Error(ErrorKind::Unavailable, "who asked could not be recorded, so nothing is shown");
}

namespace {

std::string bundle(Pipeline& pipeline, Readers& readers, const api::BundleOrder& order) {
  return readers.with([&](store::Store& store) {
    report::ComplianceReport report = report::read_compliance(store, order.request);
    std::vector<model::Ref> refs;
    if (order.names) refs = report::references_in(report);
    record_access(pipeline, order.by,
                  (order.names ? "evidence bundle with names: " : "evidence bundle: ") + order.reason,
                  refs.size());
    for (model::PersonalValue& value : store.resolve(refs))
      report.names.emplace(value.ref, std::move(value.value));
    EvidenceOptions options{.records = order.records, .names = order.names};
    if (order.since > 0) options.earlier = {{newest_origin(pipeline.settings(), report), order.since}};
    return evidence_bundle(store, readers.connection(), pipeline.settings(), report, options);
  });
}

}  // namespace

api::Services make_services(Pipeline& pipeline, Readers& readers, metrics::Registry& registry,
                            const Capabilities& capabilities) {
  api::Services services;
  services.ingest = [&](std::string_view source, std::vector<model::Observation>&& observations) {
    return ingest(pipeline, source, std::move(observations));
  };
  services.digest_session = [&](std::string_view source,
                                std::string_view id) -> std::optional<model::SessionDigest> {
    if (!takes_pushes(pipeline, source)) return std::nullopt;
    const std::string key = pipeline.digest_key(std::string(source));
    return model::SessionDigest{base::keyed_digest(key, id)};
  };
  services.source_http =
      [&](std::string_view source, std::string_view method, std::string_view path, std::string_view query,
          std::string_view body,
          const std::vector<std::pair<std::string, std::string>>& headers) -> std::optional<api::HttpReply> {
    auto answer = pipeline.host().http(source, method, path, query, body, headers);
    if (!answer) return std::nullopt;
    return api::HttpReply{.status = answer->status,
                          .content_type = std::move(answer->content_type),
                          .body = std::move(answer->body),
                          .headers = std::move(answer->headers)};
  };
  services.is_open = [&](std::string_view source, std::string_view path) {
    const auto& sources = pipeline.settings().sources;
    return std::any_of(sources.begin(), sources.end(), [&](const SourceSettings& one) {
      return one.name == source &&
             std::find(one.open_paths.begin(), one.open_paths.end(), path) != one.open_paths.end();
    });
  };
  services.sessions = [&](const store::SessionQuery& query) {
    return readers.with([&](store::Store& store) { return store.sessions(query); });
  };
  services.session = [&](model::SessionNumber number) {
    return readers.with([&](store::Store& store) { return store.session(number); });
  };
  services.subjects = [&](const store::SubjectQuery& query) {
    return readers.with([&](store::Store& store) { return store.subjects(query); });
  };
  services.presences = [&](const store::PresenceQuery& query) {
    return readers.with([&](store::Store& store) { return store.presences(query); });
  };
  services.violations = [&](const store::ViolationQuery& query) {
    return readers.with([&](store::Store& store) { return store.violations(query); });
  };
  services.violation = [&](model::ViolationNumber number) -> std::optional<model::ViolationRow> {
    store::ViolationQuery query;
    query.after = number - 1;
    query.limit = 1;
    auto rows = readers.with([&](store::Store& store) { return store.violations(query); });
    if (rows.empty() || rows.front().number != number) return std::nullopt;
    return std::move(rows.front());
  };
  services.sign_outs = [&](const api::SignOutQuery& query) {
    return readers.with([&](store::Store& store) { return store.sign_outs(query); });
  };
  services.sign_out = [&](model::OrderNumber number) -> std::optional<model::SignOutRow> {
    auto rows =
        readers.with([&](store::Store& store) { return store.sign_outs({.after = number - 1, .limit = 1}); });
    if (rows.empty() || rows.front().number != number) return std::nullopt;
    return std::move(rows.front());
  };
  services.sources = [&] { return sources(pipeline, capabilities); };
  services.policies = [&] {
    const EngineView view = pipeline.view();
    return api::PoliciesView{.digest = view.policy_digest,
                             .json = view.policies,
                             .sentences = sentences(pipeline.settings(), capabilities)};
  };
  const auto one = std::make_shared<std::mutex>();
  services.compliance = [&, one](const report::ComplianceRequest& request) {
    const std::unique_lock lock(*one, std::try_to_lock);
    if (!lock) throw Error(ErrorKind::Unavailable, "another report is being made; ask again when it is done");
    return readers.with([&](store::Store& store) { return report::read_compliance(store, request); });
  };
  services.bundle = [&, one](const api::BundleOrder& order) {
    const std::unique_lock lock(*one, std::try_to_lock);
    if (!lock) throw Error(ErrorKind::Unavailable, "another report is being made; ask again when it is done");
    return bundle(pipeline, readers, order);
  };
  services.resolve = [&](std::string_view by, std::string_view reason, const std::vector<model::Ref>& refs) {
    record_access(pipeline, by, reason, refs.size());
    return readers.with([&](store::Store& store) { return store.resolve(refs); });
  };
  services.find_subject = [&](std::string_view by, std::string_view name_space,
                              std::string_view value) -> std::optional<model::Ref> {
    record_access(pipeline, by, "find a subject by name", 1);
    const model::Ref identifier =
        pipeline.admission().find(model::PersonalKind::Identifier, name_space, value);
    if (!identifier) return std::nullopt;
    const auto subject = pipeline.subject_of(identifier, durable_patience);
    if (!subject) throw Error(ErrorKind::Unavailable, "the engine did not answer in time");
    if (!*subject) return std::nullopt;
    return *subject;
  };
  services.find_device = [&](std::string_view by, std::string_view name) -> std::optional<model::Ref> {
    record_access(pipeline, by, "find a device by name", 1);
    const model::Ref device = pipeline.admission().find(model::PersonalKind::Device, {}, name);
    if (!device) return std::nullopt;
    return device;
  };
  services.preview = [&](const model::CommandInput& input) {
    auto preview = pipeline.preview(input, durable_patience);
    if (!preview) throw Error(ErrorKind::Unavailable, "the engine did not answer in time");
    return std::move(*preview);
  };
  services.command = [&](const model::CommandInput& input) { return command(pipeline, input); };
  services.streams = [&] { return streams(pipeline, readers); };
  services.tile = [&](std::int64_t stream, std::uint32_t level, std::uint64_t index, std::uint32_t width) {
    return tile(readers, stream, level, index, width);
  };
  services.entries = [&](std::int64_t stream, std::uint64_t index, std::uint32_t width) {
    return entries(readers, stream, index, width);
  };
  services.inclusion = [&](std::int64_t stream, std::uint64_t index, std::uint64_t size) {
    return inclusion(readers, stream, index, size);
  };
  services.ready = [&] { return ready(pipeline); };
  services.metrics = [&] { return metrics_page(pipeline, registry); };
  return services;
}

}  // namespace curfew::app
