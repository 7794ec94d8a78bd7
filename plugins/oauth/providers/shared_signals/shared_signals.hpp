// A Shared Signals transmitter as a provider: an identity provider, or any product, that says by security
// events what became of people's sessions, credentials and accounts (Shared Signals 1.0 with CAEP 1.0 and
// RISC 1.0).
//
//   const std::unique_ptr<Provider> provider = make_shared_signals(settings, ground);
//
// Pushed (RFC 8935) to /shared-signals, or polled (RFC 8936). An event is accepted, or acknowledged, when its
// observation and its id are durable, and taken once. A receiver can end nothing and ask after nothing: act,
// prove and list are Unsupported.
//
// Threads, fails: as a Provider. Owns: the calls, the keys, the ids.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::shared_signals {

[[nodiscard]] std::unique_ptr<Provider> make_shared_signals(const OauthSettings& settings, Ground ground,
                                                            web::RetryTerms terms = {});

}  // namespace curfew::oauth::shared_signals
