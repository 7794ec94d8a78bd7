// What the tests of providers' logs share: a file, or a text, read as an audit reads it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "plugins/files/text.hpp"
#include "plugins/oauth/logs/recorded_logs.hpp"

namespace curfew::oauth::logs {

struct Logs {
  std::vector<Sighting> sightings;  // by time
  LogInput sum;
  std::string coverage;

  [[nodiscard]] std::vector<Sighting> of(plugin::Type type) const {
    std::vector<Sighting> all;
    std::copy_if(sightings.begin(), sightings.end(), std::back_inserter(all),
                 [&](const Sighting& one) { return one.type == type; });
    return all;
  }
  // "sign_in sign_out?" of one session; ? for an end that was concluded.
  [[nodiscard]] std::string story(const std::string& session) const {
    std::string text;
    for (const Sighting& one : sightings) {
      if (one.session != session) continue;
      if (!text.empty()) text += ' ';
      text += std::string(name_of(one.type)) + (one.end_inferred ? "?" : "");
    }
    return text;
  }
};

// Each record has one fate, whatever it is.
inline Logs taken(RecordedLogs& recorded) {
  Logs logs;
  while (recorded.next(logs.sightings)) {
  }
  logs.sum = recorded.coverage().sum();
  logs.coverage = recorded.coverage().to_json();
  EXPECT_EQ(logs.sum.records_total, logs.sum.told_total() + logs.sum.filtered_total() + logs.sum.unreadable);
  EXPECT_EQ(recorded.records_read(), logs.sum.records_total);
  EXPECT_TRUE(std::is_sorted(logs.sightings.begin(), logs.sightings.end(),
                             [](const Sighting& a, const Sighting& b) { return a.at < b.at; }));
  return logs;
}

inline Logs read_files(const std::vector<std::string>& paths) {
  RecordedLogs recorded(paths, {});
  recorded.read();
  return taken(recorded);
}

inline Logs read_text(std::string_view text, std::chrono::seconds zone = std::chrono::seconds(0)) {
  RecordedLogs recorded({}, {.zone = zone});
  recorded.read_text(text, "text");
  recorded.sort();
  return taken(recorded);
}

// The name that a vendor's log has for the person, whichever namespace it stands in.
inline std::string person(const Sighting& seen) {
  if (!seen.user_name.empty()) return seen.user_name;
  return seen.names.empty() ? std::string{} : seen.names.front().value;
}
inline std::string name_in(const Sighting& seen, std::string_view name_space) {
  for (const SightingName& name : seen.names) {
    if (name.name_space == name_space) return name.value;
  }
  return {};
}

}  // namespace curfew::oauth::logs
