#include "plugins/forms/stores/sql_store.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "plugins/forms/stores/presets.hpp"
#include "plugins/forms/stores/sql_connection.hpp"

namespace curfew::forms {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Time;

constexpr std::size_t most_connections = 4;

bool is_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

bool has_word(const std::string& text, std::string_view word) {
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i) {
    const bool begins = i == 0 || !is_word(static_cast<unsigned char>(text[i - 1]));
    const std::size_t end = i + word.size();
    const bool ends = end == text.size() || !is_word(static_cast<unsigned char>(text[end]));
    if (begins && ends &&
        std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(i),
                   [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b); }))
      return true;
  }
  return false;
}

bool is_select(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n(");
  if (begin == std::string::npos) return false;
  const std::string first = text.substr(begin, text.find_first_of(" \t\r\n(", begin) - begin);
  return has_word(first, "select") || has_word(first, "with");
}

Time read_epoch(const Row& row, std::string_view column) {
  const auto text = row.find(column);
  if (!text) return {};
  const std::string copy(*text);
  char* end = nullptr;
  const double seconds = std::strtod(copy.c_str(), &end);
  constexpr double year_3000 = 32'503'680'000.0;
  if (end == copy.c_str() || *end != '\0' || !std::isfinite(seconds) || seconds < 0 || seconds > year_3000)
    throw Failure(Code::Failed, "store.list: the column " + std::string(column) +
                                    " must hold seconds since 1970; use extract(epoch from …) or "
                                    "UNIX_TIMESTAMP(…)");
  return Time{plugin::Duration{static_cast<std::int64_t>(seconds * 1e6)}};
}

struct Statements {
  std::optional<Statement> list, remove, remove_subject, cancel, prove;
};

class SqlStore final : public Store {
 public:
  SqlStore(bool is_postgresql, SqlServer server, Statements statements, plugin::Duration connect_timeout,
           plugin::Duration settles_after)
      : is_postgresql_(is_postgresql),
        server_(std::move(server)),
        statements_(std::move(statements)),
        connect_timeout_(connect_timeout),
        settles_after_(settles_after) {}

  [[nodiscard]] Abilities abilities() const noexcept override {
    return {.lists = statements_.list.has_value(),
            .cancels = statements_.cancel.has_value(),
            .ends = statements_.remove.has_value(),
            .ends_subjects = statements_.remove_subject.has_value(),
            .proves = statements_.prove.has_value()};
  }
  [[nodiscard]] plugin::Duration settles_after() const noexcept override { return settles_after_; }

  void list(const std::function<void(const StoredSession&)>& each, Time deadline) override {
    if (!statements_.list) throw Failure(Code::Unsupported, "no store.list is configured");
    StoredSession session;
    run(
        *statements_.list, {},
        [&](const Row& row) {
          const auto id = row.find("session_id");
          if (!id || id->empty())
            throw Failure(Code::Failed,
                          "store.list: a row has no session_id; name the column with AS session_id");
          session.name.id = *id;
          session.name.subject = row.find("subject").value_or("");
          session.started_at = read_epoch(row, "started_at");
          session.last_activity_at = read_epoch(row, "last_activity_at");
          session.expires_at = read_epoch(row, "expires_at");
          each(session);
        },
        deadline);
  }

  Answer cancel(const SessionName& session, Time deadline) override {
    return change(statements_.cancel, "store.cancel", session, deadline);
  }
  Answer end(const SessionName& session, Time deadline) override {
    return change(statements_.remove, "store.delete", session, deadline);
  }
  Answer end_subject(const std::string& subject, Time deadline) override {
    return change(statements_.remove_subject, "store.delete_subject", {.id = {}, .subject = subject},
                  deadline);
  }

  Found prove(const SessionName& session, Time deadline) override {
    if (!statements_.prove) return {Liveness::Unknown, "no store.prove is configured"};
    if (statements_.prove->uses_subject() && session.subject.empty())
      return {Liveness::Unknown, "store.prove asks for {subject}, and whose session it is isn't known"};
    try {
      const Ran ran = run(*statements_.prove, session, {}, deadline);
      if (!ran.is_rows)
        return {Liveness::Unknown, "store.prove has no rows to answer with; it must be a SELECT"};
      return {ran.count > 0 ? Liveness::Alive : Liveness::Dead, {}};
    } catch (const Failure& failure) {
      return {Liveness::Unknown, failure.what()};
    }
  }

 private:
  Answer change(const std::optional<Statement>& statement, const char* setting, const SessionName& name,
                Time deadline) {
    if (!statement) return {Code::Unsupported, std::string("no ") + setting + " is configured"};
    if (statement->uses_subject() && name.subject.empty())
      return {Code::Failed,
              std::string(setting) + " asks for {subject}, and whose session it is isn't known"};
    const Ran ran = run(*statement, name, {}, deadline);
    if (ran.count == 0) return {Code::NotFound, "the database had no such row"};
    return {Code::Ok, std::to_string(ran.count) + (ran.count == 1 ? " row" : " rows")};
  }

  // A kept connection may have died since: then once more with a new one. A statement that was under way may
  // have been carried out; to delete twice is harmless, and `cancel` is asked for twice at worst.
  Ran run(const Statement& statement, const SessionName& name, const std::function<void(const Row&)>& row,
          Time deadline) {
    const web::Patience patience(deadline, connect_timeout_ + server_.statement_timeout);
    bool shown = false;
    const auto watched = row ? std::function<void(const Row&)>([&](const Row& one) {
      shown = true;
      row(one);
    })
                             : row;
    std::unique_ptr<SqlConnection> connection = take(patience);
    const bool is_kept = connection != nullptr;
    const Returner returner(*this, connection);
    if (is_kept) {
      try {
        return connection->run(statement, name, watched, patience);
      } catch (const Failure& failure) {
        if (failure.code() != Code::Unavailable) throw;
        connection.reset();
        if (shown || patience.over()) throw;
      }
    }
    connection = connect(patience.at_most(connect_timeout_));
    try {
      return connection->run(statement, name, watched, patience);
    } catch (const Failure& failure) {
      connection.reset();
      throw;
    }
  }

  std::unique_ptr<SqlConnection> connect(const web::Patience& patience) {
    return is_postgresql_ ? connect_postgresql(server_, bounds_, patience)
                          : connect_mariadb(server_, bounds_, patience);
  }

  // Null: there is room for a new one.
  std::unique_ptr<SqlConnection> take(const web::Patience& patience) {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_until(lock, patience.end(), [&] { return taken_ < most_connections; }))
      throw Failure(Code::Unavailable,
                    "all connections to the session store are in use; the database is slow");
    ++taken_;
    if (idle_.empty()) return nullptr;
    std::unique_ptr<SqlConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  class Returner {
   public:
    Returner(SqlStore& store, std::unique_ptr<SqlConnection>& connection)
        : store_(store), connection_(connection), exceptions_(std::uncaught_exceptions()) {}
    Returner(const Returner&) = delete;
    Returner& operator=(const Returner&) = delete;
    ~Returner() {
      // After an error nobody knows what still comes out of it.
      if (std::uncaught_exceptions() > exceptions_) connection_.reset();
      const std::lock_guard lock(store_.mutex_);
      if (connection_) store_.idle_.push_back(std::move(connection_));
      --store_.taken_;
      store_.returned_.notify_one();
    }

   private:
    SqlStore& store_;
    std::unique_ptr<SqlConnection>& connection_;
    int exceptions_;
  };

  bool is_postgresql_;
  SqlServer server_;
  Statements statements_;
  plugin::Duration connect_timeout_;
  plugin::Duration settles_after_;
  Bounds bounds_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<SqlConnection>> idle_;
  std::size_t taken_ = 0;
};

bool is_this_machine(const std::string& host) {
  return host.starts_with('/') || host == "localhost" || host == "::1" || host.starts_with("127.");
}

SqlServer server_of(const web::Setting& setting) {
  SqlServer server{.host = setting.text("host"),
                   .port = setting.number("port", 0),
                   .database = setting.text("database"),
                   .user = setting.text("user"),
                   .password = setting.text("password", "")};
  const std::string tls = setting.text("tls", "verify");
  if (tls != "verify" && tls != "off") web::invalid(setting.at("tls") + " must be verify or off");
  const bool is_near = is_this_machine(server.host);
  server.verify_tls = tls == "verify" && (!is_near || setting.has("tls"));
  if (server.verify_tls && server.host.starts_with('/'))
    web::invalid(setting.at("tls") + ": there is no TLS on a unix socket");
  if (!server.verify_tls && !is_near && !setting.flag("plain_beyond_loopback", false))
    web::invalid(setting.at("tls") +
                 ": without TLS the password and session ids would go over the network in " +
                 "the clear; say verify, or plain_beyond_loopback");
  server.tls = setting.tls_files();
  if (!server.verify_tls && (!server.tls.ca.empty() || !server.tls.certificate.empty()))
    web::invalid(setting.at(server.tls.ca.empty() ? "certificate_file" : "ca_file") +
                 " is of no use without TLS; say tls: verify");
  server.statement_timeout = setting.duration("statement_timeout", std::chrono::seconds(5));
  if (server.statement_timeout < std::chrono::milliseconds(100))
    web::invalid(setting.at("statement_timeout") + " must be at least 100ms");
  return server;
}

// `SELECT *`, `s.*`, and not a product.
bool takes_all_columns(const std::string& text) {
  for (std::size_t star = 0; (star = text.find('*', star)) != std::string::npos; ++star) {
    std::size_t before = star;
    while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '\t' || text[before - 1] == '\n'))
      --before;
    if (before == 0 || text[before - 1] == ',' || text[before - 1] == '.') return true;
    std::size_t word = before;
    while (word > 0 && is_word(static_cast<unsigned char>(text[word - 1]))) --word;
    const std::string last = text.substr(word, before - word);
    for (const std::string_view all : {"select", "distinct", "all", "returning"}) {
      if (has_word(last, all)) return true;
    }
  }
  return false;
}

