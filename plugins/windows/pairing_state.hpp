// The pairing's inside: what waits, what lives, and the rules' declarations. Included by the pairing's own
// sources alone; see pairing.hpp.
// Threads: one. Owns: events that wait, live logons. Fails: never.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "plugins/windows/accounts.hpp"
#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/adfs/requests.hpp"
#include "plugins/windows/adfs/sign_ons.hpp"
#include "plugins/windows/live_logons.hpp"
#include "plugins/windows/pairing.hpp"
#include "plugins/windows/principal_names.hpp"
#include "plugins/windows/record_kinds.hpp"

namespace curfew::windows {

// Two records of one sign-in are written within this.
inline constexpr Duration twin_apart = std::chrono::seconds(1);
// A token that logs off so soon was made for one act: an elevation, an unlock.
inline constexpr Duration passing_token = std::chrono::seconds(10);
// Session ids that are kept to tell an id that was given twice.
inline constexpr std::size_t most_used = 1'000'000;
// Logons that one network session remembers.
inline constexpr std::size_t most_open = 1024;
// Markers of one boot come from several services, one after the other.
inline constexpr Duration one_boot = std::chrono::minutes(5);

struct Pairing::State {
  State(PairingSettings given, PairingSink& to) : settings(given), sink(to) {}

  using Buffer = std::multimap<Order, WindowsEvent>;

  // ---- the buffer: events in order, and what comes next for one account on one computer ----

  static std::string near_key(const WindowsEvent& event) {
    if (event.origin == Origin::Samba) return "samba " + std::string(event.get(Field::RemoteEndpoint));
    if (adfs::is_audit(event)) return near_audit(event);
    return to_lower(event.computer) + '\x1f' + account_of(event).key();
  }

  // Of one request, or of one instance: details name that one alone.
  static std::string near_audit(const WindowsEvent& event) {
    const std::string_view activity = event.get(Field::ActivityId);
    return "adfs " + std::string(activity.empty() ? event.get(Field::InstanceId) : activity);
  }

  void add(WindowsEvent&& event) {
    if (event.time < horizon) {
      // Later than the wait allows: judged as it is, without what came with it.
      newest = std::max(newest, event.time);
      judge(event);
      return;
    }
    newest = std::max(newest, event.time);
    const auto at = buffer.emplace(order_of(event), std::move(event));
    near.emplace(near_key(at->second), &at->second);
  }

  void release(Time until) {
    while (!buffer.empty() && buffer.begin()->second.time <= until) {
      const auto first = buffer.begin();
      const auto range = near.equal_range(near_key(first->second));
      for (auto it = range.first; it != range.second; ++it) {
        if (it->second == &first->second) {
          near.erase(it);
          break;
        }
      }
      auto node = buffer.extract(first);
      WindowsEvent& event = node.mapped();
      if (is_repeat(event)) {
        fate_of_repeat(event);
        continue;
      }
      horizon = std::max(horizon, event.time);
      fire_timers(event.time);
      judge_listings(event.time);
      judge(event);
    }
    if (until > horizon) {
      horizon = until;
      fire_timers(until);
      judge_listings(until);
    }
  }

  // The same record from two inputs: an overlap, a rotated copy. They stand side by side in the order.
  bool is_repeat(const WindowsEvent& event) {
    if (event.time != repeats_at) {
      repeats_at = event.time;
      seen_now.clear();
    }
    if (event.record_id == 0) return false;
    return !seen_now.emplace(to_lower(event.computer), event.event_id, event.record_id).second;
  }
  void fate_of_repeat(const WindowsEvent& event) {
    const bool logon = event.event_id == 4624 && !is_well_known_logon(event.logon_id(Field::TargetLogonId));
    sink.judged(event.input, logon ? Fate::Joined : Fate::Other, "repeat");
  }

  // Of what waits behind `event` for the same account on the same computer: the first that fits.
  template <typename Fits>
  const WindowsEvent* next_for(const WindowsEvent& event, Duration within, Fits fits) const {
    const auto range = near.equal_range(near_key(event));
    for (auto it = range.first; it != range.second; ++it) {
      if (it->second->time - event.time <= within && fits(*it->second)) return it->second;
    }
    return nullptr;
  }

  // ---- texts of observations ----

