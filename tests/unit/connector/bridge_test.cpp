#include "core/connector/bridge.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace curfew::connector {
namespace {

const std::int64_t at = base::to_micros(base::parse_rfc3339("2026-11-21T08:00:00Z").value());

curfew_observation good() {
  curfew_observation o{};
  o.struct_size = sizeof(o);
  o.type = CURFEW_SIGN_IN;
  o.occurred_at = at;
  o.key = bridge::bytes_of("key");
  o.count = 1;
  return o;
}

TEST(Bridge, TakesWhatHoldsTheContract) {
  curfew_observation o = good();
  const curfew_identifier name{bridge::bytes_of("upn"), bridge::bytes_of("alice@corp.test")};
  o.identifiers = &name;
  o.identifier_count = 1;
  o.flags = CURFEW_FLAG_MACHINE | CURFEW_FLAG_FRESH_CREDENTIALS;
  o.end_reason = CURFEW_END_VANISHED;
  o.struct_size += 64;  // of a later version
  std::string why;
  const auto read = bridge::read(&o, why);
  ASSERT_TRUE(read) << why;
  EXPECT_EQ(read->activity_class, model::ActivityClass::Machine);
  EXPECT_TRUE(read->fresh_credentials);
  EXPECT_FALSE(read->privileged);
  EXPECT_EQ(read->end_reason, model::EndReason::Vanished);
  EXPECT_EQ(read->identifiers.at(0).value, "alice@corp.test");
}

TEST(Bridge, AGroupIsToldByWhoMayTellIt) {
  const curfew_identifier name{bridge::bytes_of("upn"), bridge::bytes_of("alice@corp.test")};
  curfew_group group{sizeof(curfew_group), 1, bridge::bytes_of("payroll"), &name};
  const std::vector<std::string> allowed{"admins", "payroll"};
  std::string why;
  const auto read = bridge::read(&group, &allowed, why);
  ASSERT_TRUE(read) << why;
  EXPECT_EQ(read->group, "payroll");
  EXPECT_EQ(read->names.at(0).value, "alice@corp.test");
  const std::vector<std::string> others{"admins"};
  EXPECT_FALSE(bridge::read(&group, &others, why));
  EXPECT_EQ(why, "name is 'payroll', which is not among the source's tells_groups");
  EXPECT_TRUE(bridge::read(&group, nullptr, why)) << "where nobody says which";
  group.name_count = 0;
  group.names = nullptr;
  EXPECT_TRUE(bridge::read(&group, &allowed, why)) << "a group may be empty";
}

TEST(Bridge, NamesTheFieldThatBreaksTheContract) {
  const std::string long_text(CURFEW_MAX_FIELD_BYTES + 1, 'x');
  const std::vector<std::pair<std::string, std::function<void(curfew_observation&)>>> faults{
      {"struct_size", [](auto& o) { o.struct_size = 8; }},
      {"type", [](auto& o) { o.type = CURFEW_GAP + 1; }},
      {"occurred_at", [](auto& o) { o.occurred_at = 0; }},
      {"occurred_at", [](auto& o) { o.occurred_at = std::numeric_limits<std::int64_t>::min(); }},
      {"key", [](auto& o) { o.key = {}; }},
      {"key", [&](auto& o) { o.key = bridge::bytes_of(long_text); }},
      {"handle", [](auto& o) { o.handle = bridge::bytes_of("\xC0\x80"); }},
      {"identifier_count", [](auto& o) { o.identifier_count = CURFEW_MAX_IDENTIFIERS + 1; }},
      {"identifiers", [](auto& o) { o.identifier_count = 1; }},
      {"account_type", [](auto& o) { o.account_type = CURFEW_ACCOUNT_SHARED + 1; }},
      {"auth_method", [](auto& o) { o.auth_method = CURFEW_METHOD_BASIC + 1; }},
      {"interactivity", [](auto& o) { o.interactivity = CURFEW_SILENT + 1; }},
      {"end_reason", [](auto& o) { o.end_reason = CURFEW_END_VANISHED + 1; }},
      {"factors", [](auto& o) { o.factors = 17; }},
      {"flags", [](auto& o) { o.flags = 1U << 31U; }},
      {"flags", [](auto& o) { o.flags = CURFEW_FLAG_END_INFERRED; }},
      {"count", [](auto& o) { o.count = 0; }},
      {"expires_at", [](auto& o) { o.expires_at = 1; }},
      {"address",
       [](auto& o) {
         o.address = {nullptr, 3};
       }},
  };
  for (const auto& [field, change] : faults) {
    curfew_observation o = good();
    change(o);
    std::string why;
    EXPECT_FALSE(bridge::read(&o, why)) << field;
    EXPECT_TRUE(why.starts_with(field)) << why << " instead of " << field;
  }
}

TEST(Bridge, AnEndIsStatedUnlessThePluginSaysThatItConcludedIt) {
  curfew_observation o = good();
  std::string why;
  for (const std::uint32_t type : {CURFEW_SIGN_OUT, CURFEW_EXPIRED, CURFEW_REVOKED}) {
    o.type = type;
    o.flags = 0;
    EXPECT_EQ(bridge::read(&o, why).value().end_certainty, model::Certainty::Stated);
    o.flags = CURFEW_FLAG_END_INFERRED;
    EXPECT_EQ(bridge::read(&o, why).value().end_certainty, model::Certainty::Inferred);
  }
}

TEST(Bridge, ShownTextsAreCleanedInsteadOfLosingTheRecord) {
  curfew_observation o = good();
  o.user_agent = bridge::bytes_of(std::string_view("a\xFF\0b", 4));
  std::string why;
  const auto read = bridge::read(&o, why);
  ASSERT_TRUE(read) << why;
  EXPECT_EQ(read->user_agent,
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
}

TEST(Bridge, AGapOfUnknownSizeCountsNothing) {
  curfew_observation o = good();
  o.type = CURFEW_GAP;
  o.count = 0;
  std::string why;
  EXPECT_TRUE(bridge::read(&o, why)) << why;
}

TEST(Bridge, ProgressIntoTheFutureIsRefusedAsItWouldMoveEveryDeadline) {
  curfew_progress p{};
  p.struct_size = sizeof(p);
  p.name = bridge::bytes_of("file");
  p.read = 3;
  p.filtered = 2;
  p.unreadable = 1;
  p.observed_until = at;
  std::string why;
  EXPECT_TRUE(bridge::read(&p, base::from_micros(at), why)) << why;
  EXPECT_FALSE(bridge::read(&p, base::from_micros(at) - std::chrono::hours(25), why));
  p.unreadable = 2;
  EXPECT_FALSE(bridge::read(&p, base::from_micros(at), why)) << "more left out than read";
}

TEST(Bridge, AnAnswerCannotSplitItsHeaders) {
  curfew_header header{bridge::bytes_of("X-Thing"), bridge::bytes_of("a\r\nSet-Cookie: b")};
  curfew_http_answer raw{};
  raw.struct_size = sizeof(raw);
  raw.status = 202;
  raw.headers = &header;
  raw.header_count = 1;
  const curfew_bytes bytes{reinterpret_cast<const char*>(&raw), sizeof(raw)};
  std::string why;
  EXPECT_FALSE(bridge::read_answer(bytes, why));
  header.value = bridge::bytes_of("a");
  EXPECT_TRUE(bridge::read_answer(bytes, why)) << why;
  raw.status = 199;
  EXPECT_FALSE(bridge::read_answer(bytes, why));
}

TEST(Bridge, MemoryNeedsAnEndUnlessItForgets) {
  std::string why;
  EXPECT_TRUE(bridge::read_memory(bridge::bytes_of("k"), bridge::bytes_of("v"), at, why)) << why;
  EXPECT_FALSE(bridge::read_memory(bridge::bytes_of("k"), bridge::bytes_of("v"), 0, why));
  EXPECT_TRUE(bridge::read_memory(bridge::bytes_of("k"), {}, 0, why)) << why;
  EXPECT_FALSE(bridge::read_memory({}, bridge::bytes_of("v"), at, why));
}

}  // namespace
}  // namespace curfew::connector
