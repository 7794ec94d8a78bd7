// What a windows source does in its directory: disables accounts and enables them again, leaves a group and
// rejoins it, looks up who is in a group, and says of sessions that rest on a Kerberos ticket how long that
// ticket can still be accepted.
//
//   Directory directory(read_directory_settings(json), "corp-ad");
//   directory.start();
//   directory.act(action);                                  // disable_account, block_sign_in, suspend_access
//   directory.rests_on_ticket(digest, "S-1-5-21-…-1104");   // as its sign-in is seen
//   directory.prove(probe);
//
// Each call is a connection of its own, to the first server that serves it; a proof asks all of them.
// Threads: any, at once. Owns: the journal; a thread that a server or the name service still holds when its
// time is over touches nothing of this object's. Fails: plugin::Failure from the constructor's settings,
// start and prove; act answers.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "curfew/plugin/names.hpp"
#include "plugins/files/change_journal.hpp"
#include "plugins/windows/directory/directory_account.hpp"
#include "plugins/windows/directory/directory_groups.hpp"
#include "plugins/windows/directory/directory_settings.hpp"
#include "plugins/windows/directory/tickets.hpp"

namespace curfew::windows {

class Directory {
 public:
  Directory(DirectorySettings settings, std::string source);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  void start();
  // Ends what waits between two tries, and lookups of members.
  void stop();

  [[nodiscard]] static bool carries_out(plugin::Step step);
  [[nodiscard]] plugin::Answer act(const plugin::Action& action);

  // A session that lives as long as a service accepts the ticket of this account.
  void rests_on_ticket(const plugin::SessionDigest& session, std::string_view sid);
  void ended(const plugin::SessionDigest& session);
  [[nodiscard]] plugin::Proof prove(const plugin::Probe& probe);
  [[nodiscard]] Tickets& tickets() { return tickets_; }
  // Who is in each group of the settings, nested ones resolved, by one connection: each is a sign-in of the
  // service account, which the directory's own log shows. Fails: plugin::Failure.
  [[nodiscard]] std::vector<FoundGroup> members();
  [[nodiscard]] const DirectorySettings& settings() const { return *settings_; }

 private:
  using Work = std::function<plugin::Answer(LdapConnection&, const DirectorySettings&, Attempt&)>;
  struct Terms {
    plugin::Time deadline{};
    int rounds = 1;
    // A change without an answer is accepted: it may have worked, and must be undone in its time.
    bool doubt_is_done = false;
    bool ends_at_stop = false;  // cut when the source stops; nothing that changes anything
  };
  // One server. Nothing: no answer within that time. Fails: as the work does.
  std::optional<plugin::Answer> with_server(plugin::Aside& aside, const DirectoryServer& server,
                                            std::chrono::milliseconds time,
                                            const std::shared_ptr<Attempt>& attempt, const Work& work);
  [[nodiscard]] SeenAt look(const DirectoryServer& server, const std::string& sid, plugin::Time end);
  // Each server in turn, and again while there is time.
  plugin::Answer with_servers(const Terms& terms, const Work& work);
  bool pause(plugin::Duration time);

  std::shared_ptr<const DirectorySettings> settings_;
  std::string source_;
  std::shared_ptr<files::ChangeJournal> journal_;
  plugin::Aside aside_;
  plugin::Aside lookups_;  // that end when the source stops
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::weak_ptr<Attempt> lookup_;  // that stop ends
  Tickets tickets_;
};

}  // namespace curfew::windows
