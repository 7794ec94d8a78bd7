#include "plugins/oauth/events/field.hpp"

#include <charconv>
#include <optional>

#include "curfew/plugin/text.hpp"

namespace curfew::oauth::events {
namespace {

using simdjson::dom::element;

constexpr int deepest_text = 2;  // JSON within JSON

// Up to the separator; what comes after it stays.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

std::string text_of(const element& value) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.is_null() || value.is_array() || value.is_object()) return {};
  return simdjson::minify(value);
}

bool says_nothing(std::string_view text) {
  return text.empty() || text == "null" || text == "-" || text == "unknown";
}

std::optional<element> member(const element& object, std::string_view key) {
  element found;
  if (object.at_key(key).get(found) != simdjson::SUCCESS) return std::nullopt;
  return found;
}

std::optional<element> in_list(const simdjson::dom::array& list, std::string_view step) {
  std::size_t place = 0;
  const auto read = std::from_chars(step.data(), step.data() + step.size(), place);
  element found;
  if (read.ec != std::errc() || read.ptr != step.data() + step.size() ||
      list.at(place).get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return found;
}

// "key=value" of one member of the list.
std::optional<element> chosen(const element& list, std::string_view condition) {
  simdjson::dom::array members;
  if (list.get_array().get(members) != simdjson::SUCCESS) return std::nullopt;
  const std::size_t equals = condition.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  for (const element one : members) {
    const auto value = member(one, condition.substr(0, equals));
    if (value && text_of(*value) == condition.substr(equals + 1)) return one;
  }
  return std::nullopt;
}

std::optional<element> step_into(const element& from, std::string_view step) {
  const std::size_t bracket = step.find('[');
  const std::string_view key = step.substr(0, bracket);
  std::optional<element> found;
  simdjson::dom::array list;
  if (from.get_array().get(list) == simdjson::SUCCESS)
    found = in_list(list, key);
  else
    found = member(from, key);
  if (found && bracket != std::string_view::npos && step.ends_with(']'))
    found = chosen(*found, step.substr(bracket + 1, step.size() - bracket - 2));
  return found;
}

// Dots within brackets belong to what is looked for.
std::string_view next_step(std::string_view& path) {
  std::size_t end = 0;
  for (int depth = 0; end < path.size(); ++end) {
    if (path[end] == '[') ++depth;
    if (path[end] == ']') --depth;
    if (path[end] == '.' && depth == 0) break;
  }
  const std::string_view step = path.substr(0, end);
  path = end < path.size() ? path.substr(end + 1) : std::string_view{};
  return step;
}

// "{key}" of a text key=value;key=value.
std::string in_pairs(std::string_view text, std::string_view step) {
  if (step.size() < 3 || !step.ends_with('}')) return {};
  const std::string_view key = step.substr(1, step.size() - 2);
  while (!text.empty()) {
    const std::string_view pair = next_part(text, ';');
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=')
      return std::string(pair.substr(key.size() + 1));
  }
  return {};
}

std::string follow(element at, std::string_view path, int depth) {
  while (!path.empty()) {
    std::string_view text;
    if (at.get_string().get(text) == simdjson::SUCCESS) {
      if (path.starts_with('{')) return in_pairs(text, path);
      if (depth >= deepest_text || text.empty() || (text.front() != '{' && text.front() != '[')) return {};
      simdjson::dom::parser parser;
      element inner;
      if (parser.parse(text.data(), text.size()).get(inner) != simdjson::SUCCESS) return {};
      return follow(inner, path, depth + 1);
    }
    const auto found = step_into(at, next_step(path));
    if (!found) return {};
    at = *found;
  }
  return text_of(at);
}

// Also as null.
bool exists(element at, std::string_view path, int depth) {
  while (!path.empty()) {
    std::string_view text;
    if (at.get_string().get(text) == simdjson::SUCCESS) {
      simdjson::dom::parser parser;
      element inner;
      return depth < deepest_text && !text.empty() && (text.front() == '{' || text.front() == '[') &&
             parser.parse(text.data(), text.size()).get(inner) == simdjson::SUCCESS &&
             exists(inner, path, depth + 1);
    }
    const auto found = step_into(at, next_step(path));
    if (!found) return false;
    at = *found;
  }
  return true;
}

bool is_there(const element& record, std::string_view mark) {
  const std::size_t bracket = mark.rfind(']');
  const std::size_t equals = mark.find('=', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view path = mark.substr(0, equals);
  if (equals == std::string_view::npos) return exists(record, path, 0);
  const bool is_other = path.ends_with('!');
  if (is_other) path.remove_suffix(1);
  const std::string found = follow(record, path, 0);
  const std::string_view wanted = mark.substr(equals + 1);
  if (is_other) return !says_nothing(found) && found != wanted;
  if (wanted == "?") return !says_nothing(found);
  if (wanted.ends_with('*')) return found.starts_with(wanted.substr(0, wanted.size() - 1));
  return found == wanted;
}

}  // namespace

std::string field_of(const element& record, std::string_view paths) {
  while (!paths.empty()) {
    std::string text = follow(record, next_part(paths, '|'), 0);
    if (!says_nothing(text)) return text;
  }
  return {};
}

bool has_marks(const element& record, std::string_view marks) {
  while (!marks.empty()) {
    std::string_view shape = next_part(marks, '|');
    bool all = !shape.empty();
    while (all && !shape.empty()) all = is_there(record, next_part(shape, '&'));
    if (all) return true;
  }
  return false;
}

}  // namespace curfew::oauth::events
