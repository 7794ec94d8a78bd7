// Exports of a real ledger: valid for others, complete and in order at real receivers that are away in
// between.
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "core/base/error.hpp"
#include "core/outlet/export_outlet.hpp"
#include "tests/integration/store/batches.hpp"
#include "tests/support/authority.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/webhook_receiver.hpp"
#include "tests/unit/outlet/export_samples.hpp"

namespace curfew::outlet {
namespace {

using support::eventually;
using testing::HasSubstr;
using testing::Not;

const std::string scripts = CURFEW_SOURCE_DIR "/tests/integration/outlet/";

struct Ran {
  int status = -1;
  std::string output;
};
Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    ran.output.append(buffer.data(), count);
  ran.status = ::pclose(pipe);
  return ran;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The sequences in the order of their lines; `before`: what stands before each.
std::vector<std::uint64_t> sequences_in(const std::string& text, const std::string& before) {
  std::vector<std::uint64_t> all;
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1))
    all.push_back(std::stoull(text.substr(at + before.size(), 20)));
  return all;
}
std::vector<std::uint64_t> up_to(std::uint64_t end) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < end; ++i) all.push_back(i);
  return all;
}
std::vector<std::uint64_t> without_repeats(std::vector<std::uint64_t> all) {
  std::set<std::uint64_t> seen;
  std::erase_if(all, [&](std::uint64_t one) { return !seen.insert(one).second; });
  return all;
}

class Exporting : public testing::Test {
 protected:
  Exporting() {
    ground_.realm = store::test_stream.realm;
    ground_.database = database_.application;
    ground_.with_store = [this](const std::function<void(store::Store&)>& read) {
      store::Store store(database_.application, store::Role::Reader);
      read(store);
    };
    ground_.now = base::wall_clock_now;
    ground_.log = [this](Severity, const std::string& text) {
      const std::lock_guard lock(mutex_);
      log_ += text + "\n";
    };
    ground_.metrics = &metrics_;
  }

