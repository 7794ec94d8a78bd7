// Who is in a group of the directory, and the watch that looks it up again and again on a thread of its own:
// a server that hangs holds up no log.
//
//   GroupWatch watch({"payroll"}, every, [&](const std::string& name) { return directory.members(name); },
//                    [&] { waker.wake(); });
//   watch.start();
//   for (const GroupWatch::Told& told : watch.take()) …    for (const std::string& text :
//   watch.take_complaints()) …
//
// A group that can't be looked up keeps the members that it had: nobody leaves it because a server is away. A
// complaint is told once until it changes. Threads: start, stop, take on one; its own asks. Owns: the thread.
// Fails: members_of throws plugin::Failure; the watch complains.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plugins/windows/directory/directory_account.hpp"

namespace curfew::windows {

struct GroupMember {
  std::string sid;
  std::string account;  // CORP\name; empty: somebody of another domain
  std::vector<std::string> principals;
};

struct FoundGroup {
  std::string name;  // for policies
  std::vector<GroupMember> members;
  std::string failure;  // why it could not be looked up; empty: it was
};

inline constexpr std::size_t most_members = CURFEW_MAX_GROUP_NAMES / 4;  // each has up to four names

// Members by nesting, and by primary group, which `memberOf` does not show. `place`: its distinguished name.
// Fails as the connection does; what is wrong with the group itself, as more than `most` members, is in the
// result, and concerns no other group.
[[nodiscard]] FoundGroup find_group(LdapConnection& connection, const Domain& domain, const std::string& name,
                                    const std::string& place, std::size_t most = most_members);

class GroupWatch {
 public:
  using Ask = std::function<std::vector<FoundGroup>()>;

  GroupWatch(plugin::Duration every, Ask ask, std::function<void()> on_news)
      : every_(every), ask_(std::move(ask)), on_news_(std::move(on_news)) {}
  ~GroupWatch() { stop(); }
  GroupWatch(const GroupWatch&) = delete;
  GroupWatch& operator=(const GroupWatch&) = delete;

  void start();
  void stop();
  [[nodiscard]] std::vector<FoundGroup> take();
  [[nodiscard]] std::vector<std::string> take_complaints();

 private:
  void run();
  void look();
  void complain(const std::string& about, const std::string& failure);

  const plugin::Duration every_;
  const Ask ask_;
  const std::function<void()> on_news_;
  std::mutex mutex_;  // all below
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::map<std::string, FoundGroup> found_;
  std::vector<std::string> complaints_;
  std::map<std::string, std::string> last_complaint_;  // by what it is about
  std::thread thread_;
};

}  // namespace curfew::windows
