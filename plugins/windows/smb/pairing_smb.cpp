// SMB sessions of a Samba server, one by one: opened by its audit log, bound to a process by its own list and
// by full_audit, ended when the list has them no more.
#include "plugins/windows/pairing_state.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"

#include <charconv>

namespace curfew::windows {

namespace {

// A list that was asked for so soon after the sign-in may not have it yet.
constexpr Duration soon = std::chrono::seconds(1);
// A process that lost its last share ends, but on a busy server not at once.
constexpr Duration lingering = std::chrono::minutes(1);
// What no list has shown may be of a moment between two.
constexpr std::uint32_t lists_without = 2;
constexpr std::size_t most_listings = 64;

std::uint64_t process_of(const WindowsEvent& event) {
  const std::string_view text = event.get(Field::Process);
  std::uint64_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

}  // namespace

bool Pairing::State::is_smb_session(const WindowsEvent& event) const {
  return settings.smb && event.provider == "Authorization" && !event.get(Field::RemoteEndpoint).empty() &&
         event.get(Field::Service).starts_with("SMB");
}

void Pairing::State::tell_smb(const LiveSession& session, bool ended) {
  smb_changes.insert_or_assign(session.id, SmbChange{session.id, session.endpoint, session.process,
                                                     session.is_listed, ended, session.account});
}

void Pairing::State::adopt_smb(const LiveSession& session) {
  smb[clean_address(session.endpoint)].push_back(session.id);
  tell_smb(session, false);
}

void Pairing::State::open_smb(const WindowsEvent& event, const Account& account, std::uint32_t type) {
  const std::string endpoint(event.get(Field::RemoteEndpoint));
  LiveSession* known = smb_where(clean_address(endpoint), [&](const LiveSession& session) {
    return session.endpoint == endpoint && session.account.key() == account.key();
  });
  if (known != nullptr && known->left_at == Time{}) {
    // On the same connection: its ticket was renewed.
    known->last = std::max(known->last, event.time);
    live.changed(*known);
    sink.judged(event.input, Fate::Joined, "smb_reauthentication");
    return;
  }
  if (known != nullptr) end_smb(*known, event.time);
  LiveSession session = new_session(event, 0, account);
  session.kind = LiveSession::Kind::Smb;
  session.endpoint = endpoint;
  session.address = clean_address(endpoint);
  begin_network(std::move(session), event, type);
}

void Pairing::State::end_smb(LiveSession& session, Time gone_by) {
  const bool left = session.left_at != Time{};
  Finding finding;
  finding.at = std::max(left ? session.left_at : gone_by, session.started);
  finding.key = "smb/" + session.id + "@" + std::to_string(finding.at.time_since_epoch().count());
  tell_smb(session, true);
  if (const auto at = smb.find(clean_address(session.endpoint)); at != smb.end()) {
    std::erase(at->second, session.id);
    if (at->second.empty()) smb.erase(at);
  }
  end_session(session, std::move(finding), left ? plugin::EndReason::SignedOut : plugin::EndReason::Vanished,
              left || session.is_listed);
}

void Pairing::State::judge_share(const WindowsEvent& event) {
  if (!settings.smb || event.failure) {
    sink.judged(event.input, Fate::Other, event.failure ? "share_refused" : "share_record");
    return;
  }
  const std::uint64_t pid = process_of(event);
  const std::string address = clean_address(event.get(Field::IpAddress));
  LiveSession* session = smb_where(address, [&](const LiveSession& one) { return one.process.pid == pid; });
  const bool connects = event.get(Field::Service) == "connect";
  const auto here = smb.find(address);
  if (session == nullptr && connects && here != smb.end()) {
    // The newest of this account from there whose process is not known yet.
    const std::string account = account_of(event).key();
    for (const std::string& id : here->second) {
      LiveSession* one = live.find(id);
      if (one != nullptr && one->process.pid == 0 && one->started <= event.time &&
          one->account.key() == account && (session == nullptr || one->started >= session->started))
        session = one;
    }
    if (session != nullptr) session->process.pid = pid;
  }
  if (session == nullptr) {
    sink.judged(event.input, Fate::Other, "share_of_unknown_session");
    return;
  }
  if (connects) {
    ++session->shares;
    session->left_at = {};
  } else {
    if (session->shares > 0) --session->shares;
    if (session->shares == 0) session->left_at = event.time;
  }
  session->last = std::max(session->last, event.time);
  live.changed(*session);
  tell_smb(*session, false);
}

void Pairing::State::add_listing(SmbListing&& listing) {
  listings.push_back(std::move(listing));
  if (listings.size() > most_listings) listings.pop_front();
}

// What ended a session may have been recorded until the answer: that is judged first.
void Pairing::State::judge_listings(Time until) {
  while (!listings.empty() && listings.front().answered < until) {
    const SmbListing listing = std::move(listings.front());
    listings.pop_front();
    judge_listing(listing);
  }
}

void Pairing::State::judge_listing(const SmbListing& listing) {
  std::unordered_multimap<std::string_view, const ListedSmb*> there;
  for (const ListedSmb& one : listing.sessions) there.emplace(one.endpoint, &one);
  std::vector<LiveSession*> gone;
  for (const auto& [address, ids] : smb) {
    for (const std::string& id : ids) {
      LiveSession* session = live.find(id);
      if (session == nullptr || session->started + soon > listing.asked) continue;
      const auto range = there.equal_range(session->endpoint);
      const auto found = std::find_if(range.first, range.second, [&](const auto& one) {
        return !session->is_listed || one.second->process.fits(session->process);
      });
      if (found == range.second) {
        ++session->absences;
        if (session->is_listed || session->left_at != Time{} || session->absences >= lists_without)
          gone.push_back(session);
        continue;
      }
      session->absences = 0;
      const bool left = session->left_at != Time{} && session->left_at + lingering < listing.asked;
      if (!session->is_listed || left) {
        session->is_listed = true;
        session->process = found->second->process;
        if (left) session->left_at = {};  // it has other shares, which are not audited
        live.changed(*session);
        tell_smb(*session, false);
      }
    }
  }
  std::sort(gone.begin(), gone.end(),
            [](const LiveSession* a, const LiveSession* b) { return a->id < b->id; });
  for (LiveSession* session : gone) end_smb(*session, listing.answered);
}

}  // namespace curfew::windows
