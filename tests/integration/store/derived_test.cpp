#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "core/base/error.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/store.hpp"
#include "tests/integration/store/batches.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::store {
namespace {

using testing::ElementsAre;

Time at(std::int64_t seconds) { return base::from_micros(1'700'000'000'000'000 + seconds * 1'000'000); }

model::SessionRow session_row(model::SessionNumber number) {
  model::SessionRow row;
  row.number = number;
  row.source = "crm'forms";
  const Digest32 digest = base::sha256(std::to_string(number));
  std::copy_n(digest.begin(), 16, row.session.bytes.begin());
  row.subject = {number % 3 + 1};
  row.device = {77};
  row.application = "crm";
  row.account_type = model::AccountType::Human;
  row.auth_method = model::AuthMethod::Kerberos;
  row.interactivity = model::Interactivity::Interactive;
  row.network = model::NetworkClass::Private;
  row.factors = 2;
  row.privileged = true;
  row.start_seen = false;
  row.state = model::SessionState::Locked;
  row.started_at = at(static_cast<std::int64_t>(number) * 10);
  row.last_person_activity_at = row.started_at;
  row.corrections = 3;
  row.activities = 1;
  return row;
}

void end(model::SessionRow& row) {
  row.state = model::SessionState::Ended;
  row.ended_at = row.started_at + std::chrono::seconds(5);
  row.end_reason = model::EndReason::IdleTimeout;
  row.end_certainty = model::Certainty::Stated;
}

class Derived : public testing::Test {
 protected:
  void append(const Extras& extras) {
    const std::uint64_t first = reader_.streams().empty() ? 0 : reader_.streams()[0].size;
    writer_.append(stream_, batch_of(first, 1), extras);
  }
  support::Database database_ = support::Cluster::instance().fresh_database();
  Store writer_{database_.application, Role::Writer};
  Store reader_{database_.application, Role::Reader};
  StreamHead stream_ = writer_.open_stream(test_stream, test_key);
};

TEST_F(Derived, SessionsAreInsertedThenReplacedByNumber) {
  Extras extras;
  extras.sessions = {session_row(1), session_row(2), session_row(3)};
  append(extras);
  EXPECT_EQ(reader_.sessions({}), extras.sessions);

  Extras second;
  second.sessions = {session_row(2), session_row(4)};
  end(second.sessions[0]);
  append(second);
  EXPECT_THAT(reader_.sessions({}),
              ElementsAre(extras.sessions[0], second.sessions[0], extras.sessions[2], second.sessions[1]));
  EXPECT_EQ(reader_.session(2), second.sessions[0]);
  EXPECT_EQ(reader_.session(9), std::nullopt);
}

TEST_F(Derived, ANewWriterKnowsWhichSessionsAreThere) {
  Extras extras;
  extras.sessions = {session_row(1)};
  append(extras);
  { const Store gone = std::move(writer_); }
  writer_ = Store(database_.application, Role::Writer);
  stream_ = writer_.open_stream(test_stream, test_key);
  end(extras.sessions[0]);
  append(extras);
  EXPECT_THAT(reader_.sessions({}), ElementsAre(extras.sessions[0]));
}

TEST_F(Derived, SessionsAreFoundByEachPartOfTheQuery) {
  Extras extras;
  for (model::SessionNumber number = 1; number <= 6; ++number) extras.sessions.push_back(session_row(number));
  end(extras.sessions[0]);
  end(extras.sessions[4]);
  extras.sessions[3].source = "corp-ad";
  append(extras);
  const auto numbers = [&](const SessionQuery& query) {
    std::vector<model::SessionNumber> found;
    for (const auto& row : reader_.sessions(query)) found.push_back(row.number);
    return found;
  };
  SessionQuery live;
  live.live_only = true;
  EXPECT_THAT(numbers(live), ElementsAre(2, 3, 4, 6));
  SessionQuery source;
  source.source = "crm'forms";
  EXPECT_THAT(numbers(source), ElementsAre(1, 2, 3, 5, 6));
  SessionQuery subject;
  subject.subject = {1};
  EXPECT_THAT(numbers(subject), ElementsAre(3, 6));
  SessionQuery overlap;
  overlap.from = at(16);
  overlap.to = at(40);
  EXPECT_THAT(numbers(overlap), ElementsAre(2, 3));
  SessionQuery page;
  page.after = 2;
  page.limit = 3;
  EXPECT_THAT(numbers(page), ElementsAre(3, 4, 5));
}

TEST_F(Derived, SubjectsAddUpTheirSessionsAndWhatStandsAgainstThem) {
  Extras extras;
  for (model::SessionNumber number = 1; number <= 6; ++number) extras.sessions.push_back(session_row(number));
  end(extras.sessions[0]);                                        // of 2
  end(extras.sessions[1]);                                        // of 3
  end(extras.sessions[4]);                                        // of 3
  extras.sessions[3].account_type = model::AccountType::Unknown;  // the newest word on 2 is in session 1
  extras.sessions[2].account_type = model::AccountType::Service;
  extras.sessions[5].last_machine_activity_at = at(900);
  extras.sessions.push_back(session_row(7));
  extras.sessions.back().subject = {};  // nobody knows whose it is
  for (model::ViolationNumber number = 1; number <= 3; ++number) {
    model::ViolationRow& violation = extras.violations.emplace_back();
    violation.number = number;
    violation.policy = "one-hour";
    violation.evidence = "{}";
    violation.subject = {number == 3 ? 3U : 2U};
  }
  extras.violations[1].withdrawn_at = at(1'000);
  append(extras);

  SubjectRow one{{1}, model::AccountType::Human, 2, 2, 0, at(30), at(900)};
  SubjectRow two{{2}, model::AccountType::Human, 1, 2, 1, at(10), at(40)};
  SubjectRow three{{3}, model::AccountType::Human, 0, 2, 1, at(20), at(50)};
  EXPECT_THAT(reader_.subjects({}), ElementsAre(one, two, three));
  EXPECT_THAT(reader_.subjects({.live_only = true, .after = {}, .limit = 100}), ElementsAre(one, two));
  EXPECT_THAT(reader_.subjects({.live_only = false, .after = {}, .limit = 2}), ElementsAre(one, two));
  EXPECT_THAT(reader_.subjects({.live_only = false, .after = {2}, .limit = 2}), ElementsAre(three));
  EXPECT_THAT(reader_.subjects({.live_only = true, .after = {1}, .limit = 1}), ElementsAre(two));
}

TEST_F(Derived, OverlappingSessionsOfASubjectAreOnePresence) {
  Extras extras;
  const auto add = [&](const char* source, std::uint64_t subject, int from, int to) {
    model::SessionRow& row = extras.sessions.emplace_back(session_row(extras.sessions.size() + 1));
    row.source = source;
    row.application = source == std::string("corp-ad") ? "" : source;
    row.subject = {subject};
    row.started_at = row.last_person_activity_at = at(from);
    if (to == 0) return;
    end(row);
    row.ended_at = at(to);
  };
  add("corp-ad", 1, 0, 100);
  add("crm", 1, 10, 20);
  add("crm", 1, 90, 120);   // overlaps the first alone
  add("crm", 1, 121, 130);  // another presence
  add("files", 1, 130, 0);  // begins when that one ends
  add("crm", 2, 5, 8);
  add("crm", 0, 0, 0);  // of nobody known
  append(extras);

  using Names = std::vector<std::string>;
  const PresenceRow morning{{1}, model::AccountType::Human, at(0),   at(120), 3,
                            0,   Names{"corp-ad", "crm"},   {"crm"}, at(90)};
  const PresenceRow now{{1}, model::AccountType::Human, at(121),          Time{}, 2,
                        1,   Names{"crm", "files"},     {"crm", "files"}, at(130)};
  const PresenceRow other{{2}, model::AccountType::Human, at(5), at(8), 1, 0, Names{"crm"}, {"crm"}, at(5)};
  EXPECT_THAT(reader_.presences({}), ElementsAre(morning, now, other));
  EXPECT_THAT(reader_.presences({.live_only = true}), ElementsAre(now));
  EXPECT_THAT(reader_.presences({.subject = {2}}), ElementsAre(other));
  EXPECT_THAT(reader_.presences({.from = at(6), .to = at(7)}), ElementsAre(morning, other));
  EXPECT_THAT(reader_.presences({.from = at(125)}), ElementsAre(now));
  EXPECT_THAT(reader_.presences({.limit = 1}), ElementsAre(morning));
  EXPECT_THAT(reader_.presences({.after = {{1}, at(0)}, .limit = 1}), ElementsAre(now));
  EXPECT_THAT(reader_.presences({.after = {{1}, at(121)}, .limit = 5}), ElementsAre(other));
  // As Grafana's login sees it.
  ServerConnection reader(database_.owner);
  reader.execute("SET ROLE curfew_reader");
  EXPECT_EQ(reader.query("SELECT count(*) FROM curfew.presences WHERE ended_at IS NULL", {}).number(0, 0), 1);
}

// Against laying the sessions of each subject together one by one.
TEST_F(Derived, PresencesOfRandomSessionsCoverThemWithoutOverlap) {
  std::mt19937 random(20261122);
  const auto up_to = [&](int most) { return static_cast<int>(random() % (static_cast<unsigned>(most) + 1)); };
  Extras extras;
  for (model::SessionNumber number = 1; number <= 600; ++number) {
    model::SessionRow& row = extras.sessions.emplace_back(session_row(number));
    row.subject = {static_cast<std::uint64_t>(up_to(12)) + 1};
    row.started_at = at(up_to(2'000));
    if (up_to(99) == 0) continue;
    end(row);
    row.ended_at = row.started_at + std::chrono::seconds(up_to(40));
  }
  append(extras);

  std::vector<model::SessionRow> sessions = extras.sessions;
  std::sort(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
    return std::pair(a.subject, a.started_at) < std::pair(b.subject, b.started_at);
  });
  std::vector<std::tuple<model::Ref, Time, Time, std::uint64_t>> expected;
  Time until{};
  for (const model::SessionRow& row : sessions) {
    const Time end = row.ended_at == Time{} ? Time::max() : row.ended_at;
    if (expected.empty() || std::get<0>(expected.back()) != row.subject || row.started_at > until) {
      expected.emplace_back(row.subject, row.started_at, Time{}, 0);
      until = Time{};
    }
    until = std::max(until, end);
    std::get<2>(expected.back()) = until == Time::max() ? Time{} : until;
    ++std::get<3>(expected.back());
  }
  std::vector<std::tuple<model::Ref, Time, Time, std::uint64_t>> found;
  PresenceQuery page{.limit = 7};
  while (true) {
    const std::vector<PresenceRow> rows = reader_.presences(page);
    for (const PresenceRow& row : rows)
      found.emplace_back(row.subject, row.started_at, row.ended_at, row.sessions);
    if (rows.size() < page.limit) break;
    page.after = {rows.back().subject, rows.back().started_at};
  }
  EXPECT_EQ(found, expected);
}

TEST_F(Derived, LastActivityIsFlushedBesideTheLedger) {
  Extras extras;
  extras.sessions = {session_row(1), session_row(2)};
  append(extras);
  extras.sessions[1].last_person_activity_at = at(500);
  extras.sessions[1].activities = 42;
  writer_.flush_activity({extras.sessions[1]});
  EXPECT_EQ(reader_.sessions({}), extras.sessions);
  EXPECT_EQ(reader_.streams()[0].size, 1U);
}

TEST_F(Derived, ViolationsAndSignOutsRoundTripAndAreReplaced) {
  model::ViolationRow violation;
  violation.number = 1;
  violation.policy = "crm-idle";
  violation.rule = model::Rule::InactivityTimeout;
  violation.mode = model::PolicyMode::Enforce;
  violation.session = 7;
  violation.subject = {9};
  violation.source = "crm-forms";
  violation.breached_at = at(1);
  violation.detected_at = at(2);
  violation.evidence = R"({"limit":"15m"})";
  violation.controls = {"nist-800-53:ac-12", "pci-dss:8.2.8"};
  model::ViolationRow bare;
  bare.number = 2;
  bare.policy = "other";
  bare.breached_at = at(3);
  model::SignOutRow order;
  order.number = 1;
  order.session = 7;
  order.subject = {9};
  order.source = "crm-forms";
  order.reason = "crm-idle";
  order.violation = 1;
  order.ordered_by = "policy";
  order.steps = 2;
  order.ordered_at = at(2);
  order.trail = "[]";
  Extras extras;
  extras.violations = {violation, bare};
  extras.sign_outs = {order};
  append(extras);
  EXPECT_THAT(reader_.violations({}), ElementsAre(violation, bare));
  EXPECT_THAT(reader_.sign_outs({}), ElementsAre(order));

  violation.withdrawn_at = at(9);
  violation.sign_out = 1;
  order.outcome = model::Outcome::Mistaken;
  order.concluded_at = at(9);
  Extras later;
  later.violations = {violation};
  later.sign_outs = {order};
  append(later);
  EXPECT_THAT(reader_.violations({}), ElementsAre(violation, bare));
  EXPECT_THAT(reader_.sign_outs({}), ElementsAre(order));
  ViolationQuery standing;
  standing.include_withdrawn = false;
  EXPECT_THAT(reader_.violations(standing), ElementsAre(bare));
  ViolationQuery by_policy;
  by_policy.policy = "crm-idle";
  EXPECT_THAT(reader_.violations(by_policy), ElementsAre(violation));
}

TEST_F(Derived, RefusalsAreTheSessionsWhoseNewestSignOutStandsAndDidMoreThanNotify) {
  Extras extras;
  for (model::SessionNumber number = 1; number <= 6; ++number) extras.sessions.push_back(session_row(number));
  const auto order = [&](model::OrderNumber number, model::SessionNumber session, model::Outcome outcome,
                         std::string action = "sign_out_session", std::int64_t ordered_at = 10) {
    model::SignOutRow row;
    row.number = number;
    row.session = session;
    row.source = "crm-forms";
    row.reason = "longest";
    row.ordered_by = "policy";
    row.outcome = outcome;
    row.ordered_at = at(ordered_at);
    row.trail = "[{\"action\":\"notify\"},{\"action\":\"" + action + "\"}]";
    extras.sign_outs.push_back(row);
  };
  order(1, 1, model::Outcome::Proven);
  order(2, 2, model::Outcome::Contained);
  order(3, 2, model::Outcome::Mistaken);
  order(4, 3, model::Outcome::Held);
  order(5, 4, model::Outcome::Unproven, "notify");
  order(6, 5, model::Outcome::Unproven);
  order(7, 6, model::Outcome::StillAlive, "sign_out_session", 1);
  extras.sign_outs[5].ordered_by = "ann";
  extras.sign_outs[0].violation = 9;
  model::ViolationRow violation;
  violation.number = 9;
  violation.policy = "longest";
  violation.rule = model::Rule::SessionTimeout;
  extras.violations = {violation};
  append(extras);
  const std::vector<model::GateEntry> refused = reader_.refusals(at(5));
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(refused[0].number, 1U);
  EXPECT_EQ(refused[0].session, session_row(1).session);
  EXPECT_EQ(refused[0].source, session_row(1).source);
  EXPECT_EQ(refused[0].standing, model::Standing::Refused);
  EXPECT_EQ(refused[0].refusal, model::Refusal::SessionTimeout);
  EXPECT_EQ(refused[1].number, 5U);
  EXPECT_EQ(refused[1].refusal, model::Refusal::Administrator);
}

TEST_F(Derived, CursorsAddUpAndAForgottenOneKeepsItsCounts) {
  Extras extras;
  extras.cursors = {{"ad", "file-1", "10", 10, 1, 2}, {"ad", "file-2", std::string("\0\xFF", 2), 5, 0, 0}};
  append(extras);
  extras.cursors = {{"ad", "file-1", "20", 7, 0, 0}, {"ad", "file-2", "", 1, 0, 0}};
  append(extras);
  const auto cursors = reader_.cursors();
  ASSERT_EQ(cursors.size(), 2U);
  EXPECT_EQ(cursors[0].name, "");
  EXPECT_EQ(cursors[0].read, 6U);
  EXPECT_EQ(cursors[1].name, "file-1");
  EXPECT_EQ(cursors[1].value, "20");
  EXPECT_EQ(cursors[1].read, 17U);
  EXPECT_EQ(cursors[1].filtered, 1U);
  EXPECT_EQ(cursors[1].unreadable, 2U);
}

TEST_F(Derived, MemoryIsReplacedForgottenAndExpires) {
  Extras extras;
  extras.memory = {{"ad", "a", "1", Time{}}, {"ad", "b", "2", at(10)}, {"ad", "c", "3", at(20)}};
  append(extras);
  extras.memory = {{"ad", "a", "one", Time{}}, {"ad", "c", "", Time{}}};
  append(extras);
  auto kept = reader_.memory();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].value, "one");
  EXPECT_EQ(kept[1].key, "b");
  writer_.expire(at(11));
  kept = reader_.memory();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].key, "a");
}

TEST_F(Derived, IdempotencyKeysComeBackUntilTheyExpire) {
  Extras extras;
  for (std::uint8_t i = 0; i < 100; ++i) {
    IdempotencyKey key;
    key.source = i % 2 == 0 ? "ad" : "crm";
    key.key.fill(i);
    key.expires_at = at(i);
    extras.keys.push_back(key);
  }
  append(extras);
  std::size_t found = 0;
  reader_.read_idempotency_keys([&](IdempotencyKey&& key) {
    const std::uint8_t i = key.key[0];
    EXPECT_EQ(key.source, i % 2 == 0 ? "ad" : "crm");
    EXPECT_EQ(key.expires_at, at(i));
    ++found;
  });
  EXPECT_EQ(found, 100U);
  writer_.expire(at(50));
  found = 0;
  reader_.read_idempotency_keys([&](IdempotencyKey&&) { ++found; });
  EXPECT_EQ(found, 100U) << "keys that were stored together expire together, none of them early";
  writer_.expire(at(100));
  found = 0;
  reader_.read_idempotency_keys([&](IdempotencyKey&&) { ++found; });
  EXPECT_EQ(found, 0U);
}

TEST_F(Derived, ReferencesAreReadInBulkAndResolvedOneByOne) {
  Extras extras;
  for (std::uint64_t i = 1; i <= 50; ++i) {
    extras.references.push_back(
        {{i << 40 | i}, model::PersonalKind::Address, "ip", "10.0.0." + std::to_string(i)});
  }
  append(extras);
  std::vector<model::PersonalValue> read;
  reader_.read_references([&](model::PersonalValue&& value) { read.push_back(std::move(value)); });
  EXPECT_EQ(read, extras.references);
  EXPECT_THAT(reader_.resolve({extras.references[6].ref, {12345}}), ElementsAre(extras.references[6]));
}

std::string saved(Store& writer, const StreamHead& stream, std::uint64_t size, std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 31 + size);
  writer.save_snapshot(stream, size, "digest-" + std::to_string(size), [&](const auto& write) {
    for (std::size_t from = 0; from < bytes.size(); from += 1'000'003) {
      write(std::string_view(bytes).substr(from, 1'000'003));
    }
  });
  return bytes;
}

