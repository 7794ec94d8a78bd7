#include "core/model/symbol.hpp"

#include <limits>
#include <mutex>

#include "core/base/error.hpp"

namespace curfew::model {

Symbols::Symbols() {
  texts_.emplace_back();
  numbers_.emplace(texts_.back(), Symbol{});
}

Symbol Symbols::intern(std::string_view text) {
  if (const Symbol known = find(text); known || text.empty()) return known;
  const std::unique_lock lock(mutex_);
  if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
  if (texts_.size() > std::numeric_limits<std::uint16_t>::max()) {
    throw Error(ErrorKind::Input,
                "more than 65535 different source, application or namespace names; the last was '" +
                    std::string(text.substr(0, 80)) + "'");
  }
  const Symbol symbol{static_cast<std::uint16_t>(texts_.size())};
  texts_.emplace_back(text);
  numbers_.emplace(texts_.back(), symbol);
  return symbol;
}

Symbol Symbols::find(std::string_view text) const {
  const std::shared_lock lock(mutex_);
  const auto found = numbers_.find(text);
  return found == numbers_.end() ? Symbol{} : found->second;
}

std::string_view Symbols::text(Symbol symbol) const {
  const std::shared_lock lock(mutex_);
  return texts_.at(symbol.number);
}

}  // namespace curfew::model