  Finding about(plugin::Type type, const WindowsEvent& event, std::string_view suffix = {}) const {
    Finding finding;
    finding.type = type;
    finding.at = event.time;
    finding.key = to_lower(event.computer) + "/" + to_lower(event.channel) + "/";
    if (event.record_id != 0) {
      finding.key +=
          std::to_string(event.record_id) + "@" + std::to_string(event.time.time_since_epoch().count());
    } else {
      finding.key += std::to_string(event.event_id) + "@" +
                     std::to_string(event.time.time_since_epoch().count()) + "#" + to_hex(content_of(event));
    }
    finding.key += suffix;
    return finding;
  }

  static void identify(Finding& finding, const Account& account) {
    finding.sid = account.sid;
    finding.account = account.qualified();
    finding.upn = account.upn;
  }

  static void describe(Finding& finding, const LiveSession& session) {
    finding.session = session.id;
    finding.handle = session.handle;
    identify(finding, session.account);
    finding.account_type = session.account_type;
    finding.application = session.application;
  }

  void emit(Finding&& finding) { sink.found(std::move(finding)); }

  // ---- sessions ----

  // Unique between boots: Windows gives ids anew. An id that is given twice within what looks like one boot
  // shows that a boot was not recorded.
  LiveSession new_session(const WindowsEvent& event, std::uint64_t id, const Account& account,
                          bool found_alive = false) {
    LiveSession session;
    session.computer = to_lower(event.computer);
    const Boot boot = live.boot(session.computer);
    const std::string boot_text = std::to_string(boot.at.time_since_epoch().count() / 1'000'000);
    const std::string id_text = id != 0 ? to_hex(id) : std::string(event.get(Field::SessionId));
    session.id =
        session.computer + "/" + boot_text + "/" + (id_text.empty() ? to_hex(content_of(event)) : id_text);
    // One whose end was a conclusion, and that shows itself in the same boot, never ended.
    const bool goes_on = found_alive && concluded.erase(session.id) > 0;
    if (used.contains(session.id) && !goes_on)
      session.id += "/" + std::to_string(event.time.time_since_epoch().count());
    if (used.size() > most_used) used.clear();
    used.insert(session.id);
    session.handle = event.computer + "/" + id_text;
    session.account = account;
    principals.complete(session.account);
    session.account_type = type_of(account);
    session.started = event.time;
    session.last = event.time;
    session.numbered = id != 0;
    if (id != 0) session.open.push_back(id);
    return session;
  }

  void end_session(LiveSession& session, Finding finding, plugin::EndReason reason) {
    // A logoff is a statement; a boot or a passed window only lets one conclude it.
    end_session(session, std::move(finding), reason, reason == plugin::EndReason::SignedOut);
  }
  void end_session(LiveSession& session, Finding finding, plugin::EndReason reason, bool is_stated) {
    finding.type = plugin::Type::SignOut;
    describe(finding, session);
    finding.end_reason = reason;
    finding.end_inferred = !is_stated;
    if (concluded.size() > most_used) concluded.clear();
    if (finding.end_inferred) concluded.insert(session.id);
    emit(std::move(finding));
    live.end(session);
  }

  // A session that shows itself without its logon: the log begins later than it.
  LiveSession& found_alive(const WindowsEvent& event, std::uint64_t id, std::string_view application) {
    LiveSession session = new_session(event, id, account_of(event), true);
    session.logon_type = application == "windows-rdp" ? 10 : 2;
    session.application = application;
    sink.judged(event.input, Fate::Other, "session_without_logon");
    return live.open(std::move(session));
  }

  LiveSession* session_of(const WindowsEvent& event, Field field) {
    const Logon* logon = live.logon({to_lower(event.computer), event.logon_id(field)});
    return logon == nullptr ? nullptr : live.find(logon->session);
  }