  void append(std::size_t count, const store::Extras& extras = {}) {
    writer_.append(head_, store::batch_of(size_, count), extras);
    size_ += count;
  }
  std::unique_ptr<ExportOutlet> exporting(ExportSettings settings, const MakeSink& make_sink) {
    settings.name = "test";
    auto outlet = std::make_unique<ExportOutlet>(
        ground_, std::move(settings), make_sink,
        [this](const std::string& by, const std::string&, std::size_t names) {
          if (refuses_access_) throw Error(ErrorKind::Unavailable, "who asked could not be recorded");
          const std::lock_guard lock(mutex_);
          log_ += by + " was told " + std::to_string(names) + " names\n";
        });
    outlet->start();
    return outlet;
  }
  static MakeSink sink_of(HttpSinkSettings settings) {
    settings.now = base::wall_clock_now;
    return [settings](const std::string&, const std::function<void(const std::string&)>&) {
      return make_http_sink(settings);
    };
  }
  MakeSink sink_of_file() {
    return [this](const std::string& state, std::function<void(const std::string&)> save) {
      return make_file_sink({.path = (folder_.path() / "events").string(),
                             .rotate_bytes = 0,
                             .keep = 0,
                             .mode = 0640,
                             .warn = [](const std::string&) {},
                             .save = std::move(save)},
                            state);
    };
  }
  [[nodiscard]] bool shows(const std::string& metric, double value) const {
    std::ostringstream line;
    line << metric << " " << value << "\n";
    return metrics_.text().find(line.str()) != std::string::npos;
  }
  [[nodiscard]] bool delivered(std::size_t count) const {
    return shows(R"(curfew_outlet_delivered_total{outcome="delivered",outlet="export/test"})",
                 static_cast<double>(count));
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  support::Database database_ = support::Cluster::instance().fresh_database();
  store::Store writer_{database_.application, store::Role::Writer};
  const store::StreamHead head_ = writer_.open_stream(store::test_stream, store::test_key);
  std::uint64_t size_ = 0;
  support::TemporaryDirectory folder_;
  metrics::Registry metrics_;
  Ground ground_;
  std::atomic<bool> refuses_access_ = false;
  std::mutex mutex_;
  std::string log_;
};

// ---- formats, as others define them ----

void write_samples(const std::filesystem::path& path, ExportFormat format, const ExportNames& names) {
  std::ofstream out(path, std::ios::app);
  EventReader reader;
  for (const ledger::SealedEntry& sealed : export_samples())
    out << render(format, reader.read(sample_stream, sealed), names) << "\n";
}

TEST(ExportedOcsf, IsValidAgainstTheClassDefinitions) {
  const support::TemporaryDirectory folder;
  const std::string packages = folder.path() / "packages";
  const Ran got =
      run("timeout 120 python3 -m pip install --quiet --no-deps --disable-pip-version-check --target '" +
          packages + "' ocsf-json-schema==1.2.0");
  if (got.status != 0)
    GTEST_SKIP() << "needs ocsf-json-schema: pip could not get it: " << got.output.substr(0, 200);
  const std::string events = folder.path() / "events";
  write_samples(events, ExportFormat::Ocsf, {});
  write_samples(events, ExportFormat::Ocsf, sample_names());
  const std::string command = "python3 " + scripts + "valid_ocsf.py '" + packages + "' '";
  const Ran ran = run(command + events + "'");
  EXPECT_EQ(ran.status, 0) << ran.output;
  // And what is wrong is found.
  std::string wrong = content_of(events);
  for (const auto& [found, put] : std::map<std::string, std::string>{
           {"\"time\":", "\"at\":"}, {"\"severity_id\":", "\"severity_id\":7"}}) {
    std::string changed = wrong;
    changed.replace(changed.find(found), found.size(), put);
    std::ofstream(folder.path() / "wrong") << changed;
    EXPECT_NE(run(command + (folder.path() / "wrong").string() + "'").status, 0) << found;
  }
}

TEST(ExportedEcs, HasFieldsAndWordsOfTheSchema) {
  const support::TemporaryDirectory folder;
  const std::string events = folder.path() / "events";
  write_samples(events, ExportFormat::Ecs, {});
  write_samples(events, ExportFormat::Ecs, sample_names());
  const std::string command = "python3 " + scripts + "valid_ecs.py " + scripts + "ecs_fields.txt '";
  const Ran ran = run(command + events + "'");
  EXPECT_EQ(ran.status, 0) << ran.output;
  std::string wrong = content_of(events);
  wrong.replace(wrong.find("\"outcome\""), 9, "\"result_\"");
  std::ofstream(folder.path() / "wrong") << wrong;
  EXPECT_NE(run(command + (folder.path() / "wrong").string() + "'").status, 0);
}

// ---- to a file ----

TEST_F(Exporting, AFileHasEveryEntryOnceAcrossRestarts) {
  for (std::size_t round = 1; round <= 3; ++round) {
    append(200);
    const auto outlet = exporting({.most_entries = 70}, sink_of_file());
    append(100);
    outlet->wake();
    ASSERT_TRUE(eventually([&] { return delivered(300 * round); })) << log();
  }
  EXPECT_EQ(sequences_in(content_of(folder_.path() / "events"), R"("sequence":)"), up_to(900));
}

TEST_F(Exporting, WhatIsNotToldIsCountedAndPassed) {
  append(20);
  const auto outlet = exporting({.kinds = {"observation.sign_out"}}, sink_of_file());
  ASSERT_TRUE(eventually([&] {
    return shows(R"(curfew_outlet_delivered_total{outcome="not_told",outlet="export/test"})", 20);
  })) << metrics_.text();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "events"));
}

TEST_F(Exporting, ANewOneMayStartAtTheEnd) {
  append(20);
  const auto outlet = exporting({.from_beginning = false}, sink_of_file());
  append(5);
  outlet->wake();
  ASSERT_TRUE(eventually([&] { return delivered(5); })) << log();
  EXPECT_EQ(sequences_in(content_of(folder_.path() / "events"), R"("sequence":)").front(), 20U);
}

