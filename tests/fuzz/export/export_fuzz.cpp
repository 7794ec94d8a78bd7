// An export in one text: "=== name" opens a file of the directory. Whatever is in it is judged or refused;
// and a cell that COPY would write is read as it was.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/ledger/csv.hpp"
#include "core/ledger/export.hpp"

namespace {

using namespace curfew;
using namespace curfew::ledger;

void require(bool held) {
  if (!held) std::abort();
}

class Directory {
 public:
  Directory()
      : path_(std::filesystem::temp_directory_path() / ("curfew-fuzz-export-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string name() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

constexpr std::string_view names[] = {"stream.csv", "entry.csv",     "personal.csv",
                                      "tile.csv",   "reference.csv", "checkpoint.csv"};

void cells(const Directory& directory, std::string_view text) {
  std::string lines = "a,b\n";
  append_csv(lines, text);
  lines += ',';
  append_csv_bytes(lines, text);
  lines += '\n';
  std::ofstream(directory.file("cells.csv"), std::ios::binary) << lines;
  CsvReader rows(directory.file("cells.csv"), {"a", "b"});
  require(rows.next() && rows.text(0) == text && rows.bytes(1) == text && !rows.next());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Directory directory;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    if (size < 1000 && text.find('\0') == std::string_view::npos) cells(directory, text);
    for (const std::string_view name : names) {
      const std::string head = "=== " + std::string(name) + "\n";
      const auto at = text.find(head);
      const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at + head.size());
      std::ofstream(directory.file(name), std::ios::binary) << rest.substr(0, rest.find("=== "));
    }
    const ExportVerdict verdict = verify_export(directory.name(), {});
    require(verdict.problems.count > 0 || !verdict.streams.empty() || text.empty() || verdict.intact());
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::Input || error.kind() == ErrorKind::Corrupt);
  }
  return 0;
}
