// What a plugin says of tokens is checked before a gate believes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/connector/host.hpp"
#include "core/metrics/registry.hpp"
#include "tests/conformance/host/recording_listener.hpp"

namespace curfew::connector {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TokenAnswer : public testing::Test {
 protected:
  TokenAnswer() : state_(testing::TempDir() + "/curfew-token-answer"), host_(state_, listener_) {
    SourceSettings settings;
    settings.name = "issuer";
    settings.plugin = CURFEW_BINARY_DIR "/tests/fixtures/broken_token_answer.so";
    settings.config = "{}";
    settings.digest_key = std::string(32, 'k');
    host_.add(settings, {});
  }
  ~TokenAnswer() override {
    host_.stop();
    std::filesystem::remove_all(state_);
  }
  std::string fault(const std::string& token) {
    std::string text;
    EXPECT_EQ(host_.introspect("issuer", token, 20s, text).state, model::TokenState::Unknown) << token;
    return text;
  }

  const std::string state_;
  RecordingListener listener_;
  Host host_;
};

TEST_F(TokenAnswer, IsTakenWhenItHoldsTheContractAndElseNobodyKnows) {
  std::string text;
  const model::IntrospectedToken good = host_.introspect("issuer", "good", 20s, text);
  EXPECT_EQ(good.state, model::TokenState::Active) << text;
  EXPECT_EQ(good.person.name_space, "upn");
  EXPECT_EQ(good.person.value, "alice@corp.test");
  EXPECT_THAT(fault("kind"), HasSubstr("state has the value 77"));
  EXPECT_THAT(fault("time"), HasSubstr("issued_at is outside of the years"));
  EXPECT_THAT(fault("utf8"), HasSubstr("subject.value is not valid UTF-8"));
  EXPECT_THAT(fault("nameless"), HasSubstr("subject.name_space is missing"));
  EXPECT_THAT(fault("small"), HasSubstr("smaller than curfew_token_answer"));
  EXPECT_THAT(fault("0"), HasSubstr("it put 0 answers instead of one"));
  EXPECT_THAT(fault("2"), HasSubstr("it put 2 answers instead of one"));
  (void)fault("error");
  EXPECT_EQ(host_.revoke_presented("issuer", "good", 20s).code, model::AnswerCode::Unsupported);
  EXPECT_EQ(host_.introspect("nobody", "good", 20s, text).state, model::TokenState::Unknown);
  EXPECT_THAT(text, HasSubstr("does not run"));
}

}  // namespace
}  // namespace curfew::connector
