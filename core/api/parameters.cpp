#include "core/api/parameters.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace curfew::api {
namespace {

[[noreturn]] void bad(std::string_view name, const std::string& text, std::string_view wanted) {
  throw Problem(400, "bad parameter", std::string(name) + ": '" + text + "' is not " + std::string(wanted));
}

}  // namespace

void refuse_unknown_parameters(const Request& request, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.parameters) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string_view near = base::nearest(name, {known.begin(), known.size()});
    throw Problem(400, "unknown parameter",
                  "'" + name + "' is not a parameter here" +
                      (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Larger ones are no bigint in the store.
  if (code != std::errc{} || end != text.data() + text.size() || number > INT64_MAX) return std::nullopt;
  return number;
}

std::uint64_t number_in_path(const Request& request, std::string_view name) {
  const auto number = parse_number(request.capture(name));
  if (!number) {
    throw Problem(404, "no such thing", "'" + std::string(request.capture(name)) + "' is not a number");
  }
  return *number;
}

std::uint64_t number_parameter(const Request& request, std::string_view name, std::uint64_t absent,
                               std::uint64_t most) {
  const std::string* text = request.parameter(name);
  if (text == nullptr) return absent;
  const auto number = parse_number(*text);
  if (!number || *number > most) bad(name, *text, "a number from 0 to " + std::to_string(most));
  return *number;
}

bool flag_parameter(const Request& request, std::string_view name, bool absent) {
  const std::string* text = request.parameter(name);
  if (text == nullptr) return absent;
  if (*text == "true") return true;
  if (*text == "false") return false;
  bad(name, *text, "true or false");
}

Time time_parameter(const Request& request, std::string_view name) {
  const std::string* text = request.parameter(name);
  if (text == nullptr) return {};
  const auto time = base::parse_rfc3339(*text);
  if (!time || *time < base::earliest_time || *time > base::latest_time) {
    bad(name, *text, "a time like 2026-11-21T20:58:00Z (with its zone, from 1990 to 2200)");
  }
  return *time;
}

model::Ref ref_parameter(const Request& request, std::string_view name) {
  const std::string* text = request.parameter(name);
  if (text == nullptr) return {};
  const auto ref = model::parse_ref(*text);
  if (!ref || !*ref) bad(name, *text, "a reference of 16 hex digits");
  return *ref;
}

std::string text_parameter(const Request& request, std::string_view name) {
  const std::string* text = request.parameter(name);
  return text == nullptr ? std::string{} : *text;
}

std::size_t page_limit(const Request& request) {
  const std::uint64_t limit = number_parameter(request, "limit", default_page, max_page);
  if (limit == 0) bad("limit", "0", "a number from 1 to " + std::to_string(max_page));
  return static_cast<std::size_t>(limit);
}

}  // namespace curfew::api