  void judge(const WindowsEvent& event);
  void judge_logon(const WindowsEvent& event);
  void judge_samba_logon(const WindowsEvent& event);
  void open_network(const WindowsEvent& event, const Account& account, std::uint32_t type, std::uint64_t id);
  void begin_network(LiveSession session, const WindowsEvent& event, std::uint32_t type);
  bool join_twin(const WindowsEvent& event, const Account& account, std::uint32_t type, std::uint64_t id,
                 bool elevated);
  void judge_logoff(const WindowsEvent& event);
  void judge_state(const WindowsEvent& event, plugin::Type type, Field id_field);
  void judge_failure(const WindowsEvent& event);
  void judge_account_change(const WindowsEvent& event, plugin::Type type);
  void judge_boot(const WindowsEvent& event);
  void close_all(const WindowsEvent& event, Time at);
  void fire_timers(Time now);
  void arm(const LiveSession& session) { timers.emplace(session.last + settings.network_window, session.id); }

  [[nodiscard]] bool is_elevated(const WindowsEvent& event, std::uint64_t id) const {
    const std::string_view token = event.get(Field::ElevatedToken);
    if (token == "%%1842" || equal_ignoring_case(token, "yes")) return true;
    const auto given = given_privileges.find({to_lower(event.computer), id});
    if (given != given_privileges.end() && event.time - given->second <= settings.settle) return true;
    return next_for(event, settings.settle, [&](const WindowsEvent& next) {
             return next.event_id == 4672 && next.logon_id(Field::SubjectLogonId) == id;
           }) != nullptr;
  }

  // ---- SMB sessions of a Samba server (smb/pairing_smb.cpp) ----

  [[nodiscard]] bool is_smb_session(const WindowsEvent& event) const;
  void open_smb(const WindowsEvent& event, const Account& account, std::uint32_t type);
  void adopt_smb(const LiveSession& session);
  void end_smb(LiveSession& session, Time gone_by);
  void judge_share(const WindowsEvent& event);
  void tell_smb(const LiveSession& session, bool ended);
  void add_listing(SmbListing&& listing);
  void judge_listings(Time until);
  void judge_listing(const SmbListing& listing);
  template <typename Fits>
  LiveSession* smb_where(const std::string& address, Fits fits) {
    const auto at = smb.find(address);
    if (at == smb.end()) return nullptr;
    for (const std::string& id : at->second) {
      LiveSession* session = live.find(id);
      if (session != nullptr && fits(*session)) return session;
    }
    return nullptr;
  }

  // ---- AD FS (adfs/pairing_adfs.cpp) ----

  void judge_audit(const WindowsEvent& event);
  void judge_token(const WindowsEvent& event, adfs::Request& request, bool is_fresh);
  void judge_refusal(const WindowsEvent& event, adfs::Request& request);
  void judge_adfs_sign_out(const WindowsEvent& event, const adfs::Request& request);
  void judge_password_change(const WindowsEvent& event, const adfs::Request& request);
  void learn_ahead(const WindowsEvent& event, adfs::Request& request);
  void begin_sign_on(const WindowsEvent& event, const adfs::Request& request, adfs::SignOn sign_on,
                     bool is_fresh);
  [[nodiscard]] Duration lifetime_of(const adfs::Request& request, bool is_program) const;

  struct LogonKeyLess {
    bool operator()(const LogonKey& a, const LogonKey& b) const {
      return std::tie(a.computer, a.id) < std::tie(b.computer, b.id);
    }
  };

  PairingSettings settings;
  PairingSink& sink;
  Buffer buffer;
  std::unordered_multimap<std::string, const WindowsEvent*> near;
  Time newest{};
  Time horizon{};
  LiveLogons live;
  PrincipalNames principals;
  std::set<std::string> used;       // session ids, to tell a boot that nobody recorded
  std::set<std::string> concluded;  // of them, those whose end no record stated
  std::multimap<Time, std::string> timers;
  std::unordered_map<std::string, std::vector<std::string>> smb;  // session ids, by the client's address
  std::map<std::string, SmbChange> smb_changes;
  std::deque<SmbListing> listings;  // those that event time has not come past
  adfs::Requests requests;
  adfs::SignOns sign_ons;
  std::map<std::string, Time> log_stopped;                  // 1100, by computer
  std::map<std::string, Time> last_seen;                    // of a computer
  std::map<std::string, Time> last_failure;                 // 4625, by computer and account
  std::map<LogonKey, Time, LogonKeyLess> given_privileges;  // 4672 that came before its 4624
  std::size_t sweep_at = 1024;
  Time repeats_at{};
  std::set<std::tuple<std::string, std::uint32_t, std::uint64_t>> seen_now;
};

}  // namespace curfew::windows
