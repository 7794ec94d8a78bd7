#include "core/store/server_connection.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::store {
namespace {

// pg_type.dat
constexpr Oid bytea_type = 17;
constexpr Oid int8_type = 20;
constexpr Oid text_type = 25;
constexpr int binary_format = 1;

std::string big_endian(std::uint64_t value) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  return bytes;
}

std::string one_line(const char* text) {
  std::string line(base::trim(text == nullptr ? "" : text));
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  return line;
}

struct Meaning {
  ErrorKind kind;
  const char* advice;
};

// SQLSTATE, by its beginning, the longest first: what it means for us and what helps.
struct StateMeaning {
  std::string_view state;
  Meaning meaning;
};
constexpr std::array<StateMeaning, 24> state_meanings{{
    {"22021",
     {ErrorKind::Input, "a text is not clean UTF-8 (to_clean_utf8 first); nothing of the batch was stored"}},
    {"22P05",
     {ErrorKind::Input, "a text is not clean UTF-8 (to_clean_utf8 first); nothing of the batch was stored"}},
    {"42501",
     {ErrorKind::Configuration,
      "the login must be a member of curfew_writer and curfew_auditor, and these must have what `curfew db "
      "migrate` gave them; `curfew db status` shows the fences"}},
    {"42P01", {ErrorKind::Configuration, "the schema is missing or old: run `curfew db migrate`"}},
    {"3F000", {ErrorKind::Configuration, "the schema is missing or old: run `curfew db migrate`"}},
    {"53100",
     {ErrorKind::Unavailable, "the server's disk is full: make room there; it goes on by itself then"}},
    {"53200", {ErrorKind::Unavailable, "the server lacks memory; it is tried again"}},
    {"53300", {ErrorKind::Unavailable, "raise max_connections of the server, or end other clients of it"}},
    {"57014", {ErrorKind::Unavailable, "somebody, or a timeout, cancelled the statement; it is tried again"}},
    {"25006",
     {ErrorKind::Unavailable,
      "the server takes no writes (a standby, or default_transaction_read_only): point `database.url` to the "
      "primary; it goes on by itself when writes are allowed"}},
    {"55P03",
     {ErrorKind::Unavailable, "something else locks the table (look into pg_locks); it is tried again"}},
    {"58", {ErrorKind::Unavailable, "the server can't read or write its files: look into its log and disk"}},
    {"08", {ErrorKind::Unavailable, "the server went away"}},
    {"57", {ErrorKind::Unavailable, "the server went away"}},
    {"53", {ErrorKind::Unavailable, "the server lacks room (disk, memory, connections)"}},
    {"25P03", {ErrorKind::Unavailable, "a timeout of the server ended the transaction; it is tried again"}},
    {"40", {ErrorKind::Unavailable, "try again"}},
    {"55", {ErrorKind::Unavailable, "try again"}},
    {"23", {ErrorKind::Corrupt, "what is stored contradicts what is to be stored"}},
    {"XX", {ErrorKind::Corrupt, "what is stored contradicts what is to be stored"}},
    {"P0", {ErrorKind::Corrupt, "what is stored contradicts what is to be stored"}},
    {"28", {ErrorKind::Unavailable, "the server refuses the login: check user, password and pg_hba.conf"}},
    {"3D", {ErrorKind::Unavailable, "there is no such database: check `database.url`"}},
    {"", {ErrorKind::Internal, "a defect of curfew"}},
}};

Meaning meaning_of(std::string_view state) {
  for (const StateMeaning& known : state_meanings) {
    if (state.starts_with(known.state)) return known.meaning;
  }
  return state_meanings.back().meaning;
}

}  // namespace

Parameter::Parameter(std::int64_t number) : Parameter(static_cast<std::uint64_t>(number)) {}
Parameter::Parameter(std::uint64_t number) : Parameter(int8_type, big_endian(number)) {}
Parameter Parameter::text(std::string_view value) { return {text_type, std::string(value)}; }
Parameter Parameter::bytes(std::string_view value) { return {bytea_type, std::string(value)}; }

