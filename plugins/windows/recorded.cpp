#include "plugins/windows/recorded.hpp"

#include <algorithm>
#include <utility>

namespace curfew::windows {
namespace {

struct Cancelled {};

class Intake final : public RecordSink {
 public:
  Intake(std::uint32_t input, Coverage& coverage, EventSorter& sorter, std::atomic<std::uint64_t>& records,
         const std::atomic<bool>& cancelled)
      : input_(input), coverage_(coverage), sorter_(sorter), records_(records), cancelled_(cancelled) {}

  void event(WindowsEvent&& event) override {
    if (cancelled_) throw Cancelled{};
    ++records_;
    event.input = input_;
    coverage_.count(input_, event);
    if (Pairing::uses(event)) sorter_.add(event);
  }
  void recovered(WindowsEvent&& event) override { coverage_.count_recovered(input_, event); }
  void recovered_torn() override { coverage_.count_recovered_torn(input_); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    coverage_.count_unreadable(input_, place, why, records);
  }
  void other_line() override { coverage_.count_other_line(input_); }

 private:
  std::uint32_t input_;
  Coverage& coverage_;
  EventSorter& sorter_;
  std::atomic<std::uint64_t>& records_;
  const std::atomic<bool>& cancelled_;
};

}  // namespace

Recorded::Recorded(const std::vector<std::string>& paths, RecordedSettings settings)
    : paths_(paths), settings_(settings), sorter_(settings.memory_bytes), pairing_(settings.pairing, *this) {}

void Recorded::read() {
  for (const std::string& path : expand_inputs(paths_)) {
    const std::uint32_t input = coverage_.add_input(path);
    Intake intake(input, coverage_, *sorter_, records_, cancelled_);
    try {
      coverage_.set_format(input, name_of(read_input(path, intake, settings_.limits)));
    } catch (const Cancelled&) {
      finished_ = true;
      return;
    }
  }
  sorter_->sort();
  find_gaps();
}

void Recorded::begin_pushed() {
  if (coverage_.inputs().empty()) coverage_.set_format(coverage_.add_input("pushed"), "pushed");
  sorter_.emplace(settings_.memory_bytes);
}

void Recorded::add(WindowsEvent&& event, bool with_number) {
  ++records_;
  event.input = 0;
  coverage_.count(0, event, with_number);
  if (Pairing::uses(event)) sorter_->add(event);
}

void Recorded::end_piece() {
  sorter_->sort();
  find_gaps();
  finished_ = false;
}

void Recorded::find_gaps() {
  for (const auto& [log, hole] : coverage_.gaps()) {
    Finding gap = finding_of(log, hole);
    if (!gaps_told_.insert(gap.key).second) continue;
    found(std::move(gap));
  }
}

void Recorded::found(Finding&& finding) {
  std::pair<Time, std::string> order{finding.at, finding.key};
  waiting_.emplace(std::move(order), std::move(finding));
}

void Recorded::judged(std::uint32_t input, Fate fate, std::string_view reason) {
  coverage_.judged(input, fate, reason);
}

bool Recorded::next(std::vector<Finding>& findings) {
  WindowsEvent event;
  while (!finished_ && waiting_.size() <= settings_.waiting_findings) {
    if (sorter_->next(event)) {
      pairing_.add(std::move(event));
    } else {
      pairing_.finish();
      finished_ = true;
    }
  }
  constexpr std::size_t some = 256;
  std::size_t taken = 0;
  // A gap that lies ahead waits for what comes before it.
  while (!waiting_.empty() && taken < some &&
         (finished_ || waiting_.begin()->first.first <= pairing_.horizon())) {
    auto node = waiting_.extract(waiting_.begin());
    until_ = std::max(until_, node.mapped().at);
    findings.push_back(std::move(node.mapped()));
    ++taken;
  }
  if (taken == 0 && !finished_) {
    // All that waits lies ahead: let them be more for once.
    settings_.waiting_findings *= 2;
    return next(findings);
  }
  if (finished_ && waiting_.empty()) until_ = std::max(until_, pairing_.horizon());
  return taken > 0;
}

}  // namespace curfew::windows
