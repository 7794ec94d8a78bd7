// CSV as PostgreSQL's COPY reads and writes it: RFC 4180, a header line, byte strings as \x and hex.
//
//   CsvReader rows("entry.csv", {"stream", "sequence"});
//   while (rows.next()) use(rows.number(0));
//
// Threads: one. Owns: its file and one row. Fails: Error(Input) naming file and row.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::ledger {

void append_csv(std::string& line, std::string_view text);
void append_csv_bytes(std::string& line, std::string_view bytes);

class CsvReader {
 public:
  // The columns that are wanted, in the order in which they are asked for; others are passed over.
  CsvReader(std::string path, const std::vector<std::string>& columns);

  bool next();
  [[nodiscard]] bool at_row() const { return at_row_; }
  [[nodiscard]] std::string_view text(std::size_t column) const;
  [[nodiscard]] std::int64_t number(std::size_t column) const;
  [[nodiscard]] std::uint64_t count(std::size_t column) const;  // not negative
  [[nodiscard]] std::string bytes(std::size_t column) const;
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  bool read_record();
  int take();

  std::string path_;
  std::ifstream file_;
  std::vector<char> buffer_;
  std::size_t position_ = 0;
  std::size_t filled_ = 0;
  std::vector<std::size_t> places_;  // wanted column → field
  std::vector<std::string> fields_;
  std::size_t count_ = 0;  // of fields in this record
  std::uint64_t row_ = 0;
  bool at_row_ = false;
};

}  // namespace curfew::ledger
