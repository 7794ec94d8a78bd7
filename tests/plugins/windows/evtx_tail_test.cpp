// An EVTX log that grows, is copied over, cleared, and overwrites itself: nothing lost, nothing twice, and
// what was read is not read again.
#include "plugins/windows/evtx_tail.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "plugins/windows/evtx_reader.hpp"
#include "plugins/windows/live.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_header = 4096;
constexpr std::size_t chunk_size = 65536;
constexpr std::uint64_t plenty = std::uint64_t{1} << 30U;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Collected final : public RecordSink {
 public:
  void event(WindowsEvent&& event) override { ids.push_back(event.record_id); }
  void recovered(WindowsEvent&&) override { ++found_in_slack; }
  void recovered_torn() override {}
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    places.push_back(std::string(place) + ": " + std::string(why));
    lost += records;
  }
  void other_line() override {}
  std::vector<std::uint64_t> ids;
  std::vector<std::string> places;
  std::uint64_t lost = 0, found_in_slack = 0;
};

class EvtxTailTest : public testing::Test {
 protected:
  EvtxTailTest()
      : path_(
            (fs::path(testing::TempDir()) /
             ("tail_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".evtx"))
                .string()),
        whole_(bytes_of(fs::path(CURFEW_SOURCE_DIR) / "tests/fixtures/windows/shapes/security.evtx")) {
    fs::remove(path_);
  }
  ~EvtxTailTest() override { fs::remove(path_); }

  // The file is now this, under the same inode.
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  void read(EvtxTail& tail) {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    while (tail.read(file, sink_, plenty)) {
    }
    ::close(file);
  }
  // Where the first chunk's second record begins.
  [[nodiscard]] std::size_t second_record() const {
    std::uint32_t size = 0;
    std::memcpy(&size, whole_.data() + file_header + 512 + 4, sizeof size);
    return file_header + 512 + size;
  }
  [[nodiscard]] std::string chunk(std::size_t index) const {
    return whole_.substr(file_header + index * chunk_size, chunk_size);
  }
  [[nodiscard]] std::string head() const { return whole_.substr(0, file_header); }
  // The chunk as another log would have it: its records at another time.
  static std::string of_another_log(std::string chunk) {
    chunk[512 + 16] = static_cast<char>(chunk[512 + 16] + 1);
    return chunk;
  }

  const std::string path_;
  const std::string whole_;  // records 1 to 3, and 4 to 5, which say that they are 101 to 105
  Collected sink_;
};

using Ids = std::vector<std::uint64_t>;

TEST_F(EvtxTailTest, EachStepOfAGrowingFileBringsWhatIsNewAndNothingTwice) {
  ASSERT_EQ(whole_.size(), file_header + 2 * chunk_size);
  EvtxTail tail({});
  write(head());
  read(tail);
  EXPECT_EQ(sink_.ids, Ids{});
  write(whole_.substr(0, second_record() + 30));  // the second record is still being written
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101}));
  write(whole_.substr(0, file_header + chunk_size));
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103}));
  write(whole_.substr(0, file_header + chunk_size + 100));
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103}));
  write(whole_);
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103, 104, 105}));
  EXPECT_EQ(tail.chunks_read(), 3U) << "the first twice, as it grew; the second once";
  read(tail);
  EXPECT_EQ(tail.chunks_read(), 3U);
  EXPECT_EQ(sink_.places, std::vector<std::string>{});
}

TEST_F(EvtxTailTest, GoesOnFromItsPosition) {
  write(whole_.substr(0, file_header + chunk_size));
  EvtxTail first({});
  read(first);
  const auto position = evtx_position(to_text(first.position()));
  ASSERT_TRUE(position);
  EvtxTail second(*position);
  write(whole_);
  read(second);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103, 104, 105}));
  EXPECT_EQ(second.chunks_read(), 1U);
}

TEST_F(EvtxTailTest, RecordsBehindAHeaderThatIsOlderAreRead) {
  // As Windows leaves the chunk that it writes to: the header still tells of one record.
  std::string dirty = whole_;
  dirty[file_header + 32] = 1;
  dirty[file_header + 44] = 0;
  dirty[file_header + 45] = 2;
  const auto end = static_cast<std::uint32_t>(second_record() - file_header);
  std::memcpy(dirty.data() + file_header + 48, &end, sizeof end);
  write(dirty.substr(0, file_header + chunk_size));
  EvtxTail tail({});
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103}));
  EXPECT_EQ(sink_.found_in_slack, 0U);
  EXPECT_EQ(sink_.places, std::vector<std::string>{});
}

