#include "tests/integration/samba/samba_daemon.hpp"

#include "tests/integration/samba/smb_door.hpp"

namespace curfew::samba_test {

using nlohmann::json;

void SambaDaemon::begin(const std::string& policies, const json& smb) {
  support::SambaDomain& domain = controller();
  static const SmbDoor door(domain);
  std::vector<std::string> inputs;
  for (const char* name : {"auth_json", "dsdb_json", "dsdb_password_json", "full_audit"}) {
    inputs.push_back(domain.log(name).string());
    domain.empty_log(name);
  }
  json settings{{"inputs", inputs}, {"settle", "1s"}, {"arrival_delay", "4s"}};
  settings["smb"] = smb.is_null() ? json{{"smbstatus", door.words("smbstatus")},
                                         {"smbcontrol", door.words("smbcontrol")},
                                         {"every", "500ms"}}
                                  : smb;
  daemon_.script("");
  daemon_.configure(
      "  - name: dc\n    connector: windows\n    lateness: 0s\n    may_teach: [upn, windows_account, "
      "windows_sid]\n"
      "    settings: " +
      settings.dump() + "\npolicies:\n" + policies +
      "safety: {most_sign_outs_per_minute: 100, protected_accounts: [\"upn:administrator@corp.test\"]}\n");
  daemon_.start();
}

std::vector<json> SambaDaemon::sessions(const std::string& application) const {
  std::vector<json> all;
  const json page = daemon_.get("/api/v1/sessions?source=dc&limit=1000");
  for (const json& row : page["sessions"]) {
    if (row["application"] == application) all.push_back(row);
  }
  return all;
}

std::vector<json> SambaDaemon::live(const std::string& application) const {
  std::vector<json> all = sessions(application);
  std::erase_if(all, [](const json& row) { return row["state"] == "ended"; });
  return all;
}

bool SambaDaemon::until_live(std::size_t count) const {
  return daemon_.until([&] { return live().size() == count; });
}

std::string SambaDaemon::told() const {
  return daemon_.get("/api/v1/sessions?source=dc&limit=1000").dump(1) + "\n" +
         daemon_.get("/api/v1/sources").dump(1) + "\n" + daemon_.log();
}

json SambaDaemon::sign_outs() const { return daemon_.get("/api/v1/sign-outs")["sign_outs"]; }

json SambaDaemon::first_concluded() const {
  json found;
  (void)daemon_.until([&] {
    const json rows = sign_outs();
    for (const json& row : rows) {
      if (found.is_null() && !row["concluded_at"].is_null()) found = row;
    }
    return !found.is_null();
  });
  return found;
}

}  // namespace curfew::samba_test
