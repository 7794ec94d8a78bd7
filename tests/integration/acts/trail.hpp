// What a source did, by its own file, and what the ledger says of it; and what is wrong between the two.
//
//   const std::vector<Act> acts = read_acts(folder / "acts");
//   const std::vector<Entry> ledger = read_trail(database);
//   EXPECT_THAT(wrong_with(acts, ledger), IsEmpty());
//
// Threads: one. Owns: nothing. Fails: curfew::Error, nlohmann::json::exception.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/store/server_connection.hpp"

namespace curfew::acts_test {

// Times in microseconds since 1970.
struct Act {
  std::int64_t at = 0;
  std::string step;
  std::string digest;
  bool revert = false;
  bool ended_something = false;
};

struct Entry {
  std::int64_t sequence = 0;
  std::string kind;  // intent, answer, probe, started
  std::string digest;
  std::int64_t recorded_at = 0;
  std::int64_t committed_at = 0;
  std::uint64_t order = 0;
  std::uint64_t step = 0;
  std::string action;
  bool revert = false;
  std::string session;  // of a probe: what it said
};

[[nodiscard]] std::vector<Act> read_acts(const std::filesystem::path& file);
// In the ledger's order. The server must have track_commit_timestamp on.
[[nodiscard]] std::vector<Entry> read_trail(store::ServerConnection& database);

// At any moment at which the daemon is dead: each act has its own intent, committed before it, in the same
// life of the daemon; each step is looked at before it is acted, and again before the next one is. A step is
// meant twice only after a restart, and after a look that saw its session alive.
[[nodiscard]] std::vector<std::string> wrong_with(const std::vector<Act>& acts,
                                                  const std::vector<Entry>& ledger);
// When all orders are concluded: each intent of which a killed daemon did not learn the answer was looked at
// by a later one.
[[nodiscard]] std::vector<std::string> left_unresolved(const std::vector<Entry>& ledger);
// How many such intents there are.
[[nodiscard]] std::size_t in_doubt(const std::vector<Entry>& ledger);

}  // namespace curfew::acts_test
