// Curfew tells Curfew: what one daemon proved, another's receiver takes as a revocation; pushed and polled.
#include <gmock/gmock.h>

#include <fstream>
#include <stdexcept>

#include "tests/integration/signals/signals_daemon.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::signals_test {
namespace {

using nlohmann::json;

// A daemon whose one more source is the receiver.
class Counterpart {
 public:
  Counterpart(const SignalsDaemon& transmitter, const std::string& delivery) : port_(support::free_port()) {
    daemon_.script("");
    daemon_.configure("policies: []\n");
    std::ofstream(daemon_.folder() / "access") << SignalsDaemon::crm_token << "\n";
    std::ofstream(daemon_.folder() / "push") << "what-the-transmitter-shows\n";
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::string at = daemon_.folder().string();
    const bool is_push = delivery == "push";
    replace(text, "sources:\n",
            "sources:\n  - name: idp\n    connector: oauth\n    may_teach: ['*']\n" +
                std::string(is_push ? "    open_paths: [/shared-signals]\n" : "") +
                "    settings:\n      provider: shared_signals\n      url: " + transmitter.issuer() +
                "\n      poll_every: 1s\n      shared_signals: {audiences: [https://b.test], stream: create, "
                "delivery: " +
                delivery + ", access_token_file: " + at + "/access, verify_every: 1s" +
                (is_push ? ", push_token_file: " + at + "/push, push_url: " + push_url() : std::string()) +
                "}\n");
    replace(text, "}}\ntokens: [", "}, sources: {port: " + std::to_string(port_) + "}}\ntokens: [");
    std::ofstream(daemon_.config()) << text;
  }

  [[nodiscard]] std::string push_url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/open/idp/shared-signals";
  }
  app_test::ScriptedDaemon& program() { return daemon_; }
  [[nodiscard]] json source() const { return daemon_.get("/api/v1/sources/idp"); }
  [[nodiscard]] std::string metrics() const { return daemon_.request("GET", "/metrics").body; }

 private:
  static void replace(std::string& text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("the configuration has no " + from);
    text.replace(at, from.size(), to);
  }
  app_test::ScriptedDaemon daemon_;
  int port_ = 0;
};

class CurfewTellsCurfew : public testing::TestWithParam<const char*> {};

TEST_P(CurfewTellsCurfew, WhatWasProvenThereIsARevocationHere) {
  SignalsDaemon transmitter;
  Counterpart receiver(transmitter, GetParam());
  transmitter.configure(
      "{name: crm, token: crm, audience: [https://b.test], about: subject, names: [email, "
      "account], push_to: [\"" +
      receiver.push_url() + "\"]}");
  transmitter.start();
  receiver.program().start();
  // It makes its stream, and asks for a verification that comes back through it.
  ASSERT_TRUE(receiver.program().until([&] { return !transmitter.stream().is_null(); }))
      << receiver.program().log() << transmitter.program().log();
  ASSERT_TRUE(receiver.program().until([&] { return !receiver.source()["observed_until"].is_null(); }))
      << receiver.source().dump(1) << receiver.program().log() << transmitter.program().log();
  transmitter.sign_out(1);
  const std::string seen = R"(curfew_observations_total{source="idp",type="revoked"} )";
  ASSERT_TRUE(receiver.program().until([&] {
    return receiver.metrics().find(seen + "1") != std::string::npos;
  })) << receiver.metrics()
      << receiver.source().dump(1) << receiver.program().log() << transmitter.program().log();
  // What is counted as admitted may not be durable yet; what the transmitter was told of is.
  const auto nothing_waits = [&] {
    return transmitter.metric(R"(curfew_outlet_waiting{outlet="signals/crm"})") == 0;
  };
  ASSERT_TRUE(transmitter.program().until(nothing_waits)) << transmitter.program().log();
  // Both are killed; what is proven after that comes once.
  (void)receiver.program().stop(SIGKILL);
  transmitter.sign_out(2);
  transmitter.kill();
  transmitter.start();
  receiver.program().start();
  ASSERT_TRUE(receiver.program().until([&] {
    return receiver.metrics().find(seen + "1") != std::string::npos;
  })) << receiver.metrics()
      << receiver.source().dump(1) << receiver.program().log() << transmitter.program().log();
  ASSERT_TRUE(transmitter.program().until(nothing_waits)) << transmitter.program().log();
  EXPECT_NE(receiver.metrics().find(seen + "1\n"), std::string::npos) << receiver.metrics();
}

INSTANTIATE_TEST_SUITE_P(By, CurfewTellsCurfew, testing::Values("push", "poll"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace curfew::signals_test
