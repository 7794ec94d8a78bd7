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
    Intake intake(input, coverage_, sorter_, records_, cancelled_);
    try {
      coverage_.set_format(input, name_of(read_input(path, intake, settings_.limits)));
    } catch (const Cancelled&) {
      finished_ = true;
      return;
    }
  }
  sorter_.sort();
  find_gaps();
}

void Recorded::find_gaps() {
  for (const auto& [log, hole] : coverage_.gaps()) {
    Finding gap;
    gap.type = plugin::Type::Gap;
    gap.at = hole.before;
    gap.key = "gap/" + log + "/" + std::to_string(hole.first) + "-" + std::to_string(hole.last);
    gap.application = "record-numbers";
    gap.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(hole.last - hole.first + 1, 0xFFFFFFFFU));
    gaps_.push_back(std::move(gap));
  }
  std::sort(gaps_.begin(), gaps_.end(),
            [](const Finding& a, const Finding& b) { return std::tie(b.at, b.key) < std::tie(a.at, a.key); });
}

void Recorded::found(Finding&& finding) { ready_.push_back(std::move(finding)); }

void Recorded::judged(std::uint32_t input, Fate fate, std::string_view reason) {
  coverage_.judged(input, fate, reason);
}

bool Recorded::next(std::vector<Finding>& findings) {
  WindowsEvent event;
  while (ready_.empty() && !finished_) {
    if (!sorter_.next(event)) {
      pairing_.finish();
      finished_ = true;
      until_ = std::max(until_, pairing_.horizon());
      while (!gaps_.empty()) {
        ready_.push_back(std::move(gaps_.back()));
        gaps_.pop_back();
      }
      break;
    }
    pairing_.add(std::move(event));
    until_ = pairing_.horizon();
    while (!gaps_.empty() && gaps_.back().at <= until_) {
      ready_.push_back(std::move(gaps_.back()));
      gaps_.pop_back();
    }
  }
  if (ready_.empty()) return false;
  std::move(ready_.begin(), ready_.end(), std::back_inserter(findings));
  ready_.clear();
  return true;
}

}  // namespace curfew::windows
