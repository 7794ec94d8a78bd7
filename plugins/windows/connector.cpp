// The windows connector: recorded logs to their end, or growing ones as they grow; and what acts where the
// accounts are.
#include "curfew/plugin/connector.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "plugins/files/recorded_poll.hpp"
#include "plugins/windows/command/commands.hpp"
#include "plugins/windows/directory/directory.hpp"
#include "plugins/windows/push/pushed_source.hpp"
#include "plugins/windows/settings.hpp"
#include "plugins/windows/smb/smb_sessions.hpp"
#include "plugins/windows/smb/watch.hpp"

namespace curfew::windows {
namespace {

using plugin::Code;
using plugin::Emitted;
using plugin::Failure;
using plugin::Level;
using plugin::Poll;

constexpr Duration memory_life = std::chrono::hours(24 * 30);
constexpr Duration look_every = std::chrono::seconds(1);
constexpr Duration coverage_every = std::chrono::seconds(30);

ConnectorSettings settings_of(const plugin::Settings& settings) {
  try {
    return read_settings(settings.config);
  } catch (const std::invalid_argument& failure) {
    throw Failure(Code::Invalid, failure.what());
  }
}

class Windows {
 public:
  static constexpr plugin::Description description{
      .name = "windows",
      .version = "0.1.0",
      .summary =
          "Windows security logs (EVTX, XML, JSON) with AD FS' audits, and Samba's audit log, recorded, "
          "growing or pushed",
      .config_schema = config_schema,
      .config_schema_version = 1,
      .capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_RECEIVE_HTTP | CURFEW_CAN_SUSPEND_ACCESS |
                      CURFEW_CAN_BLOCK_SIGN_IN | CURFEW_CAN_CANCEL_SESSION | CURFEW_CAN_SIGN_OUT_SESSION |
                      CURFEW_CAN_SIGN_OUT_SUBJECT | CURFEW_CAN_DISABLE_ACCOUNT | CURFEW_CAN_PROVE |
                      CURFEW_CAN_TELL_GROUPS | CURFEW_CAN_CONCURRENT_ACTIONS};

  Windows(plugin::Host& host, const plugin::Settings& settings)
      : host_(host),
        settings_(settings_of(settings)),
        is_recorded_(settings.recorded),
        is_trial_(settings.trial),
        is_by_event_time_(settings.event_time),
        recorded_poll_(host) {
    if (!settings_.directory.empty())
      directory_.emplace(read_directory_settings(settings_.directory), settings.source);
    if (!settings_.commands.empty()) commands_.emplace(settings_.commands);
    if (settings_.smb && !is_recorded_) smb_.emplace(*settings_.smb);
  }
  ~Windows() { stop(); }

  void start() {
    if (is_trial_) return;
    if (directory_ && !is_recorded_) start_directory();
    if (commands_ && !is_recorded_) commands_->start();
    start_inputs();
    if (directory_ && !is_recorded_) start_groups();
  }

  Poll poll(Time deadline) {
    if (is_trial_) return Poll::Idle;
    if (!remember_tickets() || !tell_groups()) return Poll::Ok;
    if (pushed_) return pushed_->poll(deadline);
    if (settings_.inputs.empty()) return poll_nothing(deadline);
    return is_recorded_ ? poll_recorded(deadline) : poll_live(deadline);
  }

  // Who carries out which step.
  plugin::Answer act(const plugin::Action& action) {
    if (directory_ && Directory::carries_out(action.step)) return directory_->act(action);
    const bool is_smb_session = smb_ && smb_->knows(action.session);
    const bool has_command = commands_ && commands_->carries_out(action.step);
    if (smb_ && SmbSessions::carries_out(action.step) && (is_smb_session || !has_command))
      return smb_->act(action);
    if (commands_ && commands_->carries_out(action.step)) return commands_->act(action);
    return {Code::Unsupported, no_actor};
  }
  plugin::Proof prove(const plugin::Probe& probe) {
    if (smb_ && (!directory_ || smb_->knows(probe.session))) return smb_->prove(probe);
    if (directory_) return directory_->prove(probe);
    throw Failure(Code::Unsupported, no_actor);
  }

  void wake() noexcept {
    waker_.wake();
    if (pushed_) pushed_->wake();
    recorded_poll_.wake();
  }

