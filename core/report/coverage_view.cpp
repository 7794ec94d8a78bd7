#include "core/report/coverage_view.hpp"

#include <nlohmann/json.hpp>

#include "core/report/markup.hpp"
#include "core/report/rows_json.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_items = 40;

std::string scalar(const Json& value) {
  if (value.is_string()) return foreign(value.get<std::string>());
  if (value.is_number_unsigned()) return wording::count(value.get<std::uint64_t>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "not known";
  return escaped(value.dump());
}

std::string cut_note(std::size_t all) {
  if (all <= max_items) return {};
  return "<p class=\"note\">" + wording::count(all - max_items) + " more are in the JSON report.</p>";
}

std::string inline_value(const Json& value) {
  if (!value.is_structured()) return scalar(value);
  std::string out;
  std::size_t shown = 0;
  if (value.is_array()) {
    for (const auto& item : value) {
      if (shown++ == max_items) return out + " …";
      out += (out.empty() ? "" : ", ") + inline_value(item);
    }
    return out.empty() ? "none" : out;
  }
  for (const auto& [key, item] : value.items()) {
    if (shown++ == max_items) return out + " …";
    out += (out.empty() ? "" : ", ") + escaped(wording::words(key)) + " " + inline_value(item);
  }
  return out.empty() ? "none" : out;
}

bool is_flat_object(const Json& value) {
  if (!value.is_object()) return false;
  for (const auto& item : value) {
    if (item.is_structured()) return false;
  }
  return true;
}

// A list of flat objects with the same fields is a table.
bool is_table(const Json& value) {
  if (!value.is_array() || value.empty()) return false;
  for (const auto& item : value) {
    if (!is_flat_object(item) || item.empty() || item.size() > 6) return false;
  }
  return true;
}

std::string table(const std::string& name, const Json& rows) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : rows.front().items()) keys.push_back(key);
  std::vector<std::string> titles;
  for (const std::string& key : keys) titles.push_back(wording::words(key));
  std::string out = "<div class=\"wide\"><table><caption>" + escaped(wording::words(name)) + "</caption>" +
                    table_head({titles.begin(), titles.end()}) + "<tbody>";
  std::size_t shown = 0;
  for (const auto& row : rows) {
    if (shown++ == max_items) break;
    out += "<tr>";
    for (const std::string& key : keys)
      out += "<td>" + (row.contains(key) ? scalar(row[key]) : std::string{}) + "</td>";
    out += "</tr>";
  }
  return out + "</tbody></table></div>" + cut_note(rows.size());
}

std::string counts(const std::string& name, const Json& object) {
  std::string out = "<details><summary>" + escaped(wording::words(name)) + " (" +
                    wording::count(object.size()) + ")</summary><table>" + table_head({"what", "#count"}) +
                    "<tbody>";
  std::size_t shown = 0;
  for (const auto& [key, value] : object.items()) {
    if (shown++ == max_items) break;
    out += "<tr><th scope=\"row\">" + escaped(key) + "</th><td class=\"n\">" + scalar(value) + "</td></tr>";
  }
  return out + "</tbody></table>" + cut_note(object.size()) + "</details>";
}

}  // namespace

std::string coverage_html(std::string_view json) {
  const Json coverage = Json::parse(checked_json(json));
  if (!coverage.is_object() || coverage.empty()) return {};
  std::string list;
  std::string rest;
  for (const auto& [key, value] : coverage.items()) {
    if (value.is_structured() && value.empty()) continue;
    if (is_table(value)) {
      rest += table(key, value);
    } else if (is_flat_object(value) && value.size() > 6) {
      rest += counts(key, value);
    } else {
      list += "<dt>" + escaped(wording::words(key)) + "</dt><dd>" + inline_value(value) + "</dd>";
    }
  }
  return (list.empty() ? std::string{} : "<dl>" + list + "</dl>") + rest;
}

}  // namespace curfew::report