void Answer::Clear::operator()(pg_result* result) const { PQclear(result); }
Answer::Answer(pg_result* result) : result_(result) {}
int Answer::rows() const { return PQntuples(result_.get()); }
std::int64_t Answer::affected() const {
  const std::string_view count = PQcmdTuples(result_.get());
  std::int64_t number = 0;  // and so for a command that affects no rows: its text is empty
  std::from_chars(count.data(), count.data() + count.size(), number);
  return number;
}
std::string_view Answer::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::int64_t Answer::number(int row, int column) const {
  const std::string_view value = bytes(row, column);
  if (value.empty() || value.size() > 8)
    throw Error(ErrorKind::Internal, "a number was expected from the database");
  std::uint64_t bits = (static_cast<std::uint8_t>(value[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const char c : value) bits = bits << 8 | static_cast<std::uint8_t>(c);
  return static_cast<std::int64_t>(bits);
}
bool Answer::truth(int row, int column) const { return number(row, column) != 0; }

void ServerConnection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

ServerConnection::ServerConnection(const ConnectionInfo& info) {
  // Defaults first: what the operator wrote wins.
  const std::array<const char*, 8> keys{
      "application_name",    "client_encoding",  "connect_timeout", "keepalives_idle",
      "keepalives_interval", "tcp_user_timeout", "dbname",          nullptr};
  const std::array<const char*, 8> values{"curfew", "UTF8", "10", "30", "10", "60000", info.conninfo.c_str(),
                                          nullptr};
  connection_.reset(PQconnectdbParams(keys.data(), values.data(), 1));
  if (!connection_) throw Error(ErrorKind::Unavailable, "no memory for a database connection");
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw Error(ErrorKind::Unavailable,
                "can't reach the database: " + one_line(PQerrorMessage(connection_.get())) +
                    "; check that it runs and that `database.url` is right");
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

bool ServerConnection::lost() const { return PQstatus(connection_.get()) != CONNECTION_OK; }
int ServerConnection::server_version() const { return PQserverVersion(connection_.get()); }

void ServerConnection::fail(pg_result* result, const std::string& doing) {
  const char* field = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field == nullptr ? "" : field;
  std::string text =
      one_line(result == nullptr ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result));
  if (text.empty()) text = one_line(PQerrorMessage(connection_.get()));
  const char* context = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_CONTEXT);
  if (context != nullptr && text.find(context) == std::string::npos) text += " (" + one_line(context) + ")";
  const bool no_constraint =
      result == nullptr || PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) == nullptr;
  PQclear(result);
  // The rest of the answers of a failed command must be read before another may be sent.
  while (pg_result* next = PQgetResult(connection_.get())) {
    const auto status = PQresultStatus(next);
    PQclear(next);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || lost()) break;
  }
  Meaning meaning =
      lost() || state.empty() ? Meaning{ErrorKind::Unavailable, "the server went away"} : meaning_of(state);
  if (state == "23514" && no_constraint) {
    meaning.advice =
        "a partition of the ledger is missing or was detached: attach it again, or restore it from a backup "
        "(curfew.partition lists what there should be)";
  }
  throw Error(meaning.kind, "database: " + doing + ": " + text + (state.empty() ? "" : " [" + state + "]") +
                                "; " + meaning.advice);
}

void ServerConnection::execute(const std::string& sql) {
  pg_result* result = PQexec(connection_.get(), sql.c_str());
  const auto status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(result, sql.substr(0, 80));
  PQclear(result);
}

void ServerConnection::commit() {
  pg_result* result = PQexec(connection_.get(), "COMMIT");
  if (PQresultStatus(result) != PGRES_COMMAND_OK) fail(result, "COMMIT");
  const bool committed = std::string_view(PQcmdStatus(result)) == "COMMIT";
  PQclear(result);
  if (!committed) throw Error(ErrorKind::Internal, "database: the transaction had failed before its COMMIT");
}

