// The first byte chooses: 's', settings; 'm', lines of key, tab, value that were remembered; 'c', the cursor
// of a log that is there. What the host kept may be damaged, or of another version: nothing may crash, and a
// log whose cursor makes no sense is read from its beginning.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plugins/windows/live.hpp"
#include "plugins/windows/settings.hpp"

namespace {

using namespace curfew::windows;

void require(bool held) {
  if (!held) std::abort();
}

void remembered(std::string_view text) {
  Live live({}, LiveSettings{}, nullptr);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto tab = std::min(line.find('\t'), line.size());
    live.restore(line.substr(0, tab), line.substr(std::min(tab + 1, line.size())));
  }
  live.step(Time{std::chrono::hours(24 * 365 * 50)});
  static_cast<void>(live.take_findings());
  static_cast<void>(live.take_changes());
}

// A log that is there while this process lives.
class Log {
 public:
  Log()
      : path_((std::filesystem::temp_directory_path() / ("curfew-fuzz-log-" + std::to_string(getpid())))
                  .string()) {
    std::ofstream(path_, std::ios::binary)
        << R"({"EventID":4624,"Channel":"Security","Hostname":"WS1","RecordNumber":1,"LogonType":"2",)"
        << R"("TimeCreated":"2026-11-21T08:00:00Z","TargetUserName":"alice","TargetDomainName":"CORP",)"
        << R"("TargetUserSid":"S-1-5-21-1","TargetLogonId":"0x1000"})"
        << "\n";
  }
  ~Log() { ::unlink(path_.c_str()); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void cursor(std::string_view text) {
  static const Log log;
  Live live({log.path()}, LiveSettings{}, [&](const std::string&) { return std::string(text); });
  live.open();
  const Time now{std::chrono::hours(24 * 365 * 60)};
  while (live.step(now)) {
  }
  require(live.take_findings().size() <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 's') {
    try {
      const ConnectorSettings settings = read_settings(text);
      require(settings.inputs.empty() == settings.push);
    } catch (const std::invalid_argument& failure) {
      require(std::string_view(failure.what()).starts_with("settings: "));
    }
  }
  if (data[0] == 'm') remembered(text);
  if (data[0] == 'c') cursor(text);
  return 0;
}
