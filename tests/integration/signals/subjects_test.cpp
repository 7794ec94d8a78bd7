// Subjects that the receiver adds and removes: durable, without a name, and the same answer for everybody.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/outlet/stream_subjects.hpp"
#include "tests/integration/signals/signals_daemon.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::signals_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const char* const not_wanted = R"(curfew_outlet_delivered_total{outcome="not_wanted",outlet="signals/crm"})";

json email(const std::string& address) { return {{"format", "email"}, {"email", address}}; }

// Which the daemon's user can reach.
support::Cluster& cluster() {
  static support::Cluster cluster{true};
  return cluster;
}

// A daemon whose database the test can look into.
class SubjectManagement : public testing::Test {
 protected:
  void start(const std::string& receiver, const std::string& default_subjects = "all") {
    daemon_.configure(receiver, "  default_subjects: " + default_subjects + "\ndatabase: {url: \"" +
                                    database_.application.conninfo + "\"}\n");
    daemon_.start();
  }
  app_test::Reply say(const std::string& what, const json& subject,
                      const std::string& token = SignalsDaemon::crm_token) const {
    return daemon_.ask("POST", "/signals/subjects/" + what,
                       json{{"stream_id", stream_}, {"subject", subject}}.dump(), token);
  }
  int add(const json& subject) const { return say("add", subject).status; }
  int remove(const json& subject) const { return say("remove", subject).status; }
  void make_stream() {
    ASSERT_EQ(daemon_.ask("POST", "/signals/stream", "{}").status, 201);
    stream_ = daemon_.stream()["stream_id"];
  }
  // What is handed out as soon as there is something.
  std::vector<Told> polled() {
    std::vector<Told> told;
    (void)daemon_.program().until([&] { return !(told = daemon_.poll()).empty(); });
    return told;
  }
  void restart() {
    daemon_.kill();
    daemon_.start();
  }
  [[nodiscard]] std::optional<store::OutletRow> row(const std::string& name) const {
    store::Store store(database_.application, store::Role::Reader);
    return store.outlet(name);
  }
  [[nodiscard]] std::vector<std::filesystem::path> secrets() {
    std::vector<std::filesystem::path> files;
    const auto folder = daemon_.program().folder() / "data" / "signal-secrets";
    if (!std::filesystem::exists(folder)) return files;
    for (const auto& one : std::filesystem::directory_iterator(folder)) files.push_back(one.path());
    return files;
  }

  support::Database database_ = cluster().fresh_database();
  SignalsDaemon daemon_;
  std::string stream_;
};

const char* const managed = "{name: crm, token: crm, audience: [https://crm.test], names: [email]}";

TEST_F(SubjectManagement, WhoWasRemovedIsNotToldAlsoAfterAKill) {
  start(managed);
  make_stream();
  EXPECT_EQ(remove(email("Alice@Corp.Test")), 204);
  EXPECT_EQ(remove(email("alice@corp.test")), 204) << "again";
  EXPECT_EQ(remove({{"format", "complex"}, {"user", email("bob@corp.test")}}), 204);
  restart();
  EXPECT_EQ(add(email("bob@corp.test")), 200);
  EXPECT_EQ(add(email("bob@corp.test")), 200) << "again";
  daemon_.sign_out(1);
  daemon_.sign_out(2);
  const std::vector<Told> told = polled();
  ASSERT_EQ(told.size(), 1U) << daemon_.program().log();
  EXPECT_EQ(told[0].claims["sub_id"]["user"], email("bob@corp.test"));
  EXPECT_EQ(daemon_.metric(not_wanted), 1);
  EXPECT_EQ(daemon_.metric(R"(curfew_ledger_entries_total{kind="access"})"), 1) << "who was told whom";
}

