#include "plugins/windows/directory/directory.hpp"

#include <algorithm>
#include <chrono>

#include "plugins/windows/directory/directory_changes.hpp"
#include "plugins/windows/directory/ldap_text.hpp"
#include "plugins/windows/directory/ticket_proof.hpp"

namespace curfew::windows {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;

constexpr std::size_t most_tickets = 200'000;
constexpr int rounds_of_an_act = 3;
constexpr plugin::Duration first_pause = std::chrono::milliseconds(500);
// The answer must be back before the host's own deadline.
constexpr plugin::Duration margin = std::chrono::milliseconds(500);

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

std::string key_of(const plugin::SessionDigest& digest) {
  return hex({reinterpret_cast<const char*>(digest.bytes), sizeof(digest.bytes)});
}

}  // namespace

Directory::Directory(DirectorySettings settings, std::string source)
    : settings_(std::make_shared<const DirectorySettings>(std::move(settings))), source_(std::move(source)) {}

Directory::~Directory() { stop(); }

void Directory::start() { journal_ = std::make_shared<DirectoryJournal>(settings_->journal, source_); }

void Directory::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
  if (const auto lookup = lookup_.lock()) lookup->cut();
}

bool Directory::pause(plugin::Duration time) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, time, [&] { return stopping_; });
}

Answer Directory::with_servers(const Terms& terms, const Work& work) {
  const Time end =
      terms.deadline == Time{} ? wall_clock() + std::chrono::seconds(30) : terms.deadline - margin;
  std::string why;
  bool in_doubt = false;
  const auto give_up = [&]() -> Answer {
    if (in_doubt && terms.doubt_is_done)
      return {Code::Ok,
              "the change was sent, and what became of it could not be read: it may have been made. " + why};
    return {Code::Unavailable, "no server of the directory could be used. " + why};
  };
  plugin::Duration wait = first_pause;
  for (int round = 0; round < terms.rounds; ++round) {
    if (round > 0) {
      if (wall_clock() + wait >= end || !pause(wait)) return give_up();
      wait *= 2;
    }
    why.clear();
    for (const DirectoryServer& server : settings_->servers) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - wall_clock());
      const auto time = std::min(settings_->timeout, left);
      if (time <= std::chrono::milliseconds(0)) return give_up();
      const auto attempt = std::make_shared<Attempt>();
      if (terms.ends_at_stop) {
        const std::lock_guard lock(mutex_);
        if (stopping_) return give_up();
        lookup_ = attempt;
      }
      try {
        const auto answer = aside_.run(time, [settings = settings_, &server = server, attempt, work]() {
          LdapConnection connection(*settings, server, attempt);
          return work(connection, *settings, *attempt);
        });
        if (answer) return *answer;
        attempt->cut();
        why += server.uri + ": no answer within " + std::to_string(time.count()) + " ms, " +
               attempt->phase() + ". ";
      } catch (const Failure& failure) {
        if (failure.code() != Code::Unavailable) return {failure.code(), failure.what()};
        why += std::string(failure.what()) + ". ";
      }
      in_doubt = in_doubt || attempt->is_in_doubt();
    }
  }
  return give_up();
}

bool Directory::carries_out(Step step) {
  return step == Step::DisableAccount || step == Step::BlockSignIn || step == Step::SuspendAccess;
}

Answer Directory::act(const plugin::Action& action) {
  if (!carries_out(action.step)) return {Code::Unsupported, "the directory has no such step"};
  if (!journal_) return {Code::Unavailable, "the source has not started"};
  if (action.step == Step::BlockSignIn && !action.revert && action.revert_after == plugin::Duration{})
    return {Code::Refused,
            "block_sign_in is for a time: give the step revert_after, or use disable_account to disable for "
            "good"};
  DirectoryOrder order;
  order.session = key_of(action.session);
  if (action.revert_after > plugin::Duration{}) order.until = wall_clock() + action.revert_after;
  for (const plugin::Identifier& name : action.identifiers)
    order.names.emplace_back(std::string(name.name_space), std::string(name.value));
  const auto change = action.step == Step::SuspendAccess ? (action.revert ? rejoin_group : leave_group)
                                                         : (action.revert ? enable : disable);
  return with_servers(
      {.deadline = action.deadline, .rounds = rounds_of_an_act, .doubt_is_done = !action.revert},
      [journal = journal_, order, change](LdapConnection& connection, const DirectorySettings& settings,
                                          Attempt&) {
        return change({connection, settings, *journal}, order);
      });
}

std::vector<FoundGroup> Directory::members() {
  const auto found = std::make_shared<std::vector<FoundGroup>>();
  const Answer answer = with_servers(
      {.ends_at_stop = true},
      [found](LdapConnection& connection, const DirectorySettings& settings, Attempt&) -> Answer {
        found->clear();
        const Domain domain = domain_of(connection, settings);
        for (const auto& [name, place] : settings.groups)
          found->push_back(find_group(connection, domain, name, place));
        return {};
      });
  if (answer.code != Code::Ok) throw Failure(answer.code, answer.text);
  return std::move(*found);
}

void Directory::rests_on_ticket(const plugin::SessionDigest& session, std::string_view sid) {
  if (settings_->ticket_lifetime == plugin::Duration{} || sid.empty()) return;
  const std::string key = key_of(session);
  const std::lock_guard lock(mutex_);
  if (!tickets_.emplace(key, sid).second) return;
  tickets_by_age_.push_back(key);
  while (tickets_by_age_.size() > most_tickets) {
    tickets_.erase(tickets_by_age_.front());
    tickets_by_age_.pop_front();
  }
}

void Directory::ended(const plugin::SessionDigest& session) {
  const std::lock_guard lock(mutex_);
  tickets_.erase(key_of(session));
}

Liveness Directory::prove(const plugin::Probe& probe) {
  if (settings_->ticket_lifetime == plugin::Duration{})
    throw Failure(
        Code::Unsupported,
        "the directory can't say whether a session lives; with directory.ticket_lifetime it says when "
        "the tickets of a disabled account have expired");
  std::string sid;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = tickets_.find(key_of(probe.session)); found != tickets_.end()) sid = found->second;
  }
  if (sid.empty())
    throw Failure(
        Code::NotFound,
        "the directory can't say whether this session lives: it was not seen to begin with a Kerberos "
        "ticket since the start");
  const auto said = std::make_shared<TicketProof>();
  const Answer answer = with_servers(
      {.deadline = probe.deadline},
      [said, sid](LdapConnection& connection, const DirectorySettings& settings, Attempt&) -> Answer {
        const Domain domain = domain_of(connection, settings);
        const DirectoryAccount account = find_account(connection, domain, {{"windows_sid", sid}});
        *said = ticket_proof(account, settings, wall_clock());
        return {};
      });
  if (answer.code != Code::Ok) throw Failure(answer.code, answer.text);
  if (said->liveness == Liveness::Unknown) throw Failure(Code::Failed, said->text);
  return said->liveness;
}

}  // namespace curfew::windows
