#include "plugins/windows/live.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <utility>

#include "plugins/files/text_tail.hpp"
#include "plugins/windows/evtx_tail.hpp"
#include "plugins/windows/text_reader.hpp"

namespace curfew::windows {
namespace {

constexpr Duration still_written = std::chrono::minutes(1);

}  // namespace

struct Live::Tail {
  std::string identity;
  files::Descriptor file;
  std::uint32_t input = 0;
  Format format = Format::Empty;
  files::TextTail text;
  std::uint64_t base = 0;  // where this reader began
  std::unique_ptr<TailSink> sink;
  std::unique_ptr<TextReader> reader;
  std::optional<EvtxTail> evtx;
  int unchanged_looks = 0;
  bool done = false;
  // Committable once everything up to the time is judged.
  struct Mark {
    Time until{};
    std::string cursor;
  };
  std::deque<Mark> marks;
  Time newest{};
  std::uint64_t read = 0, filtered = 0, unreadable = 0;
};

class Live::TailSink final : public RecordSink {
 public:
  TailSink(Live& live, Tail& tail) : live_(live), tail_(tail) {}
  void event(WindowsEvent&& event) override {
    event.input = tail_.input;
    live_.coverage_.count(tail_.input, event);
    ++tail_.read;
    if (!Pairing::uses(event)) {
      ++tail_.filtered;
      return;
    }
    tail_.newest = std::max(tail_.newest, event.time);
    live_.pairing_.add(std::move(event));
  }
  void recovered(WindowsEvent&& event) override { live_.coverage_.count_recovered(tail_.input, event); }
  void recovered_torn() override { live_.coverage_.count_recovered_torn(tail_.input); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    live_.coverage_.count_unreadable(tail_.input, place, why, records);
    tail_.unreadable += records;
  }
  void other_line() override { live_.coverage_.count_other_line(tail_.input); }

