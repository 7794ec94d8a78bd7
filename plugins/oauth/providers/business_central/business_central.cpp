#include "plugins/oauth/providers/business_central/business_central.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/providers/business_central/return_evidence.hpp"
#include "plugins/oauth/providers/business_central/session_watch.hpp"
#include "plugins/oauth/providers/business_central/sessions.hpp"

namespace curfew::oauth::business_central {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;
using web::invalid;
using namespace std::chrono_literals;

// As Entra's sign-in logs call it (appDisplayName), so that policies can name both alike; and its id there,
// which is the same in all tenants.
const char* const application_name = "Dynamics 365 Business Central";
const char* const application_id = "996def3d-b36c-4153-8607-a6fd3c01b89f";
const char* const permission = "AdminCenter.ReadWrite.All, and authorize the application in the admin center";
const char* const erased = "which session it is isn't known any more: its handle was erased";

struct Options {
  std::string tenant;
  std::string authority;
  std::string scope;
  std::string environment;
  std::string path;  // of the environment's sessions
  std::string user_suffix;
  struct SignIns {
    std::string url;
    std::string application_id;
    Duration arrival_delay{};
  };
  std::optional<SignIns> sign_ins;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

bool is_word(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

// The secret goes there, or a token.
std::string server_in(const web::Setting& own, const std::string& key, const std::string& usual) {
  std::string url = without_slash(own.text(key, usual));
  const bool is_near = url.starts_with("http://127.") || url.starts_with("http://localhost") ||
                       url.starts_with("http://[::1]");
  if (!url.starts_with("https://") && !is_near) invalid(own.at(key) + " must be https://…");
  return url;
}

std::optional<Options::SignIns> sign_ins_in(const web::Setting& own) {
  const auto given = own.inner("sign_ins");
  if (!given) return std::nullopt;
  given->only({"url", "application_id", "arrival_delay"});
  Options::SignIns sign_ins{.url = server_in(*given, "url", "https://graph.microsoft.com"),
                            .application_id = given->text("application_id", application_id),
                            .arrival_delay = within(*given, "arrival_delay", 30min, 1s, 6h)};
  if (sign_ins.application_id.size() != 36 || !is_word(sign_ins.application_id, "-"))
    invalid(given->at("application_id") + " must be an application's id");
  return sign_ins;
}

Options options_of(const OauthSettings& settings) {
  const web::Setting& own = settings.own;
  own.only({"tenant", "authority", "scope", "environment", "application_family", "api_version", "user_suffix",
            "sign_ins"});
  const std::string url = without_slash(settings.server.url);
  Options options{.tenant = own.text("tenant"),
                  .authority = server_in(own, "authority", "https://login.microsoftonline.com"),
                  .scope = own.text("scope", url + "/.default"),
                  .environment = own.text("environment"),
                  .path = {},
                  .user_suffix = own.text("user_suffix", ""),
                  .sign_ins = sign_ins_in(own)};
  if (!is_word(options.tenant, ".-"))
    invalid(own.at("tenant") + " must be the tenant's id or a domain of it");
  // As the API documents names of environments.
  if (!is_word(options.environment, "_-") || options.environment.size() > 30)
    invalid(own.at("environment") + " must be an environment's name: letters, digits, _ and -");
  const std::string family = own.text("application_family", "BusinessCentral");
  const std::string version = own.text("api_version", "v2.29");
  if (!is_word(family, "_-")) invalid(own.at("application_family") + " must be a name as BusinessCentral");
  if (!version.starts_with("v2.") || !is_word(version, "."))
    invalid(own.at("api_version") + " must be a version as v2.29");
  if (!options.user_suffix.empty() && !is_word(options.user_suffix, ".-"))
    invalid(own.at("user_suffix") + " must be a domain, as corp.test");
  options.path =
      "/admin/" + version + "/applications/" + family + "/environments/" + options.environment + "/sessions";
  return options;
}

AdminApi::Options api_of(const OauthSettings& settings, const Options& options, const Ground& ground,
                         web::RetryTerms terms) {
  AdminApi::Options api{.server = settings.server,
                        .authority = settings.server,
                        .token_path = "/" + options.tenant + "/oauth2/v2.0/token",
                        .credentials = settings.client,
                        .given_token = {},
                        .words = {},
                        .terms = terms,
                        .now = ground.now};
  api.authority->url = options.authority;
  api.credentials.scope = options.scope;
  api.words = {.client = "the application '" + settings.client.id + "'",
               .lacks = " lacks a permission: grant it ",
               .unauthorized = "are scope, tenant and url of the same cloud?",
               .not_found = "are url, api_version, application_family and environment right?"};
  return api;
}

entra::GraphApi::Options graph_of(const OauthSettings& settings, const Options& options,
                                  web::RetryTerms terms) {
  entra::GraphApi::Options graph{.server = settings.server,
                                 .authority = settings.server,
                                 .token_path = "/" + options.tenant + "/oauth2/v2.0/token",
                                 .credentials = settings.client,
                                 .terms = terms};
  graph.server.url = options.sign_ins->url;
  graph.authority.url = options.authority;
  graph.credentials.scope = options.sign_ins->url + "/.default";
  return graph;
}

bool is_the_same(const ServerSession& a, const ServerSession& b) {
  return a.number == b.number && a.began == b.began && a.user == b.user;
}

class BusinessCentral final : public Provider {
 public:
  BusinessCentral(const OauthSettings& settings, Ground ground, web::RetryTerms terms)
      : options_(options_of(settings)),
        settings_(settings),
        ground_(std::move(ground)),
        api_(api_of(settings, options_, ground_, terms)),
        watch_(ground_, {.oldest_start = std::max(settings.history, settings.arrival_delay),
                         .application = application_name}) {
    if (options_.sign_ins)
      returns_.emplace(graph_of(settings, options_, terms),
                       Returns::Options{.application_id = options_.sign_ins->application_id,
                                        .arrival_delay = options_.sign_ins->arrival_delay});
  }

  [[nodiscard]] std::string issuer() const override {
    return options_.authority + "/" + options_.tenant + "/v2.0";
  }
  void resume(const std::string& /*cursor*/) override {}
  void recall(std::string_view key, std::string_view value) override { watch_.recall(key, value); }

  [[nodiscard]] Batch since(Time deadline) override {
    const Listed listed = list_all(AdminApi::Lane::Logs, deadline + 6s);  // of a call that begins in time
    tell_skew();
    Batch batch = watch_.take(listed.page, listed.at);
    for (Sighting& seen : batch.sightings) seen.account_type = account_type_of(settings_, seen.user_name);
    batch.observed_until = listed.at - settings_.arrival_delay;
    return batch;
  }
  // It sends none.
  void complete(Sighting& /*logout*/) override {}

  [[nodiscard]] std::string coverage() const override {
    return nlohmann::json{
        {"provider", "business_central"},
        {"environment", options_.environment},
        {"shows_not",
         {"activity", "why a session ended", "sessions that begin and end between two lists", "addresses"}},
        {"lists_sessions", true},
        {"proves", options_.sign_ins.has_value()},
        {"clock_ahead_seconds", std::chrono::duration_cast<std::chrono::seconds>(api_.clock_ahead()).count()},
        {"throttled", api_.throttled() + (returns_ ? returns_->throttled() : 0)}}
        .dump();
  }

  [[nodiscard]] Answer act(const plugin::Action& action) override {
    if (action.step != Step::CancelSession)
      return {Code::Unsupported,
              "Business Central can only cancel server sessions (cancel_session); tokens and accounts are "
              "Entra's: "
              "name that source in acts_through, and take its steps"};
    if (action.revert) return {Code::Unsupported, "a session that was cancelled can't be given back"};
    try {
      return cancel(action);
    } catch (const Failure& failure) {
      return {failure.code(), failure.what()};
    }
  }

  // That no session is listed does not end what the client holds: it is over when its person was asked for
  // credentials on the way back.
  [[nodiscard]] Liveness prove(const plugin::Probe& probe) override {
    const ServerSession session = read_handle(probe.handle);
    if (session.number == 0) throw Failure(Code::NotFound, erased);
    const auto last = watch_.last_listed(session.id());
    const Listed listed = list_all(AdminApi::Lane::Orders, probe.deadline);
    if (find(listed.page, session) != nullptr) return Liveness::Alive;
    if (listed.page.unreadable > 0)
      throw Failure(Code::Unavailable, api_.where() + ": a session that is listed can't be read");
    if (!returns_)
      throw Failure(Code::Unsupported,
                    "the session isn't listed any more; whether its client can come back without credentials "
                    "isn't known: give business_central.sign_ins");
    if (!last)
      throw Failure(Code::NotFound, "the session isn't listed, and when it last was isn't known any more");
    return liveness_after(session, *last, listed, probe.deadline);
  }

  void list(const std::function<bool(const LiveSession&)>& each, Time deadline) override {
    const Listed listed = list_all(AdminApi::Lane::Orders, deadline);
    for (const ServerSession& one : listed.page.sessions) {
      if (!each({.id = one.id(),
                 .handle = handle_of(one),
                 .subject = {},
                 .user_name = one.user,
                 .started_at = one.began,
                 .last_activity_at = {}}))
        return;
    }
  }

  void stop() override {
    api_.stop();
    if (returns_) returns_->stop();
  }

 private:
  struct Listed {
    SessionPage page;
    Time at{};  // by its clock
  };

  [[nodiscard]] Listed list_all(AdminApi::Lane lane, Time deadline) {
    const ApiReply reply = api_.ask({.path = options_.path,
                                     .what = "the environment's sessions",
                                     .role = permission,
                                     .also = {},
                                     .lane = lane},
                                    deadline);
    Listed listed{.page = read_sessions(reply.body), .at = reply.date != Time{} ? reply.date : ground_.now()};
    watch_.seen(listed.page, listed.at);
    return listed;
  }

  [[nodiscard]] static const ServerSession* find(const SessionPage& page, const ServerSession& wanted) {
    const auto found = std::find_if(page.sessions.begin(), page.sessions.end(),
                                    [&](const ServerSession& one) { return is_the_same(one, wanted); });
    return found == page.sessions.end() ? nullptr : &*found;
  }

  // A number that has come again is somebody else's session: it is looked at before.
  Answer cancel(const plugin::Action& action) {
    const ServerSession session = read_handle(action.handle);
    if (session.number == 0) return {Code::NotFound, erased};
    const Listed listed = list_all(AdminApi::Lane::Orders, action.deadline);
    if (find(listed.page, session) == nullptr) {
      if (listed.page.unreadable > 0)
        return {Code::Unavailable, "a session that is listed can't be read: it may be this one"};
      return {Code::NotFound, "the environment has no such session (any more)"};
    }
    const ApiReply reply = api_.ask({.method = "DELETE",
                                     .path = options_.path + "/" + std::to_string(session.number),
                                     .what = "the end of a session",
                                     .role = permission,
                                     .also = {202, 204, 404}},
                                    action.deadline);
    if (reply.status == 404) return {Code::NotFound, "the environment has no such session any more"};
    return {
        Code::Ok,
        "the server session is cancelled; no token is touched: the client comes back unless Entra asks its "
        "person for credentials"};
  }

  [[nodiscard]] std::string principal_name(const std::string& user) const {
    if (user.find('@') != std::string::npos) return SessionWatch::lowered(user);
    if (user.empty() || options_.user_suffix.empty())
      throw Failure(Code::Unsupported,
                    "whose sign-ins to look for isn't known: the session's user is no name with a domain; "
                    "give business_central.user_suffix");
    return SessionWatch::lowered(user + "@" + options_.user_suffix);
  }

  [[nodiscard]] Liveness liveness_after(const ServerSession& session, Time last, const Listed& listed,
                                        Time deadline) {
    const ReturnEvidence evidence = returns_->since(principal_name(session.user), last, deadline);
    const std::string user = SessionWatch::lowered(session.user);
    // Sessions of the same person from before anybody had to give credentials.
    bool has_older = false;
    for (const ServerSession& one : listed.page.sessions) {
      if (SessionWatch::lowered(one.user) != user) continue;
      if (evidence.with_credentials && one.began >= *evidence.with_credentials) continue;
      has_older = has_older || one.began <= last;
      if (one.began <= last) continue;
      if (one.began <= evidence.complete_until) return Liveness::Alive;
      throw Failure(
          Code::Unavailable,
          "the person has a session that began since; whether they gave credentials for it isn't in "
          "Entra's logs yet");
    }
    if (has_older)
      throw Failure(Code::Unavailable,
                    "the session isn't listed, but another of its person that is older than their last "
                    "credentials: it may be the same client's");
    if (!evidence.with_credentials)
      throw Failure(
          Code::Unavailable,
          evidence.silent_before
              ? "the session isn't listed, but its client was let in again without credentials"
              : "the session isn't listed; until its person signs in with credentials, its client may "
                "come back without");
    if (*evidence.with_credentials > evidence.complete_until)
      throw Failure(Code::Unavailable,
                    "the session isn't listed, and its person gave credentials; whether the client came back "
                    "before that isn't in Entra's logs yet");
    return Liveness::Dead;
  }

  void tell_skew() {
    const Duration ahead = api_.clock_ahead();
    const bool is_notable = ahead > notable_skew || ahead < -notable_skew;
    if (is_notable && !skew_told_)
      ground_.log(plugin::Level::Warning,
                  api_.where() + ": its clock is ahead of ours by " +
                      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ahead).count()) +
                      " s; sessions keep its time. Let this machine follow a time server");
    skew_told_ = is_notable;
  }

  Options options_;
  OauthSettings settings_;
  Ground ground_;
  AdminApi api_;
  std::optional<Returns> returns_;
  SessionWatch watch_;
  bool skew_told_ = false;
};

}  // namespace

std::unique_ptr<Provider> make_business_central(const OauthSettings& settings, Ground ground,
                                                web::RetryTerms terms) {
  return std::make_unique<BusinessCentral>(settings, std::move(ground), terms);
}

}  // namespace curfew::oauth::business_central
