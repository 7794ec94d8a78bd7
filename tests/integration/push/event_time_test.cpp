// A pushed history gives the sessions that `curfew audit` finds in the same file.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "plugins/files/archive_reader.hpp"
#include "tests/integration/push/pushed_daemon.hpp"

namespace curfew::push_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_text(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".json" || extension == ".ndjson" || extension == ".xml";
}
bool is_archive(const fs::path& path) { return path.extension() == ".zip" || path.extension() == ".gz"; }

// Our own, and where they are present those of others: also within archives.
std::vector<fs::path> windows_files() {
  const fs::path top = CURFEW_SOURCE_DIR;
  const fs::path data = top / ".." / "shared" / "data";
  std::vector<fs::path> files;
  for (const fs::path& folder : {top / "tests/fixtures/push", top / "tests/fixtures/windows/adfs",
                                 data / "windows-json", data / "windows-evtx"}) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const bool is_ours = is_text(entry.path()) || is_archive(entry.path());
      if (entry.is_regular_file() && is_ours && entry.path().filename() != "EXPECTED-COUNTS.json")
        files.push_back(entry.path());
    }
  }
  files.push_back(top / "tests/fixtures/quickstart/security.ndjson");
  std::sort(files.begin(), files.end());
  return files;
}

std::string body_of(const fs::path& path) {
  if (!is_archive(path)) return read(path);
  const files::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string all;
  files::read_archive(
      {file.get(), {}}, {},
      [](std::string_view place, std::string_view why) { ADD_FAILURE() << place << why; },
      [&](const std::string&, files::Bytes& bytes) {
        std::string buffer(std::size_t{1} << 20U, '\0');
        std::string why;
        for (std::int64_t got = 0; (got = bytes.read(buffer.data(), buffer.size(), why)) > 0;)
          all.append(buffer.data(), static_cast<std::size_t>(got));
      });
  return all;
}

// Lines in requests of some megabytes; what is one document, as one.
std::vector<std::string> requests_of(const std::string& body) {
  constexpr std::size_t most = std::size_t{4} << 20U;
  if (body.size() <= most) return {body};
  std::vector<std::string> requests;
  std::size_t at = 0;
  while (at < body.size()) {
    const std::size_t end = at + most >= body.size() ? body.size() : body.rfind('\n', at + most) + 1;
    requests.push_back(body.substr(at, end - at));
    at = end;
  }
  return requests;
}

class PushedHistory : public testing::TestWithParam<fs::path> {};

TEST_P(PushedHistory, GivesTheSessionsOfAnAudit) {
  const support::Database audited = cluster().fresh_database();
  const app_test::Ended audit = app_test::run_curfew({"audit", "--connector", "windows", "--database",
                                                      audited.owner.conninfo, "--json", GetParam().string()});
  ASSERT_TRUE(audit.code == 0 || audit.code == 3) << audit.err;
  const auto wanted = sessions_in(audited.owner);

  PushedDaemon daemon(cluster().fresh_database(), "quiet: 500ms", "time: event");
  daemon.start();
  std::uint64_t taken = 0;
  for (const std::string& request : requests_of(body_of(GetParam()))) {
    const PushReply reply = daemon.push("POST", "/records", request);
    ASSERT_EQ(reply.status, 200) << reply.body;
    taken += json::parse(reply.body)["taken"].get<std::uint64_t>();
  }
  ASSERT_TRUE(daemon.wait_until_judged()) << daemon.program().log();
  EXPECT_EQ(daemon.sessions(), wanted) << taken << " records";
}

INSTANTIATE_TEST_SUITE_P(Files, PushedHistory, testing::ValuesIn(windows_files()),
                         [](const testing::TestParamInfo<fs::path>& file) {
                           std::string name = file.param.parent_path().filename().string() + "_" +
                                              file.param.filename().string();
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

// Killed between its requests, and the first of them sent again.
TEST(PushedHistoryInPieces, AKillBetweenRequestsChangesNothing) {
  const fs::path file = fs::path(CURFEW_SOURCE_DIR) / "tests/fixtures/push/winlogbeat.ndjson";
  const support::Database audited = cluster().fresh_database();
  const app_test::Ended audit = app_test::run_curfew(
      {"audit", "--connector", "windows", "--database", audited.owner.conninfo, "--json", file.string()});
  ASSERT_TRUE(audit.code == 0 || audit.code == 3) << audit.err;

  PushedDaemon daemon(cluster().fresh_database(), "quiet: 3s", "time: event");
  daemon.start();
  const std::string body = read(file);
  const std::size_t half = body.find('\n', body.size() / 2) + 1;
  ASSERT_EQ(daemon.push("POST", "/records", body.substr(half)).status, 200);
  daemon.kill();
  daemon.start();
  ASSERT_EQ(daemon.push("POST", "/records", body.substr(0, half)).status, 200);
  ASSERT_EQ(daemon.push("POST", "/records", body.substr(half)).status, 200);
  ASSERT_TRUE(daemon.wait_until_judged()) << daemon.program().log();
  EXPECT_EQ(daemon.sessions(), sessions_in(audited.owner));
  daemon.kill();
  daemon.start();
  EXPECT_EQ(json::parse(daemon.push("POST", "/records", body).body)["taken"], 12)
      << "those that are counted only";
  ASSERT_TRUE(daemon.wait_until_judged());
  EXPECT_EQ(daemon.sessions(), sessions_in(audited.owner));
}

TEST(EventTime, IsForASourceAloneThatEnforcesNothing) {
  PushedDaemon daemon(cluster().fresh_database(), "quiet: 1s", "time: event");
  const std::string config = daemon.program().config();
  EXPECT_EQ(app_test::run_curfew({"config", "check", config}).code, 0);
  std::ofstream(config, std::ios::app)
      << "policies:\n  - {name: a, rule: session_timeout, mode: enforce, ladder: "
         "[{action: notify}], accept: [unenforceable]}\n"
         "safety: {protected_accounts: ['upn:a@b.c'], most_sign_outs_per_minute: 1}\n";
  const app_test::Ended enforcing = app_test::run_curfew({"config", "check", config});
  EXPECT_EQ(enforcing.code, 78);
  EXPECT_THAT(enforcing.err + enforcing.out, HasSubstr("nobody is signed out for it"));
}

}  // namespace
}  // namespace curfew::push_test
