#include "plugins/windows/command/commands.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace curfew::windows {
namespace {

using nlohmann::json;
using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Step;

constexpr std::size_t longest_answer = 400;
constexpr std::array<std::pair<const char*, Step>, 3> known_steps{
    {{"cancel_session", Step::CancelSession},
     {"sign_out_session", Step::SignOutSession},
     {"sign_out_subject", Step::SignOutSubject}}};
constexpr std::array<std::string_view, 6> known_places{"computer", "logon_id", "handle",
                                                       "sid",      "account",  "upn"};

[[noreturn]] void invalid(const std::string& text) {
  throw Failure(Code::Invalid, "settings: commands." + text);
}

// Calls `text` for what stands for itself and `place` for each {place}.
template <typename Text, typename Place>
void each_part(std::string_view word, Text text, Place place) {
  while (!word.empty()) {
    const std::size_t open = word.find('{');
    const std::size_t close = open == std::string_view::npos ? open : word.find('}', open);
    if (close == std::string_view::npos) {
      text(word);
      return;
    }
    text(word.substr(0, open));
    place(word.substr(open + 1, close - open - 1));
    word.remove_prefix(close + 1);
  }
}

void check_places(const std::vector<std::string>& words, const std::string& step) {
  for (const std::string& word : words) {
    each_part(
        word, [](std::string_view) {},
        [&](std::string_view place) {
          if (std::find(known_places.begin(), known_places.end(), place) == known_places.end())
            invalid("steps." + step + ": {" + std::string(place) +
                    "} is not known; there are {computer}, {logon_id}, {handle}, {sid}, {account}, {upn}");
        });
  }
  if (words.front().find('{') != std::string::npos)
    invalid("steps." + step + ": the program's path is fixed");
}

std::vector<std::string> texts_in(const json& settings, const std::string& key) {
  std::vector<std::string> all;
  if (!settings.contains(key)) return all;
  if (!settings[key].is_array()) invalid(key + " must be a list of texts");
  for (const json& one : settings[key]) {
    if (!one.is_string() || one.get_ref<const std::string&>().find('\0') != std::string::npos)
      invalid(key + " must be a list of texts");
    all.push_back(one.get<std::string>());
  }
  return all;
}

std::map<std::string, std::string, std::less<>> values_of(const plugin::Action& action) {
  std::map<std::string, std::string, std::less<>> values;
  if (!action.handle.empty()) {
    values["handle"] = action.handle;
    if (const std::size_t at = action.handle.rfind('/'); at != std::string_view::npos && at > 0) {
      values["computer"] = action.handle.substr(0, at);
      values["logon_id"] = action.handle.substr(at + 1);
    }
  }
  for (const plugin::Identifier& name : action.identifiers) {
    if (name.name_space == "windows_sid") values.emplace("sid", name.value);
    if (name.name_space == "windows_account") values.emplace("account", name.value);
    if (name.name_space == "upn") values.emplace("upn", name.value);
  }
  return values;
}

// What came from logs must not become an option, nor confuse who reads a terminal.
bool is_harmless(std::string_view value, bool at_start) {
  if (value.empty() || (at_start && (value.front() == '-' || value.front() == '/'))) return false;
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// One line of printable text, without what was filled in.
std::string masked(std::string text, const std::map<std::string, std::string, std::less<>>& values) {
  for (const auto& [name, value] : values) {
    for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + 1))
      text.replace(at, value.size(), "{" + name + "}");
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = ' ';
  }
  const std::size_t first = text.find_first_not_of(' ');
  const std::size_t last = text.find_last_not_of(' ');
  text = first == std::string::npos ? std::string{} : text.substr(first, last - first + 1);
  if (text.size() > longest_answer) text = text.substr(0, longest_answer) + "…";
  return text;
}

}  // namespace

Commands::Commands(std::string_view text) {
  const json settings = json::parse(text, nullptr, false);
  if (!settings.is_object()) throw Failure(Code::Invalid, "settings: commands must be a mapping");
  allowed_ = texts_in(settings, "allow");
  for (const std::string& path : allowed_) {
    if (!path.starts_with('/')) invalid("allow: '" + path + "' is no absolute path");
  }
  if (settings.contains("user"))
    user_ = settings["user"].is_string() ? settings["user"].get<std::string>() : "";
  if (const auto at = settings.find("timeout"); at != settings.end()) {
    const std::string duration = at->is_string() ? at->get<std::string>() : std::string{};
    int count = 0;
    const auto read = std::from_chars(duration.data(), duration.data() + duration.size(), count);
    const std::string_view unit(read.ptr,
                                static_cast<std::size_t>(duration.data() + duration.size() - read.ptr));
    if (read.ec != std::errc() || count < 1 || (unit != "s" && unit != "ms") || (unit == "s" && count > 25) ||
        count > 25'000)
      invalid("timeout must be a duration such as \"20s\", at most 25s");
    time_ = unit == "s" ? std::chrono::milliseconds(count * 1000) : std::chrono::milliseconds(count);
  }
  const json steps = settings.value("steps", json::object());
  for (const auto& [name, step] : known_steps) {
    std::vector<std::string> words = texts_in(steps, name);
    if (words.empty()) continue;
    if (std::find(allowed_.begin(), allowed_.end(), words.front()) == allowed_.end())
      invalid(std::string("steps.") + name + ": '" + words.front() + "' is not among commands.allow");
    check_places(words, name);
    steps_[step] = std::move(words);
  }
  if (steps_.empty()) invalid("steps names no step");
}

void Commands::start() {
  for (const std::string& path : allowed_) {
    try {
      check_program({.words = {path}, .user = user_});
    } catch (const Failure& failure) {
      throw Failure(failure.code(), std::string("commands: ") + failure.what());
    }
  }
  started_ = true;
}

Answer Commands::act(const plugin::Action& action) {
  const auto step = steps_.find(action.step);
  if (step == steps_.end()) return {Code::Unsupported, "commands.steps has no program for this step"};
  if (!started_) return {Code::Unavailable, "the source has not started"};
  if (action.revert) return {Code::Unsupported, "a session that was ended can't be given back"};
  const auto values = values_of(action);
  ProgramRun run{.words = {}, .user = user_, .time = time_};
  std::string missing;
  for (const std::string& word : step->second) {
    std::string& out = run.words.emplace_back();
    each_part(
        word, [&](std::string_view text) { out += text; },
        [&](std::string_view place) {
          const auto value = values.find(place);
          if (value == values.end() || !is_harmless(value->second, out.empty()))
            missing = std::string(place);
          else
            out += value->second;
        });
  }
  if (!missing.empty())
    return {Code::Failed, "nothing was run: the session has no usable {" + missing + "} for the program"};
  if (action.deadline != plugin::Time{}) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        action.deadline - std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()));
    run.time = std::min(left - std::chrono::milliseconds(500), time_);
    if (run.time <= std::chrono::milliseconds(0))
      return {Code::Failed, "nothing was run: no time is left for it"};
  }
  try {
    const ProgramEnd end = run_program(run, stopping_);
    std::string said = masked(end.output + " " + end.errors, values);
    if (!said.empty()) said = ": " + said;
    if (end.more > 0) said += " (and " + std::to_string(end.more) + " bytes)";
    const std::string what = end.is_late ? end.what + "; it may have worked" : end.what;
    const Code failed = end.is_stopped ? Code::Unavailable : Code::Failed;
    return {end.succeeded() ? Code::Ok : failed, what + said};
  } catch (const Failure& failure) {
    return {failure.code(), failure.what()};
  }
}

}  // namespace curfew::windows
