// One HTTP answer, byte by byte: only what is whole has a body.
#include "plugins/web/http_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace curfew::web {
namespace {

using testing::HasSubstr;

struct Read {
  std::string wrong;
  int status = 0;
  std::string body;
  bool is_framed = false;
};

// In pieces of so many bytes, then the connection's end.
Read read(const std::string& bytes, std::size_t piece, bool is_head = false) {
  HttpAnswerReader reader(is_head);
  for (std::size_t at = 0; at < bytes.size() && !reader.done(); at += piece) {
    if (std::string wrong = reader.take(std::string_view(bytes).substr(at, piece)); !wrong.empty())
      return {wrong};
  }
  if (!reader.done()) {
    if (std::string wrong = reader.end(); !wrong.empty()) return {wrong};
  }
  return {"", reader.status(), reader.take_body(), reader.is_framed()};
}

TEST(HttpAnswer, IsTheSameInPiecesOfAnySize) {
  const std::string counted = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunked =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ntransfer-encoding: "
      "Chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t piece = 1; piece < 150; ++piece) {
    Read one = read(counted, piece);
    EXPECT_EQ(one.wrong, "");
    EXPECT_EQ(one.status, 200);
    EXPECT_EQ(one.body, "hello");
    EXPECT_TRUE(one.is_framed);
    one = read(chunked, piece);
    EXPECT_EQ(one.wrong, "");
    EXPECT_EQ(one.status, 404);
    EXPECT_EQ(one.body, "hello");
    EXPECT_TRUE(one.is_framed);
  }
}

TEST(HttpAnswer, CutAnywhereIsNoAnswer) {
  for (const std::string whole :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"}) {
    EXPECT_EQ(read(whole, 7).wrong, "");
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_THAT(read(whole.substr(0, size), 7).wrong, HasSubstr("ended the connection")) << size;
  }
}

TEST(HttpAnswer, WithoutALengthItMayBeCut) {
  const Read one = read("HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello", 3);
  EXPECT_EQ(one.wrong, "");
  EXPECT_EQ(one.body, "hello");
  EXPECT_FALSE(one.is_framed);
}

TEST(HttpAnswer, HasNoBodyWhereNoneCanBe) {
  EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\n\r\n", 99).is_framed);
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 99, true).is_framed);
}

TEST(HttpAnswer, WhatDoesNotAddUpIsRefused) {
  struct Case {
    std::string bytes, text;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Case cases[] = {
      {"SSH-2.0-OpenSSH", "not HTTP"},
      {"HTTP/2 200\r\n\r\n", "not HTTP"},
      {"HTTP/1.1 2x0 OK\r\n\r\n", "not HTTP"},
      {"HTTP/1.1 2000\r\n\r\n", "not HTTP"},
      {ok + "no colon\r\n\r\n", "a header that is none"},
      {ok + "Content-Length: five\r\n\r\n", "Content-Length that is none"},
      {ok + "Content-Length: -5\r\n\r\n", "Content-Length that is none"},
      {ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "Content-Length that is none"},
      {ok + "Content-Length: 99999999999\r\n\r\n", "more than can be taken"},
      {ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "two lengths"},
      {ok + "Transfer-Encoding: gzip\r\n\r\n", "nobody asked for"},
      {ok + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "nobody asked for"},
      {ok + "Content-Length: 2\r\n\r\nhello", "more than it said"},
      {ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunks that are none"},
      {ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "chunks that are none"},
      {ok + "Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n", "more than can be taken"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "another protocol"},
      {ok + std::string(70'000, 'a'), "more than can be taken"},
  };
  for (const Case& one : cases)
    EXPECT_THAT(read(one.bytes, 4096).wrong, HasSubstr(one.text)) << one.bytes.substr(0, 80);
}

}  // namespace
}  // namespace curfew::web