  plugin::HttpAnswer http(const plugin::HttpRequest& request) {
    if (pushed_) return pushed_->http(request);
    return {404,
            "application/json",
            R"({"error":"this source reads files; with `push: true` in its settings it takes records"})",
            {}};
  }

  void stop() {
    if (recorded_) recorded_->cancel();
    recorded_poll_.stop();
    if (directory_) directory_->stop();
    if (groups_) groups_->stop();
    if (commands_) commands_->stop();
    if (smb_) smb_->stop();
    if (smb_watch_) smb_watch_->stop();
  }

 private:
  static constexpr const char* no_actor =
      "nothing in this source's settings (directory, commands, smb) can do that for this session";

  void start_directory() {
    for (const auto& [key, value] : host_.recall_all()) directory_->tickets().restore(key, value);
    directory_->start();
  }

  void start_inputs() {
    if (settings_.push && !is_recorded_) {
      pushed_.emplace(host_, settings_, is_by_event_time_,
                      [this](const Finding& finding) { return emit(finding); });
      pushed_->start();
      return;
    }
    if (settings_.inputs.empty()) return;
    if (is_recorded_) {
      recorded_.emplace(settings_.inputs, settings_.recorded);
      recorded_poll_.start([this] { recorded_->read(); });
      return;
    }
    live_.emplace(settings_.inputs, settings_.live,
                  [this](const std::string& name) { return recalled(name); });
    for (const auto& [key, value] : host_.recall_all()) live_->restore(key, value);
    live_->open();
    if (!smb_) return;
    smb_watch_.emplace(smb_->settings(), [this] { waker_.wake(); });
    smb_watch_->start();
  }

  void start_groups() {
    const DirectorySettings& settings = directory_->settings();
    if (settings.groups.empty()) return;
    groups_.emplace(
        settings.groups_every, [this] { return directory_->members(); }, [this] { wake(); });
    groups_->start();
  }

  // False when the host wants to stop.
  bool tell_groups() {
    if (!groups_) return true;
    for (const std::string& complaint : groups_->take_complaints()) host_.log(Level::Warning, complaint);
    for (const FoundGroup& told : groups_->take()) {
      std::vector<plugin::Identifier> names;
      for (const GroupMember& member : told.members) {
        names.push_back({"windows_sid", member.sid});
        if (!member.account.empty()) names.push_back({"windows_account", member.account});
        for (const std::string& principal : member.principals) names.push_back({"upn", principal});
      }
      if (host_.group(told.name, names) == Emitted::Stopping) return false;
    }
    return true;
  }

  // False when the host wants to stop.
  bool remember_tickets() {
    if (!directory_) return true;
    for (const auto& [key, value] : directory_->tickets().take_changes()) {
      if (host_.remember(key, value, host_.now() + memory_life) == Emitted::Stopping) return false;
    }
    return true;
  }

  std::optional<std::string> recalled(const std::string& name) { return host_.cursor(name); }

  // False when the host wants to stop.
  bool emit(const Finding& finding) {
    plugin::Observation seen;
    seen.type = finding.type;
    seen.occurred_at = finding.at;
    seen.key = finding.key;
    if (finding.key.size() > longest_text) {
      const auto digest = host_.digest(finding.key);
      short_key_ = "digest/" + plugin::to_hex(digest.bytes);
      seen.key = short_key_;
    }
    if (!finding.session.empty()) seen.session = host_.digest(finding.session);
    seen.handle = finding.handle;
    seen.identify("windows_sid", finding.sid);
    seen.identify("windows_account", finding.account);
    seen.identify("upn", finding.upn);
    seen.identify("ldap_dn", finding.distinguished_name);
    seen.account_type = finding.account_type;
    seen.auth_method = finding.method;
    seen.interactivity = finding.interactivity;
    seen.end_reason = finding.end_reason;
    seen.end_inferred = finding.end_inferred;
    seen.count = finding.count;
    seen.fresh_credentials = finding.fresh;
    seen.privileged = finding.privileged;
    seen.device = finding.device;
    seen.factors = finding.factors;
    seen.expires_at = finding.expires;
    seen.address = finding.address;
    seen.user_agent = finding.user_agent;
    seen.application = finding.application;
    seen.failure = finding.failure;
    if (directory_) tell_directory(finding, seen.session);
    switch (host_.emit(seen)) {
      case Emitted::Taken:
      case Emitted::Refused:  // counted by the host
        return remember_tickets();
      case Emitted::Stopping:
        return false;
    }
    return false;
  }

