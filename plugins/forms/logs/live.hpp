// Access logs that grow: files are followed through renaming (rename and create) and emptying (copytruncate).
//
//   Live live(paths, reading, settings, [&](identity) { return host.cursor("file:" + identity); });
//   live.step(now);                                                // reads what is there
//   for (Finding& finding : live.take_findings()) …
//   for (const auto& [key, value] : live.take_changes()) …         // after the findings are emitted
//   for (const Live::Cursor& cursor : live.take_cursors()) …       // and at last these
//
// While a named log is not there or can't be read, nothing is said to be complete: its silence is nobody's.
//
// A cursor never passes a line whose quantum is still open, so a restart loses none.
//
// Threads: one. Owns: open files. Fails: never; a file that can't be read is told by take_complaints and
// tried again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/files/file_watch.hpp"
#include "plugins/files/text_tail.hpp"
#include "plugins/forms/logs/line_intake.hpp"
#include "plugins/forms/logs/merger.hpp"
#include "plugins/forms/logs/visits.hpp"

namespace curfew::forms {

struct LiveSettings {
  Duration activity_quantum = std::chrono::seconds(10);
  Duration refusals_settle{};
  // How much later than its time a line may be written: Apache's tell when the request began.
  Duration arrival_delay = std::chrono::seconds(30);
  Duration look_for_files_every = std::chrono::seconds(1);
  std::uint64_t bytes_a_step = std::uint64_t{4} << 20U;  // of one file
};

class Live {
 public:
  struct Cursor {
    std::string name, value;
    LineIntake::Counts counts;
    Time observed_until{};
    bool caught_up = false;
    bool forget = false;
  };

  Live(std::vector<std::string> paths, LogReading reading, LiveSettings settings,
       files::FileWatch::Recall recall);
  ~Live();

  // Opens what is there. The only moment at which cursors are recalled: the host tells them at the start.
  void open(Time now);
  // True when there is more to read at once.
  bool step(Time now);

  [[nodiscard]] std::vector<Finding> take_findings();
  [[nodiscard]] std::vector<Cursor> take_cursors();
  [[nodiscard]] std::vector<std::string> take_complaints() { return watch_.take_complaints(); }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }
  [[nodiscard]] std::string coverage_json() const {
    return coverage_.to_json(merger_.unsettled(), visits_ ? visits_->counts() : Visits::Counts{});
  }

  // What a restart must know of visits, beside the cursors: before `open`, and before cursors are told.
  void restore(std::string_view key, std::string_view value);
  [[nodiscard]] std::map<std::string, std::string> take_changes();

 private:
  struct Tail;

  bool take(files::FoundFile&& found);
  void begin(Tail& tail);
  void adopt_copy(Tail& tail, const files::Place& was);
  bool read(Tail& tail);
  void take_mark(Mark&& mark);
  [[nodiscard]] Time slowest() const;
  void close(Time now, bool more);
  void end_visits();
  void drop_gone(Time now, bool more);

  LogReading reading_;
  LiveSettings settings_;
  files::FileWatch watch_;
  Coverage coverage_;
  std::map<std::string, std::unique_ptr<Tail>> tails_;  // by identity
  std::vector<std::unique_ptr<Tail>> adopted_;
  std::vector<Finding> findings_;
  Merger merger_;
  std::optional<Visits> visits_;
  std::vector<Cursor> forgotten_;
  Time looked_at_{};
  Time horizon_{};  // everything up to there was told
  bool caught_up_ = false;
};

}  // namespace curfew::forms
