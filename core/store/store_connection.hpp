// What is behind a Store: its two connections and what the writer knows of the stored state.
//
// Threads: one. Owns: the connections. Fails: as Store.
#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/store/binary_copy.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/store.hpp"

namespace curfew::store {

struct Store::Connection {
  Connection(ConnectionInfo where, Role as) : info(std::move(where)), role(as) {}

  ConnectionInfo info;
  Role role;
  std::optional<ServerConnection> writing;
  std::optional<ServerConnection> reading;
  Duration reading_limit{0};                  // of a statement; 0: none
  std::optional<std::int64_t> locked_stream;  // to be locked again after a reconnect
  std::uint64_t room = 0;  // up to which size of the locked stream there are partitions; 0: to be asked
  // Rows above these are new: a plain COPY stores them, without a look for what they replace.
  model::SessionNumber highest_session = 0;
  model::ViolationNumber highest_violation = 0;
  model::OrderNumber highest_order = 0;

  // Connected, in its role, with the stream's lock. Throws Error(Internal) for a Reader.
  ServerConnection& writer();
  ServerConnection& reader();
  // One that answers now: what hands rows out as they come can't be run twice.
  ServerConnection& answering_reader();
  // Runs `read` and, when the connection turns out to have been lost, once more on a new one.
  template <typename Read>
  auto with_reader(const Read& read) {
    const bool was_connected = reading.has_value();
    try {
      return read(reader());
    } catch (const Error&) {
      if (!reading || !reading->lost()) throw;
      reading.reset();
      if (!was_connected) throw;
    }
    return read(reader());
  }
};

// References and session digests as they are stored: bytes, empty for none.
[[nodiscard]] std::string stored(model::Ref ref);
[[nodiscard]] std::string_view stored(const model::SessionDigest& digest);
// Throw Error(Corrupt) when the bytes are not in the one form that they may have.
[[nodiscard]] model::Ref ref_from_stored(std::string_view bytes);
[[nodiscard]] model::SessionDigest session_from_stored(std::string_view bytes);

// Within a transaction of the writer.
void store_projections(Store::Connection& connection, const Extras& extras);
void store_sessions(Store::Connection& connection, const std::vector<model::SessionRow>& rows);
void note_stored(Store::Connection& connection, const Extras& extras);
// Temporary tables that rows go through on their way to an upsert; once for each connection.
void prepare_staging(ServerConnection& connection);

}  // namespace curfew::store
