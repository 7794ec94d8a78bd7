// Where an application keeps its sessions, and how it is told to end one: a database, LemonLDAP::NG, or calls
// over HTTP. Clear ids stay on this side: `Sessions` (sessions.hpp) is what a connector uses.
//
//   const std::unique_ptr<Store> store = make_store(R"({"kind":"postgresql","preset":"mod_session_dbd",…})");
//   store->end({.id = "8bf07fc7-…", .subject = "carol"}, deadline);
//   Found found = store->prove({.id = "8bf07fc7-…"}, deadline);   // found.text says why, if unknown
//
// Threads: all methods from any, at once. Owns: its connections. Fails: make_store throws
// plugin::Failure(Invalid) naming the setting; calls throw plugin::Failure with what, where and what to do.
// `prove` throws only for what can't be asked at all; whatever wasn't answered fully is unknown, with a text.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::forms {

// The same text as in the access log. A credential: never in a log, an error or an answer.
struct SessionName {
  std::string id;
  std::string subject;  // as the application names its people; empty: not known
};

struct StoredSession {
  SessionName name;
  plugin::Time started_at{};
  plugin::Time last_activity_at{};
  plugin::Time expires_at{};
};

struct Found {
  plugin::Liveness liveness = plugin::Liveness::Unknown;
  std::string text;
};

struct Abilities {
  bool lists = false;
  bool cancels = false;
  bool ends = false;
  bool ends_subjects = false;  // in one call, and not session by session
  bool proves = false;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  [[nodiscard]] virtual Abilities abilities() const noexcept = 0;
  // How long a session that isn't found any more may still work (a cache before the store).
  [[nodiscard]] virtual plugin::Duration settles_after() const noexcept = 0;

  // Each live session once. Returns only when all were shown; a list that was cut is a Failure.
  virtual void list(const std::function<void(const StoredSession&)>& each, plugin::Time deadline) = 0;
  // Ok: accepted. NotFound: the store answered that it has no such session.
  virtual plugin::Answer cancel(const SessionName& session, plugin::Time deadline) = 0;
  virtual plugin::Answer end(const SessionName& session, plugin::Time deadline) = 0;
  virtual plugin::Answer end_subject(const std::string& subject, plugin::Time deadline) = 0;
  [[nodiscard]] virtual Found prove(const SessionName& session, plugin::Time deadline) = 0;
};

// `json`: the setting `store` of a forms source (store_schema.hpp), secrets resolved. Connects to nothing
// yet.
[[nodiscard]] std::unique_ptr<Store> make_store(std::string_view json);

}  // namespace curfew::forms
