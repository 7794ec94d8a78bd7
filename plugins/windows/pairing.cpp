#include "plugins/windows/pairing.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <unordered_map>

#include "plugins/windows/accounts.hpp"
#include "plugins/windows/live_logons.hpp"

namespace curfew::windows {
namespace {

using plugin::Type;
using std::chrono::seconds;

// Two records of one sign-in are written within this.
constexpr Duration twin_apart = seconds(1);
// A token that logs off so soon was made for one act: an elevation, an unlock.
constexpr Duration passing_token = seconds(10);
// Session ids that are kept to tell an id that was given twice.
constexpr std::size_t most_used = 1'000'000;
// Logons that one network session remembers.
constexpr std::size_t most_open = 1024;
// Markers of one boot come from several services, one after the other.
constexpr Duration one_boot = std::chrono::minutes(5);

bool is_interactive(std::uint32_t type) { return type == 2 || type == 10 || type == 11 || type == 12; }
bool is_network(std::uint32_t type) { return type == 3 || type == 8; }
bool is_unlock(std::uint32_t type) { return type == 7 || type == 13; }

bool is_provider(const WindowsEvent& event, std::string_view name) {
  return equal_ignoring_case(event.provider, name);
}

bool starts_up(const WindowsEvent& event) {
  switch (event.event_id) {
    case 4608:
      return event.is_security();
    case 6005:
      return is_provider(event, "EventLog");
    case 12:
      return is_provider(event, "Microsoft-Windows-Kernel-General");
    default:
      return false;
  }
}

bool shuts_down(const WindowsEvent& event) {
  switch (event.event_id) {
    case 1100:
      return is_provider(event, "Microsoft-Windows-Eventlog");
    case 6006:
      return is_provider(event, "EventLog");
    case 13:
      return is_provider(event, "Microsoft-Windows-Kernel-General");
    default:
      return false;
  }
}

std::string hex(std::uint64_t number) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[number & 15U]);
    number >>= 4U;
  } while (number != 0);
  return "0x" + text;
}

// What orders events; the place in the file only where nothing else does, so that the order in which files
// are named changes nothing.
using Order = std::tuple<Time, std::string, std::uint64_t, std::uint32_t, std::uint64_t, std::uint64_t>;

Order order_of(const WindowsEvent& event) {
  return {event.time,     event.computer, event.record_id,
          event.event_id, event.position, event.logon_id(Field::TargetLogonId)};
}

// A digest of the record's own texts, for shapes without a record number.
std::uint64_t content_of(const WindowsEvent& event) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  const auto mix = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    hash = (hash ^ 0x1FU) * 0x100000001B3U;
  };
  for (std::size_t i = 0; i < field_count; ++i) mix(event.get(static_cast<Field>(i)));
  return hash;
}

}  // namespace

struct Pairing::State {
  State(PairingSettings given, PairingSink& to) : settings(given), sink(to) {}

  using Buffer = std::multimap<Order, WindowsEvent>;

  // ---- the buffer: events in order, and what comes next for one account on one computer ----

