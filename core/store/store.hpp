// The store: one PostgreSQL database that holds streams, ledger rows, tiles, checkpoints, projections,
// cursors, idempotency keys, references and snapshots.
//
//   store::Store store(store::ConnectionInfo{"host=/var/lib/curfew/run dbname=curfew"}, store::Role::Writer);
//   store.append(batch, extras);                    // one transaction; returns when it is durable
//
// Threads: a Store belongs to one thread at a time; open one for each thread (`Reader` for the API's
// workers). Owns: its connections; a Writer's reading goes over a second one, with the reader's rights.
// Fails: Error(Unavailable) when the server is away, Error(Corrupt) when what is stored contradicts itself.
// append never answers "maybe": after an in-doubt commit it looks at the stored head.
//
// Roles in PostgreSQL: Writer becomes curfew_writer, which may append and not read personal values; Reader
// becomes curfew_auditor, which reads everything and writes nothing; the login needs to be a member of both.
// Dashboards use curfew_reader, which sees views with references only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger/stream.hpp"
#include "core/model/entry.hpp"
#include "core/model/gate.hpp"
#include "core/model/rows.hpp"

namespace curfew::store {

enum class Role { Owner, Writer, Reader };

struct ConnectionInfo {
  // libpq keywords or a postgresql:// URL; passwords come from a file or the environment
  std::string conninfo;
};

struct CursorUpdate {
  std::string source;
  std::string name;
  std::string value;  // empty: forget; what it counted is added to the source's cursor with the empty name
  std::uint64_t read = 0;
  std::uint64_t filtered = 0;
  std::uint64_t unreadable = 0;
};

struct MemoryUpdate {
  std::string source;
  std::string key;
  std::string value;  // empty: forget
  Time expires_at{};
};

struct IdempotencyKey {
  std::string source;
  Digest16 key{};
  Time expires_at{};
};

// What is committed together with a batch.
struct Extras {
  std::vector<model::SessionRow> sessions;  // inserted or replaced by number
  std::vector<model::ViolationRow> violations;
  std::vector<model::SignOutRow> sign_outs;
  std::vector<CursorUpdate> cursors;
  std::vector<MemoryUpdate> memory;
  std::vector<IdempotencyKey> keys;
  std::vector<model::PersonalValue>
      references;  // new references; each is in some entry's personal values too
};

struct StreamHead {
  ledger::StreamId id;
  std::int64_t stream = 0;  // the store's number for it
  std::uint64_t size = 0;
  Digest32 root{};
  std::string checkpoint;
  std::string verifier_key;  // signed-note vkey
};

// Which entries are wanted; what is empty asks nothing. All that is asked must hold.
struct EntryFilter {
  std::vector<model::EntryKind> kinds;
  bool or_gaps = false;  // beside the kinds: observations that say that records are missing
  std::vector<model::SessionDigest> sessions;
  Time from{};  // occurred in [from, to); epoch: open
  Time to{};
};

struct SessionQuery {
  bool live_only = false;
  std::string source;
  model::Ref subject;
  Time from{};  // sessions that overlap [from, to); epoch: open
  Time to{};
  model::SessionNumber after = 0;  // paging, ascending numbers
  std::size_t limit = 100;
};
struct SignOutQuery {
  std::optional<model::Outcome> outcome;
  std::string policy;  // ordered by this policy, or by its hold
  model::SessionNumber session = 0;
  model::Ref subject;
  Time from{};  // ordered in [from, to); epoch: open
  Time to{};
  bool open_only = false;  // not concluded
  bool held_only = false;  // waits for somebody
  model::OrderNumber after = 0;
  std::size_t limit = 100;
};
struct ViolationQuery {
  std::string policy;
  model::Ref subject;
  Time from{};
  Time to{};
  bool include_withdrawn = true;
  model::ViolationNumber after = 0;
  std::size_t limit = 100;
};

struct SubjectQuery {
  bool live_only = false;
  model::Ref after;  // paging, ascending references
  std::size_t limit = 100;
};
// What the sessions of a subject add up to.
struct SubjectRow {
  model::Ref subject;
  model::AccountType account_type = model::AccountType::Unknown;  // the newest that a source told
  std::uint64_t live_sessions = 0;
  std::uint64_t sessions = 0;
  std::uint64_t violations = 0;  // those that stand
  Time first_seen_at{};
  Time last_activity_at{};
  friend bool operator==(const SubjectRow&, const SubjectRow&) = default;
};

// A place in the order of presences.
struct PresencePlace {
  model::Ref subject;
  Time started_at{};
};
struct PresenceQuery {
  bool live_only = false;
  model::Ref subject;
  Time from{};  // presences that overlap [from, to); epoch: open
  Time to{};
  PresencePlace after;  // paging, ascending by subject and start
  std::size_t limit = 100;
};
// The overlapping sessions of one subject across sources: the one person behind a Windows logon, a ticket and
// an application's cookie. Two sessions of which one ends in the microsecond in which the other starts are in
// one presence. Sessions of nobody known are in none.
struct PresenceRow {
  model::Ref subject;
  model::AccountType account_type = model::AccountType::Unknown;  // the newest that a source told
  Time started_at{};
  Time ended_at{};  // epoch: a session of it lives
  std::uint64_t sessions = 0;
  std::uint64_t live_sessions = 0;
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  Time last_person_activity_at{};
  friend bool operator==(const PresenceRow&, const PresenceRow&) = default;
};

// A place in a ledger of several streams: the next entry to be read.
struct Place {
  std::int64_t stream = 0;  // 0: before all
  std::uint64_t sequence = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};
// How far an outlet has handed the ledger on, and what it must remember beside that.
struct OutletRow {
  std::string name;
  Place place;
  std::string state;  // the outlet's own bytes
  Time moved_at{};
};

class Store {
 public:
  Store(const ConnectionInfo& info, Role role);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // ---- writer ----
  // Finds or creates the stream; the writer holds an advisory lock on it as long as the connection lives.
  StreamHead open_stream(const ledger::StreamId& id, const std::string& verifier_key);
  // Commits or throws. In-doubt commits are resolved here by the stored head. After Error(Unavailable) call
  // again with the same batch: it is stored once, also when the first attempt had been committed after all. A
  // batch without entries has no head to look at: its extras are tried once.
  void append(const StreamHead& stream, const ledger::SealedBatch& batch, const Extras& extras);
  void flush_activity(const std::vector<model::SessionRow>& sessions);
  void save_snapshot(const StreamHead& stream, std::uint64_t size, const std::string& policy_digest,
                     const std::function<void(const std::function<void(std::string_view)>&)>& write);
  void expire(Time now);  // idempotency keys and memory past their time
  // Of a writer that holds no stream; inserted or replaced by name.
  void save_outlet(const OutletRow& row);
  void forget_outlet(const std::string& name);
  // Returns when the database answers the writer, over a new connection if the old one was lost.
  void check();

