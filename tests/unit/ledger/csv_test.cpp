#include "core/ledger/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

class Csv : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "curfew_csv_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] CsvReader reader(const std::string& text, const std::vector<std::string>& columns) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << text;
    return {path(), columns};
  }
  [[nodiscard]] std::string path() const { return folder_ / "t.csv"; }
  std::filesystem::path folder_;
};

TEST_F(Csv, WhatIsWrittenIsReadBack) {
  const std::vector<std::string> texts{"",   "plain", "a,b", "say \"hi\"", "two\nlines",
                                       "\"", "\\x41", "\\.", "zo\u00eb"};
  std::string file = "text,bytes\n";
  for (const std::string& text : texts) {
    std::string line;
    append_csv(line, text);
    append_csv_bytes(line, text);
    file += line + '\n';
  }
  CsvReader rows = reader(file, {"bytes", "text"});
  for (const std::string& text : texts) {
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text(1), text);
    EXPECT_EQ(rows.bytes(0), text);
  }
  EXPECT_FALSE(rows.next());
  EXPECT_FALSE(rows.at_row());
}

TEST_F(Csv, ColumnsAreFoundByNameAndOthersPassedOver) {
  CsvReader rows = reader("c,a,b\r\n3,1,2\r\n-6,4,5", {"a", "c"});
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.number(0), 1);
  EXPECT_EQ(rows.count(1), 3U);
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.number(1), -6);
  EXPECT_THROW((void)rows.count(1), Error);
  EXPECT_FALSE(rows.next());
}

TEST_F(Csv, BrokenFilesAreRefusedWithTheRow) {
  const auto told = [&](const std::string& text, const std::function<void(CsvReader&)>& use) -> std::string {
    try {
      CsvReader rows = reader(text, {"a"});
      while (rows.next()) use(rows);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Input);
      return error.what();
    }
    return "nothing";
  };
  const auto nothing = [](CsvReader&) {};
  using testing::HasSubstr;
  EXPECT_THAT(told("", nothing), HasSubstr("header"));
  EXPECT_THAT(told("b\n1\n", nothing), HasSubstr("no column a"));
  EXPECT_THAT(told("a\n1\n\"2\n", nothing), HasSubstr("row 2: it ends inside a quoted field"));
  EXPECT_THAT(told("a\n1,2\n", nothing), HasSubstr("row 1: it has 2 fields instead of 1"));
  EXPECT_THAT(told("a\n\"1\"2\n", nothing), HasSubstr("closing quote"));
  EXPECT_THAT(told("a\n" + std::string(2 << 20, 'x') + "\n", nothing), HasSubstr("longer than 1 MiB"));
  EXPECT_THAT(told("a\n1x\n", [](CsvReader& rows) { (void)rows.number(0); }),
              HasSubstr("'1x' is not a number"));
  EXPECT_THAT(told("a\n99999999999999999999\n", [](CsvReader& rows) { (void)rows.number(0); }),
              HasSubstr("not a number"));
  for (const char* bad : {"41", "\\x4", "\\xzz"})
    EXPECT_THAT(told(std::string("a\n") + bad + "\n", [](CsvReader& rows) { (void)rows.bytes(0); }),
                HasSubstr("is not bytes"));
  EXPECT_THROW(CsvReader(path() + ".missing", {"a"}), Error);
}

}  // namespace
}  // namespace curfew::ledger
