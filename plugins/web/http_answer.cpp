#include "plugins/web/http_answer.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace curfew::web {
namespace {

constexpr std::size_t longest_line = 4096;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

const char* const too_long = "answered with more than can be taken";

}  // namespace

std::string HttpAnswerReader::read_head(std::string_view head) {
  const std::string_view first = head.substr(0, head.find("\r\n"));
  const std::uint64_t code = first.size() >= 12 ? number(first.substr(9, 3), 10).value_or(0) : 0;
  if (!(first.starts_with("HTTP/1.1 ") || first.starts_with("HTTP/1.0 ")) || code < 100 ||
      (first.size() > 12 && first[12] != ' '))
    return "answered something that is not HTTP";
  status_ = static_cast<int>(code);
  headers_.clear();  // an interim answer's
  bool is_chunked = false;
  std::optional<std::uint64_t> length;
  for (std::size_t at = first.size() + 2; at < head.size();) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, end - at);
    at = end + 2;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return "answered with a header that is none";
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    headers_.emplace_back(name, value);
    if (name == "transfer-encoding") {
      if (lower(value) != "chunked" || is_chunked) return "answered in an encoding that nobody asked for";
      is_chunked = true;
    } else if (name == "content-length") {
      const auto given = number(value, 10);
      if (!given || (length && *length != *given)) return "answered with a Content-Length that is none";
      length = given;
    } else if (name == "content-encoding" && lower(value) != "identity") {
      return "answered in an encoding that nobody asked for";
    }
  }
  if (is_chunked && length) return "answered with two lengths";
  if (status_ < 200) {  // an interim answer; the real one follows
    if (status_ == 101) return "answered with another protocol";
    return {};
  }
  is_framed_ = true;
  if (is_head_ || status_ == 204 || status_ == 304) {
    state_ = State::Done;
  } else if (is_chunked) {
    state_ = State::ChunkSize;
  } else if (length) {
    if (*length > most_body) return too_long;
    left_ = *length;
    state_ = left_ == 0 ? State::Done : State::Counted;
  } else {
    is_framed_ = false;
    state_ = State::UntilEnd;
  }
  return {};
}

std::string HttpAnswerReader::take_line(std::string& line, bool& more) {
  const std::size_t end = unread_.find("\r\n");
  if (end == std::string::npos) {
    more = false;
    return unread_.size() > longest_line ? "answered with chunks that are none" : "";
  }
  line = unread_.substr(0, end);
  unread_.erase(0, end + 2);
  return {};
}

std::string HttpAnswerReader::step(bool& more) {
  switch (state_) {
    case State::Head: {
      const std::size_t end = unread_.find("\r\n\r\n");
      if (end == std::string::npos) {
        more = false;
        if (!unread_.starts_with(
                std::string_view("HTTP/").substr(0, std::min<std::size_t>(5, unread_.size()))))
          return "answered something that is not HTTP";
        return unread_.size() > most_head ? too_long : "";
      }
      const std::string head = unread_.substr(0, end);
      unread_.erase(0, end + 4);
      return read_head(head);
    }
    case State::Counted:
    case State::ChunkBytes: {
      const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, unread_.size()));
      if (body_.size() + part > most_body) return too_long;
      body_.append(unread_, 0, part);
      unread_.erase(0, part);
      left_ -= part;
      if (left_ > 0)
        more = false;
      else
        state_ = state_ == State::Counted ? State::Done : State::ChunkEnd;
      return {};
    }
    case State::ChunkSize: {
      std::string line;
      if (std::string wrong = take_line(line, more); !wrong.empty() || !more) return wrong;
      const auto size = number(trimmed(std::string_view(line).substr(0, line.find(';'))), 16);
      if (!size) return "answered with chunks that are none";
      if (*size > most_body) return too_long;
      left_ = *size;
      state_ = left_ == 0 ? State::Trailer : State::ChunkBytes;
      return {};
    }
    case State::ChunkEnd: {
      if (unread_.size() < 2) {
        more = false;
        return {};
      }
      if (!unread_.starts_with("\r\n")) return "answered with chunks that are none";
      unread_.erase(0, 2);
      state_ = State::ChunkSize;
      return {};
    }
    case State::Trailer: {
      std::string line;
      if (std::string wrong = take_line(line, more); !wrong.empty() || !more) return wrong;
      if (line.empty()) state_ = State::Done;
      return {};
    }
    case State::UntilEnd:
      if (body_.size() + unread_.size() > most_body) return too_long;
      body_ += unread_;
      unread_.clear();
      more = false;
      return {};
    case State::Done:
      more = false;
      return unread_.empty() ? "" : "answered with more than it said";
  }
  return {};
}

std::string HttpAnswerReader::take(std::string_view bytes) {
  unread_ += bytes;
  for (bool more = true; more;) {
    if (std::string wrong = step(more); !wrong.empty()) return wrong;
  }
  return {};
}

std::string HttpAnswerReader::end() {
  if (state_ == State::UntilEnd) {
    state_ = State::Done;
    return {};
  }
  return status_ == 0 && unread_.empty() && body_.empty()
             ? "ended the connection without an answer"
             : "ended the connection in the middle of its answer";
}

}  // namespace curfew::web
