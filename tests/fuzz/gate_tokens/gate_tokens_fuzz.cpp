// The first byte says what the others are: a token, which nobody signed, or the claims of one that the issuer
// signed. What passes must be for us and now, however it is written.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/enforcement/token_check.hpp"
#include "tests/support/signing_key.hpp"

namespace {

using namespace curfew;
using enforcement::TokenFault;

void require(bool holds) {
  if (!holds) std::abort();
}

const support::SigningKey& signer() {
  static const support::SigningKey key = support::SigningKey::curve("k");
  return key;
}
const jose::KeySet& keys() {
  static const jose::KeySet set =
      jose::KeySet::parse(nlohmann::json{{"keys", {signer().published()}}}.dump());
  return set;
}
// Empty, where the library signs nothing.
std::string signed_text(const std::string& claims) {
  try {
    return signer().sign({{"alg", "ES256"}, {"kid", "k"}}, nlohmann::json(claims));
  } catch (const std::runtime_error&) {
    return {};
  }
}
const model::TokenRules& rules() {
  static const model::TokenRules all{.issuer = "i",
                                     .audiences = {"a", "b"},
                                     .algorithms = {"ES256"},
                                     .subject_namespace = "n",
                                     .subject_prefix = "p#"};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Time now = base::from_micros(1'795'000'000'000'000);
  try {
    if (data[0] % 2U == 0) {
      const jose::SignedToken token(bytes, rules().algorithms);
      (void)enforcement::read_token(rules(), token, now);
      require(!keys().signed_it(token));
      return 0;
    }
    const jose::SignedToken token(signed_text(bytes), rules().algorithms);
    require(keys().signed_it(token));
    const enforcement::TokenSays says = enforcement::read_token(rules(), token, now);
    if (says.fault != TokenFault::None) {
      require(says.sessions.empty() && says.subject.empty() && says.id.empty());
      return 0;
    }
    const nlohmann::json& claims = token.claims();
    require(claims.at("iss") == "i" && claims.contains("aud"));
    require(says.expires_at > now && says.issued_at <= now + rules().clock_skew);
    require(says.expires_at - says.issued_at <= rules().longest_life + rules().clock_skew);
    require(says.subject.empty() || says.subject.starts_with("p#"));
    for (const std::string& session : says.sessions)
      require(!session.empty() && session.size() <= enforcement::longest_token_id);
  } catch (const jose::BadToken&) {
    return 0;
  }
  return 0;
}
