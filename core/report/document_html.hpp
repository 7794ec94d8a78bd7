// A document as one HTML file: self-contained, without script, made for screen and paper alike.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>
#include <vector>

#include "core/report/document.hpp"

namespace curfew::report {

[[nodiscard]] std::string html_of(const Document& document);
// Parts, for another page that takes them over.
[[nodiscard]] std::string html_of(const std::vector<Block>& blocks);
[[nodiscard]] std::string html_of(const Section& section);

}  // namespace curfew::report
