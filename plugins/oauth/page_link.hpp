// Links to next pages: where an answer says them, and where they may lead.
//
//   const std::string link = next_link(reply.headers);            // of the Link header (RFC 8288)
//   const std::string path = path_below(url, link, where + ": its link to the next page");
//
// Threads: pure functions. Owns: nothing. Fails: path_below throws plugin::Failure(Failed), without the link.
#pragma once

#include <string>
#include <string_view>

#include "plugins/web/http_client.hpp"

namespace curfew::oauth {

// Of the relation `next`; empty: there is none.
[[nodiscard]] std::string next_link(const web::HttpHeaders& headers);

// Its path below `url`, as it goes into a request. Where it leads elsewhere it is refused: the access token
// would go there. `what`: for errors.
[[nodiscard]] std::string path_below(std::string_view url, std::string_view link, const std::string& what);

}  // namespace curfew::oauth
