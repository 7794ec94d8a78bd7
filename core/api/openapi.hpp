// The OpenAPI 3.1 description of the API, as served at /api/v1/openapi.json. It is written in openapi.yaml,
// of which the build makes this function (cmake/curfew_openapi.cmake); tests/integration/api holds it against
// the running server, both ways.
//
// Threads: a constant.
#pragma once

#include <string_view>

namespace curfew::api {

[[nodiscard]] std::string_view openapi_document();

}  // namespace curfew::api
