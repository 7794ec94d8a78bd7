// The settings of a source of the kind shared_signals.
//
//   const Options options = options_of(settings);
//
// Threads: values. Owns: nothing. Fails: plugin::Failure(Invalid) with the setting and the remedy.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "plugins/oauth/settings.hpp"
#include "plugins/oauth/shared_signals/event_reader.hpp"
#include "plugins/oauth/shared_signals/stream_keeper.hpp"
#include "plugins/oauth/shared_signals/transmitter_api.hpp"

namespace curfew::oauth::shared_signals {

struct Options {
  EventTerms events;
  ReadingTerms reading;
  IssuerKeysSettings keys;
  StreamTerms stream;
  TransmitterAccess access;
  std::string push_token;  // empty: none is asked for
  std::string poll_url;    // without a stream's configuration
  std::size_t most_events = 100;
};

[[nodiscard]] Options options_of(const OauthSettings& settings);

}  // namespace curfew::oauth::shared_signals
