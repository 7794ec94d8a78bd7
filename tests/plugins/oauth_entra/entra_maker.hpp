// An Entra provider of a FakeGraph, as the connector would make it, that can't wait long.
//
//   const Made entra = made(graph, {{"entra", {{"signins", "interactive"}}}});
//
// Threads: one. Owns: nothing. Fails: as the provider.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/providers/entra/entra.hpp"
#include "tests/plugins/oauth_entra/fake_graph.hpp"

namespace curfew::entra_test {

inline plugin::Time wall_clock() {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
}

inline nlohmann::json settings_for(const FakeGraph& graph,
                                   const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json settings{{"provider", "entra"},
                          {"url", graph.url()},
                          {"client_id", "curfew"},
                          {"client_secret", "right"},
                          {"arrival_delay", "60s"},
                          {"clock_skew", "0s"},
                          {"history", "1h"},
                          {"entra",
                           {{"tenant", FakeGraph::tenant},
                            {"authority", graph.authority()},
                            {"signins", "all"},
                            {"page_size", 10},
                            {"audits", false},
                            {"settle", "0s"}}}};
  settings.merge_patch(more);
  return settings;
}

struct Made {
  std::unique_ptr<oauth::Provider> provider;
  std::shared_ptr<std::vector<std::string>> log = std::make_shared<std::vector<std::string>>();

  oauth::Provider* operator->() const { return provider.get(); }
};

inline plugin::SessionDigest digest_of(std::string_view text) {
  return plugin::KeyedDigest("a key of thirty-two bytes, or so")(text);
}

inline Made made(const FakeGraph& graph, const nlohmann::json& more = nlohmann::json::object(),
                 const std::string& cursor = {}) {
  Made made;
  const auto log = made.log;
  made.provider = oauth::entra::make_entra(
      oauth::read_settings(settings_for(graph, more).dump()),
      {.source = "entra",
       .digest = digest_of,
       .now = wall_clock,
       .log = [log](plugin::Level, std::string_view text) { log->emplace_back(text); }},
      {.tries = 3,
       .first_pause = std::chrono::milliseconds(5),
       .longest_pause = std::chrono::milliseconds(20),
       .unsaid_wait = std::chrono::milliseconds(50)});
  made.provider->resume(cursor);
  return made;
}

// Until it is caught up: all that it saw, and the last batch's cursor.
inline oauth::Batch all_of(const Made& made) {
  oauth::Batch all;
  for (;;) {
    oauth::Batch batch = made->since(wall_clock() + std::chrono::seconds(4));
    for (oauth::Sighting& one : batch.sightings) all.sightings.push_back(std::move(one));
    all.read += batch.read;
    all.filtered += batch.filtered;
    all.unreadable += batch.unreadable;
    if (batch.cursor.empty()) continue;
    all.cursor = batch.cursor;
    all.observed_until = batch.observed_until;
    all.caught_up = batch.caught_up;
    if (batch.caught_up) return all;
  }
}

inline std::vector<std::string> keys_in(const oauth::Batch& batch) {
  std::vector<std::string> all;
  for (const oauth::Sighting& one : batch.sightings) all.push_back(one.key);
  return all;
}

// What it throws when it reads; empty: nothing.
inline std::string complaint(const Made& made) {
  try {
    (void)all_of(made);
  } catch (const plugin::Failure& failure) {
    return failure.what();
  }
  return {};
}

}  // namespace curfew::entra_test
