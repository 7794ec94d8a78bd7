// What the pipeline and its gates have to do with each other: a gate is a source that Curfew itself is.
#include "core/app/pipeline.hpp"

namespace curfew::app {
namespace {

// A credential that was refused may turn up again for as long as its cookie lives.
constexpr Duration refusals_kept{std::chrono::hours(24 * 30)};

}  // namespace

// They answer from here on: by their configured `fail`, until load_gates has told them all.
void Pipeline::add_gates() {
  if (options_.gates == nullptr) return;
  for (const GateSettings& gate : options_.settings.gates) {
    admission_.add_source(gate.name, Duration(std::chrono::hours(1)));
    intake_.add_source(gate.name, model::gate_connector);
    intake_.changed(gate.name, "up", "asked by reverse proxies");
  }
  Gates& gates = *options_.gates;
  intake_.on_gate_rules(
      [&gates](std::string_view source, std::string_view json) { gates.gate_rules(source, json); });
  intake_.on_gate_keys(
      [&gates](std::string_view source, std::string_view jwks) { gates.gate_keys(source, jwks); });
  gates.start(
      {.digest_key = [this](const std::string& source) { return digest_key(source); },
       .observed = [this](std::string_view gate,
                          model::Observation&& seen) { return intake_.observed(gate, std::move(seen)); },
       .progressed =
           [this](std::string_view gate, connector::CursorProgress&& progress) {
             return intake_.progressed(gate, std::move(progress));
           },
       .ask =
           [this](const std::string& source, const model::SessionDigest& session, Duration limit) {
             if (!has_host_) return model::Liveness::Unknown;
             model::RunProbe probe;
             probe.source = source;
             probe.session = session;
             probe.deadline = limit;
             std::string text;
             return host_->prove(probe, session, {}, {}, text);
           },
       .person =
           [this](const std::string& name_space, const std::string& value) {
             return admission_.find(model::PersonalKind::Identifier, name_space, value);
           },
       .introspect =
           [this](const std::string& source, const std::string& token, Duration limit) {
             if (!has_host_) return model::IntrospectedToken{};
             std::string text;
             model::IntrospectedToken said = host_->introspect(source, token, limit, text);
             if (said.state == model::TokenState::Unknown)
               throw Error(ErrorKind::Unavailable, "source '" + source + "': " + text);
             return said;
           },
       .revoke =
           [this](const std::string& source, const std::string& token, Duration limit) {
             if (!has_host_) return;
             const connector::Answer answer = host_->revoke_presented(source, token, limit);
             if (answer.code != model::AnswerCode::Accepted)
               throw Error(ErrorKind::Unavailable, "source '" + source + "': " + answer.text);
           },
       .durable = [this](std::string_view gate,
                         Duration patience) { return intake_.await_durable(gate, patience); },
       .want_keys =
           [this](const std::string& source) {
             if (has_host_) host_->want_gate_keys(source);
           }});
}

// Oldest knowledge first: what the engine has overrides what the store remembers of sessions that it forgot.
void Pipeline::load_gates(store::Store& store) {
  if (options_.gates == nullptr || options_.gates->empty()) return;
  const std::vector<model::GateEntry> kept = store.refusals(base::wall_clock_now() - refusals_kept);
  const std::vector<model::GateEntry> now = machine_->gate_entries();
  const std::vector<model::TokenDenial> denials = machine_->engine().token_denials();
  options_.gates->apply(kept, {});
  options_.gates->apply(now, denials);
  options_.gates->set_loaded();
  log_.info("gates know their sessions", {{"sessions", std::to_string(now.size())},
                                          {"refused_before", std::to_string(kept.size())},
                                          {"token_denials", std::to_string(denials.size())}});
}

std::optional<connector::Answer> Pipeline::act_at_gate(const model::RunStep& step) const {
  if (options_.gates == nullptr || !options_.gates->is_gate(step.source)) return std::nullopt;
  if (step.revert)
    return connector::Answer{.code = model::AnswerCode::Unsupported, .text = "a gate undoes nothing"};
  if (options_.gates->refused(step.session_source, step.session))
    return connector::Answer{.code = model::AnswerCode::Accepted, .text = "the gate refuses it"};
  return connector::Answer{.code = model::AnswerCode::Failed, .text = "the gate does not know this session"};
}

}  // namespace curfew::app
