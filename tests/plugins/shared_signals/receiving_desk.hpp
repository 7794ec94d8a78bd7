// A shared_signals provider with a host as the connector would have it, that can lose what was not committed.
//
//   ReceivingDesk desk(idp.url(), {{"delivery", "poll"}, …});
//   desk.poll();                            // since, hand over, durable, settled
//   desk.crash();                           // another provider, with what was durable
//   desk.push(token);                       // as the host answers it
//
// Threads: one. Owns: the provider and what it told. Fails: as the provider.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/providers/shared_signals/shared_signals.hpp"

namespace curfew::shared_signals_test {

inline plugin::Time wall_clock() {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
}

inline nlohmann::json settings_for(const std::string& issuer, const nlohmann::json& own,
                                   const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json settings{
      {"provider", "shared_signals"}, {"url", issuer}, {"shared_signals", {{"audiences", {"curfew"}}}}};
  settings["shared_signals"].merge_patch(own);
  settings.merge_patch(more);
  return settings;
}

class ReceivingDesk {
 public:
  explicit ReceivingDesk(nlohmann::json settings) : settings_(std::move(settings)) { begin(); }

  [[nodiscard]] oauth::Provider* operator->() const { return provider_.get(); }
  [[nodiscard]] plugin::Time now() const { return wall_clock() + ahead; }

  // One round of the connector's poll; whether the transmitter has no more.
  bool poll(bool is_durable = true) {
    oauth::Batch batch = provider_->since(wall_clock() + std::chrono::seconds(1));
    take(batch.sightings, batch.memories);
    last = batch;
    if (is_durable) commit();
    if (batch.settles) provider_->settled(true, is_durable);
    return batch.caught_up;
  }
  // What the host answers: 503 if it could not keep it.
  plugin::HttpAnswer push(std::string_view body, bool is_durable = true, std::string_view authorization = {},
                          std::string_view type = "application/secevent+jwt") {
    plugin::HttpRequest request{
        .method = "POST", .path = "/shared-signals", .query = {}, .body = body, .headers = {}};
    if (!type.empty()) request.headers.push_back({"content-type", type});
    if (!authorization.empty()) request.headers.push_back({"authorization", authorization});
    auto answer = provider_->receive(request, [this](const auto& sightings, const auto& memories) {
      if (is_stopping) throw plugin::Failure(plugin::Code::Unavailable, "stopping");
      take(sightings, memories);
    });
    if (!answer) return {.status = 404};
    if (!is_durable) return {.status = 503};
    commit();
    return std::move(*answer);
  }
  // The error's code, or "" for one that was accepted, or the status.
  std::string error(std::string_view body, std::string_view authorization = {},
                    std::string_view type = "application/secevent+jwt") {
    const plugin::HttpAnswer answer = push(body, true, authorization, type);
    if (answer.status == 202) return answer.body;
    if (answer.status != 400) return std::to_string(answer.status);
    return nlohmann::json::parse(answer.body).at("err");
  }
  // What was not committed is lost.
  void crash() {
    open_.clear();
    open_memories_.clear();
    begin();
  }
  void commit() {
    for (oauth::Sighting& one : open_) {
      // As the host's idempotency keys.
      if (!keys_.insert(one.key).second)
        ++again;
      else
        kept.push_back(std::move(one));
    }
    for (const oauth::Memory& one : open_memories_) memories_[one.key] = one;
    open_.clear();
    open_memories_.clear();
  }
  [[nodiscard]] nlohmann::json coverage() const { return nlohmann::json::parse(provider_->coverage()); }
  [[nodiscard]] bool logged(std::string_view text) const {
    return std::any_of(log->begin(), log->end(),
                       [&](const std::string& one) { return one.find(text) != std::string::npos; });
  }

  plugin::Duration ahead{};           // of the wall clock
  std::vector<oauth::Sighting> kept;  // durable, each key once
  int again = 0;                      // emitted though its key was durable
  bool is_stopping = false;
  oauth::Batch last;
  std::shared_ptr<std::vector<std::string>> log = std::make_shared<std::vector<std::string>>();

 private:
  void begin() {
    const auto log_of_this = log;
    provider_ = oauth::shared_signals::make_shared_signals(
        oauth::read_settings(settings_.dump()),
        {.source = "signals",
         .digest =
             [](std::string_view text) {
               return plugin::KeyedDigest("a key of thirty-two bytes, or so")(text);
             },
         .now = [this] { return now(); },
         .log = [log_of_this](plugin::Level, std::string_view text) { log_of_this->emplace_back(text); }},
        {.tries = 2,
         .first_pause = std::chrono::milliseconds(5),
         .longest_pause = std::chrono::milliseconds(20),
         .unsaid_wait = std::chrono::milliseconds(50)});
    provider_->resume("");
    for (const auto& [key, memory] : memories_) provider_->recall(key, memory.value);
  }
  void take(const std::vector<oauth::Sighting>& sightings, const std::vector<oauth::Memory>& memories) {
    open_.insert(open_.end(), sightings.begin(), sightings.end());
    open_memories_.insert(open_memories_.end(), memories.begin(), memories.end());
  }

  nlohmann::json settings_;
  std::unique_ptr<oauth::Provider> provider_;
  std::vector<oauth::Sighting> open_;
  std::vector<oauth::Memory> open_memories_;
  std::set<std::string> keys_;
  std::map<std::string, oauth::Memory> memories_;
};

}  // namespace curfew::shared_signals_test
