// Asks a Samba server for its sessions again and again, on a thread of its own: a server that hangs holds up
// no log.
//
//   SmbWatch watch(settings, [&] { waker.wake(); });  watch.start();
//   for (SmbListing& listing : watch.take()) …    for (const std::string& complaint :
//   watch.take_complaints())
//
// At most `most_kept` listings wait; the oldest go, since later ones say more. A complaint is told once until
// it changes. Threads: start, stop, take on one; its own asks. Owns: the thread. Fails: to take_complaints.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plugins/windows/program.hpp"
#include "plugins/windows/smb/listing.hpp"
#include "plugins/windows/smb/smb_settings.hpp"

namespace curfew::windows {

// One of the settings' commands with more words, in the smaller of both limits. Fails: plugin::Failure where
// it can't be run.
[[nodiscard]] ProgramEnd run_samba(const SmbSettings& settings, const std::vector<std::string>& command,
                                   std::vector<std::string> more, files::Duration limit,
                                   const StopSignal& stop);
// What became of it, with the beginning of what it said; one line.
[[nodiscard]] std::string text_of(const ProgramEnd& end);

// Asks once. Fails: plugin::Failure.
[[nodiscard]] SmbListing ask_for_listing(const SmbSettings& settings, files::Duration limit,
                                         const StopSignal& stop);

class SmbWatch {
 public:
  SmbWatch(const SmbSettings& settings, std::function<void()> on_news)
      : settings_(settings), on_news_(std::move(on_news)) {}
  ~SmbWatch() { stop(); }
  SmbWatch(const SmbWatch&) = delete;
  SmbWatch& operator=(const SmbWatch&) = delete;

  void start();
  void stop();
  [[nodiscard]] std::vector<SmbListing> take();
  [[nodiscard]] std::vector<std::string> take_complaints();

 private:
  static constexpr std::size_t most_kept = 4;
  void run();
  void complain(const std::string& text);

  const SmbSettings& settings_;
  std::function<void()> on_news_;
  StopSignal stop_;
  std::mutex mutex_;  // all below
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::deque<SmbListing> listings_;
  std::vector<std::string> complaints_;
  std::string last_complaint_;
  std::thread thread_;
};

}  // namespace curfew::windows
