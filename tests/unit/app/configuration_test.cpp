#include "core/app/configuration.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/app/configuration_table.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;

std::string error_of(std::string_view text) {
  try {
    (void)parse_configuration("c.yaml", text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    return error.what();
  }
  return "no error";
}

connector::PluginInfo able() {
  connector::PluginInfo plugin;
  plugin.name = "replay";
  plugin.can = {model::Action::SignOutSession, model::Action::RevokeTokens};
  plugin.proves = true;
  plugin.shows_activity = true;
  plugin.config_schema = R"({"type":"object","additionalProperties":false,"required":["file"],
    "properties":{"file":{"type":"string"},"key":{"type":"string"},"speed":{"type":"integer","minimum":1}}})";
  return plugin;
}

const char* const enforcing = R"(
sources:
  - {name: crm, connector: replay}
policies:
  - name: day
    rule: session_timeout
    limit: 8h
    mode: enforce
    ladder:
      - {action: sign_out_session}
safety:
  most_sign_outs_per_minute: 10
  protected_accounts: ["upn:admin@corp.test"]
)";

TEST(Configuration, AnAddressThatOthersReachNeedsTlsOrAWordThatAProxyHasIt) {
  EXPECT_THAT(error_of("listeners:\n  sources: {port: 8471, address: 0.0.0.0}\n"),
              HasSubstr("c.yaml:2:34: '0.0.0.0' can be reached by others, who would read the tokens"));
  EXPECT_EQ(error_of("listeners:\n  sources: {port: 8471, address: \"::1\"}\n"), "no error");
  EXPECT_EQ(error_of("listeners: {sources: {address: 0.0.0.0}}\n"), "no error") << "it is off";
  EXPECT_EQ(error_of("listeners: {sources: {port: 1, address: 10.1.2.3, plain_beyond_loopback: true}}\n"),
            "no error");
  EXPECT_EQ(error_of("listeners: {sources: {port: 1, address: 10.1.2.3, tls_certificate: c, tls_key: k}}\n"),
            "no error");
  EXPECT_THAT(error_of("listeners: {sources: {port: 1, tls_certificate: c}}\n"),
              HasSubstr("TLS needs both tls_certificate and tls_key"));
  EXPECT_THAT(error_of("listeners: {sources: {port: 1, tls_client_ca: c}}\n"),
              HasSubstr("c.yaml:1:47: client certificates need TLS"));
}

TEST(Configuration, WhatChangedIsNamedByKeyAndElement) {
  const auto changes = [](std::string_view before, std::string_view after) {
    return changed_keys(parse_configuration("a.yaml", before), parse_configuration("b.yaml", after));
  };
  EXPECT_THAT(changes("queue: 100\n", "queue: 100\n"), testing::IsEmpty());
  EXPECT_THAT(changes("queue: 100\n", "listeners: {operator: {port: 1}}\nqueue: 200\n"),
              testing::UnorderedElementsAre("queue", "listeners.operator.port"));
  EXPECT_THAT(changes("sources: [{name: a, ingest: true}, {name: b, ingest: true}]\n",
                      "sources: [{name: c, ingest: true}, {name: b, ingest: true, lateness: 9s}]\n"),
              testing::UnorderedElementsAre("sources[a]", "sources[c]", "sources[b].lateness"));
}

TEST(Configuration, AnEmptyFileIsDefaultsWithObservingRulesForHumans) {
  const Settings settings = parse_configuration("c.yaml", "");
  EXPECT_EQ(settings.realm, "default");
  ASSERT_FALSE(settings.policies.empty());
  for (const model::Policy& policy : settings.policies) {
    EXPECT_EQ(policy.mode, model::PolicyMode::Observe) << policy.name;
    EXPECT_THAT(policy.scope.account_types, testing::Contains(model::AccountType::Human));
    EXPECT_THAT(policy.scope.account_types, testing::Not(testing::Contains(model::AccountType::Service)));
  }
}

TEST(Configuration, ATextInAnotherEncodingIsRefusedWithItsPlace) {
  EXPECT_EQ(error_of("realm: corp\nnode: b\xfcro\n"),
            "c.yaml:2:8: this is not UTF-8; save the file in UTF-8");
}

TEST(Configuration, AnEmptyListOfPoliciesIsNoPolicies) {
  EXPECT_TRUE(parse_configuration("c.yaml", "policies: []\n").policies.empty());
}