void check_mod_session_dbd(const web::Setting& setting) {
  for (const char* key : {"list", "delete", "delete_subject", "cancel", "prove"}) {
    const std::string text = setting.text(key, "");
    if (has_word(text, "value") || takes_all_columns(text))
      web::invalid(
          setting.at(key) +
          ": the column value of mod_session_dbd holds passwords in the clear, and is never read; name other "
          "columns, and not *");
  }
}

Statements statements_of(const web::Setting& setting, Marks marks) {
  Preset preset;
  const std::string name = setting.text("preset", "");
  if (!name.empty())
    preset = find_preset(name, setting.text("table", ""), marks);
  else if (setting.has("table"))
    web::invalid(setting.at("table") + " is for a preset; without one, say list, delete and prove");
  const auto statement = [&](const char* key, const std::string& known) -> std::optional<Statement> {
    const std::string text = setting.text(key, known);
    if (text.empty() && setting.has(key)) web::invalid(setting.at(key) + " is empty; leave it out");
    if (text.empty()) return std::nullopt;
    return Statement(text, setting.at(key), marks);
  };
  Statements all{.list = statement("list", preset.list),
                 .remove = statement("delete", preset.remove),
                 .remove_subject = statement("delete_subject", ""),
                 .cancel = statement("cancel", ""),
                 .prove = statement("prove", preset.prove)};
  if (!all.list && !all.remove && !all.prove)
    web::invalid(setting.path() + " says neither list, delete nor prove, and no preset");
  for (const auto* query : {&all.list, &all.prove}) {
    if (*query && !is_select((*query)->text()))
      web::invalid((*query)->setting() + " must be a SELECT: looking changes nothing");
  }
  if (all.list && (all.list->uses_session() || all.list->uses_subject()))
    web::invalid(all.list->setting() + " lists all sessions: it can't ask for one");
  for (const auto* query : {&all.remove, &all.cancel, &all.prove}) {
    if (*query && !(*query)->uses_session())
      web::invalid((*query)->setting() + " does not say {session}: it would be about all of them");
  }
  if (all.remove_subject && !all.remove_subject->uses_subject())
    web::invalid(all.remove_subject->setting() + " does not say {subject}: it would be about everyone");
  if (name == "mod_session_dbd") check_mod_session_dbd(setting);
  return all;
}

}  // namespace

std::unique_ptr<Store> make_sql_store(const web::Setting& setting) {
  setting.only({"kind",
                "preset",
                "table",
                "host",
                "port",
                "database",
                "user",
                "password",
                "tls",
                "plain_beyond_loopback",
                "ca_file",
                "certificate_file",
                "key_file",
                "statement_timeout",
                "connect_timeout",
                "settles_after",
                "list",
                "delete",
                "delete_subject",
                "cancel",
                "prove"});
  const bool is_postgresql = setting.text("kind") == "postgresql";
  return std::make_unique<SqlStore>(is_postgresql, server_of(setting),
                                    statements_of(setting, is_postgresql ? Marks::Dollars : Marks::Questions),
                                    setting.duration("connect_timeout", std::chrono::seconds(3)),
                                    setting.duration("settles_after", plugin::Duration{}));
}

}  // namespace curfew::forms
