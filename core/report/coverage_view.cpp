#include "core/report/coverage_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/report/markup.hpp"
#include "core/report/rows_json.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_items = 40;

constexpr std::size_t max_columns = 9;
constexpr int max_nesting = 3;

std::string scalar(const Json& value) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    const auto at = base::parse_rfc3339(text);
    return at ? wording::time(*at) : foreign(text);
  }
  if (value.is_number_unsigned()) return wording::count(value.get<std::uint64_t>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "not known";
  return escaped(value.dump());
}

std::string cut_note(std::size_t all) {
  if (all <= max_items) return {};
  return "<p class=\"note\">" + wording::count(all - max_items) + " more are in the JSON report.</p>";
}

// "a 1, b 2" of the members that are no lists or objects.
std::string plain_members(const Json& value) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& [key, item] : value.items()) {
    if (item.is_structured()) continue;
    if (shown++ == max_items) return out + " …";
    if (!out.empty()) out += ", ";
    if (value.is_object() && key != "count") out += escaped(wording::words(key)) + " ";
    out += scalar(item);
  }
  return out;
}

bool is_flat(const Json& value) {
  return std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
}

bool is_list_of_objects(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_object(); });
}

// What a row shows of one column: a number of its own, or the count that an object holds.
const Json* column_value(const Json& row, const std::string& key) {
  const auto at = row.find(key);
  if (at == row.end()) return nullptr;
  if (!at->is_structured()) return &*at;
  const auto count = at->find("count");
  return at->is_object() && count != at->end() && !count->is_structured() ? &*count : nullptr;
}

// Columns that say something in at least one row: not zero, not empty.
std::vector<std::string> columns_of(const Json& rows) {
  std::vector<std::string> keys;
  for (const auto& column : rows.front().items()) {
    const std::string& key = column.key();
    if (keys.size() == max_columns) break;
    const bool told = std::any_of(rows.begin(), rows.end(), [&](const Json& row) {
      const Json* value = column_value(row, key);
      return value != nullptr && !value->is_null() && *value != 0 &&
             !(value->is_string() && value->get_ref<const std::string&>().empty());
    });
    if (told) keys.push_back(key);
  }
  return keys;
}

std::string table(const std::string& name, const Json& rows) {
  const std::vector<std::string> keys = columns_of(rows);
  if (keys.empty()) return {};
  const auto is_number = [&](const std::string& key) {
    const Json* value = column_value(rows.front(), key);
    return value != nullptr && value->is_number();
  };
  std::vector<std::string> titles;
  for (const std::string& key : keys) titles.push_back((is_number(key) ? "#" : "") + wording::words(key));
  std::string out = "<details" + std::string(rows.size() <= 8 ? " open" : "") + "><summary>" +
                    escaped(wording::words(name)) + " (" + wording::count(rows.size()) +
                    ")</summary><div class=\"wide\"><table>" + table_head({titles.begin(), titles.end()}) +
                    "<tbody>";
  std::size_t shown = 0;
  for (const auto& row : rows) {
    if (shown++ == max_items) break;
    out += "<tr>";
    for (const std::string& key : keys) {
      const Json* value = column_value(row, key);
      out += (is_number(key) ? "<td class=\"n\">" : "<td>") +
             (value == nullptr ? std::string{} : scalar(*value)) + "</td>";
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>" + cut_note(rows.size()) + "</details>";
}

std::string counts(const std::string& name, const Json& object) {
  std::string out = "<details><summary>" + escaped(wording::words(name)) + " (" +
                    wording::count(object.size()) + ")</summary><table>" + table_head({"what", "#count"}) +
                    "<tbody>";
  std::size_t shown = 0;
  for (const auto& [key, value] : object.items()) {
    if (shown++ == max_items) break;
    out += "<tr><th scope=\"row\">" + foreign(key) + "</th><td class=\"n\">" + scalar(value) + "</td></tr>";
  }
  return out + "</tbody></table>" + cut_note(object.size()) + "</details>";
}

struct View {
  std::string list;  // terms and their values
  std::string rest;  // tables
};

void show(View& view, const std::string& name, const Json& value, int depth) {
  if (value.is_structured() && value.empty()) return;
  if (is_list_of_objects(value)) {
    view.rest += table(name, value);
    return;
  }
  if (value.is_object() && is_flat(value) && value.size() > 6) {
    view.rest += counts(name, value);
    return;
  }
  const std::string text = value.is_structured() ? plain_members(value) : scalar(value);
  if (!text.empty()) view.list += "<dt>" + escaped(wording::words(name)) + "</dt><dd>" + text + "</dd>";
  if (!value.is_object() || depth == max_nesting) return;
  for (const auto& [key, item] : value.items()) {
    if (item.is_structured()) show(view, name + " " + key, item, depth + 1);
  }
}

}  // namespace

std::string coverage_html(std::string_view json) {
  const Json coverage = Json::parse(checked_json(json));
  if (!coverage.is_object() || coverage.empty()) return {};
  View view;
  for (const auto& [key, value] : coverage.items()) show(view, key, value, 0);
  return (view.list.empty() ? std::string{} : "<dl>" + view.list + "</dl>") + view.rest;
}

}  // namespace curfew::report
