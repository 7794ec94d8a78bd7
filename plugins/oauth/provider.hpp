// An identity provider as the connector sees it: what happened there, which sessions live, how they are
// ended, and whether one is over. One folder below providers/ implements it for each.
//
//   const std::unique_ptr<Provider> provider = make_provider(settings, ground);
//   provider->resume(cursor);
//   Batch batch = provider->since(deadline);      // until it is caught up; then again later
//   provider->act(action);  provider->prove(probe);
//
// Session ids of providers are no credentials (a token or cookie is, and never comes here): they leave as
// handles.
//
// Threads: resume, recall, since, settled and coverage on the thread of poll; the others from any, at once,
// meanwhile. Fails: plugin::Failure with what, where and what to do; never with a secret or a person's name
// in it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/oauth/gate/gate_tokens.hpp"

namespace curfew::oauth {

// OpenID Connect's own name of a person: an issuer, and `sub` there (OpenID Connect Core 2), joined by #.
inline constexpr std::string_view subject_namespace = "oidc_subject";

struct SightingName {
  std::string name_space;
  std::string value;
  friend bool operator==(const SightingName&, const SightingName&) = default;
};

// One observation, with its texts.
struct Sighting {
  plugin::Type type = plugin::Type::Activity;
  plugin::Time at{};
  std::string key;      // the same whenever the same event is read
  std::string session;  // the provider's id; empty: about the person, or nobody
  std::string handle;   // what comes back with orders and probes about the session
  std::string subject;  // who it is, for good; in the provider's namespace of subjects
  std::string user_name;
  std::vector<SightingName> names;  // others, in namespaces of their own; as many as the host takes
  std::string address;
  std::string user_agent;
  std::string device;
  std::string application;
  std::string failure;
  plugin::AccountType account_type = plugin::AccountType::Unknown;
  plugin::AuthMethod auth_method = plugin::AuthMethod::Unknown;
  plugin::Interactivity interactivity = plugin::Interactivity::Unknown;
  plugin::EndReason end_reason = plugin::EndReason::Unknown;
  bool end_inferred = false;
  bool fresh_credentials = false;
  bool machine = false;
  std::uint32_t factors = 0;  // 0: not known
  std::uint32_t count = 1;
};

// Small state that the host keeps with what was emitted before it, and gives back after a restart.
struct Memory {
  std::string key;
  std::string value;
  plugin::Time until{};
};

// One of several cursors of a source, and what was read since it moved last.
struct Advance {
  std::string name;
  std::string value;
  std::uint64_t read = 0, filtered = 0, unreadable = 0;
  plugin::Time observed_until{};  // as a Batch's
  bool caught_up = false;
};

struct Batch {
  std::vector<Sighting> sightings;  // oldest first
  std::vector<Memory> memories;
  std::vector<Advance> advances;  // of other cursors than "events"
  bool settles = false;           // `settled` wants to hear when all of it is durable
  bool again = false;             // `since` is called again at once, also when it is caught up
  std::string cursor;             // "events", behind them; empty: nothing new to keep
  std::uint64_t read = 0, filtered = 0, unreadable = 0;
  plugin::Time observed_until{};  // Time{}: no statement
  bool caught_up = false;         // false: there is more, ask again at once
};

struct LiveSession {
  std::string id;
  std::string handle;
  std::string subject;
  std::string user_name;
  plugin::Time started_at{};
  plugin::Time last_activity_at{};
};

// What the connector lends a provider.
struct Ground {
  std::string source;
  std::function<plugin::SessionDigest(std::string_view)> digest;
  std::function<plugin::Time()> now;
  std::function<void(plugin::Level, std::string_view)> log;
  // What the last run made durable of another cursor than "events". Only within resume.
  std::function<std::optional<std::string>(const std::string& name)> cursor = {};
};

class Provider {
 public:
  Provider() = default;
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  // As its tokens have it in `iss`.
  [[nodiscard]] virtual std::string issuer() const = 0;
  // Of `subject` in what it tells.
  [[nodiscard]] virtual std::string_view name_space_of_subjects() const { return subject_namespace; }
  // Of a `user_name` that is no address such as alice@corp.test.
  [[nodiscard]] virtual std::string_view name_space_of_logins() const { return "user"; }
  // How its access tokens name the person, in the words of what it tells.
  [[nodiscard]] virtual PersonNaming person_in_tokens() const {
    return {.claim = "sub", .name_space = std::string(name_space_of_subjects()), .prefix = issuer() + "#"};
  }
  // Once, before anything else: opens files, takes what the last run made durable (empty: the first run).
  virtual void resume(const std::string& cursor) = 0;
  // What happened since. Comes back soon after the deadline with what there is.
  [[nodiscard]] virtual Batch since(plugin::Time deadline) = 0;
  // A logout that the provider sent, with `sub` and `sid` as they are: what the provider's other tellings
  // have besides. From any thread.
  virtual void complete(Sighting& logout) = 0;
  // Once for each memory of the last run, between resume and the first since.
  virtual void recall(std::string_view /*key*/, std::string_view /*value*/) {}
  // What became of a batch that settles: the host has it, or not (it is stopping); and it is durable, with
  // all before it, or not yet.
  virtual void settled(bool /*is_taken*/, bool /*is_durable*/) {}
  // A request at a path of the provider's own; nothing: it has none there. The host answers only when what
  // `keep` was given is durable; `keep` throws when it takes nothing. From any thread.
  using Keep = std::function<void(const std::vector<Sighting>&, const std::vector<Memory>&)>;
  [[nodiscard]] virtual std::optional<plugin::HttpAnswer> receive(const plugin::HttpRequest& /*request*/,
                                                                  const Keep& /*keep*/) {
    return std::nullopt;
  }
  // What is read, and what can't be shown: one JSON object.
  [[nodiscard]] virtual std::string coverage() const = 0;

  [[nodiscard]] virtual plugin::Answer act(const plugin::Action& action) = 0;
  // Alive as long as anything of the session is accepted anywhere; throws for unknown.
  [[nodiscard]] virtual plugin::Liveness prove(const plugin::Probe& probe) = 0;
  // The same, with what it rests on where there is more to say than yes or no.
  [[nodiscard]] virtual plugin::Proof proof(const plugin::Probe& probe) { return prove(probe); }
  // Until `each` says false.
  virtual void list(const std::function<bool(const LiveSession&)>& each, plugin::Time deadline) = 0;
  // Ends what waits.
  virtual void stop() = 0;
  // Ends a wait within since, which is called again. From any thread.
  virtual void wake() noexcept {}
};

}  // namespace curfew::oauth