TEST(Configuration, EveryKeyReachesItsMember) {
  const Settings settings = parse_configuration("c.yaml", R"(
realm: corp
node: n1
data: /srv/curfew
ledger: {batch_entries: 7, batch_time: 5ms, key_file: /etc/k, outside_checkpoints: /mnt/c}
listeners: {operator: {address: "::1", port: 9000}, sources: {port: 9001}}
sources:
  - name: crm
    connector: replay
    lateness: 2s
    stale_after: 3m
    retry_window: 2h
    acts_through: [ad]
    may_teach: upn
    settings: {file: a.ndjson, speed: 3, exact: "3", on: true, none: null, list: [1, 2.5]}
  - {name: ad, connector: windows}
links:
  domains: [{domain: CORP, upn_suffix: corp.test}]
  aliases: [{from: "upn:a@x", to: "upn:b@x"}]
policies:
  - name: two
    rule: concurrent_sessions
    most: 2
    per: source
    evict: newest
    scope: {sources: [crm], account_types: [human, shared]}
    except: {subjects: ["upn:boss@x"]}
clock_jump: 1m
)");
  EXPECT_EQ(settings.realm, "corp");
  EXPECT_EQ(settings.ledger.batch_entries, 7U);
  EXPECT_EQ(settings.ledger.batch_time, std::chrono::milliseconds(5));
  EXPECT_EQ(settings.listeners.operator_listener.port, 9000U);
  EXPECT_EQ(settings.listeners.sources.port, 9001U);
  ASSERT_EQ(settings.sources.size(), 2U);
  EXPECT_EQ(settings.sources[0].stale_after, minutes(3));
  EXPECT_THAT(settings.sources[0].may_teach, testing::ElementsAre("upn"));
  EXPECT_EQ(settings.sources[0].settings,
            R"({"file":"a.ndjson","speed":3,"exact":"3","on":true,"none":null,"list":[1,2.5]})");
  ASSERT_EQ(settings.policies.size(), 1U);
  const model::Policy& policy = settings.policies[0];
  EXPECT_EQ(policy.per, model::Per::Source);
  EXPECT_EQ(policy.evict, model::Evict::Newest);
  EXPECT_THAT(policy.scope.account_types,
              testing::ElementsAre(model::AccountType::Human, model::AccountType::Shared));
  EXPECT_EQ(settings.clock_jump, minutes(1));
}

struct Wrong {
  const char* text;
  const char* expected;
};

class WrongConfiguration : public testing::TestWithParam<Wrong> {};

