#include "plugins/oauth/providers/oidc/administration.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace curfew::oauth::oidc {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Step;
using web::invalid;
using web::Setting;

constexpr std::size_t most_calls = 8;
constexpr std::size_t most_pages = 1000;
constexpr std::size_t most_of_one_person = 100'000;
constexpr std::size_t most_named = 5;
constexpr std::size_t longest_client = 64;

struct StepName {
  Step step;
  const char* name;
  bool needs_session;
};
constexpr std::array<StepName, 4> step_names{{{Step::CancelSession, "cancel_session", true},
                                              {Step::SignOutSession, "sign_out_session", true},
                                              {Step::RevokeTokens, "revoke_tokens", false},
                                              {Step::SignOutSubject, "sign_out_subject", false}}};

bool is_safe_url(const std::string& url) {
  if (url.starts_with("https://")) return url.size() > 8;
  for (const std::string_view loopback : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    if (!url.starts_with(loopback)) continue;
    const std::string_view rest = std::string_view(url).substr(loopback.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

std::vector<CallTemplate> calls_in(const Setting& setting, const std::string& key,
                                   const std::set<std::string>& names) {
  std::vector<CallTemplate> calls;
  if (!setting.has(key)) return calls;
  const nlohmann::json& list = setting.json().at(key);
  if (!list.is_array() || list.empty() || list.size() > most_calls)
    invalid(setting.at(key) + " must be a list of 1 to 8 calls");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Setting one(list[i], setting.at(key) + "[" + std::to_string(i) + "]");
    one.only({"method", "path", "body", "accepted", "absent"});
    calls.push_back(read_call(one, names, ""));
  }
  return calls;
}

std::optional<Listing> listing_in(const Setting& setting, const std::string& key, bool needs_session) {
  const auto inner = setting.inner(key);
  if (!inner) return std::nullopt;
  return read_listing(*inner, needs_session);
}

OperatorAccess access_in(const Setting& setting) {
  OperatorAccess access{.key = setting.text("key", ""),
                        .header = setting.text("header", "Authorization"),
                        .scheme = setting.text("scheme", setting.has("header") ? "" : "Bearer"),
                        .token_url = setting.text("token_url", ""),
                        .client = {}};
  const auto is_token = [](const std::string& text) {
    return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
           });
  };
  if (access.header.empty() || !is_token(access.header) || !is_token(access.scheme))
    invalid(setting.at("header") + " and scheme must be letters, digits and -");
  const bool is_clean =
      std::all_of(access.key.begin(), access.key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_clean) invalid(setting.at("key") + " has a character that no header may have");
  if (!access.key.empty() && !access.token_url.empty())
    invalid(setting.at("key") + " and token_url exclude each other: a key, or a client that gets tokens");
  if (!access.token_url.empty() && !is_safe_url(access.token_url))
    invalid(setting.at("token_url") + " must be https://…, or http:// on this machine");
  return access;
}

std::string cut(const std::string& client) {
  std::string out;
  for (const char c : client.substr(0, longest_client)) out += c > ' ' && c < '\x7f' ? c : '?';
  return out.empty() ? "one that is not named" : out;
}

}  // namespace

Plan read_plan(const Setting& setting) {
  setting.only({"url", "key", "header", "scheme", "token_url", "scope", "access_token_lifespan", "sessions",
                "grants", "undelivered", "cancel_session", "sign_out_session", "revoke_tokens",
                "sign_out_subject", "send_again"});
  Plan plan{.url = setting.text("url"),
            .access = access_in(setting),
            .scope = setting.text("scope", ""),
            .access_token_lifespan = {},
            .sessions = listing_in(setting, "sessions", true),
            .grants = listing_in(setting, "grants", false),
            .undelivered = listing_in(setting, "undelivered", false),
            .steps = {},
            .send_again = calls_in(setting, "send_again", {"session", "subject"})};
  if (!is_safe_url(plan.url)) invalid(setting.at("url") + " must be https://…, or http:// on this machine");
  if (!setting.has("access_token_lifespan"))
    invalid(setting.at("access_token_lifespan") +
            " is missing: how long access tokens live at most that are accepted without asking the provider; "
            "0s, if "
            "none are");
  plan.access_token_lifespan = setting.duration("access_token_lifespan", plugin::Duration{0});
  if (!plan.sessions) invalid(setting.at("sessions") + " is missing: how the provider lists its sessions");
  for (const StepName& one : step_names) {
    std::vector<CallTemplate> calls = calls_in(
        setting, one.name,
        one.needs_session ? std::set<std::string>{"session", "subject"} : std::set<std::string>{"subject"});
    if (!calls.empty()) plan.steps[one.step] = std::move(calls);
  }
  if (!plan.send_again.empty() && !plan.undelivered)
    invalid(setting.at("undelivered") +
            " is missing: send_again is of use only where the provider says what to send");
  return plan;
}

