#include <charconv>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/store/store_connection.hpp"

namespace curfew::store {
namespace {

// The largest page that one call returns.
constexpr std::size_t most_rows = 100'000;

[[noreturn]] void fail_name(const char* table, std::string_view column, std::string_view value) {
  throw Error(ErrorKind::Corrupt, std::string("curfew.") + table + ": the value '" +
                                      base::to_clean_utf8(value.substr(0, 40)) + "' of " +
                                      std::string(column) + " is none that this curfew knows");
}

template <typename E>
E name_in(const char* table, const char* column, std::string_view text) {
  const auto value = model::parse<E>(text);
  if (!value) fail_name(table, column, text);
  return *value;
}

Time time_in(const BinaryRow& row, std::size_t column) { return base::from_micros(row.number(column)); }
std::uint64_t count_in(const BinaryRow& row, std::size_t column) {
  return static_cast<std::uint64_t>(row.number(column));
}

// For statements that take no parameters: COPY (…) TO.
std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}
std::string literal(model::Ref ref) { return "'\\x" + model::to_text(ref) + "'::bytea"; }
std::string literal(const model::SessionDigest& session) {
  return "'\\x" + model::to_text(session) + "'::bytea";
}
std::string literal(std::uint64_t number) { return std::to_string(static_cast<std::int64_t>(number)); }
std::string literal(Time time) { return std::to_string(base::to_micros(time)); }

ledger::SealedEntry entry_in(const BinaryRow& row) {
  ledger::SealedEntry sealed;
  sealed.sequence = count_in(row, 0);
  sealed.entry.engine_time = time_in(row, 1);
  sealed.entry.occurred_at = time_in(row, 2);
  sealed.recorded_at = time_in(row, 3);
  try {
    sealed.entry.kind = name_in<model::EntryKind>("entry", "kind", row.bytes(4));
    sealed.entry.session = session_from_stored(row.bytes(6));
    sealed.entry.subject = ref_from_stored(row.bytes(7));
  } catch (const Error& error) {
    throw Error(error.kind(), "entry " + std::to_string(sealed.sequence) + ": " + error.what());
  }
  sealed.entry.source = row.text(5);
  sealed.entry.facts = row.text(8);
  sealed.commitment = row.text(9);
  return sealed;
}

constexpr const char* session_select =
    "SELECT number, source, session, subject, device, address, user_agent, application, account_type, "
    "auth_method, "
    "interactivity, network, factors, privileged, start_seen, state, started_at, last_person_activity_at, "
    "last_machine_activity_at, last_fresh_authentication_at, expires_at, ended_at, end_reason, "
    "end_certainty, "
    "corrections, activities FROM curfew.session";

model::SessionRow session_in(const BinaryRow& row) {
  constexpr const char* table = "session";
  model::SessionRow out;
  out.number = count_in(row, 0);
  out.source = row.text(1);
  out.session = session_from_stored(row.bytes(2));
  out.subject = ref_from_stored(row.bytes(3));
  out.device = ref_from_stored(row.bytes(4));
  out.address = ref_from_stored(row.bytes(5));
  out.user_agent = ref_from_stored(row.bytes(6));
  out.application = row.text(7);
  out.account_type = name_in<model::AccountType>(table, "account_type", row.bytes(8));
  out.auth_method = name_in<model::AuthMethod>(table, "auth_method", row.bytes(9));
  out.interactivity = name_in<model::Interactivity>(table, "interactivity", row.bytes(10));
  out.network = name_in<model::NetworkClass>(table, "network", row.bytes(11));
  out.factors = static_cast<std::uint8_t>(row.number(12));
  out.privileged = row.truth(13);
  out.start_seen = row.truth(14);
  out.state = name_in<model::SessionState>(table, "state", row.bytes(15));
  out.started_at = time_in(row, 16);
  out.last_person_activity_at = time_in(row, 17);
  out.last_machine_activity_at = time_in(row, 18);
  out.last_fresh_authentication_at = time_in(row, 19);
  out.expires_at = time_in(row, 20);
  out.ended_at = time_in(row, 21);
  out.end_reason = name_in<model::EndReason>(table, "end_reason", row.bytes(22));
  out.end_certainty = name_in<model::Certainty>(table, "end_certainty", row.bytes(23));
  out.corrections = static_cast<std::uint32_t>(row.number(24));
  out.activities = count_in(row, 25);
  return out;
}

model::ViolationRow violation_in(const BinaryRow& row) {
  constexpr const char* table = "violation";
  model::ViolationRow out;
  out.number = count_in(row, 0);
  out.policy = row.text(1);
  out.rule = name_in<model::Rule>(table, "rule", row.bytes(2));
  out.mode = name_in<model::PolicyMode>(table, "mode", row.bytes(3));
  out.session = count_in(row, 4);
  out.subject = ref_from_stored(row.bytes(5));
  out.source = row.text(6);
  out.breached_at = time_in(row, 7);
  out.detected_at = time_in(row, 8);
  out.withdrawn_at = time_in(row, 9);
  out.evidence = row.text(10);
  out.controls = row.texts(11);
  out.sign_out = count_in(row, 12);
  return out;
}

model::SignOutRow sign_out_in(const BinaryRow& row) {
  model::SignOutRow out;
  out.number = count_in(row, 0);
  out.session = count_in(row, 1);
  out.subject = ref_from_stored(row.bytes(2));
  out.source = row.text(3);
  out.reason = row.text(4);
  out.violation = count_in(row, 5);
  out.ordered_by = row.text(6);
  out.outcome = name_in<model::Outcome>("sign_out", "outcome", row.bytes(7));
  out.held_because = row.text(8);
  out.step = static_cast<std::uint32_t>(row.number(9));
  out.steps = static_cast<std::uint32_t>(row.number(10));
  out.breached_at = time_in(row, 11);
  out.ordered_at = time_in(row, 12);
  out.concluded_at = time_in(row, 13);
  out.reverted_at = time_in(row, 14);
  out.trail = row.text(15);
  return out;
}

template <typename List, typename Write>
std::string one_of(const List& list, const Write& write) {
  std::string out = " IN (";
  for (std::size_t i = 0; i < list.size(); ++i) out += (i == 0 ? "" : ", ") + write(list[i]);
  return out + ")";
}

std::string condition(const EntryFilter& filter) {
  std::string sql;
  if (!filter.kinds.empty()) {
    sql += " AND (kind" +
           one_of(filter.kinds, [](model::EntryKind kind) { return literal(model::name_of(kind)); });
    // The type is the first of the facts; see docs/ledger-format.md.
    if (filter.or_gaps)
      sql += " OR (kind = 'observation' AND starts_with(facts, " + literal(R"({"type":"gap")") + "))";
    sql += ")";
  }
  if (!filter.sessions.empty())
    sql += " AND session" + one_of(filter.sessions, [](const auto& session) { return literal(session); });
  if (filter.from != Time{}) sql += " AND occurred_at >= " + literal(filter.from);
  if (filter.to != Time{}) sql += " AND occurred_at < " + literal(filter.to);
  return sql;
}

std::string page(std::string sql, std::uint64_t after, std::size_t limit) {
  return std::move(sql) + " AND number > " + literal(after) + " ORDER BY number LIMIT " +
         std::to_string(std::min(limit, most_rows));
}

template <typename Row>
std::vector<Row> collect(Store::Connection& connection, const std::string& select, std::size_t columns,
                         Row (*read)(const BinaryRow&)) {
  return connection.with_reader([&](ServerConnection& reader) {
    std::vector<Row> rows;
    copy_rows(reader, select, columns, [&](const BinaryRow& row) {
      rows.push_back(read(row));
      return true;
    });
    return rows;
  });
}

}  // namespace

