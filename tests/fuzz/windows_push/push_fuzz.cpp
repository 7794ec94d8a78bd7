// The first byte chooses the request: 'b', lines of _bulk; 'r', records; 'g' and 'z', the same packed by
// gzip; 'f', a filter_path; 'k', what the host kept of earlier requests. Whatever comes, each record has a
// verdict, the answer is JSON that the host takes, and what was kept can be read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/push/event_text.hpp"
#include "plugins/windows/push/push_http.hpp"
#include "plugins/windows/push/pushed_live.hpp"

namespace {

using namespace curfew::windows;

void require(bool held) {
  if (!held) std::abort();
}

constexpr Time now{std::chrono::hours(24 * 365 * 60)};

void request(std::string_view path, std::string_view body, std::string_view encoding,
             std::string_view query) {
  PushIntake intake(PushLimits{.waiting_records = 100, .known_identities = 100});
  PushedLive live(PairingSettings{}, std::chrono::seconds(30));
  std::vector<std::pair<std::string, std::string>> kept;
  const std::vector<curfew::plugin::Header> headers{{"content-encoding", encoding}};
  for (int again = 0; again < 2; ++again) {
    const auto answer =
        answer_push({"POST", path, query, body, headers}, [&](std::vector<PushedRecord>&& records) {
          const std::size_t count = records.size();
          auto verdicts = intake.take(std::move(records), [&](std::string_view key, std::string_view value) {
            require(value.size() <= 4096 && is_clean_utf8(value));
            kept.emplace_back(key, value);
            return true;
          });
          require(verdicts.size() == count);
          return verdicts;
        });
    require(answer.status >= 200 && answer.status < 600 && answer.body.size() <= (1U << 20U));
    require(is_clean_utf8(answer.body));
  }
  for (const auto& [key, value] : kept) {
    if (key.starts_with("pushed/")) require(read_events(value, [](WindowsEvent&&) {}));
  }
  while (auto batch = intake.next()) live.take(std::move(*batch), now);
  live.advance(now + std::chrono::hours(1));
  static_cast<void>(live.take_findings());
  static_cast<void>(live.take_changes());
  static_cast<void>(live.take_judged());
  require(!live.coverage().to_json().empty());
}

void kept_before(std::string_view text) {
  PushIntake intake(PushLimits{});
  PushedLive live(PairingSettings{}, std::chrono::seconds(30));
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto tab = std::min(line.find('\t'), line.size());
    const std::string_view value = line.substr(std::min(tab + 1, line.size()));
    if (!intake.restore(line.substr(0, tab), value)) live.restore(line.substr(0, tab), value);
  }
  intake.end_restore();
  while (auto batch = intake.next()) live.take(std::move(*batch), now);
  live.advance(now + std::chrono::hours(1));
  static_cast<void>(live.take_judged());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'b':
      request("/_bulk", text, "", "filter_path=errors,items.*.status,items.*.error");
      break;
    case 'r':
      request("/records", text, "", "");
      break;
    case 'g':
      request("/logs/_bulk", text, "gzip", "");
      break;
    case 'z':
      request("/records", text, "gzip", "");
      break;
    case 'f':
      static_cast<void>(is_wanted(text, "items.create.status"));
      request("/_bulk", "{\"create\":{}}\n{}\n", "", text);
      break;
    case 'k':
      kept_before(text);
      break;
    default:
      break;
  }
  return 0;
}