RowPage Administration::page(const Listing& listing, const CallTemplate& call, const std::string& subject,
                             const std::string& page, plugin::Time deadline) {
  std::map<std::string, std::string> values{{"page", page}};
  if (!subject.empty()) values["subject"] = subject;
  std::set<int> accepted = call.accepted;
  accepted.insert(call.absent.begin(), call.absent.end());
  const ApiReply reply = api_.ask(
      {.call = fill(call, values), .accepted = accepted, .what = "its list of " + listing.name}, deadline);
  if (call.absent.contains(reply.status)) return {};
  return read_page(listing, listing.name == "sessions", reply.body);
}

RowPage Administration::page_of_all(const Listing& listing, const std::string& at, plugin::Time deadline) {
  if (!listing.all) throw Failure(Code::Unsupported, "the settings don't say how everybody's are listed");
  RowPage out = page(listing, *listing.all, "", at, deadline);
  if (!out.next.empty() && out.next == at)
    throw Failure(Code::Failed, "the provider's list of " + listing.name + " goes in a circle");
  return out;
}

std::vector<Row> Administration::of_subject(const Listing& listing, const std::string& subject,
                                            plugin::Time deadline) {
  std::vector<Row> all;
  std::string at;
  for (std::size_t pages = 0;; ++pages) {
    RowPage one = page(listing, *listing.of_subject, subject, at, deadline);
    std::move(one.rows.begin(), one.rows.end(), std::back_inserter(all));
    if (one.next.empty()) return all;
    if (one.next == at || pages >= most_pages || all.size() > most_of_one_person)
      throw Failure(Code::Unavailable, "the provider's list of " + listing.name + " does not end");
    at = std::move(one.next);
  }
}

Remains Administration::remains_of(const std::string& session, const std::string& subject,
                                   plugin::Time deadline) {
  Remains left;
  // A row that doesn't say whose session it is may be of this one; one of another person says that the call
  // does not ask for whom it should.
  const auto is_of = [&](const Listing& listing, const Row& row) {
    if (!row.subject.empty() && row.subject != subject)
      throw Failure(Code::Failed, "the provider's list of " + listing.name +
                                      " has rows of other people: look at of_subject, and at `subject`");
    return row.session.empty() || row.session == session;
  };
  for (const Row& row : of_subject(*plan_.sessions, subject, deadline))
    left.session |= is_of(*plan_.sessions, row);
  if (plan_.grants) {
    for (const Row& row : of_subject(*plan_.grants, subject, deadline))
      left.grant |= is_of(*plan_.grants, row);
  }
  if (!plan_.undelivered) return left;
  for (const Row& row : of_subject(*plan_.undelivered, subject, deadline)) {
    if (!is_of(*plan_.undelivered, row)) continue;
    std::string client = cut(row.client);
    auto& names = left.undelivered;
    if (std::find(names.begin(), names.end(), client) == names.end()) names.push_back(std::move(client));
  }
  return left;
}

std::size_t Administration::run(const std::vector<CallTemplate>& calls, const std::string& what,
                                const std::string& session, const std::string& subject,
                                plugin::Time deadline) {
  std::map<std::string, std::string> values;
  if (!session.empty()) values["session"] = session;
  if (!subject.empty()) values["subject"] = subject;
  std::size_t done = 0;
  for (const CallTemplate& call : calls) {
    std::set<int> accepted = call.accepted;
    accepted.insert(call.absent.begin(), call.absent.end());
    const ApiReply reply =
        api_.ask({.call = fill(call, values), .accepted = accepted, .what = what}, deadline);
    if (!call.absent.contains(reply.status)) ++done;
  }
  return done;
}

Answer Administration::carry_out(Step step, const std::string& session, const std::string& subject,
                                 plugin::Time deadline) {
  const auto found = plan_.steps.find(step);
  if (found == plan_.steps.end())
    return {Code::Unsupported, "the settings don't say by which call the provider does this"};
  const std::size_t done = run(found->second, "the end of a session", session, subject, deadline);
  if (done == 0) return {Code::NotFound, "the provider has no such session or person"};
  std::string text =
      std::to_string(done) + " of " + std::to_string(found->second.size()) + " calls had effect";
  if (!plan_.undelivered || subject.empty()) return {Code::Ok, text};
  // Said at once: who reads the answer should not have to wait for the proof.
  try {
    const Remains left = remains_of(session, subject, deadline);
    if (!left.undelivered.empty()) text += "; the logout was not taken by " + named(left.undelivered);
  } catch (const Failure& failure) {
    text += "; who took the logout is not known yet: " + std::string(failure.what());
  }
  return {Code::Ok, text};
}

bool Administration::send_again(const std::string& session, const std::string& subject,
                                plugin::Time deadline) {
  if (plan_.send_again.empty()) return false;
  (void)run(plan_.send_again, "sending logouts again", session, subject, deadline);
  return true;
}

std::string named(const std::vector<std::string>& clients) {
  std::string all;
  for (std::size_t i = 0; i < clients.size() && i < most_named; ++i) all += (i == 0 ? "" : ", ") + clients[i];
  if (clients.size() > most_named) all += " and " + std::to_string(clients.size() - most_named) + " more";
  return all;
}

}  // namespace curfew::oauth::oidc
