#include "core/base/error.hpp"
#include "core/engine/record.hpp"

namespace curfew::engine {
namespace {

std::string shown(const model::Entry& entry) {
  std::string text(name_of(entry.kind));
  if (!entry.source.empty()) text += " " + entry.source;
  if (entry.session) text += " session " + to_text(entry.session);
  if (entry.subject) text += " subject " + to_text(entry.subject);
  return text + " " + entry.facts;
}

bool same(const model::Entry& a, const model::Entry& b) {
  return a.kind == b.kind && a.engine_time == b.engine_time && a.occurred_at == b.occurred_at &&
         a.source == b.source && a.session == b.session && a.subject == b.subject && a.facts == b.facts;
}

}  // namespace

Replayer::Replayer(Engine engine, model::Symbols& symbols) : engine_(std::move(engine)), reader_(symbols) {}

void Replayer::substitute_policies(model::PolicySet set) { substitute_ = std::move(set); }

std::optional<Difference> Replayer::feed(std::uint64_t sequence, const model::Entry& entry) {
  if (difference_) return difference_;
  last_sequence_ = sequence;
  if (is_decision(entry.kind)) {
    if (next_decision_ >= effects_.decisions.size()) {
      difference_ = {sequence, shown(entry), {}};
    } else if (!same(entry, effects_.decisions[next_decision_])) {
      difference_ = {sequence, shown(entry), shown(effects_.decisions[next_decision_])};
    } else {
      ++next_decision_;
      ++decisions_;
    }
    return difference_;
  }
  // Records of the daemon's own stand anywhere, also between an input and its decisions.
  if (!is_input(entry.kind)) return std::nullopt;
  if (next_decision_ < effects_.decisions.size()) {
    difference_ = {sequence, {}, shown(effects_.decisions[next_decision_])};
    return difference_;
  }
  std::optional<model::Input> input = reader_.read(entry);
  if (!input) return std::nullopt;
  if (auto* configuration = std::get_if<model::ConfigurationInput>(&input->body);
      configuration && substitute_)
    configuration->set = *substitute_;
  engine_.apply(*input, effects_);
  next_decision_ = 0;
  ++inputs_;
  return std::nullopt;
}

std::optional<Difference> Replayer::finish() {
  if (!difference_ && next_decision_ < effects_.decisions.size())
    difference_ = {last_sequence_ + 1, {}, shown(effects_.decisions[next_decision_])};
  return difference_;
}

}  // namespace curfew::engine