TEST_P(WrongConfiguration, IsRefusedWithPlaceAndRemedy) {
  EXPECT_THAT(error_of(GetParam().text), HasSubstr(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongConfiguration,
    testing::Values(
        Wrong{"relm: x\n", "c.yaml:1:1: unknown key 'relm' in curfew; did you mean 'realm'?"},
        Wrong{"sources:\n  - name: a\n    conector: replay\n",
              "c.yaml:3:5: unknown key 'conector' in source; did you mean 'connector'?"},
        Wrong{"sources:\n  - name: a\n", "c.yaml:2:5: source 'a' has no 'connector'"},
        Wrong{"sources: a\n", "c.yaml:1:10: 'sources' must be a list"},
        Wrong{"clock_jump: soon\n", "c.yaml:1:13: 'clock_jump' must be a duration"},
        Wrong{"clock_jump:\n", "'clock_jump' has no value"}, Wrong{"queue: 3\n", "'queue' must be from 16"},
        Wrong{"queue: 1e3\n", "'queue' must be a whole number"},
        Wrong{"realm: a\nrealm: b\n", "c.yaml:2:1: key 'realm' is there twice"}, Wrong{"a: [\n", "c.yaml:"},
        Wrong{"policies:\n  - {name: p, rule: sesion_timeout, limit: 1h}\n",
              "did you mean 'session_timeout'?"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout}\n", "has no 'limit'"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 25h}\n",
              "session_timeout is at most 1d"},
        Wrong{"policies:\n  - {name: p, rule: inactivity_timeout, limit: 4m}\n",
              "c.yaml:2:48: inactivity_timeout must be from 5m"},
        Wrong{"policies:\n  - {name: p, rule: inactivity_timeout, limit: 1441m}\n", "must be from 5m"},
        Wrong{"safety: {shortest_inactivity_timeout: 1m}\n"
              "policies:\n  - {name: p, rule: inactivity_timeout, limit: 59s}\n",
              "must be from 1m to 24h"},
        Wrong{"policies:\n  - {name: p, rule: activity_after_end, limit: 1h}\n", "means nothing"},
        Wrong{"policies:\n  - {name: p, rule: shared_device, limit: 1h}\n", "means nothing"},
        Wrong{"policies:\n  - {name: p, rule: shared_device, changes: [disabled]}\n", "means nothing"},
        Wrong{"policies:\n  - {name: p, rule: resume_without_reauthentication, zone: UTC}\n",
              "means nothing"},
        Wrong{"policies:\n  - {name: p, rule: disabled_account_activity, changes: [deleted]}\n", "changes"},
        Wrong{"policies:\n  - {name: p, rule: allowed_hours}\n", "has no 'hours'"},
        Wrong{"policies:\n  - {name: p, rule: allowed_hours, hours: []}\n", "nobody could ever"},
        Wrong{"policies:\n  - {name: p, rule: allowed_hours, hours: [{from: '9:00', to: '17:00'}]}\n",
              "'9:00' is no time of day"},
        Wrong{
            "policies:\n  - {name: p, rule: allowed_hours, zone: Europe/Berlni, hours: [{from: '09:00', to: "
            "'17:00'}]}\n",
            "c.yaml:2:42: there is no time zone 'Europe/Berlni'"},
        Wrong{"policies:\n  - {name: p, rule: reauthentication_interval}\n", "has no 'limit'"},
        Wrong{"policies:\n  - {name: p, rule: reauthentication_interval, limit: 8h, window: 1h}\n",
              "c.yaml:2:67: 'window' means nothing to rule reauthentication_interval"},
        Wrong{"policies:\n  - {name: p, rule: reauthentication_interval, limit: 8h, warn_before: 8h}\n",
              "warning must come after the start"},
        Wrong{"policies:\n  - {name: p, rule: session_binding}\n", "(session_binding) has no 'bind'"},
        Wrong{"policies:\n  - {name: p, rule: session_binding, bind: []}\n",
              "name what must stay, device, network, address, user_agent"},
        Wrong{"policies:\n  - {name: p, rule: session_binding, bind: [adress]}\n", "did you mean 'address'?"},
        Wrong{"policies:\n  - {name: p, rule: session_binding, bind: [device], limit: 1h}\n",
              "'limit' means nothing to rule session_binding"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, bind: [device]}\n",
              "'bind' means nothing to rule session_timeout"},
        Wrong{"policies:\n  - {name: p, rule: silent_resign_in}\n", "has no 'window'"},
        Wrong{"policies:\n  - {name: p, rule: silent_resign_in, window: 10m, most: 3}\n", "means nothing"},
        Wrong{"sources:\n  - {name: crm, ingest: true, retry_window: 5m}\n"
              "policies:\n  - {name: p, rule: silent_resign_in, window: 10m}\n",
              "c.yaml:4:47: source 'crm' remembers a sign-out for its retry_window, 5m"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, warn_before: 1h}\n", "warning"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, warn_before: 5m, warn_by: [x]}\n",
              "no notification named"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, warn_by: [n]}\n",
              "say how long before"},
        Wrong{"policies:\n  - {name: p, rule: activity_after_end, warn_by: [n]}\n", "means nothing"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, scope: {sources: [crm]}}\n",
              "no source 'crm'"},
        Wrong{"groups: [{name: payroll, members: ['upn:a@x']}]\n"
              "policies:\n  - {name: p, rule: session_timeout, limit: 1h, scope: {groups: [payrol]}}\n",
              "c.yaml:3:65: nobody tells the members of group 'payrol'; did you mean 'payroll'?"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, except: {groups: [admins]}}\n",
              "name it in 'groups', or in 'tells_groups' of a source"},
        Wrong{"groups: [{name: payroll}]\n", "needs either members or members_file"},
        Wrong{"groups: [{name: payroll, members: [alice]}]\n", "must be namespace:value"},
        Wrong{"groups: [{name: payroll, members: ['upn:a@x']}]\n"
              "sources: [{name: ad, connector: windows, tells_groups: [payroll]}]\n",
              "the members of group 'payroll' are told twice"},
        Wrong{"policies:\n  - {name: p, rule: session_timeout, limit: 1h, mode: enforce}\n", "ladder"},
        Wrong{"tokens:\n  - {name: a, role: viewer}\n", "needs one of token_file"},
        Wrong{"tokens:\n  - {name: a, role: viewr, token_env: X}\n", "did you mean 'viewer'?"},
        Wrong{"database: {url: 'postgresql://u:secret@h/d'}\n", "password_file"},
        Wrong{"data: /srv/c\nledger: {outside_checkpoints: /srv/c/log}\n", "outside the data directory"}));

