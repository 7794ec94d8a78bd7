// libpq without waiting inside: each wait is ours and ends at the call's deadline.
#include <libpq-fe.h>
#include <poll.h>

#include <array>

#include "plugins/forms/stores/sql_connection.hpp"

namespace curfew::forms {
namespace {

using plugin::Code;
using plugin::Failure;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

// False: the deadline came.
bool wait_for(PGconn* connection, short events, const web::Patience& patience) {
  pollfd one{PQsocket(connection), events, 0};
  for (;;) {
    const int ready = ::poll(&one, 1, static_cast<int>(patience.left().count()));
    if (ready > 0) return true;
    if (patience.over()) return false;
  }
}

// libpq would resolve names by itself, and wait for as long as that takes. Given both, it connects to the
// addresses, and holds the certificate against the names.
struct Place {
  std::string hosts;
  std::string addresses;
};

Place place_of(const SqlServer& server, plugin::Names& names, const web::Patience& patience) {
  if (server.host.starts_with('/')) return {.hosts = server.host, .addresses = {}};
  Place place;
  std::string_view rest = server.host;
  while (!rest.empty()) {
    const std::string host(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(rest.size(), host.size() + 1));
    for (const std::string& address : names.addresses(host, patience.left())) {
      place.hosts += (place.hosts.empty() ? "" : ",") + host;
      place.addresses += (place.addresses.empty() ? "" : ",") + address;
    }
  }
  return place;
}

class PostgresqlConnection final : public SqlConnection {
 public:
  PostgresqlConnection(const SqlServer& server, Bounds& bounds, const web::Patience& patience)
      : where_("PostgreSQL at " + server.host), password_(server.password) {
    const Place place = place_of(server, bounds.names, patience);
    // A standby may lag behind, and a row that a rule hides is not a row that is gone: both would make a
    // living session look dead.
    const std::string options =
        "-c row_security=off -c statement_timeout=" +
        std::to_string(std::chrono::ceil<std::chrono::milliseconds>(server.statement_timeout).count());
    const std::string port = std::to_string(server.port == 0 ? 5432 : server.port);
    const std::string ca = server.verify_tls ? trusted_cas(server) : "";
    const std::array<std::pair<const char*, const char*>, 16> given{{
        {"host", place.hosts.c_str()},
        {"hostaddr", place.addresses.c_str()},
        {"port", port.c_str()},
        {"dbname", server.database.c_str()},
        {"user", server.user.c_str()},
        {"password", server.password.c_str()},
        {"options", options.c_str()},
        {"sslmode", server.verify_tls ? "verify-full" : "prefer"},
        {"sslrootcert", ca.c_str()},
        // Named also where there is none: libpq would look for one in the user's home.
        {"sslcert", server.tls.certificate.empty() ? "/dev/null/none" : server.tls.certificate.c_str()},
        {"sslkey", server.tls.key.c_str()},
        {"passfile", "/dev/null"},
        {"gssencmode", "disable"},
        {"target_session_attrs", "read-write"},
        {"application_name", "curfew"},
        {"client_encoding", "UTF8"},
    }};
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : given) {
      keys.push_back(key);
      values.push_back(value);
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!connection_) throw std::bad_alloc();
    auto state = PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
      if (state == PGRES_POLLING_FAILED)
        unavailable("does not let us in: " + message({}) + "; check host, user, password and TLS");
      if (!wait_for(connection_.get(), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, patience))
        unavailable("did not answer in time while connecting");
      state = PQconnectPoll(connection_.get());
    }
    if (PQsetnonblocking(connection_.get(), 1) != 0) unavailable("can't be used: " + message({}));
  }

