#include "tests/integration/directory/directory_daemon.hpp"

#include <fstream>

namespace curfew::directory_test {

using nlohmann::json;

void DirectoryDaemon::begin(const json& more, const std::string& ladder, const std::string& accept) {
  std::ofstream(daemon_.folder() / "password") << service_password << "\n";
  domain().empty_log("auth_json");
  daemon_.script("");
  json directory = setting(more);
  directory["password_file"] = (daemon_.folder() / "password").string();
  directory["journal"] = (daemon_.folder() / "data" / "corp-ad.journal").string();
  const json settings{{"inputs", {domain().log("auth_json").string()}},
                      {"directory", directory},
                      {"arrival_delay", "1s"},
                      {"settle", "0s"}};
  daemon_.configure(
      "  - name: corp-ad\n    connector: windows\n    lateness: 0s\n    settings: " + settings.dump() +
      "\npolicies:\n  - name: limit\n    mode: enforce\n    rule: session_timeout\n    limit: 1s\n" + accept +
      "    scope: {sources: [corp-ad], applications: [samba-smb2]}\n    ladder: " + ladder +
      "\nsafety: {most_sign_outs_per_minute: 100, protected_accounts: [\"user:admin\"]}\n");
}

void DirectoryDaemon::open_a_share(const std::string& name, SambaDomain& at) {
  const auto cache = folder() / "cache";
  ASSERT_EQ(at.kinit(name, SambaDomain::password, cache).code, 0);
  const auto seen = at.run({"smbclient", "//" + at.own_host() + "/data", "-I", at.address(), "-N",
                            "--use-kerberos=required", "-c", "ls"},
                           {}, {{"KRB5CCNAME", "FILE:" + cache.string()}});
  ASSERT_EQ(seen.code, 0) << seen.output;
}

bool DirectoryDaemon::until_outcome(const std::string& outcome) {
  return daemon_.until([&] {
    const json all = sign_outs();
    return !all.empty() && all[0]["outcome"] == outcome;
  });
}

bool DirectoryDaemon::until_control(const std::string& name, const std::string& value) {
  return daemon_.until([&] { return attribute(dn_of(name), "userAccountControl") == value; });
}

}  // namespace curfew::directory_test
