// A gate's connection over TLS, whose failed handshake is told: libevent says nothing of those.
//
//   bufferevent* connection = accept_secured(base, tls, failed);    // for evhttp's hook
//
// Threads: the loop's own; `failed` is called there. Owns: nothing, the connection is the caller's. Fails:
// nullptr, when there is no memory for it.
#pragma once

#include <functional>

#include "core/api/tls.hpp"

struct bufferevent;
struct event_base;

namespace curfew::api {

// `failed` outlives the connection.
bufferevent* accept_secured(event_base* base, const Tls& tls, const std::function<void()>& failed);

}  // namespace curfew::api
