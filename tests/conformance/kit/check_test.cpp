#include "core/connector/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace curfew::connector {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string fixture(const std::string& name) { return CURFEW_BINARY_DIR "/tests/fixtures/" + name + ".so"; }

std::string all(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

struct Wrong {
  const char* name;
  const char* what;    // is in the fault
  const char* remedy;  // and so is this
};
std::ostream& operator<<(std::ostream& out, const Wrong& wrong) { return out << wrong.name; }

class CheckTest : public testing::TestWithParam<Wrong> {};

TEST_P(CheckTest, RefusesAPluginWithThisFaultAndNamesTheRemedy) {
  const Check check = check_plugin(fixture(GetParam().name), "{}", 1s);
  EXPECT_THAT(all(check.faults), HasSubstr(GetParam().what));
  EXPECT_THAT(all(check.faults), HasSubstr(GetParam().remedy));
  EXPECT_FALSE(check.plugin);
}

INSTANTIATE_TEST_SUITE_P(
    Fixtures, CheckTest,
    testing::Values(
        Wrong{"missing_symbol", "does not export curfew_connector_v0", "curfew_add_connector"},
        Wrong{"null_description", "returned a null pointer", "return the description"},
        Wrong{"wrong_size", "struct_size is 40", "rebuild against this version's SDK"},
        Wrong{"wrong_abi_version", "built for ABI version 1", "rebuild it against this version's SDK"},
        Wrong{"capability_without_function", "without the function prove", "provide it, or clear the bit"},
        Wrong{"revoke_without_function", "without the function revoke_presented",
              "provide it, or clear the bit"},
        Wrong{"introspect_without_capability", "the function introspect but not its capability",
              "declare it"},
        Wrong{"function_without_capability", "the function poll but not its capability", "declare it"},
        Wrong{"invalid_utf8_description", "name is not valid UTF-8", "correct the description"},
        Wrong{"broken_schema", "config_schema is not a JSON object", "give a JSON Schema"},
        Wrong{"broken_conditions", "names 'prove', which the connector doesn't declare",
              "set its capability bit"},
        Wrong{"broken_conditions", "names 'fly', which can't hang on settings", "name ladder steps"},
        Wrong{"broken_conditions", "x-curfew-capabilities.show_activity is not a list of JSON pointers",
              "write [\"/setting\""},
        Wrong{"invalid_utf8_key", "key is not valid UTF-8", "breaks the contract"},
        Wrong{"broken_gate_rules", "credentials[0].in must be one of cookie, header, bearer",
              "breaks the contract"},
        Wrong{"broken_gate_rules", "credentials[0].transform[0] is 'rot13'; it must be one of url_decode",
              "breaks the contract"},
        Wrong{"broken_gate_rules", "gate_rules is not valid UTF-8", "breaks the contract"},
        Wrong{"broken_gate_keys", "gate_keys: the key set is no JSON object with `keys`",
              "breaks the contract"},
        Wrong{"broken_gate_keys", "gate_keys have no key that can verify a token", "breaks the contract"},
        Wrong{"broken_gate_keys", "gate_keys is not valid UTF-8", "breaks the contract"},
        Wrong{"absurd_sizes", "key is longer than 2048 bytes", "identifier_count is more than 4"},
        Wrong{"absurd_sizes", "device has a size but no data", "the argument is a null pointer"},
        Wrong{"absurd_groups", "name is missing", "identifiers has a count but no data"},
        Wrong{"absurd_groups", "identifier_count is more than 100000", "breaks the contract"},
        Wrong{"absurd_times", "occurred_at is outside of the years 1990 to 2200", "breaks the contract"},
        Wrong{"blocks_on_stop", "it hangs in stop", "return in time"},
        Wrong{"leaves_a_thread", "1 of its threads still run", "join them in stop"},
        Wrong{"crashes_in_create", "it crashes in create: signal 11", "correct the plugin"},
        Wrong{"exits_in_create", "it ended the process in create with exit code 0",
              "returns an error instead"},
        Wrong{"exits_at_once_in_create", "it ended the process in create with exit code 0",
              "returns an error instead"},
        Wrong{"kills_itself_in_create", "it crashes in create: signal 9", "correct the plugin"},
        Wrong{"hangs_in_poll", "it hangs in poll", "return in time"},
        Wrong{"ignores_wake", "wake does not end a waiting poll", "return at once"},
        Wrong{"throws_in_create", "it lets an exception out", "CURFEW_CONNECTOR"}),
    [](const auto& test) { return std::string(test.param.name) + "_" + std::to_string(test.index); });

TEST(Check, FindsNothingWrongWithAGoodPlugin) {
  const Check check = check_plugin(fixture("good"), "{}", 5s);
  EXPECT_EQ(all(check.faults), "");
  EXPECT_EQ(all(check.notes), "");
  ASSERT_TRUE(check.plugin);
  EXPECT_EQ(check.plugin->name, "fixture");
}

TEST(Check, BlamesNoPluginForATrialThatCouldNotBegin) {
  const auto folder = std::filesystem::temp_directory_path() / ("curfew-broken-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "libcrypto.so.3") << "no library";
  ::setenv("LD_LIBRARY_PATH", folder.c_str(), 1);
  const Check check = check_plugin(fixture("good"), "{}", 1s);
  ::unsetenv("LD_LIBRARY_PATH");
  std::filesystem::remove_all(folder);
  EXPECT_THAT(all(check.faults),
              HasSubstr("ended before it loaded it (exit code 127): that is not the plugin's"));
}

TEST(Check, SaysWhatItCouldNotTry) {
  const Check check = check_plugin(fixture("unknown_code"), "{}", 5s);
  EXPECT_THAT(all(check.notes), HasSubstr("poll came back with code 77"));
}

TEST(Check, RefusesAFileThatOthersCouldExchange) {
  const std::string folder =
      std::filesystem::path(testing::TempDir()) / ("curfew-check-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string copy = folder + "/good.so";
  std::filesystem::copy_file(fixture("good"), copy, std::filesystem::copy_options::overwrite_existing);
  for (const mode_t mode : {0775U, 0757U}) {
    ASSERT_EQ(chmod(copy.c_str(), mode), 0);
    EXPECT_THAT(all(check_plugin(copy).faults), HasSubstr("chmod go-w " + copy));
  }
  ASSERT_EQ(chmod(copy.c_str(), 0755), 0);
  EXPECT_EQ(all(check_plugin(copy).faults), "");
  ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
  EXPECT_THAT(all(check_plugin(copy).faults), HasSubstr("chmod o-w"));
  std::filesystem::remove_all(folder);
}

TEST(Check, RefusesWhatIsNoPlugin) {
  EXPECT_THAT(all(check_plugin("/nowhere/x.so").faults), HasSubstr("can't be found"));
  EXPECT_THAT(all(check_plugin("/").faults), HasSubstr("is not a file"));
  EXPECT_THAT(all(check_plugin("/etc/passwd").faults), HasSubstr("can't be loaded"));
}

}  // namespace
}  // namespace curfew::connector