  // ---- reading ----
  // Each statement that reads ends with Error(Unavailable) after so long, from now on; 0: none does.
  void limit_reading(Duration each_statement);
  [[nodiscard]] std::vector<StreamHead> streams();
  // Streams rows [from, to) in order without holding them all; `take` returns false to stop. With the
  // commitments to personal values, never the values and salts: state, replay and proofs need none.
  void read_entries(std::int64_t stream, std::uint64_t from, std::uint64_t to,
                    const std::function<bool(ledger::SealedEntry&&)>& take);
  // Only those that the filter wants: no index helps, but what is not wanted doesn't leave the server.
  void read_entries(std::int64_t stream, std::uint64_t from, std::uint64_t to, const EntryFilter& filter,
                    const std::function<bool(ledger::SealedEntry&&)>& take);
  [[nodiscard]] std::optional<std::string> tile(std::int64_t stream, std::uint32_t level,
                                                std::uint64_t index);
  struct Snapshot {
    std::uint64_t size = 0;
    std::string policy_digest;
    std::string bytes;
    Time stored_at{};
    std::uint32_t damaged = 0;  // newer ones that were passed over because their digest was wrong
  };
  [[nodiscard]] std::optional<Snapshot> newest_snapshot(std::int64_t stream);
  void read_references(const std::function<void(model::PersonalValue&&)>& take);
  void read_idempotency_keys(const std::function<void(IdempotencyKey&&)>& take);
  [[nodiscard]] std::vector<CursorUpdate> cursors();  // totals of read, filtered, unreadable
  [[nodiscard]] std::vector<MemoryUpdate> memory();
  [[nodiscard]] std::optional<OutletRow> outlet(const std::string& name);
  [[nodiscard]] std::vector<model::SessionRow> sessions(const SessionQuery& query);
  [[nodiscard]] std::optional<model::SessionRow> session(model::SessionNumber number);
  [[nodiscard]] std::vector<SubjectRow> subjects(const SubjectQuery& query);
  [[nodiscard]] std::vector<PresenceRow> presences(const PresenceQuery& query);
  [[nodiscard]] std::vector<model::ViolationRow> violations(const ViolationQuery& query);
  [[nodiscard]] std::vector<model::SignOutRow> sign_outs(const SignOutQuery& query);
  // What gates must go on refusing: the sessions whose newest sign-out since then stands and did more than
  // notify, the engine's memory of them or not. Live and newer sessions with the same id come on top.
  [[nodiscard]] std::vector<model::GateEntry> refusals(Time since);
  // What of the server's settings lets a crash lose what was acknowledged; empty: nothing.
  [[nodiscard]] std::vector<std::string> durability_problems();
  // Personal values of these references; the caller records the access. Missing ones are left out.
  [[nodiscard]] std::vector<model::PersonalValue> resolve(const std::vector<model::Ref>& refs);
  // The id that a session has at its source, if the source says that it is no credential; likewise.
  [[nodiscard]] std::optional<std::string> handle_of(const model::SessionDigest& session);

  struct Connection;

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace curfew::store
