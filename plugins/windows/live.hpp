// Logs that grow: files are followed by their identity (device and inode), so a rotated file is read to its
// end under its old name and the new one from its beginning; a truncated one begins anew.
//
//   Live live(paths, settings, [&](name) { return host.cursor(name); });
//   live.open();
//   live.step(now);                   // reads what is there, judges what is old enough
//   for (Finding& finding : live.take_findings()) …
//   for (const Live::Cursor& cursor : live.take_cursors()) …       // after the findings are emitted
//
// A cursor never passes a record that still waits to be judged, so a restart loses none.
//
// Threads: one. Owns: open files. Fails: never; a file that can't be read is told by take_complaints and
// tried again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugins/files/file_watch.hpp"
#include "plugins/windows/coverage.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/pairing.hpp"

namespace curfew::windows {

struct LiveSettings {
  PairingSettings pairing;
  InputLimits limits;
  Duration arrival_delay =
      std::chrono::seconds(30);  // how much later than it happened a record may be written
  std::uint64_t bytes_a_step = std::uint64_t{4} << 20U;  // of one file
};

class Live final : private PairingSink {
 public:
  struct Cursor {
    std::string name, value;
    std::uint64_t read = 0, filtered = 0, unreadable = 0;
    Time observed_until{};
    bool caught_up = false;
    bool forget = false;
  };
  using Recall = std::function<std::optional<std::string>(const std::string& cursor)>;

  Live(std::vector<std::string> paths, LiveSettings settings, const Recall& recall);
  ~Live() override;

  // Opens what is there. The only moment at which cursors are recalled: the host tells them at the start.
  void open();
  void restore(std::string_view key, std::string_view value) { pairing_.restore(key, value); }
  // True when something was read: there may be more.
  bool step(Time now);
  void listed(SmbListing&& listing) { pairing_.add_listing(std::move(listing)); }

  [[nodiscard]] std::vector<Finding> take_findings();
  [[nodiscard]] std::vector<Cursor> take_cursors();
  [[nodiscard]] std::map<std::string, std::string> take_changes() { return pairing_.take_changes(); }
  [[nodiscard]] std::vector<SmbChange> take_smb_changes() { return pairing_.take_smb_changes(); }
  [[nodiscard]] std::vector<std::string> take_complaints() { return watch_.take_complaints(); }
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }
  // How many chunks of EVTX files were read so far: what was read once is not read again.
  [[nodiscard]] std::uint64_t evtx_chunks_read() const;

 private:
  struct Tail;
  class TailSink;

  void found(Finding&& finding) override { findings_.push_back(std::move(finding)); }
  void judged(std::uint32_t input, Fate fate, std::string_view reason) override {
    coverage_.judged(input, fate, reason);
  }
  void look_for_files();
  bool take(files::FoundFile&& found);
  bool read(Tail& tail);
  bool read_evtx_tail(Tail& tail);
  void report_gaps(Time now);
  [[nodiscard]] static std::string whole(const Tail& tail);

  LiveSettings settings_;
  files::FileWatch watch_;
  Coverage coverage_;
  Pairing pairing_;
  std::map<std::string, std::unique_ptr<Tail>> tails_;  // by identity
  std::vector<Finding> findings_;
  std::vector<Cursor> forgotten_;
  std::set<std::string> gaps_told_;
  Time gaps_looked_at_{};
  bool caught_up_ = false;
};

}  // namespace curfew::windows
