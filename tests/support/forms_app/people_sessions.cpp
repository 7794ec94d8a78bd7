#include "tests/support/forms_app/people_sessions.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <pqxx/pqxx>
#include <random>

namespace curfew::forms_app {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string new_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[device() % 16];
  return id;
}

class InMemory final : public PeopleSessions {
 public:
  std::string begin(const std::string& person) override {
    const std::lock_guard lock(mutex_);
    std::string id = new_id();
    sessions_[id] = {id, person, false, now(), now()};
    return id;
  }
  std::optional<PersonSession> use(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return std::nullopt;
    found->second.paused = false;
    found->second.last_activity_at = now();
    return found->second;
  }
  std::optional<PersonSession> find(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<PersonSession> all() override {
    const std::lock_guard lock(mutex_);
    std::vector<PersonSession> list;
    for (const auto& [id, session] : sessions_) list.push_back(session);
    return list;
  }
  bool pause(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return false;
    found->second.paused = true;
    return true;
  }
  bool end(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    return sessions_.erase(id) > 0;
  }
  std::uint64_t end_all(const std::string& person) override {
    const std::lock_guard lock(mutex_);
    return std::erase_if(sessions_, [&](const auto& one) { return one.second.person == person; });
  }

 private:
  std::mutex mutex_;
  std::map<std::string, PersonSession> sessions_;
};

class InPostgresql final : public PeopleSessions {
 public:
  explicit InPostgresql(const std::string& conninfo) : conninfo_(conninfo) {
    query(
        "CREATE TABLE IF NOT EXISTS app_session (id text PRIMARY KEY, person text NOT NULL, paused boolean "
        "NOT NULL DEFAULT false, started_at timestamptz NOT NULL DEFAULT now(), last_activity_at timestamptz "
        "NOT NULL DEFAULT now())");
  }
  std::string begin(const std::string& person) override {
    std::string id = new_id();
    query("INSERT INTO app_session (id, person) VALUES ($1, $2)", id, person);
    return id;
  }
  std::optional<PersonSession> use(const std::string& id) override {
    return one(
        query("UPDATE app_session SET paused = false, last_activity_at = now() WHERE id = $1 RETURNING " +
                  std::string(columns),
              id));
  }
  std::optional<PersonSession> find(const std::string& id) override {
    return one(query("SELECT " + std::string(columns) + " FROM app_session WHERE id = $1", id));
  }
  std::vector<PersonSession> all() override {
    const pqxx::result rows =
        query("SELECT " + std::string(columns) + " FROM app_session ORDER BY started_at");
    std::vector<PersonSession> list;
    for (const auto& row : rows) list.push_back(read(row));
    return list;
  }
  bool pause(const std::string& id) override {
    return query("UPDATE app_session SET paused = true WHERE id = $1", id).affected_rows() > 0;
  }
  bool end(const std::string& id) override {
    return query("DELETE FROM app_session WHERE id = $1", id).affected_rows() > 0;
  }
  std::uint64_t end_all(const std::string& person) override {
    return query("DELETE FROM app_session WHERE person = $1", person).affected_rows();
  }

 private:
  static constexpr const char* columns =
      "id, person, paused, extract(epoch from started_at)::float8, extract(epoch from "
      "last_activity_at)::float8";

  static PersonSession read(const pqxx::row& row) {
    return {row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<bool>(), row[3].as<double>(),
            row[4].as<double>()};
  }
  static std::optional<PersonSession> one(const pqxx::result& rows) {
    return rows.empty() ? std::nullopt : std::optional(read(rows[0]));
  }

  // A new connection after each failure: the database may have been away.
  template <typename... Values>
  pqxx::result query(const std::string& sql, const Values&... values) {
    const std::lock_guard lock(mutex_);
    try {
      if (!connection_) connection_ = std::make_unique<pqxx::connection>(conninfo_);
      pqxx::nontransaction work(*connection_);
      if constexpr (sizeof...(values) == 0)
        return work.exec(sql);
      else
        return work.exec_params(sql, values...);
    } catch (const std::exception&) {
      connection_.reset();
      throw;
    }
  }

  std::string conninfo_;
  std::mutex mutex_;
  std::unique_ptr<pqxx::connection> connection_;
};

}  // namespace

std::unique_ptr<PeopleSessions> in_memory() { return std::make_unique<InMemory>(); }
std::unique_ptr<PeopleSessions> in_postgresql(const std::string& conninfo) {
  return std::make_unique<InPostgresql>(conninfo);
}

}  // namespace curfew::forms_app
