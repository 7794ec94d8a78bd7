// Notifications: the ladder step `notify` at a channel of the configuration, and warnings of a limit that is
// near, carried out by the core itself.
//
//   app::Notifier notifier(settings, metrics);
//   if (notifier.knows("oncall")) delivery = notifier.deliver("oncall", notice);
//   notifier.use(app::read_channels(new_settings));     // at a reload; what is being sent goes on as it was
//
// Attempts are bounded in number and in time. Threads: any. Owns: the channels with their secrets. Fails: the
// constructor and read_channels throw Error(Configuration) for templates and secrets; deliver never.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/notice_delivery.hpp"
#include "core/metrics/registry.hpp"
#include "core/model/entry.hpp"
#include "core/model/facts.hpp"

namespace curfew::app {

using NoticeChannels = std::map<std::string, NoticeChannel>;

class Notifier {
 public:
  // Whether there is still something to tell; nullopt: nobody could say.
  using Stands = std::function<std::optional<bool>()>;

  Notifier(const Settings& settings, metrics::Registry* metrics);

  [[nodiscard]] bool knows(const std::string& channel) const { return channels()->contains(channel); }
  // Returns when it was taken, refused for good, or given up. `stands` is asked before each attempt.
  Delivery deliver(const std::string& channel, const Notice& notice, const Stands& stands = {});
  void use(NoticeChannels channels);
  void count_warning(const std::string& channel, std::string_view outcome);
  // Ends the pauses between attempts, now and later.
  void stop();

 private:
  [[nodiscard]] std::shared_ptr<const NoticeChannels> channels() const;

  metrics::Registry* metrics_;
  mutable std::mutex mutex_;
  std::shared_ptr<const NoticeChannels> channels_;
  std::condition_variable stopped_;
  bool stopping_ = false;
};

// All of a configuration, with their secrets.
[[nodiscard]] NoticeChannels read_channels(const Settings& settings);
// The names of a person, in the order of their identifiers: the oldest first.
[[nodiscard]] std::vector<model::NamedValue> names_of(const std::vector<model::Identifier>& identifiers,
                                                      const std::vector<model::PersonalValue>& values);
// A channel with its templates parsed; its secrets are read when `with_secrets`.
[[nodiscard]] NoticeChannel channel_of(const Settings& settings, std::size_t index, bool with_secrets);

}  // namespace curfew::app