TEST(Configuration, AnEnforcingPolicyNeedsAProtectedAccountAndACap) {
  std::string text = enforcing;
  EXPECT_EQ(error_of(text), "no error");
  std::string without_cap = text;
  without_cap.replace(without_cap.find("most_sign_outs_per_minute: 10"), 29, "approve_above: 10");
  EXPECT_THAT(error_of(without_cap), HasSubstr("most_sign_outs_per_minute"));
  std::string without_account = text;
  without_account.resize(without_account.find("  protected_accounts"));
  EXPECT_THAT(error_of(without_account), HasSubstr("protected_accounts"));
}

TEST(Configuration, EnforceIsRefusedWhereItCantBeCarriedOutOrProven) {
  const Settings settings = parse_configuration("c.yaml", enforcing);
  connector::PluginInfo plugin = able();
  plugin.config_schema = "{}";
  EXPECT_NO_THROW(check_sources(settings, {{"crm", plugin}}));
  plugin.can.clear();
  EXPECT_THROW(check_sources(settings, {{"crm", plugin}}), Error);
  plugin.can = {model::Action::SignOutSession};
  plugin.proves = false;
  try {
    check_sources(settings, {{"crm", plugin}});
    FAIL() << "a source that can't prove was accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("c.yaml:8:11: policy 'day' can't be enforced at source 'crm'"));
  }
  std::string accepted = enforcing;
  accepted.replace(accepted.find("mode: enforce"), 13, "mode: enforce\n    accept: [unenforceable]");
  EXPECT_NO_THROW(check_sources(parse_configuration("c.yaml", accepted), {{"crm", plugin}}));
}

TEST(Configuration, GroupsAreToldOnlyByAConnectorThatCan) {
  const Settings settings = parse_configuration(
      "c.yaml",
      "sources:\n  - {name: crm, connector: replay, tells_groups: [payroll], settings: {file: a}}\n");
  connector::PluginInfo plugin = able();
  try {
    check_sources(settings, {{"crm", plugin}});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("c.yaml:2:50: the connector 'replay' tells no groups"));
  }
  plugin.tells_groups = true;
  EXPECT_NO_THROW(check_sources(settings, {{"crm", plugin}}));
}

TEST(Configuration, OnlyPathsWhoseRequestsProveThemselvesAreOpened) {
  const std::string text =
      "sources:\n  - {name: sso, connector: oauth, open_paths: [/back-channel-logout], settings: {file: "
      "a}}\n";
  const Settings settings = parse_configuration("c.yaml", text);
  connector::PluginInfo plugin = able();
  const std::string provable = R"({"x-curfew-open-paths": ["/back-channel-logout"]})";
  plugin.config_schema = provable;
  EXPECT_THROW(check_sources(settings, {{"sso", plugin}}), Error) << "takes no requests at all";
  plugin.receives_http = true;
  plugin.config_schema = R"({"x-curfew-open-paths": ["/other"]})";
  EXPECT_THROW(check_sources(settings, {{"sso", plugin}}), Error);
  plugin.config_schema = "{}";
  EXPECT_THROW(check_sources(settings, {{"sso", plugin}}), Error);
  plugin.config_schema = provable;
  EXPECT_NO_THROW(check_sources(settings, {{"sso", plugin}}));
  for (const char* bad : {"x", "'/a?b'", "'/a%2fb'"}) {
    std::string wrong = text;
    wrong.replace(wrong.find("/back-channel-logout"), 20, bad);
    EXPECT_THAT(error_of(wrong), HasSubstr("must be a path")) << bad;
  }
}

