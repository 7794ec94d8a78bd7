#include "core/app/writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/model/json_object.hpp"

namespace curfew::app {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// What watchers are shown beside rows that changed; nullopt: nothing.
std::optional<StreamNotice> notice_of(const model::Entry& entry) {
  StreamNotice notice;
  switch (entry.kind) {
    case model::EntryKind::SignOutOrdered:
    case model::EntryKind::Intent:
    case model::EntryKind::Answer:
    case model::EntryKind::Probe:
    case model::EntryKind::OutcomeRecorded: {
      // Such entries' facts begin with the order's number.
      constexpr std::string_view head = "{\"order\":";
      const std::string_view facts = entry.facts;
      if (!facts.starts_with(head)) return std::nullopt;
      notice.event = "step";
      std::from_chars(facts.data() + head.size(), facts.data() + facts.size(), notice.order);
      break;
    }
    case model::EntryKind::Warned:
      notice.event = "warned";
      break;
    case model::EntryKind::Alert:
      notice.event = "alert";
      break;
    case model::EntryKind::Observation:
      // Each other kind shows in the row of its session.
      if (!entry.facts.starts_with("{\"type\":\"sign_in_failed\"")) return std::nullopt;
      notice.event = "sign_in_failed";
      break;
    default:
      return std::nullopt;
  }
  model::JsonObject o(notice.json);
  if (notice.order != 0) o.number("order", notice.order);
  o.name("kind", entry.kind);
  o.text("at", base::format_rfc3339(entry.occurred_at != Time{} ? entry.occurred_at : entry.engine_time));
  o.text_unless_empty("source", entry.source);
  o.text_unless_empty("session", model::to_text(entry.session));
  o.text_unless_empty("subject", model::to_text(entry.subject));
  o.raw("facts", entry.facts);
  o.end();
  return notice;
}

}  // namespace

Writer::Writer(WriterSettings settings, Log& log, Callbacks callbacks)
    : settings_(std::move(settings)), log_(log), callbacks_(std::move(callbacks)) {}

Writer::~Writer() {
  stop(Duration(0));
  if (outside_ >= 0) ::close(outside_);
}

void Writer::start(store::Store store, store::StreamHead head, ledger::Sealer sealer,
                   std::uint64_t snapshot_at) {
  if (!settings_.outside_checkpoints.empty()) {
    outside_ = ::open(settings_.outside_checkpoints.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (outside_ < 0)
      throw Error(ErrorKind::Configuration, "ledger.outside_checkpoints: " + settings_.outside_checkpoints +
                                                " can't be opened: " + std::strerror(errno));
  }
  store_ = std::move(store);
  sealer_ = std::move(sealer);
  head_ = std::move(head);
  size_ = head_.size;
  if (settings_.metrics != nullptr) settings_.metrics->counter(metrics::store_failures);  // from 0 on
  snapshot_at_ = snapshot_at;
  thread_ = std::thread([this] { run(); });
}

bool Writer::push(Batch& batch, Duration patience) { return queue_.push_for(batch, patience); }

void Writer::stop(Duration patience) {
  queue_.close();
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(stop_mutex_);
    stop_changed_.wait_for(lock, patience, [this] { return finished_; });
    give_up_ = true;
    stop_changed_.notify_all();
  }
  thread_.join();
}

void Writer::run() {
  try {
    std::vector<Batch> batches;
    while (!queue_.finished() && !give_up_) {
      batches.clear();
      queue_.pop_all(batches, milliseconds(100), 1);
      for (Batch& batch : batches) {
        idle_ = false;
        write(batch);
        idle_ = true;
      }
      expire_when_due();
      check_when_due();
    }
  } catch (const std::exception& error) {
    queue_.close();
    callbacks_.failed(error.what());
  } catch (...) {
    queue_.close();
    callbacks_.failed("the writer ended for an unknown reason");
  }
  const std::lock_guard lock(stop_mutex_);
  finished_ = true;
  stop_changed_.notify_all();
}

