// The body of an order: whom it is about, the ladder, the reason.
//
//   const model::CommandInput command = read_sign_out(services, request, true);
//
// Only names that somebody asks for by name are looked up, and that is recorded. Threads: pure but for the
// services. Fails: Problem(400) naming the field, Problem(404) when nobody has the name.
#pragma once

#include "core/api/http.hpp"
#include "core/api/services.hpp"

namespace curfew::api {

inline constexpr std::size_t max_reason = 512;

// `to_order`: a reason is required.
[[nodiscard]] model::CommandInput read_sign_out(const Services& services, const Request& request,
                                                bool to_order);

}  // namespace curfew::api
