// Quarantine records: why a source is not started any more, until somebody lifts it.
//
//   quarantine::put(directory, {"crm-forms", "/…/forms.so", "<sha256>", "it crashed in poll", now});
//   if (auto record = quarantine::find(directory, "crm-forms")) …
//
// Threads: functions may be called from any thread; the last writer wins. Owns: one file per source, written
// as a whole. Fails: Error(Unavailable) when a record can't be written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.hpp"

namespace curfew::connector::quarantine {

struct Record {
  std::string source;
  std::string plugin;
  std::string sha256;
  std::string reason;
  Time since{};
};

// For an administrator: what happened, and what to do about it.
[[nodiscard]] std::string text_of(const Record& record);

void put(const std::string& directory, const Record& record);
[[nodiscard]] std::optional<Record> find(const std::string& directory, std::string_view source);
// False: there was none.
bool release(const std::string& directory, std::string_view source);

}  // namespace curfew::connector::quarantine
