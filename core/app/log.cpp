#include "core/app/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/base/text.hpp"
#include "core/base/time.hpp"

namespace curfew::app {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr std::string_view names[] = {"debug", "info", "warning", "error"};
constexpr std::size_t max_field = 2'000;

void append_field(std::string& line, std::string_view name, std::string_view value) {
  base::append_json_string(line, name);
  line += ':';
  base::append_json_string(line, base::to_clean_utf8(value.substr(0, max_field)));
}

}  // namespace

struct Log::Sink {
  spdlog::logger logger{"curfew", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

LogLevel log_level(std::string_view name) {
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (names[i] == name) return static_cast<LogLevel>(i);
  }
  return LogLevel::Info;
}

Log::Log(LogLevel least) : sink_(std::make_unique<Sink>()) {
  sink_->logger.set_pattern("%v");
  sink_->logger.flush_on(spdlog::level::debug);
  set_least(least);
}

Log::~Log() = default;

void Log::set_least(LogLevel least) { sink_->logger.set_level(level_of(least)); }

void Log::write(LogLevel level, std::string_view text, Fields fields) {
  if (!sink_->logger.should_log(level_of(level))) return;
  std::string line = "{";
  append_field(line, "time", base::format_rfc3339(base::wall_clock_now()));
  line += ',';
  append_field(line, "level", names[static_cast<std::size_t>(level)]);
  line += ',';
  append_field(line, "text", text);
  for (const auto& [name, value] : fields) {
    line += ',';
    append_field(line, name, value);
  }
  line += '}';
  sink_->logger.log(level_of(level), "{}", line);
}

}  // namespace curfew::app
