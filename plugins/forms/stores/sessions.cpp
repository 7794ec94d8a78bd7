#include "plugins/forms/stores/sessions.hpp"

#include <algorithm>
#include <array>

namespace curfew::forms {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;

constexpr std::size_t most_of_one_person = 10'000;

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

const char* const unknown_id =
    "which session this is isn't known here: it was not in the log since the start, and the store doesn't "
    "list";

}  // namespace

Sessions::Sessions(std::unique_ptr<Store> store, Digest digest, std::string name_space,
                   SessionsOptions options)
    : store_(std::move(store)),
      digest_(std::move(digest)),
      name_space_(std::move(name_space)),
      options_(options),
      ids_(options.most_ids) {}

void Sessions::seen(std::string_view id, std::string_view subject) {
  ids_.put(digest_(id), id, subject, true);
}

Abilities Sessions::abilities() const noexcept { return store_->abilities(); }

Sessions::Search Sessions::find(const plugin::SessionDigest& digest, Time deadline) {
  if (auto name = ids_.find(digest)) return {std::move(name), false};
  if (!store_->abilities().lists) return {};
  Search search;
  store_->list(
      [&](const StoredSession& session) {
        const plugin::SessionDigest listed = digest_(session.name.id);
        const bool is_it = listed == digest;
        if (is_it) search.name = session.name;
        ids_.put(listed, session.name.id, session.name.subject, is_it);
      },
      deadline);
  search.listed_all = true;
  return search;
}

Answer Sessions::with_retries(Time deadline, const std::function<Answer()>& attempt) {
  plugin::Duration pause = options_.first_pause;
  for (int left = options_.tries;; --left) {
    try {
      return attempt();
    } catch (const Failure& failure) {
      if (failure.code() != Code::Unavailable || left <= 1 ||
          (deadline != Time{} && wall_clock() + pause >= deadline))
        return {failure.code(), failure.what()};
    }
    std::unique_lock lock(mutex_);
    if (stopped_.wait_for(lock, pause, [&] { return stopping_; }))
      return {Code::Unavailable, "the source is stopping"};
    pause *= 2;
  }
}

Answer Sessions::act(const plugin::Action& action) {
  if (action.revert) return {Code::Unsupported, "a session that was ended can't be given back"};
  if (action.step == Step::SignOutSubject) return end_subject(action);
  if (action.step != Step::CancelSession && action.step != Step::SignOutSession)
    return {Code::Unsupported, "the forms connector has no such step"};
  return with_retries(action.deadline, [&]() -> Answer {
    const Search search = find(action.session, action.deadline);
    if (!search.name) {
      if (search.listed_all) return {Code::NotFound, "the store has no such session"};
      return {Code::Failed, unknown_id};
    }
    return action.step == Step::CancelSession ? store_->cancel(*search.name, action.deadline)
                                              : store_->end(*search.name, action.deadline);
  });
}

std::vector<std::string> Sessions::names_in(const plugin::Action& action) const {
  std::vector<std::string> names;
  for (const plugin::Identifier& identifier : action.identifiers) {
    if (name_space_.empty() || identifier.name_space == name_space_) names.emplace_back(identifier.value);
  }
  return names;
}

