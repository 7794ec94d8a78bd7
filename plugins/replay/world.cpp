#include "plugins/replay/world.hpp"

#include <algorithm>

namespace curfew::replay {

World::Happens World::apply(const Event& event, const plugin::SessionDigest& digest, plugin::Time at) {
  const std::lock_guard lock(mutex_);
  if (event.type == plugin::Type::SignIn) {
    const bool refused = std::any_of(event.identifiers.begin(), event.identifiers.end(),
                                     [&](const auto& name) { return blocked_.contains(name); });
    if (refused) return Happens::SignInIsRefused;
  }
  if (event.session.empty()) return Happens::AsWritten;
  Session& session = sessions_[event.session];
  session.digest = digest;  // also of one that has ended: it is still asked about
  if (session.ended_by_us) return Happens::NotAtAll;
  session.with_handle = session.with_handle || event.with_handle;
  session.identifiers.insert(event.identifiers.begin(), event.identifiers.end());
  switch (event.type) {
    case plugin::Type::SignIn:
      session.lives = true;
      session.started_at = at;
      break;
    case plugin::Type::SignOut:
    case plugin::Type::Expired:
    case plugin::Type::Revoked:
      session.lives = false;
      break;
    default:
      break;
  }
  session.last_activity_at = at;
  return Happens::AsWritten;
}

bool World::shares_a_name(const Session& session,
                          const std::set<std::pair<std::string, std::string>>& names) {
  return std::any_of(session.identifiers.begin(), session.identifiers.end(),
                     [&](const auto& name) { return names.contains(name); });
}

std::set<std::pair<std::string, std::string>> World::names_of(const plugin::Action& action) const {
  std::set<std::pair<std::string, std::string>> names;
  for (const plugin::Identifier& name : action.identifiers) names.emplace(name.name_space, name.value);
  for (const auto& [id, session] : sessions_) {
    if (session.digest == action.session)
      names.insert(session.identifiers.begin(), session.identifiers.end());
  }
  return names;
}

bool World::happens(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  return found == sessions_.end() || !found->second.ended_by_us;
}

std::vector<std::string> World::carry_out(const plugin::Action& action) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ended;
  const auto end_where = [&](auto matches) {
    for (auto& [id, session] : sessions_) {
      if (!session.lives || !matches(session)) continue;
      session.lives = false;
      session.ended_by_us = true;
      ended.push_back(id);
    }
  };
  const auto names = names_of(action);
  switch (action.step) {
    case plugin::Step::Notify:
      break;
    case plugin::Step::CancelSession:
    case plugin::Step::SignOutSession:
      end_where([&](const Session& session) { return session.digest == action.session; });
      break;
    case plugin::Step::RevokeTokens:
    case plugin::Step::SignOutSubject:
      end_where([&](const Session& session) { return shares_a_name(session, names); });
      break;
    case plugin::Step::SuspendAccess:
    case plugin::Step::BlockSignIn:
    case plugin::Step::DisableAccount:
      for (const auto& name : names) {
        if (action.revert) {
          blocked_.erase(name);
        } else {
          blocked_.insert(name);
        }
      }
      break;
  }
  return ended;
}

void World::end(const std::string& session) {
  const std::lock_guard lock(mutex_);
  Session& found = sessions_[session];
  found.lives = false;
  found.ended_by_us = true;
}

std::string World::find(const plugin::SessionDigest& digest) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, session] : sessions_) {
    if (session.digest == digest) return id;
  }
  return {};
}

bool World::lives(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  return found != sessions_.end() && found->second.lives;
}

std::vector<std::pair<std::string, World::Session>> World::living() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Session>> all;
  for (const auto& [id, session] : sessions_) {
    if (session.lives) all.emplace_back(id, session);
  }
  return all;
}

}  // namespace curfew::replay
