#include "plugins/oauth/logs/log_provider.hpp"

namespace curfew::oauth::logs {
namespace {

using plugin::Code;
using plugin::Failure;

constexpr const char* nobody_can =
    "this source reads recorded logs: nothing is asked, and nobody is signed out";

class LogProvider final : public Provider {
 public:
  [[nodiscard]] std::string issuer() const override { return {}; }
  void resume(const std::string& /*cursor*/) override {}
  [[nodiscard]] Batch since(plugin::Time /*deadline*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void complete(Sighting& /*logout*/) override {}
  [[nodiscard]] std::string coverage() const override { return "{}"; }
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
};

}  // namespace

std::unique_ptr<Provider> make_log_provider() { return std::make_unique<LogProvider>(); }

}  // namespace curfew::oauth::logs
