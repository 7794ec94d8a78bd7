// What happens at a daemon, in words: each event of its stream becomes a line for a terminal, or none.
//
//   app::LiveLines lines({.sources = {"crm"}, .since = now, .name_of = …, .source_of = …});
//   std::puts(lines.take(event.name, event.data).c_str());
//     "06:42:12.318  session 7     alex signed in at crm"
//
// Rows come with each change of theirs: a session's sign-in and end, a violation and its withdrawal are told
// once. Threads: one. Owns: what it told of the latest few thousand. Fails: never; what it can't read is
// nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"

namespace curfew::app {

struct LiveLinesSettings {
  std::vector<std::string> sources;  // whose sessions; empty: all
  Time since{};                      // sign-ins before it are no news
  // The name behind a reference, or the reference.
  std::function<std::string(const std::string& ref)> name_of;
  // Of a sign-out that began earlier; empty: not known.
  std::function<std::string(std::uint64_t sign_out)> source_of;
};

class LiveLines {
 public:
  explicit LiveLines(LiveLinesSettings settings) : settings_(std::move(settings)) {}
  // Empty: nothing worth a line.
  std::string take(std::string_view event, std::string_view json);

 private:
  struct Known {
    std::uint64_t number = 0;
    std::string source;
    bool ended = false;
  };
  std::string session(std::string_view row);
  std::string violation(std::string_view row);
  std::string step(std::string_view notice);
  std::string warned(std::string_view notice);
  std::string failed(std::string_view notice);
  std::string alert(std::string_view notice);
  std::string whose(const std::string& source, const std::string& session) const;
  [[nodiscard]] bool is_wanted(const std::string& source) const;
  [[nodiscard]] bool is_wanted(const std::string& source, const std::string& session) const;

  LiveLinesSettings settings_;
  std::map<std::string, Known> sessions_;           // by digest
  std::map<std::uint64_t, std::string> digests_;    // by number: the oldest are forgotten first
  std::map<std::uint64_t, bool> violations_;        // withdrawn?
  std::map<std::uint64_t, std::string> sign_outs_;  // their source
};

}  // namespace curfew::app