std::vector<StreamHead> Store::streams() {
  return collect<StreamHead>(
      *connection_,
      "SELECT s.number, s.realm, s.node, s.epoch, s.verifier_key, coalesce(c.size, 0), coalesce(c.root, ''), "
      "coalesce(c.note, '') FROM curfew.stream s LEFT JOIN LATERAL (SELECT size, root, note FROM "
      "curfew.checkpoint k "
      "WHERE k.stream = s.number ORDER BY size DESC LIMIT 1) c ON true ORDER BY s.number",
      8, [](const BinaryRow& row) {
        StreamHead head;
        head.stream = row.number(0);
        head.id = {row.text(1), row.text(2), static_cast<std::uint32_t>(row.number(3))};
        head.verifier_key = row.text(4);
        head.size = count_in(row, 5);
        const std::string_view root = row.bytes(6);
        if (head.size > 0 && root.size() != head.root.size()) {
          throw Error(ErrorKind::Corrupt, "curfew.checkpoint: the root of stream " +
                                              std::to_string(head.stream) +
                                              " is not 32 bytes; run `curfew verify`");
        }
        std::copy(root.begin(), root.end(), head.root.begin());
        head.checkpoint = row.text(7);
        return head;
      });
}

void Store::read_entries(std::int64_t stream, std::uint64_t from, std::uint64_t to,
                         const std::function<bool(ledger::SealedEntry&&)>& take) {
  read_entries(stream, from, to, {}, take);
}

