#include "core/api/gate_judge.hpp"

#include <absl/container/btree_map.h>

#include <algorithm>

#include "core/api/gate_judge_rules.hpp"
#include "core/api/gate_pages.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {
namespace {

using enforcement::Decision;
using enforcement::GateVerdict;
using model::ActivityClass;
using model::Liveness;
using model::Refusal;
using model::SessionDigest;

bool same_name(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// The header's value; empty where it isn't there exactly once: two that differ could be read in two ways.
std::string_view only(std::span<const HeaderView> headers, std::string_view lower) {
  std::string_view value;
  bool seen = false;
  for (const auto& [name, text] : headers) {
    if (!same_name(name, lower)) continue;
    if (seen) return {};
    seen = true;
    value = text;
  }
  return value;
}

constexpr Decision stranger{.verdict = GateVerdict::Refuse, .refusal = Refusal::UnknownSession};

bool contains_ignoring_case(std::string_view text, std::string_view lower) {
  return base::to_lower_ascii(text).find(lower) != std::string::npos;
}

}  // namespace

// What the source said of sessions that no entry tells of: for a while, and not of endlessly many.
struct GateJudge::Learnt {
  static constexpr std::size_t most = 65'536;
  struct Said {
    Liveness liveness = Liveness::Unknown;
    Time until{};
  };
  std::mutex mutex;
  absl::btree_map<SessionDigest, Said> said;

  void put(const SessionDigest& session, Liveness liveness, Time now) {
    const Duration keep = liveness == Liveness::Alive ? std::chrono::seconds(60) : std::chrono::seconds(5);
    const std::lock_guard lock(mutex);
    if (said.size() >= most) {
      for (auto one = said.begin(); one != said.end();)
        one = one->second.until <= now ? said.erase(one) : std::next(one);
      if (said.size() >= most) said.erase(said.begin());
    }
    said[session] = {liveness, now + keep};
  }
  std::optional<Liveness> get(const SessionDigest& session, Time now) {
    const std::lock_guard lock(mutex);
    const auto found = said.find(session);
    if (found == said.end() || found->second.until <= now) return std::nullopt;
    return found->second.liveness;
  }
};

GateJudge::GateJudge(GateSettings settings, enforcement::GateView& view)
    : settings_(std::move(settings)),
      view_(view),
      public_paths_(settings_.public_paths),
      machine_paths_(settings_.machine_paths),
      proxies_(settings_.proxies),
      learnt_(std::make_unique<Learnt>()) {
  for (const std::string& header : settings_.machine_headers) {
    const std::size_t colon = header.find(':');
    machine_headers_.emplace_back(base::to_lower_ascii(base::trim(std::string_view(header).substr(0, colon))),
                                  colon == std::string::npos
                                      ? std::string()
                                      : std::string(base::trim(std::string_view(header).substr(colon + 1))));
    if (!model::is_token(machine_headers_.back().first))
      throw Error(ErrorKind::Configuration,
                  "'" + header + "' is no header: write x-poll, or x-requested-with: background");
  }
}

GateJudge::~GateJudge() = default;

void GateJudge::set_rules(std::string_view json, std::string digest_key) {
  std::string why;
  auto parsed = model::parse_credential_rules(json, why);
  if (!parsed) throw Error(ErrorKind::Input, "gate " + settings_.name + ": " + why);
  auto made = std::make_shared<Rules>();
  const std::lock_guard lock(setting_);
  if (parsed->tokens) {
    made->tokens = std::make_unique<GateTokens>(*parsed->tokens, digest_key, settings_.tokens);
    if (!keys_.empty()) made->tokens->set_keys(keys_);
  }
  if (parsed->introspection)
    made->introspection = std::make_unique<GateIntrospection>(*parsed->introspection, digest_key);
  made->rules = std::move(*parsed);
  made->digest_key = std::move(digest_key);
  std::atomic_store(&rules_, std::shared_ptr<const Rules>(std::move(made)));
}

void GateJudge::set_keys(std::string_view jwks) {
  const std::lock_guard lock(setting_);
  if (const auto now_rules = rules(); now_rules && now_rules->tokens) now_rules->tokens->set_keys(jwks);
  keys_ = jwks;
}

std::optional<Duration> GateJudge::token_life() const {
  const auto now_rules = rules();
  if (!now_rules) return std::nullopt;
  std::optional<Duration> longest;
  // Its clock may be ahead of ours, and then ours of its.
  const auto take = [&](const auto& rules) {
    const Duration life = rules.longest_life + 2 * rules.clock_skew;
    longest = std::max(longest.value_or(life), life);
  };
  if (now_rules->rules.tokens) take(*now_rules->rules.tokens);
  if (now_rules->rules.introspection) take(*now_rules->rules.introspection);
  return longest;
}

std::shared_ptr<const GateJudge::Rules> GateJudge::rules() const { return std::atomic_load(&rules_); }

void GateJudge::learnt(const SessionDigest& session, Liveness liveness, Time now) {
  learnt_->put(session, liveness, now);
}

void GateJudge::introspected(const SessionDigest& token, const model::IntrospectedToken& said, Time now) {
  const auto now_rules = rules();
  if (now_rules && now_rules->introspection) now_rules->introspection->learnt(token, said, now);
}

void GateJudge::revoked(const SessionDigest& token, Time now) {
  const auto now_rules = rules();
  if (now_rules && now_rules->introspection) now_rules->introspection->revoked(token, now);
}

bool GateJudge::learning(Time now) const {
  return base::to_micros(now) - loaded_at_.load() < settings_.learn_for.count();
}

GateAnswer GateJudge::answer(const GateRequest& request) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (path == "/check") return check(request);
  if (path == "/status") return status(request, false);
  if (path == "/stay") {
    // A header of our own can't come from another site's form or image.
    if (request.method != "POST" || only(request.headers, "x-curfew") != "stay")
      return gate_pages::plain(403, "POST with the header 'X-Curfew: stay'\n");
    return status(request, true);
  }
  if (path == "/refused" || path == "/signed-out") {
    const std::size_t query = request.target.find('?');
    const std::string_view reason = gate_pages::reason_in(
        query == std::string_view::npos ? std::string_view{} : request.target.substr(query + 1));
    return explain(request, path == "/refused" ? 401 : 200, model::parse<Refusal>(reason));
  }
  if (path == "/curfew-warning.js") return gate_pages::script();
  if (path == "/warning") return gate_pages::warning(settings_.pages);
  if (path == "/healthz") {
    if (!view_.loaded()) return gate_pages::plain(503, "starting\n");
    return rules() ? gate_pages::plain(200, "ok\n") : gate_pages::plain(503, "no rules from the source\n");
  }
  return gate_pages::plain(404, "not found\n");
}

