// What handlers read from paths and queries, checked.
//
//   const std::uint64_t number = number_in_path(request, "number");
//   refuse_unknown_parameters(request, {"after", "limit"});
//
// Threads: pure functions. Fails: Problem(400) or Problem(404), naming the parameter.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/api/http.hpp"
#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::api {

inline constexpr std::size_t max_page = 1000;
inline constexpr std::size_t default_page = 100;

// A misspelt filter would silently show everything.
void refuse_unknown_parameters(const Request& request, std::initializer_list<std::string_view> known);

[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
[[nodiscard]] std::uint64_t number_in_path(const Request& request, std::string_view name);
[[nodiscard]] std::uint64_t number_parameter(const Request& request, std::string_view name,
                                             std::uint64_t absent, std::uint64_t most);
[[nodiscard]] bool flag_parameter(const Request& request, std::string_view name, bool absent);
[[nodiscard]] Time time_parameter(const Request& request, std::string_view name);
[[nodiscard]] model::Ref ref_parameter(const Request& request, std::string_view name);
[[nodiscard]] std::string text_parameter(const Request& request, std::string_view name);
[[nodiscard]] std::size_t page_limit(const Request& request);

template <typename E>
[[nodiscard]] std::optional<E> name_parameter(const Request& request, std::string_view name) {
  const std::string* text = request.parameter(name);
  if (text == nullptr) return std::nullopt;
  const auto value = model::parse<E>(*text);
  if (value) return value;
  std::string known;
  for (const std::string_view word : model::Names<E>::all)
    known += (known.empty() ? "" : ", ") + std::string(word);
  throw Problem(400, "bad parameter", std::string(name) + ": '" + *text + "' is not one of: " + known);
}

}  // namespace curfew::api