void Store::read_entries(std::int64_t stream, std::uint64_t from, std::uint64_t to, const EntryFilter& filter,
                         const std::function<bool(ledger::SealedEntry&&)>& take) {
  // A sequence above what bigint holds can't be stored.
  constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max();
  ServerConnection& reader = connection_->answering_reader();
  // The rows lie in the order of the primary key: reading along it needs no sort, whatever the planner
  // knows or doesn't know yet of the table.
  reader.execute("BEGIN; SET LOCAL enable_sort = off");
  try {
    copy_rows(reader,
              "SELECT sequence, engine_time, occurred_at, recorded_at, kind, source, session, subject, "
              "facts, commitment FROM curfew.entry WHERE stream = " +
                  std::to_string(stream) + " AND sequence >= " + literal(std::min(from, highest)) +
                  " AND sequence < " + literal(std::min(to, highest)) + condition(filter) +
                  " ORDER BY sequence",
              10, [&](const BinaryRow& row) { return take(entry_in(row)); });
    reader.rollback();
  } catch (const std::exception&) {
    reader.rollback();
    if (reader.lost()) connection_->reading.reset();
    throw;
  }
}

std::optional<std::string> Store::tile(std::int64_t stream, std::uint32_t level, std::uint64_t index) {
  return connection_->with_reader([&](ServerConnection& reader) -> std::optional<std::string> {
    const Answer answer =
        reader.query("SELECT hashes FROM curfew.tile WHERE stream = $1 AND level = $2 AND index = $3",
                     {Parameter(stream), Parameter(std::int64_t{level}), Parameter(index)});
    if (answer.rows() == 0) return std::nullopt;
    return answer.text(0, 0);
  });
}

void Store::read_references(const std::function<void(model::PersonalValue&&)>& take) {
  copy_rows(
      connection_->answering_reader(), "SELECT ref, kind, namespace, value FROM curfew.reference", 4,
      [&](const BinaryRow& row) {
        take({ref_from_stored(row.bytes(0)), name_in<model::PersonalKind>("reference", "kind", row.bytes(1)),
              row.text(2), row.text(3)});
        return true;
      });
}

void Store::read_idempotency_keys(const std::function<void(IdempotencyKey&&)>& take) {
  constexpr std::size_t record = 24;
  copy_rows(connection_->answering_reader(),
            "SELECT source, keys FROM curfew.idempotency ORDER BY stream, size, source", 2,
            [&](const BinaryRow& row) {
              std::string_view keys = row.bytes(1);
              if (keys.size() % record != 0) {
                throw Error(ErrorKind::Corrupt, "curfew.idempotency: a value is not made of 24-byte keys");
              }
              for (; !keys.empty(); keys.remove_prefix(record)) {
                IdempotencyKey key;
                key.source = row.text(0);
                for (std::size_t i = 0; i < 16; ++i) key.key[i] = static_cast<std::uint8_t>(keys[i]);
                std::uint64_t expiry = 0;
                for (std::size_t i = 16; i < record; ++i)
                  expiry = expiry << 8 | static_cast<std::uint8_t>(keys[i]);
                key.expires_at = base::from_micros(static_cast<std::int64_t>(expiry));
                take(std::move(key));
              }
              return true;
            });
}

std::vector<CursorUpdate> Store::cursors() {
  return collect<CursorUpdate>(
      *connection_,
      "SELECT source, name, value, read, filtered, unreadable FROM curfew.cursor ORDER BY source, name", 6,
      [](const BinaryRow& row) {
        return CursorUpdate{row.text(0),      row.text(1),      row.text(2),
                            count_in(row, 3), count_in(row, 4), count_in(row, 5)};
      });
}

std::vector<MemoryUpdate> Store::memory() {
  return collect<MemoryUpdate>(
      *connection_, "SELECT source, key, value, expires_at FROM curfew.memory ORDER BY source, key", 4,
      [](const BinaryRow& row) {
        return MemoryUpdate{row.text(0), row.text(1), row.text(2), time_in(row, 3)};
      });
}

std::vector<model::SessionRow> Store::sessions(const SessionQuery& query) {
  std::string sql = std::string(session_select) + " WHERE true";
  if (query.live_only) sql += " AND ended_at = 0";
  if (!query.source.empty()) sql += " AND source = " + literal(query.source);
  if (query.subject) sql += " AND subject = " + literal(query.subject);
  if (query.from != Time{}) sql += " AND (ended_at = 0 OR ended_at >= " + literal(query.from) + ")";
  if (query.to != Time{}) sql += " AND started_at < " + literal(query.to);
  return collect<model::SessionRow>(*connection_, page(std::move(sql), query.after, query.limit), 26,
                                    session_in);
}

