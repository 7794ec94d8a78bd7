// The configured gates: one view of all sessions that they guard, a server for each, and the thread that
// hands what they saw to the pipeline.
//
//   app::Gates gates(settings, &registry, log);
//   gates.bind();                              // addresses, certificates: may need root
//   intake.on_gate_rules([&](auto source, auto json) { gates.gate_rules(source, json); });   // before
//   sources intake.on_gate_keys([&](auto source, auto jwks) { gates.gate_keys(source, jwks); });
//   gates.start({.digest_key = …, .observed = …, .progressed = …, .ask = …});
//   gates.apply(entries, denials);             // each batch's, once it is durable
//   gates.set_loaded();                        // once all live and refused sessions were applied
//   gates.reload(log);  gates.stop();          // stop before the intake: what was seen is handed on
//
// What the pipeline does for a gate that is a source: intake.add_source(gate, "gate") and
// admission.add_source; a `caught_up` comes with its first progress. Two gates that guard one source share
// its sessions; their activity is the first one's, the progress is each one's. A session that an entry
// refused and that is presented again is told as sign_in_failed, `refused_by_gate`, with the client's address
// and user agent: no proof, as the gate is ours, but evidence.
//
// An issuer's keys are kept in the data directory (gate_key_files.hpp): a start uses them until the connector
// gives some.
//
// Threads: bind, start, reload, stop from one; apply and set_loaded from one; the rest from any. Owns: view,
// judges, servers, its thread. Fails: Error(Configuration) when an address or certificate can't be used.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/app/settings.hpp"
#include "core/connector/host.hpp"
#include "core/enforcement/gate_view.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::app {

class Log;

// What the gates need of the pipeline; each may be called from threads of theirs.
struct GateLinks {
  std::function<std::string(const std::string& source)> digest_key;
  // Full: the gates come again, and lose nothing meanwhile.
  std::function<connector::Taken(std::string_view gate, model::Observation&&)> observed;
  std::function<connector::Taken(std::string_view gate, connector::CursorProgress&&)> progressed;
  // Does this session live at the source? May be empty: then `unknown: ask` gets no answer.
  std::function<model::Liveness(const std::string& source, const model::SessionDigest&, Duration limit)> ask;
  // The reference of a person's name; none: nobody that was ever seen. May be empty: tokens are refused by
  // their session alone.
  std::function<model::Ref(const std::string& name_space, const std::string& value)> person;
  // What its issuer says of a token, which is a person's credential. May be empty: no issuer can be asked.
  std::function<model::IntrospectedToken(const std::string& source, const std::string& token, Duration limit)>
      introspect;
  // Asks the issuer to revoke it. What is done was recorded before. May be empty.
  std::function<void(const std::string& source, const std::string& token, Duration limit)> revoke;
  // All that this gate told so far is durable, or not in time.
  std::function<bool(std::string_view gate, Duration patience)> durable;
  // A token came that no known key signed. Called seldom; must come back at once. May be empty.
  std::function<void(const std::string& source)> want_keys;
};

class Gates {
 public:
  Gates(const Settings& settings, metrics::Registry* metrics, Log& log);
  ~Gates();
  Gates(const Gates&) = delete;
  Gates& operator=(const Gates&) = delete;

  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool is_gate(std::string_view name) const;
  void bind();
  void start(GateLinks links);
  void reload(Log& log) const;
  void stop();

  // From a source's connector, checked by the host.
  void gate_rules(std::string_view source, std::string_view json);
  void gate_keys(std::string_view source, std::string_view jwks);
  void apply(std::span<const model::GateEntry> entries, std::span<const model::TokenDenial> denials);
  void set_loaded();

  // Whether a gate refuses this session now: what `contained` is about.
  [[nodiscard]] bool refused(std::string_view source, const model::SessionDigest& session) const;
  [[nodiscard]] const enforcement::GateView& view() const;
  // Of a gate, once bound; 0: there is none of this name.
  [[nodiscard]] std::uint16_t port(std::string_view gate) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Certificates and keys of all gates can be read and belong together; for `config check`.
void check_gate_tls(const Settings& settings);

}  // namespace curfew::app
