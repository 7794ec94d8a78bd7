#include "plugins/forms/logs/recorded.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "plugins/files/line_reader.hpp"

namespace curfew::forms {
namespace {

constexpr std::size_t read_size = 256U << 10U;

struct Cancelled {};

}  // namespace

Recorded::Recorded(std::vector<std::string> paths, LogReading reading, RecordedSettings settings)
    : paths_(std::move(paths)),
      reading_(std::move(reading)),
      settings_(settings),
      sorter_(settings.memory_bytes),
      merger_(settings.activity_quantum, settings.refusals_settle,
              [this](Finding&& finding) { found_.push_back(std::move(finding)); }) {
  if (reading_.window != Duration{})
    visits_.emplace(reading_.window, reading_.digest, [this](Mark&& mark) { merger_.add(std::move(mark)); });
}

void Recorded::read_plain(const std::string& entry, files::Bytes& bytes, std::uint32_t input) {
  LineIntake intake(
      reading_, coverage_, input, [this](Mark&& mark) { sorter_.add(encode(mark)); }, entry);
  files::LineReader lines(
      longest_line,
      [&](std::string_view line, std::uint64_t number) {
        if (cancelled_) throw Cancelled{};
        ++records_;
        intake.line(line, number, 0);
      },
      [&](std::uint64_t number) {
        ++records_;
        intake.too_long(number);
      });
  std::string buffer(read_size, '\0');
  std::string why;
  std::uint64_t total = 0;
  while (true) {
    const std::int64_t got = bytes.read(buffer.data(), buffer.size(), why);
    if (got < 0) {
      ++records_;
      intake.unreadable((entry.empty() ? "" : entry + ": ") + "byte " + std::to_string(total), why);
    }
    if (got <= 0) break;
    total += static_cast<std::uint64_t>(got);
    lines.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
  lines.finish();
}

void Recorded::read() {
  try {
    for (const std::string& path : files::expand_inputs(paths_)) {
      const std::uint32_t input = coverage_.add_input(path);
      files::read_input(
          path, settings_.limits,
          [&](std::string_view place, std::string_view why) {
            ++records_;
            coverage_.count_unreadable(input, place, why);
          },
          [&](const std::string& entry, files::Bytes& bytes) { read_plain(entry, bytes, input); });
    }
  } catch (const Cancelled&) {
    finished_ = true;
    return;
  }
  sorter_.sort();
}

void Recorded::judge(Mark&& mark) {
  const Time now = mark.time;
  merger_.close(now);
  if (!visits_) {
    merger_.add(std::move(mark));
    return;
  }
  for (const Visit& over : visits_->end_silent(now))
    merger_.vanish(over.session, over.last + reading_.window);
  visits_->forget(now);
  visits_->add(std::move(mark));
  visits_->release(now);
}

bool Recorded::next(std::vector<Finding>& findings) {
  constexpr std::size_t some = 256;
  while (!finished_ && found_.size() < some) {
    if (sorter_.next(bytes_)) {
      Mark mark = decode(bytes_);
      // What is merged is told with a later time than its first line's: findings are complete up to before.
      until_ = std::max(until_, mark.time - settings_.activity_quantum);
      judge(std::move(mark));
    } else {
      merger_.finish();
      finished_ = true;
    }
  }
  const bool any = !found_.empty();
  for (const Finding& finding : found_) {
    if (finished_) until_ = std::max(until_, finding.at);
  }
  std::move(found_.begin(), found_.end(), std::back_inserter(findings));
  found_.clear();
  return any;
}

}  // namespace curfew::forms
