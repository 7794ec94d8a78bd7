// The keys that security events are signed with (RS256, as the Shared Signals interoperability profile asks
// for), and the key set (RFC 7517) that receivers check them by.
//
//   outlet::SigningKeys keys(folder, {.lifetime = 90d, .overlap = 7d}, now);     // makes the first one
//   std::string token = keys.sign("secevent+jwt", claims);                       // compact JWS
//   keys.renew(now);                                        // another one, when the newest is too old
//
// One PEM file each, `<seconds since 1970>.pem`, which says since when it signs; the newest signs. One that
// was put there by hand counts as any other. The one before stays in the key set for `overlap`, then its file
// is deleted. A key's id is its thumbprint (RFC 7638).
//
// Threads: any. Owns: the keys. Fails: Error(Configuration) for a file that is no such key, is too weak, or
// that others may read.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"

struct evp_pkey_st;

namespace curfew::outlet {

struct KeyTerms {
  Duration lifetime{std::chrono::hours(24 * 90)};  // 0: for good
  Duration overlap{std::chrono::hours(24 * 7)};
};

class SigningKeys {
 public:
  SigningKeys(std::string folder, KeyTerms terms, Time now);

  // Also reads what was put into the folder since. True: another key signs.
  bool renew(Time now);
  [[nodiscard]] std::string sign(std::string_view type, std::string_view claims) const;
  // {"keys":[…]}, the newest first.
  [[nodiscard]] std::string key_set() const;

 private:
  struct Key {
    std::string id;
    std::string jwk;
    Time since{};
    std::shared_ptr<evp_pkey_st> key;
  };
  [[nodiscard]] std::vector<Key> read_all() const;
  void make(Time now) const;

  const std::string folder_;
  const KeyTerms terms_;
  mutable std::mutex mutex_;
  std::vector<Key> keys_;  // the newest first
};

// Base64url without padding (RFC 7515, section 2).
[[nodiscard]] std::string to_base64url(std::string_view bytes);

}  // namespace curfew::outlet
