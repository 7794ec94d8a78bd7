#include "plugins/replay/script.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>

namespace curfew::replay {
namespace {

using nlohmann::json;
using plugin::Failure;

constexpr std::size_t longest_line = 64U << 10U;
constexpr std::size_t most_lines = 10'000'000;

// The names are those of Curfew's vocabulary, in the order of the ABI's numbers.
constexpr std::array<std::string_view, 18> types{
    "sign_in",  "sign_in_failed", "activity",           "token_refreshed",  "reauthenticated", "locked",
    "unlocked", "disconnected",   "reconnected",        "paused",           "resumed",         "sign_out",
    "expired",  "revoked",        "credential_changed", "account_disabled", "account_enabled", "gap"};
constexpr std::array<std::string_view, 12> end_reasons{
    "unknown", "signed_out", "idle_timeout",     "absolute_timeout",   "closing_time", "expired",
    "forced",  "replaced",   "account_disabled", "credential_changed", "reboot",       "vanished"};
constexpr std::array<std::string_view, 2> certainties{"stated", "inferred"};
constexpr std::array<std::string_view, 5> account_types{"unknown", "human", "service", "computer", "shared"};
constexpr std::array<std::string_view, 12> auth_methods{"unknown", "password",  "form",        "kerberos",
                                                        "ntlm",    "negotiate", "certificate", "oidc",
                                                        "saml",    "cached",    "token",       "basic"};
constexpr std::array<std::string_view, 3> interactivities{"unknown", "interactive", "silent"};
constexpr std::array<std::string_view, 5> plays{"observe", "fail", "hang", "die", "group"};
constexpr std::array<std::string_view, 11> replies{
    "truth", "lie", "refuse", "not_found", "unavailable", "fail", "alive", "dead", "unknown", "hang", "die"};
constexpr std::array<std::string_view, 10> occasions{
    "notify",         "cancel_session", "sign_out_session", "revoke_tokens", "sign_out_subject",
    "suspend_access", "block_sign_in",  "disable_account",  "prove",         "*"};

constexpr auto no_type = static_cast<plugin::Type>(types.size());

class Line {
 public:
  Line(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw Failure(plugin::Code::Invalid, where_ + ": " + what);
  }
  std::string text(const std::string& key) {
    const json* value = take(key);
    if (value == nullptr) return {};
    if (!value->is_string()) fail("'" + key + "' must be a text");
    return value->get<std::string>();
  }
  bool flag(const std::string& key) {
    const json* value = take(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) fail("'" + key + "' must be true or false");
    return value->get<bool>();
  }
  std::uint32_t number(const std::string& key, std::uint32_t otherwise) {
    const json* value = take(key);
    if (value == nullptr) return otherwise;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > 0xFFFF'FFFFU) {
      fail("'" + key + "' must be a whole number");
    }
    return value->get<std::uint32_t>();
  }
  template <typename E, std::size_t N>
  E name(const std::string& key, const std::array<std::string_view, N>& names, E otherwise) {
    const std::string given = text(key);
    if (given.empty()) return otherwise;
    const auto found = std::find(names.begin(), names.end(), given);
    if (found == names.end()) fail("'" + key + "' has the unknown value '" + given + "'");
    return static_cast<E>(found - names.begin());
  }
  std::optional<plugin::Duration> duration(const std::string& key) {
    const std::string given = text(key);
    if (given.empty()) return std::nullopt;
    const auto value = read_duration(given, false);
    if (!value) fail("'" + key + "' must be a duration such as 90s or 1h30m");
    return value;
  }
  const json* take(const std::string& key) {
    ++taken_;
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    --taken_;
    return nullptr;
  }
  // A key that nobody asked for is a slip of the pen.
  void expect_end() const {
    if (taken_ != object_.size()) fail("it has a key that does not belong to such a line");
  }

