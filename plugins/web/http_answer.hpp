// Reads one HTTP/1.1 answer as it comes, strictly: what is cut or doesn't add up is an error, never a shorter
// body. (Libraries end a body where the connection ends; whether a session lives hangs on the difference.)
//
//   HttpAnswerReader reader(false);
//   while (!reader.done()) { std::string wrong = reader.take(bytes); … }    // or reader.end() at the end
//
// Threads: one. Owns: the body, at most `most_body`. Fails: the text of what is wrong, for an administrator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace curfew::web {

// Names in lower case, as they came.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

class HttpAnswerReader {
 public:
  static constexpr std::size_t most_head = 64 * 1024;
  static constexpr std::size_t most_body = 16 * 1024 * 1024;

  explicit HttpAnswerReader(bool is_head) : is_head_(is_head) {}

  // Empty: fine so far.
  [[nodiscard]] std::string take(std::string_view bytes);
  [[nodiscard]] std::string end();
  [[nodiscard]] bool done() const { return state_ == State::Done; }

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool is_framed() const { return is_framed_; }
  [[nodiscard]] std::string take_body() { return std::move(body_); }
  [[nodiscard]] HttpHeaders take_headers() { return std::move(headers_); }

 private:
  enum class State { Head, Counted, ChunkSize, ChunkBytes, ChunkEnd, Trailer, UntilEnd, Done };
  [[nodiscard]] std::string read_head(std::string_view head);
  [[nodiscard]] std::string step(bool& more);
  [[nodiscard]] std::string take_line(std::string& line, bool& more);

  bool is_head_;
  State state_ = State::Head;
  std::string unread_;
  std::string body_;
  HttpHeaders headers_;
  std::uint64_t left_ = 0;  // of the body, or of a chunk
  int status_ = 0;
  bool is_framed_ = false;
};

}  // namespace curfew::web