GateAnswer GateJudge::explain(const GateRequest& request, int status, std::optional<Refusal> reason) {
  const auto now_rules = rules();
  if (now_rules && view_.loaded()) {
    const GateTime time = settings_.clock();
    const Judged judged = judge(request, *now_rules, time, std::nullopt);
    const Decision& decision = judged.decision;
    // Only who carries a session that may not pass is cleared: any site could send anybody here.
    if (decision.verdict == GateVerdict::Refuse) {
      GateAnswer answer = gate_pages::signed_out(status, decision.refusal, settings_.sign_in, settings_.pages,
                                                 now_rules->rules.provider_sign_out);
      add_clearing(answer, *now_rules, decision);
      if (judged.token && status == 401) challenge_for_token(answer);
      return answer;
    }
    if (judged.fault != enforcement::TokenFault::None && status == 401) return invalid_token(judged.fault);
    if (judged.refused && status == 401) return refused_token();
  } else if (status != 200) {
    return gate_pages::starting(settings_.pages);
  }
  const Refusal otherwise = status == 200 ? Refusal::None : Refusal::UnknownSession;
  return gate_pages::signed_out(status, reason.value_or(otherwise), settings_.sign_in, settings_.pages,
                                now_rules ? now_rules->rules.provider_sign_out : std::string());
}

ActivityClass GateJudge::class_of(const std::optional<std::string>& path,
                                  std::span<const HeaderView> headers) const {
  if (path && machine_paths_.contains(*path)) return ActivityClass::Machine;
  for (const auto& [name, value] : headers) {
    for (const auto& [machine_name, machine_value] : machine_headers_) {
      if (same_name(name, machine_name) && (machine_value.empty() || value == machine_value))
        return ActivityClass::Machine;
    }
    // A browser that fetches ahead: nobody has clicked yet.
    if ((same_name(name, "sec-purpose") || same_name(name, "purpose")) &&
        contains_ignoring_case(value, "prefetch"))
      return ActivityClass::Machine;
  }
  return ActivityClass::Person;
}

std::uint64_t GateJudge::next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

bool GateJudge::is_proxy(std::string_view peer) const {
  // One proxy asks again and again.
  struct Last {
    std::uint64_t judge = 0;
    std::string peer;
    bool is_proxy = false;
  };
  static thread_local Last last;
  if (last.judge != number_ || last.peer != peer) {
    last.peer = peer;
    last.is_proxy = proxies_.contains(peer);
    last.judge = number_;
  }
  return last.is_proxy;
}

enforcement::GateClient GateJudge::client_of(const GateRequest& request) const {
  // The proxy's own address says nothing about who stands before it.
  return {.address = is_proxy(request.peer) ? only(request.headers, "x-real-ip") : request.peer,
          .user_agent = only(request.headers, "user-agent")};
}

