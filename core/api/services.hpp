// What the HTTP API needs from the rest of the program, as functions that the daemon fills in. The API knows
// no pipeline, no database and no connector host, so a test can stand in for all of them.
//
//   api::Services services;
//   services.sessions = [&](const store::SessionQuery& query) { return reader.sessions(query); };
//   api::Router router = api::operator_routes(services, settings);
//
// A function that is left empty makes its endpoints answer 501: absent, and said.
//
// Threads: every function is called from many HTTP workers at once and does its own locking. Owns: nothing.
// Fails: Error(Unavailable) becomes 503 with Retry-After, Error(Input) 400, any other 500 with its text in
// the log only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/time.hpp"
#include "core/model/entry.hpp"
#include "core/model/input.hpp"
#include "core/model/observation.hpp"
#include "core/model/preview.hpp"
#include "core/model/rows.hpp"
#include "core/outlet/transmitter.hpp"
#include "core/report/compliance_reading.hpp"
#include "core/report/evidence_bundle.hpp"
#include "core/report/listing.hpp"
#include "core/store/store.hpp"

namespace curfew::api {

// ---- ingest ----

// What became of one observation of a push.
enum class Verdict : std::uint8_t {
  Taken,     // durable now
  Repeat,    // its key was taken before: durable already
  TooLate,   // older than the source's retry window
  Invalid,   // well-formed, but breaks a rule of admission
  TooLarge,  // its leaf would not fit
  NotTaken,  // the pipeline is full, or it could not be made durable in time: push it again
};

struct IngestAnswer {
  std::vector<Verdict> verdicts;  // one for each observation, in order
  Duration retry_after{std::chrono::seconds(1)};
};

// ---- reading ----

using SourceStatus = report::SourceStatus;
using SubjectRow = report::SubjectRow;
using PresenceRow = report::PresenceRow;
using SubjectQuery = store::SubjectQuery;

using SignOutQuery = store::SignOutQuery;

struct PoliciesView {
  std::string digest;                  // hex SHA-256 of `json`
  std::string json;                    // model::to_json(PolicySet)
  std::vector<std::string> sentences;  // what the file amounts to
};

// ---- ledger ----

struct StreamView {
  std::string origin;
  std::int64_t stream = 0;
  std::uint64_t size = 0;
  Digest32 root{};
  std::string checkpoint;    // signed note
  std::string verifier_key;  // signed-note vkey
};

struct InclusionProof {
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  Digest32 leaf_hash{};
  Digest32 root{};
  std::vector<Digest32> path;  // RFC 6962, leaf to root
};

// A compliance report as an evidence bundle.
struct BundleOrder {
  report::ComplianceRequest request;
  report::BundleRecords records = report::BundleRecords::Fitting;
  bool names = false;
  std::uint64_t since = 0;  // a size of the stream being written, from which consistency is proven; 0: none
  std::string by;           // the token's name
  std::string reason;
};

// ---- commands ----

struct CommandAnswer {
  bool accepted = false;
  std::string refused;                     // why not, for the operator
  std::vector<model::OrderNumber> orders;  // those ordered or moved on by it
};

// ---- health ----

struct ReadyCheck {
  std::string name;  // "database", "engine", "spool"
  bool ok = false;
  std::string text;
};

struct HttpReply {
  std::uint32_t status = 500;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Services {
  // Returns when every observation is durable or given up. nullopt: no such source takes pushes.
  std::function<std::optional<IngestAnswer>(std::string_view source, std::vector<model::Observation>&&)>
      ingest;
  // The digest of a session's clear id under the source's key. nullopt: no such source takes pushes.
  std::function<std::optional<model::SessionDigest>(std::string_view source, std::string_view id)>
      digest_session;
  // A request below /sources/<name>/, answered by the connector after what it emitted is durable.
  std::function<std::optional<HttpReply>(std::string_view source, std::string_view method,
                                         std::string_view path, std::string_view query, std::string_view body,
                                         const std::vector<std::pair<std::string, std::string>>& headers)>
      source_http;
  // Whether a request to this path of the source needs no token.
  std::function<bool(std::string_view source, std::string_view path)> is_open;

  std::function<std::vector<model::SessionRow>(const store::SessionQuery&)> sessions;
  std::function<std::optional<model::SessionRow>(model::SessionNumber)> session;
  std::function<std::vector<SubjectRow>(const SubjectQuery&)> subjects;
  std::function<std::vector<PresenceRow>(const store::PresenceQuery&)> presences;
  std::function<std::vector<model::ViolationRow>(const store::ViolationQuery&)> violations;
  std::function<std::optional<model::ViolationRow>(model::ViolationNumber)> violation;
  std::function<std::vector<model::SignOutRow>(const SignOutQuery&)> sign_outs;
  std::function<std::optional<model::SignOutRow>(model::OrderNumber)> sign_out;
  std::function<std::vector<SourceStatus>()> sources;
  std::function<std::vector<report::ScheduledReport>()> scheduled_reports;
  std::function<PoliciesView()> policies;
  // Reads the whole ledger: one at a time, the next one is refused with Error(Unavailable).
  std::function<report::ComplianceReport(const report::ComplianceRequest&)> compliance;
  // The same as an evidence bundle: who asked is recorded, then it is made, sealed and verified.
  std::function<std::string(const BundleOrder&)> bundle;

  // Records the access (one entry for a query) and then answers; `by` is the token's name. Missing or erased
  // references are left out.
  std::function<std::vector<model::PersonalValue>(std::string_view by, std::string_view reason,
                                                  const std::vector<model::Ref>& refs)>
      resolve;
  // The subject that a name belongs to now: the way from "upn:alice@corp.test" to a reference. Recorded like
  // resolve.
  std::function<std::optional<model::Ref>(std::string_view by, std::string_view name_space,
                                          std::string_view value)>
      find_subject;
  // The device of a name. Recorded like resolve.
  std::function<std::optional<model::Ref>(std::string_view by, std::string_view name)> find_device;
  // What a sign-out would do; orders nothing.
  std::function<model::Preview(const model::CommandInput&)> preview;
  // Returns when the command is durable.
  std::function<CommandAnswer(const model::CommandInput&)> command;

  std::function<std::vector<StreamView>()> streams;  // the one being written first
  // Raw C2SP tlog-tiles bytes. `width` 256 is a full tile; a partial one is served while it is the right
  // edge.
  std::function<std::optional<std::string>(std::int64_t stream, std::uint32_t level, std::uint64_t index,
                                           std::uint32_t width)>
      tile;
  // Leaves of one entries tile, each with its 2-byte big-endian length.
  std::function<std::optional<std::string>(std::int64_t stream, std::uint64_t index, std::uint32_t width)>
      entries;
  std::function<std::optional<InclusionProof>(std::int64_t stream, std::uint64_t index, std::uint64_t size)>
      inclusion;

  // A receiver of Shared Signals asks the transmitter.
  std::function<outlet::Reply(const outlet::Question&)> shared_signals;

  std::function<std::vector<ReadyCheck>()> ready;
  // The metrics page, Prometheus text format 0.0.4 (api::render_metrics).
  std::function<std::string()> metrics;
};

}  // namespace curfew::api