TEST_F(Exporting, NamesLeaveAfterTheTellingIsOnRecord) {
  store::Extras extras;
  extras.references = {{model::Ref{1}, model::PersonalKind::Identifier, "upn", "alice@corp.test"},
                       {model::Ref{2}, model::PersonalKind::Handle, "x", "a handle"}};
  append(3, extras);
  refuses_access_ = true;
  const auto outlet = exporting({.names = true}, sink_of_file());
  ASSERT_TRUE(eventually([&] { return log().find("could not be recorded") != std::string::npos; }));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "events"));
  refuses_access_ = false;
  ASSERT_TRUE(eventually([&] { return delivered(3); })) << log();
  EXPECT_THAT(log(), HasSubstr("export test was told 1 names"));
  const std::string text = content_of(folder_.path() / "events");
  EXPECT_THAT(text, HasSubstr("alice@corp.test"));
  EXPECT_THAT(text, Not(HasSubstr("a handle")));
}

// ---- over HTTP ----

TEST_F(Exporting, AnHttpReceiverThatFailsGetsAllInOrderUnderTheSameIds) {
  support::WebhookReceiver receiver;
  receiver.then({.status = 204});
  receiver.then({.status = 204, .body = {}, .hang = false, .break_off = true});  // taken, and nobody knows
  receiver.then({.status = 401});
  append(30);
  HttpSinkSettings settings;
  settings.url = receiver.url("/in");
  settings.authorization = "Bearer secret";
  settings.batch_events = 10;
  const auto outlet = exporting({.most_entries = 100}, sink_of(settings));
  ASSERT_TRUE(eventually([&] { return delivered(30); })) << log();
  const auto taken = receiver.taken();
  ASSERT_EQ(taken.size(), 5U);
  EXPECT_EQ(taken[0].headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(taken[0].headers.at("content-type"), "application/x-ndjson");
  // Three times the second batch: what was in doubt, what was refused for now, what was taken.
  EXPECT_EQ(taken[1].body, taken[2].body);
  EXPECT_EQ(taken[1].body, taken[3].body);
  std::string arrived;
  for (const std::size_t i : {0U, 3U, 4U}) arrived += taken[i].body;
  EXPECT_EQ(sequences_in(arrived, R"("sequence":)"), up_to(30));
  EXPECT_TRUE(shows(R"(curfew_outlet_failures_total{outlet="export/test"})", 2)) << metrics_.text();
  EXPECT_TRUE(shows(R"(curfew_outlet_waiting{outlet="export/test"})", 0));
  EXPECT_THAT(log(), HasSubstr("the export test hands nothing on ("));
  EXPECT_THAT(log(), HasSubstr("is handed on again"));
  EXPECT_THAT(log(), Not(HasSubstr("secret")));
}

// In seconds and as a date; what is awaited is the follower's look at the ledger, never a time.
TEST_F(Exporting, AReceiverThatAsksForAPauseIsLeftAloneForItAndGetsAllOnce) {
  support::WebhookReceiver receiver;
  receiver.then({.status = 204});
  receiver.then({.status = 429, .retry_after = "120"});
  receiver.then({.status = 503, .retry_after = "Sun, 22 Nov 2026 10:01:30 GMT"});
  const auto began = std::chrono::steady_clock::now();
  std::atomic<int> seconds = 0;
  ground_.steady_now = [&] { return began + std::chrono::seconds(seconds.load()); };
  HttpSinkSettings settings;
  settings.url = receiver.url("/in");
  settings.batch_events = 10;
  settings.now = [] { return base::parse_rfc3339("2026-11-22T10:00:00Z").value(); };
  append(30);
  const auto outlet = exporting(
      {.most_entries = 100}, [settings](const std::string&, const std::function<void(const std::string&)>&) {
        return make_http_sink(settings);
      });
  const auto failed = [&](int times) {
    return shows(R"(curfew_outlet_failures_total{outlet="export/test"})", times) &&
           shows(R"(curfew_outlet_lag_entries{outlet="export/test"})", static_cast<double>(size_) - 10);
  };
  const auto looks_again_at = [&](int second) {
    seconds = second;
    append(1);
    outlet->wake();
    return eventually([&] {
      return shows(R"(curfew_outlet_lag_entries{outlet="export/test"})", static_cast<double>(size_) - 10);
    });
  };
  ASSERT_TRUE(eventually([&] { return failed(1); })) << log();
  for (const int second : {0, 60, 119}) {
    ASSERT_TRUE(looks_again_at(second)) << metrics_.text();
    EXPECT_EQ(receiver.taken().size(), 2U) << "after " << second << " of 120 seconds";
  }
  seconds = 120;
  outlet->wake();
  ASSERT_TRUE(eventually([&] { return failed(2); })) << log();
  for (const int second : {120, 122, 209}) {
    ASSERT_TRUE(looks_again_at(second)) << metrics_.text();
    EXPECT_EQ(receiver.taken().size(), 3U) << "after " << second - 120 << " of 90 seconds";
  }
  seconds = 210;
  outlet->wake();
  ASSERT_TRUE(eventually([&] { return delivered(size_); })) << log();
  const auto taken = receiver.taken();
  EXPECT_EQ(taken[1].body, taken[2].body);
  EXPECT_EQ(taken[1].body, taken[3].body);
  std::string arrived = taken[0].body;
  for (std::size_t i = 3; i < taken.size(); ++i) arrived += taken[i].body;
  EXPECT_EQ(sequences_in(arrived, R"("sequence":)"), up_to(size_));
  EXPECT_TRUE(shows(R"(curfew_outlet_failures_total{outlet="export/test"})", 2));
}

TEST_F(Exporting, WhatIsTooLargeIsHalvedAndOneEventAloneIsRefusedAndCounted) {
  support::WebhookReceiver receiver;
  for (int i = 0; i < 3; ++i) receiver.then({.status = 413});  // 4, 2, 1
  append(4);
  HttpSinkSettings settings;
  settings.url = receiver.url("/in");
  settings.body = HttpBody::Array;
  settings.gzip = true;
  const auto outlet = exporting({}, sink_of(settings));
  ASSERT_TRUE(eventually([&] { return delivered(3); })) << log();
  EXPECT_EQ(receiver.taken().size(), 5U);  // and then 1, 2
  EXPECT_EQ(receiver.taken()[4].headers.at("content-encoding"), "gzip");
  EXPECT_EQ(receiver.taken()[4].body.substr(0, 2), "\x1f\x8b");
  EXPECT_TRUE(shows(R"(curfew_outlet_delivered_total{outcome="refused",outlet="export/test"})", 1));
  EXPECT_THAT(log(), HasSubstr("refused 1 events for good, between curfew/corp/node/1/0"));
}

TEST_F(Exporting, OverTlsTheReceiverMustBeTheOneThatItIsMeantToBe) {
  const support::Authority authority;
  const support::Certificate right = authority.issue("DNS:localhost");
  support::WebhookReceiver receiver(right.certificate, right.key);
  append(2);
  HttpSinkSettings settings;
  settings.url = receiver.url("/in");
  {
    const auto outlet = exporting({}, sink_of(settings));  // the system's CAs
    ASSERT_TRUE(eventually([&] { return log().find("hands nothing on") != std::string::npos; }));
    EXPECT_TRUE(receiver.taken().empty());
  }
  settings.identity = {authority.ca(), right.certificate, right.key};
  const auto outlet = exporting({}, sink_of(settings));
  ASSERT_TRUE(eventually([&] { return delivered(2); })) << log();
}

// ---- to a real rsyslog, over TLS ----

class RsyslogServer {
 public:
  explicit RsyslogServer(const std::filesystem::path& folder) : folder_(folder) {
    const support::Certificate right = authority_.issue("DNS:localhost");
    std::ofstream(folder_ / "rsyslog.conf")
        << "global(workDirectory=\"" << folder_.string() << "\" maxMessageSize=\"128k\"\n"
        << "       defaultNetstreamDriverCAFile=\"" << authority_.ca() << "\"\n"
        << "       defaultNetstreamDriverCertFile=\"" << right.certificate << "\"\n"
        << "       defaultNetstreamDriverKeyFile=\"" << right.key << "\")\n"
        << "module(load=\"imtcp\" streamDriver.name=\"gtls\" streamDriver.mode=\"1\" "
           "streamDriver.authMode=\"anon\")\n"
        << "input(type=\"imtcp\" port=\"" << port_ << "\" address=\"127.0.0.1\")\n"
        << "template(name=\"all\" type=\"string\" "
           "string=\"%pri% %hostname% %app-name% %msgid% %structured-data% %msg%\\n\")\n"
        << "if $app-name == \"curfew\" then action(type=\"omfile\" file=\"" << (folder_ / "got").string()
        << "\" template=\"all\")\n";
  }
  static std::string why_not() {
    if (!std::filesystem::exists(program)) return "rsyslog is not installed";
    return run("ls /usr/lib/*/rsyslog/lmnsd_gtls.so").status == 0 ? "" : "rsyslog-gnutls is not installed";
  }
  bool start() {
    process_ = std::make_unique<support::ServerProcess>(
        std::vector<std::string>{program, "-n", "-f", (folder_ / "rsyslog.conf").string(), "-i",
                                 (folder_ / "pid").string()},
        std::map<std::string, std::string>{}, folder_ / "rsyslog.out");
    return support::wait_for_port(port_);
  }
  void stop() { process_.reset(); }
  [[nodiscard]] std::string got() const { return content_of(folder_ / "got"); }
  [[nodiscard]] std::string said() const { return content_of(folder_ / "rsyslog.out"); }
  [[nodiscard]] SyslogSinkSettings settings() const {
    SyslogSinkSettings settings;
    settings.host = "localhost";
    settings.port = static_cast<std::uint16_t>(port_);
    settings.identity.ca_file = authority_.ca();
    settings.hostname = "node";
    settings.timeout = std::chrono::seconds(20);
    return settings;
  }

 private:
  static constexpr const char* program = "/usr/sbin/rsyslogd";
  const std::filesystem::path folder_;
  const int port_ = support::free_port();
  support::Authority authority_;
  std::unique_ptr<support::ServerProcess> process_;
};

TEST_F(Exporting, ToARealSyslogOverTlsNothingIsLostWhenItIsAwayInBetween) {
  if (const std::string why = RsyslogServer::why_not(); !why.empty()) GTEST_SKIP() << why;
  RsyslogServer server(folder_.path());
  ASSERT_TRUE(server.start()) << server.said();
  append(300);
  const SyslogSinkSettings settings = server.settings();
  const auto outlet = exporting({.format = ExportFormat::Cef, .most_entries = 100},
                                [&](const std::string&, const std::function<void(const std::string&)>&) {
                                  return make_syslog_sink(settings);
                                });
  ASSERT_TRUE(eventually([&] { return delivered(300); })) << log() << server.said();
  ASSERT_TRUE(eventually([&] { return sequences_in(server.got(), " seq=\"").size() == 300; }))
      << server.got();
  EXPECT_EQ(sequences_in(server.got(), " seq=\""), up_to(300));
  EXPECT_THAT(server.got(),
              HasSubstr("86 node curfew observation.sign_in [curfew@32473 "
                        "id=\"curfew/corp/node/1/0\" stream=\"curfew/corp/node/1\" seq=\"0\"] "));
  EXPECT_THAT(server.got(),
              HasSubstr("CEF:0|Curfew|Curfew|" CURFEW_VERSION "|observation.sign_in|Sign-in|1|rt="));
  server.stop();
  append(300);
  outlet->wake();
  ASSERT_TRUE(eventually([&] { return log().find("hands nothing on") != std::string::npos; })) << log();
  EXPECT_TRUE(delivered(300)) << "nobody was there to take it";
  ASSERT_TRUE(server.start()) << server.said();
  ASSERT_TRUE(eventually([&] { return delivered(600); })) << log();
  ASSERT_TRUE(
      eventually([&] { return without_repeats(sequences_in(server.got(), " seq=\"")).size() == 600; }));
  EXPECT_EQ(without_repeats(sequences_in(server.got(), " seq=\"")), up_to(600));
}

// Takes all that comes, and hangs up without a word within the moment that it is to stand: the first time.
class QuickToHangUp {
 public:
  QuickToHangUp() : server_(Poco::Net::SocketAddress("127.0.0.1", 0)), thread_([this] { run(); }) {}
  ~QuickToHangUp() {
    ending_ = true;
    thread_.join();
  }
  QuickToHangUp(const QuickToHangUp&) = delete;
  QuickToHangUp& operator=(const QuickToHangUp&) = delete;
  [[nodiscard]] std::uint16_t port() const { return server_.address().port(); }
  [[nodiscard]] std::string got(std::size_t connection) {
    const std::lock_guard lock(mutex_);
    return connection < got_.size() ? got_[connection] : std::string{};
  }

 private:
  void run() {
    const Poco::Timespan look(0, 50'000);
    while (!ending_) {
      if (!server_.poll(look, Poco::Net::Socket::SELECT_READ)) continue;
      Poco::Net::StreamSocket client = server_.acceptConnection();
      const std::lock_guard lock(mutex_);
      std::string& text = got_.emplace_back();
      std::array<char, 4096> bytes{};
      while (!ending_ && text.find("seq=\"2\"") == std::string::npos) {
        if (!client.poll(look, Poco::Net::Socket::SELECT_READ)) continue;
        const int count = client.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
        if (count <= 0) break;
        text.append(bytes.data(), static_cast<std::size_t>(count));
      }
      if (got_.size() == 1)
        client.close();
      else
        kept_ = client;
    }
  }

  Poco::Net::ServerSocket server_;
  std::atomic<bool> ending_ = false;
  std::atomic<bool> refuses_access_ = false;
  std::mutex mutex_;
  std::vector<std::string> got_;  // of each connection
  Poco::Net::StreamSocket kept_;
  std::thread thread_;
};

TEST_F(Exporting, WhatASyslogReceiverReadAndHungUpOnIsSentAgainUnderTheSameIds) {
  QuickToHangUp server;
  append(3);
  SyslogSinkSettings settings;
  settings.host = "127.0.0.1";
  settings.port = server.port();
  settings.tls = false;
  settings.settle = std::chrono::seconds(1);
  const auto outlet = exporting({}, [&](const std::string&, const std::function<void(const std::string&)>&) {
    return make_syslog_sink(settings);
  });
  ASSERT_TRUE(eventually([&] { return delivered(3); })) << log();
  EXPECT_THAT(log(), HasSubstr("the receiver closed the connection"));
  EXPECT_EQ(sequences_in(server.got(0), " seq=\""), up_to(3));
  EXPECT_EQ(server.got(1), server.got(0));
  EXPECT_THAT(server.got(0), testing::MatchesRegex("[0-9]+ <86>1 .*"));
}

// Whom it does not believe.
TEST_F(Exporting, ASyslogReceiverThatIsNotBelievedGetsNothing) {
  if (const std::string why = RsyslogServer::why_not(); !why.empty()) GTEST_SKIP() << why;
  RsyslogServer server(folder_.path());
  ASSERT_TRUE(server.start()) << server.said();
  append(3);
  SyslogSinkSettings settings = server.settings();
  settings.identity.ca_file.clear();
  const auto outlet = exporting({}, [&](const std::string&, const std::function<void(const std::string&)>&) {
    return make_syslog_sink(settings);
  });
  ASSERT_TRUE(eventually([&] { return log().find("hands nothing on") != std::string::npos; })) << log();
  EXPECT_THAT(server.got(), Not(HasSubstr("seq=")));
}

}  // namespace
}  // namespace curfew::outlet
