// What the error codes of Entra's sign-in service (AADSTS…) say about a sign-in.
//
//   const CodeMeaning code = meaning_of(50126);      // Failure, "bad_password"
//
// As published under "Microsoft Entra authentication and authorization error codes". Codes are many and new
// ones come: one that is not known here is a failure of the class `other`.
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace curfew::oauth::entra {

enum class CodeKind {
  Success,
  Interrupt,  // a page in between: asked to stay signed in, to choose an account, for a second factor
  GrantOver,  // a token or cookie that is over was presented: what follows each sign-out
  Failure,
};

struct CodeMeaning {
  CodeKind kind = CodeKind::Failure;
  std::string_view what = "other";  // the class of a failure
};

[[nodiscard]] CodeMeaning meaning_of(std::int64_t code);
// As sign_in_failed has it: "bad_password:50126".
[[nodiscard]] std::string failure_text(std::int64_t code);

}  // namespace curfew::oauth::entra
