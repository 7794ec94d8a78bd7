// What people ask of a pipeline that runs: each question goes through the queue to the engine's thread, and
// waits for its answer.
#include <future>

#include "core/app/pipeline.hpp"

namespace curfew::app {
namespace {

// `make` gives what is queued, and calls what it is given with the answer, once, on another thread. nullopt:
// the queue takes nothing any more, or no answer came in time.
template <typename T, typename Make>
std::optional<T> ask(Intake& intake, Duration patience, const Make& make) {
  auto answered = std::make_shared<std::promise<T>>();
  auto answer = answered->get_future();
  if (!intake.submit({.source = {}, .ticket = 0, .body = make([answered](T value) {
                                                   answered->set_value(std::move(value));
                                                 })}))
    return std::nullopt;
  if (answer.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

}  // namespace

std::optional<Commanded> Pipeline::command(model::CommandInput command, Duration patience) {
  return ask<Commanded>(intake_, patience, [&](auto answer) {
    return Order{.body = std::move(command), .done = std::move(answer)};
  });
}

std::optional<model::Preview> Pipeline::preview(const model::CommandInput& command, Duration patience) {
  return ask<model::Preview>(intake_, patience, [&](auto answer) {
    return Inquiry{[answer, command](const engine::Engine& engine) { answer(engine.preview(command)); }};
  });
}

bool Pipeline::record(model::Entry entry, Duration patience) {
  return ask<bool>(intake_, patience,
                   [&](auto answer) {
                     return Recorded{.entry = std::move(entry), .done = [answer] { answer(true); }};
                   })
      .has_value();
}

std::optional<model::Ref> Pipeline::subject_of(model::Ref identifier, Duration patience) {
  return ask<model::Ref>(intake_, patience, [&](auto answer) {
    return Inquiry{
        [answer, identifier](const engine::Engine& engine) { answer(engine.subject_of(identifier)); }};
  });
}

std::optional<std::vector<model::Identifier>> Pipeline::identifiers_of(model::Ref subject,
                                                                       Duration patience) {
  return ask<std::vector<model::Identifier>>(intake_, patience, [&](auto answer) {
    return Inquiry{
        [answer, subject](const engine::Engine& engine) { answer(engine.identifiers_of(subject)); }};
  });
}

std::optional<bool> Pipeline::warning_stands(const model::RunNotice& warning, Duration patience) {
  return ask<bool>(intake_, patience, [&](auto answer) {
    return Inquiry{[answer, warning](const engine::Engine& engine) {
      answer(engine.warning_stands(warning.session_number, warning.policy, warning.deadline));
    }};
  });
}

}  // namespace curfew::app
