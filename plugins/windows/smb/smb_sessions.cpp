#include "plugins/windows/smb/smb_sessions.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "plugins/windows/smb/watch.hpp"

namespace curfew::windows {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;

constexpr std::size_t most_text = 512;  // of an answer about several processes
constexpr const char* not_known =
    "no SMB session of this server is known by this id; of others, this source can end none";

bool is_named(const Account& account, const plugin::Identifier& name) {
  std::string own;
  if (name.name_space == "windows_sid")
    own = account.sid;
  else if (name.name_space == "windows_account")
    own = account.qualified();
  else if (name.name_space == "upn")
    own = account.upn;
  return !own.empty() && files::equal_ignoring_case(own, name.value);
}

files::Duration left_until(plugin::Time deadline) {
  if (deadline == plugin::Time{}) return std::chrono::minutes(1);
  const auto left =
      deadline - std::chrono::time_point_cast<files::Duration>(std::chrono::system_clock::now());
  return std::max<files::Duration>(left, std::chrono::milliseconds(100));
}

}  // namespace

std::string SmbSessions::key_of(const plugin::SessionDigest& digest) {
  return {std::begin(digest.bytes), std::end(digest.bytes)};
}

void SmbSessions::know(const plugin::SessionDigest& digest, const SmbChange& change) {
  const std::lock_guard lock(mutex_);
  const std::string key = key_of(digest);
  Known& known = known_[key];
  known.endpoint = change.endpoint;
  known.account = change.account;
  if (change.process.pid != 0 && (change.listed || !known.listed)) known.process = change.process;
  known.listed = known.listed || change.listed;
  if (!change.ended || known.ended) return;
  // Who ordered its end asks after it for a while.
  known.ended = true;
  ended_.push_back(key);
  if (ended_.size() <= most_ended) return;
  known_.erase(ended_.front());
  ended_.pop_front();
}

std::optional<SmbSessions::Known> SmbSessions::find(const plugin::SessionDigest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key_of(digest));
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

bool SmbSessions::knows(const plugin::SessionDigest& digest) const { return find(digest).has_value(); }

std::vector<std::pair<std::string, SmbSessions::Known>> SmbSessions::sessions_of(
    std::span<const plugin::Identifier> names) const {
  std::vector<std::pair<std::string, Known>> theirs;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, known] : known_) {
    const Account& account = known.account;
    if (!known.ended &&
        std::any_of(names.begin(), names.end(), [&](const auto& name) { return is_named(account, name); }))
      theirs.emplace_back(key, known);
  }
  return theirs;
}

const ListedSmb* SmbSessions::place(const SmbListing& listing, const std::string& key, const Known& known) {
  // An endpoint is given again: what ended is not there, whoever has it now.
  if (known.ended) return nullptr;
  const auto found =
      std::find_if(listing.sessions.begin(), listing.sessions.end(), [&](const ListedSmb& one) {
        return one.endpoint == known.endpoint && one.process.fits(known.process);
      });
  if (found == listing.sessions.end()) return nullptr;
  const std::lock_guard lock(mutex_);
  if (const auto at = known_.find(key); at != known_.end()) {
    at->second.process = found->process;
    at->second.listed = true;
  }
  return &*found;
}

Answer SmbSessions::act(const plugin::Action& action) {
  if (action.revert) return {Code::Unsupported, "a session that was ended can't be given back"};
  if (settings_.smbcontrol.empty())
    return {Code::Unsupported, "the setting smb has no smbcontrol: this source ends no session"};
  if (action.step == plugin::Step::SignOutSubject) {
    const auto theirs = sessions_of(action.identifiers);
    if (theirs.empty()) return {Code::NotFound, "no SMB session of this person is known"};
    return end(theirs, action.deadline);
  }
  const auto known = find(action.session);
  if (!known) return {Code::Unsupported, not_known};
  return end({{key_of(action.session), *known}}, action.deadline);
}

Answer SmbSessions::end(const std::vector<std::pair<std::string, Known>>& sessions, plugin::Time deadline) {
  SmbListing listing;
  try {
    listing = ask_for_listing(settings_, left_until(deadline), stop_);
  } catch (const Failure& failure) {
    return {failure.code(), failure.what()};
  }
  // One connection may carry several sessions; the process of one may carry somebody else's too.
  std::map<std::uint64_t, std::uint64_t> processes;  // to the account's number
  for (const auto& [key, known] : sessions) {
    if (const ListedSmb* const there = place(listing, key, known)) processes[there->process.pid] = there->uid;
  }
  if (processes.empty()) return {Code::NotFound, "the server has no such SMB session any more"};
  Answer all;
  for (const auto& [process, account] : processes) {
    const bool shared = std::any_of(listing.sessions.begin(), listing.sessions.end(),
                                    [&, process = process, account = account](const ListedSmb& one) {
                                      return one.process.pid == process && one.uid != account;
                                    });
    const Answer one =
        shared ? Answer{Code::Refused,
                        "its process " + std::to_string(process) +
                            " carries sessions of other accounts too, and Samba can end it only as a whole"}
               : end_process(process, deadline);
    if (all.code == Code::Ok) all.code = one.code;
    if (all.text.size() < most_text) all.text += (all.text.empty() ? "" : "; ") + one.text;
  }
  return all;
}

Answer SmbSessions::end_process(std::uint64_t process, plugin::Time deadline) const {
  const std::string number = std::to_string(process);
  const std::string what = "smbcontrol " + number + " shutdown: ";
  try {
    const ProgramEnd end =
        run_samba(settings_, settings_.smbcontrol, {number, "shutdown"}, left_until(deadline), stop_);
    return {end.succeeded() ? Code::Ok : Code::Failed, what + text_of(end)};
  } catch (const Failure& failure) {
    return {failure.code(), what + failure.what()};
  }
}

Liveness SmbSessions::prove(const plugin::Probe& probe) {
  const auto known = find(probe.session);
  if (!known) throw Failure(Code::NotFound, not_known);
  const SmbListing listing = ask_for_listing(settings_, left_until(probe.deadline), stop_);
  if (place(listing, key_of(probe.session), *known) != nullptr) return Liveness::Alive;
  if (!known->listed)
    throw Failure(
        Code::Unavailable,
        "smbstatus never showed this session, so that it does not show it now proves nothing; is it "
        "of the server whose log this source reads?");
  return Liveness::Dead;
}

}  // namespace curfew::windows