 private:
  Live& live_;
  Tail& tail_;
};

Live::Live(std::vector<std::string> paths, LiveSettings settings, const Recall& recall)
    : settings_(settings),
      watch_(std::move(paths),
             [recall](const std::string& identity) {
               return recall ? recall("file:" + identity) : std::optional<std::string>{};
             }),
      pairing_(settings.pairing, *this) {}

Live::~Live() = default;

bool Live::take(files::FoundFile&& found) {
  auto tail = std::make_unique<Tail>();
  tail->format = recognise(found.head);
  if (tail->format == Format::Empty) return false;
  if (tail->format == Format::Archive && !found.is_named) return false;  // a packed copy of what was read
  tail->identity = found.identity;
  tail->file = std::move(found.file);
  if (tail->format == Format::Evtx) {
    const bool is_ours = found.cursor && found.cursor->starts_with("2 ");
    tail->evtx.emplace((is_ours ? evtx_position(std::string_view(*found.cursor).substr(2)) : std::nullopt)
                           .value_or(EvtxPosition{}));
  } else if (found.cursor) {
    if (auto place = files::place_in(tail->file.get(), found.size, *found.cursor)) {
      tail->base = place->offset;
      tail->text = files::TextTail(std::move(*place));
      tail->done = tail->format == Format::Archive || tail->format == Format::Unknown;
    }
  }
  tail->input = coverage_.add_input(found.path);
  coverage_.set_format(tail->input, name_of(tail->format));
  tail->sink = std::make_unique<TailSink>(*this, *tail);
  // Past the first line the decision between lines and document is made: only lines are resumed.
  const Format format = tail->base > 0 && tail->format == Format::Json ? Format::Text : tail->format;
  tail->reader = std::make_unique<TextReader>(
      *tail->sink, format, TextLimits{settings_.limits.line_bytes, settings_.limits.entry_bytes});
  tails_.emplace(found.identity, std::move(tail));
  return true;
}

void Live::look_for_files() {
  watch_.look([this](files::FoundFile&& found) { return take(std::move(found)); });
}

void Live::open() {
  look_for_files();
  watch_.end_recall();
}

bool Live::read_evtx_tail(Tail& tail) {
  const bool any = tail.evtx->read(tail.file.get(), *tail.sink, settings_.bytes_a_step);
  if (any) tail.marks.push_back({tail.newest, "2 " + to_text(tail.evtx->position())});
  return any;
}

std::uint64_t Live::evtx_chunks_read() const {
  std::uint64_t sum = 0;
  for (const auto& [identity, tail] : tails_) sum += tail->evtx ? tail->evtx->chunks_read() : 0;
  return sum;
}

std::string Live::whole(const Tail& tail) {
  struct stat status {};
  const auto size = ::fstat(tail.file.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  return to_text(files::Place{size, files::fingerprint(tail.file.get())});
}

bool Live::read(Tail& tail) {
  if (tail.done) return false;
  if (tail.format == Format::Evtx) return read_evtx_tail(tail);
  if (tail.format == Format::Archive || tail.format == Format::Unknown) {
    tail.done = true;
    try {
      read_input(watch_.path_of(tail.identity), *tail.sink, settings_.limits);
    } catch (const std::runtime_error& failure) {
      watch_.complain(failure.what());
    }
    tail.marks.push_back({tail.newest, whole(tail)});
    return true;
  }
  const auto feed = [&](std::string_view bytes) {
    tail.reader->feed(bytes);
    if (!tail.reader->is_document())
      tail.marks.push_back(
          {tail.newest, to_text(files::Place{tail.base + tail.reader->taken(), tail.text.place().print})});
  };
  auto step = tail.text.read(tail.file.get(), settings_.bytes_a_step, feed);
  if (step == files::TextTail::Step::BeganAnew) {
    tail.base = 0;
    tail.reader = std::make_unique<TextReader>(
        *tail.sink, tail.format, TextLimits{settings_.limits.line_bytes, settings_.limits.entry_bytes});
    step = tail.text.read(tail.file.get(), settings_.bytes_a_step, feed);
  }
  if (step == files::TextTail::Step::Read) {
    tail.unchanged_looks = 0;
    return true;
  }
  // A document is whole when it grows no more.
  if (tail.text.place().offset > 0 && tail.reader->is_document() && ++tail.unchanged_looks >= 2) {
    tail.reader->finish();
    tail.marks.push_back({tail.newest, whole(tail)});
    tail.done = true;
    return true;
  }
  return false;
}

void Live::report_gaps(Time now) {
  if (now - gaps_looked_at_ < std::chrono::minutes(1)) return;
  gaps_looked_at_ = now;
  for (const auto& [log, hole] : coverage_.gaps()) {
    if (now - hole.before < std::chrono::minutes(1)) continue;  // what is missing may still come
    Finding gap = finding_of(log, hole);
    if (!gaps_told_.insert(gap.key).second) continue;
    found(std::move(gap));
  }
}

bool Live::step(Time now) {
  look_for_files();
  bool any = false;
  for (auto& [identity, tail] : tails_) any = read(*tail) || any;
  pairing_.advance(now - settings_.arrival_delay);
  report_gaps(now);
  caught_up_ = caught_up_ || !any;
  // What was rotated away and read to its end is of no more use.
  for (auto it = tails_.begin(); it != tails_.end();) {
    Tail& tail = *it->second;
    const bool judged = tail.marks.empty() || tail.marks.back().until <= pairing_.horizon();
    // Who writes it may not know yet that it was rotated.
    if (!watch_.is_gone(tail.identity, now, still_written) || any || !judged) {
      ++it;
      continue;
    }
    tail.reader->finish();
    Cursor cursor{"file:" + tail.identity, "",         tail.read, tail.filtered, tail.unreadable,
                  pairing_.horizon(),      caught_up_, true};
    forgotten_.push_back(std::move(cursor));
    watch_.forget(tail.identity);
    it = tails_.erase(it);
  }
  return any;
}

std::vector<Finding> Live::take_findings() { return std::exchange(findings_, {}); }

std::vector<Live::Cursor> Live::take_cursors() {
  std::vector<Cursor> cursors = std::exchange(forgotten_, {});
  for (auto& [identity, tail] : tails_) {
    std::optional<std::string> reached;
    while (!tail->marks.empty() && tail->marks.front().until <= pairing_.horizon()) {
      reached = std::move(tail->marks.front().cursor);
      tail->marks.pop_front();
    }
    if (!reached) continue;
    Cursor cursor{"file:" + identity, *reached,           tail->read, tail->filtered,
                  tail->unreadable,   pairing_.horizon(), caught_up_, false};
    tail->read = tail->filtered = tail->unreadable = 0;
    cursors.push_back(std::move(cursor));
  }
  if (!cursors.empty() || !caught_up_) return cursors;
  // Nothing new, and that too is news: up to here everything was seen.
  cursors.push_back({"live", "1", 0, 0, 0, pairing_.horizon(), true, false});
  return cursors;
}

}  // namespace curfew::windows
