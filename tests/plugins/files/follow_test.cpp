// Files that grow, are renamed, copied and emptied.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "plugins/files/file_watch.hpp"
#include "plugins/files/line_reader.hpp"
#include "plugins/files/text.hpp"
#include "plugins/files/text_tail.hpp"

namespace curfew::files {
namespace {

namespace fs = std::filesystem;

class Follow : public testing::Test {
 protected:
  Follow() {
    std::string pattern = testing::TempDir() + "/curfew-files-XXXXXX";
    folder = mkdtemp(pattern.data());
    path = folder + "/access.log";
  }
  ~Follow() override { fs::remove_all(folder); }
  void append(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }

  std::string folder, path;
};

class Tail : public Follow {
 protected:
  Tail() {
    append("one\n");
    file = Descriptor(::open(path.c_str(), O_RDONLY));
  }
  TextTail::Step read() {
    got.clear();
    return tail.read(file.get(), 1U << 20U, [&](std::string_view part) { got += part; });
  }

  Descriptor file;
  TextTail tail;
  std::string got;
};

TEST_F(Tail, GivesOnlyWhatIsNew) {
  EXPECT_EQ(read(), TextTail::Step::Read);
  EXPECT_EQ(got, "one\n");
  EXPECT_EQ(read(), TextTail::Step::Nothing);
  append("two\n");
  EXPECT_EQ(read(), TextTail::Step::Read);
  EXPECT_EQ(got, "two\n");
}

TEST_F(Tail, AFileThatWasEmptiedBeginsAnew) {
  EXPECT_EQ(read(), TextTail::Step::Read);
  fs::resize_file(path, 0);
  EXPECT_EQ(read(), TextTail::Step::BeganAnew);
  append("three\n");
  EXPECT_EQ(read(), TextTail::Step::Read);
  EXPECT_EQ(got, "three\n");
}

TEST_F(Tail, AFileThatWasEmptiedAndGrewPastItsOldLengthBeginsAnew) {
  EXPECT_EQ(read(), TextTail::Step::Read);
  fs::resize_file(path, 0);
  append("a much longer line than the first one was\n");
  EXPECT_EQ(read(), TextTail::Step::BeganAnew);
  EXPECT_EQ(read(), TextTail::Step::Read);
  EXPECT_EQ(got, "a much longer line than the first one was\n");
}

TEST_F(Tail, APlaceIsThatOfTheFileThatItWasMadeOf) {
  EXPECT_EQ(read(), TextTail::Step::Read);
  const std::string text = to_text(tail.place());
  const auto place = place_in(file.get(), 4, text);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->offset, 4U);
  EXPECT_FALSE(place_in(file.get(), 3, text)) << "shorter";
  std::ofstream(path) << "two\n";
  EXPECT_FALSE(place_in(file.get(), 4, text)) << "another file";
  EXPECT_FALSE(place_of("2 4 4:1"));
}

class Watch : public Follow {
 protected:
  std::map<std::string, std::string> look(FileWatch& watch) {
    std::map<std::string, std::string> found;  // identity by path
    watch.look([&](FoundFile&& file) {
      found[file.path] = file.identity;
      return true;
    });
    return found;
  }
};

TEST_F(Watch, ARenamedFileStaysAndItsSuccessorIsFound) {
  append("one\n");
  FileWatch watch({path}, nullptr);
  const std::string identity = look(watch).at(path);
  fs::rename(path, path + ".1");
  append("two\n");
  const auto found = look(watch);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found.at(path), identity);
  const Time now{std::chrono::hours(1)};
  EXPECT_FALSE(watch.is_gone(identity, now, std::chrono::minutes(1))) << "who writes it may not know";
  EXPECT_TRUE(watch.is_gone(identity, now + std::chrono::minutes(1), std::chrono::minutes(1)));
}

