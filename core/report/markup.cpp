#include "core/report/markup.hpp"

#include "core/base/text.hpp"

namespace curfew::report {

std::string escaped(std::string_view text) {
  const std::string clean = base::to_clean_utf8(text);
  std::string out;
  out.reserve(clean.size() + 16);
  for (const char c : clean) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
        out += '\n';
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string foreign(std::string_view text) { return "<bdi>" + escaped(text) + "</bdi>"; }

std::string table_head(const std::vector<std::string_view>& columns) {
  std::string out = "<thead><tr>";
  for (const std::string_view column : columns) {
    const bool number = column.starts_with('#');
    out += number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">";
    out += escaped(number ? column.substr(1) : column) + "</th>";
  }
  return out + "</tr></thead>";
}

}  // namespace curfew::report
