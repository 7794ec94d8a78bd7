// Tables (CSV) that identity providers' pages and tools export, row by row as the records that they were made
// of: so what reads the records reads their exports too.
//
//   const auto rows = TableRows::of(header, {.name = "NonInteractiveSignIns_2026-03-02.csv"});
//   if (rows) const std::string json = rows->record(fields);
//
// Which table it is, is told by the names of its columns, in any order. What its columns don't say stands in
// the file's name alone in one case: whether Entra's page exported interactive sign-ins.
//
// Threads: an object may be read by several. Owns: the columns' names. Fails: never; nothing for a header
// that isn't known, "" for a row that has other fields than the header.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::oauth::logs {

struct TableOf {
  std::string name;              // the file's
  std::chrono::seconds zone{0};  // of times that bear none, where the export has local time
};

enum class TableKind : std::uint8_t {
  Columns,        // the record's fields as they are called: Log Analytics, Application Insights, Salesforce
  Audit365,       // Microsoft 365: the record stands in a column
  OktaLog,        // nested names with dots, words with _
  EntraSignIns,   // of the portal
  EntraServices,  // of the portal: of applications and managed identities
  EntraAudit,     // of the portal
  Logins,         // Salesforce's login history
};

class TableRows {
 public:
  [[nodiscard]] static std::optional<TableRows> of(std::vector<std::string> header, TableOf of);
  [[nodiscard]] std::string record(const std::vector<std::string>& fields) const;
  [[nodiscard]] TableKind kind() const { return kind_; }

 private:
  TableRows(std::vector<std::string> header, TableOf of, TableKind kind)
      : header_(std::move(header)), of_(std::move(of)), kind_(kind) {}

  std::vector<std::string> header_;
  TableOf of_;
  TableKind kind_;
};

}  // namespace curfew::oauth::logs
