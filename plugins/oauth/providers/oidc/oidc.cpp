#include "plugins/oauth/providers/oidc/oidc.hpp"

#include <utility>

namespace curfew::oauth::oidc {
namespace {

using plugin::Code;
using plugin::Failure;

constexpr const char* nobody_can =
    "OpenID Connect has no call for this; take the provider's own API (`provider`), or acts_through a source "
    "that "
    "can";

class Oidc final : public Provider {
 public:
  Oidc(const OauthSettings& settings, Ground ground)
      : issuer_(settings.server.url), ground_(std::move(ground)) {}

  [[nodiscard]] std::string issuer() const override { return issuer_; }
  void resume(const std::string& /*cursor*/) override {}
  // What happens comes by itself: nothing is ever behind.
  [[nodiscard]] Batch since(plugin::Time /*deadline*/) override {
    Batch batch;
    batch.cursor = "1";
    batch.observed_until = ground_.now();
    batch.caught_up = true;
    return batch;
  }
  void complete(Sighting& logout) override {
    if (!logout.subject.empty()) logout.subject = issuer_ + "#" + logout.subject;
  }
  [[nodiscard]] std::string coverage() const override {
    return R"({"shows":["back_channel_logout"],"shows_not":["sign_in","activity"]})";
  }
  [[nodiscard]] plugin::Answer act(const plugin::Action& /*action*/) override {
    return {Code::Unsupported, nobody_can};
  }
  [[nodiscard]] plugin::Liveness prove(const plugin::Probe& /*probe*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void list(const std::function<bool(const LiveSession&)>& /*each*/, plugin::Time /*deadline*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void stop() override {}

 private:
  std::string issuer_;
  Ground ground_;
};

}  // namespace

std::unique_ptr<Provider> make_oidc(const OauthSettings& settings, Ground ground) {
  return std::make_unique<Oidc>(settings, std::move(ground));
}

}  // namespace curfew::oauth::oidc