  // Samba ends what it accepted by Kerberos when that ticket ends; others may go on for longer.
  void tell_directory(const Finding& finding, const plugin::SessionDigest& session) {
    if (finding.type == plugin::Type::SignIn && finding.method == plugin::AuthMethod::Kerberos &&
        finding.application.starts_with("samba-"))
      directory_->rests_on_ticket(session, finding.sid);
    else if (finding.type == plugin::Type::SignOut)
      directory_->ended(session);
  }

  // No log: nothing is ever behind.
  Poll poll_nothing(Time deadline) {
    if (is_recorded_) return Poll::Finished;
    host_.progress({.name = "directory", .value = "1", .caught_up = true});
    waker_.wait_until(deadline);
    return Poll::Ok;
  }

  Poll poll_recorded(Time deadline) {
    return recorded_poll_.until(
        deadline, *recorded_, outbox_, [this](const Finding& finding) { return emit(finding); },
        [this] {
          const InputCoverage sum = recorded_->coverage().sum();
          std::uint64_t filtered = 0;
          for (const auto& [reason, count] : sum.filtered) filtered += count;
          return files::RecordedEnd{recorded_->coverage().to_json(), filtered, sum.unreadable};
        });
  }

  bool step() {
    if (smb_watch_) {
      for (SmbListing& listing : smb_watch_->take()) live_->listed(std::move(listing));
    }
    return live_->step(host_.now());
  }

  Poll poll_live(Time deadline) {
    bool more = step();
    while (true) {
      if (!hand_over()) return Poll::Ok;
      if (host_.now() >= deadline) return Poll::Ok;
      if (!more) waker_.wait_until(std::min(deadline, host_.now() + look_every));
      if (host_.now() >= deadline) return Poll::Ok;
      if (!more) return Poll::Ok;
      more = step();
    }
  }

  // Findings, then memory, then cursors: what is committed together leaves nothing half told. What the host
  // doesn't take is read again after the next start.
  bool hand_over() {
    for (Finding& finding : live_->take_findings()) outbox_.findings().push_back(std::move(finding));
    if (!outbox_.send([this](const Finding& finding) { return emit(finding); })) return false;
    const Time now = host_.now();
    for (const SmbChange& change : live_->take_smb_changes())
      smb_->know(host_.digest(change.session), change);
    for (const auto& [key, value] : live_->take_changes()) {
      if (host_.remember(key, value, now + memory_life) == Emitted::Stopping) return false;
    }
    for (const Live::Cursor& cursor : live_->take_cursors()) {
      const plugin::Progress progress{.name = cursor.name,
                                      .value = cursor.value,
                                      .read = cursor.read,
                                      .filtered = cursor.filtered,
                                      .unreadable = cursor.unreadable,
                                      .observed_until = cursor.observed_until,
                                      .caught_up = cursor.caught_up,
                                      .forget = cursor.forget};
      if (host_.progress(progress) == Emitted::Stopping) return false;
    }
    for (const std::string& complaint : live_->take_complaints()) host_.log(Level::Warning, complaint);
    if (smb_watch_) {
      for (const std::string& complaint : smb_watch_->take_complaints()) host_.log(Level::Warning, complaint);
    }
    if (now - coverage_at_ >= coverage_every) {
      coverage_at_ = now;
      host_.coverage(live_->coverage().to_json());
    }
    return true;
  }

  static constexpr std::size_t longest_text = 512;

  plugin::Host& host_;
  ConnectorSettings settings_;
  bool is_recorded_;
  bool is_trial_;
  bool is_by_event_time_;
  plugin::Waker waker_;
  std::optional<SmbSessions> smb_;
  std::optional<SmbWatch> smb_watch_;
  std::optional<Live> live_;
  std::optional<Recorded> recorded_;
  std::optional<Directory> directory_;
  std::optional<GroupWatch> groups_;  // asks the directory: goes first
  std::optional<Commands> commands_;
  std::optional<PushedSource> pushed_;
  files::RecordedPoll recorded_poll_;
  files::Outbox<Finding> outbox_;
  std::string short_key_;
  Time coverage_at_{};
};

}  // namespace
}  // namespace curfew::windows

CURFEW_CONNECTOR(curfew::windows::Windows);
