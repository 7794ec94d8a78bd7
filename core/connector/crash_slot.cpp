#include "core/connector/crash_slot.hpp"

#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
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
  std::array<char, 8> magic;
  std::atomic<std::uint32_t> crashed;  // 1: the two below are true
  std::atomic<std::uint32_t> call;
  std::atomic<std::uint32_t> signal;
};

namespace {

constexpr std::array<char, 8> magic{'c', 'u', 'r', 'f', 'e', 'w', '0', '1'};
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

void on_fatal_signal(int signal, siginfo_t* info, void* context) {
  const int saved = errno;
  if (running != nullptr) {
    note(running, running_call, signal);
  } else if (!in_core) {
    note_by_stack(signal);
  }
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

void on_exit_within_call() {
  if (running != nullptr) note(running, running_call, 0);
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

CrashSlot::CrashSlot(const std::string& directory, std::string_view source)
    : path_(directory + "/" + std::string(source) + ".slot") {
  install_handlers();
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
  if (record_->magic == magic && record_->crashed.load() != 0) {
    last_ = Crash{record_->call.load(), static_cast<int>(record_->signal.load())};
  }
  record_->magic = magic;
  record_->crashed.store(0);
  record_->call.store(0);
  record_->signal.store(0);
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
    : outer_slot_(running), outer_call_(running_call) {
  running = slot == nullptr ? nullptr : slot->record_;
  running_call = call;
  in_core = slot == nullptr;
}

CrashSlot::Call::~Call() {
  running = static_cast<Record*>(outer_slot_);
  running_call = outer_call_;
  in_core = false;
}

}  // namespace curfew::connector
