#include "core/report/document_html.hpp"

#include "core/report/compliance_report.hpp"
#include "core/report/compliance_style.hpp"
#include "core/report/html_style.hpp"
#include "core/report/markup.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr std::size_t fits_a_page = 6;  // exceptions of a control that is not torn

std::string styled(const Span& span) {
  switch (span.style) {
    case Style::Strong:
      return "<b>" + escaped(span.text) + "</b>";
    case Style::Emphasis:
      return "<i>" + escaped(span.text) + "</i>";
    case Style::Code:
      return "<code>" + escaped(span.text) + "</code>";
    case Style::Foreign:
      return foreign(span.text);
    case Style::Plain:
      break;
  }
  return escaped(span.text);
}

std::string html(const Text& text) {
  std::string out;
  for (const Span& span : text)
    out += span.target.empty() ? styled(span)
                               : "<a href=\"#" + escaped(span.target) + "\">" + styled(span) + "</a>";
  return out;
}

std::string html(const Paragraph& paragraph) {
  const char* opening = paragraph.tone == Paragraph::Tone::Note   ? "<p class=\"note\">"
                        : paragraph.tone == Paragraph::Tone::None ? "<p class=\"none\">"
                                                                  : "<p>";
  return opening + html(paragraph.text) + "</p>";
}

std::string html(const Terms& terms) {
  std::string out = "<dl>";
  for (const Terms::Term& term : terms.terms) {
    out += "<dt>" + escaped(term.name) + "</dt><dd>";
    for (std::size_t i = 0; i < term.lines.size(); ++i) out += (i == 0 ? "" : "<br>") + html(term.lines[i]);
    out += "</dd>";
  }
  return out + "</dl>";
}

std::string html(const Shares& shares) {
  std::string out = "<span class=\"share\" aria-hidden=\"true\">";
  for (const Shares::Part& part : shares.parts)
    out += "<i class=\"" + escaped(part.kind) + "\" style=\"width:" + std::to_string(part.permille / 10) +
           "." + std::to_string(part.permille % 10) + "%\"></i>";
  return out + "</span>";
}

std::string html(const Table& table) {
  std::string out =
      table.is_tight ? "<div class=\"wide\"><table class=\"tight\">" : "<div class=\"wide\"><table>";
  if (!table.caption.empty()) out += "<caption>" + escaped(table.caption) + "</caption>";
  out += "<thead><tr>";
  for (const Table::Column& column : table.columns)
    out += (column.is_number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">") +
           escaped(column.title) + "</th>";
  out += "</tr></thead><tbody>";
  for (const std::vector<Table::Cell>& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Table::Cell& cell = row[i];
      const Table::Column& column = table.columns[i];
      const bool is_header = i == 0 && table.first_is_header;
      out += is_header          ? "<th scope=\"row\">"
             : column.is_number ? "<td class=\"n\">"
             : column.is_time   ? "<td class=\"t\">"
                                : "<td>";
      out += cell.is_shares ? html(cell.shares) : html(cell.text);
      out += is_header ? "</th>" : "</td>";
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string html(const Tiles& tiles) {
  std::string out = "<ul class=\"facts\">";
  for (const auto& [result, number] : tiles.tiles) {
    const char* kind = result == Result::Satisfied                    ? " good"
                       : result == Result::NotSatisfied && number > 0 ? " bad"
                                                                      : "";
    out += "<li class=\"r-" + std::string(model::name_of(result)) + kind + "\"><b>" +
           std::string(mark_of(result)) + " " + wording::count(number) + "</b><span>" +
           std::string(words_of(result)) + "</span></li>";
  }
  return out + "</ul>";
}

std::string html(const Heading& heading) { return "<h3>" + html(heading.text) + "</h3>"; }

std::string html(const List& list) {
  std::string out = "<ul>";
  for (const Text& item : list.items) out += "<li>" + html(item) + "</li>";
  return out + "</ul>";
}

std::string html(const Literal& literal) { return "<pre>" + escaped(literal.text) + "</pre>"; }
std::string html(const TimeChart& chart) { return time_chart(chart.levels, chart.measure, chart.step); }
std::string html(const BarChart& chart) { return bar_chart(chart.bars, chart.what); }

std::string html(const ControlBlock& control) {
  const std::string kind(model::name_of(control.result));
  const bool is_long = control.exceptions.rows.size() > fits_a_page;
  std::string out = "<article class=\"" + kind + (is_long ? " long" : "") + "\" id=\"" +
                    escaped(control.anchor) + "\"><h4><span class=\"id\">" + escaped(control.id) +
                    "</span> " + escaped(control.title) + "<span class=\"r " + kind + "\">" +
                    std::string(mark_of(control.result)) + " " + std::string(words_of(control.result)) +
                    "</span></h4><p>" + escaped(control.requirement) + "</p><div class=\"why\">";
  for (const std::string& sentence : control.because) out += "<p>" + escaped(sentence) + "</p>";
  out += "</div>" + html(control.terms);
  if (!control.exceptions.rows.empty()) out += html(control.exceptions);
  for (const Paragraph& note : control.notes) out += html(note);
  return out + "</article>";
}

std::string contents(const Document& document) {
  std::string out = "<nav>";
  for (const Section& section : document.sections) {
    if (!section.short_title.empty())
      out += "<a href=\"#" + escaped(section.id) + "\">" + escaped(section.short_title) + "</a>";
  }
  return out + "</nav>";
}

}  // namespace

std::string html_of(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) out += std::visit([](const auto& one) { return html(one); }, block);
  return out;
}

std::string html_of(const Section& section) {
  return std::string(section.is_framework ? "<section class=\"framework\" id=\"" : "<section id=\"") +
         escaped(section.id) + "\"><h2>" + escaped(section.title) + "</h2>" + html_of(section.blocks) +
         "</section>\n";
}

std::string html_of(const Document& document) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\"><title>" +
      escaped(document.subject) + "</title><style>" + std::string(html_style) +
      std::string(compliance_style) +
      "</style></head><body><main>\n<div class=\"executive\"><header><p class=\"eyebrow\">" +
      escaped(document.kind) + "</p><h1>" + escaped(document.title) + "</h1><p class=\"sub\">" +
      html(document.subtitle) + "</p></header>" + html_of(document.summary) + contents(document) + "</div>\n";
  for (const Section& section : document.sections) out += html_of(section);
  return out + "</main></body></html>\n";
}

}  // namespace curfew::report