  Ran run(const Statement& statement, const SessionName& name, const std::function<void(const Row&)>& row,
          const web::Patience& patience) override {
    std::vector<std::string> texts;
    for (const std::string_view parameter : statement.parameters(name)) texts.emplace_back(parameter);
    std::vector<const char*> values;
    for (const std::string& text : texts) {
      if (text.find('\0') != std::string::npos)
        throw Failure(Code::Failed, where_ + ": an id with a zero byte can't be in a database");
      values.push_back(text.c_str());
    }
    const auto secrets = statement.parameters(name);
    if (PQsendQueryParams(connection_.get(), statement.text().c_str(), static_cast<int>(values.size()),
                          nullptr, values.data(), nullptr, nullptr, 0) != 1 ||
        PQsetSingleRowMode(connection_.get()) != 1)
      unavailable("took no statement: " + message(secrets));
    send_all(secrets, patience);
    Ran ran;
    std::vector<std::optional<std::string>> fields;
    bool complete = false;
    while (const Result result = next_result(secrets, patience)) {
      switch (PQresultStatus(result.get())) {
        case PGRES_SINGLE_TUPLE:
          take_row(result.get(), ran, fields);
          if (row) row({ran.columns, fields});
          break;
        case PGRES_TUPLES_OK:
          take_columns(result.get(), ran);
          complete = true;
          break;
        case PGRES_COMMAND_OK:
          ran.count += std::strtoull(PQcmdTuples(result.get()), nullptr, 10);
          complete = true;
          break;
        default:
          refused(result.get(), statement, secrets);
      }
    }
    if (!complete) unavailable("ended the connection before its answer was whole");
    return ran;
  }

 private:
  [[noreturn]] void unavailable(const std::string& text) const {
    throw Failure(Code::Unavailable, where_ + " " + text);
  }
  [[nodiscard]] std::string message(std::vector<std::string_view> secrets) const {
    secrets.push_back(password_);
    return scrubbed(PQerrorMessage(connection_.get()), secrets);
  }

  void send_all(const std::vector<std::string_view>& secrets, const web::Patience& patience) {
    for (;;) {
      const int rest = PQflush(connection_.get());
      if (rest == 0) return;
      if (rest < 0) unavailable("is gone: " + message(secrets));
      if (!wait_for(connection_.get(), POLLIN | POLLOUT, patience)) unavailable("did not answer in time");
      if (PQconsumeInput(connection_.get()) != 1) unavailable("is gone: " + message(secrets));
    }
  }

  Result next_result(const std::vector<std::string_view>& secrets, const web::Patience& patience) {
    while (PQisBusy(connection_.get()) == 1) {
      if (!wait_for(connection_.get(), POLLIN, patience)) unavailable("did not answer in time");
      if (PQconsumeInput(connection_.get()) != 1)
        unavailable("is gone, or answered garbage: " + message(secrets));
    }
    return Result(PQgetResult(connection_.get()));
  }

  void take_columns(const PGresult* result, Ran& ran) const {
    ran.is_rows = true;
    if (!ran.columns.empty()) return;
    for (int i = 0; i < PQnfields(result); ++i) ran.columns.emplace_back(PQfname(result, i));
  }

  void take_row(const PGresult* result, Ran& ran, std::vector<std::optional<std::string>>& fields) const {
    take_columns(result, ran);
    if (++ran.count > most_rows)
      unavailable("answered with more than " + std::to_string(most_rows) + " rows");
    fields.assign(ran.columns.size(), std::nullopt);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const int column = static_cast<int>(i);
      if (PQgetisnull(result, 0, column) == 1) continue;
      const auto size = static_cast<std::size_t>(PQgetlength(result, 0, column));
      if (size > longest_field) unavailable("answered with a field of " + std::to_string(size) + " bytes");
      fields[i].emplace(PQgetvalue(result, 0, column), size);
    }
  }

  [[noreturn]] void refused(const PGresult* result, const Statement& statement,
                            const std::vector<std::string_view>& secrets) const {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const std::string code = state == nullptr ? "" : state;
    if (code.empty() || PQstatus(connection_.get()) == CONNECTION_BAD)
      unavailable("ended the connection before its answer was whole");
    const std::string text =
        scrubbed(primary == nullptr ? "" : primary, secrets) + " (SQLSTATE " + code + ")";
    // Cancelled, out of resources, shutting down, locked, in conflict: may be over at the next try.
    for (const std::string_view passing : {"57", "53", "08", "40", "55"}) {
      if (code.starts_with(passing)) unavailable("could not answer now: " + text);
    }
    throw Failure(Code::Failed, where_ + " refuses the statement of " + statement.setting() + ": " + text +
                                    "; correct the statement or the user's rights");
  }

  std::string where_;
  std::string password_;
  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace

std::unique_ptr<SqlConnection> connect_postgresql(const SqlServer& server, Bounds& bounds,
                                                  const web::Patience& patience) {
  return std::make_unique<PostgresqlConnection>(server, bounds, patience);
}

}  // namespace curfew::forms