void Writer::write(Batch& batch) {
  if (!batch.entries.empty()) {
    for (const model::Entry& entry : batch.entries) {
      ++batch.kinds[static_cast<std::size_t>(entry.kind)];
      if (auto notice = notice_of(entry)) batch.notices.push_back(std::move(*notice));
    }
    if (!settings_.stores_keys) batch.extras.keys.clear();
    const ledger::SealedBatch sealed = sealer_->seal(std::move(batch.entries), base::wall_clock_now());
    base::kill_point("app.before_commit");
    const auto begin = steady_clock::now();
    commit(sealed, batch.extras);
    batch.commit_seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
    base::kill_point("app.after_commit");
    {
      const std::lock_guard lock(head_mutex_);
      head_.size = sealed.size();
      head_.root = sealed.root;
      head_.checkpoint = sealed.checkpoint;
    }
    size_ = sealed.size();
    publish_checkpoint(sealed.checkpoint);
  }
  // Neither of these is evidence: when they fail, the next ones make up for it.
  try {
    if (!batch.active.empty()) store_->flush_activity(batch.active);
    if (!batch.snapshot.empty()) {
      store_->save_snapshot(head_, size_, batch.policy_digest,
                            [&](const auto& put) { put(std::string_view(batch.snapshot)); });
      snapshot_at_ = size_.load();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Unavailable) throw;
    if (!batch.snapshot.empty()) snapshot_lost_ = true;
    batch.snapshot.clear();
    log_.warning("activity or snapshot not stored", {{"reason", error.what()}});
  }
  callbacks_.committed(batch);
}

// After Error(Unavailable) the store looks at the stored head before it sends the same bytes again, so a
// commit whose answer was lost is not repeated.
void Writer::commit(const ledger::SealedBatch& sealed, const store::Extras& extras) {
  Duration pause = milliseconds(100);
  while (true) {
    try {
      store_->append(head_, sealed, extras);
      break;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable) throw;
      is_away(error);
      if (!pause_before_retry(pause)) throw;
    }
  }
  is_back();
}

void Writer::is_away(const Error& error) {
  if (settings_.metrics != nullptr) settings_.metrics->counter(metrics::store_failures).add();
  if (up_.exchange(false))
    log_.error("the database is away; sources are slowed until it is back", {{"reason", error.what()}});
}

void Writer::is_back() {
  heard_ = steady_clock::now();
  if (!up_.exchange(true)) log_.info("the database is back");
}

// When nothing is to be written, nothing else would tell that the database went away.
void Writer::check_when_due() {
  const auto now = steady_clock::now();
  if (settings_.check_every <= Duration(0) || now - heard_ < settings_.check_every) return;
  heard_ = now;
  try {
    store_->check();
    is_back();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Unavailable) throw;
    is_away(error);
  }
}

// After a batch was acknowledged, or when there was none: nobody waits for it.
void Writer::expire_when_due() {
  const auto now = steady_clock::now();
  if (settings_.expire_every <= Duration(0) || !up_ || now - expired_ < settings_.expire_every) return;
  expired_ = now;
  try {
    store_->expire(base::wall_clock_now());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Unavailable) throw;
    log_.warning("what is past its time was not removed; it is tried again", {{"reason", error.what()}});
  }
}

bool Writer::pause_before_retry(Duration& pause) {
  std::unique_lock lock(stop_mutex_);
  if (stop_changed_.wait_for(lock, pause, [this] { return give_up_.load(); })) return false;
  pause = std::min(pause * 2, settings_.longest_pause);
  return true;
}

void Writer::publish_checkpoint(const std::string& checkpoint) {
  if (outside_ < 0) return;
  // A witness that can't be written is a gap in the proof, not a reason to stop watching.
  const std::string block = checkpoint + "\n";
  std::size_t done = 0;
  while (done < block.size()) {
    const ssize_t count = ::write(outside_, block.data() + done, block.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      log_.error("the outside checkpoint could not be written",
                 {{"file", settings_.outside_checkpoints}, {"reason", std::strerror(errno)}});
      return;
    }
    done += static_cast<std::size_t>(count);
  }
  if (::fdatasync(outside_) != 0)
    log_.error("the outside checkpoint could not be synced",
               {{"file", settings_.outside_checkpoints}, {"reason", std::strerror(errno)}});
}

store::StreamHead Writer::head() const {
  const std::lock_guard lock(head_mutex_);
  return head_;
}

}  // namespace curfew::app