GateJudge::Judged GateJudge::judge(const GateRequest& request, const Rules& rules, const GateTime& time,
                                   std::optional<ActivityClass> activity) {
  Judged judged;
  const enforcement::Candidates found =
      enforcement::find_credentials(rules.rules, [&](std::string_view name, const auto& take) {
        for (const auto& [header, value] : request.headers) {
          if (same_name(header, name)) take(value);
        }
      });
  judged.too_many = found.too_many;
  judged.any = !found.all.empty();
  if (!judged.any || judged.too_many) return judged;

  const enforcement::GateClient client = client_of(request);
  std::vector<Presented> presented;
  for (const enforcement::Candidate& one : found.all) {
    if (one.token) {
      read_token(one.clear_id, rules, time, judged, presented);
    } else {
      presented.push_back({SessionDigest{base::keyed_digest(rules.digest_key, one.clear_id)}, one.likely});
    }
  }
  // Nobody acted with a token that is none.
  const bool acts = activity && judged.fault == enforcement::TokenFault::None && !judged.no_keys &&
                    !judged.refused && !judged.introspect;
  const ActivityClass acting = activity.value_or(ActivityClass::Machine);
  std::vector<SessionDigest> known;
  // The usual request has one credential: looked up once. Of several, none is active if one is refused.
  const bool single = presented.size() == 1 && acts && judged.decision.verdict != GateVerdict::Refuse;
  for (const Presented& one : presented) {
    const Decision decision =
        single ? view_.decide(settings_.source, one.session, time.now, acting, time.deadlines, client)
               : view_.look(settings_.source, one.session, time.now, time.deadlines);
    if (decision.verdict == GateVerdict::Unknown) {
      // Who would be asked about it was asked.
      if (one.vouched && settings_.unknown == UnknownSessions::Ask)
        judged.vouched = true;
      else if (one.likely)
        judged.unknown.push_back(one.session);
      continue;
    }
    if (one.likely || decision.verdict == GateVerdict::Refuse) {
      known.push_back(one.session);
      if (worse(decision, judged.decision)) judged.decision = decision;
    }
  }
  if (acts && !single) {
    for (const SessionDigest& session : known) {
      // The refused ones are noted as such, and the others didn't act.
      if (judged.decision.verdict == GateVerdict::Refuse &&
          view_.look(settings_.source, session, time.now, time.deadlines).verdict != GateVerdict::Refuse)
        continue;
      const Decision decision =
          view_.decide(settings_.source, session, time.now, acting, time.deadlines, client);
      if (worse(decision, judged.decision)) judged.decision = decision;
    }
  }
  return judged;
}

GateAnswer GateJudge::check(const GateRequest& request) {
  // What a session sees is for nobody's cache, and the proxy says so when we do.
  const auto passes = [](GateDecision decision) {
    GateAnswer answer;
    answer.decision = decision;
    if (decision != GateDecision::Public) answer.headers.emplace_back("Cache-Control", "no-store");
    return answer;
  };
  std::optional<std::string> path;
  std::string_view method;
  if (is_proxy(request.peer)) {
    path = plain_path(only(request.headers, "x-original-uri"));
    method = only(request.headers, "x-original-method");
  }
  if (path && public_paths_.contains(*path)) return passes(GateDecision::Public);
  const auto now_rules = rules();
  if (!now_rules || !view_.loaded()) {
    if (settings_.fail == FailMode::Open) return passes(GateDecision::FailedOpen);
    GateAnswer answer = gate_pages::starting(settings_.pages);
    answer.decision = GateDecision::FailedClosed;
    return answer;
  }
  const GateTime time = settings_.clock();
  const Judged judged = judge(request, *now_rules, time, class_of(path, request.headers));
  if (judged.too_many) {
    GateAnswer answer = refused(stranger, GateDecision::Malformed, now_rules.get());
    answer.status = 403;
    return answer;
  }
  if (judged.decision.verdict == GateVerdict::Refuse) {
    GateAnswer answer = refused(judged.decision, GateDecision::Refuse, now_rules.get());
    if (judged.token) challenge_for_token(answer);
    answer.revoke = judged.revoke;
    answer.revoked_session = judged.revoked_session;
    return answer;
  }
  if (judged.fault != enforcement::TokenFault::None) {
    GateAnswer answer = invalid_token(judged.fault);
    answer.decision = GateDecision::InvalidToken;
    return answer;
  }
  if (judged.refused) {
    GateAnswer answer = refused_token();
    answer.decision = GateDecision::RefusedToken;
    return answer;
  }
  if (judged.introspect) {
    GateAnswer answer;
    answer.status = 403;
    answer.introspect = judged.introspect;
    return answer;
  }
  if (judged.no_keys) {
    if (settings_.fail == FailMode::Open) return passes(GateDecision::FailedOpen);
    GateAnswer answer = gate_pages::starting(settings_.pages);
    answer.decision = GateDecision::FailedClosed;
    return answer;
  }
  if (!judged.any) {
    // A browser's question before a request to another origin never carries a cookie.
    if (settings_.unknown != UnknownSessions::Deny || learning(time.now) || method == "OPTIONS")
      return passes(GateDecision::Anonymous);
    return refused(stranger, GateDecision::UnknownRefused, nullptr);
  }
  for (const SessionDigest& session : judged.unknown) {
    GateAnswer answer = unknown(session, time.now, *now_rules);
    if (answer.ask || answer.status != 200) return answer;
    if (judged.decision.verdict == GateVerdict::Unknown) return answer;
  }
  // Signed as it should be, and of no session: nobody can be asked about it.
  if (judged.nameless && judged.decision.verdict == GateVerdict::Unknown && judged.unknown.empty()) {
    if (settings_.unknown == UnknownSessions::Allow || learning(time.now))
      return passes(GateDecision::UnknownPassed);
    if (settings_.unknown == UnknownSessions::Ask && settings_.fail == FailMode::Open)
      return passes(GateDecision::FailedOpen);
    return refused(stranger, GateDecision::UnknownRefused, nullptr);
  }
  if (judged.vouched && judged.decision.verdict == GateVerdict::Unknown && judged.unknown.empty())
    return passes(GateDecision::UnknownPassed);
  if (judged.decision.verdict == GateVerdict::Warn) {
    GateAnswer answer = passes(GateDecision::Warn);
    answer.headers.emplace_back(settings_.warning_header, std::to_string(judged.decision.seconds_left));
    return answer;
  }
  // A reading that can only refuse, and didn't: like no credential.
  return passes(judged.decision.verdict == GateVerdict::Unknown ? GateDecision::Anonymous
                                                                : GateDecision::Pass);
}

