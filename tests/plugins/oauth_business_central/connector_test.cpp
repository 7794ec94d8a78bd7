// The plugin as the host runs it: what it lists passes the host's checks, and can be ordered and proved by
// what it gave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/digest.hpp"
#include "core/connector/host.hpp"
#include "tests/conformance/host/recording_listener.hpp"
#include "tests/plugins/oauth_business_central/maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::business_central_test {
namespace {

using testing::SizeIs;
using namespace std::chrono_literals;

const std::string key = "0123456789abcdef0123456789abcdef";

TEST(Connector, ListsCancelsAndIsAskedAgain) {
  FakeBusinessCentral it;
  const std::int64_t alice = it.sign_in("ALICE");
  const support::TemporaryDirectory folder;
  connector::RecordingListener listener;
  connector::Host host((folder.path() / "state").string(), listener);
  connector::SourceSettings source;
  source.name = "bc";
  source.plugin = std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so";
  source.config = settings_for(it).dump();
  source.digest_key = key;
  host.add(source, {});
  std::string text;
  const auto listed = host.list_sessions("bc", 30s, text);
  ASSERT_TRUE(listed) << text;
  ASSERT_THAT(*listed, SizeIs(1));
  const connector::ListedSession& session = listed->front();
  EXPECT_EQ(session.handle, it.handle_of(alice));
  EXPECT_EQ(session.session, model::SessionDigest{base::keyed_digest(key, it.id_of(alice))});
  ASSERT_THAT(session.identifiers, SizeIs(1));
  EXPECT_EQ(session.identifiers[0].value, "ALICE");
  model::RunProbe probe;
  probe.source = "bc";
  probe.deadline = 30s;
  EXPECT_EQ(host.prove(probe, session.session, session.handle, {}, text), model::Liveness::Alive);
  model::RunStep step;
  step.source = "bc";
  step.action = model::Action::CancelSession;
  step.session = session.session;
  step.deadline = 30s;
  EXPECT_EQ(host.act(step, session.handle, {}).code, model::AnswerCode::Accepted);
  EXPECT_FALSE(it.lives(alice));
  EXPECT_EQ(host.prove(probe, session.session, session.handle, {}, text), model::Liveness::Unknown);
  host.stop();
  EXPECT_THAT(it.complaints(), testing::IsEmpty());
}

}  // namespace
}  // namespace curfew::business_central_test