 private:
  const json& object_;
  std::string where_;
  std::size_t taken_ = 0;
};

Rule read_rule(Line& line) {
  Rule rule;
  rule.on = line.text("on");
  if (std::find(occasions.begin(), occasions.end(), rule.on) == occasions.end()) {
    line.fail("'on' must be a ladder step, prove or *");
  }
  rule.session = line.text("session");
  rule.reply = line.name("answer", replies, Reply::Truth);
  const bool is_probe = rule.on == "prove";
  const bool for_steps = rule.reply == Reply::Lie || rule.reply == Reply::Refuse;
  const bool for_probes =
      rule.reply == Reply::Alive || rule.reply == Reply::Dead || rule.reply == Reply::Unknown;
  if ((is_probe && for_steps) || (!is_probe && for_probes)) line.fail("'answer' does not fit 'on'");
  rule.delay = line.duration("delay").value_or(plugin::Duration{});
  if (const auto times = line.number("times", 0); times > 0) rule.times = static_cast<int>(times);
  rule.announce = line.flag("announce");
  rule.text = line.text("text");
  return rule;
}

void read_identifiers(Line& line, Event& event) {
  const json* names = line.take("identifiers");
  if (names == nullptr) return;
  if (!names->is_object() || names->size() > CURFEW_MAX_IDENTIFIERS) {
    line.fail("'identifiers' must be an object of at most 4 texts");
  }
  for (const auto& [name_space, value] : names->items()) {
    if (!value.is_string()) line.fail("'identifiers' must be an object of at most 4 texts");
    event.identifiers.emplace_back(name_space, value.get<std::string>());
  }
}

void read_group(Line& line, Event& event) {
  event.group = line.text("group");
  if (event.group.empty()) line.fail("'group' is missing");
  const json* members = line.take("members");
  if (members == nullptr || !members->is_array()) line.fail("'members' must be a list, be it empty");
  for (const json& member : *members) {
    const std::string name = member.is_string() ? member.get<std::string>() : std::string{};
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == name.size())
      line.fail("'members' must be texts such as upn:alice@corp.test");
    event.identifiers.emplace_back(name.substr(0, colon), name.substr(colon + 1));
  }
}

Event read_event(Line& line, std::size_t number) {
  Event event;
  event.line = number;
  const std::string at = line.text("at");
  if (const auto time = read_time(at)) {
    event.at = *time;
    event.is_absolute = true;
  } else if (const auto offset = read_duration(at, true)) {
    event.offset = *offset;
  } else {
    line.fail("'at' must be a time such as 2026-11-21T08:00:00Z or an offset such as +90s");
  }
  event.play = line.name("play", plays, Play::Observe);
  if (event.play == Play::Group) read_group(line, event);
  if (event.play != Play::Observe) return event;
  event.type = line.name("type", types, no_type);
  if (event.type == no_type) line.fail("'type' is missing");
  event.key = line.text("key");
  event.session = line.text("session");
  event.linked_session = line.text("linked_session");
  event.with_handle = line.flag("handle");
  read_identifiers(line, event);
  event.account_type = line.name("account_type", account_types, plugin::AccountType::Unknown);
  event.auth_method = line.name("auth_method", auth_methods, plugin::AuthMethod::Unknown);
  event.interactivity = line.name("interactivity", interactivities, plugin::Interactivity::Unknown);
  event.end_reason = line.name("end_reason", end_reasons, plugin::EndReason::Unknown);
  event.end_inferred = line.name("end_certainty", certainties, 0) == 1;
  event.factors = line.number("factors", 0);
  event.count = line.number("count", 1);
  event.fresh_credentials = line.flag("fresh_credentials");
  event.privileged = line.flag("privileged");
  event.machine = line.flag("machine");
  event.expires_after = line.duration("expires_after");
  event.device = line.text("device");
  event.address = line.text("address");
  event.user_agent = line.text("user_agent");
  event.application = line.text("application");
  event.failure = line.text("failure");
  return event;
}

}  // namespace

std::string_view name_of(Reply reply) noexcept { return replies[static_cast<std::size_t>(reply)]; }

