// Pushed observations: from JSON to model::Observation, with every field checked as the plugin host checks a
// connector's.
//
//   auto observations = parse_observations(body, BodyForm::Lines, digest, {});
//
// The JSON names are those of the plugin ABI's curfew_observation; docs/api.md lists them.
//
// Threads: pure functions. Fails: Problem(400) or Problem(413) with the index of the first observation that
// is wrong; then none of the batch is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/model/observation.hpp"

namespace curfew::api {

enum class BodyForm : std::uint8_t {
  Document,  // one observation, or an array of them
  Lines,     // NDJSON: one observation a line
};

struct IngestLimits {
  std::size_t body_bytes = std::size_t{4} * 1024 * 1024;
  std::size_t observation_bytes = std::size_t{32} * 1024;
  std::size_t observations = 5000;
};

// The digest of a session's clear id under the source's key.
using DigestSession = std::function<model::SessionDigest(std::string_view id)>;

[[nodiscard]] std::vector<model::Observation> parse_observations(std::string_view body, BodyForm form,
                                                                 const DigestSession& digest,
                                                                 const IngestLimits& limits);

}  // namespace curfew::api
