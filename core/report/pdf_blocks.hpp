// What is drawn as a whole on sheets: tables, charts, shares.
//
// Threads: one. Fails: as PdfFile does.
#pragma once

#include "core/report/pdf_sheets.hpp"

namespace curfew::report {

// Rows go on over sheets, below the repeated head.
void draw_table(PdfSheets& sheets, const Table& table);
void draw_time_chart(PdfSheets& sheets, const TimeChart& chart);
void draw_bar_chart(PdfSheets& sheets, const BarChart& chart);

}  // namespace curfew::report
