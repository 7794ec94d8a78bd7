// Logging, as JSON lines on standard error: one object for each line, without personal values or secrets.
//
//   app::Log log(app::LogLevel::Info);
//   log.write(app::LogLevel::Warning, "source is silent", {{"source", "crm-forms"}});
//
// Threads: any. Owns: its sink. Fails: never; a line that can't be written is lost and counted by nobody, as
// there is nobody left to tell.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace curfew::app {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };
[[nodiscard]] LogLevel log_level(std::string_view name);

class Log {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit Log(LogLevel least);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(LogLevel level, std::string_view text, Fields fields = {});
  void debug(std::string_view text, Fields fields = {}) { write(LogLevel::Debug, text, fields); }
  void info(std::string_view text, Fields fields = {}) { write(LogLevel::Info, text, fields); }
  void warning(std::string_view text, Fields fields = {}) { write(LogLevel::Warning, text, fields); }
  void error(std::string_view text, Fields fields = {}) { write(LogLevel::Error, text, fields); }
  void set_least(LogLevel least);

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

}  // namespace curfew::app