TEST_F(Watch, AFileThatWasRotatedWhileNobodyLookedIsFoundByItsCursor) {
  append("one\n");
  std::string identity;
  {
    FileWatch watch({path}, nullptr);
    identity = look(watch).at(path);
  }
  fs::rename(path, path + ".1");
  append("two\n");
  std::ofstream(path + ".2") << "another\n";
  FileWatch watch({path}, [&](const std::string& one) {
    return one == identity ? std::optional<std::string>("1 4 4:1") : std::nullopt;
  });
  const auto found = look(watch);
  EXPECT_EQ(found.size(), 2U);
  EXPECT_EQ(found.at(path + ".1"), identity);
}

TEST_F(Watch, TheCopyOfAFileThatWasEmptiedIsFoundByItsFirstBytes) {
  append("one\n");
  FileWatch watch({path}, nullptr);
  const std::string identity = look(watch).at(path);
  const Descriptor file(::open(path.c_str(), O_RDONLY));
  const std::string print = fingerprint(file.get());
  std::ofstream(path + ".old") << "other\n";
  EXPECT_FALSE(watch.find_copy(identity, print, 4));
  append("two\n");
  fs::copy_file(path, path + ".1");
  fs::resize_file(path, 0);
  const auto copy = watch.find_copy(identity, print, 4);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->path, path + ".1");
  EXPECT_EQ(copy->size, 8U);
  EXPECT_FALSE(watch.find_copy(identity, print, 9)) << "shorter than what was read";
}

TEST_F(Watch, AMissingFileIsSaidOnce) {
  FileWatch watch({path}, nullptr);
  EXPECT_TRUE(look(watch).empty());
  EXPECT_TRUE(look(watch).empty());
  EXPECT_EQ(watch.take_complaints().size(), 1U);
}

TEST(Lines, ComeWholeOutOfAnyPieces) {
  const std::string text = "first\nsecond\r\n\nlast";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::string got;
    LineReader lines(
        100,
        [&](std::string_view line, std::uint64_t number) {
          got += std::to_string(number) + std::string(line) + "|";
        },
        [](std::uint64_t) { FAIL(); });
    for (std::size_t at = 0; at < text.size(); at += size)
      lines.feed(std::string_view(text).substr(at, size));
    EXPECT_EQ(lines.taken(), 15U);
    lines.finish();
    EXPECT_EQ(got, "1first|2second\r|3|4last|");
    EXPECT_EQ(lines.taken(), text.size());
  }
}

TEST(Lines, OneThatIsTooLongIsSaidOnceAndTheNextOneRead) {
  const std::string text = std::string(50, 'x') + "\nshort\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::string got;
    int too_long = 0;
    LineReader lines(
        10, [&](std::string_view line, std::uint64_t) { got += line; },
        [&](std::uint64_t number) {
          ++too_long;
          EXPECT_EQ(number, 1U);
        });
    for (std::size_t at = 0; at < text.size(); at += size)
      lines.feed(std::string_view(text).substr(at, size));
    EXPECT_EQ(too_long, 1) << size;
    EXPECT_EQ(got, "short") << size;
    EXPECT_EQ(lines.taken(), text.size());
  }
}

TEST(Times, ADayThatDoesNotExistIsNoTime) {
  EXPECT_FALSE(to_time({2026, 6, 31, 0, 0, 0}));
  EXPECT_FALSE(to_time({2026, 2, 29, 0, 0, 0}));
  EXPECT_TRUE(to_time({2028, 2, 29, 0, 0, 0}));
  EXPECT_FALSE(to_time({2026, 13, 1, 0, 0, 0}));
  EXPECT_FALSE(to_time({2026, 1, 1, 24, 0, 0}));
  EXPECT_EQ(to_time({1970, 1, 2, 0, 0, 1}), Time{std::chrono::seconds(86'401)});
}

TEST(Times, DurationsHaveAUnit) {
  EXPECT_EQ(parse_duration("10s"), std::chrono::seconds(10));
  EXPECT_EQ(parse_duration("5m"), std::chrono::minutes(5));
  for (const char* text : {"", "10", "s", "-1s", "1d", "99999999999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace curfew::files
