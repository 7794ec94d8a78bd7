#include "plugins/forms/logs/rules.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "plugins/forms/logs/cookies.hpp"

namespace curfew::forms {
namespace {

constexpr std::size_t most_rules = 200;
constexpr std::size_t longest_pattern = 512;
constexpr std::size_t longest_text = 8192;  // of what a pattern is held against
constexpr std::size_t longest_session = 4096;
constexpr std::size_t longest_name = 512;
constexpr std::int64_t regex_memory = std::int64_t{1} << 20U;
constexpr std::int64_t latest_expiry = 253'402'300'799;  // 9999-12-31T23:59:59Z

constexpr std::array<std::string_view, meaning_count> meanings{"sign_in",  "sign_in_failed",   "sign_out",
                                                               "activity", "machine_activity", "refused",
                                                               "expired",  "revoked",          "ignore"};

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("settings: " + what); }

using Regex = std::shared_ptr<const re2::RE2>;

Regex compile(const std::string& pattern, const std::string& where, bool ignore_case) {
  if (pattern.empty()) return nullptr;
  if (pattern.size() > longest_pattern) fail(where + " is longer than 512 bytes");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(regex_memory);
  options.set_case_sensitive(!ignore_case);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // logs hold any bytes
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
  if (!regex->ok()) fail(where + " is no regular expression: " + regex->error());
  return regex;
}

struct Where {
  enum class Kind : std::uint8_t { Cookie, SetCookie, Field, Query };
  Kind kind = Kind::Field;
  std::string name;
  Regex capture;
  std::vector<Transform> transforms;
};

Where compile(const WhereSettings& settings, const std::string& where) {
  Where out;
  if (settings.kind == "cookie") {
    out.kind = Where::Kind::Cookie;
  } else if (settings.kind == "set_cookie") {
    out.kind = Where::Kind::SetCookie;
  } else if (settings.kind == "field") {
    out.kind = Where::Kind::Field;
  } else if (settings.kind == "query") {
    out.kind = Where::Kind::Query;
  } else {
    fail(where + " must name one of cookie, set_cookie, field, query");
  }
  if (settings.name.empty()) fail(where + "." + settings.kind + " is empty");
  out.name = settings.name;
  out.capture = compile(settings.capture, where + ".capture", false);
  for (const std::string& text : settings.transforms) {
    const auto transform = parse_transform(text);
    if (!transform)
      fail(where + ".transform: '" + text + "' must be url_decode, before:X, after:X, unquote or lower");
    out.transforms.push_back(*transform);
  }
  return out;
}

std::vector<Where> compile(const std::vector<WhereSettings>& settings, const std::string& where) {
  std::vector<Where> out;
  for (std::size_t i = 0; i < settings.size(); ++i)
    out.push_back(compile(settings[i], where + "[" + std::to_string(i) + "]"));
  return out;
}

std::string found_at(const Where& where, const LogLine& line) {
  std::string text;
  switch (where.kind) {
    case Where::Kind::Cookie:
      text = cookie_of(line, where.name);
      break;
    case Where::Kind::SetCookie: {
      const auto cookie = set_cookie_of(line, where.name);
      if (!cookie || cookie->is_removed) return {};
      text = cookie->value;
      break;
    }
    case Where::Kind::Field:
      text = line.field(where.name);
      break;
    case Where::Kind::Query:
      text = query_parameter(line.query, where.name);
      break;
  }
  // IIS writes dots in place of a field that is too long for it.
  if (text.empty() || text == "..." || text.size() > longest_session) return {};
  if (where.capture) {
    std::string part;
    const bool has_group = where.capture->NumberOfCapturingGroups() > 0;
    const re2::StringPiece whole(text);
    std::array<re2::StringPiece, 2> groups;
    if (!where.capture->Match(whole, 0, whole.size(), re2::RE2::UNANCHORED, groups.data(), 2)) return {};
    const re2::StringPiece& group = groups[has_group ? 1 : 0];
    part.assign(group.data(), group.size());
    text = std::move(part);
  }
  return transformed(std::move(text), where.transforms);
}

std::string first_of(const std::vector<Where>& all, const LogLine& line) {
  for (const Where& where : all) {
    std::string text = found_at(where, line);
    if (!text.empty()) return text;
  }
  return {};
}

// Seconds since 1970. What is no time, or no later one, says nothing: mod_auth_gssapi logs 0 for what it did
// not just open.
Time expiry_in(std::string_view text, Time now) {
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return {};
  if (seconds > latest_expiry) return {};
  const Time time{std::chrono::seconds(seconds)};
  return time > now ? time : Time{};
}

struct StatusRange {
  int from = 0, to = 0;
};

StatusRange status_range(const std::string& text, const std::string& where) {
  const auto number = [&](std::string_view part) {
    int value = -1;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    if (read.ec != std::errc() || read.ptr != part.data() + part.size() || value < 0 || value > 999)
      fail(where + ": '" + text + "' must be as 302, 4xx or 200-299");
    return value;
  };
  if (text.size() == 3 && text.ends_with("xx")) {
    const int hundreds = number(std::string_view(text).substr(0, 1)) * 100;
    return {hundreds, hundreds + 99};
  }
  const auto hyphen = text.find('-');
  if (hyphen == std::string::npos) return {number(text), number(text)};
  return {number(std::string_view(text).substr(0, hyphen)),
          number(std::string_view(text).substr(hyphen + 1))};
}

enum class SessionState : std::uint8_t { Presented, Absent, Issued, Removed, Any };

struct Condition {
  std::vector<std::string> method, path, query, location, user_agent, host;
  std::vector<StatusRange> status;
  std::vector<std::pair<std::string, std::vector<std::string>>> fields;
  Regex path_regex;
  std::vector<SessionState> session;
  std::optional<bool> has_user;
};

Condition compile(const ConditionSettings& settings, const std::string& where, bool ignore_case) {
  const auto patterns = [&](const std::vector<std::string>& all, const std::string& key) {
    for (const std::string& pattern : all) {
      if (pattern.size() > longest_pattern) fail(where + "." + key + ": a pattern is longer than 512 bytes");
    }
    return all;
  };
  Condition out;
  out.method = patterns(settings.method, "method");
  out.path = patterns(settings.path, "path");
  out.query = patterns(settings.query, "query");
  out.location = patterns(settings.location, "location");
  out.user_agent = patterns(settings.user_agent, "user_agent");
  out.host = patterns(settings.host, "host");
  for (const std::string& status : settings.status)
    out.status.push_back(status_range(status, where + ".status"));
  for (const auto& [name, all] : settings.fields)
    out.fields.emplace_back(name, patterns(all, "fields." + name));
  out.path_regex = compile(settings.path_regex, where + ".path_regex", ignore_case);
  for (const std::string& state : settings.session) {
    static constexpr std::array<std::string_view, 5> names{"presented", "absent", "issued", "removed", "any"};
    const auto found = std::find(names.begin(), names.end(), state);
    if (found == names.end()) fail(where + ".session must be presented, absent, issued, removed or any");
    out.session.push_back(static_cast<SessionState>(found - names.begin()));
  }
  if (!settings.user.empty() && settings.user != "present" && settings.user != "absent")
    fail(where + ".user must be present or absent");
  if (!settings.user.empty()) out.has_user = settings.user == "present";
  return out;
}

plugin::AuthMethod auth_method_of(const std::string& name, const std::string& where) {
  static constexpr std::array<std::string_view, 12> names{"unknown", "password",  "form",        "kerberos",
                                                          "ntlm",    "negotiate", "certificate", "oidc",
                                                          "saml",    "cached",    "token",       "basic"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail(where + ": there is no method '" + name + "'");
  return static_cast<plugin::AuthMethod>(found - names.begin());
}
static_assert(static_cast<int>(plugin::AuthMethod::Basic) == 11 &&
              static_cast<int>(plugin::AuthMethod::Oidc) == 7);

struct Rule {
  std::string name;
  Meaning means = Meaning::Ignore;
  Condition when;
  std::optional<Condition> unless;
  std::string failure;
  plugin::AuthMethod auth_method = plugin::AuthMethod::Unknown;
  bool ends_session = false;
  std::vector<Where> session, user;
};

}  // namespace

std::string_view name_of(Meaning meaning) noexcept { return meanings[static_cast<std::size_t>(meaning)]; }

std::optional<Meaning> meaning_of(std::string_view name) noexcept {
  const auto found = std::find(meanings.begin(), meanings.end(), name);
  if (found == meanings.end()) return std::nullopt;
  return static_cast<Meaning>(found - meanings.begin());
}

bool fits(std::string_view pattern, std::string_view text, bool ignore_case) {
  text = text.substr(0, longest_text);
  const auto same = [&](char a, char b) {
    return a == b || (ignore_case && files::lower(a) == files::lower(b));
  };
  std::size_t p = 0, t = 0, star = std::string_view::npos, from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && same(pattern[p], text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

struct Rules::Compiled {
  std::vector<Where> presented, issued, user, address, expires;
  bool ignore_case = false, by_user = false;
  std::vector<Rule> rules;

  // What several rules ask of a line, found out once.
  struct Facts {
    std::string presented, issued, user;
    bool is_removed = false;
  };

  [[nodiscard]] bool any_fits(const std::vector<std::string>& patterns, std::string_view text) const {
    return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
             return fits(pattern, text, ignore_case);
           });
  }

  [[nodiscard]] static bool has(SessionState state, const Facts& facts) {
    switch (state) {
      case SessionState::Presented:
        return !facts.presented.empty();
      case SessionState::Issued:
        return !facts.issued.empty();
      case SessionState::Removed:
        return facts.is_removed;
      case SessionState::Any:
        return !facts.presented.empty() || !facts.issued.empty();
      case SessionState::Absent:
        break;
    }
    return facts.presented.empty() && facts.issued.empty();
  }

  [[nodiscard]] bool holds(const Condition& condition, const LogLine& line, const Facts& facts) const {
    if (!condition.status.empty() &&
        std::none_of(condition.status.begin(), condition.status.end(), [&](const StatusRange& range) {
          return line.status >= range.from && line.status <= range.to;
        }))
      return false;
    if (!any_fits(condition.method, line.method) || !any_fits(condition.path, line.path) ||
        !any_fits(condition.query, line.query) || !any_fits(condition.location, line.location) ||
        !any_fits(condition.user_agent, line.user_agent) || !any_fits(condition.host, line.host))
      return false;
    for (const auto& [name, patterns] : condition.fields) {
      if (!any_fits(patterns, line.field(name))) return false;
    }
    if (condition.has_user && *condition.has_user == facts.user.empty()) return false;
    if (!std::all_of(condition.session.begin(), condition.session.end(),
                     [&](SessionState state) { return has(state, facts); }))
      return false;
    return !condition.path_regex ||
           re2::RE2::PartialMatch(
               re2::StringPiece(line.path.data(), std::min(line.path.size(), longest_text)),
               *condition.path_regex);
  }
};

Rules::Rules(const RulesSettings& settings) {
  auto compiled = std::make_unique<Compiled>();
  compiled->presented = compile(settings.presented, "session.presented");
  compiled->issued = compile(settings.issued, "session.issued");
  compiled->user = compile(settings.user, "user.from");
  compiled->address = compile(settings.address, "address");
  compiled->expires = compile(settings.expires, "expires");
  compiled->ignore_case = settings.ignore_case;
  compiled->by_user = settings.by_user;
  if (settings.rules.empty())
    fail("there are no rules, so that no line has a meaning; give rules or a preset");
  if (settings.rules.size() > most_rules) fail("there are more than 200 rules");
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    const RuleSettings& given = settings.rules[i];
    const std::string where = "rules[" + std::to_string(i) + "]";
    Rule rule;
    const auto means = meaning_of(given.means);
    if (!means) fail(where + ".means: there is no meaning '" + given.means + "'");
    rule.means = *means;
    rule.name = given.name.empty() ? std::string(name_of(*means)) : given.name;
    rule.when = compile(given.when, where + ".when", settings.ignore_case);
    if (given.unless) rule.unless = compile(*given.unless, where + ".unless", settings.ignore_case);
    rule.failure = given.failure;
    if (rule.failure.empty() && *means == Meaning::SignInFailed) rule.failure = "credentials_refused";
    if (rule.failure.empty() && *means == Meaning::Refused) rule.failure = "session_refused";
    rule.auth_method = auth_method_of(given.auth_method.empty() ? settings.auth_method : given.auth_method,
                                      where + ".auth_method");
    rule.ends_session = given.ends_session;
    if (settings.by_user && *means == Meaning::Refused)
      fail(where + ": refused is said of a session's own credential, and with session.window there is none");
    if (rule.ends_session && *means != Meaning::Refused) fail(where + ".ends_session belongs to refused");
    rule.session = compile(given.session, where + ".session_from");
    rule.user = compile(given.user, where + ".user_from");
    compiled->rules.push_back(std::move(rule));
  }
  compiled_ = std::move(compiled);
}