  static std::string near_key(const WindowsEvent& event) {
    if (event.origin == Origin::Samba) return "samba " + std::string(event.get(Field::RemoteEndpoint));
    return to_lower(event.computer) + '\x1f' + account_of(event).key();
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
      judge(event);
    }
    if (until > horizon) {
      horizon = until;
      fire_timers(until);
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

  Finding about(Type type, const WindowsEvent& event, std::string_view suffix = {}) const {
    Finding finding;
    finding.type = type;
    finding.at = event.time;
    finding.key = to_lower(event.computer) + "/" + to_lower(event.channel) + "/";
    if (event.record_id != 0) {
      finding.key +=
          std::to_string(event.record_id) + "@" + std::to_string(event.time.time_since_epoch().count());
    } else {
      finding.key += std::to_string(event.event_id) + "@" +
                     std::to_string(event.time.time_since_epoch().count()) + "#" + hex(content_of(event));
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
  LiveSession new_session(const WindowsEvent& event, std::uint64_t id, const Account& account) {
    LiveSession session;
    session.computer = to_lower(event.computer);
    const Boot boot = live.boot(session.computer);
    const std::string boot_text = std::to_string(boot.at.time_since_epoch().count() / 1'000'000);
    const std::string id_text = id != 0 ? hex(id) : std::string(event.get(Field::SessionId));
    session.id =
        session.computer + "/" + boot_text + "/" + (id_text.empty() ? hex(content_of(event)) : id_text);
    if (used.contains(session.id)) session.id += "/" + std::to_string(event.time.time_since_epoch().count());
    if (used.size() > most_used) used.clear();
    used.insert(session.id);
    session.handle = event.computer + "/" + id_text;
    session.account = account;
    session.account_type = type_of(account);
    session.started = event.time;
    session.last = event.time;
    session.numbered = id != 0;
    if (id != 0) session.open.push_back(id);
    return session;
  }

  void end_session(LiveSession& session, Finding finding, plugin::EndReason reason) {
    finding.type = Type::SignOut;
    describe(finding, session);
    finding.end_reason = reason;
    emit(std::move(finding));
    live.end(session);
  }

  // A session that shows itself without its logon: the log begins later than it.
  LiveSession& found_alive(const WindowsEvent& event, std::uint64_t id, std::string_view application) {
    LiveSession session = new_session(event, id, account_of(event));
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
  bool join_twin(const WindowsEvent& event, const Account& account, std::uint32_t type, std::uint64_t id,
                 bool elevated);
  void judge_logoff(const WindowsEvent& event);
  void judge_state(const WindowsEvent& event, Type type, Field id_field);
  void judge_failure(const WindowsEvent& event);
  void judge_account_change(const WindowsEvent& event, Type type);
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
  std::set<std::string> used;  // session ids, to tell a boot that nobody recorded
  std::multimap<Time, std::string> timers;
  std::map<std::string, Time> log_stopped;                  // 1100, by computer
  std::map<std::string, Time> last_seen;                    // of a computer
  std::map<std::string, Time> last_failure;                 // 4625, by computer and account
  std::map<LogonKey, Time, LogonKeyLess> given_privileges;  // 4672 that came before its 4624
  std::size_t sweep_at = 1024;
  Time repeats_at{};
  std::set<std::tuple<std::string, std::uint32_t, std::uint64_t>> seen_now;
};

void Pairing::State::judge(const WindowsEvent& event) {
  const std::string computer = to_lower(event.computer);
  if (const auto stopped = log_stopped.find(computer); stopped != log_stopped.end()) {
    if (starts_up(event)) {
      log_stopped.erase(stopped);
    } else if (event.time - stopped->second > passing_token) {
      // Records again, without a boot: the log's service alone was stopped, and what happened meanwhile is
      // not there.
      log_stopped.erase(stopped);
      Finding gap = about(Type::Gap, event, "/log-service-stopped");
      gap.application = "log-service-stopped";
      gap.count = 0;
      emit(std::move(gap));
    }
  }
  if (event.origin == Origin::Windows && starts_up(event)) {
    judge_boot(event);
  } else if (event.origin == Origin::Windows && shuts_down(event)) {
    close_all(event, event.time);
    if (event.event_id == 1100) log_stopped.insert_or_assign(computer, event.time);
  } else {
    switch (event.event_id) {
      case 4624:
        event.origin == Origin::Samba ? judge_samba_logon(event) : judge_logon(event);
        break;
      case 4634:
      case 4647:
        judge_logoff(event);
        break;
      case 4672:
        given_privileges.insert_or_assign({computer, event.logon_id(Field::SubjectLogonId)}, event.time);
        if (given_privileges.size() > sweep_at) {
          std::erase_if(given_privileges,
                        [&](const auto& entry) { return entry.second + settings.settle < event.time; });
          sweep_at = std::max<std::size_t>(1024, given_privileges.size() * 2);
        }
        break;
      case 4778:
        judge_state(event, Type::Reconnected, Field::LogonID);
        break;
      case 4779:
        judge_state(event, Type::Disconnected, Field::LogonID);
        break;
      case 4800:
        judge_state(event, Type::Locked, Field::TargetLogonId);
        break;
      case 4801:
        judge_state(event, Type::Unlocked, Field::TargetLogonId);
        break;
      case 4625:
      case 4740:
      case 4768:
      case 4771:
      case 4776:
        judge_failure(event);
        break;
      case 4722:
      case 4767:
        judge_account_change(event, Type::AccountEnabled);
        break;
      case 4725:
      case 4726:
        judge_account_change(event, Type::AccountDisabled);
        break;
      case 4723:
      case 4724:
        judge_account_change(event, Type::CredentialChanged);
        break;
      case 1102: {
        Finding gap = about(Type::Gap, event);
        gap.application = "log-cleared";
        gap.count = 0;
        emit(std::move(gap));
        break;
      }
      default:
        break;
    }
  }
  Time& last = last_seen[computer];
  last = std::max(last, event.time);
}

bool Pairing::State::join_twin(const WindowsEvent& event, const Account& account, std::uint32_t type,
                               std::uint64_t id, bool elevated) {
  const std::string computer = to_lower(event.computer);
  LiveSession* session = nullptr;
  if (const std::uint64_t linked = event.logon_id(Field::TargetLinkedLogonId); linked != 0) {
    const Logon* logon = live.logon({computer, linked});
    if (logon != nullptr && event.time - logon->at <= passing_token) session = live.find(logon->session);
  } else if (event.version < 2) {
    // Nothing names the twin: the same person, place and second, and just one of the two has privileges.
    LiveSession* newest_session = live.interactive(computer, account.key());
    if (newest_session != nullptr && newest_session->logon_type == type && !newest_session->has_twin &&
        event.time - newest_session->started <= twin_apart && newest_session->elevated != elevated)
      session = newest_session;
  }
  if (session == nullptr) return false;
  session->has_twin = true;
  session->open.push_back(id);
  live.add_logon({computer, id}, {session->id, event.time, false});
  live.changed(*session);
  sink.judged(event.input, Fate::Joined, "uac_twin");
  return true;
}

void Pairing::State::judge_logon(const WindowsEvent& event) {
  const std::uint64_t id = event.logon_id(Field::TargetLogonId);
  if (is_well_known_logon(id)) return;
  const Account account = account_of(event);
  const std::uint32_t type = logon_type_of(event);
  if (const std::string_view noise = noise_of(account, type);
      !noise.empty() && (!settings.keep_machines || noise == "anonymous" || noise == "desktop_service")) {
    sink.judged(event.input, Fate::Filtered, noise);
    return;
  }
  const std::string computer = to_lower(event.computer);
  const LogonKey key{computer, id};
  if (const Logon* known = live.logon(key); known != nullptr && event.time - known->at <= twin_apart) {
    sink.judged(event.input, Fate::Joined, "repeat");  // by two collectors, in two shapes
    return;
  }
  if (type == 9) {
    sink.judged(event.input, Fate::Joined, "new_credentials");
    return;
  }
  if (is_unlock(type)) {
    LiveSession* session = live.interactive(computer, account.key());
    const Logon* twin = live.logon({computer, event.logon_id(Field::TargetLinkedLogonId)});
    const bool is_second = twin != nullptr && twin->of_unlock;
    live.add_logon(key, {session != nullptr ? session->id : std::string{}, event.time, true});
    if (session == nullptr) {
      sink.judged(event.input, Fate::Joined, "unlock_of_unseen_session");
      return;
    }
    sink.judged(event.input, Fate::Joined, "unlock");
    if (is_second || session->last == event.time) return;
    session->last = event.time;
    Finding finding = about(Type::Unlocked, event);
    describe(finding, *session);
    finding.fresh = true;
    finding.address = clean_address(event.get(Field::IpAddress));
    emit(std::move(finding));
    return;
  }
  const bool elevated = is_elevated(event, id);
  if (is_interactive(type) && join_twin(event, account, type, id, elevated)) return;
  if (is_network(type)) {
    open_network(event, account, type, id);
    return;
  }

  LiveSession session = new_session(event, id, account);
  session.logon_type = type;
  session.kind = is_interactive(type) ? LiveSession::Kind::Interactive : LiveSession::Kind::Batch;
  session.elevated = elevated;
  session.application = application_of(event, type);
  session.address = clean_address(event.get(Field::IpAddress));
  Finding finding = about(Type::SignIn, event);
  describe(finding, session);
  finding.method = method_of(event, type);
  finding.address = session.address;
  if (is_interactive(type)) {
    finding.interactivity = plugin::Interactivity::Interactive;
    finding.fresh = true;
    // At the console the computer itself is the device; a remote client tells its name at reconnect only.
    if (type == 2 || type == 11) finding.device = event.computer;
  } else {
    finding.interactivity = plugin::Interactivity::Silent;
  }
  const WindowsEvent* twin = next_for(event, twin_apart, [&](const WindowsEvent& next) {
    return next.event_id == 4624 && next.logon_id(Field::TargetLinkedLogonId) == id &&
           is_elevated(next, next.logon_id(Field::TargetLogonId));
  });
  finding.privileged = elevated || twin != nullptr;
  sink.judged(event.input, Fate::Session, "");
  live.open(std::move(session));
  emit(std::move(finding));
}

void Pairing::State::open_network(const WindowsEvent& event, const Account& account, std::uint32_t type,
                                  std::uint64_t id) {
  const std::string computer = to_lower(event.computer);
  const std::string address = clean_address(event.get(Field::IpAddress));
  const auto fits_address = [&](std::string_view other) {
    const std::string theirs = clean_address(other);
    return address.empty() || theirs.empty() || theirs == address;
  };
  if (event.origin == Origin::Windows && type == 3) {
    // Network level authentication: the desktop that it leads to comes next.
    const WindowsEvent* desktop = next_for(event, settings.settle, [&](const WindowsEvent& next) {
      if (next.event_id == 4778) return fits_address(next.get(Field::ClientAddress));
      if (next.event_id != 4624) return false;
      const std::uint32_t next_type = logon_type_of(next);
      if (next_type == 10 || next_type == 12) return fits_address(next.get(Field::IpAddress));
      return next_type == 7 && !address.empty() && clean_address(next.get(Field::IpAddress)) == address;
    });
    if (desktop != nullptr) {
      sink.judged(event.input, Fate::Joined, "rdp_network_leg");
      live.add_logon({computer, id}, {"", event.time, true});
      return;
    }
  }
  if (LiveSession* session = live.network(computer, account.key(), address);
      session != nullptr && event.time - session->last <= settings.network_window) {
    session->last = std::max(session->last, event.time);
    if (id != 0) {
      if (session->open.size() >= most_open) session->open.erase(session->open.begin());
      session->open.push_back(id);
      live.add_logon({computer, id}, {session->id, event.time, false});
    }
    live.changed(*session);
    arm(*session);
    sink.judged(event.input, Fate::Joined, "network_repeat");
    return;
  }
  LiveSession session = new_session(event, id, account);
  session.logon_type = type;
  session.kind = LiveSession::Kind::Network;
  session.address = address;
  session.application = application_of(event, type);
  Finding finding = about(Type::SignIn, event);
  describe(finding, session);
  finding.method = method_of(event, type);
  finding.interactivity = type == 3 ? plugin::Interactivity::Silent : plugin::Interactivity::Unknown;
  finding.privileged = is_elevated(event, id);
  finding.address = address;
  finding.device = event.get(Field::WorkstationName);
  sink.judged(event.input, Fate::Session, "");
  arm(live.open(std::move(session)));
  emit(std::move(finding));
}

void Pairing::State::judge_samba_logon(const WindowsEvent& event) {
  const Account account = account_of(event);
  const std::uint32_t type = logon_type_of(event);
  if (equal_ignoring_case(event.get(Field::Service), "Kerberos KDC")) {
    sink.judged(event.input, Fate::Filtered, "kdc_ticket");
    return;
  }
  if (const std::string_view noise = noise_of(account, type); !noise.empty() && !settings.keep_machines) {
    sink.judged(event.input, Fate::Filtered, noise);
    return;
  }
  if (event.provider == "Authentication") {
    const WindowsEvent* session = next_for(
        event, settings.settle, [](const WindowsEvent& next) { return next.provider == "Authorization"; });
    if (session != nullptr && !event.get(Field::RemoteEndpoint).empty()) {
      sink.judged(event.input, Fate::Joined, "authentication_of_session");
      return;
    }
  }
  open_network(event, account, type == 8 ? 8 : 3, 0);
}

void Pairing::State::judge_logoff(const WindowsEvent& event) {
  const std::uint64_t id = event.logon_id(Field::TargetLogonId);
  if (is_well_known_logon(id)) return;
  const LogonKey key{to_lower(event.computer), id};
  const Logon* logon = live.logon(key);
  if (logon == nullptr) {
    const Account account = account_of(event);
    const std::uint32_t type = event.event_id == 4647 ? 2 : logon_type_of(event);
    if (!noise_of(account, type).empty()) {
      sink.judged(event.input, Fate::Other, "logoff_of_filtered");
    } else {
      sink.judged(event.input, Fate::Other, "logoff_without_logon");
      if (!is_interactive(type)) return;
      // Somebody was on before the records begin.
      LiveSession session = new_session(event, id, account);
      session.application = application_of(event, type);
      LiveSession& opened = live.open(std::move(session));
      end_session(opened, about(Type::SignOut, event), plugin::EndReason::SignedOut);
    }
    return;
  }
  LiveSession* session = live.find(logon->session);
  const bool passing = logon->of_unlock;
  if (passing || session == nullptr) {
    live.drop_logon(key);
    return;
  }
  std::erase(session->open, id);
  session->last = std::max(session->last, event.time);
  if (event.event_id == 4634) live.drop_logon(key);
  if (session->kind == LiveSession::Kind::Network) {
    live.changed(*session);  // others of its logons may follow: its window closes it
    arm(*session);
    return;
  }
  const bool temporary =
      event.event_id == 4634 && !session->open.empty() && event.time - session->started <= passing_token;
  if (temporary) {
    live.changed(*session);
    return;
  }
  end_session(*session, about(Type::SignOut, event), plugin::EndReason::SignedOut);
}

void Pairing::State::judge_state(const WindowsEvent& event, Type type, Field id_field) {
  const std::uint64_t id = event.logon_id(id_field);
  if (id == 0 || is_well_known_logon(id) || !noise_of(account_of(event), 2).empty()) {
    sink.judged(event.input, Fate::Other, "state_of_filtered");
    return;
  }
  const bool remote = id_field == Field::LogonID;
  const bool console = equal_ignoring_case(event.get(Field::SessionName), "console");
  LiveSession* session = session_of(event, id_field);
  if (session == nullptr)
    session = &found_alive(event, id, remote && !console ? "windows-rdp" : "windows-console");
  Finding finding = about(type, event);
  describe(finding, *session);
  if (remote) {
    finding.device = event.get(Field::ClientName);
    finding.address = clean_address(event.get(Field::ClientAddress));
  }
  finding.fresh = type == Type::Unlocked;
  emit(std::move(finding));
}

void Pairing::State::judge_failure(const WindowsEvent& event) {
  const bool at_domain = event.event_id == 4768 || event.event_id == 4771 || event.event_id == 4776;
  if (at_domain && event.origin == Origin::Windows) {
    if (parse_logon_id(event.get(Field::Status)) == 0) {
      sink.judged(event.input, Fate::Other, "ticket_granted");
      return;
    }
  }
  const Account account = account_of(event);
  const std::string here = to_lower(event.computer) + '\x1f' + account.key();
  const std::string failure = failure_of(event);
  if (failure == "invalid_logon_type") {
    sink.judged(event.input, Fate::Other, "credential_probe");  // Windows itself tries; a real one follows
    return;
  }
  if (type_of(account) == plugin::AccountType::Computer && !settings.keep_machines) {
    sink.judged(event.input, Fate::Other, "failure_of_computer");
    return;
  }
  if (event.event_id == 4625) {
    last_failure.insert_or_assign(here, event.time);
  } else if (at_domain) {
    // The same attempt, told by the host and by the authority that it asked.
    const auto before = last_failure.find(here);
    const bool told = before != last_failure.end() && event.time - before->second <= seconds(2);
    if (told || next_for(event, seconds(2), [](const WindowsEvent& next) { return next.event_id == 4625; }) !=
                    nullptr) {
      sink.judged(event.input, Fate::Other, "same_attempt");
      return;
    }
  }
  Finding finding = about(Type::SignInFailed, event);
  identify(finding, account);
  finding.account_type = type_of(account);
  const std::uint32_t type = logon_type_of(event);
  finding.failure = failure;
  finding.method = at_domain
                       ? (event.event_id == 4776 ? plugin::AuthMethod::Ntlm : plugin::AuthMethod::Kerberos)
                       : method_of(event, type);
  finding.application = at_domain ? "windows-domain" : application_of(event, type);
  finding.address = clean_address(event.get(Field::IpAddress));
  finding.device = event.get(event.event_id == 4776 ? Field::Workstation : Field::WorkstationName);
  emit(std::move(finding));
}

void Pairing::State::judge_account_change(const WindowsEvent& event, Type type) {
  if (event.failure) {
    sink.judged(event.input, Fate::Other, "failed_change");
    return;
  }
  Finding finding = about(type, event);
  const Account account = account_of(event);
  identify(finding, account);
  finding.account_type = type_of(account);
  finding.distinguished_name = event.get(Field::Name);
  emit(std::move(finding));
}

void Pairing::State::judge_boot(const WindowsEvent& event) {
  const std::string computer = to_lower(event.computer);
  const Boot known = live.boot(computer);
  // The next service's word of the same boot.
  if (known.at != Time{} && known.marker != event.event_id && event.time - known.at <= one_boot) return;
  // Without a word of its end, the boot before ended after its last record.
  const auto last = last_seen.find(computer);
  Time at = last == last_seen.end() ? event.time : last->second;
  at = std::max(at, event.time - settings.furthest_back);
  close_all(event, at);
  live.forget_computer(computer);
  live.set_boot(computer, {event.time, event.event_id});
}

void Pairing::State::close_all(const WindowsEvent& event, Time at) {
  for (LiveSession* session : live.of_computer(to_lower(event.computer))) {
    Finding finding = about(Type::SignOut, event, "/" + session->id);
    finding.at = std::max(std::min(at, event.time), session->started);
    end_session(*session, std::move(finding), plugin::EndReason::Reboot);
  }
}

void Pairing::State::fire_timers(Time now) {
  while (!timers.empty() && timers.begin()->first <= now) {
    const auto [due, id] = *timers.begin();
    timers.erase(timers.begin());
    LiveSession* session = live.find(id);
    if (session == nullptr || session->last + settings.network_window > due) continue;  // armed again since
    Finding finding;
    finding.at = session->last;
    finding.key = "window/" + id + "@" + std::to_string(session->last.time_since_epoch().count());
    end_session(*session, std::move(finding),
                session->open.empty() && session->numbered ? plugin::EndReason::SignedOut
                                                           : plugin::EndReason::Vanished);
  }
}

Pairing::Pairing(PairingSettings settings, PairingSink& sink)
    : state_(std::make_unique<State>(settings, sink)) {}
Pairing::~Pairing() = default;

bool Pairing::uses(const WindowsEvent& event) {
  if (event.origin == Origin::Samba) return event.event_id != 0;
  if (starts_up(event) || shuts_down(event)) return true;
  if (!event.is_security()) return false;
  static constexpr std::array<std::uint32_t, 21> ids{1102, 4608, 4624, 4625, 4634, 4647, 4672,
                                                     4722, 4723, 4724, 4725, 4726, 4740, 4767,
                                                     4768, 4771, 4776, 4778, 4779, 4800, 4801};
  return std::binary_search(ids.begin(), ids.end(), event.event_id);
}

void Pairing::add(WindowsEvent&& event) {
  const Time time = event.time;
  state_->add(std::move(event));
  if (time > Time{} + state_->settings.settle) state_->release(state_->newest - state_->settings.settle);
}

void Pairing::advance(Time now) { state_->release(now - state_->settings.settle); }

void Pairing::finish() { state_->release(state_->newest); }

Time Pairing::horizon() const { return state_->horizon; }
std::map<std::string, std::string> Pairing::take_changes() { return state_->live.take_changes(); }
void Pairing::restore(std::string_view key, std::string_view value) { state_->live.restore(key, value); }
std::size_t Pairing::live() const { return state_->live.size(); }

}  // namespace curfew::windows
