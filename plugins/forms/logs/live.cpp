#include "plugins/forms/logs/live.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>

#include "plugins/files/input.hpp"
#include "plugins/files/line_reader.hpp"

namespace curfew::forms {
namespace {

constexpr Duration still_written = std::chrono::minutes(1);
// Lines of one moment may come in two pieces.
constexpr Duration settle = std::chrono::seconds(1);
constexpr std::size_t head_bytes = 64U << 10U;
constexpr std::uint64_t first_look = 64U << 10U;

std::string read_at(int file, std::uint64_t offset, std::size_t most) {
  std::string bytes(most, '\0');
  const ssize_t got = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

// "heading place": where the heading begins that holds at the place, or "-"; and files::Place's own text.
std::string to_value(std::optional<std::uint64_t> heading, const files::Place& place) {
  return (heading ? std::to_string(*heading) : "-") + " " + to_text(place);
}

struct Resumed {
  std::optional<std::uint64_t> heading;
  std::string_view place;
};

std::optional<Resumed> from_value(std::string_view value) {
  const auto blank = value.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  Resumed resumed;
  resumed.place = value.substr(blank + 1);
  if (value.substr(0, blank) == "-") return resumed;
  std::uint64_t heading = 0;
  const auto read = std::from_chars(value.data(), value.data() + blank, heading);
  if (read.ec != std::errc() || read.ptr != value.data() + blank) return std::nullopt;
  resumed.heading = heading;
  return resumed;
}

}  // namespace

struct Live::Tail {
  std::string identity;
  files::Descriptor file;
  std::uint32_t input = 0;
  files::TextTail text;
  std::uint64_t base = 0;  // where this reader began
  std::optional<LineIntake> intake;
  std::optional<files::LineReader> lines;
  bool is_archive = false;
  bool done = false;
  bool has_more = false;
  // Committable once everything up to the time is told.
  struct Mark {
    Time until{};
    std::string cursor;
  };
  std::deque<Mark> marks;
  Time committed{};  // what is read again after a restart is no older
  LineIntake::Counts counts;
};

Live::Live(std::vector<std::string> paths, LogReading reading, LiveSettings settings,
           files::FileWatch::Recall recall)
    : reading_(std::move(reading)),
      settings_(settings),
      watch_(std::move(paths), std::move(recall)),
      merger_(settings.activity_quantum, settings.refusals_settle,
              [this](Finding&& finding) { findings_.push_back(std::move(finding)); }) {
  if (reading_.window != Duration{})
    visits_.emplace(reading_.window, reading_.digest, [this](Mark&& mark) { merger_.add(std::move(mark)); });
}

Live::~Live() = default;

void Live::take_mark(Mark&& mark) {
  if (visits_) {
    visits_->add(std::move(mark));
  } else {
    merger_.add(std::move(mark));
  }
}

void Live::restore(std::string_view key, std::string_view value) {
  if (visits_) visits_->restore(key, value);
}

// Only beside a cursor that goes on: what lies behind it is read again, and says the same again.
std::map<std::string, std::string> Live::take_changes() {
  const bool goes_on = std::any_of(tails_.begin(), tails_.end(), [&](const auto& one) {
    const auto& marks = one.second->marks;
    return !marks.empty() && (marks.front().until == Time{} || merger_.has_told(marks.front().until));
  });
  return visits_ && goes_on ? visits_->take_changes() : std::map<std::string, std::string>{};
}

// A reader at the tail's place.
void Live::begin(Tail& tail) {
  Tail* const it = &tail;
  tail.intake.emplace(reading_, coverage_, tail.input, [this](Mark&& mark) { take_mark(std::move(mark)); });
  tail.lines.emplace(
      longest_line,
      [it](std::string_view line, std::uint64_t number) {
        it->intake->line(line, number, it->base + it->lines->line_begin());
      },
      [it](std::uint64_t number) { it->intake->too_long(number); });
}

bool Live::take(files::FoundFile&& found) {
  auto tail = std::make_unique<Tail>();
  tail->is_archive = files::is_archive(found.head);
  if (tail->is_archive && !found.is_named) return false;  // a packed copy of what was read as it grew
  tail->identity = found.identity;
  tail->file = std::move(found.file);
  const auto resumed = found.cursor ? from_value(*found.cursor) : std::nullopt;
  auto place = resumed ? files::place_in(tail->file.get(), found.size, resumed->place) : std::nullopt;
  if (place) {
    tail->base = place->offset;
    tail->text = files::TextTail(std::move(*place));
    tail->done = tail->is_archive;
  }
  tail->input = coverage_.add_input(found.path);
  begin(*tail);
  if (tail->base > 0 && !tail->is_archive) {
    std::string heading;
    if (resumed->heading) {
      heading = read_at(tail->file.get(), *resumed->heading, head_bytes);
      heading.resize(std::min(heading.find('\n'), heading.size()));
    }
    tail->intake->resume(read_at(tail->file.get(), 0, head_bytes), heading, resumed->heading);
  }
  tails_.emplace(found.identity, std::move(tail));
  return true;
}

void Live::open(Time now) {
  watch_.look([this](files::FoundFile&& found) { return take(std::move(found)); });
  watch_.end_recall();
  looked_at_ = now;
}

// The file was emptied after a copy of it was made: what was not read yet is in the copy.
void Live::adopt_copy(Tail& tail, const files::Place& was) {
  if (was.offset == 0) return;
  auto copy = watch_.find_copy(tail.identity, was.print, was.offset);
  if (!copy || tails_.contains(copy->identity)) return;
  auto adopted = std::make_unique<Tail>();
  adopted->identity = copy->identity;
  adopted->file = std::move(copy->file);
  adopted->base = tail.base + tail.lines->taken();
  adopted->text = files::TextTail({adopted->base, was.print});
  adopted->input = coverage_.add_input(copy->path);
  begin(*adopted);
  std::string heading;
  if (const auto at = tail.intake->heading_at()) {
    heading = read_at(adopted->file.get(), *at, head_bytes);
    heading.resize(std::min(heading.find('\n'), heading.size()));
  }
  adopted->intake->resume(read_at(adopted->file.get(), 0, head_bytes), heading, tail.intake->heading_at());
  watch_.follow(copy->identity, copy->path);
  adopted_.push_back(std::move(adopted));
}

bool Live::read(Tail& tail) {
  if (tail.done) return false;
  const auto add_counts = [&](const LineIntake::Counts& counts) {
    tail.counts.read += counts.read;
    tail.counts.filtered += counts.filtered;
    tail.counts.unreadable += counts.unreadable;
  };
  if (tail.is_archive) {
    tail.done = true;
    Time newest{};
    try {
      files::read_input(
          watch_.path_of(tail.identity), {},
          [&](std::string_view place, std::string_view why) { tail.intake->unreadable(place, why); },
          [&](const std::string& entry, files::Bytes& bytes) {
            LineIntake intake(
                reading_, coverage_, tail.input, [this](Mark&& mark) { take_mark(std::move(mark)); }, entry);
            files::LineReader lines(
                longest_line,
                [&](std::string_view line, std::uint64_t number) { intake.line(line, number, 0); },
                [&](std::uint64_t number) { intake.too_long(number); });
            std::string buffer(head_bytes, '\0'), why;
            std::int64_t got = 0;
            while ((got = bytes.read(buffer.data(), buffer.size(), why)) > 0)
              lines.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
            if (got < 0) intake.unreadable(entry, why);
            lines.finish();
            newest = std::max(newest, intake.newest());
            add_counts(intake.take_counts());
          });
    } catch (const std::runtime_error& failure) {
      watch_.complain(failure.what());
    }
    add_counts(tail.intake->take_counts());
    tail.marks.push_back(
        {newest, to_value(std::nullopt, {static_cast<std::uint64_t>(::lseek(tail.file.get(), 0, SEEK_END)),
                                         files::fingerprint(tail.file.get())})});
    return true;
  }
  const auto feed = [&](std::string_view bytes) {
    tail.lines->feed(bytes);
    tail.marks.push_back(
        {tail.intake->newest(),
         to_value(tail.intake->heading_at(), {tail.base + tail.lines->taken(), tail.text.place().print})});
  };
  const files::Place was = tail.text.place();
  // Of a file that nobody looked into yet: of what time it is.
  const std::uint64_t most =
      tail.intake->newest() == Time{} ? std::min(first_look, settings_.bytes_a_step) : settings_.bytes_a_step;
  auto step = tail.text.read(tail.file.get(), most, feed);
  if (step == files::TextTail::Step::BeganAnew) {
    adopt_copy(tail, was);
    add_counts(tail.intake->take_counts());
    tail.base = 0;
    begin(tail);
    step = tail.text.read(tail.file.get(), most, feed);
  }
  add_counts(tail.intake->take_counts());
  tail.has_more = step == files::TextTail::Step::Read &&
                  tail.text.place().offset - (was.offset > tail.text.place().offset ? 0 : was.offset) >= most;
  return tail.has_more;
}

// How far the file has come that lies furthest behind.
Time Live::slowest() const {
  Time slowest = Time::max();
  for (const auto& [identity, tail] : tails_) {
    if (tail->has_more && tail->intake->newest() != Time{})
      slowest = std::min(slowest, tail->intake->newest());
  }
  return slowest;
}

// While there is more to read, the clock says nothing: the slowest file does.
void Live::close(Time now, bool more) {
  Time closing = now - settle;
  Time horizon = now - settings_.arrival_delay;
  if (more) {
    closing = slowest();
    if (closing == Time::max()) return;
    closing = std::min(closing, now) - settings_.arrival_delay;
    horizon = closing;
  }
  if (visits_) visits_->release(closing);
  merger_.close(closing);
  // A log that can't be read shows nobody's silence.
  if (watch_.misses_some()) return;
  horizon_ = std::max(horizon_, horizon);
  if (visits_) end_visits();
}

void Live::end_visits() {
  for (const Visit& over : visits_->end_silent(horizon_))
    merger_.vanish(over.session, over.last + reading_.window);
  Time read_again = horizon_;
  for (const auto& [identity, tail] : tails_) {
    if (!tail->marks.empty()) read_again = std::min(read_again, tail->committed);
  }
  visits_->forget(read_again);
}

void Live::drop_gone(Time now, bool more) {
  for (auto at = tails_.begin(); at != tails_.end();) {
    Tail& tail = *at->second;
    const bool is_told = tail.marks.empty() || merger_.has_told(tail.marks.back().until);
    // Who writes it may not know yet that it was rotated.
    if (!watch_.is_gone(tail.identity, now, still_written) || more || !is_told) {
      ++at;
      continue;
    }
    tail.lines->finish();
    const LineIntake::Counts last = tail.intake->take_counts();
    tail.counts.read += last.read;
    tail.counts.filtered += last.filtered;
    tail.counts.unreadable += last.unreadable;
    forgotten_.push_back({"file:" + tail.identity, "", tail.counts, horizon_, caught_up_, true});
    watch_.forget(tail.identity);
    at = tails_.erase(at);
  }
}

bool Live::step(Time now) {
  if (now - looked_at_ >= settings_.look_for_files_every || now < looked_at_) {
    looked_at_ = now;
    watch_.look([this](files::FoundFile&& found) { return take(std::move(found)); });
  }
  bool more = false;
  // In order of their time: files of many days are read one after the other, not all of them at once.
  const Time slowest_file = slowest();
  for (auto& [identity, tail] : tails_)
    more = (tail->has_more && tail->intake->newest() > slowest_file ? true : read(*tail)) || more;
  for (auto& tail : std::exchange(adopted_, {})) {
    more = true;
    std::string identity = tail->identity;
    tails_.emplace(std::move(identity), std::move(tail));
  }
  close(now, more);
  caught_up_ = caught_up_ || (!more && !watch_.misses_some());
  drop_gone(now, more);
  return more;
}

std::vector<Finding> Live::take_findings() { return std::exchange(findings_, {}); }

std::vector<Live::Cursor> Live::take_cursors() {
  std::vector<Cursor> cursors = std::exchange(forgotten_, {});
  for (auto& [identity, tail] : tails_) {
    std::optional<std::string> reached;
    while (!tail->marks.empty() &&
           (tail->marks.front().until == Time{} || merger_.has_told(tail->marks.front().until))) {
      reached = std::move(tail->marks.front().cursor);
      tail->committed = std::max(tail->committed, tail->marks.front().until);
      tail->marks.pop_front();
    }
    if (!reached) continue;
    cursors.push_back(
        {"file:" + identity, *reached, std::exchange(tail->counts, {}), horizon_, caught_up_, false});
  }
  if (!cursors.empty() || !caught_up_) return cursors;
  // Nothing new, and that too is news: up to here everything was seen.
  cursors.push_back({"live", "1", {}, horizon_, true, false});
  return cursors;
}

}  // namespace curfew::forms
