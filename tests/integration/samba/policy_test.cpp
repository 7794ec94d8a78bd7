// What the loader lets a policy ask of a Samba server: nothing that its settings can't do.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/integration/app/program.hpp"

namespace curfew::samba_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string complaint(const std::string& action, const json& smb) {
  app_test::ScriptedDaemon daemon;
  daemon.script("");
  daemon.configure(
      "  - {name: files, connector: windows, settings: " +
      json{{"inputs", {"/var/log/samba/auth_json.log"}}, {"smb", smb}}.dump() +
      "}\npolicies: [{name: one, mode: enforce, rule: session_timeout, limit: 8h, scope: {sources: [files]}, "
      "ladder: [{action: " +
      action + "}]}]\nsafety: {most_sign_outs_per_minute: 10, protected_accounts: [\"user:admin\"]}\n");
  const auto ended = app_test::run_curfew({"config", "check", daemon.config()});
  return ended.code == 0 ? std::string{} : ended.err + ended.out;
}

TEST(SmbPolicies, MayEndOneSessionOrAllOfAPersonWhereThereIsSmbcontrol) {
  const json lists{{"smbstatus", {"/usr/bin/smbstatus"}}};
  json ends = lists;
  ends["smbcontrol"] = {"/usr/bin/smbcontrol"};
  for (const std::string action : {"sign_out_session", "sign_out_subject"}) {
    EXPECT_EQ(complaint(action, ends), "") << action;
    EXPECT_THAT(complaint(action, lists), HasSubstr("can't " + action));
  }
}

}  // namespace
}  // namespace curfew::samba_test