TEST_F(Derived, TheNewestSnapshotComesBackWhole) {
  EXPECT_FALSE(reader_.newest_snapshot(stream_.stream).has_value());
  saved(writer_, stream_, 10, 100);
  saved(writer_, stream_, 20, 0);
  const std::string bytes = saved(writer_, stream_, 30, 9'500'000);
  const auto snapshot = reader_.newest_snapshot(stream_.stream);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->size, 30U);
  EXPECT_EQ(snapshot->policy_digest, "digest-30");
  EXPECT_TRUE(snapshot->bytes == bytes);
  EXPECT_EQ(snapshot->damaged, 0U);
}

TEST_F(Derived, ADamagedSnapshotIsPassedOverAndCounted) {
  const std::string older = saved(writer_, stream_, 20, 5'000'000);
  saved(writer_, stream_, 30, 9'500'000);
  ServerConnection admin(database_.owner);
  for (const char* damage : {"UPDATE curfew.snapshot_part SET bytes = set_byte(bytes, 5, get_byte(bytes, 5) "
                             "# 1) WHERE size = 30 AND part = 1",
                             "DELETE FROM curfew.snapshot_part WHERE size = 30 AND part = 0",
                             "UPDATE curfew.snapshot SET policy_digest = 'x' WHERE size = 30"}) {
    admin.execute(damage);
    const auto snapshot = reader_.newest_snapshot(stream_.stream);
    ASSERT_TRUE(snapshot.has_value()) << damage;
    EXPECT_EQ(snapshot->size, 20U) << damage;
    EXPECT_EQ(snapshot->damaged, 1U) << damage;
    EXPECT_TRUE(snapshot->bytes == older);
  }
}

TEST_F(Derived, ASnapshotWhoseWriterFailsLeavesNoTrace) {
  saved(writer_, stream_, 20, 10);
  EXPECT_THROW(writer_.save_snapshot(stream_, 30, "x",
                                     [&](const auto& write) {
                                       write("half");
                                       throw Error(ErrorKind::Internal, "no more");
                                     }),
               Error);
  EXPECT_EQ(reader_.newest_snapshot(stream_.stream)->size, 20U);
  append({});
}

TEST_F(Derived, AThrowAwayServerSaysThatItIsNotDurable) {
  EXPECT_EQ(reader_.durability_problems().size(), 3U);
}

}  // namespace
}  // namespace curfew::store
