// Rules, an empty line, and the values of the headers that they may look at, one a line.
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/enforcement/credential_rules.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace curfew;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = text.find("\n\n");
  std::string why;
  const auto rules = model::parse_credential_rules(text.substr(0, split), why);
  require(rules.has_value() == why.empty());
  if (!rules || split == std::string_view::npos) return 0;
  require(!rules->credentials.empty() && rules->credentials.size() <= model::max_credential_rules);
  for (const std::string& cookie : rules->clear_cookies) require(model::is_token(cookie));
  text.remove_prefix(split + 2);
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < 64) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto found = enforcement::find_credentials(*rules, [&](std::string_view, const auto& take) {
    for (const std::string_view line : lines) take(line);
  });
  require(found.all.size() <= enforcement::max_candidates);
  for (const auto& one : found.all)
    require(!one.clear_id.empty() && one.clear_id.size() <= (one.token ? enforcement::max_token_bytes
                                                                       : enforcement::max_credential_bytes));
  if (rules->tokens) {
    require(!rules->tokens->issuer.empty() && !rules->tokens->audiences.empty() &&
            !rules->tokens->algorithms.empty() && rules->tokens->longest_life <= model::most_token_life);
  }
  return 0;
}
