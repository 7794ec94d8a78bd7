#include "core/outlet/stream_subjects.hpp"

#include <gmock/gmock.h>

#include "core/base/error.hpp"

namespace curfew::outlet {
namespace {

using model::NamedValue;

const std::string key = "key-of-the-stream";
const std::string alice_ref = "00000000000000a1";
const std::string bob_ref = "00000000000000b2";
const NamedValue alice{"email", "alice@corp.test"};
const NamedValue alice_too{"phone", "+4930123456"};
const NamedValue bob{"email", "bob@corp.test"};

Digest16 digest_of(const NamedValue& name, bool case_sensitive = false) {
  return subject_digest(key, name, case_sensitive);
}

SubjectFilter filter_of(DefaultSubjects by_default, const std::vector<NamedValue>& listed) {
  SubjectList list;
  for (const NamedValue& one : listed) list.listed.insert(digest_of(one));
  return {by_default, std::make_shared<const SubjectList>(std::move(list)), key, false};
}

TEST(SubjectDigest, IsOneForOneNameAndAnotherForAnother) {
  EXPECT_EQ(digest_of({"email", "Alice@Corp.Test"}), digest_of(alice));
  EXPECT_EQ(digest_of({"upn", "ALICE"}), digest_of({"upn", "alice"}));
  EXPECT_EQ(digest_of({"email", "alice@CORP.test"}, true), digest_of(alice));
  EXPECT_NE(digest_of({"email", "Alice@corp.test"}, true), digest_of(alice, true));
  EXPECT_NE(digest_of({"oidc_subject", "https://idp.test#A"}),
            digest_of({"oidc_subject", "https://idp.test#a"}));
  EXPECT_NE(digest_of({"upn", alice.value}), digest_of(alice));
  EXPECT_NE(digest_of(bob), digest_of(alice));
  EXPECT_NE(subject_digest("key-of-another", alice, false), digest_of(alice));
}

TEST(SubjectFilter, WithoutAListIsTheDefault) {
  const SubjectFilter all(DefaultSubjects::All, nullptr, {}, false);
  EXPECT_TRUE(all.wants(alice_ref, {alice}));
  EXPECT_TRUE(all.wants({}, {}));
  const SubjectFilter none(DefaultSubjects::None, nullptr, {}, false);
  EXPECT_FALSE(none.wants(alice_ref, {alice}));
  EXPECT_FALSE(none.wants({}, {}));
}

TEST(SubjectFilter, GoesByEachNameThatTheEventTellsAndByTheReference) {
  const SubjectFilter all = filter_of(DefaultSubjects::All, {alice, {"reference", bob_ref}});
  EXPECT_FALSE(all.wants(alice_ref, {alice_too, alice}));
  EXPECT_TRUE(all.wants(alice_ref, {alice_too})) << "the event does not tell the name that was removed";
  EXPECT_FALSE(all.wants(bob_ref, {bob}));
  EXPECT_FALSE(all.wants(bob_ref, {}));
  EXPECT_TRUE(all.wants({}, {})) << "nobody known is nobody who was removed";
  const SubjectFilter none = filter_of(DefaultSubjects::None, {alice, {"reference", bob_ref}});
  EXPECT_TRUE(none.wants(alice_ref, {alice_too, alice}));
  EXPECT_FALSE(none.wants(alice_ref, {alice_too}));
  EXPECT_TRUE(none.wants(bob_ref, {bob}));
  EXPECT_FALSE(none.wants({}, {}));
}

TEST(SubjectList, IsChangedOnceAndSaysWhetherItWas) {
  SubjectList list;
  EXPECT_EQ(change(list, {digest_of(alice), digest_of(bob)}, true), true);
  EXPECT_EQ(change(list, {digest_of(bob)}, true), false);
  EXPECT_EQ(list.listed.size(), 2U);
  EXPECT_EQ(change(list, {digest_of(alice), digest_of(alice_too)}, false), true);
  EXPECT_EQ(change(list, {digest_of(alice)}, false), false);
  EXPECT_EQ(list.listed, std::set<Digest16>{digest_of(bob)});
}

TEST(SubjectList, HasItsLimitAndThenStaysAsItWas) {
  SubjectList list;
  for (std::size_t i = 1; i < most_subjects; ++i) list.listed.insert(digest_of({"phone", std::to_string(i)}));
  EXPECT_EQ(change(list, {digest_of(alice), digest_of(bob)}, true), std::nullopt);
  EXPECT_EQ(list.listed.size(), most_subjects - 1) << "all of one request, or nothing";
  EXPECT_EQ(change(list, {digest_of(alice)}, true), true);
  EXPECT_EQ(change(list, {digest_of(bob)}, true), std::nullopt);
  EXPECT_EQ(change(list, {digest_of(alice)}, true), false) << "it is there already";
  EXPECT_EQ(change(list, {digest_of(alice)}, false), true);
  EXPECT_EQ(change(list, {digest_of(bob)}, true), true);
}

TEST(SubjectList, ComesBackAsItWasWithoutAName) {
  SubjectList list{.stream = "f67e", .key_file = "0011", .listed = {digest_of(alice), digest_of(bob)}};
  const std::string stored = to_json(list);
  EXPECT_EQ(subject_list_from_json(stored), list);
  EXPECT_EQ(subject_list_from_json(to_json(SubjectList{})), SubjectList{});
  EXPECT_EQ(stored.find("alice"), std::string::npos);
  EXPECT_EQ(stored.find("corp"), std::string::npos);
}

TEST(SubjectList, ThatIsDamagedIsCorrupt) {
  for (const char* text :
       {"", "[]", R"({"stream":7})", R"({"odd":1})", R"({"listed":{}})", R"({"listed":[7]})",
        R"({"listed":["00"]})", R"({"listed":["zz0102030405060708090a0b0c0d0e0f"]})"}) {
    EXPECT_THROW((void)subject_list_from_json(text), Error) << text;
  }
}

}  // namespace
}  // namespace curfew::outlet
