// The formats of access logs, each as a pure stage: bytes of a line in, a LogLine out.
//
//   const auto format = make_format({.kind = "nginx", .log_format = "combined"});   // once
//   const auto parser = format->parser();                                            // one for each file
//   if (parser->parse(bytes, line, why) == Verdict::Line) …
//
// Threads: a format any, at once; a parser one. Owns: a parser what its file told so far (#Fields). Fails:
// make_format throws std::invalid_argument naming the setting; a parser says why a line can't be read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "plugins/forms/logs/line_builder.hpp"
#include "plugins/forms/logs/log_line.hpp"

namespace curfew::forms {

struct FormatSettings {
  std::string kind;        // w3c, nginx, apache, json
  std::string log_format;  // nginx: log_format, apache: LogFormat; or combined, common, vhost_combined
  std::string escape;      // nginx: default, json, none
  std::string fields;      // w3c: the fields of files that don't say them
  std::map<std::string, std::string> roles;  // json: what each field is, as in {"time", "ts"}
  LineSettings line;
};

// Other: a directive, a comment, an empty line.
enum class Verdict : std::uint8_t { Line, Other, Unreadable };

class LineParser {
 public:
  LineParser() = default;
  LineParser(const LineParser&) = delete;
  LineParser& operator=(const LineParser&) = delete;
  virtual ~LineParser() = default;
  // `line` is cleared first; without its end. Texts in it are views into `bytes`.
  virtual Verdict parse(std::string_view bytes, LogLine& line, std::string& why) = 0;
  // Whether lines behind this one can't be read without it: where reading goes on, it is read again.
  [[nodiscard]] virtual bool is_heading(std::string_view bytes) const;
};

class LogFormat {
 public:
  LogFormat() = default;
  LogFormat(const LogFormat&) = delete;
  LogFormat& operator=(const LogFormat&) = delete;
  virtual ~LogFormat() = default;
  [[nodiscard]] virtual std::unique_ptr<LineParser> parser() const = 0;
};

[[nodiscard]] std::unique_ptr<LogFormat> make_format(const FormatSettings& settings);

// One for each kind.
[[nodiscard]] std::unique_ptr<LogFormat> make_w3c_format(const FormatSettings& settings);
[[nodiscard]] std::unique_ptr<LogFormat> make_nginx_format(const FormatSettings& settings);
[[nodiscard]] std::unique_ptr<LogFormat> make_apache_format(const FormatSettings& settings);
[[nodiscard]] std::unique_ptr<LogFormat> make_json_format(const FormatSettings& settings);

}  // namespace curfew::forms
