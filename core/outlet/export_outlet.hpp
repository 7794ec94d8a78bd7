// An export: a follower of the ledger that renders what it is to tell and hands it to one sink.
//
//   outlet::ExportOutlet outlet(ground, settings, make_sink, record_access);
//   outlet.start(); … outlet.wake(); … outlet.stop();
//
// The cursor passes an entry when the sink has taken it, never before: nothing is lost. What can come twice
// is said at each sink (export_sink.hpp); event ids are the same then.
//
// Threads: start and stop from one, wake from any. Owns: the follower's thread, the cursor, the sink. Fails:
// the constructor throws Error(Unavailable) when the database is away; later, what fails is tried again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/outlet/export_sink.hpp"
#include "core/outlet/follower.hpp"

namespace curfew::outlet {

struct ExportSettings {
  std::string name;
  ExportFormat format = ExportFormat::Ndjson;
  std::vector<std::string> kinds;  // empty: the rows that are told by default
  bool from_beginning = true;      // where a new export starts
  bool names = false;              // personal values that references stand for
  std::size_t most_entries = 1'000;
};

// Durable when it returns; throws Error(Unavailable).
using RecordAccess = std::function<void(const std::string& by, const std::string& reason, std::size_t names)>;
// Given what was stored with the cursor, and how to store it at once.
using MakeSink = std::function<std::unique_ptr<ExportSink>(
    const std::string& state, std::function<void(const std::string& state)> save)>;

// Whether an entry of this row is exported.
[[nodiscard]] bool is_wanted(const ExportRow& row, const std::vector<std::string>& kinds);

class ExportOutlet {
 public:
  ExportOutlet(const Ground& ground, ExportSettings settings, const MakeSink& make_sink,
               RecordAccess record_access);
  ~ExportOutlet();
  ExportOutlet(const ExportOutlet&) = delete;
  ExportOutlet& operator=(const ExportOutlet&) = delete;

  void start();
  void wake();
  void stop();

 private:
  [[nodiscard]] Appetite appetite() const;
  Duration take(const Chunk& chunk);
  std::vector<ExportLine> lines_of(const Chunk& chunk, std::vector<std::size_t>& indexes);
  [[nodiscard]] ExportNames names_of(const Chunk& chunk) const;
  Duration give_up_for_now(const Handover& handover, std::size_t waiting);
  void count(metrics::OutletOutcome outcome, std::size_t how_many) const;
  void note_waiting(std::size_t how_many) const;
  [[nodiscard]] std::string label() const { return "export/" + settings_.name; }

  const Ground& ground_;
  const ExportSettings settings_;
  const RecordAccess record_access_;
  Cursor cursor_;
  std::unique_ptr<ExportSink> sink_;
  EventReader reader_;
  store::Place recorded_;  // names up to there are on record
  Duration pause_{0};      // between attempts while they fail; 0: they don't
  std::chrono::steady_clock::time_point retry_at_{};
  std::unique_ptr<Follower> follower_;
};

}  // namespace curfew::outlet
