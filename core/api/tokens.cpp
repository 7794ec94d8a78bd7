#include "core/api/tokens.hpp"

#include <algorithm>
#include <set>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::api {

bool Token::may_push_to(std::string_view source) const {
  return sources.empty() || std::find(sources.begin(), sources.end(), source) != sources.end();
}

Tokens::Tokens(std::vector<Token> tokens) {
  std::set<std::string> names;
  for (Token& token : tokens) {
    if (!names.insert(token.name).second) {
      throw Error(ErrorKind::Configuration, "tokens: two tokens are called '" + token.name + "'; rename one");
    }
    const std::string name = token.name;
    if (!by_hash_.emplace(token.hash, std::move(token)).second) {
      throw Error(ErrorKind::Configuration,
                  "tokens: '" + name + "' has the hash of another token; make a new one");
    }
  }
}

const Token* Tokens::find(std::string_view clear) const {
  const auto at = by_hash_.find(hash_of(clear));
  return at == by_hash_.end() ? nullptr : &at->second;
}

Token parse_token(std::string_view name, const std::vector<std::string>& roles, std::string_view sha256_hex,
                  std::vector<std::string> sources) {
  const std::string where = "token '" + std::string(name) + "': ";
  Token token;
  token.name = name;
  token.sources = std::move(sources);
  if (name.empty() || name.size() > 64) {
    throw Error(ErrorKind::Configuration, where + "the name must have 1 to 64 characters");
  }
  if (roles.empty()) throw Error(ErrorKind::Configuration, where + "has no role; give it at least one");
  for (const std::string& text : roles) {
    const auto role = model::parse<Role>(text);
    if (!role) {
      const std::string_view near = base::nearest(text, model::Names<Role>::all);
      throw Error(ErrorKind::Configuration,
                  where + "unknown role '" + text + "'" +
                      (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
    }
    token.roles |= role_bit(*role);
  }
  const auto bytes = base::from_hex(sha256_hex);
  if (!bytes || bytes->size() != token.hash.size()) {
    throw Error(ErrorKind::Configuration,
                where + "sha256 must be 64 hex digits, the SHA-256 of the token's text");
  }
  std::copy(bytes->begin(), bytes->end(), token.hash.begin());
  return token;
}

std::string new_token_text() {
  std::array<std::uint8_t, 32> bytes{};
  base::fill_random(bytes);
  std::string text = base::to_base64(base::as_text(bytes));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return "cfw_" + text;
}

Digest32 hash_of(std::string_view clear) { return base::sha256(clear); }

}  // namespace curfew::api
