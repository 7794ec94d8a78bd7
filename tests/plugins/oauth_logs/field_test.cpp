#include "plugins/oauth/events/field.hpp"

#include <gtest/gtest.h>

#include "plugins/oauth/events/event_reader.hpp"

namespace curfew::oauth::events {
namespace {

class Field : public testing::Test {
 protected:
  Field() {
    record_ = parser_.parse(std::string_view(
        R"({"a":{"b":"deep"},"n":7,"t":true,"none":null,"dash":"-","list":["zero",{"k":"one","value":"first"},)"
        R"({"k":"two.dots","value":"second"}],"text":"{\"inner\":{\"x\":\"in text\"}}","pairs":"A=1;SessionID=s-1;B=",)"
        R"("twice":"{\"t\":\"{\\\"u\\\":\\\"{\\\\\\\"v\\\\\\\":1}\\\"}\"}","sp ace":"s"})"));
  }
  [[nodiscard]] std::string field(std::string_view paths) const { return field_of(record_, paths); }

  simdjson::dom::parser parser_;
  simdjson::dom::element record_;
};

TEST_F(Field, ByPath) {
  EXPECT_EQ(field("a.b"), "deep");
  EXPECT_EQ(field("n"), "7");
  EXPECT_EQ(field("t"), "true");
  EXPECT_EQ(field("list.0"), "zero");
  EXPECT_EQ(field("list[k=one].value"), "first");
  EXPECT_EQ(field("list[k=two.dots].value"), "second");
  EXPECT_EQ(field("sp ace"), "s");
  EXPECT_EQ(field("text.inner.x"), "in text");
  EXPECT_EQ(field("pairs.{SessionID}"), "s-1");
}

TEST_F(Field, TheFirstThatSaysSomething) {
  EXPECT_EQ(field("none|dash|nothing|a.b"), "deep");
  EXPECT_EQ(field("none"), "");
  EXPECT_EQ(field("a"), "") << "a mapping is no text";
}

TEST_F(Field, WhatIsNotThereIsEmpty) {
  for (const char* path :
       {"", "x", "a.b.c", "list.9", "list[k=three].value", "list[k].value", "n[k=one]", "text.other",
        "pairs.{Session}", "pairs.{}", "pairs.{", "list.0.x", "|", "a..b", "[k=one]"})
    EXPECT_EQ(field(path), "") << path;
  EXPECT_EQ(field("twice.t.u"), "{\"v\":1}");
  EXPECT_EQ(field("twice.t.u.v"), "") << "no deeper than twice";
}

TEST_F(Field, Marks) {
  EXPECT_TRUE(has_marks(record_, "a.b&n=7"));
  EXPECT_TRUE(has_marks(record_, "x|none")) << "that it is there counts";
  EXPECT_TRUE(has_marks(record_, "list[k=one].value=first"));
  EXPECT_TRUE(has_marks(record_, "a.b=de*&n=?"));
  EXPECT_FALSE(has_marks(record_, "a.b=e*|none=?|x=?"));
  EXPECT_TRUE(has_marks(record_, "text.inner.x")) << "also in a text";
  EXPECT_FALSE(has_marks(record_, "a.b&n=8"));
  EXPECT_FALSE(has_marks(record_, "a.c"));
  EXPECT_FALSE(has_marks(record_, ""));
  EXPECT_FALSE(has_marks(record_, "|"));
}

TEST(Addresses, WithoutPortsBracketsAndZones) {
  EXPECT_EQ(address_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_of("192.0.2.1:443"), "192.0.2.1");
  EXPECT_EQ(address_of("[2001:db8::1]:443"), "2001:db8::1");
  EXPECT_EQ(address_of("fe80::1%eth0"), "fe80::1");
  for (const char* text : {"", "null", "host", "2001:db8::1#1234", "2001:db8::1 port 1234", "[", "[]", ":"})
    EXPECT_EQ(address_of(text), "") << text;
}

}  // namespace
}  // namespace curfew::oauth::events
