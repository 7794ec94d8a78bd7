// Who is told, on the writer's thread, that the ledger has grown.
//
//   app::CommitListeners commits;                                    // before what commits
//   const auto listening = commits.listen([&] { exports.committed(); });
//   commits.tell();
//
// When a Listening has ended, its function neither runs nor is called again: what it calls may go. Declared
// behind that, it ends before it, in whichever order a start fails.
//
// Threads: any; a function does not end a Listening. Owns: the functions; it outlives each Listening. Fails:
// never; a function must not throw.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace curfew::app {

class CommitListeners {
 public:
  class Listening {
   public:
    Listening(CommitListeners& of, std::list<std::function<void()>>::iterator place)
        : of_(of), place_(place) {}
    ~Listening();
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

   private:
    CommitListeners& of_;
    const std::list<std::function<void()>>::iterator place_;
  };

  // Ends with what it returns.
  [[nodiscard]] std::unique_ptr<Listening> listen(std::function<void()> told);
  // One after the other; they are short.
  void tell();

 private:
  std::mutex mutex_;
  std::list<std::function<void()>> told_;
};

}  // namespace curfew::app
