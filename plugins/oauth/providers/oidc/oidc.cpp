#include "plugins/oauth/providers/oidc/oidc.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "plugins/oauth/gone_since.hpp"
#include "plugins/oauth/orders.hpp"
#include "plugins/oauth/providers/oidc/administration.hpp"
#include "plugins/oauth/providers/oidc/discovery.hpp"
#include "plugins/oauth/providers/oidc/operator_api.hpp"
#include "plugins/oauth/providers/oidc/session_reader.hpp"

namespace curfew::oauth::oidc {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Proof;
using plugin::Step;
using plugin::Time;

constexpr const char* nobody_can =
    "OpenID Connect has no call for this; describe the provider's own API (oidc.administration), take a "
    "provider "
    "whose API is known (`provider`), or acts_through a source that can";

// A provider that only tells of its logouts.
class Told : public Provider {
 public:
  Told(const OauthSettings& settings, Ground ground)
      : prefix_(settings.server.url + "#"), ground_(std::move(ground)) {}

  [[nodiscard]] std::string issuer() const override { return prefix_.substr(0, prefix_.size() - 1); }
  void resume(const std::string& /*cursor*/) override {}
  // What happens comes by itself: nothing is ever behind.
  [[nodiscard]] Batch since(Time /*deadline*/) override {
    Batch batch;
    batch.cursor = "1";
    batch.observed_until = ground_.now();
    batch.caught_up = true;
    return batch;
  }
  void complete(Sighting& logout) override {
    if (!logout.subject.empty()) logout.subject = prefix_ + logout.subject;
  }
  [[nodiscard]] std::string coverage() const override {
    return R"({"shows":["back_channel_logout"],"shows_not":["sign_in","activity"]})";
  }
  [[nodiscard]] Answer act(const plugin::Action& /*action*/) override {
    return {Code::Unsupported, nobody_can};
  }
  [[nodiscard]] Liveness prove(const plugin::Probe& /*probe*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void list(const std::function<bool(const LiveSession&)>& /*each*/, Time /*deadline*/) override {
    throw Failure(Code::Unsupported, nobody_can);
  }
  void stop() override {}

 protected:
  std::string prefix_;  // of a subject: the issuer and #
  Ground ground_;
};

OperatorAccess access_of(const Plan& plan, const OauthSettings& settings) {
  OperatorAccess access = plan.access;
  access.client = settings.client;
  access.client.scope = plan.scope;
  if (access.key.empty() && access.client.id.empty())
    web::invalid(
        "client_id (with client_secret) or oidc.administration.key is missing: the provider's API answers "
        "nobody else");
  if (!access.key.empty() && !access.client.id.empty())
    web::invalid(
        "client_id and oidc.administration.key exclude each other: one of them is what the API wants");
  return access;
}

web::HttpServer with_url(web::HttpServer server, const std::string& url) {
  server.url = url;
  if (!url.starts_with("https://")) server.tls = {};
  return server;
}

// One that is asked by its own API, too.
class Administered final : public Told {
 public:
  Administered(const OauthSettings& settings, Plan plan, const Ground& ground, web::RetryTerms terms)
      : Told(settings, ground),
        settings_(settings),
        plan_(std::move(plan)),
        discovery_(settings.server, settings.server.url),
        api_(with_url(settings.server, plan_.url), settings.server, access_of(plan_, settings), discovery_,
             terms),
        administration_(plan_, api_),
        reader_(
            plan_, administration_, ground,
            {.prefix = prefix_,
             .history = settings.history,
             .arrival_delay = settings.arrival_delay,
             .is_ordered = [this](const std::string& session,
                                  const std::string& subject) { return orders_.knows(session, subject); }}),
        orders_(ground.now, ground.digest) {}

  void resume(const std::string& cursor) override {
    reader_.resume(cursor);
    orders_.resume(reader_.last_reading());
  }

  void recall(std::string_view key, std::string_view value) override { orders_.recall(key, value); }

  [[nodiscard]] Batch since(Time deadline) override {
    Batch batch = reader_.read(deadline);
    for (Sighting& seen : batch.sightings) seen.account_type = account_type_of(settings_, seen.user_name);
    if (!batch.cursor.empty()) batch.memories = orders_.take_news();
    return batch;
  }

  void complete(Sighting& logout) override {
    if (const auto session = reader_.session_of(logout.session)) logout.session = *session;
    const bool is_known = !logout.session.empty() && !logout.subject.empty();
    if (is_known) logout.handle = to_text({logout.session, logout.subject});
    // The provider's session is over; what was granted for longer (offline_access) is not (Back-Channel
    // Logout 2.7).
    if (plan_.grants || orders_.may_have_ended(logout.session, logout.subject, logout.at))
      logout.end_inferred = true;
    Told::complete(logout);
  }

  [[nodiscard]] std::string coverage() const override {
    nlohmann::json shows = nlohmann::json::array();
    if (settings_.back_channel) shows.push_back("back_channel_logout");
    if (plan_.sessions->all) shows.push_back("sign_in");
    return nlohmann::json{{"shows", std::move(shows)},
                          {"shows_not", {"activity"}},
                          {"ends_shown", reader_.tells_ends()},
                          {"sessions", reader_.size()},
                          {"access_tokens_accepted_for_seconds",
                           std::chrono::duration_cast<std::chrono::seconds>(window()).count()},
                          {"throttled", api_.throttled()}}
        .dump();
  }

