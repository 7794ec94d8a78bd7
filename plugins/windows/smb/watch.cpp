#include "plugins/windows/smb/watch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {

namespace {

// Both channels; a listing of `most_listed` sessions is smaller.
constexpr std::size_t most_output = std::size_t{64} << 20U;

}  // namespace

ProgramEnd run_samba(const SmbSettings& settings, const std::vector<std::string>& command,
                     std::vector<std::string> more, files::Duration limit, const StopSignal& stop) {
  ProgramRun run;
  run.words = settings.with_configuration(command);
  std::move(more.begin(), more.end(), std::back_inserter(run.words));
  run.rights = Rights::Ours;
  run.time = std::chrono::duration_cast<std::chrono::milliseconds>(std::min(limit, settings.time_limit));
  run.most_output = most_output;
  return run_program(run, stop);
}

std::string text_of(const ProgramEnd& end) {
  const std::string& words = end.errors.empty() ? end.output : end.errors;
  std::string line;
  for (const char c : words.substr(0, 300)) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  const std::string_view trimmed = files::trim(line);
  return trimmed.empty() ? end.what : end.what + ": " + files::to_clean_utf8(trimmed);
}

SmbListing ask_for_listing(const SmbSettings& settings, files::Duration limit, const StopSignal& stop) {
  const auto fail = [&](const std::string& what) -> void {
    throw plugin::Failure(plugin::Code::Unavailable, settings.smbstatus.front() + ": " + what);
  };
  const auto asked = std::chrono::time_point_cast<files::Duration>(std::chrono::system_clock::now());
  const ProgramEnd end = run_samba(settings, settings.smbstatus, {"--json"}, limit, stop);
  if (!end.succeeded()) fail(text_of(end));
  if (end.more > 0) fail("it wrote more than " + std::to_string(most_output) + " bytes");
  std::string why;
  auto listing = read_listing(end.output, why);
  if (!listing) fail(why);
  listing->asked = asked;
  listing->answered = std::chrono::time_point_cast<files::Duration>(std::chrono::system_clock::now());
  return std::move(*listing);
}

void SmbWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void SmbWatch::stop() {
  stop_.set();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SmbWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    std::string failure;
    SmbListing listing;
    try {
      listing = ask_for_listing(settings_, settings_.time_limit, stop_);
    } catch (const std::exception& error) {  // its thread's end is here
      failure = error.what();
    }
    lock.lock();
    if (failure.empty()) {
      if (!last_complaint_.empty()) complain("the SMB sessions can be listed again");
      last_complaint_.clear();
      listings_.push_back(std::move(listing));
      if (listings_.size() > most_kept) listings_.pop_front();
    } else if (failure != last_complaint_) {
      last_complaint_ = failure;
      complain("the SMB sessions can't be listed, so no end of one is seen: " + failure);
    }
    lock.unlock();
    on_news_();
    lock.lock();
    stopped_.wait_for(lock, settings_.every, [&] { return stopping_; });
  }
}

void SmbWatch::complain(const std::string& text) {
  if (complaints_.size() < 16) complaints_.push_back(text);
}

std::vector<SmbListing> SmbWatch::take() {
  const std::lock_guard lock(mutex_);
  std::vector<SmbListing> all(std::make_move_iterator(listings_.begin()),
                              std::make_move_iterator(listings_.end()));
  listings_.clear();
  return all;
}

std::vector<std::string> SmbWatch::take_complaints() {
  const std::lock_guard lock(mutex_);
  return std::exchange(complaints_, {});
}

}  // namespace curfew::windows
