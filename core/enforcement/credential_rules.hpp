// Finds the session's id in a request by the rules of the guarded source's connector.
//
//   Candidates found = find_credentials(rules, headers);
//   for (const Candidate& one : found.all) view.decide(source, digest(one.clear_id), …);
//
// A request may carry several: the same cookie twice, a cookie and a header. Which of them the application
// will take isn't known here, so all are candidates, and the strictest decision counts. An application may
// also read a text more leniently than its rule says (a percent sign, quotes); such readings are candidates
// that can only refuse (`likely` false).
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/credential_rules.hpp"

namespace curfew::enforcement {

inline constexpr std::size_t max_candidates = 16;
inline constexpr std::size_t max_credential_bytes = 4'096;
inline constexpr std::size_t max_token_bytes = 16'384;

struct Candidate {
  std::string clear_id;  // a secret: it goes into a digest and nowhere else
  bool likely = true;    // as the rule reads it
  bool token = false;    // a signed token, whose claims say the session
};
struct Candidates {
  std::vector<Candidate> all;
  bool too_many = false;  // more than can be judged: nobody's browser does that
};

// Values of a header, by its name in lower case; called for the headers that the rules name, and for cookie
// and authorization.
using HeaderValues = std::function<void(std::string_view name, const std::function<void(std::string_view)>&)>;

[[nodiscard]] Candidates find_credentials(const model::CredentialRules& rules, const HeaderValues& headers);

// Applied in their order. A marker that isn't there changes nothing.
[[nodiscard]] std::string transformed(std::string text, std::span<const model::Transform> transforms);
// "%41" is "A"; a '%' that begins no escape stays.
[[nodiscard]] std::string percent_decoded(std::string_view text);
// Whether a framework could take a cookie of this name for the rule's: some map ". [" and case.
[[nodiscard]] bool same_cookie(std::string_view name, std::string_view rule);

}  // namespace curfew::enforcement
