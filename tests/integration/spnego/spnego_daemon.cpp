#include "tests/integration/spnego/spnego_daemon.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace curfew::spnego_test {

using nlohmann::json;
using samba_test::SmbDoor;
using support::SambaDomain;

std::string came_back(const std::string& disabled_for) {
  return "  - name: came-back\n    mode: enforce\n    rule: silent_resign_in\n    window: 10m\n"
         "    scope: {sources: [web]}\n    accept: [unenforceable]\n"
         "    ladder:\n"
         "      - {action: sign_out_subject, at: corp-ad, prove_within: 20s}\n"
         "      - {action: disable_account, at: corp-ad, together: true, revert_after: " +
         disabled_for + ", prove_within: 20s}\n";
}

void Spnego::SetUp() {
  RealDirectory::SetUp();
  if (IsSkipped()) return;
  if (const std::string why = SmbDoor::missing(); !why.empty()) GTEST_SKIP() << why;
  if (const auto why = SpnegoSite::missing(); !why.empty()) GTEST_SKIP() << why << " is missing";
}

void Spnego::begin(const std::string& policies, SpnegoSite::Check check, const std::string& told_after) {
  static const SmbDoor smb_door(domain());
  site_.emplace(domain(), daemon_.folder() / "site", check);
  std::vector<std::string> inputs;
  for (const char* name : {"auth_json", "dsdb_json", "dsdb_password_json", "full_audit"}) {
    inputs.push_back(domain().log(name).string());
    domain().empty_log(name);
  }
  std::ofstream(daemon_.folder() / "password") << directory_test::service_password << "\n";
  const json windows{
      {"inputs", inputs},
      {"settle", "1s"},
      {"arrival_delay", told_after},
      {"directory", setting({{"password_file", (daemon_.folder() / "password").string()},
                             {"journal", (daemon_.folder() / "data" / "corp-ad.journal").string()}})},
      {"smb",
       {{"smbstatus", smb_door.words("smbstatus")},
        {"smbcontrol", smb_door.words("smbcontrol")},
        {"every", "500ms"}}}};
  const int gate = support::free_port();
  daemon_.script("");
  daemon_.configure(
      "  - name: web\n    connector: forms\n    lateness: 0s\n    acts_through: [corp-ad]\n"
      "    settings: " +
      site_->connector_settings().dump() +
      "\n  - name: corp-ad\n    connector: windows\n    lateness: 0s\n    may_teach: [upn, windows_account, "
      "windows_sid]\n    settings: " +
      windows.dump() + "\ngates: [{name: door, guards: web, listener: {port: " + std::to_string(gate) +
      "}, activity_quantum: 1s}]\nsafety: {most_sign_outs_per_minute: 100, protected_accounts: "
      "[\"upn:administrator@corp.test\"]}\npolicies:\n" +
      policies);
  daemon_.start(domain().environment());
  nginx_.emplace(daemon_.folder(),
                 support::GateNginxPlaces{.gate = gate, .application = site_->port(), .certificate = {}});
}

std::filesystem::path Spnego::ticket(const std::string& name, const std::string& service,
                                     const std::string& lifetime) {
  auto cache = folder() / (name + "." + service.substr(0, service.find('/')));
  const auto got = domain().kinit(name, SambaDomain::password, cache, {"-S", service, "-l", lifetime});
  if (got.code != 0) throw std::runtime_error(got.output);
  return cache;
}

std::vector<json> Spnego::live(const std::string& source) const {
  std::vector<json> all;
  const json page = daemon_.get("/api/v1/sessions?limit=1000&source=" + source);
  for (const json& row : page["sessions"]) {
    if (row["state"] != "ended") all.push_back(row);
  }
  return all;
}

bool Spnego::until_outcome(const std::string& outcome) const {
  return daemon_.until([&] {
    const json all = sign_outs();
    return !all.empty() && all[0]["outcome"] == outcome;
  });
}

bool Spnego::until_answered(std::size_t steps) const {
  return daemon_.until([&] {
    const json trail = sign_outs()[0]["trail"];
    return trail.size() == steps &&
           std::all_of(trail.begin(), trail.end(), [](const json& step) { return step.contains("answer"); });
  });
}

bool Spnego::until_one_person() const {
  const json both{"corp-ad", "web"};
  return daemon_.until([&] {
    const json presences = daemon_.get("/api/v1/presences?live=true")["presences"];
    return std::any_of(presences.begin(), presences.end(), [&](const json& one) {
      return one["sources"] == both && one["live_sessions"].get<int>() >= 2;
    });
  });
}

bool Spnego::is_disabled(const std::string& name) {
  return attribute(dn_of(name), "userAccountControl") == "514";
}

std::string Spnego::told() const {
  std::ifstream log(site_->log());
  return daemon_.get("/api/v1/sessions?limit=1000").dump(1) + "\n" + sign_outs().dump(1) + "\n" +
         daemon_.get("/api/v1/sources").dump(1) + "\n" + daemon_.log() + "\n" +
         std::string(std::istreambuf_iterator<char>(log), {});
}

}  // namespace curfew::spnego_test