  [[nodiscard]] Answer act(const plugin::Action& action) override {
    try {
      return carry_out(action);
    } catch (const Failure& failure) {
      return {failure.code(), failure.what()};
    }
  }

  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override { return proof(probe).liveness; }

  [[nodiscard]] Proof proof(const plugin::Probe& probe) override {
    const SessionHandle about = read_handle(probe.handle);
    if (about.session.empty() || about.subject.empty())
      throw Failure(Code::NotFound,
                    "which session it is isn't known any more: its handle was erased, or never came");
    // Also what a killed process had not remembered.
    if (probe.ordered_at != Time{}) orders_.note(about.session);
    const Remains left = administration_.remains_of(about.session, about.subject, probe.deadline);
    if (left.nothing()) return gone(about.session);
    gone_.lives(about.session);
    if (left.session) return {Liveness::Alive, "the provider lists the session"};
    if (left.grant)
      return {Liveness::Alive, "the provider lists a grant of the session: its tokens are renewed"};
    return undelivered(about, left, probe.deadline);
  }

  void list(const std::function<bool(const LiveSession&)>& each, Time deadline) override {
    for (std::string page;;) {
      RowPage rows = administration_.page_of_all(*plan_.sessions, page, deadline);
      for (const Row& row : rows.rows) {
        if (row.subject.empty()) continue;  // nobody has signed in there
        if (!each({.id = row.session,
                   .handle = to_text({row.session, row.subject}),
                   .subject = prefix_ + row.subject,
                   .user_name = row.user_name,
                   .started_at = row.started_at,
                   .last_activity_at = row.last_activity_at}))
          return;
      }
      page = std::move(rows.next);
      if (page.empty()) return;
    }
  }

  void stop() override { api_.stop(); }

 private:
  [[nodiscard]] plugin::Duration window() const {
    const plugin::Duration longest = plan_.access_token_lifespan;
    return longest == plugin::Duration{} ? longest : longest + settings_.clock_skew;
  }

  // Until then a token that was given out at the last moment is accepted by who doesn't ask the provider.
  [[nodiscard]] Proof gone(const std::string& session) {
    const Time now = ground_.now();
    if (now - gone_.since(session, now) >= window())
      return {Liveness::Dead, "the provider has nothing of the session any more"};
    return {Liveness::Alive,
            "the provider has nothing of the session any more; access tokens from before may still "
            "be accepted by who does not ask it"};
  }

  // The relying party's own session lives on. Only what Curfew ended is sent again by it.
  [[nodiscard]] Proof undelivered(const SessionHandle& about, const Remains& left, Time deadline) {
    const std::string who = "the logout was not taken by " + named(left.undelivered);
    if (!orders_.knows(about.session, about.subject)) return {Liveness::Alive, who};
    try {
      if (!administration_.send_again(about.session, about.subject, deadline))
        return {Liveness::Alive, who + "; the settings don't say how to send it again"};
    } catch (const Failure& failure) {
      return {Liveness::Alive, who + "; it can't be sent again: " + failure.what()};
    }
    // Who takes it now need not be waited for until the next probe.
    if (!administration_.remains_of(about.session, about.subject, deadline).nothing())
      return {Liveness::Alive, who + "; it is sent again"};
    Proof taken = gone(about.session);
    taken.text = who + "; it is sent again, and was taken; " + taken.text;
    return taken;
  }

  Answer carry_out(const plugin::Action& action) {
    if (action.revert) return {Code::Unsupported, "what was ended can't be given back"};
    SessionHandle about = read_handle(action.handle);
    for (const plugin::Identifier& one : action.identifiers) {
      if (about.subject.empty() && one.name_space == subject_namespace && one.value.starts_with(prefix_))
        about.subject = one.value.substr(prefix_.size());
    }
    const bool is_of_session = action.step == Step::CancelSession || action.step == Step::SignOutSession;
    if (is_of_session && about.session.empty())
      return {Code::NotFound,
              "which session it is isn't known any more: its handle was erased, or never came"};
    if (!is_of_session && about.subject.empty())
      return {Code::NotFound, "the person has no name of this issuer (oidc_subject)"};
    orders_.note(about.session);
    if (!is_of_session) orders_.note(about.subject);
    return administration_.carry_out(action.step, about.session, about.subject, action.deadline);
  }

  OauthSettings settings_;
  Plan plan_;
  Discovery discovery_;
  OperatorApi api_;
  Administration administration_;
  SessionReader reader_;
  GoneSince gone_;
  OrdersAtWork orders_;
};

}  // namespace

std::unique_ptr<Provider> make_oidc(const OauthSettings& settings, Ground ground, web::RetryTerms terms) {
  settings.own.only({"administration"});
  if (!settings.journal.empty()) web::invalid("journal: no account is changed by provider oidc");
  const auto administration = settings.own.inner("administration");
  if (!administration) {
    if (!settings.client.id.empty())
      web::invalid("client_id means nothing here without oidc.administration, which it is for");
    return std::make_unique<Told>(settings, std::move(ground));
  }
  return std::make_unique<Administered>(settings, read_plan(*administration), ground, terms);
}

}  // namespace curfew::oauth::oidc
