#include "plugins/windows/smb/watch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/smb/command.hpp"

namespace curfew::windows {

SmbListing ask_for_listing(const SmbSettings& settings, files::Duration limit) {
  const auto asked = std::chrono::time_point_cast<files::Duration>(std::chrono::system_clock::now());
  CommandLimits limits;
  limits.time = std::min(limit, settings.time_limit);
  std::vector<std::string> words = settings.with_configuration(settings.smbstatus);
  words.emplace_back("--json");
  const CommandResult result = run_command(std::move(words), limits);
  if (!result.succeeded())
    throw plugin::Failure(plugin::Code::Unavailable, settings.smbstatus.front() + ": " + result.text());
  std::string why;
  auto listing = read_listing(result.output, why);
  if (!listing) throw plugin::Failure(plugin::Code::Unavailable, settings.smbstatus.front() + ": " + why);
  listing->asked = asked;
  listing->answered = std::chrono::time_point_cast<files::Duration>(std::chrono::system_clock::now());
  return std::move(*listing);
}

void SmbWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void SmbWatch::stop() {
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
      listing = ask_for_listing(settings_, settings_.time_limit);
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