TEST(Configuration, SettingsOfAConnectorAreCheckedAgainstItsSchemaWithTheirPlace) {
  const auto error = [](const char* plugin_settings) -> std::string {
    const std::string text = std::string("sources:\n  - name: crm\n    connector: replay\n    settings: ") +
                             plugin_settings + "\n";
    try {
      check_sources(parse_configuration("c.yaml", text), {{"crm", able()}});
    } catch (const Error& problem) {
      return problem.what();
    }
    return "no error";
  };
  EXPECT_EQ(error("{file: x}"), "no error");
  EXPECT_THAT(
      error("{fil: x}"),
      HasSubstr(
          "c.yaml:4:16: unknown key 'fil' in the settings of connector 'replay'; did you mean 'file'?"));
  EXPECT_THAT(error("{file: 3}"), HasSubstr("must be string"));
  EXPECT_THAT(error("{file: x, speed: 0}"), HasSubstr("must be at least 1"));
  EXPECT_THAT(error("{speed: 1}"), HasSubstr("has no 'file'"));
}

TEST(Configuration, SecretsComeFromFilesAndVariablesAndAreNeverShown) {
  const std::string folder = testing::TempDir() + "curfew-secrets";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/key") << "hunter2\n";
  const std::string text =
      "sources:\n  - name: crm\n    connector: replay\n    settings: {file: x, key_file: " + folder +
      "/key}\n";
  const Settings settings = parse_configuration("c.yaml", text);
  EXPECT_EQ(resolve_secrets(settings, 0, able().config_schema), R"({"file":"x","key":"hunter2"})");
  EXPECT_THAT(show(settings), testing::Not(HasSubstr("hunter2")));
  const Settings literal = parse_configuration(
      "c.yaml",
      "sources:\n  - {name: crm, connector: replay, settings: {client_secret: hunter2, file: x}}\n");
  EXPECT_THAT(show(literal), testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(show(literal), HasSubstr("***"));
  std::filesystem::remove_all(folder);
}

TEST(Configuration, ConfDFilesAddAndSayNothingTwice) {
  const std::string folder = testing::TempDir() + "curfew-conf";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder + "/conf.d");
  std::ofstream(folder + "/curfew.yaml")
      << "realm: corp\nsources: [{name: a, connector: replay}]\nsafety: {approve_above: 5}\n";
  std::ofstream(folder + "/conf.d/10.yaml")
      << "sources: [{name: b, connector: replay}]\nsafety: {most_sign_outs_per_minute: 9}\n";
  const Settings settings = load_configuration(folder + "/curfew.yaml");
  ASSERT_EQ(settings.sources.size(), 2U);
  EXPECT_EQ(settings.sources[1].name, "b");
  EXPECT_EQ(settings.safety.approve_above, 5U);
  EXPECT_EQ(settings.safety.most_sign_outs_per_minute, 9U);
  std::ofstream(folder + "/conf.d/20.yaml") << "realm: other\n";
  try {
    (void)load_configuration(folder + "/curfew.yaml");
    FAIL() << "the realm was said twice";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("20.yaml:1:1: 'realm' was already said at " + folder + "/curfew.yaml:1:8"));
  }
  std::filesystem::remove_all(folder);
}

TEST(Configuration, AliasesCantMakeASmallFileLarge) {
  std::string text = "private_networks: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  text =
      "sources:\n  - name: a\n    connector: replay\n    settings:\n      l0: &l0 [x, x, x, x, x, x, x, x, "
      "x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*l" + std::to_string(i - 1);
    text += "      l" + std::to_string(i) + ": &l" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(error_of(text), HasSubstr("more than"));
}

TEST(Configuration, WhatIsShownReadsBackAsTheSame) {
  const Settings settings = parse_configuration("c.yaml", enforcing);
  const std::string shown = show(settings);
  EXPECT_EQ(show(parse_configuration("shown.yaml", shown)), shown);
}

TEST(Configuration, ASilentResignInIsJudgedByTheApplicationUnlessItIsSaid) {
  const Settings settings =
      parse_configuration("c.yaml",
                          "policies:\n  - {name: a, rule: silent_resign_in, window: 10m}\n"
                          "  - {name: b, rule: silent_resign_in, window: 1h, per: subject}\n");
  EXPECT_EQ(settings.policies[0].per, model::Per::Application);
  EXPECT_EQ(settings.policies[1].per, model::Per::Subject);
  EXPECT_EQ(sentence(settings.policies[0]),
            "Policy 'a': no sign-in without fresh credentials within 10 min after a sign-out from the same "
            "application; for everybody. A breach is recorded, nobody is signed out.");
  EXPECT_THAT(sentence(settings.policies[1]), HasSubstr("within 1 h after a sign-out of the same person"));
}

