// What an audit of AD FS means for its person's sign-ons: begun, gone on, ended; and what was refused.
#include <algorithm>
#include <vector>

#include "plugins/windows/pairing_state.hpp"

namespace curfew::windows {

using adfs::Channel;
using adfs::Kind;
using plugin::Type;

namespace {

// An authorization code is redeemed within this after the sign-on that gave it.
constexpr Duration code_lifetime = std::chrono::minutes(10);
// Audits of one refused attempt are written within this.
constexpr Duration one_attempt = std::chrono::seconds(2);

adfs::Client client_of(const WindowsEvent& event, const adfs::Request& request) {
  const auto told = [&](Field field, const std::string& known) {
    const std::string_view text = event.get(field);
    return text.empty() ? known : std::string(text);
  };
  return {told(Field::DeviceId, request.device), told(Field::IpAddress, request.address),
          told(Field::UserAgent, request.user_agent)};
}

// The record's own words of the person, and what the request tells besides.
Account person_of(const WindowsEvent& event, const adfs::Request& request) {
  Account own = adfs::person_of(event);
  const Account& known = request.person;
  if (adfs::is_another(own, known)) return own;
  if (own.sid.empty()) own.sid = known.sid;
  if (own.upn.empty()) own.upn = known.upn;
  if (own.name.empty()) {
    own.name = known.name;
    own.domain = known.domain;
  }
  return own;
}

// A UPN alone tells it as well.
plugin::AccountType account_type_of(Account person) {
  if (person.name.empty()) person.name = person.upn.substr(0, person.upn.find('@'));
  return type_of(person);
}

std::string_view primary_of(const WindowsEvent& event, const adfs::Request& request) {
  const std::string_view own = event.get(Field::PrimaryAuth);
  return own.empty() ? std::string_view(request.primary) : own;
}

// What wants the token; while credentials are checked that may be AD FS itself, which says nothing.
std::string relying_party_of(const WindowsEvent& event) {
  const std::string_view name = event.get(Field::RelyingParty);
  return name.ends_with("/adfs/services/trust") ? std::string{} : std::string(name);
}

void set_client(Finding& finding, const adfs::Client& client) {
  finding.device = client.device;
  finding.address = client.address;
  finding.user_agent = client.user_agent;
}

void set_session(Finding& finding, const adfs::SignOn& sign_on) {
  finding.session = sign_on.id;
  finding.handle = sign_on.handle;
  finding.sid = sign_on.person.sid;
  finding.account = sign_on.person.qualified();
  finding.upn = sign_on.person.upn;
  finding.account_type = account_type_of(sign_on.person);
}

}  // namespace

Duration Pairing::State::lifetime_of(const adfs::Request& request, bool is_program) const {
  if (is_program) return settings.adfs.token_lifetime;
  return request.is_persistent ? settings.adfs.persistent_lifetime : settings.adfs.sso_lifetime;
}

// What comes of the same request within `settle`, in the order in which it was written.
void Pairing::State::learn_ahead(const WindowsEvent& event, adfs::Request& request) {
  if (event.get(Field::ActivityId).empty()) return;
  const auto ahead = [&](const std::string& key) {
    std::vector<const WindowsEvent*> waiting;
    const auto range = near.equal_range(key);
    for (auto it = range.first; it != range.second; ++it) {
      if (it->second->time - event.time <= settings.settle) waiting.push_back(it->second);
    }
    std::sort(waiting.begin(), waiting.end(),
              [](const auto* a, const auto* b) { return order_of(*a) < order_of(*b); });
    return waiting;
  };
  const auto learn_details = [&](std::string_view instance) {
    if (instance.empty()) return;
    for (const WindowsEvent* detail : ahead("adfs " + std::string(instance))) request.learn(*detail);
  };
  learn_details(event.get(Field::InstanceId));
  for (const WindowsEvent* next : ahead(near_audit(event))) {
    request.learn(*next);
    learn_details(next->get(Field::InstanceId));
  }
}

void Pairing::State::judge_audit(const WindowsEvent& event) {
  sign_ons.forget_before(event.time);
  requests.forget_before(event.time - adfs::Requests::kept);
  const Kind kind = adfs::kind_of(event);
  const auto fate = [&](std::string_view what) { sink.judged(event.input, Fate::Adfs, what); };
  if (kind == Kind::Damaged) {
    fate("unreadable");
    return;
  }
  adfs::Request& request = requests.of(event);
  request.learn(event);
  learn_ahead(event, request);
  switch (kind) {
    case Kind::TokenIssued:
      judge_token(event, request, false);
      return;
    case Kind::CredentialsAccepted:
      judge_token(event, request, true);
      return;
    case Kind::TokenDetail:
      // Where the basic audits are, they tell it.
      request.has_token || request.has_fresh_credentials ? fate("detail")
                                                         : judge_token(event, request, false);
      return;
    case Kind::Refused:
      judge_refusal(event, request);
      return;
    case Kind::RefusalDetail:
      request.has_refusal ? fate("detail") : judge_refusal(event, request);
      return;
    case Kind::PasswordChanged:
      judge_password_change(event, request);
      return;
    case Kind::SignedOut:
      judge_adfs_sign_out(event, request);
      return;
    case Kind::ChangeRefused:
      fate("password_change_refused");
      return;
    case Kind::SignOutRefused:
      fate("sign_out_refused");
      return;
    case Kind::Detail:
    case Kind::Damaged:
      fate("detail");
      return;
  }
}

void Pairing::State::judge_token(const WindowsEvent& event, adfs::Request& request, bool is_fresh) {
  const auto fate = [&](std::string_view what) { sink.judged(event.input, Fate::Adfs, what); };
  const Account person = person_of(event, request);
  if (adfs::is_nobody(person)) {
    fate("nobody");
    return;
  }
  if (account_type_of(person) == plugin::AccountType::Computer && !settings.keep_machines) {
    fate("computer_account");
    return;
  }
  const adfs::Client client = client_of(event, request);
  const Channel channel = adfs::channel_of(event.get(Field::AuthProtocol), event.get(Field::Endpoint));
  const bool is_program = channel == Channel::Program;
  const plugin::AuthMethod method = adfs::method_of(primary_of(event, request), is_program);
  // Credentials count once, for whichever record comes first. Of a 2012 R2 server no 1202 tells of them, but
  // the token that came in does.
  const bool gave_credentials =
      request.has_fresh_credentials || (event.event_id == 299 && method == plugin::AuthMethod::Form);
  const bool asks =
      is_fresh ? !request.token_told_credentials : gave_credentials && !request.credentials_told;

  adfs::SignOn* sign_on = sign_ons.begun_by(event.get(Field::ActivityId), person, event.time);
  if (sign_on == nullptr)
    sign_on = sign_ons.find({is_program, asks && !is_program}, person, client, event.time);
  if (sign_on == nullptr && channel == Channel::Code) {
    // The program's client is not the browser's.
    sign_on = sign_ons.newest(person, event.time);
    if (sign_on != nullptr && event.time - sign_on->last > code_lifetime) sign_on = nullptr;
  }
  if (is_fresh && sign_on != nullptr && (!asks || (is_program && request.has_token))) {
    request.token_told_credentials = false;
    fate("detail");  // its token tells it
    return;
  }
  request.credentials_told = request.credentials_told || gave_credentials;
  if (!is_fresh && asks) request.token_told_credentials = request.has_fresh_credentials;
  if (sign_on == nullptr) {
    adfs::SignOn begun;
    begun.person = person;
    begun.client = client;
    begun.is_program = is_program || channel == Channel::Code;
    begin_sign_on(event, request, std::move(begun), asks);
    return;
  }
  const bool is_renewed = asks && !adfs::is_integrated(method) && !is_program;
  sign_on->last = std::max(sign_on->last, event.time);
  const Time expires =
      is_renewed || sign_on->is_program ? event.time + lifetime_of(request, sign_on->is_program) : Time{};
  sign_ons.changed(*sign_on, person, expires);
  Finding finding = about(is_renewed                                        ? Type::Reauthenticated
                          : sign_on->is_program || channel == Channel::Code ? Type::TokenRefreshed
                                                                            : Type::Activity,
                          event);
  set_session(finding, *sign_on);
  set_client(finding, client);
  finding.application = relying_party_of(event);
  finding.expires = expires;
  finding.fresh = is_renewed;
  if (is_renewed) finding.method = method;
  if (request.has_two_factors) finding.factors = 2;
  fate(is_renewed ? "credentials_again" : "token");
  emit(std::move(finding));
}

void Pairing::State::begin_sign_on(const WindowsEvent& event, const adfs::Request& request,
                                   adfs::SignOn sign_on, bool is_fresh) {
  const plugin::AuthMethod method = adfs::method_of(primary_of(event, request), sign_on.is_program);
  const std::string at = std::to_string(event.time.time_since_epoch().count());
  sign_on.activity = event.get(Field::ActivityId);
  const std::string begun_by = sign_on.activity.empty() ? to_hex(content_of(event)) : sign_on.activity;
  sign_on.id = std::string(adfs::SignOns::prefix) + begun_by + "@" + at;
  sign_on.handle = event.computer + "/" + begun_by;
  sign_on.started = sign_on.last = event.time;
  sign_on.expires = event.time + lifetime_of(request, sign_on.is_program);
  Finding finding = about(Type::SignIn, event);
  set_session(finding, sign_on);
  set_client(finding, sign_on.client);
  finding.application = relying_party_of(event);
  finding.expires = sign_on.expires;
  finding.factors = request.has_two_factors ? 2 : 0;
  const bool is_asked = is_fresh && !adfs::is_integrated(method) && !sign_on.is_program;
  finding.fresh = is_asked;
  finding.interactivity = is_asked ? plugin::Interactivity::Interactive : plugin::Interactivity::Silent;
  // Nobody was asked: what let him in is the browser's cookie, unless it is the desktop's sign-in.
  finding.method =
      is_asked || sign_on.is_program || adfs::is_integrated(method) ? method : plugin::AuthMethod::Token;
  sink.judged(event.input, Fate::Adfs, sign_on.is_program ? "program_sign_in" : "sign_in");
  const std::uint64_t given_up = sign_ons.given_up();
  sign_ons.open(std::move(sign_on));
  if (sign_ons.given_up() != given_up) sink.judged(event.input, Fate::Other, "adfs_sign_on_given_up");
  emit(std::move(finding));
}

void Pairing::State::judge_refusal(const WindowsEvent& event, adfs::Request& request) {
  const bool is_told = request.refusal_told != Time{} && event.time - request.refusal_told <= one_attempt;
  if (is_told) {
    sink.judged(event.input, Fate::Adfs, "same_attempt");
    return;
  }
  request.refusal_told = event.time;
  // 1201: who is refused a token may be signed in. The others name whom they were told.
  const Account person = event.event_id == 1201 ? person_of(event, request) : adfs::person_of(event);
  if (account_type_of(person) == plugin::AccountType::Computer && !settings.keep_machines) {
    sink.judged(event.input, Fate::Adfs, "computer_account");
    return;
  }
  Finding finding = about(Type::SignInFailed, event);
  identify(finding, person);
  finding.account_type = account_type_of(person);
  set_client(finding, client_of(event, request));
  finding.application = relying_party_of(event);
  const Channel channel = adfs::channel_of(event.get(Field::AuthProtocol), event.get(Field::Endpoint));
  finding.method = adfs::method_of(primary_of(event, request), channel == Channel::Program);
  finding.failure = adfs::failure_of(event, request.words);
  sink.judged(event.input, Fate::Adfs, "refused");
  emit(std::move(finding));
}

void Pairing::State::judge_adfs_sign_out(const WindowsEvent& event, const adfs::Request& request) {
  const Account person = person_of(event, request);
  const adfs::SignOn* sign_on = sign_ons.find({}, person, client_of(event, request), event.time);
  if (sign_on == nullptr) {
    // Of one that began before the records do, or that is over: a relying party asks for it again.
    sink.judged(event.input, Fate::Adfs, "sign_out_without_sign_in");
    return;
  }
  Finding finding = about(Type::SignOut, event);
  set_session(finding, *sign_on);
  set_client(finding, client_of(event, request));
  finding.end_reason = plugin::EndReason::SignedOut;
  sink.judged(event.input, Fate::Adfs, "sign_out");
  sign_ons.end(*sign_on);
  emit(std::move(finding));
}

void Pairing::State::judge_password_change(const WindowsEvent& event, const adfs::Request& request) {
  const Account person = person_of(event, request);
  if (adfs::is_nobody(person)) {
    sink.judged(event.input, Fate::Adfs, "nobody");
    return;
  }
  Finding finding = about(Type::CredentialChanged, event);
  identify(finding, person);
  finding.account_type = account_type_of(person);
  sink.judged(event.input, Fate::Adfs, "password_change");
  emit(std::move(finding));
}

}  // namespace curfew::windows
