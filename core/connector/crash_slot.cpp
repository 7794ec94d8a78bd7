#include "core/connector/crash_slot.hpp"

#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "core/base/error.hpp"

namespace curfew::connector {

struct CrashSlot::Record {
  static constexpr std::uint32_t kinds = 16;  // of calls
  std::array<char, 8> magic;
  std::atomic<std::uint32_t> crashed;  // 1: the two below are true
  std::atomic<std::uint32_t> call;
  std::atomic<std::uint32_t> signal;
  std::atomic<std::uint32_t> unexplained_calls;
  std::atomic<std::uint32_t> unexplained_times;
  std::array<std::atomic<std::uint32_t>, kinds> open;  // calls that have not returned
};

namespace {

constexpr std::array<char, 8> magic{'c', 'u', 'r', 'f', 'e', 'w', '0', '2'};
constexpr std::array<int, 6> fatal_signals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};

// A signal handler has no other way to know anything: these few are the process's, by nature.
constinit thread_local CrashSlot::Record* running = nullptr;
constinit thread_local std::uint32_t running_call = 0;
constinit thread_local bool in_core = false;

struct CodeRange {
  std::atomic<std::uintptr_t> first{0};
  std::atomic<std::uintptr_t> last{0};
  std::atomic<CrashSlot::Record*> record{nullptr};
};
std::array<CodeRange, 256> ranges;
std::array<struct sigaction, 65> earlier;
// A child that was forked has the slots too, and is nobody's crash.
std::atomic<pid_t> owner{0};

void note(CrashSlot::Record* record, std::uint32_t call, int signal) {
  record->call.store(call);
  record->signal.store(static_cast<std::uint32_t>(signal));
  record->crashed.store(1);
}

// No host call is open on this thread, so it may be a plugin's own: whose code is on its stack?
void note_by_stack(int signal) {
  std::array<void*, 64> frames{};
  const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
  for (CodeRange& range : ranges) {
    CrashSlot::Record* const record = range.record.load();
    if (record == nullptr) continue;
    for (int i = 0; i < count; ++i) {
      // A return address: after a call that never returns it may lie behind the last of the code.
      const auto at = reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]) - 1;
      if (at < range.first.load() || at >= range.last.load()) continue;
      note(record, 0, signal);
      break;
    }
  }
}

// The process ends on this thread, in a moment: through whom?
void note_end(int signal) {
  if (getpid() != owner.load()) return;
  if (running != nullptr) {
    note(running, running_call, signal);
  } else if (!in_core) {
    note_by_stack(signal);
  }
}

void on_fatal_signal(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  note_end(signal);
  errno = saved;
  const struct sigaction& before = earlier[static_cast<std::size_t>(signal)];
  if ((before.sa_flags & SA_SIGINFO) != 0 && before.sa_sigaction != nullptr) {
    before.sa_sigaction(signal, info, context);
    return;
  }
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
    return;
  }
  // Default from here on: the signal is delivered again when this handler returns.
  struct sigaction fall_back {};
  fall_back.sa_handler = SIG_DFL;
  sigaction(signal, &fall_back, nullptr);
  raise(signal);
}

void on_exit_within_call() { note_end(0); }

[[noreturn]] void end_at_once(int code) {
  note_end(0);
  for (;;) syscall(SYS_exit_group, code);
}

bool reaches_this_process(pid_t target) {
  return target == getpid() || target == 0 || target == -1 || target == -getpgrp();
}

void install_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The first backtrace loads libgcc, which must not happen inside of a handler.
    std::array<void*, 2> frames{};
    backtrace(frames.data(), static_cast<int>(frames.size()));
    for (const int signal : fatal_signals) {
      struct sigaction action {};
      action.sa_sigaction = on_fatal_signal;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK;
      sigemptyset(&action.sa_mask);
      sigaction(signal, &action, &earlier[static_cast<std::size_t>(signal)]);
    }
    std::atexit(on_exit_within_call);
    std::at_quick_exit(on_exit_within_call);
  });
}

struct Search {
  std::uintptr_t address;
  std::uintptr_t first = 0;
  std::uintptr_t last = 0;
};

