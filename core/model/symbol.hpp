// Small numbers for the few words that repeat in every fact: sources, applications, namespaces, failure
// codes.
//
//   Symbols symbols; Symbol crm = symbols.intern("crm-forms"); symbols.text(crm) == "crm-forms"
//
// A Symbol's number depends on the order of interning, so it never leaves the process: leaves carry the text,
// and no decision may depend on the order of numbers. There is one table for a process, shared by admission,
// engine and rendering. Threads: intern and text may be called from any thread. Owns: the texts, for its
// whole life. Fails: Error(Input) past 65,535 symbols: the words are meant to be few, a source that floods
// them is broken.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace curfew::model {

struct Symbol {
  std::uint16_t number = 0;  // 0: none, text ""

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return number != 0; }
  friend constexpr auto operator<=>(const Symbol&, const Symbol&) = default;
};

class Symbols {
 public:
  Symbols();
  Symbol intern(std::string_view text);
  // The symbol if it is known, else none.
  [[nodiscard]] Symbol find(std::string_view text) const;
  [[nodiscard]] std::string_view text(Symbol symbol) const;

 private:
  mutable std::shared_mutex mutex_;
  std::deque<std::string> texts_;
  std::map<std::string_view, Symbol> numbers_;
};

}  // namespace curfew::model
