// The application's sessions, on its side: in memory, or in a table of PostgreSQL.
//
//   auto sessions = forms_app::in_memory();
//   std::string id = sessions->begin("alice");  sessions->use(id);  sessions->end(id);
//
// Threads: any. Owns: its connection. Fails: std::runtime_error when the database can't be asked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace curfew::forms_app {

struct PersonSession {
  std::string id;
  std::string person;
  bool paused = false;
  double started_at = 0;  // seconds since 1970
  double last_activity_at = 0;
};

class PeopleSessions {
 public:
  PeopleSessions() = default;
  PeopleSessions(const PeopleSessions&) = delete;
  PeopleSessions& operator=(const PeopleSessions&) = delete;
  virtual ~PeopleSessions() = default;

  virtual std::string begin(const std::string& person) = 0;
  // A request with this id; a paused session goes on by it.
  virtual std::optional<PersonSession> use(const std::string& id) = 0;
  virtual std::optional<PersonSession> find(const std::string& id) = 0;
  virtual std::vector<PersonSession> all() = 0;
  virtual bool pause(const std::string& id) = 0;
  virtual bool end(const std::string& id) = 0;
  virtual std::uint64_t end_all(const std::string& person) = 0;
};

[[nodiscard]] std::unique_ptr<PeopleSessions> in_memory();
// Makes the table app_session where it isn't there.
[[nodiscard]] std::unique_ptr<PeopleSessions> in_postgresql(const std::string& conninfo);

}  // namespace curfew::forms_app
