// A provider of kind oidc with a FakeOperator's API, as the connector would make it, that can't wait long.
//
//   const Administered one(api, {{"access_token_lifespan", "1s"}});
//   one->since(…);  one.liveness("s-1", "alice");
//
// Threads: one. Owns: the provider. Fails: as the provider.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/providers/oidc/oidc.hpp"
#include "plugins/oauth/providers/oidc/session_reader.hpp"
#include "tests/plugins/oauth_openid/fake_operator.hpp"

namespace curfew::oauth_test {

inline plugin::Time wall_clock() {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
}

inline nlohmann::json administration_of(const std::string& url) {
  const auto listing = [](const std::string& everybody, const std::string& of_one) {
    return nlohmann::json{{"of_subject", {{"path", of_one + "?after={page}"}}},
                          {"all", {{"path", everybody + "?after={page}"}}},
                          {"rows", "/rows"},
                          {"session", "/session"},
                          {"subject", "/person"},
                          {"client", "/client"},
                          {"next", "/next"}};
  };
  nlohmann::json sessions = listing("/sessions", "/people/{subject}/sessions");
  sessions.update(
      {{"session", "/id"}, {"user_name", "/name"}, {"started_at", "/since"}, {"client_sessions", "/sids"}});
  nlohmann::json undelivered = listing("/logouts", "/people/{subject}/logouts");
  undelivered.erase("all");
  const auto call = [](const char* method, const char* path) {
    return nlohmann::json::array({{{"method", method}, {"path", path}}});
  };
  return {{"url", url + "/api"},
          {"access_token_lifespan", "0s"},
          {"sessions", sessions},
          {"grants", listing("/grants", "/people/{subject}/grants")},
          {"undelivered", undelivered},
          {"cancel_session", call("DELETE", "/sessions/{session}?grants=keep")},
          {"sign_out_session", call("DELETE", "/sessions/{session}")},
          {"sign_out_subject", call("DELETE", "/people/{subject}")},
          {"send_again", call("POST", "/sessions/{session}/logouts")}};
}

inline nlohmann::json settings_for(const FakeOperator& api,
                                   const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json administration = administration_of(api.url());
  administration.merge_patch(more);
  return {{"provider", "oidc"},     {"url", api.url()},
          {"client_id", "curfew"},  {"client_secret", "right"},
          {"arrival_delay", "10s"}, {"clock_skew", "0s"},
          {"history", "1h"},        {"oidc", {{"administration", administration}}}};
}

struct Administered {
  explicit Administered(const nlohmann::json& settings, const std::string& cursor = {})
      : provider(oauth::oidc::make_oidc(oauth::read_settings(settings.dump()),
                                        {.source = "sso",
                                         .digest =
                                             [](std::string_view text) {
                                               return plugin::KeyedDigest("a key of thirty-two bytes, or so")(
                                                   text);
                                             },
                                         .now = wall_clock,
                                         .log = [](plugin::Level, std::string_view) {}},
                                        {.tries = 3,
                                         .first_pause = std::chrono::milliseconds(5),
                                         .longest_pause = std::chrono::milliseconds(20),
                                         .unsaid_wait = std::chrono::milliseconds(50)})) {
    provider->resume(cursor);
  }
  explicit Administered(const FakeOperator& api, const nlohmann::json& more = nlohmann::json::object(),
                        const std::string& cursor = {})
      : Administered(settings_for(api, more), cursor) {}

  oauth::Provider* operator->() const { return provider.get(); }
  [[nodiscard]] static plugin::Time soon() { return wall_clock() + std::chrono::seconds(5); }

  // One whole reading.
  [[nodiscard]] oauth::Batch read() const {
    oauth::Batch all;
    do {
      oauth::Batch batch = provider->since(soon());
      for (oauth::Sighting& one : batch.sightings) all.sightings.push_back(std::move(one));
      for (oauth::Memory& one : batch.memories) all.memories.push_back(std::move(one));
      all.read += batch.read;
      all.filtered += batch.filtered;
      all.cursor = batch.cursor;
      all.caught_up = batch.caught_up;
    } while (!all.caught_up);
    return all;
  }
  [[nodiscard]] plugin::Proof proof(const std::string& session, const std::string& person,
                                    plugin::Time ordered_at = {}) const {
    const std::string handle = oauth::oidc::to_text({session, person});
    return provider->proof(
        {.identifiers = {}, .session = {}, .handle = handle, .deadline = soon(), .ordered_at = ordered_at});
  }
  [[nodiscard]] plugin::Liveness liveness(const std::string& session, const std::string& person) const {
    return proof(session, person).liveness;
  }
  // What the failure says; "alive" or "dead" where there is none.
  [[nodiscard]] std::string why_unknown(const std::string& session, const std::string& person) const {
    try {
      return liveness(session, person) == plugin::Liveness::Alive ? "alive" : "dead";
    } catch (const plugin::Failure& failure) {
      return failure.what();
    }
  }
  [[nodiscard]] plugin::Answer act(plugin::Step step, const std::string& session,
                                   const std::string& person) const {
    const std::string handle = session.empty() ? "" : oauth::oidc::to_text({session, person});
    const std::string subject = provider->issuer() + "#" + person;
    plugin::Action action;
    action.step = step;
    action.handle = handle;
    action.identifiers = {{"oidc_subject", subject}};
    action.deadline = soon();
    return provider->act(action);
  }

  std::unique_ptr<oauth::Provider> provider;
};

}  // namespace curfew::oauth_test
