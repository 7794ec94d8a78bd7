#include "core/outlet/stream_state.hpp"

#include <gmock/gmock.h>

#include "core/base/error.hpp"

namespace curfew::outlet {
namespace {

StreamState full() {
  StreamState state;
  state.id = "f67e39a0";
  state.delivery = Delivery::Push;
  state.endpoint = "https://crm.test/events";
  state.secret_file = "0011";
  state.description = "of \"ours\"";
  state.requested = {"urn:a", "urn:b"};
  state.status = StreamStatus::Paused;
  state.status_reason = "night";
  state.default_subjects = DefaultSubjects::None;
  state.verified_at = base::from_micros(1'795'000'000'000'000);
  state.asked = AskedVerification{.id = "v2", .state = "s", .after = {3, 99}};
  state.pending.push_back({.id = "a", .place = {2, 17}, .state = {}, .disclosed = true});
  state.pending.push_back({.id = "v1", .place = {}, .state = ""});
  state.pending.push_back({.id = "v0", .place = {}, .state = {}});
  return state;
}

TEST(StreamState, ComesBackAsItWas) {
  EXPECT_EQ(stream_state_from_json(to_json(full())), full());
  EXPECT_EQ(stream_state_from_json(to_json(StreamState{})), StreamState{});
  EXPECT_TRUE(full().pending[1].is_verification());
  EXPECT_FALSE(full().pending[0].is_verification());
}

TEST(StreamState, OfBeforeThereWereSubjectsIsAboutAll) {
  EXPECT_EQ(stream_state_from_json(R"({"id":"a"})").default_subjects, DefaultSubjects::All);
}

TEST(StreamState, ThatIsDamagedIsCorrupt) {
  for (const char* text : {"", "[]", R"({"id":7})", R"({"delivery":"pigeon"})", R"({"status":"tired"})",
                           R"({"default_subjects":"some"})", R"({"odd":1})", R"({"pending":{}})",
                           R"({"pending":[{"id":"a","stream":"x"}]})", R"({"pending":[{"what":1}]})",
                           R"({"asked":{"sequence":-1}})"}) {
    EXPECT_THROW((void)stream_state_from_json(text), Error) << text;
  }
}

TEST(StreamState, WhatIsSettledIsGoneAndCountedOnce) {
  StreamState state = full();
  EXPECT_EQ(settle(state, {"v1", "nobody", "v1"}), 1U);
  EXPECT_EQ(settle(state, {"v1"}), 0U);
  ASSERT_EQ(state.pending.size(), 2U);
  EXPECT_EQ(state.pending[0].id, "a");
  EXPECT_EQ(state.pending[1].id, "v0");
}

}  // namespace
}  // namespace curfew::outlet
