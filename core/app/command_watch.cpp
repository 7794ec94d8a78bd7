// `curfew watch`: what happens, a line each, as it happens.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/app/api_client.hpp"
#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/live_lines.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

constexpr const char* events = "/api/v1/stream?events=session,violation,step,warned,sign_in_failed,alert";
constexpr int reopen_tries = 120;
constexpr std::chrono::seconds reopen_pause{1};
// What began shortly before somebody looked is news to them.
constexpr std::chrono::seconds news{5};

// Names behind references. Each question is recorded in the ledger, with the reason: so each is asked once.
class NameReader {
 public:
  NameReader(const ApiClient& daemon, std::string reason) : daemon_(daemon), reason_(std::move(reason)) {}

  std::string name_of(const std::string& ref) {
    if (reason_.empty()) return ref;
    if (const auto known = names_.find(ref); known != names_.end()) return known->second;
    constexpr std::size_t most_kept = 10'000;
    if (names_.size() >= most_kept) names_.clear();
    const json answer =
        json::parse(daemon_.post("/api/v1/names", json{{"refs", {ref}}, {"reason", reason_}}.dump()));
    std::string name = ref;
    for (const json& one : answer.at("names")) {
      if (one.at("value").is_string()) name = one["value"].get<std::string>();
    }
    return names_[ref] = name;
  }

 private:
  const ApiClient& daemon_;
  std::string reason_;
  std::map<std::string, std::string> names_;
};

ApiClient::Stream reopen(const ApiClient& daemon) {
  std::fputs("the daemon is away; waiting for it\n", stderr);
  for (int i = 1;; ++i) {
    try {
      ApiClient::Stream stream = daemon.open_stream(events);
      std::fputs("the daemon is back; what happened in between is in its lists\n", stderr);
      return stream;
    } catch (const Error&) {
      if (i == reopen_tries) throw;
    }
    std::this_thread::sleep_for(reopen_pause);
  }
}

}  // namespace

int watch(const WatchOptions& options) {
  const ApiClient daemon(access_of(options, options.names.empty() ? Need::Reading : Need::Names));
  NameReader names(daemon, options.names);
  LiveLines lines({.sources = options.sources,
                   .since = base::wall_clock_now() - news,
                   .name_of = [&](const std::string& ref) { return names.name_of(ref); },
                   .source_of =
                       [&](std::uint64_t sign_out) {
                         return json::parse(daemon.get("/api/v1/sign-outs/" + std::to_string(sign_out)))
                             .value("source", "");
                       }});
  ApiClient::Stream stream = daemon.open_stream(events);
  if (!options.json) std::printf("What happens from now on (times in UTC):\n");
  std::fflush(stdout);
  ApiClient::Event event;
  while (true) {
    if (!stream.next(event)) {
      stream = reopen(daemon);
      continue;
    }
    // Also with --json each line is formed: it is what decides whether the event is wanted, and news.
    std::string line = lines.take(event.name, event.data);
    if (line.empty()) continue;
    if (options.json) line = "{\"event\":\"" + event.name + "\",\"data\":" + event.data + "}";
    std::printf("%s\n", line.c_str());
    if (std::fflush(stdout) != 0) return exit_failed;  // nobody reads any more
  }
}

}  // namespace curfew::app