// In one call where the store can. Where it can't: each session that is the person's, by the store's list or
// by the log; and the ordered one in any case.
Answer Sessions::end_subject(const plugin::Action& action) {
  const std::vector<std::string> names = names_in(action);
  const auto is_theirs = [&](std::string_view subject) {
    return !subject.empty() && std::any_of(names.begin(), names.end(),
                                           [&](const std::string& name) { return same_name(name, subject); });
  };
  return with_retries(action.deadline, [&]() -> Answer {
    const Abilities can = store_->abilities();
    if (can.ends_subjects) {
      if (names.empty())
        return {Code::Failed,
                "the person has no name of this application" +
                    (name_space_.empty() ? std::string{} : " (identifier " + name_space_ + ")")};
      Answer answer{Code::NotFound, "the store has no session of this person"};
      for (const std::string& name : names) {
        Answer one = store_->end_subject(name, action.deadline);
        if (one.code != Code::NotFound) answer = std::move(one);
        if (answer.code != Code::Ok && answer.code != Code::NotFound) return answer;
      }
      return answer;
    }
    if (!can.ends) return {Code::Unsupported, "the store can't end sessions"};
    const Search ordered = find(action.session, action.deadline);
    std::vector<SessionName> targets;
    if (can.lists) {
      store_->list(
          [&](const StoredSession& session) {
            const auto known = ids_.find(digest_(session.name.id));
            if (is_theirs(session.name.subject) || (known && is_theirs(known->subject)))
              targets.push_back(session.name);
            if (targets.size() > most_of_one_person)
              throw Failure(Code::Failed, "one person has more than " + std::to_string(most_of_one_person) +
                                              " sessions; is the subject right?");
          },
          action.deadline);
    } else {
      targets = ids_.of(is_theirs);
    }
    const auto is_ordered = [&](const SessionName& name) { return name.id == ordered.name->id; };
    if (ordered.name && std::none_of(targets.begin(), targets.end(), is_ordered))
      targets.push_back(*ordered.name);
    if (targets.empty()) return {Code::NotFound, "no session of this person is known"};
    std::size_t ended = 0;
    for (const SessionName& target : targets) {
      Answer one = store_->end(target, action.deadline);
      if (one.code == Code::Ok) ++ended;
      if (one.code != Code::Ok && one.code != Code::NotFound) return one;
    }
    if (ended == 0) return {Code::NotFound, "none of this person's sessions was there any more"};
    return {Code::Ok, std::to_string(ended) + (ended == 1 ? " session" : " sessions")};
  });
}

Liveness Sessions::prove(const plugin::Probe& probe) {
  const Search search = find(probe.session, probe.deadline);
  Found found{Liveness::Dead, {}};
  if (search.name) {
    found = store_->prove(*search.name, probe.deadline);
  } else if (!search.listed_all) {
    throw Failure(Code::NotFound, unknown_id);
  }
  switch (found.liveness) {
    case Liveness::Alive:
      ids_.there(probe.session);
      return Liveness::Alive;
    case Liveness::Unknown:
      throw Failure(Code::Unavailable, found.text);
    case Liveness::Dead:
      break;
  }
  const plugin::Duration settles = store_->settles_after();
  if (settles > plugin::Duration{} && ids_.missing(probe.session) < settles)
    throw Failure(Code::Unavailable,
                  "it is not in the store any more; what was cached of it may work for " +
                      std::to_string(std::chrono::ceil<std::chrono::seconds>(settles).count()) +
                      "s after that (settles_after)");
  return Liveness::Dead;
}

void Sessions::list(const plugin::SessionList& list) {
  if (!store_->abilities().lists) throw Failure(Code::Unsupported, "this session store does not list");
  bool wanted = true;
  store_->list(
      [&](const StoredSession& session) {
        if (!wanted) return;
        const plugin::SessionDigest digest = digest_(session.name.id);
        std::string subject = session.name.subject;
        if (subject.empty()) {
          if (const auto known = ids_.find(digest)) subject = known->subject;
        } else {
          ids_.put(digest, session.name.id, subject, false);
        }
        if (subject.empty()) return;
        const std::array<plugin::Identifier, 1> names{
            {{name_space_.empty() ? std::string_view("user") : std::string_view(name_space_), subject}}};
        wanted = list.add({.session = digest,
                           .handle = {},
                           .identifiers = names,
                           .started_at = session.started_at,
                           .last_activity_at = session.last_activity_at});
      },
      wall_clock() + std::chrono::seconds(30));
}

void Sessions::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
}

}  // namespace curfew::forms
