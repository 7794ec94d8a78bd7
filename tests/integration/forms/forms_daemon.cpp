#include "tests/integration/forms/forms_daemon.hpp"

#include <algorithm>

namespace curfew::forms_test {

using nlohmann::json;

void FormsDaemon::begin(const json& settings, const std::string& rule, const std::string& ladder,
                        const std::map<std::string, std::string>& environment) {
  daemon_.script("");
  daemon_.configure(
      "  - name: app\n    connector: forms\n    lateness: 0s\n    settings: " + settings.dump() +
      "\npolicies:\n  - name: limit\n    mode: enforce\n    scope: {sources: [app]}\n"
      "    except: {subjects: [\"user:bob\", \"user:rtyler\"]}\n    " +
      rule + "\n    ladder: " + ladder +
      "\nsafety: {most_sign_outs_per_minute: 100, protected_accounts: [\"user:admin\"]}\n");
  daemon_.start(environment);
}

json FormsDaemon::sign_outs() const { return daemon_.get("/api/v1/sign-outs")["sign_outs"]; }

json FormsDaemon::first(const std::vector<std::string>& outcomes) const {
  json found;
  (void)daemon_.until([&] {
    for (const json& row : sign_outs()) {
      if (std::find(outcomes.begin(), outcomes.end(), row["outcome"].get<std::string>()) == outcomes.end())
        continue;
      found = row;
      return true;
    }
    return false;
  });
  return found;
}

json FormsDaemon::concluded() const {
  json found;
  (void)daemon_.until([&] {
    for (const json& row : sign_outs()) {
      if (found.is_null() && !row["concluded_at"].is_null()) found = row;
    }
    return !found.is_null();
  });
  return found;
}

json FormsDaemon::sessions() const {
  return daemon_.get("/api/v1/sessions?live=true&source=app")["sessions"];
}

bool FormsDaemon::until_live(std::size_t count) const {
  return daemon_.until([&] { return sessions().size() == count; });
}

std::vector<std::string> verdicts(const json& sign_out) {
  std::vector<std::string> all;
  const json& trail = sign_out["trail"];
  for (const json& step : trail.is_array() ? trail : trail["steps"])
    all.push_back(step.value("verdict", "none"));
  return all;
}

}  // namespace curfew::forms_test
