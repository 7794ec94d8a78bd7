// Our stream at the transmitter: found, or made where that is wanted; its status; and whether it still
// delivers, by verification events (Shared Signals 1.0, 8.1).
//
//   StreamKeeper stream(api, terms, ground);
//   stream.keep(deadline);                        // on the thread of poll: what is due
//   stream.verified(state, id);                   // a verification event came
//   stream.alive_until();                         // it delivered what was asked for then
//
// A verification is asked for each `verify_every`, and no more often than the stream allows; its `state`
// carries when it was asked for, under the source's own key, so that an answer is known after a restart too.
// One that does not come within `verify_within` makes the stream silent: that is logged, is in the coverage,
// and nothing is taken to have been shown since the last answer.
//
// Threads: keep and coverage on the thread of poll; the others from any. Owns: nothing but what it knows.
// Fails: keep: plugin::Failure as long as there is no stream; verified, updated: RefusedEvent.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/shared_signals/stream_management.hpp"
#include "plugins/oauth/shared_signals/transmitter_api.hpp"

namespace curfew::oauth::shared_signals {

enum class Delivery { Push, Poll };
enum class StreamUse { None, Existing, Create };

struct StreamTerms {
  std::string issuer;
  std::vector<std::string> audiences;
  Delivery delivery = Delivery::Push;
  StreamUse use = StreamUse::Existing;
  std::string stream_id;  // empty: the one with our delivery
  std::string push_url;
  std::string push_token;
  std::vector<std::string> events;
  plugin::Duration verify_every = std::chrono::minutes(5);  // 0: never
  plugin::Duration verify_within = std::chrono::minutes(2);
};

class StreamKeeper {
 public:
  StreamKeeper(TransmitterApi& api, StreamTerms terms, const Ground& ground)
      : api_(api), terms_(std::move(terms)), ground_(ground) {}

  void keep(plugin::Time deadline);

  void verified(const std::string& state, const std::string& stream, plugin::Time issued_at);
  void updated(const std::string& status, const std::string& stream, plugin::Time issued_at);
  // An event of another kind came: from then on it isn't paused, whatever was said before.
  void delivered(plugin::Time issued_at);

  // It isn't where it was: it is looked for anew.
  void lost();
  [[nodiscard]] std::string poll_url() const;
  [[nodiscard]] std::vector<std::string> critical_members() const;
  // Whether verification says what is shown, and nothing else may.
  [[nodiscard]] bool is_verifying() const;
  [[nodiscard]] bool is_enabled() const;
  // As the transmitter says it; empty: it never did.
  [[nodiscard]] std::string status() const;
  // Time{}: it never answered.
  [[nodiscard]] plugin::Time alive_until() const;
  [[nodiscard]] nlohmann::json coverage() const;

 private:
  void learn(plugin::Time deadline);
  [[nodiscard]] std::optional<Stream> found(const Metadata& metadata, plugin::Time deadline);
  [[nodiscard]] Stream created(const Metadata& metadata, plugin::Time deadline);
  void check_stream(plugin::Time deadline);
  void ask_for_verification(plugin::Time deadline);
  void notice_silence();
  void take_status(const std::string& status, plugin::Time as_of);
  [[nodiscard]] std::string state_of(plugin::Time asked_at, const std::string& stream) const;
  void tell(const std::string& trouble);

  TransmitterApi& api_;
  StreamTerms terms_;
  const Ground& ground_;
  mutable std::mutex mutex_;
  std::optional<Metadata> metadata_;
  std::optional<Stream> stream_;
  std::string status_;  // empty: nobody said
  plugin::Time status_at_{};
  std::map<std::string, std::uint64_t> updates_;  // events of the transmitter's own accord, by the status
  plugin::Time learnt_at_{};
  plugin::Time next_check_{};
  plugin::Time waiting_since_{};  // the first verification that was asked for and not answered
  plugin::Time answered_{};       // when the newest one that was answered had been asked for
  bool is_silent_ = false;
  std::string trouble_;
};

}  // namespace curfew::oauth::shared_signals
