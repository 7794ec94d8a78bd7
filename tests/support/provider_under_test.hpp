// A provider of the oauth connector as the connector would make it, that can't wait long.
//
//   const ProviderUnderTest one([&](oauth::Ground ground, web::RetryTerms terms) {
//     return oauth::okta::make_okta(settings, std::move(ground), terms); }, cursor);
//   const oauth::Batch batch = one.all();
//
// Threads: one. Owns: the provider. Fails: as the provider.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/provider.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::support {

inline plugin::Time wall_clock() {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
}

inline plugin::SessionDigest digest_of(std::string_view text) {
  return plugin::KeyedDigest("a key of thirty-two bytes, or so")(text);
}

class ProviderUnderTest {
 public:
  using Make = std::function<std::unique_ptr<oauth::Provider>(oauth::Ground, web::RetryTerms)>;
  // `memories`: of the last run.
  explicit ProviderUnderTest(const Make& make, const std::string& cursor = {},
                             const std::vector<oauth::Memory>& memories = {})
      : log_(std::make_shared<std::vector<std::string>>()), late_(std::make_shared<plugin::Duration>()) {
    const auto log = log_;
    const auto late = late_;
    provider_ = make({.source = "idp",
                      .digest = digest_of,
                      .now = [late] { return wall_clock() + *late; },
                      .log = [log](plugin::Level, std::string_view text) { log->emplace_back(text); }},
                     {.tries = 3,
                      .first_pause = std::chrono::milliseconds(5),
                      .longest_pause = std::chrono::milliseconds(20),
                      .unsaid_wait = std::chrono::milliseconds(50)});
    provider_->resume(cursor);
    for (const oauth::Memory& one : memories) provider_->recall(one.key, one.value);
  }

  oauth::Provider* operator->() const { return provider_.get(); }
  [[nodiscard]] const std::vector<std::string>& log() const { return *log_; }
  // By our clock; calls still end by the real one.
  void pass(plugin::Duration time) const { *late_ += time; }
  [[nodiscard]] plugin::Time now() const { return wall_clock() + *late_; }

  // Until it is caught up: all that it saw, and the last batch's cursor.
  [[nodiscard]] oauth::Batch all() const {
    oauth::Batch all;
    for (;;) {
      oauth::Batch batch = provider_->since(wall_clock() + std::chrono::seconds(4));
      for (oauth::Sighting& one : batch.sightings) all.sightings.push_back(std::move(one));
      for (oauth::Memory& one : batch.memories) all.memories.push_back(std::move(one));
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

  // What it throws when it reads; empty: nothing.
  [[nodiscard]] std::string complaint() const {
    try {
      (void)all();
    } catch (const plugin::Failure& failure) {
      return failure.what();
    }
    return {};
  }

  // "alive", "dead", or why it isn't known.
  // `ordered_at`: since when an order acts on the session; Time{}: somebody else asks.
  [[nodiscard]] std::string proof(const std::string& handle, const std::string& session,
                                  plugin::Time ordered_at = {}) const {
    try {
      const plugin::Liveness is = provider_->prove({.identifiers = {},
                                                    .session = digest_of(session),
                                                    .handle = handle,
                                                    .deadline = wall_clock() + std::chrono::seconds(10),
                                                    .ordered_at = ordered_at});
      return is == plugin::Liveness::Alive ? "alive" : is == plugin::Liveness::Dead ? "dead" : "unknown";
    } catch (const plugin::Failure& failure) {
      return failure.what();
    }
  }

  [[nodiscard]] plugin::Answer act(plugin::Step step, const std::string& handle, const std::string& session,
                                   plugin::Duration revert_after = {}, bool revert = false,
                                   std::vector<plugin::Identifier> identifiers = {}) const {
    plugin::Action action;
    action.step = step;
    action.revert = revert;
    action.identifiers = std::move(identifiers);
    action.session = digest_of(session);
    action.handle = handle;
    action.revert_after = revert_after;
    action.deadline = wall_clock() + std::chrono::seconds(10);
    return provider_->act(action);
  }

 private:
  std::shared_ptr<std::vector<std::string>> log_;
  std::shared_ptr<plugin::Duration> late_;
  std::unique_ptr<oauth::Provider> provider_;
};

inline std::vector<std::string> keys_in(const oauth::Batch& batch) {
  std::vector<std::string> all;
  for (const oauth::Sighting& one : batch.sightings) all.push_back(one.key);
  return all;
}

}  // namespace curfew::support
