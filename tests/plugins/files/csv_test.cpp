// Rows out of text, in whatever pieces it comes.
#include <gtest/gtest.h>

#include "plugins/files/csv_reader.hpp"

namespace curfew::files {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Read {
  Rows rows;
  std::vector<std::uint64_t> lines;
  std::vector<std::string> bad;
};

Read read(std::string_view text, std::size_t piece, char separator = ',') {
  Read out;
  CsvReader reader(
      separator,
      [&](const std::vector<std::string>& fields, std::uint64_t line) {
        out.rows.push_back(fields);
        out.lines.push_back(line);
      },
      [&](std::uint64_t line, std::string_view why) {
        out.bad.push_back(std::to_string(line) + ": " + std::string(why));
      });
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) reader.feed(text.substr(0, piece));
  reader.finish();
  return out;
}

TEST(Csv, FieldsAreBareOrInQuotes) {
  const std::string text = "a,\"b,\"\"c\"\"\",\r\n\r\n\"two\nlines\",\"\",d e\n\"\"\nlast";
  const Rows expected{{"a", "b,\"c\"", ""}, {"two\nlines", "", "d e"}, {""}, {"last"}};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size()}) {
    const Read all = read(text, piece);
    EXPECT_EQ(all.rows, expected) << piece;
    EXPECT_EQ(all.lines, (std::vector<std::uint64_t>{1, 3, 5, 6}));
    EXPECT_TRUE(all.bad.empty());
  }
}

TEST(Csv, QuotesWithinAFieldAreText) { EXPECT_EQ(read("a\"b\",\"c\"d\n", 3).rows, (Rows{{"a\"b\"", "cd"}})); }

TEST(Csv, WhatIsTooLongIsSaidOnceAndReadingGoesOn) {
  const std::string open = "a,\"" + std::string(CsvReader::longest_row + 10, 'x') + "\nb,c\nd,e\n";
  const Read all = read(open, 4096);
  EXPECT_EQ(all.rows, (Rows{{"b", "c"}, {"d", "e"}}));
  EXPECT_EQ(all.bad,
            (std::vector<std::string>{"1: a row of more than 1 MiB, or a quote that is never closed"}));
  const Read many = read(std::string(CsvReader::most_fields + 5, ',') + "\nb\n", 512);
  EXPECT_EQ(many.rows, (Rows{{"b"}}));
  EXPECT_EQ(many.bad, (std::vector<std::string>{"1: a row of more than 1,024 fields"}));
  EXPECT_EQ(read("a\n\"b", 2).bad, (std::vector<std::string>{"2: the file ends within quotes: cut off"}));
}

TEST(Csv, TheSeparatorIsToldByTheFirstLine) {
  EXPECT_EQ(separator_of("a,b;c,d"), ',');
  EXPECT_EQ(separator_of("a;\"b,c,d\";e"), ';');
  EXPECT_EQ(separator_of("a\tb"), '\t');
  EXPECT_EQ(separator_of("a b"), '\0');
}

}  // namespace
}  // namespace curfew::files