int find_object(dl_phdr_info* info, std::size_t, void* context) {
  auto& search = *static_cast<Search*>(context);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const std::uintptr_t first = info->dlpi_addr + header.p_vaddr;
    if (search.address < first || search.address >= first + header.p_memsz) continue;
    search.first = first;
    search.last = first + header.p_memsz;
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace curfew::connector

// In front of the C library's: the dynamic linker looks into the program first.
extern "C" {
void _exit(int code) { curfew::connector::end_at_once(code); }
void _Exit(int code) noexcept { curfew::connector::end_at_once(code); }
int kill(pid_t target, int signal) noexcept {
  if (signal == SIGKILL && curfew::connector::reaches_this_process(target)) {
    curfew::connector::note_end(signal);
  }
  return static_cast<int>(syscall(SYS_kill, target, signal));
}
int raise(int signal) noexcept {
  if (signal == SIGKILL) curfew::connector::note_end(signal);
  return static_cast<int>(syscall(SYS_tgkill, getpid(), gettid(), signal));
}
}

namespace curfew::connector {

CrashSlot::CrashSlot(const std::string& directory, std::string_view source)
    : path_(directory + "/" + std::string(source) + ".slot") {
  install_handlers();
  owner.store(getpid());
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 || ftruncate(file, sizeof(Record)) != 0) {
    const std::string reason = std::strerror(errno);
    if (file >= 0) ::close(file);
    throw Error(ErrorKind::Unavailable,
                path_ + ": can't be made: " + reason + "; Curfew needs to write to its state directory");
  }
  void* const mapped = mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) {
    throw Error(ErrorKind::Unavailable, path_ + ": can't be mapped: " + std::strerror(errno));
  }
  record_ = static_cast<Record*>(mapped);
  if (record_->magic != magic) {
    record_->unexplained_calls.store(0);
    record_->unexplained_times.store(0);
  } else if (record_->crashed.load() != 0) {
    last_ = Crash{record_->call.load(), static_cast<int>(record_->signal.load())};
  } else {
    read_unexplained_end();
  }
  record_->magic = magic;
  record_->crashed.store(0);
  record_->call.store(0);
  record_->signal.store(0);
  for (auto& open : record_->open) open.store(0);
}

void CrashSlot::read_unexplained_end() {
  std::uint32_t calls = 0;
  for (std::uint32_t call = 0; call < Record::kinds; ++call) {
    if (record_->open[call].load() != 0) calls |= 1U << call;
  }
  if (calls == 0) return;
  const std::uint32_t again = record_->unexplained_calls.load() & calls;
  record_->unexplained_calls.store(again != 0 ? again : calls);
  record_->unexplained_times.store(again != 0 ? record_->unexplained_times.load() + 1 : 1);
  unexplained_ = Unexplained{record_->unexplained_calls.load(), record_->unexplained_times.load()};
}

CrashSlot::~CrashSlot() {
  for (CodeRange& range : ranges) {
    if (range.record.load() == record_) range.record.store(nullptr);
  }
  munmap(record_, sizeof(Record));
}

void CrashSlot::watch_code_of(const void* address) {
  Search search{reinterpret_cast<std::uintptr_t>(address)};
  if (dl_iterate_phdr(find_object, &search) == 0) return;
  for (CodeRange& range : ranges) {
    Record* none = nullptr;
    if (!range.record.compare_exchange_strong(none, record_)) continue;
    range.first.store(search.first);
    range.last.store(search.last);
    return;
  }
}

void CrashSlot::close() noexcept { unlink(path_.c_str()); }

CrashSlot::Call::Call(CrashSlot* slot, std::uint32_t call) noexcept
    : outer_slot_(running), outer_call_(running_call), outer_in_core_(in_core) {
  running = slot == nullptr ? nullptr : slot->record_;
  running_call = call;
  in_core = slot == nullptr;
  if (running != nullptr) ++running->open[call % Record::kinds];
}

CrashSlot::Call::~Call() {
  if (running != nullptr) --running->open[running_call % Record::kinds];
  running = static_cast<Record*>(outer_slot_);
  running_call = outer_call_;
  in_core = outer_in_core_;
}

}  // namespace curfew::connector
