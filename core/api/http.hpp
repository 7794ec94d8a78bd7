// A request and a response as values: what a handler sees of HTTP.
//
//   Response list(const Request& request) { return json_response(200, "{}"); }
//   throw Problem(404, "no such session", "there is no session 7");      // an answer, not a failure
//
// Threads: values; a handler is called from many workers at once. Owns: their bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace curfew::api {

struct Token;

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // upper case
  std::string path;    // decoded, begins with '/'
  std::string query;   // raw
  Fields parameters;   // of the query, decoded
  Fields headers;      // names in lower case
  std::string body;
  Fields captures;               // of the route's pattern
  const Token* token = nullptr;  // null: the route asks for none
  bool shows_own_token = false;  // one that is known here, be it asked for or not
  std::string id;
  std::string peer;  // the client's address, for rate limits

  // Empty: absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::string_view capture(std::string_view name) const;
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
};

// Where a streaming response writes; an empty text only asks. False: the client went away or the server
// stops; return at once.
using WriteChunk = std::function<bool(std::string_view)>;

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  Fields headers;
  std::function<void(const WriteChunk&)> stream;  // instead of a body
};

// An answer that is an error, in RFC 9457's form. Handlers throw it to leave early.
struct Problem {
  Problem(int status_code, std::string short_title, std::string long_detail)
      : status(status_code), title(std::move(short_title)), detail(std::move(long_detail)) {}
  int status;
  std::string title;
  std::string detail;
  std::int64_t index = -1;        // of a batch: the item that is wrong
  std::uint32_t retry_after = 0;  // seconds; 0: none
  std::string extension;          // further JSON members, without braces
  Fields headers;
};

[[nodiscard]] Response problem_response(const Problem& problem, std::string_view request_id);
[[nodiscard]] Response json_response(int status, std::string body);

// Percent-decoding; false when malformed or when the result is not clean UTF-8.
[[nodiscard]] bool decode_percent(std::string_view text, std::string& out, bool plus_is_blank);
// "a=1&b=2"; throws Problem(400).
[[nodiscard]] Fields parse_query(std::string_view query);

}  // namespace curfew::api
