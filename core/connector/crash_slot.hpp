// Crash slots: a small file per source, mapped into memory, that survives the process and says which plugin
// was running when it died.
//
//   CrashSlot slot(directory, "crm-forms");
//   if (slot.crash_of_last_run()) { /* quarantine */ }
//   { CrashSlot::Call call(&slot, call_number); plugin->poll(…); }
//
// A call marks the slot. The handler of the fatal signals notes the signal in the slot of the thread that
// crashed; a crash on a thread of the plugin's own is found by the plugin's code on the stack. Who ends the
// process by exit, quick_exit, _exit or a SIGKILL to itself is noted the same way: this library has its own
// _exit, _Exit, kill and raise, which plugins come to before those of the C library.
//
// What comes from outside (SIGKILL, the kernel out of memory, a power cut) and a system call made by hand
// leave only the marks of the calls that were open. Healthy sources are in poll nearly always, so that such a
// mark accuses nobody by itself: it is told how often in a row it was found.
//
// Threads: construct and destroy on one; calls on any. Owns: the mapping; the file goes away with an orderly
// end. Fails: Error(Unavailable) when the file can't be made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace curfew::connector {

class CrashSlot {
 public:
  CrashSlot(const std::string& directory, std::string_view source);
  ~CrashSlot();
  CrashSlot(const CrashSlot&) = delete;
  CrashSlot& operator=(const CrashSlot&) = delete;

  struct Crash {
    std::uint32_t call = 0;
    int signal = 0;  // 0: the plugin ended the process by exit() or the like
  };
  [[nodiscard]] std::optional<Crash> crash_of_last_run() const noexcept { return last_; }

  // The last run ended while these calls were open, and left no word of why.
  struct Unexplained {
    std::uint32_t calls = 0;  // bits by number
    std::uint32_t times = 0;  // that these were open, since the source last ended in order
  };
  [[nodiscard]] std::optional<Unexplained> unexplained_end_of_last_run() const noexcept {
    return unexplained_;
  }

  // From now on crashes below this code address are this source's.
  void watch_code_of(const void* address);

  // While it lives, a crash of this thread is the plugin's. Calls nest; nullptr: a crash is nobody's (the
  // core at work on behalf of the plugin).
  class Call {
   public:
    Call(CrashSlot* slot, std::uint32_t call) noexcept;
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    void* outer_slot_;
    std::uint32_t outer_call_;
    bool outer_in_core_;
  };

  // The last line of the file's life: the source ended in order.
  void close() noexcept;

  struct Record;  // what is in the file

 private:
  void read_unexplained_end();

  std::string path_;
  Record* record_ = nullptr;
  std::optional<Crash> last_;
  std::optional<Unexplained> unexplained_;
};

}  // namespace curfew::connector
