// A name service that doesn't answer: each kind of store is back at its deadline, says why, and its end waits
// for nobody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "curfew/plugin/names.hpp"
#include "plugins/forms/stores/store.hpp"
#include "tests/plugins/forms_stores/databases.hpp"
#include "tests/plugins/forms_stores/name_service.hpp"

namespace curfew::forms_test {
namespace {

using forms::Found;
using forms::make_store;
using forms::Store;
using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* host = "db.corp.test";

std::unique_ptr<Store> store_of(const std::string& kind) {
  json settings = {{"kind", kind}, {"connect_timeout", "300ms"}, {"statement_timeout", "300ms"}};
  if (kind == "postgresql" || kind == "mariadb") {
    settings.update({{"host", host}, {"database", "crm"}, {"user", "curfew"}, {"preset", "django"}});
  } else {
    settings["url"] = std::string("https://") + host;
    settings["settles_after"] = "15s";
  }
  if (kind == "http")
    settings["calls"]["prove"] = {
        {"path", "/{session}"}, {"alive", {{"status", {200}}}}, {"dead", {{"status", {404}}}}};
  return make_store(settings.dump());
}

class NameOfAStore : public testing::TestWithParam<const char*> {};

TEST_P(NameOfAStore, ThatNobodyAnswersForHoldsNeitherTheCallNorTheEnd) {
  NameService names;
  names.hangs(host);
  std::unique_ptr<Store> store = store_of(GetParam());
  const auto begun = Clock::now();
  const Found found = store->prove({.id = "abcd", .subject = {}}, in(30s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("name service did not say in time where db.corp.test is"));
  EXPECT_EQ(names.hanging(), 1U);
  try {
    EXPECT_NE(store->end({.id = "abcd", .subject = {}}, in(30s)).code, Code::Ok);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), GetParam() == std::string("http") ? Code::Unsupported : Code::Unavailable);
  }
  store.reset();
  EXPECT_LT(Clock::now() - begun, 10s);
  EXPECT_GE(names.hanging(), 1U) << "it waited for the name service";
}

INSTANTIATE_TEST_SUITE_P(Kinds, NameOfAStore, testing::Values("postgresql", "mariadb", "lemonldap", "http"),
                         [](const auto& one) { return std::string(one.param); });

TEST(NameOfAMariadb, ThatHangsWhenTheLibraryAsksAgainHoldsNobodyEither) {
  NameService names;
  names.says(host, "127.0.0.1");
  names.hangs(host, 1);
  const auto begun = Clock::now();
  const Found found = store_of("mariadb")->prove({.id = "abcd", .subject = {}}, in(30s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("did not answer in time while connecting"));
  EXPECT_LT(Clock::now() - begun, 10s);
}

TEST(Names, AreTheSystemsAndNumbersAreTheirOwn) {
  NameService service;
  service.says("two.corp.test", "127.0.0.2");
  plugin::Names names;
  EXPECT_THAT(names.addresses("two.corp.test", 10s), ElementsAre("127.0.0.2"));
  service.hangs("127.0.0.9");
  EXPECT_THAT(names.addresses("127.0.0.9", 0ms), ElementsAre("127.0.0.9")) << "nobody is asked";
  EXPECT_THAT(names.addresses("::1", 0ms), ElementsAre("::1"));
  try {
    (void)names.addresses("name..with..empty..labels", 30s);
    FAIL() << "nobody has that name";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::Unavailable);
    EXPECT_THAT(failure.what(), HasSubstr("can't be resolved"));
  }
}

TEST(Aside, WorkThatHangsIsLeftBehindAndNotWithoutEnd) {
  NameService service;
  service.hangs(host);
  plugin::Aside aside(2);
  EXPECT_EQ(aside.run(10ms, [] { return plugin::system_addresses(host); }), std::nullopt);
  EXPECT_EQ(aside.run(10ms, [] { return plugin::system_addresses(host); }), std::nullopt);
  try {
    (void)aside.run(10ms, [] { return 1; });
    FAIL() << "two of two hang";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("not been answered yet"));
  }
}

TEST(Aside, WhoWaitsIsLetGoWhenItStops) {
  NameService service;
  service.hangs(host);
  plugin::Aside aside;
  std::thread stopper([&] {
    while (service.hanging() == 0) std::this_thread::yield();
    aside.stop();
  });
  const auto begun = Clock::now();
  EXPECT_EQ(aside.run(1h, [] { return plugin::system_addresses(host); }), std::nullopt);
  stopper.join();
  EXPECT_EQ(aside.run(1h, [] { return plugin::system_addresses(host); }), std::nullopt) << "from now on";
  EXPECT_LT(Clock::now() - begun, 30s);
}

TEST(Aside, GivesBackWhatWasMadeOrThrown) {
  plugin::Aside aside;
  EXPECT_EQ(*aside.run(30s, [] { return std::make_unique<int>(7); }).value(), 7);
  EXPECT_THROW((void)aside.run(30s, []() -> int { throw Failure(Code::Refused, "no"); }), Failure);
}

}  // namespace
}  // namespace curfew::forms_test
