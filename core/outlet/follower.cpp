#include "core/outlet/follower.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"

namespace curfew::outlet {
namespace {

// Commits may come every few milliseconds: a look at the ledger for each would only cost.
constexpr Duration shortest_pause = std::chrono::milliseconds(100);
constexpr Duration longest_pause = std::chrono::seconds(30);

}  // namespace

Follower::Follower(const Ground& ground, Cursor& cursor, FollowerSettings settings)
    : ground_(ground), cursor_(cursor), settings_(std::move(settings)) {}

Follower::~Follower() { stop(); }

void Follower::start() {
  thread_ = std::thread([this] { run(); });
}

void Follower::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Follower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Follower::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Follower::run() {
  Duration failing = shortest_pause;
  while (!is_stopping()) {
    Duration pause = failing;
    bool may_be_woken = false;
    try {
      pause = step();
      may_be_woken = true;
      if (std::exchange(failing, shortest_pause) > shortest_pause)
        ground_.log(Severity::Info, settings_.name + ": the ledger is followed again");
    } catch (const std::exception& error) {
      if (failing == shortest_pause)
        ground_.log(Severity::Warning, settings_.name + ": nothing is handed on for now: " + error.what());
      failing = std::min(failing * 2, longest_pause);
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::min(shortest_pause, pause), [this] { return stopping_; })) return;
    if (pause > shortest_pause)
      changed_.wait_for(lock, pause - shortest_pause, [&] { return stopping_ || (may_be_woken && woken_); });
    woken_ = false;
  }
}

// The next entries from there on, in whichever of the realm's streams they are; and how many are waiting.
Chunk Follower::read(store::Place from, std::size_t most) {
  Chunk chunk;
  chunk.first = from;
  std::uint64_t lag = 0;
  ground_.with_store([&](store::Store& store) {
    std::optional<store::StreamHead> next;
    for (store::StreamHead& head : store.streams()) {
      if (head.id.realm != ground_.realm || head.stream < from.stream) continue;
      const std::uint64_t done = head.stream == from.stream ? from.sequence : 0;
      if (head.size <= done) continue;
      lag += head.size - done;
      if (!next) next = std::move(head);
    }
    if (!next) return;
    chunk.id = next->id;
    chunk.first = {next->stream, next->stream == from.stream ? from.sequence : 0};
    const std::uint64_t to = std::min(next->size, chunk.first.sequence + most);
    std::size_t bytes = 0;
    store.read_entries(next->stream, chunk.first.sequence, to, [&](ledger::SealedEntry&& entry) {
      bytes += entry.entry.facts.size();
      chunk.entries.push_back(std::move(entry));
      return bytes < settings_.most_bytes;
    });
    chunk.is_cut = most > 0 && (to < next->size || bytes >= settings_.most_bytes);
    if (bytes < settings_.most_bytes && chunk.entries.size() != to - chunk.first.sequence)
      throw Error(ErrorKind::Corrupt, "the ledger lacks entries after " +
                                          std::to_string(chunk.first.sequence) + " of stream " +
                                          std::to_string(next->stream) + "; run `curfew verify`");
  });
  lag_ = lag;
  return chunk;
}

// What is still not looked at after `done` entries were.
void Follower::show_lag(std::uint64_t done) const {
  if (ground_.metrics == nullptr) return;
  ground_.metrics->gauge(metrics::outlet_lag, {settings_.name})
      .set(static_cast<double>(lag_ - std::min(lag_, done)));
}

Duration Follower::step() {
  Chunk chunk;
  switch (settings_.appetite()) {
    case Appetite::None:
      lag_ = 0;
      show_lag(0);
      return longest_pause;
    case Appetite::Later:
      chunk = read(cursor_.place(), 0);  // for the lag alone
      chunk.first = cursor_.place();
      break;
    case Appetite::Now:
      chunk = read(cursor_.place(), settings_.most_entries);
      break;
  }
  const bool is_full = chunk.is_cut || chunk.entries.size() == settings_.most_entries;
  const Duration pause = settings_.take(chunk);
  const store::Place place = cursor_.place();
  const bool is_within = place.stream == chunk.first.stream && place > chunk.first;
  show_lag(is_within ? place.sequence - chunk.first.sequence : 0);
  return is_full ? Duration(0) : pause;
}

}  // namespace curfew::outlet
