// A small web application as there are many: a sign-in form, sessions on the server, a page that only who is
// signed in may see, an access log, and calls by which an administrator looks at sessions and ends them. It
// can behave as badly as some do.
//
//   forms_app::FormsApp app({.access_log = folder / "access.log", .people = {{"alice", "alice-pw"}},
//                            .admin_token = "…"});
//   …  http://127.0.0.1:<app.port()>/  …
//   app.behave(forms_app::Manner::Lies);
//   app.fail(forms_app::Fault::Cut);
//
// Pages: / /login /app /note /try /poll /logout. With `gate` it asks a gate of Curfew's before each of them,
// as the reverse proxy before an application does, and includes the gate's warning. An administrator's, with
// `Authorization: Bearer <token>`:
//   GET    /admin/sessions                 {"sessions":[{"id":…,"user":…,"state":"active","started_at":…,…}]}
//   GET    /admin/sessions/<id>            {"state":"active"|"paused"}, or 404 {"state":"none"}
//   POST   /admin/sessions/<id>/cancel     {"done":true}, or 404
//   DELETE /admin/sessions/<id>            {"done":true}, or 404
//   DELETE /admin/people/<user>/sessions   {"ended":2}
// The access log has a JSON object for each request to a page:
//   {"time":"2026-11-22T04:00:00.123456Z","address":"127.0.0.1","user":"alice","session":"<id>",
//    "method":"GET","path":"/app","status":200,"location":"","user_agent":"…"}
// `session` is the id that the request brought, or was given; `user` is empty where it was refused.
//
// Threads: any. Owns: its server. Fails: std::exception when it can't listen.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace curfew::forms_app {

enum class Manner {
  Honest,
  // Cancel pauses a session, and its next request goes on with it.
  CancelPauses,
  // Answers "done" and "no such session" to every call of an administrator, and does nothing.
  Lies,
};

// What an administrator's calls meet.
enum class Fault {
  None,
  Slow,     // no answer, until the fault is over
  Garbage,  // bytes that are not HTTP
  Cut,      // the connection ends in the middle of the answer
};

struct FormsAppOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: any that is free
  std::filesystem::path access_log;
  std::map<std::string, std::string> people;  // name; password
  std::string admin_token;                    // empty: nobody is administrator
  std::string postgresql;                     // where the sessions are; empty: in memory
  std::string marker = "Only for who is signed in";
  std::string gate;           // URL of a gate's listener; empty: none
  std::string hint;           // said on the sign-in page
  std::string order_command;  // by which an administrator signs people out, shown on /try
  Manner manner = Manner::Honest;
  // PEM files; with them it speaks TLS.
  std::string certificate;
  std::string key;
};

class FormsApp {
 public:
  explicit FormsApp(FormsAppOptions options);
  ~FormsApp();
  FormsApp(const FormsApp&) = delete;
  FormsApp& operator=(const FormsApp&) = delete;

  [[nodiscard]] int port() const;
  void behave(Manner manner);
  void fail(Fault fault);
  // Calls of an administrator that came in.
  [[nodiscard]] std::uint64_t admin_calls() const;

  struct Inside;

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace curfew::forms_app
