// `curfew sign-out` orders, `curfew sign-outs release|dismiss|show` decides about what is there.
#include <Poco/URI.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/app/api_client.hpp"
#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/sign_out_watch.hpp"
#include "core/base/error.hpp"
#include "core/model/ref.hpp"
#include "core/report/tables.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// "upn:alice@corp.test"; what can only be one thing needs no namespace.
json identifier_of(const std::string& user) {
  const std::size_t colon = user.find(':');
  if (colon != std::string::npos && colon > 0 && colon + 1 < user.size())
    return {{"namespace", user.substr(0, colon)}, {"value", user.substr(colon + 1)}};
  if (user.find('\\') != std::string::npos) return {{"namespace", "windows_account"}, {"value", user}};
  if (user.find('@') != std::string::npos) return {{"namespace", "upn"}, {"value", user}};
  throw Error(ErrorKind::Usage, "--user " + user + ": write namespace:value, as in upn:alice@corp.test");
}

json selection_of(const SignOutOptions& options) {
  json select = json::object();
  const auto list = [&](const char* key, const std::vector<std::string>& texts) {
    if (!texts.empty()) select[key] = texts;
  };
  const auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) select[key] = value;
  };
  list("sources", options.sources);
  list("applications", options.applications);
  list("account_types", options.account_types);
  list("networks", options.networks);
  list("sign_ins", options.sign_ins);
  list("auth_methods", options.auth_methods);
  list("states", options.states);
  text("idle_over", options.idle_over);
  text("older_than", options.older_than);
  if (!options.device.empty()) {
    const bool is_ref = options.device.size() == 16 && model::parse_ref(options.device).has_value();
    select[is_ref ? "device" : "device_name"] = options.device;
  }
  return select;
}

json body_of(const SignOutOptions& options) {
  json body = json::object();
  if (options.session != 0) body["session"] = options.session;
  if (!options.subject.empty()) body["subject"] = options.subject;
  if (!options.user.empty()) body["identifier"] = identifier_of(options.user);
  if (json select = selection_of(options); !select.empty()) body["select"] = std::move(select);
  if (body.empty())
    throw Error(ErrorKind::Usage,
                "say whom: --session, --subject, --user, --device, --application, --source, --idle-over, …");
  if (options.at_most != 0) body["at_most"] = options.at_most;
  if (!options.reason.empty()) body["reason"] = options.reason;
  for (const std::string& step : options.steps) {
    const std::size_t at = step.find('@');
    json one{{"action", step.substr(0, at)}};
    if (at != std::string::npos) one["at"] = step.substr(at + 1);
    body["ladder"].push_back(std::move(one));
  }
  if (options.prove_within.empty()) return body;
  if (options.steps.empty()) body["ladder"].push_back({{"action", "sign_out_session"}});
  for (json& step : body["ladder"]) step["prove_within"] = options.prove_within;
  return body;
}

int preview(const ApiClient& daemon, const json& body, bool as_json) {
  const json answer = json::parse(daemon.post("/api/v1/sign-outs/preview", body.dump()));
  if (as_json) {
    print(answer.dump(2) + "\n");
  } else {
    for (const json& sentence : answer.at("sentences"))
      print(report::printable(sentence.get<std::string>()) + "\n");
  }
  return answer.at("refused").is_null() ? exit_ok : exit_failed;
}

json row_of(const ApiClient& daemon, std::uint64_t number) {
  return json::parse(daemon.get("/api/v1/sign-outs/" + std::to_string(number)));
}

std::string words_of(const json& row) {
  const auto text = [&](const char* key) {
    const json value = row.value(key, json());
    return value.is_null() ? std::string("-") : value.is_string() ? value.get<std::string>() : value.dump();
  };
  std::string out = "sign-out " + text("number") + " of session " + text("session") + " at " +
                    text("source") + ": " + text("outcome");
  if (!row.at("held_because").is_null()) out += " (" + text("held_because") + ")";
  return out + ", ordered by " + text("ordered_by") + ": " + text("reason");
}

void show(const ApiClient& daemon, std::uint64_t number) {
  const json row = row_of(daemon, number);
  print(report::printable(words_of(row)) + "\n");
  const std::pair<const char*, const char*> times[] = {{"breached_at", "breached"},
                                                       {"ordered_at", "ordered"},
                                                       {"concluded_at", "concluded"},
                                                       {"reverted_at", "reverted"}};
  for (const auto& [key, name] : times) {
    if (!row.at(key).is_null()) print(std::string("  ") + name + " " + row[key].get<std::string>() + "\n");
  }
  std::size_t index = 0;
  for (const json& step : row.at("trail")) {
    std::string line = "  step " + std::to_string(++index) + ":";
    for (const auto& [key, value] : step.items())
      line += " " + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
    print(report::printable(line) + "\n");
  }
}

