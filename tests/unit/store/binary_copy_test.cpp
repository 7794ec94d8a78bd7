#include "core/store/binary_copy.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace curfew::store {
namespace {

// From PostgreSQL's documentation of COPY: signature, flags, extension; rows; 16-bit -1.
const std::string head("PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0", 19);
const std::string tail("\xFF\xFF", 2);

TEST(BinaryRows, WritesTheDocumentedFormat) {
  std::string sent;
  BinaryRows rows(4, [&](std::string_view piece) { sent += piece; });
  rows.begin_row().int2(-2).int4(3).truth(true).bytes("ab");
  rows.finish();
  EXPECT_EQ(sent, head +
                      std::string("\0\4\0\0\0\2\xFF\xFE\0\0\0\4\0\0\0\3\0\0\0\1\1\0\0\0\2"
                                  "ab",
                                  27) +
                      tail);
}

TEST(BinaryRows, SendsInBoundedPieces) {
  std::size_t largest = 0;
  std::size_t total = 0;
  BinaryRows rows(1, [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    total += piece.size();
  });
  for (int i = 0; i < 10'000; ++i) rows.begin_row().bytes(std::string(100, 'x'));
  rows.finish();
  EXPECT_LT(largest, 200'000U);
  EXPECT_EQ(total, head.size() + 10'000U * 106U + tail.size());
}

TEST(BinaryReader, ReadsWhatBinaryRowsWrote) {
  std::string sent;
  BinaryRows rows(3, [&](std::string_view piece) { sent += piece; });
  rows.begin_row().int8(-1234567890123).texts({"a", "", "c,d"}).bytes(std::string_view("\0", 1));
  rows.finish();
  sent.resize(sent.size() - tail.size());
  BinaryReader reader(3);
  const BinaryRow* row = reader.read(sent);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->number(0), -1234567890123);
  EXPECT_EQ(row->texts(1), (std::vector<std::string>{"a", "", "c,d"}));
  EXPECT_EQ(row->bytes(2), std::string_view("\0", 1));
  EXPECT_EQ(reader.read(tail), nullptr);
}

TEST(BinaryReader, RefusesWhatIsCutOrAnotherFormat) {
  EXPECT_THROW(BinaryReader(1).read("COPY"), Error);
  EXPECT_THROW(BinaryReader(1).read(head + std::string("\0\1\0\0\0\x9x", 7)), Error);
  EXPECT_THROW(BinaryReader(2).read(head + std::string("\0\1\0\0\0\1x", 7)), Error);
  EXPECT_THROW(BinaryReader(1).read(head + std::string("\0", 1)), Error);
}

}  // namespace
}  // namespace curfew::store
