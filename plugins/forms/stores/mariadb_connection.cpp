#include <mysql.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "plugins/forms/stores/sql_connection.hpp"

namespace curfew::forms {
namespace {

using plugin::Code;
using plugin::Failure;

struct Close {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

// Errors that speak of this moment, not of the statement: killed, timed out, deadlocked, full, shutting down,
// and all of the client's own (2000 and up), which are about the connection.
bool is_passing(unsigned number) {
  static constexpr std::array<unsigned, 14> passing{1021, 1030, 1040, 1053, 1105, 1152, 1158,
                                                    1159, 1160, 1161, 1205, 1213, 1317, 1969};
  return (number >= 2000 && number < 3000) || (number >= 5000 && number < 6000) ||
         std::find(passing.begin(), passing.end(), number) != passing.end();
}

using Handle = std::unique_ptr<MYSQL, Close>;

struct Opened {
  Handle connection;
  std::string error;  // empty: it is open
};

// Owns all that it touches: where a name is not resolved in time, it is left behind.
Opened open(const SqlServer& server, std::chrono::milliseconds time) {
  Opened opened;
  opened.connection.reset(mysql_init(nullptr));
  if (!opened.connection) throw std::bad_alloc();
  MYSQL* const c = opened.connection.get();
  // It knows whole seconds only; who waits keeps what is asked for.
  const auto seconds = [](std::chrono::milliseconds length) {
    return static_cast<unsigned>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(length).count()));
  };
  const unsigned connect = seconds(time);
  const unsigned each = seconds(std::chrono::ceil<std::chrono::milliseconds>(server.statement_timeout)) + 1;
  // A server can ask its client for any file of this machine: never.
  const unsigned no_files = 0;
  const my_bool verify = server.verify_tls ? 1 : 0;
  mysql_options(c, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
  mysql_options(c, MYSQL_OPT_READ_TIMEOUT, &each);
  mysql_options(c, MYSQL_OPT_WRITE_TIMEOUT, &each);
  mysql_options(c, MYSQL_OPT_LOCAL_INFILE, &no_files);
  mysql_options(c, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_options(c, MYSQL_OPT_SSL_ENFORCE, &verify);
  mysql_options(c, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
  // Nor does it get the password in the clear, as mysql_clear_password would.
  mysql_options(c, MARIADB_OPT_RESTRICTED_AUTH,
                "mysql_native_password,client_ed25519,caching_sha2_password,auth_gssapi_client");
  if (server.verify_tls) mysql_options(c, MYSQL_OPT_SSL_CA, trusted_cas(server).c_str());
  if (!server.tls.certificate.empty()) {
    mysql_options(c, MYSQL_OPT_SSL_CERT, server.tls.certificate.c_str());
    mysql_options(c, MYSQL_OPT_SSL_KEY, server.tls.key.c_str());
  }
  const bool is_socket = server.host.starts_with('/');
  if (mysql_real_connect(c, is_socket ? nullptr : server.host.c_str(), server.user.c_str(),
                         server.password.c_str(), server.database.c_str(),
                         is_socket ? 0 : static_cast<unsigned>(server.port == 0 ? 3306 : server.port),
                         is_socket ? server.host.c_str() : nullptr, 0) == nullptr)
    opened.error = std::string(mysql_error(c)) + " (error " + std::to_string(mysql_errno(c)) + ")";
  return opened;
}

class MariadbConnection final : public SqlConnection {
 public:
  MariadbConnection(const SqlServer& server, Bounds& bounds, const web::Patience& patience)
      : where_("MariaDB at " + server.host), password_(server.password), watchdog_(bounds.watchdog) {
    // The library can't be told an address beside the name that the certificate is held against, so it asks
    // again; a name service that hangs is told of here, and one that hangs by then only holds that thread.
    if (!server.host.starts_with('/')) (void)bounds.names.addresses(server.host, patience.left());
    auto opened =
        bounds.aside.run(patience.left(), [server, time = patience.left()] { return open(server, time); });
    if (!opened) unavailable("did not answer in time while connecting");
    if (!opened->error.empty())
      unavailable("does not let us in: " + message(opened->error.c_str(), {}) +
                  "; check host, user, password and TLS");
    connection_ = std::move(opened->connection);
    MYSQL* const c = connection_.get();
    const auto guard = watchdog_.cut_off(mysql_get_socket(c), patience);
    const auto limit = std::chrono::duration<double>(server.statement_timeout).count();
    set_up("SET SESSION max_statement_time = " + std::to_string(limit) +
           ", time_zone = '+00:00', autocommit = 1, tx_isolation = 'READ-COMMITTED'");
    set_up("SELECT @@global.read_only");
    const std::unique_ptr<MYSQL_RES, Close> answer(mysql_store_result(c));
    const MYSQL_ROW row = answer ? mysql_fetch_row(answer.get()) : nullptr;
    if (row == nullptr || row[0] == nullptr) unavailable("ended the connection before its answer was whole");
    // A replica lags behind: what it doesn't have may live.
    if (std::string_view(row[0]) != "0" && std::string_view(row[0]) != "OFF")
      throw Failure(Code::Failed,
                    where_ + " is read-only, a replica perhaps; name the server that is written to");
  }

  Ran run(const Statement& statement, const SessionName& name, const std::function<void(const Row&)>& row,
          const web::Patience& patience) override {
    const auto guard = watchdog_.cut_off(mysql_get_socket(connection_.get()), patience);
    const auto secrets = statement.parameters(name);
    std::unique_ptr<MYSQL_STMT, Close> prepared(mysql_stmt_init(connection_.get()));
    if (!prepared) throw std::bad_alloc();
    MYSQL_STMT* const s = prepared.get();
    if (mysql_stmt_prepare(s, statement.text().c_str(), statement.text().size()) != 0)
      refused(s, statement, secrets);
    if (mysql_stmt_param_count(s) != secrets.size())
      throw Failure(Code::Failed, where_ + ": the statement of " + statement.setting() +
                                      " has a ? of its own; write {session} or {subject}");
    std::vector<std::string> texts;
    for (const std::string_view secret : secrets) texts.emplace_back(secret);
    std::vector<MYSQL_BIND> in(texts.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      std::memset(&in[i], 0, sizeof(in[i]));
      in[i].buffer_type = MYSQL_TYPE_STRING;
      in[i].buffer = texts[i].data();
      in[i].buffer_length = texts[i].size();
    }
    if (!in.empty() && mysql_stmt_bind_param(s, in.data()) != 0) refused(s, statement, secrets);
    if (mysql_stmt_execute(s) != 0) refused(s, statement, secrets);
    Ran ran;
    const std::unique_ptr<MYSQL_RES, Close> metadata(mysql_stmt_result_metadata(s));
    if (!metadata) {
      if (mysql_stmt_errno(s) != 0) refused(s, statement, secrets);
      ran.count = mysql_stmt_affected_rows(s);
      return ran;
    }
    fetch(s, metadata.get(), statement, secrets, row, ran);
    return ran;
  }

 private:
  struct Field {
    std::array<char, longest_field> bytes{};
    unsigned long size = 0;
    my_bool is_null = 0;
  };

  void fetch(MYSQL_STMT* s, MYSQL_RES* metadata, const Statement& statement,
             const std::vector<std::string_view>& secrets, const std::function<void(const Row&)>& row,
             Ran& ran) const {
    ran.is_rows = true;
    constexpr unsigned most_columns = 32;
    const unsigned columns = mysql_num_fields(metadata);
    if (columns > most_columns)
      throw Failure(Code::Failed, where_ + ": the statement of " + statement.setting() + " has " +
                                      std::to_string(columns) + " columns");
    std::vector<Field> fields(columns);
    std::vector<MYSQL_BIND> out(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      ran.columns.emplace_back(mysql_fetch_field_direct(metadata, static_cast<unsigned>(i))->name);
      std::memset(&out[i], 0, sizeof(out[i]));
      out[i].buffer_type = MYSQL_TYPE_STRING;
      out[i].buffer = fields[i].bytes.data();
      out[i].buffer_length = fields[i].bytes.size();
      out[i].length = &fields[i].size;
      out[i].is_null = &fields[i].is_null;
    }
    if (mysql_stmt_bind_result(s, out.data()) != 0) refused(s, statement, secrets);
    std::vector<std::optional<std::string>> values(columns);
    for (;;) {
      const int state = mysql_stmt_fetch(s);
      if (state == MYSQL_NO_DATA) return;
      if (state == 1) refused(s, statement, secrets);
      if (++ran.count > most_rows)
        unavailable("answered with more than " + std::to_string(most_rows) + " rows");
      for (std::size_t i = 0; i < columns; ++i) {
        values[i].reset();
        if (fields[i].is_null != 0) continue;
        if (fields[i].size > fields[i].bytes.size())
          unavailable("answered with a field of " + std::to_string(fields[i].size) + " bytes");
        values[i].emplace(fields[i].bytes.data(), fields[i].size);
      }
      if (row) row({ran.columns, values});
    }
  }

  void set_up(const std::string& query) const {
    if (mysql_real_query(connection_.get(), query.c_str(), query.size()) != 0)
      unavailable("refuses '" + query.substr(0, query.find(' ', 12)) +
                  "': " + message(mysql_error(connection_.get()), {}));
  }
  [[noreturn]] void unavailable(const std::string& text) const {
    throw Failure(Code::Unavailable, where_ + " " + text);
  }
  [[nodiscard]] std::string message(const char* text, std::vector<std::string_view> secrets) const {
    secrets.push_back(password_);
    return scrubbed(text, secrets);
  }
  [[noreturn]] void refused(MYSQL_STMT* s, const Statement& statement,
                            const std::vector<std::string_view>& secrets) const {
    const unsigned number = mysql_stmt_errno(s);
    const std::string text =
        message(mysql_stmt_error(s), secrets) + " (error " + std::to_string(number) + ")";
    if (number == 0 || is_passing(number)) unavailable("gave no whole answer: " + text);
    throw Failure(Code::Failed, where_ + " refuses the statement of " + statement.setting() + ": " + text +
                                    "; correct the statement or the user's rights");
  }

  std::string where_;
  std::string password_;
  web::Watchdog& watchdog_;
  Handle connection_;
};

}  // namespace

std::unique_ptr<SqlConnection> connect_mariadb(const SqlServer& server, Bounds& bounds,
                                               const web::Patience& patience) {
  return std::make_unique<MariadbConnection>(server, bounds, patience);
}

}  // namespace curfew::forms
