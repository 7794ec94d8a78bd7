#include "core/connector/capabilities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "curfew/plugin/abi.h"

namespace curfew::connector {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PluginInfo plugin(std::string schema) {
  PluginInfo info;
  info.config_schema = std::move(schema);
  info.capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_PROVE | CURFEW_CAN_NOTIFY | CURFEW_CAN_SIGN_OUT_SESSION;
  info.can = {model::Action::Notify, model::Action::SignOutSession};
  info.observes = info.proves = true;
  return info;
}

constexpr const char* schema =
    R"({"x-curfew-capabilities": {"prove": ["/store/prove", "/store/kind=ldap"], "sign_out_session": ["/store"]}})";

TEST(CapabilitiesBySettings, WhatNoSettingGivesIsNotThere) {
  const PluginInfo none = with_settings(plugin(schema), "{}");
  EXPECT_FALSE(none.proves);
  EXPECT_TRUE(none.observes);
  EXPECT_THAT(none.can, ElementsAre(model::Action::Notify)) << "it is not named, and hangs on nothing";
  EXPECT_EQ(none.capabilities, CURFEW_CAN_OBSERVE | CURFEW_CAN_NOTIFY);
}

TEST(CapabilitiesBySettings, OneOfTheSettingsIsEnough) {
  EXPECT_TRUE(with_settings(plugin(schema), R"({"store": {"prove": "SELECT 1"}})").proves);
  EXPECT_TRUE(with_settings(plugin(schema), R"({"store": {"kind": "ldap"}})").proves);
  EXPECT_FALSE(with_settings(plugin(schema), R"({"store": {"kind": "sql"}})").proves);
  EXPECT_THAT(with_settings(plugin(schema), R"({"store": {"kind": "sql"}})").can,
              ElementsAre(model::Action::Notify, model::Action::SignOutSession));
}

TEST(CapabilitiesBySettings, ASettingThatSaysNothingGivesNothing) {
  for (const char* settings :
       {R"({"store": {"prove": ""}})", R"({"store": {"prove": null}})", R"({"store": {"prove": false}})",
        R"({"store": {"prove": []}})", R"({"store": "prove"})", R"([])", "{", R"({"store": ["prove"]})"})
    EXPECT_FALSE(with_settings(plugin(schema), settings).proves) << settings;
}

TEST(CapabilitiesBySettings, ASchemaThatSaysNothingOfThemLeavesThemAll) {
  EXPECT_TRUE(with_settings(plugin("{}"), "{}").proves);
  EXPECT_TRUE(with_settings(plugin("no JSON"), "{}").proves);
}

TEST(CapabilitiesBySettings, WhatTheSchemaSaysWrongIsAFaultWithItsRemedy) {
  const std::uint64_t declared = CURFEW_CAN_PROVE;
  const auto faults = [&](const std::string& keyword) {
    std::string all;
    for (const std::string& fault :
         faults_of_conditions(R"({"x-curfew-capabilities": )" + keyword + "}", declared))
      all += fault + "\n";
    return all;
  };
  EXPECT_EQ(faults(R"({"prove": ["/store"]})"), "");
  EXPECT_THAT(faults("[]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(faults(R"({"observe": ["/store"]})"), HasSubstr("can't hang on settings"));
  EXPECT_THAT(faults(R"({"notify": ["/store"]})"), HasSubstr("doesn't declare"));
  for (const char* wrong : {R"({"prove": []})", R"({"prove": ["store"]})", R"({"prove": [1]})",
                            R"({"prove": ["/a~2"]})", R"({"prove": {"/store": 1}})", R"({"prove": null})"})
    EXPECT_THAT(faults(wrong), HasSubstr("is not a list of JSON pointers")) << wrong;
  EXPECT_THAT(faults_of_conditions("{}", declared), IsEmpty());
}

}  // namespace
}  // namespace curfew::connector
