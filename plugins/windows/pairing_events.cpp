// Records besides logons: states, failures, accounts, boots, and what time alone decides.
#include "plugins/windows/pairing_state.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"

namespace curfew::windows {

using plugin::Type;
using std::chrono::seconds;

void Pairing::State::judge(const WindowsEvent& event) {
  principals.learn(event);
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
  if (adfs::is_audit(event)) {
    judge_audit(event);
  } else if (event.origin == Origin::Windows && starts_up(event)) {
    judge_boot(event);
  } else if (event.origin == Origin::Windows && shuts_down(event)) {
    close_all(event, event.time);
    if (event.event_id == 1100) log_stopped.insert_or_assign(computer, event.time);
  } else if (event.provider == full_audit_provider) {
    judge_share(event);
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

}  // namespace curfew::windows
