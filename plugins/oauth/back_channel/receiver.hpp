// Takes the logouts that an OpenID provider sends to its clients (OpenID Connect Back-Channel Logout 1.0).
//
//   Receiver receiver(terms, keys, now);
//   plugin::HttpAnswer answer = receiver.answer(request, [&](const LogoutToken& said, std::string_view id) {
//   … });
//
// POST with logout_token in a form. 200 and no-store once; 400 with what is wrong, also for a token that came
// before; 503 while the issuer's keys can't be had, so that who sends again is heard.
//
// A token's id is known until nobody takes it any more. `take` makes it durable together with what it does:
// `id` is a digest for the host's memory, which `restore` gives back after a restart.
//
// Threads: any, at once. Owns: the ids. Fails: what `take` throws; the token may then come again.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "plugins/oauth/back_channel/logout_token.hpp"
#include "plugins/oauth/tokens/issuer_keys.hpp"
#include "plugins/oauth/tokens/seen_ids.hpp"

namespace curfew::oauth {

class Receiver {
 public:
  using Take = std::function<void(const LogoutToken&, const std::string& id)>;
  using Digest = std::function<std::string(std::string_view)>;  // of a text, as hex

  Receiver(LogoutTerms terms, IssuerKeys& keys, std::function<plugin::Time()> now, Digest digest)
      : terms_(std::move(terms)), keys_(keys), now_(std::move(now)), digest_(std::move(digest)) {}

  [[nodiscard]] plugin::HttpAnswer answer(const plugin::HttpRequest& request, const Take& take);
  void restore(std::string_view id, plugin::Time until);

  struct Counts {
    std::uint64_t taken = 0, refused = 0, repeated = 0, postponed = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  LogoutTerms terms_;
  IssuerKeys& keys_;
  std::function<plugin::Time()> now_;
  Digest digest_;
  SeenIds seen_;
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace curfew::oauth
