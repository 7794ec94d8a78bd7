// Notifications: the ladder step `notify` at a channel of the configuration, carried out by the core itself.
//
//   app::Notifier notifier(settings, metrics);
//   if (notifier.knows("oncall")) delivery = notifier.deliver("oncall", notice);
//
// Attempts are bounded in number and in time. Threads: any. Owns: the channels with their secrets. Fails: the
// constructor throws Error(Configuration) for templates and secrets; deliver never.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "core/app/notice_delivery.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::app {

class Notifier {
 public:
  Notifier(const Settings& settings, metrics::Registry* metrics);

  [[nodiscard]] bool knows(const std::string& channel) const { return channels_.contains(channel); }
  [[nodiscard]] bool empty() const { return channels_.empty(); }
  // Returns when it was taken, refused for good, or given up.
  Delivery deliver(const std::string& channel, const Notice& notice);
  // Ends the pauses between attempts, now and later.
  void stop();

 private:
  std::map<std::string, NoticeChannel> channels_;
  metrics::Registry* metrics_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

// A channel with its templates parsed; its secrets are read when `with_secrets`.
[[nodiscard]] NoticeChannel channel_of(const Settings& settings, std::size_t index, bool with_secrets);

}  // namespace curfew::app
