// Records of the directory's audit log, and what each means: accounts that others disable or enable,
// passwords that change, tokens that are revoked.
//
//   const SignInPage page = read_directory_audits(body, "our client id");
//
// What our own application did is left out: its outcome is told where it was ordered.
//
// Threads: pure functions. Owns: nothing. Fails: as read_sign_ins.
#pragma once

#include <string>
#include <string_view>

#include "plugins/oauth/providers/entra/sign_ins.hpp"

namespace curfew::oauth::entra {

[[nodiscard]] SignInPage read_directory_audits(std::string_view body, const std::string& own_client);

}  // namespace curfew::oauth::entra
