// The writer's housekeeping on a real database.
#include "core/app/writer.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/cluster.hpp"

namespace curfew::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

const ledger::StreamId stream_id{.realm = "corp", .node = "node", .epoch = 1};

class Housekeeping : public testing::Test {
 protected:
  // A writer whose store holds one value that is past its time, and one that never is.
  void start(Duration expire_every) {
    ledger::SigningKey key = ledger::SigningKey::generate(ledger::origin_of(stream_id));
    store::Store store(database_.application, store::Role::Writer);
    store::StreamHead head = store.open_stream(stream_id, key.verifier().text());
    writer_.emplace(
        WriterSettings{
            .database = database_.application, .outside_checkpoints = {}, .expire_every = expire_every},
        log_,
        Writer::Callbacks{.committed = [this](Batch&) { committed_ = true; },
                          .failed = [](const std::string& text) { FAIL() << text; }});
    writer_->start(std::move(store), std::move(head),
                   ledger::Sealer(stream_id, {key}, ledger::Tree{}, base::fill_random));
    Batch batch;
    model::Entry& entry = batch.entries.emplace_back();
    entry.kind = model::EntryKind::Access;
    entry.facts = "{}";
    batch.extras.memory = {
        {.source = "ad", .key = "old", .value = "1", .expires_at = base::wall_clock_now() - seconds(1)},
        {.source = "ad", .key = "kept", .value = "2", .expires_at = Time{}}};
    ASSERT_TRUE(writer_->push(batch, seconds(60)));
  }
  std::size_t remembered() { return reader_.memory().size(); }

  support::Database database_ = support::Cluster::instance().fresh_database();
  store::Store reader_{database_.application, store::Role::Reader};
  Log log_{LogLevel::Error};
  std::atomic<bool> committed_ = false;
  std::optional<Writer> writer_;
};

TEST_F(Housekeeping, WhatIsPastItsTimeIsRemovedWithoutAnybodyAsking) {
  start(milliseconds(1));
  const auto deadline = steady_clock::now() + seconds(60);
  while ((!committed_ || remembered() != 1) && steady_clock::now() < deadline) std::this_thread::yield();
  const auto kept = reader_.memory();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].key, "kept");
  writer_->stop(seconds(60));
}

TEST_F(Housekeeping, IsNotDoneWhereItIsOff) {
  start(Duration(0));
  writer_->stop(seconds(60));
  EXPECT_TRUE(committed_);
  EXPECT_EQ(remembered(), 2U);
}

}  // namespace
}  // namespace curfew::app
