// PostgreSQL's binary COPY format: rows out of our values, and values out of rows.
//
//   CopyIn rows(connection, "COPY curfew.personal (stream, sequence, salt, value) FROM STDIN (FORMAT
//   binary)", 4); rows.begin_row().int4(1).int8(7).bytes(salt).bytes(value); rows.finish();
//
// Threads: one. Owns: a bounded buffer. Fails: as ServerConnection; Error(Corrupt) when a row read is not in
// the format.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::store {

class ServerConnection;

class BinaryRows {
 public:
  // `send` gets the stream in pieces.
  BinaryRows(std::uint16_t columns, std::function<void(std::string_view)> send);
  BinaryRows& begin_row();
  BinaryRows& int2(std::int16_t value);
  BinaryRows& int4(std::int32_t value);
  BinaryRows& int8(std::int64_t value);
  BinaryRows& truth(bool value);
  BinaryRows& bytes(std::string_view value);                  // bytea and text
  BinaryRows& texts(const std::vector<std::string>& values);  // text[]
  void finish();

 private:
  void put16(std::uint16_t value);
  void put32(std::uint32_t value);
  void put64(std::uint64_t value);
  std::uint16_t columns_;
  std::function<void(std::string_view)> send_;
  std::string buffer_;
};

// A COPY in progress; abandoned by the destructor unless it was finished.
class CopyIn {
 public:
  CopyIn(ServerConnection& connection, const std::string& sql, std::uint16_t columns);
  ~CopyIn();
  CopyIn(const CopyIn&) = delete;
  CopyIn& operator=(const CopyIn&) = delete;
  BinaryRows& begin_row() { return rows_.begin_row(); }
  void finish();

 private:
  ServerConnection& connection_;
  BinaryRows rows_;
  bool open_ = true;
};

// The fields of one row as it was sent.
class BinaryRow {
 public:
  [[nodiscard]] bool is_null(std::size_t column) const { return fields_[column].data() == nullptr; }
  [[nodiscard]] std::string_view bytes(std::size_t column) const { return fields_[column]; }
  [[nodiscard]] std::string text(std::size_t column) const { return std::string(fields_[column]); }
  [[nodiscard]] std::int64_t number(std::size_t column) const;  // int2, int4, int8
  [[nodiscard]] bool truth(std::size_t column) const { return number(column) != 0; }
  [[nodiscard]] std::vector<std::string> texts(std::size_t column) const;

 private:
  friend class BinaryReader;
  std::vector<std::string_view> fields_;
};

class BinaryReader {
 public:
  explicit BinaryReader(std::size_t columns) { row_.fields_.resize(columns); }
  // Takes one message; returns the row in it, or null for the end. Valid until the next call.
  const BinaryRow* read(std::string_view message);

 private:
  bool seen_header_ = false;
  BinaryRow row_;
};

// Runs "COPY (…) TO STDOUT (FORMAT binary)" and hands out its rows; `take` returns false to stop.
void copy_rows(ServerConnection& connection, const std::string& select, std::size_t columns,
               const std::function<bool(const BinaryRow&)>& take);

}  // namespace curfew::store