GateAnswer GateJudge::unknown(const SessionDigest& session, Time now, const Rules& rules) {
  GateAnswer answer;
  answer.decision = GateDecision::UnknownPassed;
  answer.headers.emplace_back("Cache-Control", "no-store");
  if (settings_.unknown == UnknownSessions::Allow || learning(now)) return answer;
  if (settings_.unknown == UnknownSessions::Ask) {
    const auto said = learnt_->get(session, now);
    if (!said) {
      answer.ask = session;
      return answer;
    }
    if (*said == Liveness::Alive) return answer;
    if (*said == Liveness::Unknown && settings_.fail == FailMode::Open) {
      answer.decision = GateDecision::FailedOpen;
      return answer;
    }
  }
  return refused(stranger, GateDecision::UnknownRefused, &rules);
}

GateAnswer GateJudge::refused(const Decision& why, GateDecision decision, const Rules* rules) const {
  GateAnswer answer =
      gate_pages::signed_out(401, why.refusal, settings_.sign_in, settings_.pages,
                             rules != nullptr ? rules->rules.provider_sign_out : std::string());
  answer.decision = decision;
  if (rules != nullptr) add_clearing(answer, *rules, why);
  return answer;
}

void GateJudge::add_clearing(GateAnswer& answer, const Rules& rules, const Decision& why) const {
  if (why.undecided) {
    answer.headers.emplace_back("Clear-Site-Data", "\"cache\"");
    return;
  }
  for (const std::string& cookie : rules.rules.clear_cookies) {
    std::string text = cookie + "=; Path=" + settings_.cookie_path + "; Max-Age=0";
    if (!settings_.cookie_domain.empty()) text += "; Domain=" + settings_.cookie_domain;
    answer.headers.emplace_back("Set-Cookie", std::move(text));
  }
  // Not "cookies": that would also sign out of whatever else lives on the domain.
  answer.headers.emplace_back("Clear-Site-Data", "\"cache\", \"storage\"");
}

GateAnswer GateJudge::status(const GateRequest& request, bool stay) {
  const auto now_rules = rules();
  if (!now_rules || !view_.loaded()) return gate_pages::state("starting", Refusal::None, 0);
  const GateTime time = settings_.clock();
  std::optional<ActivityClass> activity;
  if (stay) activity = ActivityClass::Person;
  const Judged judged = judge(request, *now_rules, time, activity);
  switch (judged.decision.verdict) {
    case GateVerdict::Refuse: {
      GateAnswer answer = gate_pages::state("refused", judged.decision.refusal, 0);
      add_clearing(answer, *now_rules, judged.decision);
      return answer;
    }
    case GateVerdict::Warn:
      return gate_pages::state("live", Refusal::None, judged.decision.seconds_left);
    case GateVerdict::Pass:
      return gate_pages::state("live", Refusal::None, 0);
    case GateVerdict::Unknown:
      break;
  }
  return gate_pages::state(judged.any ? "unknown" : "anonymous", Refusal::None, 0);
}

}  // namespace curfew::api
