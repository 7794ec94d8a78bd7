// The connector host: loads plugins, runs each source on its own thread, and trusts nothing that comes from
// them.
//
// Threads: start, stop, act, prove may be called from any thread; the Listener is called on the source's
// thread. Owns: plugins (never unloaded) and sources. Fails: Error(Configuration) when a plugin can't be
// used, with the remedy.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/input.hpp"
#include "core/model/introspection.hpp"
#include "core/model/observation.hpp"

namespace curfew::metrics {
class Registry;
}

namespace curfew::connector {

struct PluginInfo {
  std::string path;
  std::string name;
  std::string version;
  std::string description;
  std::string config_schema;
  std::uint64_t capabilities = 0;
  std::string sha256;  // hex, of the file
  std::vector<model::Action> can;
  bool observes = false, lists = false, proves = false, receives_http = false, shows_activity = false,
       tells_groups = false, introspects = false, revokes_presented = false;
};

struct SourceSettings {
  std::string name;
  std::string plugin;      // path of the .so
  std::string config;      // JSON object
  std::string digest_key;  // 32 bytes
  bool recorded = false;   // audit
  bool event_time = false;
  Duration call_limit{std::chrono::seconds(10)};
  std::vector<std::string> groups;  // whose members it may tell
};

struct CursorProgress {
  std::string name;
  std::string value;
  std::uint64_t read = 0, filtered = 0, unreadable = 0;
  Time observed_until{};
  bool caught_up = false;
  bool forget = false;
};

// Everybody who is in a group, by any of their names; so many at most.
inline constexpr std::size_t most_group_names = 100'000;
struct GroupMembers {
  std::string group;
  std::vector<model::NamedValue> names;
};

enum class Taken : std::uint8_t { Yes, Full, Refused };

// Where a source's output goes. Called on the source's thread (or an HTTP worker's); must copy, may block
// briefly.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual Taken observed(std::string_view source, model::Observation&& observation) = 0;
  virtual Taken progressed(std::string_view source, CursorProgress&& progress) = 0;
  virtual Taken remembered(std::string_view source, std::string_view key, std::string_view value,
                           Time expires_at) = 0;
  // One of SourceSettings::groups.
  virtual Taken grouped(std::string_view source, GroupMembers&& members) = 0;
  virtual void covered(std::string_view source, std::string_view json) = 0;
  // Checked: model::parse_credential_rules takes it. Replaces what it gave before.
  virtual void gate_rules(std::string_view source, std::string_view json) = 0;
  // Checked: jose::KeySet::parse takes it, and it has a key. Replaces what it gave before. On any thread of
  // the plugin's.
  virtual void gate_keys(std::string_view source, std::string_view jwks) = 0;
  virtual void logged(std::string_view source, std::uint32_t level, std::string_view text) = 0;
  // up, finished, failed, quarantined: with a text that names the remedy.
  virtual void changed(std::string_view source, std::string_view state, std::string_view text) = 0;
  // Everything that this source emitted so far on this thread is durable, or `patience` passed (false).
  // Called on the thread that ran the plugin's http, and on the one of its poll.
  virtual bool await_durable(std::string_view source, Duration patience) = 0;
};

// What the store kept for a source, given to it at start.
struct SourceMemory {
  std::vector<std::pair<std::string, std::string>> cursors;
  std::vector<std::pair<std::string, std::string>> remembered;
};

struct Answer {
  model::AnswerCode code = model::AnswerCode::Failed;
  std::string text;
};

struct HttpAnswer {
  std::uint32_t status = 500;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct ListedSession {
  model::SessionDigest session;
  std::string handle;
  std::vector<model::NamedValue> identifiers;
  Time started_at{};        // epoch: not known
  Time last_activity_at{};  // epoch: not known
};

class Host {
 public:
  // `state_directory`: crash slots and quarantine records; created if missing. Without a registry the host
  // counts for itself.
  Host(std::string state_directory, Listener& listener, metrics::Registry* metrics = nullptr);
  ~Host();

  // Reads a plugin's description without running more of it than its one exported function.
  [[nodiscard]] static PluginInfo describe(const std::string& path);
  // Tries load, create, start and stop in a child process with limits; throws Error(Configuration) saying
  // what was wrong and what to do.
  static void probe(const SourceSettings& settings);

  // Probes, loads, creates, starts; then the source runs until stop. A quarantined source is not started: it
  // is reported through Listener::changed.
  void add(const SourceSettings& settings, SourceMemory memory);
  void
  stop();  // all sources; returns when no plugin thread lives, or its source was abandoned and quarantined
  // Polls of `source` pause while true: back-pressure.
  void pause(std::string_view source, bool paused);
  // A gate wants newer keys than this source gave last. Comes back when the plugin was woken, or can't be.
  void want_gate_keys(std::string_view source);

  Answer act(const model::RunStep& step, std::string_view handle,
             const std::vector<model::NamedValue>& identifiers);
  // `session`: the probe's own, or its control, on which no order acts.
  model::Liveness prove(const model::RunProbe& probe, const model::SessionDigest& session,
                        std::string_view handle, const std::vector<model::NamedValue>& identifiers,
                        std::string& text);
  // The sessions that live at the source now; nullopt: it can't list them, or did not answer in time.
  std::optional<std::vector<ListedSession>> list_sessions(std::string_view source, Duration limit,
                                                          std::string& text);
  // About a token of a request that waits. Unknown, with why in `text`: its issuer can't be asked.
  model::IntrospectedToken introspect(std::string_view source, std::string_view token, Duration limit,
                                      std::string& text);
  Answer revoke_presented(std::string_view source, std::string_view token, Duration limit);
  // nullopt: no such source, or it takes no requests. 503 when what was emitted isn't durable.
  std::optional<HttpAnswer> http(std::string_view source, std::string_view method, std::string_view path,
                                 std::string_view query, std::string_view body,
                                 const std::vector<std::pair<std::string, std::string>>& headers);
  [[nodiscard]] std::vector<PluginInfo> plugins() const;

  // Lifts a quarantine: `curfew plugin` and the operator's API.
  static bool release_quarantine(const std::string& state_directory, std::string_view source);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::connector
