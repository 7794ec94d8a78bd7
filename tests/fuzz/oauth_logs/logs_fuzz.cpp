// A log of any kind, as an audit reads it. Each record has one fate; what is told has a time, a key, clean
// texts of bounded length, and comes by time; the coverage is JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "curfew/plugin/text.hpp"
#include "plugins/oauth/logs/recorded_logs.hpp"

namespace {

using namespace curfew::oauth;

void require(bool held) {
  if (!held) std::abort();
}

void check(const Sighting& seen) {
  require(seen.at != curfew::plugin::Time{} && !seen.key.empty() && seen.key.size() <= 1024);
  for (const std::string* text :
       {&seen.user_name, &seen.address, &seen.user_agent, &seen.device, &seen.application, &seen.failure})
    require(text->size() <= 512 && curfew::plugin::is_clean_utf8(*text));
  for (const SightingName& name : seen.names)
    require(!name.name_space.empty() && !name.value.empty() && curfew::plugin::is_clean_utf8(name.value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  logs::RecordedSettings settings;
  settings.memory_bytes = 1U << 20U;
  settings.limits.expanded_bytes = 1U << 22U;
  settings.limits.entries = 16;
  logs::RecordedLogs recorded({}, settings);
  recorded.read_text({reinterpret_cast<const char*>(data), size}, "fuzz");
  recorded.sort();
  std::vector<Sighting> sightings;
  while (recorded.next(sightings)) {
  }
  curfew::plugin::Time last{};
  for (const Sighting& one : sightings) {
    check(one);
    require(one.at >= last);
    last = one.at;
  }
  const logs::LogInput sum = recorded.coverage().sum();
  require(sum.records_total == sum.told_total() + sum.filtered_total() + sum.unreadable);
  require(sum.records_total == recorded.records_read());
  require(curfew::plugin::is_clean_utf8(recorded.coverage().to_json()));
  return 0;
}
