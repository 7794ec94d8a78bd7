// The smallest connector: one person signs in.
// [guide:hello]
#include "curfew/plugin/connector.hpp"

namespace plugin = curfew::plugin;

class Hello {
 public:
  static constexpr plugin::Description description{.name = "hello",
                                                   .version = "1.0.0",
                                                   .summary = "One person signs in",
                                                   .config_schema = R"({"type": "object"})",
                                                   .capabilities = CURFEW_CAN_OBSERVE};

  Hello(plugin::Host& host, const plugin::Settings&) : host_(host) {}
  void start() {}
  plugin::Poll poll(plugin::Time deadline) {
    if (!told_) {
      plugin::Observation seen;
      seen.type = plugin::Type::SignIn;
      seen.occurred_at = host_.now();
      seen.key = "hello-1";
      seen.session = host_.digest("session-1");
      seen.identify("upn", "alice@corp.test");
      told_ = host_.emit(seen) != plugin::Emitted::Stopping;
    }
    waker_.wait_until(deadline);
    return plugin::Poll::Idle;
  }
  void wake() noexcept { waker_.wake(); }
  void stop() {}

 private:
  plugin::Host& host_;
  plugin::Waker waker_;
  bool told_ = false;
};

CURFEW_CONNECTOR(Hello);
// [/guide]
