// The fate of each logon, and its logoff. The order of the tests is the table in docs/connectors/windows.md.
#include "plugins/windows/pairing_state.hpp"

namespace curfew::windows {

using plugin::Type;

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
  session.kind = LiveSession::Kind::Network;
  session.address = address;
  begin_network(std::move(session), event, type);
}

void Pairing::State::begin_network(LiveSession session, const WindowsEvent& event, std::uint32_t type) {
  session.logon_type = type;
  session.application = application_of(event, type);
  Finding finding = about(Type::SignIn, event);
  describe(finding, session);
  finding.method = method_of(event, type);
  finding.interactivity = type == 3 ? plugin::Interactivity::Silent : plugin::Interactivity::Unknown;
  finding.privileged = is_elevated(event, event.logon_id(Field::TargetLogonId));
  finding.address = session.address;
  finding.device = event.get(Field::WorkstationName);
  sink.judged(event.input, Fate::Session, "");
  const LiveSession& opened = live.open(std::move(session));
  if (opened.kind == LiveSession::Kind::Smb) {
    adopt_smb(opened);
  } else {
    arm(opened);
  }
  emit(std::move(finding));
}

void Pairing::State::judge_samba_logon(const WindowsEvent& event) {
  const Account account = account_of(event);
  const std::uint32_t type = logon_type_of(event);
  if (is_ticket(event)) {
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
  if (is_smb_session(event)) {
    open_smb(event, account, 3);
    return;
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

}  // namespace curfew::windows
