#include "plugins/windows/live_logons.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace curfew::windows {
namespace {

// Fields are parted by a unit separator; names can't hold one after this.
void put(std::string& out, std::string_view text) {
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  out += '\x1f';
}
void put(std::string& out, std::int64_t number) {
  out += std::to_string(number);
  out += '\x1f';
}

class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  std::string text() {
    const auto end = rest_.find('\x1f');
    if (end == std::string_view::npos) {
      good_ = false;
      return {};
    }
    std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }
  std::int64_t number() {
    const std::string value = text();
    std::int64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    if (read.ec != std::errc()) good_ = false;
    return number;
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string serialise(const LiveSession& session) {
  std::string out;
  put(out, session.handle);
  put(out, session.computer);
  put(out, session.account.sid);
  put(out, session.account.name);
  put(out, session.account.domain);
  put(out, session.account.upn);
  put(out, static_cast<std::int64_t>(session.account_type));
  put(out, session.logon_type);
  put(out, static_cast<std::int64_t>(session.kind));
  put(out, session.started.time_since_epoch().count());
  put(out, session.last.time_since_epoch().count());
  put(out, session.address);
  put(out, session.application);
  put(out, (session.has_twin ? 1 : 0) + (session.elevated ? 2 : 0) + (session.numbered ? 4 : 0));
  // A network session may stand for very many logons: what a restart needs is that some are open.
  const std::size_t count = std::min<std::size_t>(session.open.size(), 64);
  put(out, static_cast<std::int64_t>(count));
  for (std::size_t i = session.open.size() - count; i < session.open.size(); ++i)
    put(out, static_cast<std::int64_t>(session.open[i]));
  if (session.kind == LiveSession::Kind::Smb) {
    put(out, session.endpoint);
    put(out, static_cast<std::int64_t>(session.process.pid));
    put(out, static_cast<std::int64_t>(session.process.unique_id));
    put(out, session.is_listed ? 1 : 0);
    put(out, session.shares);
    put(out, session.left_at.time_since_epoch().count());
  }
  return out;
}

constexpr std::string_view session_prefix = "session/";
constexpr std::string_view boot_prefix = "boot/";

constexpr std::size_t most_logons = 1'000'000;

// What the host takes as a key.
constexpr std::size_t longest_key = 256;

}  // namespace

std::string LiveLogons::place(const std::string& computer, const std::string& account,
                              const std::string& address) {
  return computer + '\x1f' + account + '\x1f' + address;
}

LiveSession& LiveLogons::open(LiveSession session) {
  const std::string id = session.id;
  LiveSession& kept = sessions_.insert_or_assign(id, std::move(session)).first->second;
  for (const std::uint64_t logon_id : kept.open) {
    logons_.insert_or_assign(LogonKey{kept.computer, logon_id}, Logon{id, kept.started, false});
  }
  if (kept.kind == LiveSession::Kind::Interactive) {
    interactive_[place(kept.computer, kept.account.key())].push_back(id);
  } else if (kept.kind == LiveSession::Kind::Network) {
    network_.insert_or_assign(place(kept.computer, kept.account.key(), kept.address), id);
  }
  changed(kept);
  return kept;
}

LiveSession* LiveLogons::find(const std::string& session_id) {
  const auto found = sessions_.find(session_id);
  return found == sessions_.end() ? nullptr : &found->second;
}

const Logon* LiveLogons::logon(const LogonKey& key) const {
  const auto found = logons_.find(key);
  return found == logons_.end() ? nullptr : &found->second;
}

void LiveLogons::add_logon(const LogonKey& key, Logon logon) {
  if (logons_.size() > most_logons) {
    // Logoffs that never came.
    const Time oldest = logon.at - std::chrono::hours(24);
    std::erase_if(logons_,
                  [&](const auto& entry) { return entry.second.of_unlock && entry.second.at < oldest; });
  }
  logons_.insert_or_assign(key, std::move(logon));
}

void LiveLogons::drop_logon(const LogonKey& key) { logons_.erase(key); }

void LiveLogons::end(LiveSession& session) {
  if (session.kind == LiveSession::Kind::Interactive) {
    const auto found = interactive_.find(place(session.computer, session.account.key()));
    if (found != interactive_.end()) {
      std::erase(found->second, session.id);
      if (found->second.empty()) interactive_.erase(found);
    }
  } else if (session.kind == LiveSession::Kind::Network) {
    const auto found = network_.find(place(session.computer, session.account.key(), session.address));
    if (found != network_.end() && found->second == session.id) network_.erase(found);
  }
  for (const std::uint64_t id : session.open) {
    const auto found = logons_.find(LogonKey{session.computer, id});
    // A 4634 may still follow a 4647, and the other token's: they end nothing then.
    if (found != logons_.end() && found->second.session == session.id)
      found->second = {"", session.last, true};
  }
  const std::string key = std::string(session_prefix) + session.id;
  if (key.size() <= longest_key) changes_[key].clear();
  sessions_.erase(session.id);
}

LiveSession* LiveLogons::interactive(const std::string& computer, const std::string& account) {
  const auto found = interactive_.find(place(computer, account));
  return found == interactive_.end() || found->second.empty() ? nullptr : find(found->second.back());
}

LiveSession* LiveLogons::network(const std::string& computer, const std::string& account,
                                 const std::string& address) {
  const auto found = network_.find(place(computer, account, address));
  return found == network_.end() ? nullptr : find(found->second);
}

std::vector<LiveSession*> LiveLogons::of_computer(const std::string& computer) {
  std::vector<LiveSession*> all;
  const std::string prefix = computer + "/";
  for (auto it = sessions_.lower_bound(prefix); it != sessions_.end() && it->first.starts_with(prefix); ++it)
    all.push_back(&it->second);
  return all;
}

void LiveLogons::forget_computer(const std::string& computer) {
  std::erase_if(logons_, [&](const auto& entry) { return entry.first.computer == computer; });
}

Boot LiveLogons::boot(const std::string& computer) const {
  const auto found = boots_.find(computer);
  return found == boots_.end() ? Boot{} : found->second;
}

void LiveLogons::set_boot(const std::string& computer, Boot boot) {
  boots_.insert_or_assign(computer, boot);
  std::string value;
  put(value, boot.at.time_since_epoch().count());
  put(value, boot.marker);
  const std::string key = std::string(boot_prefix) + computer;
  if (key.size() <= longest_key) changes_.insert_or_assign(key, std::move(value));
}

void LiveLogons::changed(const LiveSession& session) {
  const std::string key = std::string(session_prefix) + session.id;
  if (key.size() <= longest_key) changes_.insert_or_assign(key, serialise(session));
}

std::map<std::string, std::string> LiveLogons::take_changes() { return std::exchange(changes_, {}); }

LiveSession* LiveLogons::restore(std::string_view key, std::string_view value) {
  Fields fields(value);
  if (key.starts_with(boot_prefix)) {
    Boot boot;
    boot.at = Time{Duration{fields.number()}};
    boot.marker = static_cast<std::uint32_t>(fields.number());
    if (fields.good()) boots_.insert_or_assign(std::string(key.substr(boot_prefix.size())), boot);
    return nullptr;
  }
  if (!key.starts_with(session_prefix)) return nullptr;
  LiveSession session;
  session.id = std::string(key.substr(session_prefix.size()));
  session.handle = fields.text();
  session.computer = fields.text();
  session.account.sid = fields.text();
  session.account.name = fields.text();
  session.account.domain = fields.text();
  session.account.upn = fields.text();
  session.account_type = static_cast<plugin::AccountType>(fields.number());
  session.logon_type = static_cast<std::uint32_t>(fields.number());
  session.kind = static_cast<LiveSession::Kind>(fields.number());
  session.started = Time{Duration{fields.number()}};
  session.last = Time{Duration{fields.number()}};
  session.address = fields.text();
  session.application = fields.text();
  const std::int64_t flags = fields.number();
  session.has_twin = (flags & 1) != 0;
  session.elevated = (flags & 2) != 0;
  session.numbered = (flags & 4) != 0;
  const std::int64_t count = fields.number();
  for (std::int64_t i = 0; i < count && i < 64 && fields.good(); ++i)
    session.open.push_back(static_cast<std::uint64_t>(fields.number()));
  if (session.kind == LiveSession::Kind::Smb) {
    session.endpoint = fields.text();
    session.process.pid = static_cast<std::uint64_t>(fields.number());
    session.process.unique_id = static_cast<std::uint64_t>(fields.number());
    session.is_listed = fields.number() != 0;
    session.shares = static_cast<std::uint32_t>(fields.number());
    session.left_at = Time{Duration{fields.number()}};
  }
  if (!fields.good()) return nullptr;
  LiveSession& opened = open(std::move(session));
  changes_.clear();
  return &opened;
}

}  // namespace curfew::windows