Rules::~Rules() = default;
Rules::Rules(Rules&&) noexcept = default;
Rules& Rules::operator=(Rules&&) noexcept = default;

Judgement Rules::judge(const LogLine& line) const {
  Compiled::Facts facts;
  facts.presented = first_of(compiled_->presented, line);
  facts.issued = first_of(compiled_->issued, line);
  facts.is_removed = std::any_of(compiled_->issued.begin(), compiled_->issued.end(), [&](const Where& where) {
    if (where.kind != Where::Kind::SetCookie) return false;
    const auto cookie = set_cookie_of(line, where.name);
    return cookie && cookie->is_removed;
  });
  facts.user = compiled_->user.empty() ? std::string(line.user) : first_of(compiled_->user, line);

  Judgement judged;
  for (const Rule& rule : compiled_->rules) {
    if (!compiled_->holds(rule.when, line, facts)) continue;
    if (rule.unless && compiled_->holds(*rule.unless, line, facts)) continue;
    judged.means = rule.means;
    judged.because = rule.name;
    if (rule.means == Meaning::Ignore) return judged;
    judged.failure = rule.failure;
    judged.auth_method = rule.auth_method;
    judged.ends_session = rule.ends_session;
    judged.user = rule.user.empty() ? std::move(facts.user) : first_of(rule.user, line);
    if (judged.user.size() > longest_name) judged.user.clear();
    judged.address = compiled_->address.empty() ? std::string() : first_of(compiled_->address, line);
    if (judged.address.empty()) judged.address = line.address.substr(0, longest_name);
    // A failed sign-in has no session: with one it would say that this session's credential was refused.
    if (rule.means == Meaning::SignInFailed) return judged;
    if (compiled_->by_user) {
      if (!judged.user.empty()) return judged;
      judged.means = Meaning::Ignore;
      judged.because = "without_user";
      return judged;
    }
    if (!rule.session.empty()) {
      judged.session = first_of(rule.session, line);
    } else if (rule.means == Meaning::SignIn) {
      judged.session = !facts.issued.empty() ? std::move(facts.issued) : std::move(facts.presented);
    } else {
      // What an answer sets is another session, unless the rule says otherwise.
      judged.session = std::move(facts.presented);
    }
    if (rule.means == Meaning::SignIn)
      judged.expires_at = expiry_in(first_of(compiled_->expires, line), line.time);
    if (judged.session.empty()) {
      judged.means = Meaning::Ignore;
      judged.because = "without_session";
    }
    return judged;
  }
  judged.because = "no_rule";
  return judged;
}

}  // namespace curfew::forms