void read_line(std::string_view text, std::size_t number, const std::string& where, Script& script) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos || text[first] == '#') return;
  const std::string place = where + ":" + std::to_string(number);
  const auto fail = [&](const char* what) { throw Failure(plugin::Code::Invalid, place + ": " + what); };
  if (text.size() > longest_line) fail("the line is longer than 64 KiB");
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) fail("the line is not a JSON object");
  Line line(object, place);
  if (object.contains("on")) {
    script.rules.push_back(read_rule(line));
  } else {
    script.events.push_back(read_event(line, number));
  }
  line.expect_end();
}

Script read_script(const std::string& path) {
  std::ifstream in(path);
  if (!in)
    throw Failure(plugin::Code::Unavailable, path + ": can't be opened; check `script` and its permissions");
  Script script;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (number > most_lines) throw Failure(plugin::Code::Invalid, path + ": more than 10 million lines");
    read_line(line, number, path, script);
  }
  const auto absolute = static_cast<std::size_t>(std::count_if(
      script.events.begin(), script.events.end(), [](const Event& event) { return event.is_absolute; }));
  if (absolute != 0 && absolute != script.events.size()) {
    throw Failure(plugin::Code::Invalid, path + ": times and offsets are mixed; use one of both");
  }
  std::stable_sort(script.events.begin(), script.events.end(), [](const Event& a, const Event& b) {
    return a.is_absolute ? a.at < b.at : a.offset < b.offset;
  });
  return script;
}

std::optional<plugin::Duration> read_duration(std::string_view text, bool is_signed) {
  struct Unit {
    std::string_view name;
    std::int64_t micros;
  };
  static constexpr std::array<Unit, 5> units{
      {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}}};
  constexpr std::int64_t longest = 36'600 * units[0].micros;
  std::int64_t sign = 1;
  if (is_signed) {
    if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
    if (text.starts_with('-')) sign = -1;
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& u) { return u.name == text.substr(0, letters); });
    if (unit == units.end() || number > longest / unit->micros) return std::nullopt;
    total += number * unit->micros;
    if (total > longest) return std::nullopt;
    text.remove_prefix(letters);
  }
  return plugin::Duration{sign * total};
}

// The decimal number that the first `digits` bytes are, taken off; none: there is another byte among them.
std::optional<unsigned> take_number(std::string_view& text, std::size_t digits) {
  unsigned value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + digits, value);
  if (read.ec != std::errc() || read.ptr != text.data() + digits) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

std::optional<plugin::Time> read_time(std::string_view text) {
  std::array<unsigned, 6> parts{};
  static constexpr std::string_view after = "--T::";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = take_number(text, i == 0 ? 4 : 2);
    if (!number) return std::nullopt;
    parts[i] = *number;
    if (i == after.size()) break;
    if (text.empty() || text.front() != after[i]) return std::nullopt;
    text.remove_prefix(1);
  }
  std::int64_t micros = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 9) return std::nullopt;
    const auto number = take_number(text, digits);
    if (!number) return std::nullopt;
    micros = *number;
    for (std::size_t i = digits; i < 6; ++i) micros *= 10;
    for (std::size_t i = 6; i < digits; ++i) micros /= 10;
  }
  if (text != "Z") return std::nullopt;
  const auto [years, month, day, hour, minute, second] = parts;
  const int year = static_cast<int>(years);
  if (year < 1990 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
      minute > 59 || second > 60) {
    return std::nullopt;
  }
  // Days since 1970-01-01: leap days are counted by years that begin in March.
  const int shifted_year = month <= 2 ? year - 1 : year;
  const unsigned shifted_month = month <= 2 ? month + 9 : month - 3;
  const std::int64_t days = std::int64_t{365} * shifted_year + shifted_year / 4 - shifted_year / 100 +
                            shifted_year / 400 + (153 * shifted_month + 2) / 5 + day - 1 - 719'468;
  const std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second;
  return plugin::Time{std::chrono::seconds(seconds) + plugin::Duration{micros}};
}

}  // namespace curfew::replay