void ServerConnection::rollback() noexcept {
  if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  PQclear(PQexec(connection_.get(), "ROLLBACK"));
}

Answer ServerConnection::query(const std::string& sql, std::initializer_list<Parameter> parameters) {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const Parameter& parameter : parameters) {
    types.push_back(parameter.type());
    values.push_back(parameter.value().data());
    lengths.push_back(static_cast<int>(parameter.value().size()));
  }
  const std::vector<int> formats(parameters.size(), binary_format);
  pg_result* result =
      PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(parameters.size()), types.data(),
                   values.data(), lengths.data(), formats.data(), binary_format);
  const auto status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(result, sql.substr(0, 80));
  return Answer(result);
}

void ServerConnection::copy_in_begin(const std::string& sql) {
  pg_result* result = PQexec(connection_.get(), sql.c_str());
  if (PQresultStatus(result) != PGRES_COPY_IN) fail(result, sql.substr(0, 80));
  PQclear(result);
}

void ServerConnection::copy_in_data(std::string_view data) {
  if (PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size())) != 1)
    fail(nullptr, "COPY");
}

void ServerConnection::copy_in_end() {
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail(nullptr, "end of COPY");
  pg_result* result = PQgetResult(connection_.get());
  if (PQresultStatus(result) != PGRES_COMMAND_OK) fail(result, "COPY");
  PQclear(result);
  while (pg_result* next = PQgetResult(connection_.get())) PQclear(next);
}

void ServerConnection::copy_in_abandon() noexcept {
  if (PQputCopyEnd(connection_.get(), "abandoned") != 1) return;
  while (pg_result* next = PQgetResult(connection_.get())) {
    const auto status = PQresultStatus(next);
    PQclear(next);
    if (status == PGRES_COPY_IN || lost()) break;
  }
}

void ServerConnection::Free::operator()(char* message) const { PQfreemem(message); }

void ServerConnection::copy_out_begin(const std::string& sql) {
  pg_result* begun = PQexec(connection_.get(), sql.c_str());
  if (PQresultStatus(begun) != PGRES_COPY_OUT) fail(begun, sql.substr(0, 80));
  PQclear(begun);
}

std::optional<std::string_view> ServerConnection::copy_out_next() {
  char* data = nullptr;
  const int length = PQgetCopyData(connection_.get(), &data, 0);
  message_.reset(data);
  if (length >= 0) return std::string_view(data, static_cast<std::size_t>(length));
  if (length == -2) fail(nullptr, "COPY");
  pg_result* result = PQgetResult(connection_.get());
  if (PQresultStatus(result) != PGRES_COMMAND_OK) fail(result, "COPY");
  PQclear(result);
  while (pg_result* next = PQgetResult(connection_.get())) PQclear(next);
  return std::nullopt;
}

void ServerConnection::copy_out_stop() noexcept {
  std::array<char, 256> reason{};
  PGcancel* request = PQgetCancel(connection_.get());
  PQcancel(request, reason.data(), static_cast<int>(reason.size()));
  PQfreeCancel(request);
  char* rest = nullptr;
  while (PQgetCopyData(connection_.get(), &rest, 0) > 0) PQfreemem(rest);
  while (pg_result* next = PQgetResult(connection_.get())) PQclear(next);
}

void ServerConnection::copy_out(const std::string& sql, const std::function<bool(std::string_view)>& take) {
  copy_out_begin(sql);
  while (const auto message = copy_out_next()) {
    bool more = false;
    try {
      more = take(*message);
    } catch (const std::exception&) {
      copy_out_stop();  // else the connection would be left in the middle of the copy
      throw;
    }
    if (!more) return copy_out_stop();
  }
}

std::string ServerConnection::password_verifier(const std::string& user, const std::string& password) {
  char* text = PQencryptPasswordConn(connection_.get(), password.c_str(), user.c_str(), "scram-sha-256");
  if (text == nullptr) fail(nullptr, "password");
  std::string verifier(text);
  PQfreemem(text);
  return verifier;
}

}  // namespace curfew::store
