#include "core/api/gate_handshake.hpp"

#include <Poco/Net/Context.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>

namespace curfew::api {
namespace {

// Whom to tell, kept by a connection until its handshake is done.
void freed(void*, void* failed, CRYPTO_EX_DATA*, int, long, void*) {
  if (failed != nullptr) (*static_cast<const std::function<void()>*>(failed))();
}

int place() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &freed);
  return index;
}

void shaken_hands(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) SSL_set_ex_data(const_cast<SSL*>(ssl), place(), nullptr);
}

}  // namespace

bufferevent* accept_secured(event_base* base, const Tls& tls, const std::function<void()>& failed) {
  SSL* ssl = SSL_new(tls.context().sslContext());
  if (ssl == nullptr) return nullptr;  // libevent takes a plain one, which fails with the first byte
  SSL_set_ex_data(ssl, place(), const_cast<std::function<void()>*>(&failed));
  SSL_set_info_callback(ssl, &shaken_hands);
  bufferevent* secured =
      bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
  if (secured != nullptr) bufferevent_openssl_set_allow_dirty_shutdown(secured, 1);
  return secured;
}

}  // namespace curfew::api
