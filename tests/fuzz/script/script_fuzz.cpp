// A script's lines are taken, or refused with file, line and field.
#include <cstdlib>
#include <string_view>

#include "plugins/replay/script.hpp"

namespace {

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace curfew;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(replay::read_duration(text, true));
  static_cast<void>(replay::read_time(text));
  replay::Script script;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t before = script.events.size() + script.rules.size();
    try {
      replay::read_line(line, number, "fuzz.ndjson", script);
      require(script.events.size() + script.rules.size() <= before + 1);
    } catch (const plugin::Failure& failure) {
      require(std::string_view(failure.what()).find("fuzz.ndjson") != std::string_view::npos);
    }
  }
  return 0;
}
