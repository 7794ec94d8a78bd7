#include "core/connector/quarantine.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/error.hpp"

namespace curfew::connector::quarantine {
namespace {

std::string path_of(const std::string& directory, std::string_view source) {
  return directory + "/" + std::string(source) + ".quarantine";
}

}  // namespace

std::string text_of(const Record& record) {
  return "source '" + record.source + "' is quarantined since " + base::format_rfc3339(record.since) + ": " +
         record.reason + ". Its plugin is " + record.plugin +
         "; install a corrected one, try it with `curfew plugin check " + record.plugin +
         "`, then lift the quarantine with `curfew plugin release " + record.source + "`";
}

void put(const std::string& directory, const Record& record) {
  const nlohmann::ordered_json json{{"source", record.source},
                                    {"plugin", record.plugin},
                                    {"sha256", record.sha256},
                                    {"reason", record.reason},
                                    {"since", base::format_rfc3339(record.since)}};
  const std::string path = path_of(directory, record.source);
  const std::string fresh = path + ".new";
  {
    std::ofstream out(fresh, std::ios::trunc | std::ios::binary);
    out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    out.flush();
    if (!out)
      throw Error(ErrorKind::Unavailable, fresh + ": the quarantine can't be written; is the disk full?");
  }
  std::error_code failure;
  std::filesystem::rename(fresh, path, failure);
  if (failure) throw Error(ErrorKind::Unavailable, path + ": " + failure.message());
}

std::optional<Record> find(const std::string& directory, std::string_view source) {
  const std::string path = path_of(directory, source);
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  Record record;
  record.source = source;
  const auto json = nlohmann::json::parse(text.str(), nullptr, false);
  if (!json.is_object()) {
    // A record that can't be read still holds: somebody put it there.
    record.reason = "its record " + path + " can't be read";
    return record;
  }
  const auto field = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  record.plugin = field("plugin");
  record.sha256 = field("sha256");
  record.reason = field("reason");
  record.since = base::parse_rfc3339(field("since")).value_or(Time{});
  return record;
}

bool release(const std::string& directory, std::string_view source) {
  std::error_code failure;
  const bool removed = std::filesystem::remove(path_of(directory, source), failure);
  if (failure) throw Error(ErrorKind::Unavailable, path_of(directory, source) + ": " + failure.message());
  return removed;
}

}  // namespace curfew::connector::quarantine
