// One libpq connection: statements with binary parameters and results, and binary COPY both ways.
//
//   ServerConnection connection(info);
//   auto found = connection.query("SELECT size FROM curfew.checkpoint WHERE stream = $1", {Parameter(7)});
//   found.number(0, 0)
//
// It never reconnects by itself: a new server session would lack the role, the locks and the settings of the
// old one.
//
// Threads: one. Owns: the connection. Fails: Error of the kind that the server's answer calls for; after a
// lost connection `lost()` is true.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/store/store.hpp"

struct pg_conn;
struct pg_result;

namespace curfew::store {

// A value for $1, $2, …: int8, text or bytea, in PostgreSQL's binary form.
class Parameter {
 public:
  explicit Parameter(std::int64_t number);
  explicit Parameter(int number) : Parameter(std::int64_t{number}) {}
  explicit Parameter(std::uint64_t number);
  static Parameter text(std::string_view value);
  static Parameter bytes(std::string_view value);

  [[nodiscard]] unsigned type() const { return type_; }
  [[nodiscard]] const std::string& value() const { return value_; }

 private:
  Parameter(unsigned type, std::string value) : type_(type), value_(std::move(value)) {}
  unsigned type_;
  std::string value_;
};

// Rows of an answer, in binary form.
class Answer {
 public:
  explicit Answer(pg_result* result);
  [[nodiscard]] int rows() const;
  [[nodiscard]] std::int64_t affected() const;
  [[nodiscard]] std::string_view bytes(int row, int column) const;
  [[nodiscard]] std::string text(int row, int column) const { return std::string(bytes(row, column)); }
  [[nodiscard]] std::int64_t number(int row, int column) const;  // int2, int4, int8
  [[nodiscard]] bool truth(int row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

class ServerConnection {
 public:
  explicit ServerConnection(const ConnectionInfo& info);

  // Statements without parameters; several may be given at once.
  void execute(const std::string& sql);
  Answer query(const std::string& sql, std::initializer_list<Parameter> parameters);

  // COMMIT that was really one: an aborted transaction answers a COMMIT with a rollback.
  void commit();
  // Outside a transaction this does nothing; on a lost connection neither.
  void rollback() noexcept;

  // COPY … FROM STDIN (FORMAT binary): `data` may be called often with any cut of the stream.
  void copy_in_begin(const std::string& sql);
  void copy_in_data(std::string_view data);
  void copy_in_end();
  void copy_in_abandon() noexcept;
  // The same, asked for message by message: begin, next until nullopt (a view valid until the following
  // call), or stop in between.
  void copy_out_begin(const std::string& sql);
  std::optional<std::string_view> copy_out_next();
  void copy_out_stop() noexcept;
  // COPY … TO STDOUT (FORMAT binary): one call for each message. `take` returns false to stop early.
  void copy_out(const std::string& sql, const std::function<bool(std::string_view)>& take);

  [[nodiscard]] std::string password_verifier(const std::string& user, const std::string& password);
  [[nodiscard]] bool lost() const;
  // The server's version as in 150014.
  [[nodiscard]] int server_version() const;

 private:
  [[noreturn]] void fail(pg_result* result, const std::string& doing);
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  struct Free {
    void operator()(char* message) const;
  };
  std::unique_ptr<pg_conn, Close> connection_;
  std::unique_ptr<char, Free> message_;
};

}  // namespace curfew::store