TEST_F(EvtxTailTest, ALogThatOverwritesItsOldestChunksIsReadInTheOrderOfItsRecords) {
  write(head() + chunk(1) + chunk(0));
  EvtxTail tail({});
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103, 104, 105}));
  sink_.ids.clear();
  // The tail had come to 3; then the chunk with 1 to 3 was overwritten by the one with 4 and 5.
  write(head() + chunk(0));
  EvtxTail other({});
  read(other);
  write(head() + chunk(1));
  read(other);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103, 104, 105}));
}

TEST_F(EvtxTailTest, AnotherLogInTheSameFileIsReadFromItsBeginning) {
  write(whole_);
  EvtxTail tail({});
  read(tail);
  sink_.ids.clear();
  write(head() + of_another_log(chunk(0)));
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103}));
}

TEST_F(EvtxTailTest, ALogThatIsJustBeingCopiedOverIsWaitedFor) {
  write(whole_);
  EvtxTail tail({});
  read(tail);
  for (const std::size_t size : {std::size_t{0}, file_header, file_header + 300, file_header + chunk_size}) {
    write(whole_.substr(0, size));
    read(tail);
  }
  write(whole_);
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103, 104, 105}));
}

TEST_F(EvtxTailTest, DamageIsToldOnceWithItsPlace) {
  std::string damaged = whole_;
  damaged[file_header + chunk_size] = 'X';
  write(damaged);
  EvtxTail tail({});
  read(tail);
  write(damaged + std::string(chunk_size, '\0'));
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{101, 102, 103}));
  EXPECT_EQ(sink_.places,
            (std::vector<std::string>{"chunk at byte 69632: it doesn't begin as a chunk does"}));
}

TEST_F(EvtxTailTest, ADamagedRecordOfTheNewestChunkIsToldOnceAndTheNextOneToo) {
  std::string damaged = whole_.substr(0, file_header + chunk_size);
  damaged[file_header + 512 + 24] = 'X';
  std::string grown = damaged;
  std::uint32_t size = 0;
  std::memcpy(&size, whole_.data() + second_record() + 4, sizeof size);
  grown[second_record() + size + 24] = 'X';
  EvtxTail tail({});
  write(damaged.substr(0, second_record() + size));
  read(tail);
  write(grown);
  read(tail);
  read(tail);
  EXPECT_EQ(sink_.ids, (Ids{102}));
  EXPECT_EQ(sink_.places,
            (std::vector<std::string>{"chunk at byte 4096: of its records 1 to 2, 1 can't be read",
                                      "chunk at byte 4096: of its records 3 to 3, 1 can't be read"}));
}

TEST_F(EvtxTailTest, WhatIsNoPositionIsNone) {
  for (const char* text : {"", "1", "1 2 3", "1 2 3 x", "1 2 3 4 5", "-1 2 3 4"})
    EXPECT_FALSE(evtx_position(text)) << text;
}

// A recording by others, grown chunk by chunk beneath the connector's reader, with a restart after each.
TEST(EvtxTailOfARecording, GrownChunkByChunkWithRestartsIsReadOnce) {
  const fs::path recording =
      fs::path(CURFEW_SOURCE_DIR) / ".." / "shared/data/windows-evtx/deepbluecli-sliver-security.evtx";
  if (!fs::exists(recording)) GTEST_SKIP() << "data: " << recording.filename() << " is not there";
  Collected all;
  read_evtx(recording.string(), all, {0, false});
  const std::string whole = bytes_of(recording);
  const std::size_t chunks = (whole.size() - file_header) / chunk_size;
  std::size_t written = 0;  // the file was laid out in advance
  for (std::size_t i = 0; i < chunks; ++i) written += whole[file_header + i * chunk_size] == 'E' ? 1U : 0U;
  ASSERT_GT(written, 4U);

  const std::string path = (fs::path(testing::TempDir()) / "tail_recording.evtx").string();
  std::map<std::string, std::string> cursors;
  std::uint64_t read = 0, counted = 0, chunks_read = 0;
  const Time now{std::chrono::hours(24 * 365 * 60)};
  for (std::size_t i = 1; i <= chunks; ++i) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, file_header + i * chunk_size);
    Live live({path}, LiveSettings{}, [&](const std::string& name) {
      const auto found = cursors.find(name);
      return found == cursors.end() ? std::nullopt : std::optional<std::string>(found->second);
    });
    live.open();
    while (live.step(now)) {
    }
    live.step(now);
    for (const Live::Cursor& cursor : live.take_cursors()) {
      cursors[cursor.name] = cursor.value;
      read += cursor.read;
    }
    counted += live.coverage().sum().records_total;
    chunks_read += live.evtx_chunks_read();
  }
  fs::remove(path);
  EXPECT_EQ(read, all.ids.size());
  EXPECT_EQ(counted, all.ids.size());
  EXPECT_EQ(chunks_read, written) << "each chunk once";
}

}  // namespace
}  // namespace curfew::windows