int report_to_file(const ApiClient& daemon, const SignOutsOptions& options) {
  Poco::URI uri;
  uri.setPath("/api/v1/reports/sign-outs");
  uri.addQueryParameter("format", options.format);
  if (!options.from.empty()) uri.addQueryParameter("from", options.from);
  if (!options.to.empty()) uri.addQueryParameter("to", options.to);
  if (options.names) {
    uri.addQueryParameter("names", "true");
    uri.addQueryParameter("reason", options.reason);
  }
  const std::string text = daemon.get_text(uri.toString());
  if (options.out.empty()) {
    print(text);
    return exit_ok;
  }
  std::ofstream file(options.out, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::Input, options.out + ": can't be written");
  std::printf("%s: %zu bytes\n", options.out.c_str(), text.size());
  return exit_ok;
}

}  // namespace

int sign_out(const SignOutOptions& options) {
  const json body = body_of(options);
  if (!options.dry_run && options.reason.empty())
    throw Error(ErrorKind::Usage, "--reason is required: it goes into the ledger");
  const ApiClient daemon(access_of(options, Need::Orders));
  if (options.dry_run) return preview(daemon, body, options.json);
  std::optional<SignOutWatch> watch;
  if (options.wait) watch.emplace(daemon, options.json);
  const json answer = json::parse(daemon.post("/api/v1/sign-outs", body.dump()));
  const auto numbers = answer.at("sign_outs").get<std::vector<std::uint64_t>>();
  if (watch) {
    watch->follow(numbers);
    std::size_t proven = 0;
    for (const std::uint64_t number : numbers) {
      const json row = row_of(daemon, number);
      const std::string outcome = row.value("outcome", "");
      proven += outcome == "proven" || outcome == "contained";
      print(options.json ? row.dump() + "\n" : report::printable(words_of(row)) + "\n");
    }
    if (!options.json && numbers.size() > 1)
      std::printf("%zu of %zu are proven or contained\n", proven, numbers.size());
    return watch->all_proven() ? exit_ok : exit_failed;
  }
  if (options.json) {
    print(answer.dump(2) + "\n");
    return exit_ok;
  }
  std::printf("%zu ordered; an order proves nothing yet: curfew sign-outs shows how far they are\n",
              numbers.size());
  for (const std::uint64_t number : numbers)
    std::printf("sign-out %llu\n", static_cast<unsigned long long>(number));
  return exit_ok;
}

int sign_outs(const SignOutsOptions& options) {
  const bool decides = options.verb == "release" || options.verb == "dismiss";
  if (options.names && options.reason.empty())
    throw Error(ErrorKind::Usage,
                "--names needs a --reason: who asked for names, and why, goes into the ledger");
  const ApiClient daemon(access_of(options, decides         ? Need::Orders
                                            : options.names ? Need::Names
                                                            : Need::Reading));
  if (options.verb == "report") return report_to_file(daemon, options);
  if (options.verb == "show") {
    for (const std::uint64_t number : options.numbers) {
      if (options.json)
        print(row_of(daemon, number).dump(2) + "\n");
      else
        show(daemon, number);
    }
    return exit_ok;
  }
  if (options.numbers.empty() == options.policy.empty())
    throw Error(ErrorKind::Usage, "say which: their numbers, or --policy for all held ones of a policy");
  std::vector<std::string> paths;
  json body{{"reason", options.reason}};
  if (options.policy.empty()) {
    for (const std::uint64_t number : options.numbers)
      paths.push_back("/api/v1/sign-outs/" + std::to_string(number) + "/" + options.verb);
  } else {
    body["policy"] = options.policy;
    paths.push_back("/api/v1/sign-outs/" + options.verb);
  }
  std::size_t moved = 0;
  for (const std::string& path : paths)
    moved += json::parse(daemon.post(path, body.dump())).at("sign_outs").size();
  if (options.json)
    print(json{{"sign_outs", moved}}.dump() + "\n");
  else
    std::printf("%zu %s\n", moved, options.verb == "release" ? "released" : "dismissed");
  return exit_ok;
}

}  // namespace curfew::app