TEST(Configuration, SaysWhatCredentialsAndBindingsArePoliciesOf) {
  const Settings settings = parse_configuration(
      "c.yaml",
      "policies:\n  - {name: a, rule: reauthentication_interval, limit: 30d, warn_before: 1h}\n"
      "  - {name: b, rule: session_binding, bind: [device, network, user_agent]}\n");
  EXPECT_EQ(settings.policies[1].bind,
            (std::vector{model::Bond::Device, model::Bond::Network, model::Bond::UserAgent}));
  EXPECT_THAT(
      sentence(settings.policies[0]),
      HasSubstr("a session may go on for 30 d without fresh credentials; for everybody; a warning 1 h "
                "before"));
  EXPECT_THAT(sentence(settings.policies[1]),
              HasSubstr("no session goes on from another device, network or user agent without fresh "
                        "credentials"));
  const std::string shown = show(settings);
  EXPECT_EQ(parse_configuration("shown.yaml", shown).policies, settings.policies);
}

TEST(Configuration, AZoneIsWrittenDownAsTheOffsetsThatItHas) {
  const char* text =
      "policies:\n"
      "  - name: office\n"
      "    rule: allowed_hours\n"
      "    zone: Europe/Berlin\n"
      "    hours:\n"
      "      - {days: [monday, friday], from: '07:00', to: '19:00'}\n"
      "      - {from: '22:00', to: '02:00'}\n";
  const Settings settings = parse_configuration("c.yaml", text);
  const auto& offsets = settings.policies[0].offsets;
  // Summer of 2026, as the law has it.
  const Time summer = base::parse_rfc3339("2026-03-29T01:00:00Z").value();
  const auto change = std::find_if(offsets.begin(), offsets.end(),
                                   [&](const model::ZoneOffset& one) { return one.from == summer; });
  ASSERT_NE(change, offsets.end());
  EXPECT_EQ(change->offset, std::chrono::hours(2));
  EXPECT_EQ(std::next(change)->from, base::parse_rfc3339("2026-10-25T01:00:00Z").value());
  EXPECT_EQ(parse_configuration("c.yaml", text).policies, settings.policies);
  EXPECT_THAT(sentence(settings.policies[0]),
              HasSubstr("sessions only on monday and friday from 07:00 to 19:00 and every day from 22:00 to "
                        "02:00 (Europe/Berlin)"));
}

TEST(Configuration, SentencesSayWhatIsEnforcedAndWhatIsNot) {
  const auto text = [](const Settings& settings) {
    std::string all;
    for (const std::string& line : sentences(settings, {{"crm", able()}})) all += line + "\n";
    return all;
  };
  EXPECT_THAT(
      text(parse_configuration("c.yaml", enforcing)),
      testing::AllOf(
          HasSubstr(
              "Policy 'day': a session may live 8 h; for everybody. A breach signs out: sign_out_session"),
          HasSubstr("at most 10 sign-outs a minute"), HasSubstr("upn:admin@corp.test")));
  EXPECT_THAT(text(parse_configuration("c.yaml", "")), HasSubstr("Nothing enforces"));
}

TEST(ConfigurationOfTime, AHistoryIsAloneAndEnforcesNothing) {
  const std::string history = "sources: [{name: crm, connector: replay, time: event}]\n";
  const Settings settings = parse_configuration("c.yaml", history);
  EXPECT_EQ(settings.sources[0].time, SourceTime::Event);
  EXPECT_EQ(policy_set(settings, {}).sources[0].lateness, Duration{0});
  EXPECT_THAT(sentences(settings, {{"crm", able()}}),
              testing::Contains(HasSubstr("the time that they bear")));
  EXPECT_THAT(
      error_of("sources: [{name: crm, connector: replay, time: event}, {name: b, connector: replay}]\n"),
      HasSubstr("the only one"));
  EXPECT_THAT(error_of("sources: [{name: crm, ingest: true, time: event}]\n"), HasSubstr("name a connector"));
  EXPECT_THAT(error_of(history + "gates: [{name: g, guards: crm}]\n"), HasSubstr("without gates"));
  EXPECT_THAT(error_of(history +
                       "policies: [{name: a, rule: session_timeout, mode: enforce, accept: [unenforceable], "
                       "ladder: [{action: sign_out_session}]}]\n"
                       "safety: {protected_accounts: ['upn:a@b.c'], most_sign_outs_per_minute: 1}\n"),
              HasSubstr("nobody is signed out for it"));
}