std::optional<model::SessionRow> Store::session(model::SessionNumber number) {
  auto rows = collect<model::SessionRow>(
      *connection_, std::string(session_select) + " WHERE number = " + literal(number), 26, session_in);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::vector<SubjectRow> Store::subjects(const SubjectQuery& query) {
  const std::string limit = std::to_string(std::min(query.limit, most_rows));
  std::string wanted = "subject <> ''";
  if (query.after) wanted += " AND subject > " + literal(query.after);
  // The live ones come from the index of live sessions, whatever the number of those that ended.
  if (query.live_only) {
    wanted = "subject IN (SELECT DISTINCT subject FROM curfew.session WHERE ended_at = 0 AND " + wanted +
             " ORDER BY subject LIMIT " + limit + ")";
  }
  return collect<SubjectRow>(
      *connection_,
      "SELECT s.subject, s.account_type, s.live, s.sessions, v.violations, s.first_seen, s.last_activity "
      "FROM (SELECT subject, coalesce((array_agg(account_type ORDER BY number DESC) FILTER "
      "(WHERE account_type <> 'unknown'))[1], 'unknown') AS account_type, "
      "count(*) FILTER (WHERE ended_at = 0) AS live, count(*) AS sessions, min(started_at) AS first_seen, "
      "max(greatest(started_at, last_person_activity_at, last_machine_activity_at)) AS last_activity "
      "FROM curfew.session WHERE " +
          wanted + " GROUP BY subject ORDER BY subject LIMIT " + limit +
          ") s CROSS JOIN LATERAL (SELECT count(*) AS violations FROM curfew.violation v "
          "WHERE v.subject = s.subject AND v.withdrawn_at = 0) v ORDER BY s.subject",
      7, [](const BinaryRow& row) {
        SubjectRow out;
        out.subject = ref_from_stored(row.bytes(0));
        out.account_type = name_in<model::AccountType>("session", "account_type", row.bytes(1));
        out.live_sessions = count_in(row, 2);
        out.sessions = count_in(row, 3);
        out.violations = count_in(row, 4);
        out.first_seen_at = time_in(row, 5);
        out.last_activity_at = time_in(row, 6);
        return out;
      });
}

// Whoever has a session there has a presence there: subjects are found by their sessions, and then all of
// each subject's sessions are laid together.
std::vector<PresenceRow> Store::presences(const PresenceQuery& query) {
  const std::size_t limit = std::min(query.limit, most_rows);
  std::string session = "subject <> ''";
  std::string presence = "true";
  const auto both = [&](const std::string& condition) {
    session += " AND " + condition;
    presence += " AND " + condition;
  };
  if (query.subject) session += " AND subject = " + literal(query.subject);
  if (query.live_only) both("ended_at = 0");
  if (query.from != Time{}) both("(ended_at = 0 OR ended_at >= " + literal(query.from) + ")");
  if (query.to != Time{}) both("started_at < " + literal(query.to));
  if (query.after.subject) {
    session += " AND subject >= " + literal(query.after.subject);
    presence += " AND (p.subject, started_at) > (" + literal(query.after.subject) + ", " +
                literal(query.after.started_at) + ")";
  }
  return collect<PresenceRow>(
      *connection_,
      "SELECT p.subject, account_type, started_at, ended_at, sessions, live_sessions, sources, applications, "
      "last_person_activity_at FROM (SELECT DISTINCT subject FROM curfew.session WHERE " +
          session + " ORDER BY subject LIMIT " + std::to_string(limit + 1) +
          ") s CROSS JOIN LATERAL (SELECT * FROM curfew.presence WHERE subject = s.subject) p WHERE " +
          presence + " ORDER BY p.subject, started_at LIMIT " + std::to_string(limit),
      9, [](const BinaryRow& row) {
        PresenceRow out;
        out.subject = ref_from_stored(row.bytes(0));
        out.account_type = name_in<model::AccountType>("session", "account_type", row.bytes(1));
        out.started_at = time_in(row, 2);
        out.ended_at = time_in(row, 3);
        out.sessions = count_in(row, 4);
        out.live_sessions = count_in(row, 5);
        out.sources = row.texts(6);
        out.applications = row.texts(7);
        out.last_person_activity_at = time_in(row, 8);
        return out;
      });
}

std::vector<model::ViolationRow> Store::violations(const ViolationQuery& query) {
  std::string sql =
      "SELECT number, policy, rule, mode, session, subject, source, breached_at, detected_at, withdrawn_at, "
      "evidence, "
      "controls, sign_out FROM curfew.violation WHERE true";
  if (!query.policy.empty()) sql += " AND policy = " + literal(query.policy);
  if (query.subject) sql += " AND subject = " + literal(query.subject);
  if (query.from != Time{}) sql += " AND breached_at >= " + literal(query.from);
  if (query.to != Time{}) sql += " AND breached_at < " + literal(query.to);
  if (!query.include_withdrawn) sql += " AND withdrawn_at = 0";
  return collect<model::ViolationRow>(*connection_, page(std::move(sql), query.after, query.limit), 13,
                                      violation_in);
}

std::vector<model::SignOutRow> Store::sign_outs(const SignOutQuery& query) {
  std::string sql =
      "SELECT number, session, subject, source, reason, violation, ordered_by, outcome, held_because, step, "
      "steps, breached_at, ordered_at, concluded_at, reverted_at, trail FROM curfew.sign_out WHERE true";
  if (query.outcome) sql += " AND outcome = " + literal(model::name_of(*query.outcome));
  if (!query.policy.empty())
    sql += " AND ordered_by = 'policy' AND reason IN (" + literal(query.policy) + ", " +
           literal("hold: " + query.policy) + ")";
  if (query.session != 0) sql += " AND session = " + std::to_string(query.session);
  if (query.subject) sql += " AND subject = " + literal(query.subject);
  if (query.from != Time{}) sql += " AND ordered_at >= " + literal(query.from);
  if (query.to != Time{}) sql += " AND ordered_at < " + literal(query.to);
  if (query.open_only || query.held_only) sql += " AND concluded_at = 0";
  if (query.held_only) sql += " AND outcome = 'held'";
  return collect<model::SignOutRow>(*connection_, page(std::move(sql), query.after, query.limit), 16,
                                    sign_out_in);
}

std::vector<model::GateEntry> Store::refusals(Time since) {
  return collect<model::GateEntry>(
      *connection_,
      "SELECT s.source, s.session, s.number, o.ordered_by, coalesce(v.rule, '') FROM ("
      "SELECT DISTINCT ON (session) session, ordered_by, outcome, violation, trail FROM curfew.sign_out "
      "WHERE session <> 0 AND ordered_at >= " +
          literal(since) +
          " ORDER BY session, number DESC) o JOIN curfew.session s ON s.number = o.session "
          "LEFT JOIN curfew.violation v ON v.number = o.violation "
          "WHERE o.outcome NOT IN ('held', 'mistaken') AND o.trail ~ '\"action\":\"(?!notify\")' ORDER BY "
          "s.number",
      5, [](const BinaryRow& row) {
        model::GateEntry entry;
        entry.source = row.text(0);
        entry.session = session_from_stored(row.bytes(1));
        entry.number = count_in(row, 2);
        entry.standing = model::Standing::Refused;
        const std::string rule = row.text(4);
        entry.refusal = row.text(3) != "policy" ? model::Refusal::Administrator
                        : rule.empty()          ? model::Refusal::Policy
                                       : model::refusal_of(name_in<model::Rule>("violation", "rule", rule));
        return entry;
      });
}

std::vector<model::PersonalValue> Store::resolve(const std::vector<model::Ref>& refs) {
  if (refs.empty()) return {};
  std::string list;
  for (const model::Ref& ref : refs) {
    if (!list.empty()) list += ", ";
    list += literal(ref);
  }
  return collect<model::PersonalValue>(
      *connection_,
      "SELECT ref, kind, namespace, value FROM curfew.reference WHERE ref IN (" + list + ") ORDER BY ref", 4,
      [](const BinaryRow& row) {
        return model::PersonalValue{ref_from_stored(row.bytes(0)),
                                    name_in<model::PersonalKind>("reference", "kind", row.bytes(1)),
                                    row.text(2), row.text(3)};
      });
}

std::vector<std::string> Store::durability_problems() {
  std::vector<std::string> problems;
  ServerConnection& reader = connection_->answering_reader();
  for (const char* setting : {"fsync", "full_page_writes", "synchronous_commit"}) {
    const std::string value =
        reader.query("SELECT reset_val FROM pg_settings WHERE name = $1", {Parameter::text(setting)})
            .text(0, 0);
    if (value == "off") {
      problems.push_back(std::string(setting) +
                         " is off: a power cut may lose or damage what was acknowledged");
    }
  }
  return problems;
}

}  // namespace curfew::store
