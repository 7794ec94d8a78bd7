// A listener that keeps what it is given, and lets a test wait for it. Threads: any.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/connector/host.hpp"

namespace curfew::connector {

class RecordingListener : public Listener {
 public:
  struct Change {
    std::string source, state, text;
  };

  Taken observed(std::string_view, model::Observation&& observation) override {
    return keep([&] {
      if (full_) return ++pushed_back_, Taken::Full;
      observations.push_back(std::move(observation));
      return Taken::Yes;
    });
  }
  Taken progressed(std::string_view, CursorProgress&& progress) override {
    return keep([&] {
      order.push_back(observations.size());
      progresses.push_back(std::move(progress));
      return Taken::Yes;
    });
  }
  Taken remembered(std::string_view, std::string_view key, std::string_view value, Time) override {
    return keep([&] {
      memory.emplace_back(key, value);
      return Taken::Yes;
    });
  }
  Taken grouped(std::string_view, GroupMembers&& members) override {
    return keep([&] { return groups.push_back(std::move(members)), Taken::Yes; });
  }
  void covered(std::string_view, std::string_view json) override {
    keep([&] { return coverage = json, Taken::Yes; });
  }
  void gate_rules(std::string_view, std::string_view json) override {
    keep([&] { return rules = json, Taken::Yes; });
  }
  void gate_keys(std::string_view, std::string_view jwks) override {
    keep([&] { return keys = jwks, Taken::Yes; });
  }
  void logged(std::string_view, std::uint32_t, std::string_view text) override {
    keep([&] { return log.emplace_back(text), Taken::Yes; });
  }
  void changed(std::string_view source, std::string_view state, std::string_view text) override {
    keep([&] {
      changes.push_back({std::string(source), std::string(state), std::string(text)});
      return Taken::Yes;
    });
  }
  bool await_durable(std::string_view, Duration) override {
    const std::lock_guard lock(mutex_);
    return durable_;
  }

  void set_full(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  void set_durable(bool durable) {
    const std::lock_guard lock(mutex_);
    durable_ = durable;
  }
  // False: not within 20 seconds.
  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  bool wait_for_state(std::string_view source, std::string_view state) {
    return wait([&] { return find(source, state) != nullptr; });
  }
  const Change* find(std::string_view source, std::string_view state) const {
    for (const Change& change : changes) {
      if (change.source == source && change.state == state) return &change;
    }
    return nullptr;
  }
  std::string text_of(std::string_view source, std::string_view state) {
    const std::lock_guard lock(mutex_);
    const Change* const change = find(source, state);
    return change == nullptr ? std::string{} : change->text;
  }
  [[nodiscard]] std::size_t pushed_back() {
    const std::lock_guard lock(mutex_);
    return pushed_back_;
  }
  // What a store would give back at the next start.
  [[nodiscard]] SourceMemory stored() {
    const std::lock_guard lock(mutex_);
    SourceMemory stored;
    for (const CursorProgress& progress : progresses) {
      std::erase_if(stored.cursors, [&](const auto& pair) { return pair.first == progress.name; });
      stored.cursors.emplace_back(progress.name, progress.value);
    }
    stored.remembered = memory;
    return stored;
  }

  // Read under wait's condition, or when the host has stopped.
  std::vector<model::Observation> observations;
  std::vector<CursorProgress> progresses;
  std::vector<std::size_t> order;  // how many observations had come at each progress
  std::vector<std::pair<std::string, std::string>> memory;
  std::vector<GroupMembers> groups;
  std::vector<std::string> log;
  std::vector<Change> changes;
  std::string coverage;
  std::string rules;  // for a gate
  std::string keys;   // that go with them

 private:
  template <typename Work>
  Taken keep(Work work) {
    const std::lock_guard lock(mutex_);
    const Taken taken = work();
    changed_.notify_all();
    return taken;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool full_ = false;
  bool durable_ = true;
  std::size_t pushed_back_ = 0;
};

}  // namespace curfew::connector
