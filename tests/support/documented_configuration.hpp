// What stands in the documentation can be used as it is.
//
//   EXPECT_THAT(support::documented_configuration("okta.md", "/etc/curfew/okta.token"), HasSubstr("provider:
//   okta"));
//
// Threads: one. Fails: as the daemon's own check of a configuration.
#pragma once

#include <string>

namespace curfew::support {

// The first configuration of docs/connectors/<page>, found good with its sources, as the daemon does at a
// start; a file stands in for `secret`, the path that it names.
[[nodiscard]] std::string documented_configuration(const std::string& page, const std::string& secret);

}  // namespace curfew::support
