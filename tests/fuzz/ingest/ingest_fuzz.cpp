// Pushed bodies, queries and tile paths: whatever comes is taken or refused, and what is taken keeps its
// bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/api/http.hpp"
#include "core/api/ingest.hpp"
#include "core/api/tile_path.hpp"
#include "core/base/text.hpp"
#include "core/model/facts.hpp"

namespace {

using curfew::model::Observation;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_bounds(const Observation& observation) {
  check(!observation.key.empty() && observation.key.size() <= 2048);
  check(observation.identifiers.size() <= curfew::model::max_identifiers);
  check(observation.occurred_at >= curfew::base::earliest_time &&
        observation.occurred_at <= curfew::base::latest_time);
  for (const auto* text : {&observation.key, &observation.handle, &observation.device, &observation.address,
                           &observation.user_agent, &observation.application, &observation.failure}) {
    check(text->size() <= 2048 && curfew::base::is_clean_utf8(*text));
  }
}

void parse(std::string_view body, curfew::api::BodyForm form) {
  const auto digest = [](std::string_view) { return curfew::model::SessionDigest{}; };
  try {
    for (const Observation& observation : curfew::api::parse_observations(body, form, digest, {})) {
      check_bounds(observation);
    }
  } catch (const curfew::api::Problem& problem) {
    check(problem.status == 400 || problem.status == 413);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse(text, curfew::api::BodyForm::Document);
  parse(text, curfew::api::BodyForm::Lines);
  try {
    (void)curfew::api::parse_query(text);
  } catch (const curfew::api::Problem& problem) {
    check(problem.status == 400);
  }
  if (const auto tile = curfew::api::parse_tile_path(text)) check(tile->width >= 1 && tile->width <= 256);
  return 0;
}