TEST(ConfigurationOfGates, IsReadAndShownAsASource) {
  const Settings settings = parse_configuration("c.yaml",
                                                "sources: [{name: crm, ingest: true}]\n"
                                                "gates: [{name: crm-gate, guards: crm, unknown: deny, "
                                                "learn_for: 5m, public_paths: [/login, /static/*]}]\n");
  ASSERT_EQ(settings.gates.size(), 1U);
  EXPECT_EQ(settings.gates[0].listener.port, 8471U);
  const model::PolicySet set = policy_set(settings, {});
  ASSERT_EQ(set.sources.size(), 2U);
  EXPECT_EQ(set.sources[1].connector, "gate");
  EXPECT_EQ(set.sources[1].shows_activity_of, std::vector<std::string>{"crm"});
  std::string all;
  for (const std::string& line : sentences(settings, {})) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("Gate 'crm-gate' on 127.0.0.1:8471 judges requests by the sessions of 'crm'"));
}

TEST(ConfigurationOfGates, WhatIsWrongIsSaidWithItsPlace) {
  const auto with = [](const std::string& gate) {
    return error_of("sources: [{name: crm, ingest: true}]\ngates:\n  - {name: g, guards: crm" + gate + "}\n");
  };
  EXPECT_EQ(with(""), "no error");
  EXPECT_THAT(error_of("sources: [{name: crm, ingest: true}]\ngates: [{name: g, guards: crn}]\n"),
              HasSubstr("c.yaml:2:27: there is no source 'crn'; did you mean 'crm'?"));
  EXPECT_THAT(error_of("sources: [{name: crm, ingest: true}]\ngates: [{name: crm, guards: crm}]\n"),
              HasSubstr("a source is named 'crm' already"));
  EXPECT_THAT(with(", public_paths: [\"/a/../b\"]"), HasSubstr("'/a/../b' is no path"));
  EXPECT_THAT(with(", proxies: [10.0.0.0/99]"), HasSubstr("neither an address nor a network"));
  EXPECT_THAT(with(", sign_in: \"javascript:x\""), HasSubstr("must be a path such as /login"));
  EXPECT_THAT(with(", sign_in: \"//evil.test\""), HasSubstr("must be a path such as /login"));
  EXPECT_THAT(with(", pages: /curfew"), HasSubstr("must be a path that ends in '/'"));
  EXPECT_THAT(with(", warning_header: \"a b\""), HasSubstr("is no name of a header"));
  EXPECT_THAT(with(", cookie_path: \"/;x\""), HasSubstr("must be a path such as /"));
  EXPECT_THAT(with(", machine_headers: [\"a b: c\"]"), HasSubstr("'a b: c' is no header"));
  EXPECT_THAT(with(", listener: {port: 8470}"), HasSubstr("another listener has this address and port"));
  EXPECT_THAT(error_of("listeners: {operator: {port: 9161}, sources: {port: 9161}}\n"),
              HasSubstr("c.yaml:1:53: another listener has this address and port"));
  EXPECT_THAT(with(", listener: {address: 0.0.0.0}"), HasSubstr("'0.0.0.0' can be reached by others"));
  EXPECT_THAT(with(", unknown: perhaps"), HasSubstr("perhaps"));
}

TEST(ConfigurationSchema, KnowsEveryKeyAndClosesEveryMapping) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema["additionalProperties"], false);
  const auto& policy = schema["properties"]["policies"]["items"];
  EXPECT_EQ(policy["additionalProperties"], false);
  EXPECT_THAT(policy["required"].dump(), HasSubstr("rule"));
  EXPECT_EQ(policy["properties"]["rule"]["enum"].size(), model::Names<model::Rule>::all.size());
  EXPECT_EQ(schema["properties"]["clock_jump"]["default"], "30s");
}

TEST(ConfigurationReference, TheDocumentIsTheOneGeneratedFromTheDeclaration) {
  std::ifstream in(std::string(CURFEW_SOURCE_DIR) + "/docs/configuration.md");
  const std::string page((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_THAT(page, HasSubstr(reference_page())) << "run: scripts/run config schema --reference";
}

TEST(ConfigurationExamples, AreValid) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(CURFEW_SOURCE_DIR) + "/docs/examples")) {
    EXPECT_NO_THROW((void)load_configuration(entry.path().string())) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 2);
  EXPECT_NO_THROW((void)load_configuration(std::string(CURFEW_SOURCE_DIR) + "/scripts/quickstart.yaml"));
}

}  // namespace
}  // namespace curfew::app
