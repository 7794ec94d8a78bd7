#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "core/base/error.hpp"
#include "core/store/store_connection.hpp"

namespace curfew::store {
namespace {

// A table that rows are replaced in by their key.
struct Target {
  const char* table;
  const char* columns;
  std::uint16_t count;
};

constexpr const char* session_columns =
    "number, source, session, subject, device, address, user_agent, application, account_type, auth_method, "
    "interactivity, network, factors, privileged, start_seen, state, started_at, last_person_activity_at, "
    "last_machine_activity_at, last_fresh_authentication_at, expires_at, ended_at, end_reason, "
    "end_certainty, "
    "corrections, activities";
constexpr const char* violation_columns =
    "number, policy, rule, mode, session, subject, source, breached_at, detected_at, withdrawn_at, evidence, "
    "controls, "
    "sign_out";
constexpr const char* sign_out_columns =
    "number, session, subject, source, reason, violation, ordered_by, outcome, held_because, step, steps, "
    "breached_at, "
    "ordered_at, concluded_at, reverted_at, trail";

// "number, source" → "ON CONFLICT (number) DO UPDATE SET source = excluded.source"
std::string replace_by_number(std::string_view columns) {
  std::string sql = " ON CONFLICT (number) DO UPDATE SET ";
  bool first = true;
  while (!columns.empty()) {
    const auto comma = columns.find(", ");
    const std::string column(columns.substr(0, comma));
    columns.remove_prefix(comma == std::string_view::npos ? columns.size() : comma + 2);
    if (column == "number") continue;
    if (!first) sql += ", ";
    first = false;
    sql += column + " = excluded." + column;
  }
  return sql;
}

void put(BinaryRows& out, const model::SessionRow& row) {
  out.int8(static_cast<std::int64_t>(row.number))
      .bytes(row.source)
      .bytes(stored(row.session))
      .bytes(stored(row.subject))
      .bytes(stored(row.device))
      .bytes(stored(row.address))
      .bytes(stored(row.user_agent))
      .bytes(row.application)
      .bytes(model::name_of(row.account_type))
      .bytes(model::name_of(row.auth_method))
      .bytes(model::name_of(row.interactivity))
      .bytes(model::name_of(row.network))
      .int2(row.factors)
      .truth(row.privileged)
      .truth(row.start_seen)
      .bytes(model::name_of(row.state))
      .int8(base::to_micros(row.started_at))
      .int8(base::to_micros(row.last_person_activity_at))
      .int8(base::to_micros(row.last_machine_activity_at))
      .int8(base::to_micros(row.last_fresh_authentication_at))
      .int8(base::to_micros(row.expires_at))
      .int8(base::to_micros(row.ended_at))
      .bytes(model::name_of(row.end_reason))
      .bytes(model::name_of(row.end_certainty))
      .int8(row.corrections)
      .int8(static_cast<std::int64_t>(row.activities));
}

void put(BinaryRows& out, const model::ViolationRow& row) {
  out.int8(static_cast<std::int64_t>(row.number))
      .bytes(row.policy)
      .bytes(model::name_of(row.rule))
      .bytes(model::name_of(row.mode))
      .int8(static_cast<std::int64_t>(row.session))
      .bytes(stored(row.subject))
      .bytes(row.source)
      .int8(base::to_micros(row.breached_at))
      .int8(base::to_micros(row.detected_at))
      .int8(base::to_micros(row.withdrawn_at))
      .bytes(row.evidence)
      .texts(row.controls)
      .int8(static_cast<std::int64_t>(row.sign_out));
}

void put(BinaryRows& out, const model::SignOutRow& row) {
  out.int8(static_cast<std::int64_t>(row.number))
      .int8(static_cast<std::int64_t>(row.session))
      .bytes(stored(row.subject))
      .bytes(row.source)
      .bytes(row.reason)
      .int8(static_cast<std::int64_t>(row.violation))
      .bytes(row.ordered_by)
      .bytes(model::name_of(row.outcome))
      .bytes(row.held_because)
      .int8(row.step)
      .int8(row.steps)
      .int8(base::to_micros(row.breached_at))
      .int8(base::to_micros(row.ordered_at))
      .int8(base::to_micros(row.concluded_at))
      .int8(base::to_micros(row.reverted_at))
      .bytes(row.trail);
}

void put(BinaryRows& out, const CursorUpdate& row) {
  out.bytes(row.source)
      .bytes(row.name)
      .bytes(row.value)
      .int8(static_cast<std::int64_t>(row.read))
      .int8(static_cast<std::int64_t>(row.filtered))
      .int8(static_cast<std::int64_t>(row.unreadable));
}

void put(BinaryRows& out, const MemoryUpdate& row) {
  out.bytes(row.source).bytes(row.key).bytes(row.value).int8(base::to_micros(row.expires_at));
}

template <typename Row>
void copy_into(ServerConnection& connection, const std::string& table, const Target& target,
               const std::vector<const Row*>& rows) {
  CopyIn copy(connection, "COPY " + table + " (" + target.columns + ") FROM STDIN (FORMAT binary)",
              target.count);
  for (const Row* row : rows) put(copy.begin_row(), *row);
  copy.finish();
}

template <typename Row>
void upsert(ServerConnection& connection, const Target& target, const std::vector<const Row*>& rows,
            const std::string& conflict) {
  if (rows.empty()) return;
  const std::string staged = std::string("pg_temp.staged_") + target.table;
  copy_into(connection, staged, target, rows);
  connection.execute("INSERT INTO curfew." + std::string(target.table) + " (" + target.columns + ") SELECT " +
                     target.columns + " FROM " + staged + conflict);
}

// New rows go straight into the table; only those that may be there already pay for the look.
template <typename Row>
void store_rows(ServerConnection& connection, const Target& target, const std::vector<Row>& rows,
                std::uint64_t highest) {
  std::vector<const Row*> fresh;
  std::vector<const Row*> known;
  for (const Row& row : rows) (row.number > highest ? fresh : known).push_back(&row);
  if (!fresh.empty()) copy_into(connection, std::string("curfew.") + target.table, target, fresh);
  upsert(connection, target, known, replace_by_number(target.columns));
}

constexpr Target session_target{"session", session_columns, 26};
constexpr Target violation_target{"violation", violation_columns, 13};
constexpr Target sign_out_target{"sign_out", sign_out_columns, 16};
constexpr Target cursor_target{"cursor", "source, name, value, read, filtered, unreadable", 6};
constexpr Target memory_target{"memory", "source, key, value, expires_at", 4};

constexpr const char* add_to_cursor =
    " ON CONFLICT (source, name) DO UPDATE SET value = excluded.value, read = cursor.read + excluded.read, "
    "filtered = cursor.filtered + excluded.filtered, unreadable = cursor.unreadable + excluded.unreadable";

void store_cursors(ServerConnection& connection, const std::vector<CursorUpdate>& updates) {
  if (updates.empty()) return;
  std::map<std::pair<std::string_view, std::string_view>, CursorUpdate> merged;
  for (const CursorUpdate& update : updates) {
    auto [at, is_new] = merged.try_emplace({update.source, update.name}, update);
    if (is_new) continue;
    at->second.value = update.value;
    at->second.read += update.read;
    at->second.filtered += update.filtered;
    at->second.unreadable += update.unreadable;
  }
  std::vector<const CursorUpdate*> kept;
  std::map<std::string_view, CursorUpdate> forgotten;
  for (const auto& [key, update] : merged) {
    if (!update.value.empty() || update.name.empty()) {
      kept.push_back(&update);
      continue;
    }
    // What a forgotten cursor counted stays counted, under the source's cursor with the empty name.
    CursorUpdate& total =
        forgotten.try_emplace(update.source, CursorUpdate{update.source, {}, {}}).first->second;
    const Answer gone = connection.query(
        "DELETE FROM curfew.cursor WHERE source = $1 AND name = $2 RETURNING read, filtered, unreadable",
        {Parameter::text(update.source), Parameter::text(update.name)});
    const auto before = [&](int column) {
      return gone.rows() == 0 ? 0 : static_cast<std::uint64_t>(gone.number(0, column));
    };
    total.read += update.read + before(0);
    total.filtered += update.filtered + before(1);
    total.unreadable += update.unreadable + before(2);
  }
  for (const auto& [source, total] : forgotten) {
    auto at = merged.find({source, std::string_view{}});
    if (at == merged.end()) {
      kept.push_back(&total);
    } else {
      at->second.read += total.read;
      at->second.filtered += total.filtered;
      at->second.unreadable += total.unreadable;
    }
  }
  upsert(connection, cursor_target, kept, add_to_cursor);
}

void store_memory(ServerConnection& connection, const std::vector<MemoryUpdate>& updates) {
  if (updates.empty()) return;
  std::map<std::pair<std::string_view, std::string_view>, const MemoryUpdate*> newest;
  for (const MemoryUpdate& update : updates) newest[{update.source, update.key}] = &update;
  std::vector<const MemoryUpdate*> kept;
  bool any_forgotten = false;
  for (const auto& [key, update] : newest) {
    kept.push_back(update);
    any_forgotten = any_forgotten || update->value.empty();
  }
  upsert(connection, memory_target, kept,
         " ON CONFLICT (source, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at");
  if (any_forgotten) {
    connection.execute(
        "DELETE FROM curfew.memory m USING pg_temp.staged_memory s WHERE s.value = '' AND m.source = "
        "s.source AND "
        "m.key = s.key");
  }
}

template <typename Row>
void raise(std::uint64_t& highest, const std::vector<Row>& rows) {
  for (const Row& row : rows) highest = std::max(highest, row.number);
}

}  // namespace

void prepare_staging(ServerConnection& connection) {
  for (const char* table : {"session", "violation", "sign_out", "cursor", "memory"}) {
    connection.execute(std::string("CREATE TEMP TABLE staged_") + table + " (LIKE curfew." + table +
                       ") ON COMMIT DELETE ROWS");
  }
}

void store_sessions(Store::Connection& connection, const std::vector<model::SessionRow>& rows) {
  store_rows(*connection.writing, session_target, rows, connection.highest_session);
}

void store_projections(Store::Connection& connection, const Extras& extras) {
  ServerConnection& writing = *connection.writing;
  store_sessions(connection, extras.sessions);
  store_rows(writing, violation_target, extras.violations, connection.highest_violation);
  store_rows(writing, sign_out_target, extras.sign_outs, connection.highest_order);
  store_cursors(writing, extras.cursors);
  store_memory(writing, extras.memory);
}

void note_stored(Store::Connection& connection, const Extras& extras) {
  raise(connection.highest_session, extras.sessions);
  raise(connection.highest_violation, extras.violations);
  raise(connection.highest_order, extras.sign_outs);
}

}  // namespace curfew::store
