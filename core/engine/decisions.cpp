#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

model::Entry& Engine::State::decide(model::EntryKind kind, std::string facts) {
  model::Entry& entry = out->decisions.emplace_back();
  entry.kind = kind;
  entry.engine_time = now;
  entry.facts = std::move(facts);
  return entry;
}

model::Entry& Engine::State::decide(model::EntryKind kind, const Session& session, std::string facts) {
  model::Entry& entry = decide(kind, std::move(facts));
  entry.source = symbols.text(session.source);
  entry.session = session.digest;
  entry.subject = session.subject;
  return entry;
}

void Engine::State::alert(std::string_view about, std::string_view text, std::string_view source) {
  std::string facts;
  model::JsonObject o(facts);
  o.text("about", about);
  o.text("text", text);
  o.end();
  decide(model::EntryKind::Alert, std::move(facts)).source = source;
}

}  // namespace curfew::engine
