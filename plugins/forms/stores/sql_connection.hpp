// One connection to a database that holds sessions, and a statement with its places for parameters.
//
//   const Statement statement("DELETE FROM session WHERE key = {session}", "store.delete", Marks::Dollars);
//   connection->run(statement, {.id = "…"}, {}, patience);
//
// Threads: a connection one at a time; statements are values. Owns: the connection. Fails: plugin::Failure:
// Unavailable for what another try may mend, after which the connection is of no use; Failed for what the
// database refused. Its texts never hold a parameter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/names.hpp"
#include "plugins/forms/stores/store.hpp"
#include "plugins/web/patience.hpp"
#include "plugins/web/setting.hpp"

namespace curfew::forms {

enum class Marks { Dollars, Questions };  // $1 of PostgreSQL, ? of MariaDB

class Statement {
 public:
  // `setting`: named in errors. Fails: Failure(Invalid) for a place within quotes, or an unknown one.
  Statement(std::string_view text, const std::string& setting, Marks marks);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& setting() const { return setting_; }
  [[nodiscard]] bool uses_session() const;
  [[nodiscard]] bool uses_subject() const;
  // In the order of the places.
  [[nodiscard]] std::vector<std::string_view> parameters(const SessionName& name) const;

 private:
  enum class Place { Session, Subject };
  std::string text_;
  std::string setting_;
  std::vector<Place> places_;
};

struct Row {
  const std::vector<std::string>& columns;
  const std::vector<std::optional<std::string>>& values;
  // Nullopt: no such column, or NULL.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view column) const;
};

struct Ran {
  bool is_rows = false;
  std::vector<std::string> columns;
  std::uint64_t count = 0;  // rows shown, or rows changed
};

struct SqlServer {
  std::string host;
  int port = 0;
  std::string database;
  std::string user;
  std::string password;
  bool verify_tls = false;
  web::TlsFiles tls;
  plugin::Duration statement_timeout{};
};

class SqlConnection {
 public:
  SqlConnection() = default;
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;
  virtual ~SqlConnection() = default;
  virtual Ran run(const Statement& statement, const SessionName& name,
                  const std::function<void(const Row&)>& row, const web::Patience& patience) = 0;
};

inline constexpr std::size_t longest_field = 8192;
inline constexpr std::uint64_t most_rows = 5'000'000;

// What a store's connections share, and what no library here has: an end to each call.
struct Bounds {
  plugin::Names names;
  plugin::Aside aside;
  web::Watchdog watchdog;
};

[[nodiscard]] std::unique_ptr<SqlConnection> connect_postgresql(const SqlServer& server, Bounds& bounds,
                                                                const web::Patience& patience);
[[nodiscard]] std::unique_ptr<SqlConnection> connect_mariadb(const SqlServer& server, Bounds& bounds,
                                                             const web::Patience& patience);
// Where the server's CAs are looked for.
[[nodiscard]] std::string trusted_cas(const SqlServer& server);

// A database's message without what must not get out, and not too long.
[[nodiscard]] std::string scrubbed(std::string message, const std::vector<std::string_view>& secrets);

}  // namespace curfew::forms