TEST_F(SubjectManagement, IsStoredWithoutANameAndGivenUpWithTheStream) {
  start(managed);
  make_stream();
  ASSERT_EQ(remove(email("alice@corp.test")), 204);
  const auto list = row("subjects/crm");
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(outlet::subject_list_from_json(list->state).listed.size(), 1U);
  for (const std::string& stored : {list->state, row("signals/crm")->state, daemon_.program().log()}) {
    EXPECT_THAT(stored, Not(HasSubstr("alice")));
    EXPECT_THAT(stored, Not(HasSubstr("corp.test")));
  }
  ASSERT_EQ(secrets().size(), 1U);
  EXPECT_EQ(std::filesystem::status(secrets()[0]).permissions(), std::filesystem::perms(0600));
  std::ifstream in(secrets()[0]);
  const std::string key((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(key.size(), 64U);
  EXPECT_THAT(list->state, Not(HasSubstr(key)));
  ASSERT_EQ(daemon_.ask("DELETE", "/signals/stream?stream_id=" + stream_).status, 204);
  EXPECT_FALSE(row("subjects/crm").has_value());
  EXPECT_TRUE(secrets().empty());
  // The next stream knows nothing of it.
  make_stream();
  daemon_.sign_out(1);
  ASSERT_EQ(polled().size(), 1U) << daemon_.program().log();
}

TEST_F(SubjectManagement, IsRefusedAsTheSpecificationSays) {
  start(managed);
  make_stream();
  const json alice = email("alice@corp.test");
  for (const char* what : {"add", "remove"}) {
    const int done = std::string(what) == "add" ? 200 : 204;
    EXPECT_EQ(say(what, alice, "").status, 401);
    EXPECT_EQ(say(what, alice, "cfw_test-token-of-the-integration-tests").status, 403);
    const std::string path = std::string("/signals/subjects/") + what;
    EXPECT_EQ(daemon_.ask("POST", path, "{").status, 400);
    EXPECT_EQ(daemon_.ask("POST", path, json{{"stream_id", stream_}}.dump()).status, 400);
    EXPECT_EQ(daemon_.ask("POST", path, json{{"stream_id", "another"}, {"subject", alice}}.dump()).status,
              404);
    EXPECT_EQ(say(what, {{"format", "did"}, {"url", "did:example:1"}}).status, 400);
    EXPECT_EQ(
        say(what, {{"format", "complex"}, {"user", alice}, {"session", {{"format", "opaque"}, {"id", "s1"}}}})
            .status,
        400);
    // Of a format that Curfew has and this receiver is not told: whoever it may be.
    const app_test::Reply known = say(what, {{"format", "account"}, {"uri", "acct:alice@corp.test"}});
    const app_test::Reply unknown = say(what, {{"format", "account"}, {"uri", "acct:nobody@corp.test"}});
    EXPECT_EQ(known.status, 403);
    EXPECT_EQ(unknown.status, 403);
    EXPECT_EQ(json::parse(known.body)["detail"], json::parse(unknown.body)["detail"]);
    // There is an alice, and no nobody.
    for (const char* address : {"alice@corp.test", "nobody@corp.test"}) {
      const app_test::Reply answer = say(what, email(address));
      EXPECT_EQ(answer.status, done) << address;
      EXPECT_EQ(answer.body, "") << address;
    }
  }
  const json itself{{"format", "opaque"}, {"id", stream_}};
  EXPECT_EQ(add(itself), 200);
  EXPECT_EQ(remove(itself), 403);
}

TEST_F(SubjectManagement, HasALimitForEachStream) {
  start(managed);
  make_stream();
  ASSERT_EQ(remove(email("alice@corp.test")), 204);
  store::OutletRow stored = row("subjects/crm").value();
  outlet::SubjectList list = outlet::subject_list_from_json(stored.state);
  for (int i = 0; list.listed.size() < outlet::most_subjects; ++i)
    list.listed.insert(outlet::subject_digest("filler", {"phone", std::to_string(i)}, false));
  stored.state = to_json(list);
  daemon_.kill();
  store::Store(database_.application, store::Role::Writer).save_outlet(stored);
  daemon_.start();
  EXPECT_EQ(remove(email("bob@corp.test")), 403);
  EXPECT_EQ(remove(email("alice@corp.test")), 204) << "she is there already";
  EXPECT_EQ(add(email("alice@corp.test")), 200);
  EXPECT_EQ(remove(email("bob@corp.test")), 204) << "there is room again";
}

TEST_F(SubjectManagement, ByDefaultNoneOnlyWhoWasAddedIsPushed) {
  support::WebhookReceiver receiver;
  start("{name: crm, token: crm, audience: [https://crm.test], delivery: push, push_url: \"" +
            receiver.url("/events") + "\"}",
        "none");
  const json metadata = daemon_.get("/.well-known/ssf-configuration");
  EXPECT_EQ(metadata["default_subjects"], "NONE");
  EXPECT_EQ(metadata["add_subject_endpoint"], daemon_.issuer() + "/signals/subjects/add");
  EXPECT_EQ(metadata["remove_subject_endpoint"], daemon_.issuer() + "/signals/subjects/remove");
  stream_ = daemon_.stream()["stream_id"];
  ASSERT_TRUE(daemon_.program().until(
      [&] { return daemon_.program().request("GET", "/api/v1/sessions/3").status == 200; }));
  const auto reference = [&](int session) {
    return json{{"format", "opaque"},
                {"id", daemon_.program().get("/api/v1/sessions/" + std::to_string(session))["subject"]}};
  };
  // By reference: it has no names.
  EXPECT_EQ(add(reference(2)), 200);
  EXPECT_EQ(add(reference(3)), 200);
  EXPECT_EQ(remove(reference(3)), 204);
  EXPECT_EQ(add(email("alice@corp.test")), 403);
  restart();
  daemon_.sign_out(1);
  daemon_.sign_out(3);
  daemon_.sign_out(2);
  ASSERT_TRUE(daemon_.program().until([&] { return receiver.taken().size() == 1; }))
      << daemon_.program().log();
  EXPECT_EQ(daemon_.verified(receiver.taken()[0].body).claims["sub_id"]["user"], reference(2));
  EXPECT_EQ(daemon_.metric(not_wanted), 2);
}

// Better nothing than an event of somebody who was removed.
TEST_F(SubjectManagement, WithoutTheKeyNothingIsSentUntilItIsBack) {
  start(managed);
  make_stream();
  ASSERT_EQ(remove(email("alice@corp.test")), 204);
  daemon_.sign_out(2);
  ASSERT_EQ(secrets().size(), 1U);
  const std::filesystem::path away = secrets()[0].string() + ".away";
  std::filesystem::rename(secrets()[0], away);
  const std::string path = "/signals/poll/" + stream_;
  ASSERT_TRUE(daemon_.program().until([&] {
    return daemon_.ask("POST", path, R"({"returnImmediately":true})").status == 503;
  })) << daemon_.program().log();
  EXPECT_THAT(daemon_.program().log(), HasSubstr("this secret of a receiver's stream can't be read"));
  std::filesystem::rename(away, std::filesystem::path(away).replace_extension());
  EXPECT_EQ(polled().size(), 1U) << daemon_.program().log();
}

}  // namespace
}  // namespace curfew::signals_test
