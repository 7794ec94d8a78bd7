// How a person came back to Business Central: what Entra's sign-in logs have of them for that application.
//
//   const ReturnEvidence evidence = returns.since("alice@corp.test", ended_at, deadline);
//   evidence.with_credentials;                     // the first sign-in with fresh credentials
//
// A cancelled server session says nothing of the token behind it: the client comes back with it, and only
// the sign-in logs show whether somebody had to give credentials. They come late, so what they show is
// complete only up to `complete_until`.
//
// Threads: any, at once. Owns: Graph's client. Fails: plugin::Failure.
#pragma once

#include <optional>
#include <string>

#include "plugins/oauth/providers/entra/graph_api.hpp"

namespace curfew::oauth::business_central {

struct ReturnEvidence {
  std::optional<plugin::Time> with_credentials;
  bool silent_before = false;     // a sign-in without them came first
  plugin::Time complete_until{};  // by Graph's clock
};

class Returns {
 public:
  struct Options {
    std::string application_id;
    plugin::Duration arrival_delay = std::chrono::minutes(30);
  };
  Returns(const entra::GraphApi::Options& api, Options options) : api_(api), options_(std::move(options)) {}

  [[nodiscard]] ReturnEvidence since(const std::string& principal_name, plugin::Time from,
                                     plugin::Time deadline);
  [[nodiscard]] std::uint64_t throttled() const { return api_.throttled(); }
  void stop() { api_.stop(); }

 private:
  entra::GraphApi api_;
  Options options_;
};

}  // namespace curfew::oauth::business_central
