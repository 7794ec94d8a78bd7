// Where each outlet stands that hands the ledger on to somebody else.
#include "core/base/error.hpp"
#include "core/store/store_connection.hpp"

namespace curfew::store {
namespace {

// One statement is one transaction. A connection that turns out to have been lost is replaced once: both
// statements leave the same when they are run twice.
template <typename Run>
void run_durably(Store::Connection& connection, const Run& run) {
  try {
    run(connection.writer());
  } catch (const Error&) {
    if (!connection.writing || !connection.writing->lost()) throw;
    run(connection.writer());
  }
}

}  // namespace

void Store::save_outlet(const OutletRow& row) {
  run_durably(*connection_, [&](ServerConnection& writer) {
    writer.query(
        "INSERT INTO curfew.outlet (name, stream, sequence, state, moved_at) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (name) DO UPDATE SET stream = excluded.stream, sequence = excluded.sequence, "
        "state = excluded.state, moved_at = excluded.moved_at",
        {Parameter::text(row.name), Parameter(row.place.stream), Parameter(row.place.sequence),
         Parameter::bytes(row.state), Parameter(base::to_micros(row.moved_at))});
  });
}

void Store::forget_outlet(const std::string& name) {
  run_durably(*connection_, [&](ServerConnection& writer) {
    writer.query("DELETE FROM curfew.outlet WHERE name = $1", {Parameter::text(name)});
  });
}

std::optional<OutletRow> Store::outlet(const std::string& name) {
  return connection_->with_reader([&](ServerConnection& reader) -> std::optional<OutletRow> {
    const Answer answer =
        reader.query("SELECT stream, sequence, state, moved_at FROM curfew.outlet WHERE name = $1",
                     {Parameter::text(name)});
    if (answer.rows() == 0) return std::nullopt;
    return OutletRow{
        .name = name,
        .place = {answer.number(0, 0), static_cast<std::uint64_t>(answer.number(0, 1))},
        .state = answer.text(0, 2),
        .moved_at = base::from_micros(answer.number(0, 3)),
    };
  });
}

std::optional<std::string> Store::handle_of(const model::SessionDigest& session) {
  return connection_->with_reader([&](ServerConnection& reader) -> std::optional<std::string> {
    const Answer answer = reader.query(
        "SELECT value FROM curfew.reference WHERE kind = 'handle' AND namespace = $1 ORDER BY ref LIMIT 1",
        {Parameter::text(model::to_text(session))});
    if (answer.rows() == 0) return std::nullopt;
    return answer.text(0, 0);
  });
}

}  // namespace curfew::store
