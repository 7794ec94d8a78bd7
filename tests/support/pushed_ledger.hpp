// A ledger made through the whole program: observations as NDJSON, parsed and offered to a pipeline as the
// daemon's HTTP workers do.
//
//   support::PushedWorld world{.sessions = 1'000, .observations = 10'000};
//   app::Pipeline pipeline(support::options_for(world, folder, database), log);
//   pipeline.start();
//   support::push(pipeline, world, 0, world.observations);
//
// The first `sessions` observations are sign-ins that stay; then random ones of them act, a few people fail
// to sign in, and short sessions come and go. The same numbers give the same observations.
//
// Threads: push from any, one range each. Owns: nothing. Fails: Error(Unavailable) when the pipeline ended.
#pragma once

#include <cstdint>
#include <string>

#include "core/app/pipeline.hpp"

namespace curfew::support {

struct PushedWorld {
  std::uint64_t sessions = 1'000;
  std::uint64_t observations = 10'000;
  std::uint64_t snapshot_every = 2'000'000;  // the default of the configuration
  Time began = base::wall_clock_now();       // when observation 0 happened
  Duration step{10};                         // from each observation to the next
  std::uint64_t short_every = 100;  // a short session begins each so many observations; a multiple of 20
  Duration limit{std::chrono::hours(24)};  // of the policies that limit times
};

// NDJSON of the observations [from, to).
[[nodiscard]] std::string lines_of(const PushedWorld& world, std::uint64_t from, std::uint64_t to);

// A source that is pushed to, and twelve policies over it, of which some are breached. `folder` holds keys.
[[nodiscard]] app::PipelineOptions options_for(const PushedWorld& world, const std::string& folder,
                                               const store::ConnectionInfo& database);

// Parses and offers; waits where the queue is full. What is offered is not durable yet.
void push(app::Pipeline& pipeline, std::string_view lines);
void push(app::Pipeline& pipeline, const PushedWorld& world, std::uint64_t from, std::uint64_t to);
// Until everything offered is durable.
void await_durable(app::Pipeline& pipeline);

// A digest of the state that a start finds, without what the ledger doesn't say: which sessions' activity is
// still to be flushed.
[[nodiscard]] std::string state_digest(engine::Engine& engine, Time at);
// The engine after each entry of this node's streams, from the first.
[[nodiscard]] engine::Engine full_fold(store::Store& store, model::Symbols& symbols);

}  // namespace curfew::support
