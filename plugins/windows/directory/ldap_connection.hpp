// One signed-in connection to one domain controller, by libldap. Blocking: `Directory` runs it on a thread of
// its own, and cuts its socket when its time is over, because no time limit of libldap holds for a server
// that sends half an answer.
//
//   const auto attempt = std::make_shared<Attempt>();
//   LdapConnection connection(settings, settings.servers.front(), attempt);
//   for (const LdapEntry& entry : connection.search(base, Scope::Subtree, "(sAMAccountName=bob)",
//   {"objectSid"}, 2)) …
//
// Threads: a connection: one; an Attempt: any. Owns: the connection and its credential. Fails:
// plugin::Failure: Unavailable where another server may do better, Refused where none would (the service
// account's own credentials: asking on would lock it), Failed for the rest.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/windows/directory/directory_settings.hpp"

namespace curfew::windows {

// What whoever waits for a connection knows of it, and how it ends it.
class Attempt {
 public:
  Attempt() = default;
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void cut();
  [[nodiscard]] bool is_cut() const { return cut_; }
  void at(const char* phase) { phase_ = phase; }
  [[nodiscard]] const char* phase() const { return phase_; }
  // A change was made, or sent and its answer is not known.
  void in_doubt(bool is) { in_doubt_ = is; }
  [[nodiscard]] bool is_in_doubt() const { return in_doubt_; }
  // False when it is cut already.
  bool watch(int socket);
  [[nodiscard]] bool was_connected();

 private:
  std::mutex mutex_;
  int socket_ = -1;  // a duplicate: its number can't become another's
  std::atomic<bool> cut_ = false;
  std::atomic<bool> in_doubt_ = false;
  std::atomic<const char*> phase_ = "connecting";
};

struct LdapEntry {
  std::string dn;
  std::map<std::string, std::vector<std::string>> values;  // names of attributes in lower case

  // The first value; empty: none.
  [[nodiscard]] std::string value(const std::string& attribute) const;
};

enum class Scope { Base, OneLevel, Subtree };

enum class ChangeKind { Add, Delete };
struct Change {
  ChangeKind kind = ChangeKind::Add;
  std::string attribute;
  std::string value;
};

// How the server answered a change.
enum class Modified {
  Done,
  NoSuchValue,   // what was to be deleted is not there
  AlreadyThere,  // what was to be added is
  NotAllowed,    // the service account lacks the right
  Refused,       // by a rule of the server
};
struct ModifyAnswer {
  Modified code = Modified::Refused;
  std::string text;  // the server's own
};

class LdapConnection {
 public:
  LdapConnection(const DirectorySettings& settings, const DirectoryServer& server,
                 std::shared_ptr<Attempt> attempt);
  ~LdapConnection();
  LdapConnection(const LdapConnection&) = delete;
  LdapConnection& operator=(const LdapConnection&) = delete;

  [[nodiscard]] const std::string& server() const { return server_; }
  // At most `most` entries; more than that is a Failure unless `most` + 1 say enough to the caller.
  [[nodiscard]] std::vector<LdapEntry> search(const std::string& base, Scope scope, const std::string& filter,
                                              const std::vector<std::string>& attributes, int most);
  // All of them, in pages. Where there are more than `most`, it ends behind the page that shows it: whoever
  // needs all of them looks at the size.
  [[nodiscard]] std::vector<LdapEntry> search_all(const std::string& base, const std::string& filter,
                                                  const std::vector<std::string>& attributes,
                                                  std::size_t most);
  // All or nothing.
  [[nodiscard]] ModifyAnswer modify(const std::string& dn, const std::vector<Change>& changes);
  // A change was made, or sent and its answer never came.
  [[nodiscard]] bool is_in_doubt() const { return attempt_->is_in_doubt(); }
  // The SIDs that the server gives to this connection: the service account's own and its groups'.
  [[nodiscard]] std::vector<std::string> own_sids();

 private:
  struct Library;
  void check(int code, const std::string& what);
  void sign_in_simple();
  void sign_in_kerberos();

  const DirectorySettings& settings_;
  std::string server_;
  std::shared_ptr<Attempt> attempt_;
  std::unique_ptr<Library> library_;
};

}  // namespace curfew::windows
