// `curfew export`: ledger entries in a format of others, read from the database, without a daemon. References
// stay references: names are an export's of the daemon, which records each telling.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tuple>

#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/database.hpp"
#include "core/base/error.hpp"
#include "core/outlet/export_outlet.hpp"

namespace curfew::app {
namespace {

// A time, or a day, which begins at midnight UTC.
Time time_of(const char* option, const std::string& text, Time otherwise) {
  if (text.empty()) return otherwise;
  const auto time = base::parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time)
    throw Error(ErrorKind::Usage,
                std::string(option) + ": '" + text +
                    "' is no time such as 2026-11-01T14:00:00Z, and no day such as 2026-11-01");
  return *time;
}

void check_events(const std::vector<std::string>& events) {
  const auto rows = outlet::export_rows();
  for (const std::string& event : events) {
    const bool is_known = event == "all" || event == "default" ||
                          std::any_of(rows.begin(), rows.end(),
                                      [&](const outlet::ExportRow& row) { return is_named_by(row, event); });
    if (!is_known)
      throw Error(ErrorKind::Usage,
                  "--event: '" + event + "' is no kind of entry; docs/exports.md lists them");
  }
}

class Output {
 public:
  explicit Output(const std::string& path) : path_(path) {
    if (path.empty() || path == "-") return;
    file_ = std::fopen(path.c_str(), "wbe");
    if (file_ == nullptr) fail();
  }
  ~Output() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void line(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fputc('\n', file_) == EOF)
      fail();
  }
  void finish() {
    if (std::fflush(file_) != 0 || (file_ != stdout && ::fsync(::fileno(file_)) != 0)) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::Input, (path_.empty() || path_ == "-" ? "standard output" : path_) +
                                      ": can't be written: " + std::strerror(errno));
  }
  const std::string path_;
  std::FILE* file_ = stdout;
};

}  // namespace

int export_entries(const ExportOptions& options) {
  check_events(options.events);
  const Time from = time_of("--from", options.from, Time::min());
  const Time to = time_of("--to", options.to, Time::max());
  const auto format = model::parse<outlet::ExportFormat>(options.format);
  if (!format)
    throw Error(ErrorKind::Usage, "--format: '" + options.format + "' is none of ndjson, ocsf, ecs, cef");
  const Database database = ledger_database(options.config, options.database);
  store::Store store(database.connection(), store::Role::Reader);
  std::vector<store::StreamHead> heads = store.streams();
  if (heads.empty()) throw Error(ErrorKind::Input, "there is no ledger in this database");
  std::sort(heads.begin(), heads.end(),
            [](const store::StreamHead& a, const store::StreamHead& b) { return a.stream < b.stream; });
  store::Place next;
  if (!options.after.empty()) {
    const auto position = outlet::parse_event_id(options.after);
    const auto head = std::find_if(heads.begin(), heads.end(), [&](const store::StreamHead& one) {
      return position && one.id == position->stream;
    });
    if (head == heads.end() || position->sequence >= head->size)
      throw Error(ErrorKind::Usage, "--after: '" + options.after +
                                        "' is no event of this ledger, such as curfew/main/a/1/4711");
    next = {head->stream, position->sequence + 1};
  }
  Output out(options.out);
  outlet::EventReader reader;
  std::uint64_t told = 0;
  std::uint64_t not_told = 0;
  std::string last = options.after;
  for (const store::StreamHead& head : heads) {
    if (head.stream < next.stream) continue;
    const std::uint64_t first = head.stream == next.stream ? next.sequence : 0;
    store.read_entries(head.stream, first, head.size, [&](ledger::SealedEntry&& sealed) {
      const outlet::ExportEvent& event = reader.read(head.id, sealed);
      last = event.id;
      if (!outlet::is_wanted(*event.row, options.events) || event.at() < from || event.at() >= to) {
        ++not_told;
        return true;
      }
      out.line(outlet::render(*format, event, {}));
      ++told;
      return true;
    });
  }
  out.finish();
  // Beside the events, never among them.
  std::fprintf(stderr, "%llu events; %llu entries of other kinds or times\n",
               static_cast<unsigned long long>(told), static_cast<unsigned long long>(not_told));
  if (!last.empty()) std::fprintf(stderr, "go on with: --after %s\n", last.c_str());
  return exit_ok;
}

}  // namespace curfew::app
