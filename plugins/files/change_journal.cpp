#include "plugins/files/change_journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace curfew::files {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;

constexpr std::size_t most_entries = 10'000;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Failure(Code::Failed, "journal: " + path + " " + what);
}
[[noreturn]] void fail_of_system(const std::string& path, const char* what) {
  fail(path, std::string(what) + ": " + std::strerror(errno));
}

bool is_for_good(const JournalEntry& entry) {
  return std::all_of(entry.holders.begin(), entry.holders.end(),
                     [](const auto& holder) { return holder.second == plugin::Time{}; });
}

std::map<std::string, JournalEntry> entries_in(const json& all) {
  std::map<std::string, JournalEntry> entries;
  for (const auto& [key, one] : all.items()) {
    JournalEntry& entry = entries[key];
    one.at("from").get_to(entry.from);
    one.at("to").get_to(entry.to);
    one.at("version").get_to(entry.version);
    one.at("left").get_to(entry.left);
    entry.at = plugin::Time(plugin::Duration(one.at("at").get<std::int64_t>()));
    one.at("server").get_to(entry.server);
    entry.kept = one.value("kept", "");
    for (const auto& [session, until] : one.at("holders").items())
      entry.holders[session] = plugin::Time(plugin::Duration(until.get<std::int64_t>()));
  }
  return entries;
}

}  // namespace

ChangeJournal::ChangeJournal(std::string path, std::string source)
    : path_(std::move(path)), source_(std::move(source)) {
  std::error_code none;
  if (std::filesystem::exists(path_, none)) {
    std::ifstream in(path_);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) fail(path_, "can't be read; check its permissions");
    const json all = json::parse(text, nullptr, false);
    if (all.is_object() && all.contains("source") && all["source"] != source_)
      fail(path_,
           "is the journal of source " + all["source"].dump() + "; give each source a file of its own");
    try {
      entries_ = entries_in(all.at("entries"));
    } catch (const json::exception&) {
      fail(path_,
           "is no journal; what this source has to change back is not known: move it away, and look for "
           "accounts "
           "that are disabled still");
    }
  }
  write(entries_);  // that it can't be is better known now
}

std::optional<JournalEntry> ChangeJournal::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void ChangeJournal::put(const std::string& key, JournalEntry entry) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, JournalEntry> next = entries_;
  next[key] = std::move(entry);
  // Nothing will be undone of what was done for good; only that an order for a time must not undo it is lost.
  if (next.size() > most_entries)
    std::erase_if(next, [&](const auto& one) { return one.first != key && is_for_good(one.second); });
  if (next.size() > most_entries)
    fail(path_,
         "holds " + std::to_string(most_entries) + " changes that were not undone yet; no more are made");
  write(next);
  entries_ = std::move(next);
}

void ChangeJournal::drop(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, JournalEntry> next = entries_;
  if (next.erase(key) == 0) return;
  write(next);
  entries_ = std::move(next);
}

void ChangeJournal::write(const std::map<std::string, JournalEntry>& entries) const {
  json all{{"source", source_}, {"entries", json::object()}};
  for (const auto& [key, entry] : entries) {
    json holders = json::object();
    for (const auto& [session, until] : entry.holders) holders[session] = until.time_since_epoch().count();
    all["entries"][key] = {{"from", entry.from},
                           {"to", entry.to},
                           {"version", entry.version},
                           {"left", entry.left},
                           {"at", entry.at.time_since_epoch().count()},
                           {"server", entry.server},
                           {"holders", std::move(holders)}};
    if (!entry.kept.empty()) all["entries"][key]["kept"] = entry.kept;
  }
  const std::string text = all.dump(1) + "\n";
  const std::string next = path_ + ".next";
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail_of_system(next, "can't be written; check that the folder is there, and Curfew's");
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  const bool is_durable = written == text.size() && ::fsync(file) == 0;
  ::close(file);
  if (!is_durable || ::rename(next.c_str(), path_.c_str()) != 0) fail_of_system(next, "can't be written");
  const std::string folder = std::filesystem::absolute(path_).parent_path().string();
  const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) fail_of_system(folder, "can't be opened");
  const bool is_kept = ::fsync(at) == 0;
  ::close(at);
  if (!is_kept) fail_of_system(folder, "can't be made durable");
}

}  // namespace curfew::files
