// What a source has changed at its system and has to change back: one small file, durable before the change
// is sent, so that it is known after any crash. No names: ids of accounts, digests of sessions.
//
//   ChangeJournal journal("/var/lib/curfew/corp-ad.journal", "corp-ad");
//   journal.put(guid + "/disabled", {.from = 512, .to = 514, .version = 7, .holders = {{session, until}}});
//   journal.find(guid + "/disabled");
//
// Threads: any; it locks itself. Owns: the file. Fails: plugin::Failure when the file can't be read or
// written, or is another source's; nothing is changed in memory then.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "curfew/plugin/connector.hpp"

namespace curfew::files {

struct JournalEntry {
  std::uint32_t from = 0;     // the value before …
  std::uint32_t to = 0;       // … and after
  std::uint32_t version = 0;  // of the value before; 0: the system does not tell
  std::uint32_t left = 0;     // and after, as it was read again; 0: it was not
  plugin::Time at{};          // when it was sent …
  std::string server;         // … and to which of several servers; empty: there is one
  std::string kept;           // what a number does not say of the value before
  // Who wants it so: the session's digest, and until when (Time{}: for good).
  std::map<std::string, plugin::Time> holders;
};

class ChangeJournal {
 public:
  ChangeJournal(std::string path, std::string source);
  ChangeJournal(const ChangeJournal&) = delete;
  ChangeJournal& operator=(const ChangeJournal&) = delete;

  [[nodiscard]] std::optional<JournalEntry> find(const std::string& key) const;
  // Return when it is durable.
  void put(const std::string& key, JournalEntry entry);
  void drop(const std::string& key);

 private:
  void write(const std::map<std::string, JournalEntry>& entries) const;

  std::string path_;
  std::string source_;
  mutable std::mutex mutex_;
  std::map<std::string, JournalEntry> entries_;
};

}  // namespace curfew::files
