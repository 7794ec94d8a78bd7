#include "plugins/windows/smb/smb_settings.hpp"

#include <simdjson.h>

#include <stdexcept>

namespace curfew::windows {
namespace {

using simdjson::dom::element;

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("settings: smb." + what); }

std::vector<std::string> command_in(const element& smb, const std::string& name) {
  element value;
  if (smb.at_key(name).get(value) != simdjson::SUCCESS) return {};
  std::vector<std::string> words;
  std::string_view text;
  simdjson::dom::array list;
  if (value.get_string().get(text) == simdjson::SUCCESS) {
    words.emplace_back(text);
  } else if (value.get_array().get(list) == simdjson::SUCCESS) {
    for (const element word : list) {
      if (word.get_string().get(text) != simdjson::SUCCESS || text.empty() || words.size() >= 32)
        fail(name + " must be a path, or a list of at most 32 words");
      words.emplace_back(text);
    }
  }
  if (words.empty() || !words.front().starts_with('/'))
    fail(name + " must begin with an absolute path, as /usr/bin/" + name);
  return words;
}

files::Duration duration_in(const element& smb, const std::string& name, files::Duration fallback,
                            files::Duration least, files::Duration most) {
  element value;
  if (smb.at_key(name).get(value) != simdjson::SUCCESS) return fallback;
  std::string_view text;
  const auto duration =
      value.get_string().get(text) == simdjson::SUCCESS ? files::parse_duration(text) : std::nullopt;
  if (!duration || *duration < least || *duration > most)
    fail(name + " must be a duration such as \"5s\", at least " + std::to_string(least.count() / 1'000) +
         "ms and at most " + std::to_string(most.count() / 1'000'000) + "s");
  return *duration;
}

}  // namespace

std::optional<SmbSettings> read_smb_settings(std::string_view json) {
  simdjson::dom::parser parser;
  element settings;
  element smb;
  if (parser.parse(json.data(), json.size(), true).get(settings) != simdjson::SUCCESS ||
      settings.at_key("smb").get(smb) != simdjson::SUCCESS)
    return std::nullopt;
  SmbSettings out;
  out.smbstatus = command_in(smb, "smbstatus");
  if (out.smbstatus.empty()) fail("smbstatus is missing");
  out.smbcontrol = command_in(smb, "smbcontrol");
  std::string_view configuration;
  if (smb.at_key("configuration").get_string().get(configuration) == simdjson::SUCCESS) {
    if (!configuration.starts_with('/')) fail("configuration must be an absolute path");
    out.configuration = configuration;
  }
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  out.every = duration_in(smb, "every", out.every, milliseconds(200), seconds(600));
  out.time_limit = duration_in(smb, "time_limit", out.time_limit, milliseconds(200), seconds(60));
  return out;
}

}  // namespace curfew::windows
