#include "plugins/windows/directory/directory.hpp"

#include <algorithm>
#include <chrono>

#include "plugins/windows/directory/directory_changes.hpp"
#include "plugins/windows/directory/ldap_text.hpp"

namespace curfew::windows {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;

constexpr int rounds_of_an_act = 3;
constexpr plugin::Duration first_pause = std::chrono::milliseconds(500);
// The answer must be back before the host's own deadline.
constexpr plugin::Duration margin = std::chrono::milliseconds(500);

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

std::string key_of(const plugin::SessionDigest& digest) {
  return hex({reinterpret_cast<const char*>(digest.bytes), sizeof(digest.bytes)});
}

std::string no_answer(const DirectoryServer& server, std::chrono::milliseconds time, const Attempt& attempt) {
  return server.uri + ": no answer within " + std::to_string(time.count()) + " ms, " + attempt.phase();
}

}  // namespace

Directory::Directory(DirectorySettings settings, std::string source)
    : settings_(std::make_shared<const DirectorySettings>(std::move(settings))), source_(std::move(source)) {}

Directory::~Directory() { stop(); }

void Directory::start() { journal_ = std::make_shared<files::ChangeJournal>(settings_->journal, source_); }

void Directory::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
  lookups_.stop();
  if (const auto lookup = lookup_.lock()) lookup->cut();
}

bool Directory::pause(plugin::Duration time) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, time, [&] { return stopping_; });
}

std::optional<Answer> Directory::with_server(plugin::Aside& aside, const DirectoryServer& server,
                                             std::chrono::milliseconds time,
                                             const std::shared_ptr<Attempt>& attempt, const Work& work) {
  auto answer = aside.run(time, [settings = settings_, server, attempt, work]() {
    LdapConnection connection(*settings, server, attempt);
    return work(connection, *settings, *attempt);
  });
  if (!answer) attempt->cut();
  return answer;
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
        if (const auto answer =
                with_server(terms.ends_at_stop ? lookups_ : aside_, server, time, attempt, work))
          return *answer;
        why += no_answer(server, time, *attempt) + ". ";
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
  if (settings_->ticket_lifetime != plugin::Duration{}) tickets_.began(key_of(session), sid);
}

void Directory::ended(const plugin::SessionDigest& session) { tickets_.ended(key_of(session)); }

SeenAt Directory::look(const DirectoryServer& server, const std::string& sid, Time end) {
  SeenAt seen;
  seen.server = server.uri;
  const auto time =
      std::min(settings_->timeout, std::chrono::duration_cast<std::chrono::milliseconds>(end - wall_clock()));
  if (time <= std::chrono::milliseconds(0)) {
    seen.failure = server.uri + ": no time was left to ask it";
    return seen;
  }
  const auto attempt = std::make_shared<Attempt>();
  const auto account = std::make_shared<DirectoryAccount>();
  try {
    const auto answer = with_server(
        aside_, server, time, attempt,
        [account, sid](LdapConnection& connection, const DirectorySettings& settings, Attempt&) -> Answer {
          *account = find_account(connection, domain_of(connection, settings), {{"windows_sid", sid}});
          return {};
        });
    if (answer)
      seen.account = *account;
    else
      seen.failure = no_answer(server, time, *attempt);
  } catch (const Failure& failure) {
    if (failure.code() == Code::Refused) throw;  // the next one would only lock the service account
    seen.failure = failure.what();
    if (!seen.failure.starts_with(server.uri)) seen.failure.insert(0, server.uri + ": ");
  }
  return seen;
}

plugin::Proof Directory::prove(const plugin::Probe& probe) {
  if (settings_->ticket_lifetime == plugin::Duration{})
    throw Failure(
        Code::Unsupported,
        "the directory can't say whether a session lives; with directory.ticket_lifetime it says when "
        "the tickets of a disabled account have expired");
  const std::string key = key_of(probe.session);
  const auto ticket = tickets_.find(key);
  if (!ticket)
    throw Failure(Code::NotFound,
                  "the directory can't say whether this session lives: it was not seen to begin with a "
                  "Kerberos ticket");
  const Time end =
      probe.deadline == Time{} ? wall_clock() + std::chrono::seconds(30) : probe.deadline - margin;
  std::vector<SeenAt> seen;
  for (const DirectoryServer& server : settings_->servers) seen.push_back(look(server, ticket->sid, end));
  const Time now = wall_clock();
  const Time closed_at = tickets_.looked(key, agreement_of(seen), now);
  plugin::Proof proof = ticket_proof(seen, *settings_, closed_at, now);
  if (proof.liveness == Liveness::Unknown) throw Failure(Code::Failed, proof.text);
  return proof;
}

}  // namespace curfew::windows
