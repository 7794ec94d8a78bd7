#include "plugins/windows/push/pushed_history.hpp"

#include "plugins/windows/push/event_text.hpp"

namespace curfew::windows {

PushedHistory::PushedHistory(RecordedSettings settings, Duration quiet)
    : recorded_({}, settings), quiet_(quiet) {
  recorded_.begin_pushed();
}

void PushedHistory::take(PushIntake::Batch&& batch, Time now) {
  arrived_ = now;
  for (PushIntake::Kept& kept : batch.kept) {
    (void)read_events(kept.records, [&](WindowsEvent&& event) {
      event.position = ++position_;
      recorded_.add(std::move(event), !batch.is_restored);
      ++counts_.read;
      has_records_ = true;
    });
    texts_.keys.push_back(std::move(kept.key));
  }
  texts_.records += batch.records;
  for (WindowsEvent& event : batch.passed_over) {
    recorded_.add(std::move(event));
    ++counts_.read;
    ++counts_.filtered;
    has_records_ = true;  // its number may close a gap, or show one
  }
  count_repeats(recorded_.counting(), 0, batch.repeats);
  counts_.read += batch.repeats.size();
  counts_.filtered += batch.repeats.size();
  for (const PushedRecord& record : batch.unreadable) {
    if (record.why.empty()) {
      recorded_.counting().count_other_line(0);
      continue;
    }
    recorded_.counting().count_unreadable(0, record.place, record.why);
    ++counts_.read;
    ++counts_.unreadable;
  }
}

bool PushedHistory::next(std::vector<Finding>& findings, Time now) {
  if (!is_telling_) {
    if (!has_records_ || now - arrived_ < quiet_) return false;
    recorded_.end_piece();
    is_telling_ = true;
  }
  if (recorded_.next(findings)) return true;
  recorded_.begin_pushed();
  has_records_ = false;
  is_telling_ = false;
  return false;
}

std::map<std::string, std::string> PushedHistory::take_changes() {
  return is_telling_ || has_records_ ? std::map<std::string, std::string>{} : recorded_.take_changes();
}

JudgedTexts PushedHistory::take_judged() {
  return is_telling_ || has_records_ ? JudgedTexts{} : std::exchange(texts_, {});
}

}  // namespace curfew::windows
